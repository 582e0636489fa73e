"""A training run that can be killed at any time, and resumed exactly where it was: `resumable_fit` (notebook 11)."""

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

FIT_OPTIONS = ("class_weight", "validation_batch_size", "validation_freq", "verbose")  # passed on to `model.fit`


class ResumeError(RuntimeError):
    """A saved training run that cannot be resumed: it belongs to another model or other data, or it is damaged."""


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
    """Train like `model.fit`, so that a run that was killed can be resumed and ends the same (notebook 11).

    After each epoch the state of the training is saved in `folder`: weights, what the optimizer remembers, the state of
    random layers such as Dropout, the history, and what the callbacks remember. Call it again with the same arguments,
    in the same process or a new one: it continues after the last epoch that was saved, and ends with the same weights,
    bit for bit, and the same history as a run that was never stopped (on the same machine, after
    `reproducible.start(tensorflow=True)`). At most one epoch is lost. A run that has ended is not repeated; with more
    `epochs` it continues. The order of the samples in an epoch depends only on `seed` and the number of the epoch.

    Args:
        model: compiled.
        X, y: arrays of n samples, or lists, tuples or dictionaries of such.
        folder: for this run only; it is made if it is missing. To start again, use another folder or delete this one.
        callbacks: what they remember must be numbers, strings, arrays, or lists and dictionaries of these; other
            attributes, and those named in a callback's `not_resumed`, are not saved. Write logs in append mode, e.g.
            `keras.callbacks.CSVLogger(file, append=True)`.
        sample_weight: (n,).
        validation_data: (X, y) or (X, y, sample_weight).
        options: `verbose`, `class_weight`, `validation_batch_size`, `validation_freq` of `model.fit`.

    Returns the history of all epochs, those before a stop included. Raises ResumeError if `folder` holds the run of
    another model, other data, settings or callbacks, or is damaged; ValueError and TypeError for arguments that cannot
    be used.
    """
    unknown = set(options) - set(FIT_OPTIONS)
    if unknown:
        raise TypeError(
            f"resumable_fit does not take {', '.join(sorted(unknown))}. The options it passes on to model.fit are "
            f"{', '.join(FIT_OPTIONS)}."
        )
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

    settings = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed, "class_weight": options.get("class_weight")}
    fingerprint = _fingerprint(model, data, validation_data, settings)
    epoch = tf.Variable(0, dtype="int64")
    history = keras.callbacks.History()
    saved = _SavedTraining(Path(folder), fingerprint, [*callbacks, history], epoch)
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
    """The same structure with NumPy arrays, all of one length; floats get the type that Keras computes with."""
    arrays = keras.tree.map_structure(np.asarray, data)
    lengths = {len(array) for array in keras.tree.flatten(arrays)}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"The arrays hold {sorted(lengths)} samples; all must hold the same number, at least 1.")
    return keras.tree.map_structure(lambda a: a.astype(keras.config.floatx()) if a.dtype.kind == "f" else a, arrays)


def _batches(data: tuple, batch_size: int, order: tuple[int, tf.Variable] | None) -> tf.data.Dataset:
    """The batches of an epoch. If `order` is a seed and the number of the epoch, they alone decide on the order."""
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
    """Saves the state of a training run after each epoch, and restores it before the first.

    Args:
        folder: holds the state, in the file training.npz.
        fingerprint: as `_fingerprint` makes it; ResumeError if the saved run has another one.
        callbacks: whose memories are saved, too.
        epoch: is set to the number of the epoch when one begins.

    Attributes: n_epochs, how many epochs are saved; stopped, whether a callback ended the run early.
    """

    def __init__(self, folder: Path, fingerprint: dict, callbacks: list[keras.callbacks.Callback], epoch: tf.Variable):
        super().__init__()
        self.file = folder / "training.npz"
        self.fingerprint, self.callbacks, self.epoch = fingerprint, callbacks, epoch
        self.state = _read(self.file) if self.file.exists() else None
        self.memories_at_start = [_memory(callback) for callback in callbacks]
        if self.state is not None:
            self._refuse_another_training()
            self.memories_at_start = self.state["begun with"]
        self.n_epochs = 0 if self.state is None else self.state["n_epochs"]
        self.stopped = self.state is not None and self.state["stopped"]

    def on_train_begin(self, logs=None):
        if self.state is None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._save(n_epochs=0)  # the random weights at the start are a state, too
            return
        for variable, value in zip(_variables(self.model), self.state["variables"], strict=True):
            variable.assign(value)
        for callback, memory in zip(self.callbacks, self.state["callbacks"], strict=True):
            vars(callback).update(memory)

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
            "classes": self._classes(),
            "begun with": self.memories_at_start,
            "callbacks": [_memory(callback) for callback in self.callbacks],
        }
        _write(self.file, state)

    def _refuse_another_training(self) -> None:
        saved = self.state["fingerprint"] | {"callbacks": self.state["classes"]}
        now = self.fingerprint | {"callbacks": self._classes()}
        if None in (saved["learning rate"], now["learning rate"]):  # cannot be compared
            now["learning rate"] = saved["learning rate"]
        different = [name for name in now if now[name] != saved.get(name)]
        if "callbacks" not in different:
            different += self._other_settings()
        if different:
            raise ResumeError(
                f"The training run in {self.file.parent} was started differently; what differs: "
                f"{', '.join(different)}. Resume it with what it was started with, or start again: give another "
                "folder, or delete this one."
            )

    def _classes(self) -> list[str]:
        return [type(callback).__name__ for callback in self.callbacks]

    def _other_settings(self) -> list[str]:
        """The settings of callbacks that differ. An attribute is a setting if the training has not changed it."""
        memories = zip(
            self.callbacks, self.state["begun with"], self.state["callbacks"], self.memories_at_start, strict=True
        )
        return [
            f"{type(callback).__name__}.{name}"
            for callback, at_start, saved, now in memories
            for name in at_start.keys() & saved.keys() & now.keys()
            if _same(at_start[name], saved[name]) and not _same(at_start[name], now[name])
        ]


