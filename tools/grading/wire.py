"""How answers travel between the student's process and the judge's: as JSON, in which nothing can be executed.

Numbers, texts, lists, dictionaries, arrays and networks of `from_scratch` arrive as what they are. A function stays
where it is: its name travels, and the other side gets a function that calls back (see `Channel.ask`).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from multiprocessing.connection import Connection
from numbers import Real

import numpy as np

from lecture_checks import core
from lecture_utils import from_scratch

MAX_MESSAGE = 200 * 2**20  # bytes
KINDS_OF_ARRAYS = "biufcU"  # truth values, integers, floats, complex numbers, text


def encode(value, functions: list):
    """The value in JSON's terms. Functions are appended to the list, and named by their place there.

    What can't be sent becomes {"other": name of its type}.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int) and abs(value) < 10**4000:  # Python reads no more digits
        return int(value)
    if isinstance(value, Real) and not isinstance(value, np.generic):  # also a fraction
        return float(value)
    if value is ...:
        return {"dots": True}
    if type(value) is complex:
        return {"complex": [value.real, value.imag]}
    if isinstance(value, tuple) and type(value) is tuple:
        return {"tuple": [encode(x, functions) for x in value]}
    if isinstance(value, (list, tuple, range, set, frozenset)):
        return {"list": [encode(x, functions) for x in value]}
    if isinstance(value, dict):
        return {"dict": [[encode(key, functions), encode(x, functions)] for key, x in value.items()]}
    if type(value) is from_scratch.MLP:
        return {"MLP": encode([value.weights, value.activations, value.loss_name], functions)}
    if callable(value) and not isinstance(value, type):
        functions.append(value)
        name = getattr(value, "__name__", type(value).__name__)
        return {"function": len(functions) - 1, "name": name, "stub": core.is_stub(value)}
    if isinstance(value, type) or not hasattr(value, "__array__"):
        return {"other": type(value).__name__}
    try:
        array = np.asarray(value)
    except Exception:
        return {"other": type(value).__name__}
    if array.dtype == object:
        return {"objects": [encode(x, functions) for x in array.ravel().tolist()], "shape": array.shape}
    if array.dtype.kind not in KINDS_OF_ARRAYS:
        return {"other": type(value).__name__}
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"array": data, "dtype": array.dtype.str, "shape": array.shape, "scalar": isinstance(value, np.generic)}


def decode(data, function: Callable[[dict], Callable]):
    """The value again; `function` makes a function of {"function", "name", "stub"}. ValueError for what is forged."""
    if not isinstance(data, dict):
        return data
    kind, content = next(iter(data.items()))
    if kind == "dots":
        return ...
    if kind == "complex":
        return complex(*content)
    if kind == "tuple":
        return tuple(decode(x, function) for x in content)
    if kind == "list":
        return [decode(x, function) for x in content]
    if kind == "dict":
        return {decode(key, function): decode(x, function) for key, x in content}
    if kind == "function":
        return function(data)
    if kind == "MLP":
        weights, activations, loss = decode(content, function)
        sizes = [len(weights[0][0]), *[W.shape[1] for W, _ in weights]]
        network = from_scratch.MLP(sizes, output=activations[-1], loss=loss)
        network.weights, network.activations = weights, activations
        return network
    if kind == "array":
        dtype = np.dtype(data["dtype"])
        if dtype.kind not in KINDS_OF_ARRAYS:
            raise ValueError(f"The type of an array is {data['dtype']!r}; needed are numbers or text.")
        array = np.frombuffer(base64.b64decode(content), dtype).reshape(data["shape"]).copy()
        return array[()] if data["scalar"] else array
    if kind == "objects":
        array = np.empty(len(content), object)
        array[:] = [decode(x, function) for x in content]
        return array.reshape(data["shape"])
    return type(str(content)[:100], (), {})()  # only the name of its type is known


class Channel:
    """Messages over one end of a pipe; each is a dictionary."""

    def __init__(self, end: Connection):
        self.end = end

    def __reduce__(self):
        raise TypeError("A function of another process cannot be packed.")  # a check may try; there is only one channel

    def send(self, message: dict) -> None:
        self.end.send_bytes(json.dumps(message).encode())

    def receive(self) -> dict:
        """The next message. EOFError if the other side is gone, OSError or ValueError for nonsense."""
        message = json.loads(self.end.recv_bytes(MAX_MESSAGE))
        if not isinstance(message, dict):
            raise ValueError("The message is not a dictionary.")
        return message

    def ask(self, request: dict, arguments: tuple, named: dict, function: Callable[[dict], Callable]) -> dict:
        """The reply to a request to call a function; until then, the other side may call those in the arguments."""
        ours: list = []
        self.send(request | {"arguments": encode(arguments, ours), "named": encode(named, ours)})
        while "call" in (reply := self.receive()):
            result = ours[reply["call"]](*decode(reply["arguments"], function), **decode(reply["named"], function))
            self.send({"value": encode(result, ours)})
        return reply
