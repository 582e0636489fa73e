"""A training run that can be killed and goes on exactly where it was: `resumable_fit` (notebook 11)."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lecture_utils import validate


class ResumeError(RuntimeError):
    """A saved training that cannot be gone on with: it belongs to another model, other data, or is damaged."""


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
    validate.whole_number("epochs", epochs, at_least=0)
    validate.whole_number("batch_size", batch_size, at_least=1)
    validate.whole_number("seed", seed, at_least=0)
    data = _as_arrays((X, y) if sample_weight is None else (X, y, sample_weight))
    if validation_data is not None:
        validation_data = _as_arrays(tuple(validation_data))
    if not model.built:
        model(keras.tree.map_structure(lambda array: array[:1], data[0]))
    model.optimizer.build(model.trainable_variables)

    epoch = tf.Variable(0, dtype="int64")
    history = keras.callbacks.History()
    settings = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed, "class_weight": options.get("class_weight")}
    saved = _SavedTraining(
        Path(folder), model, _fingerprint(model, data, validation_data, settings), [*callbacks, history], epoch
    )
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
        self.state = _read(self.file) if self.file.exists() else None
        self.begun_with = [_remembered_by(callback) for callback in remembered]
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
        for variable, value in zip(_variables(self.model), self.state["variables"], strict=True):
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
            "variables": [np.asarray(variable) for variable in _variables(self.model)],
            "classes": [type(callback).__name__ for callback in self.remembered],
            "begun with": self.begun_with,
            "callbacks": [_remembered_by(callback) for callback in self.remembered],
        }
        _write(self.file, state)

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


def _fingerprint(model: keras.Model, data: tuple, validation_data: tuple | None, settings: dict) -> dict[str, Any]:
    """What must be the same when a training goes on; hashes, by name."""
    compiled = model.get_compile_config() or {}
    optimizer = model.optimizer.get_config()
    rate = optimizer.pop("learning_rate")
    optimizer.pop("name")
    if isinstance(rate, dict):  # a schedule, which does not change while training
        optimizer["schedule"], rate = rate, None
    try:
        layers = json.loads(model.to_json())["config"]
    except NotImplementedError:  # a model of one's own class may not say what it is made of
        layers = None
    text = json.dumps([type(model).__name__, layers, [str(v.shape) for v in model.variables]], sort_keys=True)
    for number, layer in enumerate([model, *model._flatten_layers(include_self=False)]):
        text = text.replace(f'"{layer.name}"', f'"#{number}"')  # dense_7 here may be dense_3 in another process
    training = [type(model.optimizer).__name__, optimizer, compiled.get("loss"), compiled.get("loss_weights"), settings]
    return {
        "model": _hashed(text),
        "loss, optimizer, batch size, seed or shuffling": _hashed(json.dumps(training, sort_keys=True, default=str)),
        "learning rate": float(rate) if rate is not None and int(model.optimizer.iterations) == 0 else None,
        "training data": _hashed(data),
        "validation data": _hashed(validation_data),
    }


def _hashed(content: Any) -> str:
    """A hash of a text, or of arrays in any structure: of their bytes, types and shapes."""
    digest = hashlib.blake2b(digest_size=16)
    for path, part in keras.tree.flatten_with_path(content):
        digest.update(repr(path).encode())
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str} {part.shape}".encode())
            digest.update(np.ascontiguousarray(part).view(np.uint8).data)
        else:
            digest.update(repr(part).encode())
    return digest.hexdigest()


def _remembered_by(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """The attributes of a callback that can be saved, as they are now."""
    left_out = {"params", "_model", "validation_data", *getattr(callback, "not_resumed", ())}
    kept = {name: value for name, value in vars(callback).items() if name not in left_out and _can_be_saved(value)}
    return copy.deepcopy(kept)


def _can_be_saved(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _can_be_saved(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_can_be_saved, value))
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "biuf"
    return value is None or isinstance(value, bool | int | float | str)


def _write(file: Path, state: dict[str, Any]) -> None:
    """Write the state so that the file holds either all of it or, if the machine stops, what it held before."""
    arrays: list[np.ndarray] = []

    def pack(value):
        if isinstance(value, np.ndarray | np.generic):
            arrays.append(np.asarray(value))
            return {"array": len(arrays) - 1}
        if isinstance(value, dict):
            return {"dict": {key: pack(item) for key, item in value.items()}}
        if isinstance(value, list | tuple):
            return {type(value).__name__: [pack(item) for item in value]}
        return value

    text = json.dumps(pack(state))
    part = file.with_suffix(f".{os.getpid()}.part")  # another process may write the same
    try:
        with open(part, "wb") as stream:
            np.savez(stream, text=np.array(text), **{f"array{number}": array for number, array in enumerate(arrays)})
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _read(file: Path) -> dict[str, Any]:
    """What `_write` wrote; ResumeError if it is damaged."""

    def unpack(value):
        if not isinstance(value, dict):
            return value
        ((kind, content),) = value.items()
        if kind == "array":
            return stored[f"array{content}"]
        if kind == "dict":
            return {key: unpack(item) for key, item in content.items()}
        return {"list": list, "tuple": tuple}[kind](map(unpack, content))

    try:
        with np.load(file, allow_pickle=False) as stored:
            return unpack(json.loads(str(stored["text"])))
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise ResumeError(
            f"{file} is damaged ({type(error).__name__}). Delete it, and the training begins anew."
        ) from error


def _variables(model: keras.Model) -> list:
    """The variables that a training changes: those of the model, without its metrics, and those of its optimizer."""
    measured = {id(variable) for variable in model.metrics_variables}  # begin anew in every epoch
    own = [variable for variable in model.variables if id(variable) not in measured]
    return own + model.optimizer.variables
