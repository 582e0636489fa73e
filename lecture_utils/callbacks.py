"""Keras callbacks of the course: compact progress, and a training that can be killed and goes on exactly."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from IPython.display import display

from lecture_utils import checks, training_state
from lecture_utils.training_state import ResumeError


class Progress(keras.callbacks.Callback):
    """Show a training as one compact table: a line per epoch, and a moving bar while the training runs.

    Use it with `verbose=0`: `model.fit(..., verbose=0, callbacks=[Progress()])`. What stays in the notebook holds no
    times, so that the same training leaves the same text; `seconds` holds them: one float per epoch, in seconds.

    Args:
        every: show every so-many-th epoch, and the last one.
    """

    BAR_WIDTH = 20
    SECONDS_BETWEEN_UPDATES = 0.1
    not_resumed = ("_began", "_shown", "_epoch_began")  # times of this process

    def __init__(self, every: int = 1):
        super().__init__()
        checks.whole_number("every", every, at_least=1)
        self.every = every

    def on_train_begin(self, logs=None):
        self.seconds: list[float] = []
        self._epochs: list[tuple[int, dict[str, float]]] = []
        self._began = self._shown = time.perf_counter()
        self._display = display(Text("training starts"), display_id=True)

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._epoch_began = epoch, time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if now - self._shown < self.SECONDS_BETWEEN_UPDATES:
            return
        self._shown = now
        steps = self.params["steps"] or batch + 1
        done = (self._epoch + (batch + 1) / steps) / self.params["epochs"]
        filled = round(self.BAR_WIDTH * (batch + 1) / steps)
        left = (now - self._began) / done * (1 - done)
        bar = "#" * filled + "." * (self.BAR_WIDTH - filled)
        self._update(f"{self._number(self._epoch)}  [{bar}]  about {left:.0f} s left")

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self._epoch_began)
        self._epochs.append((epoch, dict(logs)))

    def on_train_end(self, logs=None):
        self._update()

    def _number(self, epoch: int) -> str:
        total = self.params["epochs"]
        return f"epoch {epoch + 1:>{len(str(total))}}/{total}"

    def _update(self, *last_line: str) -> None:
        shown = [row for row in self._epochs if (row[0] + 1) % self.every == 0 or row is self._epochs[-1]]
        lines = ["  ".join([self._number(epoch), *_values(logs)]) for epoch, logs in shown]
        if self._display is not None:
            self._display.update(Text("\n".join([*lines, *last_line])))


def _values(logs: dict[str, float]) -> list[str]:
    """Each metric with its value; training before validation, and the loss first, as Keras' own progress bar."""
    names = sorted(logs, key=lambda name: (name.startswith("val_"), not name.endswith("loss")))
    return [f"{name} {logs[name]:.4f}" for name in names]


