"""Answers to the exercises of notebook 03: right ones, and wrong ones, each after the id of its hint."""

import numpy as np

COUNTS = [390, 620, 105]
LINES = ((-12, 17), (-12, 3))
ONE_LAYER = ["yes", "no", "yes", "no"]
BENDS = ([[1, 1, 1]], [0, -1, -2])
MAX = ([[0, 0, 1], [1, -1, -1]], [0, 0, 0])
BOTH_WAYS = ([[1, -1, 0], [-1, 1, 0]], [0, 0, 0])


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


def broken(X, weights, hidden, output):
    for W, b in weights:
        X = hidden(X @ W + b)
    return output(X)


def output_lost(X, weights, hidden, output):
    return broken(X, weights, hidden, lambda z: z)


def output_forgotten(X, weights, hidden, output):
    return forward(X, weights, hidden, lambda z: z)


def output_everywhere(X, weights, hidden, output):
    return forward(X, weights, output, output)


def layer_lost(X, weights, hidden, output):
    for W, b in weights[:-1]:
        X = hidden(X @ W + b)
    return output(X)


def layer_linear(X, weights, hidden, output):
    for W, b in weights[:-1]:
        X = X @ W + b
    W, b = weights[-1]
    return output(X @ W + b)


def output_twice(X, weights, hidden, output):
    return output(forward(X, weights, hidden, output))


def last_hidden_linear(X, weights, hidden, output):
    for W, b in weights[:-2]:
        X = hidden(X @ W + b)
    for W, b in weights[-2:]:
        X = X @ W + b
    return output(X)


def last_bias_lost(X, weights, hidden, output):
    for W, b in weights[:-1]:
        X = hidden(X @ W + b)
    return output(X @ weights[-1][0])


def with_pop(X, weights, hidden, output):
    W_last, b_last = weights.pop()
    for W, b in weights:
        X = hidden(X @ W + b)
    return output(X @ W_last + b_last)


def off_by_one(X, weights, hidden, output):
    for i, (W, b) in enumerate(weights):
        X = output(X @ W + b) if i == len(weights) else hidden(X @ W + b)
    return X


def last_sum_kept(X, weights, hidden, output):
    for W, b in weights:
        z = X @ W + b
        X = hidden(z)
    return output(z)


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
    "larger": [(*MAX, [[1], [-1], [1]], 0), ([[1, -1, -1], [0, 0, 1]], [0, 0, 0], [[1], [-1], [1]], 0),
               ([[0, 0, 2], [2, -1, -2]], [0, 0, 0], [[0.5], [-1], [0.5]], np.array([0.0]))],
    "wide_or_deep": [(81, 80, 46, 10), (81.0, np.array([80]), 46, 9.95)],
}  # fmt: skip

