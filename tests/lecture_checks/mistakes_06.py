"""Answers to the exercises of notebook 06: right ones, and wrong ones, each after the id of its hint."""

import numpy as np

from lecture_utils.from_scratch import MLP

P, LOSS, GRADIENT = [0.125, 0.25, 0.625], 1.386, [0.125, -0.75, 0.625]
THIRDS = [1 / 3, 1 / 3, 1 / 3]
TASKS = [(3, "linear", "mse"), (1, "softplus", "mse"), (1, "logistic", "binary_cross_entropy"),
         (26, "softmax", "cross_entropy"), (5, "logistic", "binary_cross_entropy")]  # fmt: skip


def huber(loss_of, slope_of, total=np.mean):
    """A student's function, from the loss and the slope for each error."""

    def huber_delta(y, a, delta):
        error = a - y
        return total(loss_of(error, delta)), slope_of(error, delta) / error.size

    return huber_delta


def loss_right(r, delta):
    return np.where(np.abs(r) <= delta, r**2 / 2, delta * (np.abs(r) - delta / 2))


def slope_right(r, delta):
    return np.clip(r, -delta, delta)


def beyond(value):
    """The loss with another second case."""
    return huber(lambda r, delta: np.where(np.abs(r) <= delta, r**2 / 2, value(r, delta)), slope_right)


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


def of_delta_1(y, a, delta):
    return huber(loss_right, slope_right)(y, a, 1)


def small_only_wrong(r, delta):
    return np.where(np.abs(r) <= delta, 2 * r, slope_right(r, delta))


def tasks(place, task):
    """The five right answers with one of them replaced."""
    return (*TASKS[:place], task, *TASKS[place + 1 :])


def classifier(
    n_hidden=6, hidden="tanh", epochs=60, learning_rate=0.1, output="softmax", loss="cross_entropy", n_in=64
):
    def train_classifier(X, y):
        network = MLP([n_in, n_hidden, 10], hidden=hidden, output=output, loss=loss, seed=42)
        y = np.eye(10)[y] if loss != "cross_entropy" else y
        with np.errstate(all="ignore"):
            network.fit(X[:, :n_in], y, epochs=epochs, learning_rate=learning_rate)
        return network

    return train_classifier


def classifier_of_numbers(X, y):
    network = MLP([64, 6, 10], hidden="relu", output="softmax", loss="mse", seed=42)
    network.fit(X, y, epochs=30, learning_rate=0.1)
    return network


def one_output(X, y):
    return MLP([64, 6, 1], output="linear", loss="mse")


RIGHT = {
    "softmax_by_hand": [(P, LOSS, GRADIENT), (np.array([1, 2, 5]) / 8, np.log(4), np.array([1, -6, 5]) / 8)],
    "stretched": [
        ("stays", "rises", THIRDS, "rises"),
        (" Stays", "RISES", np.array([0.333, 0.333, 0.333]), "rises"),
        ("stays", "rises", [0.33, 0.33, 0.34], "rises"),
    ],
    "huber_of_delta": [(huber(loss_right, slope_right),), (by_loop,)],
    "single_softmax": [(1, 0, 0.3, "sigmoid", 2), (1.0, [0.0], 30 / 100, "Sigmoid ", 2.0)],
    "output_layers": [
        TASKS,
        ([3, "linear", "huber"], (1, "relu", "mae"), (1, "logistic", "mse"), *TASKS[3:]),
        (*TASKS[:3], [26.0, "Softmax", "cross_entropy"], (5, "logistic", "binary_cross_entropy")),
    ],
    "small_classifier": [(classifier(),), (classifier(hidden="relu", epochs=100),)],
}

