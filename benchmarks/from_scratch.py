"""How fast is `lecture_utils.from_scratch.MLP`? Seconds an epoch on the lecture's classifier, 784-300-100-10.

Side by side, in turn, on the 55,000 training images: the matrix products of an epoch alone, our MLP, scikit-learn's
MLPClassifier, and Keras' fit as on the lecture's slide. All with SGD; the validation accuracy after two epochs shows
that they do the same work. Prints medians over the rounds, and ratios to our MLP. Run it with `make bench`; nothing
else should run on the machine.
"""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import sys
import time
import warnings
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lecture_utils import datasets, from_scratch, reproducible

LAYERS = [784, 300, 100, 10]
ROUNDS = 5


def products(np, batch_size: int) -> float:
    """Seconds for the matrix products of one epoch: forward, gradients of the weights, gradients passed back."""
    pairs = list(pairwise(LAYERS))
    shapes = [((batch_size, n_in), (n_in, n_out)) for n_in, n_out in pairs]
    shapes += [((n_in, batch_size), (batch_size, n_out)) for n_in, n_out in pairs]
    shapes += [((batch_size, n_out), (n_out, n_in)) for n_in, n_out in pairs[1:]]
    arrays = [(np.ones(A, "float32"), np.ones(B, "float32")) for A, B in shapes]
    began = time.perf_counter()
    for _ in range(55_000 // batch_size):
        for A, B in arrays:
            A @ B
    return time.perf_counter() - began


def main() -> None:
    reproducible.start(seed=42, tensorflow=True)
    import keras
    import numpy as np
    from sklearn.neural_network import MLPClassifier

    (images, labels), _ = datasets.load_fashion_mnist()
    X = (images / np.float32(255)).reshape(len(images), -1)
    X_valid, X_train, y_valid, y_train = X[:5000], X[5000:], labels[:5000], labels[5000:]
    slide_X = images[5000:] / 255.0  # float64, (55000, 28, 28), as on the slide

    def new_mlp() -> from_scratch.MLP:
        return from_scratch.MLP(LAYERS, hidden="relu", output="softmax", loss="cross_entropy", seed=42)

    def seconds(function) -> float:
        began = time.perf_counter()
        function()
        return time.perf_counter() - began

    mlp, mlp_256 = new_mlp(), new_mlp()
    theirs = MLPClassifier((300, 100), solver="sgd", alpha=0, batch_size=32, learning_rate_init=0.01, momentum=0)
    keras_model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(300, activation="relu"),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    keras_model.compile(
        loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.SGD(0.01), metrics=["accuracy"]
    )

    contestants = {
        "matrix products alone, batch 32": lambda: products(np, 32),
        "from_scratch.MLP, batch 32": lambda: seconds(
            lambda: mlp.fit(X_train, y_train, batch_size=32, learning_rate=0.01)
        ),
        "scikit-learn MLPClassifier, batch 32": lambda: seconds(
            lambda: theirs.partial_fit(X_train, y_train, classes=range(10))
        ),
        "Keras fit as on the slide, batch 32": lambda: seconds(lambda: keras_model.fit(slide_X, y_train, epochs=1)),
        "matrix products alone, batch 256": lambda: products(np, 256),
        "from_scratch.MLP, batch 256": lambda: seconds(
            lambda: mlp_256.fit(X_train, y_train, batch_size=256, learning_rate=0.08)
        ),
    }
    accuracies = {
        "from_scratch.MLP, batch 32": lambda: np.mean(mlp.predict(X_valid) == y_valid),
        "scikit-learn MLPClassifier, batch 32": lambda: theirs.score(X_valid, y_valid),
        "Keras fit as on the slide, batch 32": lambda: keras_model.evaluate(
            X_valid.reshape(-1, 28, 28), y_valid, verbose=0
        )[1],
        "from_scratch.MLP, batch 256": lambda: np.mean(mlp_256.predict(X_valid) == y_valid),
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    reached: dict[str, float] = {}
    with warnings.catch_warnings(), open(os.devnull, "w") as devnull:
        warnings.simplefilter("ignore")
        for epoch in range(ROUNDS):
            for name, contestant in contestants.items():
                with contextlib.redirect_stdout(devnull):  # Keras draws its progress bar, as on the slide
                    times[name].append(contestant())
            if epoch == 1:
                reached = {name: float(measure()) for name, measure in accuracies.items()}

    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}")
    print(f"{'':38} s/epoch   times ours   validation accuracy after 2 epochs")
    for name, measured in times.items():
        ours_name = f"from_scratch.MLP, batch {name.split()[-1]}"
        ratio = statistics.median(t / our for t, our in zip(measured, times[ours_name], strict=True))
        accuracy = f"{reached[name]:.4f}" if name in reached else ""
        print(f"{name:38} {statistics.median(measured):7.2f} {ratio:12.2f}   {accuracy}")


if __name__ == "__main__":
    main()
