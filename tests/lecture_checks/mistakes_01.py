"""Answers to the exercises of notebook 01: right ones, and wrong ones, each after the id of its hint."""

import numpy as np

Z, OUTPUTS = [-0.5, -1.5, 1.5, 0.5], [0, 0, 1, 1]
OR = [0, 1, 1, 1]


def logistic(X, w, b):
    return 1 / (1 + np.exp(-(X @ w + b)))


def by_rows(X, w, b):
    X *= 1  # changes what it is given
    return [1 / (1 + np.exp(-sum(x * w) - b)) for x in X]


def of_class_0(X, w, b):
    return 1 / (1 + np.exp(X @ w + b))


def without_bias(X, w, b):
    return 1 / (1 + np.exp(-(X @ w)))


def decision(X, w, b):
    return np.where(X @ w + b >= 0, 1, 0)


def only_sum(X, w, b):
    return X @ w + b


def without_parentheses(X, w, b):
    return 1 / 1 + np.exp(-(X @ w + b))


def in_percent(X, w, b):
    return 100 * logistic(X, w, b)


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
        ("no-bias", [0, -1, 2, 1], OUTPUTS),
        ("bias-sign", [0.5, -0.5, 2.5, 1.5], OUTPUTS),
        ("crossed", [-0.5, 1.5, -1.5, 0.5], OUTPUTS),
        ("sign-lost", [-0.5, 0.5, 1.5, 2.5], OUTPUTS),
        ("sgn", Z, [-1, -1, 1, 1]),
        ("turned", Z, [1, 1, 0, 0]),
        ("after-step", OUTPUTS, OUTPUTS),
        ("compared-with-bias", Z, [1, 0, 1, 1]),
        (None, Z, [0, 1, 1, 1]),
        (None, Z, [0, 1, 0, 1]),
        (None, Z, [0, 0, 1, 0]),
        (None, [-0.5, -1.5, 1.5, 1.5], OUTPUTS),
        (None, [-0.5, -0.5, 1.5, 0.5], OUTPUTS),
        (None, [0, -1.5, 1.5, 0.5], [1, 0, 1, 1]),
    ],
    "at_most_one": [
        ("turned", [1, 1, 1], -1.5),
        ("constant", [0, 0, 0], 0),
        ("constant", [-1, -1, -1], -5),
        ("border", [-1, -1, -1], 2),
        ("border", [-0.1, -0.1, -0.1], 0.2),
        ("strict", [-1, -1, -1], 0.5),
        ("lenient", [-1, -1, -1], 2.5),
        ("unequal", [-1, -1, 1], 1.5),
        ("rising", [1, 1, 1], -0.5),
        ("strict", [-1, -1, -1], 0),
        ("constant", [1, 1, 1], 1.5),
        ("unequal", [1, -1, -1], 0.5),
        ("unequal", [-1, -2, -3], 2),
    ],
    "or_repaired": [
        ("no-case", (0, 2), -0.5, OR),
        ("case", (1, 1), -0.5, OR),
        ("bias-high", (0, 0), 0.5, OR),
        ("bias-and", (0, 0), -1.5, OR),
        ("bias-low", (0, 0), -3, OR),
        ("sgn-as-heaviside", (0, 0), -0.5, [1, 1, 1, 1]),
        ("sgn-negative", (0, 0), -0.5, [-1, 1, 1, 1]),
        ("case", (0, 1), -0.5, OR),
        ("bias-high", (0, 0), 0, OR),
        ("sgn-negative", (0, 0), -0.5, [-1, 0, 0, 1]),
        ("sgn-sums", (0, 0), -0.5, [0, 1, 1, 2]),
        (None, (0, 0), -0.5, [0, 0, 0, 1]),
    ],
    "line": [
        ("no-line", [0, 0], 1),
        ("other-side", [1, 2], -2),
        ("along", [-2, 1], 2),
        ("swapped", [-2, -1], 2),
        ("parallel", [-1, -2], -2),
        ("swapped", [2, 1], -1),
        ("parallel", [-1, -2], 0),
        ("rises", [-0.5, 1], 1),
        ("rises", [1, -2], 2),
        (None, [-1, -1], 1),
    ],
    "probability": [
        ("sign", of_class_0),
        ("no-bias", without_bias),
        ("step", decision),
        ("sum", only_sum),
        ("parentheses", without_parentheses),
        ("sign", lambda X, w, b: 1 - logistic(X, w, b)),
        ("bias-sign", lambda X, w, b: logistic(X, w, -b)),
        ("rounded", lambda X, w, b: logistic(X, w, b).round(2)),
        ("outside", in_percent),
        ("outside", lambda X, w, b: np.tanh(X @ w + b)),
        ("outside", lambda X, w, b: np.exp(-(X @ w + b))),
        (None, lambda X, w, b: logistic(X, w, b) ** 2),
        (None, clipped),
    ],
}
