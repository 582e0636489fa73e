"""Answers to the exercises of notebook 11 beside those in the rows of its checks."""

import json
import os
import shutil
from types import SimpleNamespace

import numpy as np

from lecture_checks.notebook_11 import minutes, overfits, stopper
from lecture_utils import reproducible

reproducible.start(seed=42, tensorflow=True)
import keras  # noqa: E402

END = "on_test_end"


class EarlierHook(keras.callbacks.Callback):
    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def on_train_batch_end(self, batch, logs=None):
        if logs["val_loss"] / logs["loss"] > self.limit:
            self.model.stop_training = True


def replaced(file, state):
    part = file.with_suffix(".part")
    part.write_text(json.dumps(state))
    os.replace(part, file)


def read(file):
    return json.loads(file.read_text())


def trainer(read=read, write=replaced, write_before=None, write_at_end=None, catch=(), stale=False, extra=0):
    """A `train` that reads and writes its state by these functions, at these moments."""

    def train(file, epochs, one_epoch):
        state = {"epoch": 0, "w": 0.0, "velocity": 0.0}
        if read and file.exists():
            state = state | read(file)
        while state["epoch"] < epochs + extra:
            if write_before:
                write_before(file, state)
            before = state
            try:
                state = one_epoch(state)
            except catch:
                break
            if write:
                write(file, before if stale else state)
        if write_at_end:
            write_at_end(file, state)
        return state

    return train


def directly(file, state):
    file.write_text(json.dumps(state))


def copied(file, state):
    part = file.with_suffix(".part")
    part.write_text(json.dumps(state))
    shutil.copy(part, file)


def replaced_while_open(file, state):
    part = file.with_suffix(".part")
    with open(part, "w") as stream:
        json.dump(state, stream)
        os.replace(part, file)


def by_open(file, state):
    part = file.with_suffix(".part")
    with open(part, "w") as stream:
        json.dump(state, stream)
    part.rename(file)


def as_many_epochs(file, epochs, one_epoch):
    state = read(file) if file.exists() else {"epoch": 0, "w": 0.0, "velocity": 0.0}
    for _ in range(epochs):
        state = one_epoch(state)
        replaced(file, state)
    return state


def reads_in_the_loop(file, epochs, one_epoch):
    state = {"epoch": 0, "w": 0.0, "velocity": 0.0}
    while state["epoch"] < epochs:
        if file.exists():
            state = read(file)
        state = one_epoch(state)
        replaced(file, state)
    return state


def without_velocity(file, state):
    replaced(file, {"epoch": state["epoch"], "w": state["w"]})


def rounded(file, state):
    replaced(file, {name: round(value, 3) for name, value in state.items()})


def by_numpy(file, state):
    part = file.with_name("new.npy")
    np.save(part, np.array([state["epoch"], state["w"], state["velocity"]]))
    part.replace(file)


def from_numpy(file):
    epoch, w, velocity = np.load(file)
    return {"epoch": int(epoch), "w": float(w), "velocity": float(velocity)}


RIGHT = {
    "calls": [(12, 6, END, 4), (12.0, np.int64(6), " On_test_end", [4.0])],
    "early_stopping": [(7, 4, 12, 8, 5), (7.0, [4], np.int64(12), 8, 5)],
    "stop_repaired": [
        (stopper(overfits), 50),
        (stopper(lambda loss, val_loss, limit: val_loss > limit * loss), 50.0),
        (stopper(lambda loss, val_loss, limit: loss / val_loss < 1 / limit), 50),
    ],
    "interval": [
        (minutes(), 4),
        (lambda every: 120 // every / 2 + 25 / 6 * every, 4.0),
        (lambda every: [60 / every + 20 / 24 * every / 2 * 10], [4]),
    ],
    "going_on": [
        (trainer(),),
        (trainer(read=from_numpy, write=by_numpy),),
        (trainer(write_before=replaced),),
        (trainer(write=by_open),),
        (trainer(write=None, write_before=replaced, write_at_end=replaced),),
    ],
}

WRONG = {
    "calls": [(None, 13, 6, END, 4), (None, 12, 120, END, 4), (None, 12, 6, "on_train_end", 4), (None, 12, 6, END, 6)],
    "early_stopping": [
        ("in-total", 6, 4, 7, 4, 5),
        ("last-weights", 7, 7, 12, 12, 5),
        ("one-more", 8, 4, 13, 8, 5),
        (None, 5, 2, 12, 8, 5),
        (None, 10, 7, 12, 8, 6),
        ("lowest-of-all", 7, 4, 12, 13, 5),
        (None, 7, 4, 11, 8, 5),
        (None, 7, 4, 12, 8, 3),
    ],
    "stop_repaired": [
        ("below", stopper(lambda loss, val_loss, limit: 1 < val_loss / loss < limit), 50),
        ("never", stopper(overfits, whom=lambda callback: SimpleNamespace()), 50),
        ("too-soon", stopper(lambda loss, val_loss, limit: loss / val_loss < limit), 50),
        ("other-hook", EarlierHook, 50),
        (None, stopper(lambda loss, val_loss, limit: not loss < val_loss < limit * loss), 50),
        (None, stopper(lambda loss, val_loss, limit: val_loss / loss > 1.2), 50),
        (None, stopper(overfits), 49),
        (None, stopper(overfits), 2),
    ],
    "interval": [
        (None, minutes(accidents=20), 1),
        (None, minutes(saving=1), 5),
        (None, minutes(), 0),
        (None, minutes(), 3),
        (None, minutes(), 6),
    ],
    "going_on": [
        ("nothing-saved", trainer(write=None)),
        ("only-at-end", trainer(write=None, write_at_end=replaced)),
        ("in-place", trainer(write=directly)),
        ("in-place", trainer(write=copied)),
        ("anew", trainer(read=None)),
        ("one-behind", trainer(stale=True)),
        ("last-unsaved", trainer(write=None, write_before=replaced)),
        ("not-closed", trainer(write=replaced_while_open)),
        ("part-lost", trainer(write=without_velocity)),
        ("part-lost", trainer(write=rounded)),
        (None, trainer(catch=Exception)),
        (None, trainer(extra=1)),
        (None, reads_in_the_loop),
        (None, trainer(extra=-2)),
        ("one-epoch", trainer(extra=-5)),
        ("more-epochs", as_many_epochs),
    ],
}