class Text:
    """Text that a notebook shows as it is; a plain string would be shown in quotes."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text


def resumable_fit(
    model: keras.Model,
    X: Any,
    y: Any,
    *,
    folder: str | Path,
    epochs: int = 1,
    batch_size: int = 32,
    shuffle: bool = True,
    seed: int = 42,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    sample_weight: np.ndarray | None = None,
    validation_data: tuple | None = None,
    **options: Any,
) -> keras.callbacks.History:
    """Train like `model.fit`, so that a training that is killed can be started again and ends the same (notebook 11).

    After each epoch the state of the training is saved in `folder`: weights, what the optimizer remembers, the state of
    random layers such as Dropout, the history, and what the callbacks remember. Call it again, in the same process or
    a new one, with the same arguments: it goes on after the last epoch that was saved, and ends with the same weights,
    bit for bit, and the same history as a training that was never stopped (on the same machine, after
    `reproducible.start(tensorflow=True)`). At most one epoch is lost. A training that has ended is not repeated; with
    more `epochs` it goes on. The samples' order in an epoch depends on `seed` and the number of the epoch alone.

    Args:
        model: compiled.
        X, y: arrays of n samples, or lists, tuples or dictionaries of such.
        folder: for this one training; it is made if it is missing. To begin anew, take another folder or delete it.
        callbacks: what they remember must be numbers, strings, arrays, or lists and dictionaries of these; other
            attributes, and those named in a callback's `not_resumed`, are not saved. Write logs in append mode, e.g.
            `keras.callbacks.CSVLogger(file, append=True)`.
        options: `verbose`, `class_weight`, `validation_batch_size`, `validation_freq` of `model.fit`.

    Raises ResumeError if `folder` holds the training of another model, other data, settings or callbacks, or is
    damaged; ValueError and TypeError for arguments that cannot be used.
    """
    unknown = set(options) - {"verbose", "class_weight", "validation_batch_size", "validation_freq"}
    if unknown:
        raise TypeError(f"resumable_fit does not take {', '.join(sorted(unknown))}; see its documentation.")
    if not model.compiled:
        raise ValueError("The model is not compiled; call model.compile(loss=..., optimizer=...) first.")
    checks.whole_number("epochs", epochs, at_least=0)
    checks.whole_number("batch_size", batch_size, at_least=1)
    checks.whole_number("seed", seed, at_least=0)
    data = _as_arrays((X, y) if sample_weight is None else (X, y, sample_weight))
    if validation_data is not None:
        validation_data = _as_arrays(tuple(validation_data))
    if not model.built:
        model(keras.tree.map_structure(lambda array: array[:1], data[0]))
    model.optimizer.build(model.trainable_variables)

    epoch = tf.Variable(0, dtype="int64")
    history = keras.callbacks.History()
    settings = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed, "class_weight": options.get("class_weight")}
    fingerprint = training_state.fingerprint(model, data, validation_data, settings)
    saved = _SavedTraining(Path(folder), model, fingerprint, [*callbacks, history], epoch)
    return model.fit(
        _batches(data, batch_size, (seed, epoch) if shuffle else None),
        validation_data=validation_data,
        callbacks=[*callbacks, history, saved],  # `saved` last: the others have counted the epoch when it saves them
        shuffle=False,  # the batches come shuffled
        initial_epoch=epochs if saved.stopped else min(saved.n_epochs, epochs),
        epochs=epochs,
        **options,
    )


def _as_arrays(data: tuple) -> tuple:
    """The same structure with NumPy arrays, of floats as Keras computes with; all of one length."""
    arrays = keras.tree.map_structure(np.asarray, data)
    lengths = {len(array) for array in keras.tree.flatten(arrays)}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"The arrays hold {sorted(lengths)} samples; all must hold the same number, at least 1.")
    return keras.tree.map_structure(lambda a: a.astype(keras.config.floatx()) if a.dtype.kind == "f" else a, arrays)


def _batches(data: tuple, batch_size: int, order: tuple[int, tf.Variable] | None) -> tf.data.Dataset:
    """The batches of an epoch; with `order`, a seed and the epoch's number, in an order that depends on these alone."""
    n = len(keras.tree.flatten(data)[0])

    def indices(_):
        if order is None:
            return tf.range(n)
        seed, epoch = order
        return tf.random.experimental.stateless_shuffle(tf.range(n), seed=[tf.constant(seed, "int64"), epoch])

    one_epoch = tf.data.Dataset.range(1).map(indices).unbatch().batch(batch_size)
    everything = tf.data.Dataset.from_tensors(keras.tree.map_structure(tf.convert_to_tensor, data)).repeat()
    batches = tf.data.Dataset.zip(one_epoch, everything).map(
        lambda chosen, arrays: keras.tree.map_structure(lambda array: tf.gather(array, chosen), arrays),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    n_batches = -(-n // batch_size)
    return batches.apply(tf.data.experimental.assert_cardinality(n_batches)).prefetch(tf.data.AUTOTUNE)


class _SavedTraining(keras.callbacks.Callback):
    """Saves the state of a training after each epoch, and restores it before the first."""

    def __init__(self, folder: Path, model: keras.Model, fingerprint: dict, remembered: list, epoch: tf.Variable):
        super().__init__()
        self.file = folder / "training.npz"
        self.fingerprint, self.remembered, self.epoch = fingerprint, remembered, epoch
        self.state = training_state.read(self.file) if self.file.exists() else None
        self.begun_with = [training_state.remembered_by(callback) for callback in remembered]
        if self.state is not None:
            self._refuse_another_training()
            self.begun_with = self.state["begun with"]
        self.n_epochs = 0 if self.state is None else self.state["n_epochs"]
        self.stopped = self.state is not None and self.state["stopped"]

    def on_train_begin(self, logs=None):
        if self.state is None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._save(n_epochs=0)  # the random weights at the start are a state, too
            return
        for variable, value in zip(training_state.variables(self.model), self.state["variables"], strict=True):
            variable.assign(value)
        for callback, values in zip(self.remembered, self.state["callbacks"], strict=True):
            vars(callback).update(values)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch.assign(epoch)

    def on_epoch_end(self, epoch, logs=None):
        self._save(n_epochs=epoch + 1)

    def _save(self, n_epochs: int) -> None:
        state = {
            "format": 1,
            "fingerprint": self.fingerprint,
            "n_epochs": n_epochs,
            "stopped": bool(self.model.stop_training),
            "variables": [np.asarray(variable) for variable in training_state.variables(self.model)],
            "classes": [type(callback).__name__ for callback in self.remembered],
            "begun with": self.begun_with,
            "callbacks": [training_state.remembered_by(callback) for callback in self.remembered],
        }
        training_state.write(self.file, state)

    def _refuse_another_training(self) -> None:
        saved = self.state["fingerprint"] | {"callbacks": self.state["classes"]}
        now = self.fingerprint | {"callbacks": [type(callback).__name__ for callback in self.remembered]}
        if None in (saved["learning rate"], now["learning rate"]):  # no longer known once it was trained
            now["learning rate"] = saved["learning rate"]
        different = [name for name in now if now[name] != saved.get(name)]
        if "callbacks" not in different:
            different += self._other_settings()
        if different:
            raise ResumeError(
                f"The training in {self.file.parent} was begun differently; what differs: {', '.join(different)}. "
                "Go on with the same as then, or begin anew: give another folder, or delete this one."
            )

    def _other_settings(self) -> list[str]:
        """The settings of callbacks that differ. A setting is what the training has not changed."""
        attributes = zip(
            self.remembered, self.state["begun with"], self.state["callbacks"], self.begun_with, strict=True
        )
        return [
            f"{type(callback).__name__}.{name}"
            for callback, begun, saved, now in attributes
            for name in begun.keys() & saved.keys() & now.keys()
            if _same(begun[name], saved[name]) and not _same(begun[name], now[name])
        ]


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, default=repr) == json.dumps(other, default=repr)
