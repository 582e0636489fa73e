"""Answers to the exercises of notebook 01 beside those in the rows of its checks."""

import numpy as np

Z, OUTPUTS = [-0.5, -1.5, 1.5, 0.5], [0, 0, 1, 1]
OR = [0, 1, 1, 1]


def logistic(X, w, b):
    return 1 / (1 + np.exp(-(X @ w + b)))


def by_rows(X, w, b):
    X *= 1  # changes what it is given
    return [1 / (1 + np.exp(-sum(x * w) - b)) for x in X]


def clipped(X, w, b):
    return 1 / (1 + np.exp(-np.clip(X @ w + b, -9, 9)))


RIGHT = {
    "four_cases": [(Z, OUTPUTS), (np.array(Z), (False, False, True, True))],
    "at_most_one": [([-1, -1, -1], 1.5), (np.array([-2, -2, -3]), [3.0]), ([-1e-12, -1e-12, -1e-12], 1.2e-12),
                    ([-0.1, -0.1, -0.1], 0.1)],
    "or_repaired": [((0, 0), -0.5, OR), ([0, 0], -1, np.array(OR)), ((0, 0), np.array(-0.01), OR)],
    "line": [([-1, -2], 2), (np.array([-0.5, -1.0]), 1.0), ([-100, -200], [200])],
    "probability": [(logistic,), (by_rows,), (lambda X, w, b: 0.5 + 0.5 * np.tanh((X @ w + b) / 2),)],
}  # fmt: skip

WRONG = {
    "four_cases": [
        (None, Z, [0, 1, 1, 1]),
        (None, Z, [0, 1, 0, 1]),
        (None, Z, [0, 0, 1, 0]),
        (None, [-0.5, -1.5, 1.5, 1.5], OUTPUTS),
        (None, [-0.5, -0.5, 1.5, 0.5], OUTPUTS),
        (None, [0, -1.5, 1.5, 0.5], [1, 0, 1, 1]),
    ],
    "at_most_one": [
        ("constant", [-1, -1, -1], -5),
        ("constant", [1, 1, 1], 1.5),
        ("border", [-0.1, -0.1, -0.1], 0.2),
        ("strict", [-1, -1, -1], 0),
        ("unequal", [1, -1, -1], 0.5),
        ("unequal", [-1, -2, -3], 2),
    ],
    "or_repaired": [
        ("case", (0, 1), -0.5, OR),
        ("bias-high", (0, 0), 0, OR),
        ("sgn-negative", (0, 0), -0.5, [-1, 0, 0, 1]),
        (None, (0, 0), -0.5, [0, 0, 0, 1]),
    ],
    "line": [("swapped", [2, 1], -1), ("parallel", [-1, -2], 0), ("rises", [1, -2], 2), (None, [-1, -1], 1)],
    "probability": [
        ("outside", lambda X, w, b: np.tanh(X @ w + b)),
        ("outside", lambda X, w, b: np.exp(-(X @ w + b))),
        (None, lambda X, w, b: logistic(X, w, b) ** 2),
        (None, clipped),
    ],
}