WRONG = {
    "counted": [
        ("no-biases", [360, 600, 100], (30, 20), (200, 20)),
        ("bias-per-input", [372, 630, 120], (30, 20), (200, 20)),
        ("one-bias", [361, 601, 101], (30, 20), (200, 20)),
        ("neurons", [30, 20, 5], (30, 20), (200, 20)),
        ("running-total", [390, 1010, 1115], (30, 20), (200, 20)),
        ("W-turned", COUNTS, (20, 30), (200, 20)),
        ("bias-in-W", COUNTS, (31, 20), (200, 20)),
        ("other-layer", COUNTS, (12, 30), (200, 20)),
        ("other-layer", COUNTS, (20, 5), (200, 20)),
        ("a-turned", COUNTS, (30, 20), (20, 200)),
        ("goes-in", COUNTS, (30, 20), (200, 30)),
        ("instances-lost", COUNTS, (30, 20), (1, 20)),
        ("instances-lost", COUNTS, (30, 20), (30, 20)),
        ("one-instance", COUNTS, (30, 20), (20,)),
        ("from-inputs", [390, 260, 65], (30, 20), (200, 20)),
        ("times-instances", [78_000, 124_000, 21_000], (30, 20), (200, 20)),
        ("bias-in-a", COUNTS, (30, 20), (200, 21)),
        (None, [390, 620, 100], (30, 20), (200, 20)),
        (None, [390, 620, 125], (30, 20), (200, 20)),
        (None, COUNTS, (200, 20), (200, 20)),
        (None, COUNTS, (30, 20), (200, 5)),
    ],
    "lines": [
        ("order", *LINES[::-1], ONE_LAYER),
        ("turned", (17, -12), (3, -12), ONE_LAYER),
        ("slopes-added", (1, -3), (1, -3), ONE_LAYER),
        ("inner-constant", (-12, -3), (-12, -3), ONE_LAYER),
        ("inner-constant", (-12, 17), (-12, -3), ONE_LAYER),
        ("constants", (-12, -10), (-12, -10), ONE_LAYER),
        ("sign", (-12, -13), (-12, 3), ONE_LAYER),
        ("sign", (-12, 17), (-12, -13), ONE_LAYER),
        ("is-a-line", *LINES, ["no", "no", "yes", "no"]),
        ("is-a-line", *LINES, ["no", "no", "no", "no"]),
        ("bend", *LINES, ["yes", "yes", "yes", "no"]),
        ("curved", *LINES, ["yes", "no", "yes", "yes"]),
        ("outer-sign", (-12, 17), (-12, 13), ONE_LAYER),
        ("outer-constant", (-12, 15), (-12, 8), ONE_LAYER),
        ("outer-constant", (-12, 17), (-12, 8), ONE_LAYER),
        ("is-a-line", *LINES, ["yes", "no", "no", "no"]),
        ("is-a-line", *LINES, ["no", "yes", "no", "yes"]),
        ("bend", *LINES, ["yes", "yes", "yes", "yes"]),
        (None, (12, 17), (-12, 3), ONE_LAYER),
        (None, (-12, 17), (-12, 7), ONE_LAYER),
    ],
    "forward_repaired": [
        ("still-broken", broken, 0),
        ("output-lost", output_lost, 0),
        ("output-forgotten", output_forgotten, 0),
        ("output-everywhere", output_everywhere, 0),
        ("layer-lost", layer_lost, 0),
        ("hidden-lost", layer_linear, 0),
        ("negative", forward, -1),
        ("positive", forward, 1),
        ("negative", forward, -np.inf),
        ("bias-lost", last_bias_lost, 0),
        ("list-changed", with_pop, 0),
        ("output-lost", off_by_one, 0),
        (None, output_twice, 0),
        (None, last_hidden_linear, 0),
        (None, two_hidden_layers, 0),
    ],
    "curve": [
        ("height", *BENDS, [[2], [-2], [-2]], 0),
        ("slopes", *BENDS, [[2], [0], [-2]], 1),
        ("widths", *BENDS, [[2], [-2], [-4]], 1),
        ("straight", [[1, 1, 1]], [0, 1, 2], [[2], [-2], [-2]], 1),
        ("straight", [[0, 0, 0]], [0, -1, -2], [[2], [-2], [-2]], 1),
        ("change-sign", *BENDS, [[2], [2], [2]], 1),
        ("change-sign", *BENDS, [[-2], [2], [2]], 1),
        ("bends-elsewhere", [[1, 1, 1]], [0, -1 / 2, -5 / 3], [[3], [-2], [-3]], 1),
        ("bends", [[1, 1, 1]], [0, -1 / 3, -2 / 3], [[2], [-2], [-2]], 1),
        ("bends", [[2, 0, -2]], [1, 3, 7], [[1], [1], [1]], 0),
        ("flat-start", [[1, 1, 1]], [-1, -2, -4], [[2], [-2], [-2]], 1),
        ("flat-start", *BENDS, [[0], [-2], [-2]], 1),
        (None, [[1, 1, 1]], [0, -1, -4], [[2], [-2], [-2]], 1),
        (None, *BENDS, [[2], [-2], [-1]], 1),
        (None, *BENDS, [[2], [-2], [0]], 1),
        (None, *BENDS, [[1], [3], [3]], 1),
    ],
    "larger": [
        ("smaller", [[0, 0, -1], [1, -1, 1]], [0, 0, 0], [[1], [-1], [-1]], 0),
        ("distance", *BOTH_WAYS, [[1], [1], [0]], 0),
        ("twice", *MAX, [[2], [-2], [2]], 0),
        ("difference", [[1, 0, 0], [-1, 0, 0]], [0, 0, 0], [[1], [0], [0]], 0),
        ("difference", [[-1, 0, 0], [1, 0, 0]], [0, 0, 0], [[1], [0], [0]], 0),
        ("sum", [[1, 0, 0], [0, 1, 0]], [0, 0, 0], [[1], [1], [0]], 0),
        ("negative", [[1, 0, 0], [-1, 1, 0]], [0, 0, 0], [[1], [1], [0]], 0),
        ("far", [[0, 1, 1], [1, 0, -1]], [50, 90, 0], [[1], [0], [1]], -50),
        ("far", [[1, 0, 0], [-1, 1, 0]], [0, 1000, 0], [[1], [1], [0]], -1000),
        ("added-to-larger", [[1, 1, -1], [-1, 0, 0]], [0, 0, 0], [[1], [1], [-1]], 0),
        ("negative", [[1, -1, 1], [-1, 1, 1]], [0, 0, 0], [[0.5], [0.5], [0.5]], 0),  # half of sum and distance
        ("negative", [[1, 1, 0], [-1, -1, 1]], [0, 0, 0], [[1], [0], [1]], 0),
        ("height", *MAX, [[1], [-1], [1]], 1),
        (None, [[1, -1, 0], [0, 0, 1]], [0, 0, 0], [[1], [1], [1]], 0),
        (None, *MAX, [[1], [-1], [-1]], 0),
        ("negative", *MAX, [[1], [1], [1]], 0),
        (None, *BOTH_WAYS, [[1], [-1], [0]], 0),
    ],
    "wide_or_deep": [
        ("added", 12, 11, 46, 10),
        ("doubled", 16, 15, 46, 10),
        ("power", 27, 26, 46, 10),
        ("power", 64, 63, 46, 10),
        ("one-too-many", 81, 81, 46, 10),
        ("as-many", 81, 12, 46, 10),
        ("turned", 81, 82, 46, 10),
        ("no-biases", 81, 80, 33, 10),
        ("output-bias", 81, 80, 45, 10),
        ("ends", 81, 80, 42, 10),
        ("proportional", 81, 80, 46, 100),
        ("quarters", 81, 80, 46, 50),
        ("squared", 81, 80, 46, 10_000),
        (None, 9, 8, 46, 10),
        (None, 81, 40, 46, 10),
        (None, 81, 80, 12, 10),
        ("power", 243, 242, 46, 10),
        ("upside-down", 81, 80, 46, 0.1),
        (None, 81, 80, 58, 10),
        (None, 81, 80, 34, 10),
        (None, 81, 80, 46, 20),
    ],
}
