"""Answers to the exercises of notebook 02 beside those in the rows of its checks."""

import numpy as np

from lecture_checks.notebook_02 import CASES, XOR, step_with
from lecture_utils import from_scratch

SIGNS = [">=", "<", "<", ">="]
AND_OR = ([[1, 1], [1, 1]], [-1.5, -0.5])


def step(x, y_true, w, b):
    error = y_true - (1 if x @ w + b >= 0 else 0)
    return w + error * x, b + error


def step_in_place(x, y_true, w, b):
    change = y_true - (1 if x @ w + b >= 0 else 0)
    w += change * x
    return [w, np.array([b + change])]


def step_at_zero_no(x, y_true, w, b):
    change = y_true - (1 if x @ w + b > 0 else 0)
    return w + change * x, b + change


def by_sum(x, y_true, w, b):
    return w + (y_true - x @ w - b) * x, b + y_true - x @ w - b


def learner(n_hidden=4, hidden="tanh", epochs=500, n_inputs=2, fixed_seed=None):
    def learn_xor(seed):
        seed = seed if fixed_seed is None else fixed_seed
        sizes = [n_inputs, n_hidden, 1]
        network = from_scratch.MLP(sizes, hidden=hidden, output="logistic", loss="binary_cross_entropy", seed=seed)
        if n_inputs == 2:
            network.fit(CASES, XOR, epochs=epochs, batch_size=4, learning_rate=1.0)
        return network

    return learn_xor


RIGHT = {
    "step_by_hand": [([3, 2], 1, 13), (np.array([3.0, 2.0]), [1], 13.0)],
    "smaller_rate": [("same", 0.1, "no"), (" Same ", 1 / 10, "NO")],
    "xnor_proof": [(SIGNS, [1, 1, 2], [1, 1, 2]), (np.array(SIGNS), (1, 1, 2), np.array([1, 1, 2]))],
    "xnor_weights": [
        (*AND_OR, [[1], [-1]], 0.5),
        (*AND_OR, [[1], [-1]], 0),
        ([[1, -1], [1, -1]], [-1.5, 0.5], [[1], [1]], -0.5),  # AND or NOR
        ([[10, 10], [10, 10]], [-5, -15], np.array([[-3], [3]]), [2]),  # OR, AND
        ([[1, -1], [-1, 1]], [-1, -1], [[-0.1], [-0.1]], 0.05),  # only the one, only the other
        ([[-1, -1], [1, 1]], [0, -1], [[1], [-1]], -0.5),  # XOR's second layer; the first tells x2 from x2 and not x1
    ],
    "step_repaired": [(step, 100), (step_in_place, 100.0), (step_at_zero_no, 100)],
    "learns_xor": [(learner(),), (learner(n_hidden=4, hidden="logistic", epochs=1000),)],
}

WRONG = {
    "step_by_hand": [
        (None, [3, -4], 1, 0),
        (None, [3, 4], 1, 19),
        (None, [2, -3], 1, -4),
        (None, [3, 2], -1, 11),
        (None, [3, 2], 1, 11),
    ],
    "smaller_rate": [("more", "more", 1, "yes"), *((None, "same", factor, "no") for factor in (0.2, 3, 0.9))],
    "xnor_proof": [
        ("border", [">", "<=", "<=", ">"], [1, 1, 2], [1, 1, 2]),
        ("all-cases", SIGNS, [2, 2, 4], [2, 2, 4]),
        (None, SIGNS, [0, 0, 2], [1, 1, 2]),
        (None, SIGNS, [-1, -1, -2], [1, 1, 2]),
        (None, ["<", "<", "<", ">="], [1, 1, 2], [1, 1, 2]),
        (None, SIGNS, [1, 1, 2], [0, 1, 2]),
        (None, [">=", ">=", "<", ">="], [1, 1, 2], [1, 1, 2]),
    ],
    "xnor_weights": [
        ("constant", *AND_OR, [[-1], [1]], 0.5),
        ("constant", *AND_OR, [[1], [1]], 0.5),
        ("constant", [[1, -1], [1, -1]], [-1.5, 0.5], [[1], [1]], -1.5),  # AND, NOR, and then AND instead of OR
        ("constant", [[-1, -1], [-1, -1]], [1.5, 0.5], [[-1], [1]], -0.5),
        ("merged", [[1, 1], [-1, -1]], [-1.5, 0.5], [[1], [1]], -0.5),  # AND and NOR, in rows
        ("xor", [[-1, 1], [-1, 1]], [1.5, -0.5], [[1], [1]], -1.5),
        ("merged", [[1, 1], [1, 1]], [-1.5, -1.5], [[1], [-1]], 0.5),
        (None, *AND_OR, [[1], [1]], -0.5),
    ],
    "step_repaired": [
        ("only-weights", lambda *given: step(*given)[0], 100),
        ("still-turned", step_with(lambda error, x: (abs(error) * x, abs(error))), 100),
        ("moves-when-right", by_sum, 100),
        (None, step_with(lambda error, x: (2 * error * x, error)), 100),
        (None, step, 70),
        (None, step, 1),
    ],
    "learns_xor": [
        ("many", learner(n_hidden=5)),
        ("linear", learner(hidden="linear")),
        ("same-start", learner(fixed_seed=1)),
        ("short", learner(epochs=10)),
        ("stuck", learner(n_hidden=2, hidden="relu")),
        ("too-long", learner(epochs=1_000_000)),
        (None, learner(n_inputs=3)),
    ],
}
