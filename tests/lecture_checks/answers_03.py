"""Answers to the exercises of notebook 03 beside those in the rows of its checks."""

import numpy as np

from lecture_checks.notebook_03 import forward_with, network, same

COUNTS = [390, 620, 105]
LINES = ((-12, 17), (-12, 3))
ONE_LAYER = ["yes", "no", "yes", "no"]
BENDS = ([[1, 1, 1]], [0, -1, -2])
TO_MAX = [[0, 0, 1], [1, -1, -1]]
BOTH_WAYS = [[1, -1, 0], [-1, 1, 0]]


def forward(X, weights, hidden, output):
    for W, b in weights[:-1]:
        X = hidden(X @ W + b)
    W, b = weights[-1]
    return output(X @ W + b)


def by_position(X, weights, hidden, output):
    a = X
    for i, (W, b) in enumerate(weights):
        z = a @ W + b
        a = output(z) if i == len(weights) - 1 else hidden(z)
    return a.tolist()


def last_sum_kept(X, weights, hidden, output):
    for W, b in weights:
        z = X @ W + b
        X = hidden(z)
    return output(z)


def last_hidden_linear(X, weights, hidden, output):
    return forward(forward(X, weights[:-2], hidden, hidden), weights[-2:], same, output)


def with_pop(X, weights, hidden, output):
    last = weights.pop()
    return forward(X, [*weights, last], hidden, output)


def two_hidden_layers(X, weights, hidden, output):
    (W1, b1), *middle = weights
    return forward(hidden(X @ W1 + b1), middle, hidden, output) if middle else hidden(X @ W1 + b1)


RIGHT = {
    "counted": [(COUNTS, (30, 20), (200, 20)), (np.array(COUNTS, float), [30, 20], np.array([200, 20]))],
    "lines": [(*LINES, ONE_LAYER), ([-12.0, 17.0], np.array([-12, 3]), ("Yes", "no", "yes ", "NO"))],
    "forward_repaired": [(forward, 0), (by_position, np.array([0.0])), (last_sum_kept, 0)],
    "curve": [(*BENDS, [[2], [-2], [-2]], 1), ([[2, 2, 2]], [0, -2, -4], [[1], [-1], [-1]], 1),
              ([[2, 0.5, 3]], [0, -0.5, -6], [[1], [-4], [-2 / 3]], [1.0]),
              ([[-1, 1, 1]], [1, -1, -2], [[-2], [0], [-2]], 3)],
    "larger": [network(TO_MAX, [1, -1, 1]), network([[1, -1, -1], [0, 0, 1]], [1, -1, 1]),
               network([[0, 0, 2], [2, -1, -2]], [0.5, -1, 0.5], b2=np.array([0.0]))],
    "wide_or_deep": [(81, 80, 46, 10), (81.0, np.array([80]), 46, 9.95)],
}  # fmt: skip

WRONG = {
    "counted": [
        (None, [390, 620, 100], (30, 20), (200, 20)),
        (None, [390, 620, 125], (30, 20), (200, 20)),
        (None, COUNTS, (200, 20), (200, 20)),
        (None, COUNTS, (30, 20), (200, 5)),
    ],
    "lines": [
        ("slopes-added", (1, -3), (1, -3), ONE_LAYER),
        ("inner-constant", (-12, -3), (-12, -3), ONE_LAYER),
        ("constants", (-12, -10), (-12, -10), ONE_LAYER),
        ("outer-constant", (-12, 15), (-12, 8), ONE_LAYER),
        ("is-a-line", *LINES, ["no", "no", "no", "no"]),
        ("is-a-line", *LINES, ["yes", "no", "no", "no"]),
        ("is-a-line", *LINES, ["no", "yes", "no", "yes"]),
        ("bend", *LINES, ["yes", "yes", "yes", "yes"]),
        (None, (12, 17), (-12, 3), ONE_LAYER),
        (None, (-12, 17), (-12, 7), ONE_LAYER),
    ],
    "forward_repaired": [
        ("list-changed", with_pop, 0),
        (None, forward_with(lambda hidden, output: (hidden, output, output)), 0),
        (None, last_hidden_linear, 0),
        (None, two_hidden_layers, 0),
    ],
    "curve": [
        ("straight", [[0, 0, 0]], [0, -1, -2], [[2], [-2], [-2]], 1),
        ("bends", [[2, 0, -2]], [1, 3, 7], [[1], [1], [1]], 0),
        (None, [[1, 1, 1]], [0, -1, -4], [[2], [-2], [-2]], 1),
        (None, *BENDS, [[2], [-2], [-1]], 1),
        (None, *BENDS, [[2], [-2], [0]], 1),
        (None, *BENDS, [[1], [3], [3]], 1),
    ],
    "larger": [
        ("negative", *network([[1, -1, 1], [-1, 1, 1]], [0.5, 0.5, 0.5])),  # half of sum and distance
        ("negative", *network([[1, 1, 0], [-1, -1, 1]], [1, 0, 1])),
        ("negative", *network(TO_MAX, [1, 1, 1])),
        (None, *network([[1, -1, 0], [0, 0, 1]], [1, 1, 1])),
        (None, *network(TO_MAX, [1, -1, -1])),
        (None, *network(BOTH_WAYS, [1, -1, 0])),
    ],
    "wide_or_deep": [
        (None, 9, 8, 46, 10),
        (None, 81, 40, 46, 10),
        (None, 81, 80, 12, 10),
        (None, 81, 80, 58, 10),
        (None, 81, 80, 34, 10),
        (None, 81, 80, 46, 20),
    ],
}