def _variables(model: keras.Model) -> list[keras.Variable]:
    """What a training run changes: the variables of the model, without its metrics, and those of its optimizer."""
    of_metrics = {id(variable) for variable in model.metrics_variables}  # they start again in every epoch
    return [v for v in model.variables if id(v) not in of_metrics] + model.optimizer.variables


def _memory(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """A copy of the attributes of a callback that can be saved."""
    left_out = {"params", "validation_data", *getattr(callback, "not_resumed", ())}  # the first two are for each `fit`
    return copy.deepcopy({k: v for k, v in vars(callback).items() if k not in left_out and _can_be_saved(v)})


def _can_be_saved(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _can_be_saved(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_can_be_saved, value))
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "biuf"
    return value is None or isinstance(value, bool | int | float | str)


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, default=repr) == json.dumps(other, default=repr)


# What a run must have in common with the one that it resumes.


def _fingerprint(model: keras.Model, data: tuple, validation_data: tuple | None, settings: dict) -> dict[str, Any]:
    """A hash of each thing that must be the same, by its name; the learning rate as it is, None once it may differ."""
    optimizer = model.optimizer.get_config()
    optimizer.pop("name")
    rate = optimizer.pop("learning_rate")
    if isinstance(rate, dict):  # a schedule, which does not change while training
        optimizer["schedule"], rate = rate, None
    compiled = model.get_compile_config() or {}
    training = [type(model.optimizer).__name__, optimizer, compiled.get("loss"), compiled.get("loss_weights"), settings]
    return {
        "model": _hash(_architecture(model)),
        "loss, optimizer, batch size, seed or shuffling": _hash(json.dumps(training, sort_keys=True, default=str)),
        "learning rate": float(rate) if rate is not None and int(model.optimizer.iterations) == 0 else None,
        "training data": _hash(data),
        "validation data": _hash(validation_data),
    }


def _architecture(model: keras.Model) -> str:
    """The layers of a model and the shapes of its weights as a text, in which layers have numbers instead of names.

    Keras names layers by counting: what is dense_7 here may be dense_3 in another process.
    """
    try:
        config = json.loads(model.to_json())["config"]
    except NotImplementedError:  # a class of the reader's that does not say what it is made of
        config = None
    shapes = [str(variable.shape) for variable in model.variables]
    return json.dumps([type(model).__name__, _numbered(config, {}), shapes], sort_keys=True)


def _numbered(config: Any, numbers: dict[str, int]) -> Any:
    """A part of a model's configuration with numbers instead of names; `numbers` has those given so far, by name."""
    match config:
        case [str(name), int(node), int(output)]:  # how a model refers to the output of a layer
            return [numbers.setdefault(name, len(numbers)), node, output]
        case {"name": str(name), **rest}:
            return {"name": numbers.setdefault(name, len(numbers)), **_numbered(rest, numbers)}
        case dict():  # a dtype has a name, too, but there it counts
            return {key: value if key == "dtype" else _numbered(value, numbers) for key, value in config.items()}
        case list():
            return [_numbered(part, numbers) for part in config]
    return config


def _hash(content: Any) -> str:
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


# The file that holds a state: its structure as JSON, in which each array has the number under which it is stored.


def _write(file: Path, state: dict[str, Any]) -> None:
    """Write the state so that the file holds all of it or, if the machine stops meanwhile, what it held before."""
    arrays: list[np.ndarray] = []

    def pack(value: Any) -> Any:
        if isinstance(value, np.ndarray | np.generic):
            arrays.append(np.asarray(value))
            return {"array": len(arrays) - 1}
        if isinstance(value, dict):
            return {"dict": {key: pack(item) for key, item in value.items()}}
        if isinstance(value, list | tuple):
            return {type(value).__name__: [pack(item) for item in value]}
        return value

    text = json.dumps(pack(state))
    part = file.with_suffix(f".{os.getpid()}.part")  # of this process: another one may write the same file
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

    def unpack(value: Any) -> Any:
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
            f"{file} is damaged ({type(error).__name__}). Delete it to start the training again."
        ) from error
