"""A small training that kills itself where it is told to; run as a program by test_resume.py.

Usage: python resumed_training.py, with a line of JSON on stdin for each training: [FOLDER, RESULT], or with
[WHERE, EPOCH, BATCH] after them. Without these it trains to its end and writes the weights and the history to RESULT.
WHERE is "batch", "epoch begin", "half written", "written" or "replaced". Each training has a process of its own, forked
from this one, which has only imported TensorFlow; its exit code is written to stdout, -9 if it was killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from lecture_utils import reproducible

reproducible.import_tensorflow_quietly()
import keras
import numpy as np

from lecture_utils import resume

EPOCHS = 8
N_BATCHES = 5


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Killer(keras.callbacks.Callback):
    """Kills the process at a place in the training."""

    not_resumed = ("where", "at_epoch", "at_batch")

    def __init__(self, where: str, epoch: int, batch: int):
        super().__init__()
        self.where, self.at_epoch, self.at_batch = where, epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch
        if epoch == self.at_epoch and self.where == "epoch begin":
            die()

    def on_train_batch_end(self, batch, logs=None):
        if (self.now, batch, self.where) == (self.at_epoch, self.at_batch, "batch"):
            die()

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.at_epoch and self.where in ("half written", "written", "replaced"):
            kill_while_saving(self.where)


def kill_while_saving(where: str) -> None:
    """Replace a function that saving uses by one that kills the process."""
    savez, replace = np.savez, os.replace

    def half_written(stream, **arrays):
        savez(stream, **arrays)
        stream.truncate(stream.tell() // 2)
        stream.flush()
        die()

    def replaced(source, target):
        replace(source, target)
        die()

    if where == "half written":
        np.savez = half_written
    else:
        os.replace = replaced if where == "replaced" else lambda source, target: die()


def train(folder: str, killer: Killer) -> tuple[keras.Model, dict]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(160, 8))
    y = X[:, :1] ** 2 + 0.1 * rng.normal(size=(160, 1))
    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1),
        ]
    )
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(0.1, momentum=0.9), metrics=["mae"])
    remembering = [
        keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau(patience=1, factor=0.5),
        killer,
    ]
    assert len(X) == N_BATCHES * 32
    history = resume.resumable_fit(
        model, X, y, folder=folder, epochs=EPOCHS, validation_data=(X[:50], y[:50]), callbacks=remembering, verbose=0
    )
    return model, history.history


def one_training(folder: str, result: str, where: str = "never", epoch: int = -1, batch: int = -1) -> None:
    reproducible.start(seed=42, tensorflow=True)
    model, history = train(folder, Killer(where, epoch, batch))
    np.savez(result, history=json.dumps(history), **{str(i): w for i, w in enumerate(model.get_weights())})


if __name__ == "__main__":
    for line in sys.stdin:
        if not (child := os.fork()):
            one_training(*json.loads(line))
            sys.stdout.flush()
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
