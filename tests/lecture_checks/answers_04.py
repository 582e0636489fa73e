"""Answers to the exercises of notebook 04 beside those in the rows of its checks."""

import numpy as np

from lecture_checks.notebook_04 import backward_with, slope, slopes_with

CHAIN = [0.539, 0.106, 0.078, -0.047]
NUDGES = [3.31, 3.01]


def as_lists(*arguments):
    return [[dW.tolist(), db.tolist()] for dW, db in backward_with(slope)(*arguments)]


def right_slopes(x, y1, y2, w1, w2, w3):
    a = 1 / (1 + np.exp(-x * w1))
    dp, dq = 2 * (a * w2 - y1), 2 * (a * w3 - y2)
    return np.array([np.dot([dp, dq], [w2, w3]) * a * (1 - a) * x, dp * a, dq * a])


RIGHT = {
    "another_target": [
        CHAIN,
        (0.54, 0.1063, 0.0777, -0.04703),
        (0.54, 0.106, 0.077, -0.047),
        (0.5395, 0.106, 0.0777, -0.0466),
    ],
    "two_nudges": [(*NUDGES, 10, 100), (3.31, 3.01, 10.3, 100), (np.array([3.31]), 3.01, 10.0, 99.9)],
    "backward_logistic": [(backward_with(slope),), (as_lists,), (backward_with(lambda a: a - a**2),)],
    "slopes_repaired": [(slopes_with(lambda p, q, x, a: (p + q) * slope(a) * x), "dw1"), (right_slopes, " dw1")],
    "different_neurons": [([1, 2, 3],), (np.array([1.0, 2.0, 3.0]),)],
    "small_network": [([784, 8, 10], 0.05), (np.array([784, 8, 10]), 0.1), ([784, 7, 10], 0.05)],
}

WRONG = {
    "another_target": [
        ("old-target", -1.461, -0.288, -0.21, 0.127),
        ("no-two", 0.27, 0.053, 0.039, -0.024),
        ("loss-sign", -0.54, -0.106, -0.078, 0.047),
        ("slope-forgotten", 0.54, 0.54, 0.394, -0.24),
        ("slope-sign", 0.54, -0.106, -0.078, 0.047),
        ("local", CHAIN[0], 0.197, 0.731, 1.5),
        ("slope-of-a", 0.54, 0.1326, 0.0969, -0.0586),
        (None, 0.46, *CHAIN[1:]),
        (None, CHAIN[0], 0.25, *CHAIN[2:]),
        (None, *CHAIN[:2], -0.078, CHAIN[3]),
        (None, *CHAIN[:3], -0.0344),
    ],
    "two_nudges": [
        (None, 3.3, 3.01, 10, 100),
        (None, 3.31, 3.1, 10, 100),
        (None, 3.31, 3.31, 10, 100),
        (None, 3.31, 3.0025, 10, 100),
        (None, *NUDGES, -10, -100),
        (None, *NUDGES, 10, 31),
        (None, *NUDGES, 100, 100),
        (None, *NUDGES, 10, 20),
    ],
    "backward_logistic": [
        ("no-slope", backward_with(lambda a: a > 0)),
        ("order", lambda *given: backward_with(slope)(*given)[::-1]),
        ("turned", backward_with(slope, dW=lambda a, dz: dz.T @ a)),
        ("divided-twice", backward_with(slope, dW=lambda a, dz: a.T @ dz / len(dz))),
        ("pair-turned", lambda *given: [pair[::-1] for pair in backward_with(slope)(*given)]),
        (None, backward_with(slope, first=7)),
        (None, backward_with(lambda a: a**2)),
    ],
    "slopes_repaired": [
        (None, slopes_with(lambda p, q, x, a: (p + q) * slope(a)), "dw1"),
        (None, slopes_with(lambda p, q, x, a: ((p + q) * a * 1 - a) * x), "dw1"),
    ],
    "different_neurons": [
        ("random-batches", [2, 3, 3]),
        ("pair", [1, 3, 1]),
        ("biases", [1, 2, 2]),
        (None, [1, 0, 3]),
    ],
    "small_network": [(None, [784, 2, 2, 2, 2, 2, 10], 0.05), (None, [784, 0, 10], 0.05)],
}
