"""Reads answers: each function returns the answer in one plain type, or raises `Form`, which says what is needed.

Numbers may come as lists, tuples, arrays or tensors, and as whole numbers, fractions or truth values.
"""

from __future__ import annotations

from numbers import Real

import numpy as np

from lecture_checks.core import Form, kind_of


def array(name: str, value, shape: tuple[int | None, ...]) -> np.ndarray:
    """A float64 array of this shape, where None stands for any length; without NaN and infinity."""
    words = f"needed is an array of numbers of the shape {_in_words(shape)}"
    try:
        numbers = np.asarray(value)
        if numbers.dtype == object:  # e.g. Fraction; a ragged list fails here
            numbers = numbers.astype(float)
    except (TypeError, ValueError):
        rows = value if isinstance(value, (list, tuple)) else []
        lengths = {len(row) for row in rows if isinstance(row, (list, tuple))}
        what = "whose rows have different lengths" if len(lengths) > 1 else "that is not an array of numbers"
        raise Form(f"`{name}` is {kind_of(value)} {what}; {words}.") from None
    if numbers.dtype.kind in "US" and numbers.ndim:
        raise Form(f"`{name}` holds text; {words}. Write the numbers without quotation marks.")
    if numbers.dtype.kind not in "biuf" or value is None:
        raise Form(f"`{name}` is {kind_of(value)}; {words}.")
    fits = numbers.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, numbers.shape, strict=True))
    if not fits:
        given = f"has the shape {numbers.shape}" if numbers.ndim else "is a single number"
        raise Form(f"`{name}` {given}; {words}.")
    if not np.isfinite(numbers).all():
        raise Form(f"`{name}` holds a value that is NaN or infinite; {words}.")
    return numbers.astype(float)


def number(name: str, value) -> float:
    """A finite number; also from an array or a list that holds just one."""
    single = value
    if isinstance(value, tuple) and len(value) == 2 and all(type(part) is int for part in value):
        words = "A decimal number has a point, not a comma; thousands have neither."
        raise Form(f"`{name}` is a pair of numbers; needed is a number. {words}")
    if not isinstance(value, (str, bytes, Real)):
        try:
            items = np.asarray(value).ravel()
        except (TypeError, ValueError):
            items = np.empty(0)
        single = items[0] if items.size == 1 else None
    if isinstance(single, (bool, np.bool_)) or not isinstance(single, Real):
        raise Form(f"`{name}` is {kind_of(value)}; needed is a number.")
    try:
        single = float(single)
    except OverflowError:
        raise Form(f"`{name}` is larger than any number that Python's `float` can hold.") from None
    if not np.isfinite(single):
        raise Form(f"`{name}` is {single}; needed is a finite number.")
    return single


def whole(name: str, value) -> int:
    """A whole number, also given as 3.0."""
    given = number(name, value)
    if given != round(given):
        raise Form(f"`{name}` is {given:g}; needed is a whole number.")
    return int(given)


def choice(name: str, value, *options: str) -> str:
    """One of the options, which are strings; capitals and spaces around the answer do not matter."""
    needed = f"needed is one of {', '.join(repr(option) for option in options)}, with the quotes"
    if not isinstance(value, str):
        raise Form(f"`{name}` is {kind_of(value)}; {needed}.")
    for option in options:
        if value.strip().lower() == option.lower():
            return option
    raise Form(f"`{name}` is {value!r}; {needed}.")


def items(name: str, value, n: int, what: str) -> tuple:
    """The n things in a tuple, list or array, e.g. what a function returned; `what` names them, as in "w and b"."""
    is_list = isinstance(value, (tuple, list)) or (isinstance(value, np.ndarray) and value.ndim > 0)
    length = len(value) if is_list else None
    if length != n:
        given = kind_of(value) if length is None else f"{kind_of(value)} of length {length}"
        raise Form(f"`{name}` is {given}; needed are {n} things, {what}.")
    return tuple(value)


def instance(name: str, value, type_: type, what: str):
    """The value, which must be of this type; `what` names it, as in "a Keras model"."""
    if not isinstance(value, type_):
        raise Form(f"`{name}` is {kind_of(value)}; needed is {what}.")
    return value


def _in_words(shape: tuple[int | None, ...]) -> str:
    parts = ["any" if n is None else str(n) for n in shape]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
