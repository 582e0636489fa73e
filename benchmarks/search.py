"""How much of the naive way's time does a search with `lecture_utils.search` take?

The same candidates, epochs and folds three ways: the naive way (build, `fit` and `predict` as on the lecture's slides),
Keras' own wrapper in scikit-learn's GridSearchCV, and `search.KerasRegressor` there. The scores are compared: the
naive way's and ours must be the same. What differs is overhead: building, tracing, waiting between batches, predicting.
Run it with `make bench`; nothing else should run on the machine.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lecture_utils import datasets, reproducible

reproducible.start(tensorflow=True)

import keras
import numpy as np
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.preprocessing import StandardScaler

from lecture_utils.search import KerasRegressor

GRID = {"n_hidden": [1, 2], "learning_rate": [1e-3, 1e-2]}
FOLDS = KFold(3)
ROUNDS = 3
SEED = 42


def build_model(n_hidden=1, n_neurons=30, learning_rate=3e-3):
    model = keras.Sequential([keras.Input(shape=(8,))])
    for _ in range(n_hidden):
        model.add(keras.layers.Dense(n_neurons, activation="relu"))
    model.add(keras.layers.Dense(1))
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=learning_rate))
    return model


def candidates() -> list[dict]:
    return [{"learning_rate": rate, "n_hidden": n} for rate in GRID["learning_rate"] for n in GRID["n_hidden"]]


def naive(X, y, epochs: int) -> list[float]:
    scores = []
    for params in candidates():
        folds = []
        for train, test in FOLDS.split(X):
            keras.utils.set_random_seed(SEED)
            model = build_model(**params)
            model.fit(X[train], y[train], epochs=epochs, verbose=0)
            folds.append(-mean_squared_error(y[test], model.predict(X[test], verbose=0)[:, 0]))
        scores.append(np.mean(folds))
    return scores


def wrapper(X, y, epochs: int) -> list[float]:
    def build(X, y, **params):
        keras.utils.set_random_seed(SEED)
        return build_model(**params)

    grid = {"model_kwargs": candidates()}
    found = search(keras.wrappers.SKLearnRegressor(build), grid).fit(X, y, epochs=epochs, verbose=0)
    return list(found.cv_results_["mean_test_score"])


def ours(X, y, epochs: int) -> list[float]:
    regressor = KerasRegressor(build_model, epochs=epochs, random_state=SEED)
    return list(search(regressor, GRID).fit(X, y).cv_results_["mean_test_score"])


def search(regressor, grid) -> GridSearchCV:
    return GridSearchCV(regressor, grid, cv=FOLDS, scoring="neg_mean_squared_error", refit=False)


def main() -> None:
    housing = datasets.load_california_housing()
    X, _, y, _ = train_test_split(housing.data, housing.target, random_state=42)
    X, _, y, _ = train_test_split(X, y, random_state=42)
    X, y = StandardScaler().fit_transform(X).astype("float32"), y.astype("float32")
    keras.utils.disable_interactive_logging()
    ways = {"naive": naive, "keras.wrappers": wrapper, "lecture_utils.search": ours}
    print(f"{len(candidates())} candidates, 3 folds, batches of 32; medians of {ROUNDS} rounds, the ways in turn\n")
    print("rows a fit  epochs  way                   seconds  of the naive way")
    for n_rows, epochs in ((300, 1), (1500, 3), (11_610, 5)):
        seconds = {name: [] for name in ways}
        for _ in range(ROUNDS):
            scores = {}
            for name, way in ways.items():
                began = time.perf_counter()
                scores[name] = way(X[:n_rows], y[:n_rows], epochs)
                seconds[name].append(time.perf_counter() - began)
            np.testing.assert_allclose(scores["lecture_utils.search"], scores["naive"], rtol=1e-5)
        for name in ways:
            ratio = statistics.median(a / b for a, b in zip(seconds[name], seconds["naive"], strict=True))
            print(f"{n_rows * 2 // 3:10,}  {epochs:6}  {name:20}  {statistics.median(seconds[name]):7.1f}  {ratio:.2f}")


if __name__ == "__main__":
    main()
