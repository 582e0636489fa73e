"""Answers as data: what goes from the student's process to the judge's and comes back."""

from __future__ import annotations

import json
import pickle
from fractions import Fraction
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecture_utils import from_scratch
from tools.grading import wire


def there_and_back(value, functions=None):
    data = json.loads(json.dumps(wire.encode(value, [] if functions is None else functions)))
    return wire.decode(data, lambda description: description)


data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just(...),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(data)
def test_data_come_back_as_they_were(value):
    back = there_and_back(value)
    assert back == value and type(back) is type(value)


@pytest.mark.parametrize(
    "array",
    [np.arange(6.0).reshape(2, 3), np.zeros((0, 2), "float32"), np.array([True]), np.array(["a", "bc"]), np.array(1j)],
    ids=str,
)
def test_arrays_come_back(array):
    back = there_and_back(array)
    assert back.dtype == array.dtype and back.shape == array.shape and (back == array).all()
    assert isinstance(there_and_back(np.float32(0.5)), np.float32)


def test_other_answers():
    assert there_and_back(Fraction(1, 2)) == 0.5 and there_and_back(range(3)) == [0, 1, 2]
    assert there_and_back(np.array([1, ..., None], object)).tolist() == [1, ..., None]
    assert (
        type(there_and_back(object())).__name__ == "object" and type(there_and_back(Path("x"))).__name__ == "PosixPath"
    )
    assert type(there_and_back(dict)).__name__ == "type"
    functions: list = []
    assert there_and_back([np.tanh, len], functions) == [
        {"function": 0, "name": "tanh", "stub": False}, {"function": 1, "name": "len", "stub": False}
    ]  # fmt: skip
    assert functions == [np.tanh, len]
    network = from_scratch.MLP([2, 3, 1], hidden="tanh", output="logistic", loss="binary_cross_entropy", seed=1)
    back, X = there_and_back(network), np.ones((4, 2))
    assert (back.forward(X) == network.forward(X)).all() and back.activations == network.activations
    assert back.loss_name == network.loss_name


@pytest.mark.parametrize(
    "data", [{"array": "gASV", "dtype": "O", "shape": [1]}, {"array": "", "dtype": "f8", "shape": [9]}]
)
def test_hostile_data_are_refused(data):
    with pytest.raises(ValueError):
        wire.decode(data, lambda _: None)


def test_channel():
    here, there = map(wire.Channel, Pipe())
    here.send({"a": [1]})
    assert there.receive() == {"a": [1]}
    here.end.send_bytes(b"[1]")
    with pytest.raises(ValueError, match="not a dictionary"):
        there.receive()
    here.end.close()
    with pytest.raises(EOFError):
        there.receive()


def test_a_channel_does_not_travel():
    """Else a check that packs a function of the student would get a second end of it (notebook 14 packs functions)."""
    here, _ = Pipe()
    with pytest.raises(TypeError, match="cannot be packed"):
        pickle.dumps(wire.Channel(here))
