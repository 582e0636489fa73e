"""The state of a training as a file: what must be the same when it is used again, and how it is written and read."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import keras
import numpy as np


class ResumeError(RuntimeError):
    """A saved training that cannot be gone on with: it belongs to another model, other data, or is damaged."""


def fingerprint(model: keras.Model, data: tuple, validation_data: tuple | None, settings: dict) -> dict[str, Any]:
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
        "model": hashed(text),
        "loss, optimizer, batch size, seed or shuffling": hashed(json.dumps(training, sort_keys=True, default=str)),
        "learning rate": float(rate) if rate is not None and int(model.optimizer.iterations) == 0 else None,
        "training data": hashed(data),
        "validation data": hashed(validation_data),
    }


def hashed(content: Any) -> str:
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


def remembered_by(callback: keras.callbacks.Callback) -> dict[str, Any]:
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


def write(file: Path, state: dict[str, Any]) -> None:
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


def read(file: Path) -> dict[str, Any]:
    """What `write` wrote; ResumeError if it is damaged."""

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


def variables(model: keras.Model) -> list:
    """The variables that a training changes: those of the model, without its metrics, and those of its optimizer."""
    measured = {id(variable) for variable in model.metrics_variables}  # begin anew in every epoch
    own = [variable for variable in model.variables if id(variable) not in measured]
    return own + model.optimizer.variables
