"""Checks of what a function was given. Each raises a ValueError that says what was given and what is needed."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral

import numpy as np


def one_of(name: str, value: str, known: Iterable[str]) -> None:
    """The option `name` has one of the known values."""
    if value not in known:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, known))}.")


def whole_number(name: str, value: int, at_least: int) -> None:
    """The option `name` is a whole number of at least `at_least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < at_least:
        raise ValueError(f"{name} is {value!r}; it must be a whole number, at least {at_least}.")


def inputs(X: np.ndarray, n_features: int) -> np.ndarray:
    """X as a float array (n, n_features) with n at least 1; whole numbers become float64, float32 stays."""
    X = np.asarray(X)
    if X.dtype.kind not in "biuf":
        raise ValueError(f"X has dtype {X.dtype}; it must hold numbers.")
    if X.ndim != 2 or X.shape[1] != n_features or len(X) == 0:
        hint = " Flatten each sample first: X.reshape(len(X), -1)." if X.ndim > 2 else ""
        raise ValueError(f"X has shape {X.shape}; it must be (n, {n_features}), n at least 1.{hint}")
    return finite("X", X if X.dtype in (np.float32, np.float64) else X.astype(np.float64))


def targets(y: np.ndarray, n: int, m: int) -> np.ndarray:
    """y as a float64 array (n, m); for m = 1 it may be (n,)."""
    y = np.asarray(y)
    columns = y[:, np.newaxis] if m == 1 and y.ndim == 1 else y
    if columns.shape != (n, m) or y.dtype.kind not in "biuf":
        raise ValueError(f"y has shape {y.shape} and dtype {y.dtype}; it must hold numbers, shape ({n}, {m}).")
    return finite("y", columns.astype(np.float64))


def labels(y: np.ndarray, n: int, n_classes: int) -> np.ndarray:
    """y as whole-number labels (n,) from 0 to n_classes - 1."""
    y = np.asarray(y)
    if y.shape != (n,) or y.dtype.kind not in "iu":
        raise ValueError(f"y has shape {y.shape} and dtype {y.dtype}; it must be whole-number labels, shape ({n},).")
    if y.min() < 0 or y.max() >= n_classes:
        raise ValueError(f"The labels go from {y.min()} to {y.max()}; {n_classes} outputs need 0 to {n_classes - 1}.")
    return y


def finite(name: str, array: np.ndarray) -> np.ndarray:
    """The array, which holds neither NaN nor infinity."""
    bad = np.count_nonzero(~np.isfinite(array))
    if bad:
        raise ValueError(f"{name} holds {bad} values that are NaN or infinite; remove or replace them first.")
    return array
