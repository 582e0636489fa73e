"""How much faster does the faster recipe of notebook 07 reach the slide's last validation accuracy?

Trains the lecture's classifier on the full data, with the slide's recipe and with the faster one in turn, until the
validation accuracy passes 0.8698. Prints the seconds, the ratio of each pair and their median. Run it with
`make bench`; nothing else should run on the machine.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lecture_utils import datasets, reproducible

TARGET = 0.8698
ROUNDS = 3


def seconds_to_target(keras, data, optimizer, batch_size: int, steps_per_execution: int) -> tuple[float, int]:
    """Seconds of `fit`, tracing included, and epochs until the validation accuracy passes `TARGET`."""
    X_train, y_train, X_valid, y_valid = data
    reproducible.start(seed=42, tensorflow=True)
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(300, activation="relu"),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=optimizer,
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
    )
    stop = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", logs["val_accuracy"] >= TARGET)
    )
    began = time.perf_counter()
    history = model.fit(
        X_train,
        y_train,
        batch_size=batch_size,
        epochs=30,
        validation_data=(X_valid, y_valid),
        verbose=0,
        callbacks=[stop],
    )
    return time.perf_counter() - began, len(history.epoch)


def main() -> None:
    reproducible.start(seed=42, tensorflow=True)
    import keras
    import numpy as np

    (X, y), _ = datasets.load_fashion_mnist()
    X = X / np.float32(255)
    data = X[5000:], y[5000:], X[:5000], y[:5000]
    print(f"until a validation accuracy of {TARGET}:")
    ratios = []
    for _ in range(ROUNDS):
        slide, slide_epochs = seconds_to_target(keras, data, keras.optimizers.SGD(0.01), 32, 1)
        fast, fast_epochs = seconds_to_target(keras, data, keras.optimizers.Adam(0.002), 256, 32)
        ratios.append(slide / fast)
        print(
            f"slide's recipe {slide:5.1f} s ({slide_epochs} epochs)   faster {fast:5.1f} s ({fast_epochs} epochs)   "
            f"ratio {slide / fast:.1f}"
        )
    print(f"median ratio {statistics.median(ratios):.1f}")


if __name__ == "__main__":
    main()