WRONG = {
    "softmax_by_hand": [
        ("not-divided", [1, 2, 5], LOSS, GRADIENT),
        ("no-powers", [0, 0.301, 0.699], LOSS, GRADIENT),
        ("logistic", [0.5, 2 / 3, 5 / 6], LOSS, GRADIENT),
        ("log-10", P, 0.602, GRADIENT),
        ("no-minus", P, -1.386, GRADIENT),
        ("largest", P, 0.47, GRADIENT),
        ("all-classes", P, 3.936, GRADIENT),
        ("mean-of-classes", P, 0.462, GRADIENT),
        ("turned", P, LOSS, [-0.125, 0.75, -0.625]),
        ("by-p", P, LOSS, [0, -4, 0]),
        ("slope", P, LOSS, [0.109375, 0.1875, 0.234375]),
        ("no-label", P, LOSS, P),
        ("two-digits", [0.13, 0.25, 0.63], LOSS, GRADIENT),
        ("percent", [12.5, 25, 62.5], LOSS, GRADIENT),
        ("log-2", P, 2, GRADIENT),
        ("no-log", P, 0.25, GRADIENT),
        ("no-log", P, 0.75, GRADIENT),
        ("other-class", P, LOSS, [-0.875, 0.25, 0.625]),
        ("other-class", P, LOSS, [0.125, 0.25, -0.375]),
        ("by-classes", P, LOSS, [0.0417, -0.25, 0.2083]),
        (None, [0.1, 0.2, 0.6], LOSS, GRADIENT),
        (None, [0.2, 0.3, 0.5], LOSS, GRADIENT),
        (None, [0, 2 / 7, 5 / 7], LOSS, GRADIENT),
        (None, P, 2.079, GRADIENT),
        (None, P, LOSS, [0.125, -0.25, 0.125]),
    ],
    "stretched": [
        ("added-moves", "rises", "rises", THIRDS, "rises"),
        ("added-moves", "falls", "rises", THIRDS, "rises"),
        ("only-shift", "stays", "stays", THIRDS, "rises"),
        ("softer", "stays", "falls", THIRDS, "rises"),
        ("zeros", "stays", "rises", [0, 0, 0], "rises"),
        ("ones", "stays", "rises", [1, 1, 1], "rises"),
        ("sure", "stays", "rises", [1, 0, 0], "rises"),
        ("as-before", "stays", "rises", [0.665, 0.245, 0.09], "rises"),
        ("surer", "stays", "rises", THIRDS, "falls"),
        ("same-order", "stays", "rises", THIRDS, "stays"),
        (None, "stays", "rises", [0.5, 0.5, 0.5], "rises"),
        (None, "stays", "rises", [0.3, 0.3, 0.3], "rises"),
    ],
    "huber_of_delta": [
        ("each", huber(loss_right, slope_right, total=lambda losses: losses)),
        ("sum", huber(loss_right, slope_right, total=np.sum)),
        ("delta-ignored", of_delta_1),
        ("quadratic", huber(lambda r, delta: r**2 / 2, slope_right)),
        ("quadratic", huber(lambda r, delta: r**2, lambda r, delta: 2 * r)),
        ("no-half", huber(lambda r, d: np.where(abs(r) <= d, r**2, d * (abs(r) - d / 2)), slope_right)),
        ("no-factor", beyond(lambda r, delta: np.abs(r) - delta / 2)),
        ("half-of-1", beyond(lambda r, delta: delta * (np.abs(r) - 1 / 2))),
        ("negative-errors", beyond(lambda r, delta: delta * (r - delta / 2))),
        ("cases-crossed", huber(lambda r, d: np.where(abs(r) > d, r**2 / 2, d * (abs(r) - d / 2)), slope_right)),
        ("not-divided", huber(loss_right, lambda r, delta: slope_right(r, delta) * r.size)),
        ("turned", huber(loss_right, lambda r, delta: -slope_right(r, delta))),
        ("cut-at-1", huber(loss_right, lambda r, delta: np.clip(r, -1, 1))),
        ("sign-only", huber(loss_right, lambda r, delta: np.where(np.abs(r) <= delta, r, np.sign(r)))),
        ("not-cut", huber(loss_right, lambda r, delta: r)),
        ("sign-lost", huber(loss_right, lambda r, delta: np.where(np.abs(r) <= delta, r, delta))),
        ("large-below", huber(lambda r, d: np.where(r <= d, r**2 / 2, d * (abs(r) - d / 2)), slope_right)),
        ("no-square", huber(lambda r, d: np.where(abs(r) <= d, abs(r) / 2, d * (abs(r) - d / 2)), slope_right)),
        ("twice", huber(loss_right, small_only_wrong)),
        ("cut-at-0", huber(loss_right, lambda r, delta: np.clip(r, 0, delta))),
        (None, beyond(lambda r, delta: np.abs(r))),
        (None, huber(loss_right, lambda r, delta: slope_right(r, delta) * r.size / 3)),
    ],
    "single_softmax": [
        ("logistic", 0.953, 0, 0.3, "sigmoid", 2),
        ("not-divided", 20.09, 0, 0.3, "sigmoid", 2),
        ("logit", 3, 0, 0.3, "sigmoid", 2),
        ("logistic-slope", 1, 0.045, 0.3, "sigmoid", 2),
        ("slope-one", 1, 1, 0.3, "sigmoid", 2),
        ("other-class", 1, 0, 0.7, "sigmoid", 2),
        ("coin", 1, 0, 0.5, "sigmoid", 2),
        ("all-right", 1, 0, 1, "sigmoid", 2),
        ("count", 1, 0, 30, "sigmoid", 2),
        ("keras-name", 1, 0, 0.3, "logistic", 2),
        ("still-softmax", 1, 0, 0.3, "softmax", 2),
        ("no-probability", 1, 0, 0.3, "linear", 2),
        ("no-probability", 1, 0, 0.3, "relu", 2),
        ("still-one", 1, 0, 0.3, "sigmoid", 1),
        (None, 0.5, 0, 0.3, "sigmoid", 2),
        (None, 1, 0.5, 0.3, "sigmoid", 2),
        (None, 1, 0, 0, "sigmoid", 2),
        (None, 1, 0, 0.3, "sigmoid", 10),
    ],
    "output_layers": [
        ("one-number", *tasks(0, (1, "linear", "mse"))),
        ("frost", *tasks(0, (3, "softplus", "mse"))),
        ("bounded", *tasks(0, (3, "logistic", "mse"))),
        ("class-loss", *tasks(0, (3, "linear", "cross_entropy"))),
        (None, *tasks(0, (6, "linear", "mse"))),
        ("negative-time", *tasks(1, (1, "linear", "mse"))),
        ("no-upper-end", *tasks(1, (1, "logistic", "mse"))),
        ("time-is-no-class", *tasks(1, (1, "softplus", "binary_cross_entropy"))),
        (None, *tasks(1, (60, "softplus", "mse"))),
        ("rest", *tasks(2, (2, "softmax", "cross_entropy"))),
        ("share", *tasks(2, (1, "linear", "mse"))),
        ("share", *tasks(2, (1, "relu", "mse"))),
        ("softmax-alone", *tasks(2, (1, "softmax", "cross_entropy"))),
        ("one-output", *tasks(2, (1, "logistic", "cross_entropy"))),
        (None, *tasks(2, (2, "logistic", "binary_cross_entropy"))),
        ("letter-number", *tasks(3, (1, "linear", "mse"))),
        ("exclusive", *tasks(3, (26, "logistic", "binary_cross_entropy"))),
        ("no-probabilities", *tasks(3, (26, "linear", "cross_entropy"))),
        ("squared", *tasks(3, (26, "softmax", "mse"))),
        ("binary", *tasks(3, (26, "softmax", "binary_cross_entropy"))),
        (None, *tasks(3, (25, "softmax", "cross_entropy"))),
        ("combinations", *tasks(4, (32, "softmax", "cross_entropy"))),
        ("several", *tasks(4, (5, "softmax", "cross_entropy"))),
        ("genre-range", *tasks(4, (5, "linear", "mse"))),
        ("one-class-loss", *tasks(4, (5, "logistic", "cross_entropy"))),
        ("surely-wrong", *tasks(4, (5, "logistic", "mse"))),
        ("bounded", *tasks(0, (3, "softmax", "mse"))),
        ("no-upper-end", *tasks(1, (60, "softmax", "cross_entropy"))),
        ("rest", *tasks(2, (2, "softmax", "mse"))),
        ("letter-number", *tasks(3, (1, "softmax", "cross_entropy"))),
        ("several", *tasks(4, (6, "softmax", "cross_entropy"))),
        (None, *tasks(4, (1, "logistic", "binary_cross_entropy"))),
        (None, *tasks(4, (6, "logistic", "binary_cross_entropy"))),
    ],
    "small_classifier": [
        ("outputs", one_output),
        ("many", classifier(n_hidden=7)),
        ("output", classifier(output="logistic")),
        ("loss", classifier(loss="binary_cross_entropy")),
        ("exploded", classifier(hidden="linear", learning_rate=1e6, epochs=90)),
        ("wild", classifier(hidden="relu", learning_rate=5, epochs=5)),
        ("wild", classifier(learning_rate=5)),
        ("stuck", classifier(hidden="relu", learning_rate=1)),
        ("short", classifier(epochs=3)),
        ("narrow", classifier(n_hidden=2)),
        ("short", classifier(hidden="relu", epochs=10)),
        ("labels", classifier_of_numbers),
        ("too-long", classifier(epochs=1_000_000)),
        (None, classifier(n_in=20)),
    ],
}
