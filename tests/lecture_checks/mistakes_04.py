"""Answers to the exercises of notebook 04: right ones, and wrong ones, each after the id of its hint."""

import numpy as np

CHAIN = [0.539, 0.106, 0.078, -0.047]
NUDGES = [3.31, 3.01]


def logistic(z):
    return 1 / (1 + np.exp(-z))


def backward_with(slope, dW=lambda a, dz: a.T @ dz, db=lambda dz: dz.sum(axis=0), first=1.0):
    def backward(activations, labels, weights):
        P = activations[-1]
        dz = (P - np.eye(P.shape[1])[labels]) / len(P) * first
        gradients = []
        for i in reversed(range(len(weights))):
            gradients.insert(0, (dW(activations[i], dz), db(dz)))
            if i > 0:
                dz = dz @ weights[i][0].T * slope(activations[i])
        return gradients

    return backward


def slope(a):
    return a * (1 - a)


def as_lists(*arguments):
    return [[dW.tolist(), db.tolist()] for dW, db in backward_with(slope)(*arguments)]


def backward_in_reverse(*arguments):
    return backward_with(slope)(*arguments)[::-1]


def slopes_with(dw1, spoil=1.0):
    """dw1 is a function of: what output 1 and output 2 say about a; x; and a."""

    def slopes(x, y1, y2, w1, w2, w3):
        a = logistic(x * w1)
        dp, dq = 2 * (a * w2 - y1), 2 * (a * w3 - y2)
        return dw1(dp * w2, dq * w3, x, a), spoil * dp * a, dq * a

    return slopes


def slopes_without_weights(x, y1, y2, w1, w2, w3):
    a = logistic(x * w1)
    dp, dq = 2 * (a * w2 - y1), 2 * (a * w3 - y2)
    return (dp + dq) * a * (1 - a) * x, dp * a, dq * a


def right_slopes(x, y1, y2, w1, w2, w3):
    a = logistic(x * w1)
    dp, dq = 2 * (a * w2 - y1), 2 * (a * w3 - y2)
    return np.array([np.dot([dp, dq], [w2, w3]) * a * (1 - a) * x, dp * a, dq * a])


REPAIRED = slopes_with(lambda p, q, x, a: (p + q) * slope(a) * x)

RIGHT = {
    "another_target": [
        CHAIN,
        (0.54, 0.1063, 0.0777, -0.04703),
        (0.54, 0.106, 0.077, -0.047),
        (0.5395, 0.106, 0.0777, -0.0466),
    ],
    "two_nudges": [(*NUDGES, 10, 100), (3.31, 3.01, 10.3, 100), (np.array([3.31]), 3.01, 10.0, 99.9)],
    "backward_logistic": [(backward_with(slope),), (as_lists,), (backward_with(lambda a: a - a**2),)],
    "slopes_repaired": [(REPAIRED, "dw1"), (right_slopes, " dw1")],
    "different_neurons": [([1, 2, 3],), (np.array([1.0, 2.0, 3.0]),)],
    "small_network": [([784, 8, 10], 0.05), (np.array([784, 8, 10]), 0.1), ([784, 7, 10], 0.05)],
}

