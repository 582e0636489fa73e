"""Answers to the exercises of notebook 06 beside those in the rows of its checks."""

import numpy as np

from lecture_utils.from_scratch import MLP

P, LOSS, GRADIENT = [0.125, 0.25, 0.625], 1.386, [0.125, -0.75, 0.625]
THIRDS = [1 / 3, 1 / 3, 1 / 3]
TASKS = [(3, "linear", "mse"), (1, "softplus", "mse"), (1, "logistic", "binary_cross_entropy"),
         (26, "softmax", "cross_entropy"), (5, "logistic", "binary_cross_entropy")]  # fmt: skip


def by_hand(y, a, delta):
    r, large = a - y, np.abs(a - y) > delta
    return np.mean(r**2 / 2 - large * (np.abs(r) - delta) ** 2 / 2), np.clip(r, -delta, delta) / len(y)


def by_loop(y, a, delta):
    losses, slopes = [], []
    for error in a - y:
        if abs(error) <= delta:
            losses.append(error**2 / 2)
            slopes.append(error / len(y))
        else:
            losses.append(delta * abs(error) - delta**2 / 2)
            slopes.append(delta * np.sign(error) / len(y))
    return [np.array([sum(losses) / len(y)]), slopes]


def tasks(place, task):
    """The five right answers with one of them replaced."""
    return (*TASKS[:place], task, *TASKS[place + 1 :])


def classifier(n_hidden=6, hidden="tanh", epochs=60, learning_rate=0.1, loss="cross_entropy", n_in=64):
    def train_classifier(X, y):
        network = MLP([n_in, n_hidden, 10], hidden=hidden, output="softmax", loss=loss, seed=42)
        with np.errstate(all="ignore"):
            network.fit(X[:, :n_in], y, epochs=epochs, learning_rate=learning_rate)
        return network

    return train_classifier


RIGHT = {
    "softmax_by_hand": [(P, LOSS, GRADIENT), (np.array([1, 2, 5]) / 8, np.log(4), np.array([1, -6, 5]) / 8)],
    "stretched": [("stays", "rises", THIRDS, "rises"), (" Stays", "RISES", np.array([0.333, 0.333, 0.333]), "rises"),
                  ("stays", "rises", [0.33, 0.33, 0.34], "rises")],
    "huber_of_delta": [(by_hand,), (by_loop,)],
    "single_softmax": [(1, 0, 0.3, "sigmoid", 2), (1.0, [0.0], 30 / 100, "Sigmoid ", 2.0)],
    "output_layers": [
        TASKS,
        ([3, "linear", "huber"], (1, "relu", "mae"), (1, "logistic", "mse"), *TASKS[3:]),
        (*TASKS[:3], [26.0, "Softmax", "cross_entropy"], (5, "logistic", "binary_cross_entropy")),
    ],
    "small_classifier": [(classifier(),), (classifier(hidden="relu", epochs=100),)],
}  # fmt: skip

WRONG = {
    "softmax_by_hand": [
        ("no-powers", [0, 0.301, 0.699], LOSS, GRADIENT),
        ("log-10", P, 0.602, GRADIENT),
        ("by-classes", P, LOSS, [0.0417, -0.25, 0.2083]),
        (None, [0.1, 0.2, 0.6], LOSS, GRADIENT),
        (None, [0.2, 0.3, 0.5], LOSS, GRADIENT),
        (None, [0, 2 / 7, 5 / 7], LOSS, GRADIENT),
        (None, P, 2.079, GRADIENT),
        (None, P, LOSS, [0.125, -0.25, 0.125]),
    ],
    "stretched": [
        ("as-before", "stays", "rises", [0.665, 0.245, 0.09], "rises"),
        (None, "stays", "rises", [0.5, 0.5, 0.5], "rises"),
        (None, "stays", "rises", [0.3, 0.3, 0.3], "rises"),
    ],
    "huber_of_delta": [
        (None, lambda y, a, delta: (np.abs(a - y).mean(), by_hand(y, a, delta)[1])),
        (None, lambda y, a, delta: (by_hand(y, a, delta)[0], by_hand(y, a, delta)[1] * len(y) / 3)),
    ],
    "single_softmax": [
        ("logistic", 0.953, 0, 0.3, "sigmoid", 2),
        ("not-divided", 20.09, 0, 0.3, "sigmoid", 2),
        ("logistic-slope", 1, 0.045, 0.3, "sigmoid", 2),
        (None, 0.5, 0, 0.3, "sigmoid", 2),
        (None, 1, 0.5, 0.3, "sigmoid", 2),
        (None, 1, 0, 0, "sigmoid", 2),
        (None, 1, 0, 0.3, "sigmoid", 10),
    ],
    "output_layers": [
        ("bounded", *tasks(0, (3, "softmax", "mse"))),
        (None, *tasks(0, (6, "linear", "mse"))),
        ("no-upper-end", *tasks(1, (60, "softmax", "cross_entropy"))),
        (None, *tasks(1, (60, "softplus", "mse"))),
        ("rest", *tasks(2, (2, "softmax", "mse"))),
        ("share", *tasks(2, (1, "relu", "mse"))),
        (None, *tasks(2, (2, "logistic", "binary_cross_entropy"))),
        ("letter-number", *tasks(3, (1, "softmax", "cross_entropy"))),
        (None, *tasks(3, (25, "softmax", "cross_entropy"))),
        ("several", *tasks(4, (6, "softmax", "cross_entropy"))),
        (None, *tasks(4, (1, "logistic", "binary_cross_entropy"))),
        (None, *tasks(4, (6, "logistic", "binary_cross_entropy"))),
    ],
    "small_classifier": [
        ("exploded", classifier(hidden="linear", learning_rate=1e6, epochs=90)),
        ("wild", classifier(hidden="relu", learning_rate=5, epochs=5)),
        ("wild", classifier(learning_rate=5)),
        ("stuck", classifier(hidden="relu", learning_rate=1)),
        ("short", classifier(epochs=3)),
        ("short", classifier(hidden="relu", epochs=10)),
        ("narrow", classifier(n_hidden=2)),
        ("labels", classifier(loss="mse")),
        ("too-long", classifier(epochs=1_000_000)),
        (None, classifier(n_in=20)),
    ],
}
