"""Answers to the exercises of notebook 02: right ones, and wrong ones, each after the id of its hint."""

import numpy as np

from lecture_utils import from_scratch

X, Y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
SIGNS = [">=", "<", "<", ">="]
AND_OR = ([[1, 1], [1, 1]], [-1.5, -0.5])


def error(x, y_true, w, b):
    return y_true - (1 if x @ w + b >= 0 else 0)


def step(x, y_true, w, b):
    return w + error(x, y_true, w, b) * x, b + error(x, y_true, w, b)


def step_in_place(x, y_true, w, b):
    change = error(x, y_true, w, b)
    w += change * x
    return [w, np.array([b + change])]


def turned(x, y_true, w, b):
    return w - error(x, y_true, w, b) * x, b - error(x, y_true, w, b)


def without_input(x, y_true, w, b):
    return w + error(x, y_true, w, b), b + error(x, y_true, w, b)


def without_bias(x, y_true, w, b):
    return w + error(x, y_true, w, b) * x, b


def bias_turned(x, y_true, w, b):
    return w + error(x, y_true, w, b) * x, b - error(x, y_true, w, b)


def always_moves(x, y_true, w, b):
    sign = 2 * y_true - 1
    return w + sign * x, b + sign


def double(x, y_true, w, b):
    return w + 2 * error(x, y_true, w, b) * x, b + error(x, y_true, w, b)


def always_adds(x, y_true, w, b):
    return w + abs(error(x, y_true, w, b)) * x, b + abs(error(x, y_true, w, b))


def by_sum(x, y_true, w, b):
    return w + (y_true - x @ w - b) * x, b + y_true - x @ w - b


def step_at_zero_no(x, y_true, w, b):
    change = y_true - (1 if x @ w + b > 0 else 0)
    return w + change * x, b + change


def only_weights(x, y_true, w, b):
    return w + error(x, y_true, w, b) * x


def learner(n_hidden=4, hidden="tanh", epochs=500, n_inputs=2, fixed_seed=None):
    def learn_xor(seed):
        seed = seed if fixed_seed is None else fixed_seed
        sizes = [n_inputs, n_hidden, 1]
        network = from_scratch.MLP(sizes, hidden=hidden, output="logistic", loss="binary_cross_entropy", seed=seed)
        if n_inputs == 2:
            network.fit(X, Y, epochs=epochs, batch_size=4, learning_rate=1.0)
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
        ("unchanged", [1, -1], 0, -1),
        ("subtracted", [-1, -4], -1, -15),
        ("no-input", [2, 0], 1, 5),
        ("replaced", [2, 3], 1, 14),
        ("error-of-z", [5, 5], 2, 27),
        (None, [3, -4], 1, 0),
        (None, [3, 4], 1, 19),
        (None, [2, -3], 1, -4),
        ("no-bias", [3, 2], 0, 12),
        (None, [3, 2], -1, 11),
        ("old-weights", [3, 2], 1, -1),
        ("old-bias", [3, 2], 1, 12),
        ("output", [3, 2], 1, 1),
        ("growth", [3, 2], 1, 14),
        (None, [3, 2], 1, 11),
    ],
    "smaller_rate": [
        ("fewer", "fewer", 0.1, "no"),
        ("more", "more", 0.1, "no"),
        ("same-weights", "same", 1, "no"),
        ("larger", "same", 10, "no"),
        ("compound", "same", 0.1**30, "no"),
        ("random-start", "same", 0.1, "yes"),
        ("more", "more", 1, "yes"),
        (None, "same", 0.2, "no"),
        (None, "same", 3, "no"),
        (None, "same", 0.9, "no"),
    ],
    "xnor_proof": [
        ("xor", ["<", ">=", ">=", "<"], [1, 1, 2], [1, 1, 2]),
        ("border", [">", "<", "<", ">"], [1, 1, 2], [1, 1, 2]),
        ("border", [">=", "<=", "<=", ">="], [1, 1, 2], [1, 1, 2]),
        ("bias-once", SIGNS, [1, 1, 1], [1, 1, 2]),
        ("bias-lost", SIGNS, [1, 1, 2], [1, 1, 0]),
        ("counted-twice", SIGNS, [2, 2, 2], [1, 1, 2]),
        ("border", [">", "<=", "<=", ">"], [1, 1, 2], [1, 1, 2]),
        ("bias-once", SIGNS, [1, 1, 2], [1, 1, 1]),
        ("counted-twice", SIGNS, [1, 1, 2], [2, 2, 2]),
        ("all-cases", SIGNS, [2, 2, 4], [2, 2, 4]),
        (None, SIGNS, [0, 0, 2], [1, 1, 2]),
        (None, SIGNS, [-1, -1, -2], [1, 1, 2]),
        (None, ["<", "<", "<", ">="], [1, 1, 2], [1, 1, 2]),
        (None, SIGNS, [1, 1, 2], [0, 1, 2]),
        (None, [">=", ">=", "<", ">="], [1, 1, 2], [1, 1, 2]),
    ],
    "xnor_weights": [
        ("xor", *AND_OR, [[-1], [1]], -0.5),
        ("constant", *AND_OR, [[1], [-1]], -0.5),
        ("constant", *AND_OR, [[-1], [1]], 0.5),
        ("constant", *AND_OR, [[1], [1]], 0.5),
        ("constant", [[1, -1], [1, -1]], [-1.5, 0.5], [[1], [1]], -1.5),  # AND, NOR, and then AND in place of OR
        ("constant", [[-1, -1], [-1, -1]], [1.5, 0.5], [[-1], [1]], -0.5),
        ("order", [[1, 1], [1, 1]], [-0.5, -1.5], [[1], [-1]], 0.5),
        ("merged", [[1, 1], [-1, -1]], [-1.5, 0.5], [[1], [1]], -0.5),  # AND and NOR, in rows
        ("merged", [[1, 1], [1, 1]], [1.5, 0.5], [[1], [-1]], 0.5),
        ("xor", [[-1, 1], [-1, 1]], [1.5, -0.5], [[1], [1]], -1.5),
        ("border", *AND_OR, [[1], [-1]], 1),
        ("merged", [[1, 1], [1, 1]], [-1.5, -1.5], [[1], [-1]], 0.5),
        (None, *AND_OR, [[1], [1]], -0.5),
    ],
    "step_repaired": [
        ("still-turned", turned, 100),
        ("no-input", without_input, 100),
        ("no-bias", without_bias, 100),
        ("bias-turned", bias_turned, 100),
        ("moves-when-right", always_moves, 100),
        ("only-weights", only_weights, 100),
        ("still-turned", always_adds, 100),
        ("moves-when-right", by_sum, 100),
        (None, double, 100),
        ("learns", step, 0),
        ("setosa-wrong", step, 50),
        ("all-wrong", step, 150),
        ("all-wrong", step, 149),
        ("learns", step, 9),
        ("first", step, 99),
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