WRONG = {
    "another_target": [
        ("old-target", -1.461, -0.288, -0.21, 0.127),
        ("no-two", 0.27, 0.053, 0.039, -0.024),
        ("loss-sign", -0.54, -0.106, -0.078, 0.047),
        ("loss", 0.073, *CHAIN[1:]),
        ("slope-forgotten", 0.54, 0.54, 0.394, -0.24),
        ("slope-of-z", 0.54, -1.074, *CHAIN[2:]),
        ("half-slope", 0.54, 0.146, *CHAIN[2:]),
        ("half-slope", 0.54, 0.394, *CHAIN[2:]),
        ("no-input", *CHAIN[:2], 0.106, CHAIN[3]),
        ("other-factor", *CHAIN[:2], -0.159, CHAIN[3]),
        ("other-factor", *CHAIN[:2], 0.159, CHAIN[3]),
        ("no-x", *CHAIN[:3], -0.031),
        ("slope1-forgotten", *CHAIN[:3], -0.239),
        ("no-weight", *CHAIN[:3], 0.031),
        ("back-by-a1", *CHAIN[:3], 0.0229),
        (None, 0.46, *CHAIN[1:]),
        ("two-digits", 0.54, 0.11, 0.08, -0.05),
        ("slope-sign", 0.54, -0.106, -0.078, 0.047),
        ("local", CHAIN[0], 0.197, 0.731, 1.5),
        ("slope-of-a", 0.54, 0.1326, 0.0969, -0.0586),
        ("half-slope1", *CHAIN[:3], -0.175),
        ("half-slope1", *CHAIN[:3], -0.0644),
        ("weight-sign", *CHAIN[:3], 0.047),
        (None, CHAIN[0], 0.25, *CHAIN[2:]),
        (None, *CHAIN[:2], -0.078, CHAIN[3]),
        (None, *CHAIN[:3], -0.0344),
    ],
    "two_nudges": [
        ("swapped", *NUDGES[::-1], 10, 100),
        ("not-divided", 0.331, 3.01, 10, 100),
        ("not-divided", 3.31, 0.602, 10, 100),
        ("backward", 2.71, 3.01, 10, 100),
        ("two-steps", 3.31, 6.02, 10, 100),
        ("exact", 3.31, 3, 10, 100),
        ("exact", 3, 3.01, 10, 100),
        ("values", *NUDGES, 1.09, 1.003),
        ("upside-down", *NUDGES, 0.1, 0.01),
        ("same-gain", *NUDGES, 10, 10),
        (None, 3.3, 3.01, 10, 100),
        (None, 3.31, 3.1, 10, 100),
        ("small-nudge", 3.0301, 3.0001, 10, 100),
        ("loss-itself", 1.331, 3.01, 10, 100),
        (None, *NUDGES, -10, -100),
        ("slope-there", 3.63, 3.01, 10, 100),
        ("gains-swapped", *NUDGES, 100, 10),
        ("upside-down", *NUDGES, 0.0301, 0.0001),
        (None, 3.31, 3.31, 10, 100),
        (None, 3.31, 3.0025, 10, 100),
        (None, *NUDGES, 10, 31),
        (None, *NUDGES, 100, 100),
        (None, *NUDGES, 10, 20),
    ],
    "backward_logistic": [
        ("no-slope", backward_with(lambda a: a > 0)),
        ("no-slope", backward_with(lambda a: 1)),
        ("twice", backward_with(lambda a: logistic(a) * (1 - logistic(a)))),
        ("half-slope", backward_with(lambda a: 1 - a)),
        ("half-slope", backward_with(lambda a: a)),
        ("slope-sign", backward_with(lambda a: a * (a - 1))),
        ("db-mean", backward_with(slope, db=lambda dz: dz.mean(axis=0))),
        ("order", backward_in_reverse),
        ("turned", backward_with(slope, dW=lambda a, dz: dz.T @ a)),
        (None, backward_with(slope, first=7)),
        ("tanh", backward_with(lambda a: 1 - a**2)),
        ("divided-twice", backward_with(slope, first=1 / 7)),
        ("divided-twice", backward_with(slope, dW=lambda a, dz: a.T @ dz / len(dz))),
        ("pair-turned", lambda *arguments: [pair[::-1] for pair in backward_with(slope)(*arguments)]),
        (None, backward_with(lambda a: a**2)),
    ],
    "slopes_repaired": [
        ("untouched", slopes_with(lambda p, q, x, a: q * slope(logistic(a)) * x), "dw1"),
        ("one-output", slopes_with(lambda p, q, x, a: q * slope(a) * x), "dw1"),
        ("one-output", slopes_with(lambda p, q, x, a: p * slope(a) * x), "dw1"),
        ("slope", slopes_with(lambda p, q, x, a: (p + q) * slope(logistic(a)) * x), "dw1"),
        ("mean", slopes_with(lambda p, q, x, a: (p + q) / 2 * slope(a) * x), "dw1"),
        ("product", slopes_with(lambda p, q, x, a: p * q * slope(a) * x), "dw1"),
        ("no-slope", slopes_with(lambda p, q, x, a: (p + q) * x), "dw1"),
        ("spoiled", slopes_with(lambda p, q, x, a: (p + q) * slope(a) * x, spoil=2), "dw1"),
        ("wrong-one", REPAIRED, "dw2"),
        ("wrong-one", REPAIRED, "dw3"),
        ("weights-lost", slopes_without_weights, "dw1"),
        (None, slopes_with(lambda p, q, x, a: (p + q) * slope(a)), "dw1"),
        (None, slopes_with(lambda p, q, x, a: ((p + q) * a * 1 - a) * x), "dw1"),
    ],
    "different_neurons": [
        ("all-differ", [3, 3, 3]),
        ("all-equal", [1, 1, 1]),
        ("turned", [3, 2, 1]),
        ("random-batches", [3, 2, 3]),
        ("output-weights", [1, 1, 3]),
        ("pair", [1, 3, 3]),
        ("biases", [1, 2, 1]),
        ("random-batches", [2, 3, 3]),
        ("pair", [1, 3, 1]),
        ("biases", [1, 2, 2]),
        (None, [1, 0, 3]),
    ],
    "small_network": [
        ("ends", [8], 0.05),
        ("ends", [28, 8, 10], 0.05),
        ("ends", [784, 8, 1], 0.05),
        ("many", [784, 10], 0.05),
        ("many", [784, 9, 10], 0.05),
        ("many", [784, 300, 100, 10], 0.05),
        ("uphill", [784, 8, 10], -0.05),
        ("narrow", [784, 2, 10], 0.05),
        ("slow", [784, 8, 10], 0.0005),
        ("fast", [784, 8, 10], 1),
        ("narrow", [784, 3, 10], 0.1),
        ("slow", [784, 8, 10], 0.001),
        (None, [784, 2, 2, 2, 2, 2, 10], 0.05),
        (None, [784, 0, 10], 0.05),
    ],
}
