"""How many times as fast are two workers as one, with what is named in notebook 14 as a condition?

Runs the same search of twelve fits on one and on two workers in turn: joblib's processes when they have to start first,
and joblib's and Dask's when they are there already, where TensorFlow computes a product with two threads and with one.
Prints the seconds, the ratio of each pair and their median. Run it with `make bench`; nothing else should run then.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

import joblib
from joblib.externals.loky import get_reusable_executor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lecture_utils import cluster, datasets, reproducible

ROUNDS = 5
ROWS = 6_000


def build_model(learning_rate: float = 0.01):
    import keras

    model = keras.Sequential([keras.Input(shape=(8,))])
    for _ in range(2):
        model.add(keras.layers.Dense(30, activation="relu"))
    model.add(keras.layers.Dense(1))
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate))
    return model


def main() -> None:
    reproducible.start(seed=42, tensorflow=True)
    from sklearn.model_selection import GridSearchCV, KFold
    from sklearn.preprocessing import StandardScaler

    from lecture_utils.search import KerasRegressor

    housing = datasets.load_california_housing()
    X = StandardScaler().fit_transform(housing.data[:ROWS]).clip(-3, 3).astype("float32")
    y = housing.target[:ROWS].astype("float32")
    folds = cluster.Folds(KFold(3, shuffle=True, random_state=42).split(X))
    regressor = KerasRegressor(build_model, epochs=10, random_state=42)

    def seconds(n_jobs: int | None = None) -> float:
        grid = {"learning_rate": [0.003, 0.01, 0.03, 0.1]}
        search = GridSearchCV(regressor, grid, cv=folds, refit=False, n_jobs=n_jobs)
        began = time.perf_counter()
        search.fit(X, y)
        return time.perf_counter() - began

    def on_dask(local: cluster.ProcessCluster, *workers: str) -> float:
        with local.client.as_current(), joblib.parallel_config(
            "dask", scatter=[X, y, *folds.arrays], workers=list(workers)
        ):  # fmt: skip
            return seconds()

    def report(name: str, pairs: list[tuple[float, float]]) -> None:
        ratios = [one / two for one, two in pairs]
        for (one, two), ratio in zip(pairs, ratios, strict=True):
            print(f"{name}: one worker {one:5.1f} s   two workers {two:5.1f} s   ratio {ratio:.2f}")
        print(f"{name}: median ratio {statistics.median(ratios):.2f}", flush=True)

    seconds(1)  # TensorFlow's very first fits are slower
    pairs = []
    for _ in range(2):
        get_reusable_executor(reuse=True).shutdown()
        pairs.append((seconds(1), seconds(2)))
    report("joblib, start-up included", pairs)
    for name, n_threads in (("two threads for a product", "2"), ("one thread for a product", "1")):
        os.environ["TF_NUM_INTRAOP_THREADS"] = n_threads
        get_reusable_executor(reuse=True).shutdown()  # the next ones see the new settings
        seconds(2)
        report(f"joblib, start-up paid, {name}", [(seconds(1), seconds(2)) for _ in range(ROUNDS)])
        get_reusable_executor(reuse=True).shutdown()
        with cluster.ProcessCluster(n_workers=2) as local:
            on_dask(local, "worker-0", "worker-1")
            pairs = [(on_dask(local, "worker-0"), on_dask(local, "worker-0", "worker-1")) for _ in range(ROUNDS)]
        report(f"Dask, start-up paid, {name}", pairs)


if __name__ == "__main__":
    main()
