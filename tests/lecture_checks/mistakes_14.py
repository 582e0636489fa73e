"""Answers to the exercises of notebook 14: right ones, and wrong ones, each after the id of its hint.

Functions that a cluster is to pack are made within functions, so that they travel by value, as those of a notebook do.
"""

import heapq

import numpy as np
from sklearn.preprocessing import StandardScaler

from lecture_utils import datasets

THREADS = ("start-up", "threads", "data")


def scaled_by(mean, std):
    """As in a notebook: a function that names two small arrays outside of itself."""

    def scaled(rows):
        return (rows - mean) / std

    return scaled


def scaled_with(housing):
    """The broken one: it names all rows."""

    def scaled(rows):
        return (rows - housing.mean(axis=0)) / housing.std(axis=0)

    return scaled


def half_repaired(housing, mean):
    def scaled(rows):
        return (rows - mean) / housing.std(axis=0)

    return scaled


def scaled_by_scaler():
    scaler = StandardScaler().fit(HOUSING)

    def scaled(rows):
        return scaler.transform(rows)

    return scaled


def scaled_by_name(rows):
    housing = datasets.load_california_housing().data  # by name: each worker reads its own file
    return (rows - housing.mean(axis=0)) / housing.std(axis=0)


HOUSING = datasets.load_california_housing().data
MEAN, STD = HOUSING.mean(axis=0), HOUSING.std(axis=0)
LIGHT = scaled_by(MEAN, STD)


def score_from(first_weight, steps=20):
    """A score(learning_rate, fold) whose first weight comes from first_weight(learning_rate, fold)."""

    def score(learning_rate, fold):
        w = first_weight(learning_rate, fold)
        for _ in range(steps):
            w -= learning_rate * 2 * (w - fold)
        return -((w - fold) ** 2)

    return score


def shared(rng):
    return lambda rate, fold: rng.normal()


def from_global_numpy(rate, fold):
    return np.random.normal()


def counting():
    n = [0]

    def first_weight(rate, fold):
        n[0] += 1
        return np.random.default_rng(n[0]).normal()

    return first_weight


def weight_in_the_loop(learning_rate, fold):
    for _ in range(20):
        w = np.random.default_rng(42).normal()
        w -= learning_rate * 2 * (w - fold)
    return -((w - fold) ** 2)


def seeded_elsewhere(rng):
    """It seeds NumPy's global generator, but draws from another one."""

    def first_weight(rate, fold):
        np.random.seed(42)
        return rng.normal()

    return first_weight


def from_legacy_seed(rate, fold):
    np.random.seed(42)
    return np.random.normal()


def drawn_once():
    first = np.random.default_rng(42).normal()
    return lambda rate, fold: first


SEEDED = score_from(lambda rate, fold: np.random.default_rng(42).normal())


def simulator(attempts, again=True):
    """A simulate_with_accidents in which a task takes attempts(seconds, p, rng)."""

    def simulate_with_accidents(n_workers, task_seconds, p, rng):
        ready = [0.0] * n_workers
        for seconds in task_seconds:
            heapq.heapreplace(ready, ready[0] + attempts(seconds, p, rng))
        return max(ready)

    return simulate_with_accidents


def half_and_again(seconds, p, rng):
    total = seconds
    while rng.random() < p:
        total += seconds / 2
    return total


def reversed_loop(seconds, p, rng):
    total = seconds
    while rng.random() > p:
        total += seconds / 2
    return total


def without_the_last(seconds, p, rng):
    return half_and_again(seconds, p, rng) - seconds


def overwritten(seconds, p, rng):
    total = seconds
    while rng.random() < p:
        total = seconds / 2 + seconds
    return total


def half_of_the_total(seconds, p, rng):
    total = seconds
    while rng.random() < p:
        total += total / 2
    return total


def whole_and_again(seconds, p, rng):
    return seconds * rng.geometric(1 - p)


def by_geometric(seconds, p, rng):
    return seconds * (1 + (rng.geometric(1 - p) - 1) / 2)


def turned(seconds, p, rng):
    return half_and_again(seconds, 1 - p if p else 0, rng)


def only_one_worker(n_workers, task_seconds, p, rng):
    if n_workers > 1 and p > 0:
        return sum(task_seconds)
    return RIGHT["accidents"][0][0](n_workers, task_seconds, p, rng)


def lost_in_the_queue(n_workers, task_seconds, p, rng):
    """A task that fails is put behind all others."""
    ready, left = [0.0] * n_workers, list(task_seconds)
    while left:
        seconds = left.pop(0)
        failed = rng.random() < p
        heapq.heapreplace(ready, ready[0] + seconds * (0.5 if failed else 1))
        if failed:
            left.append(seconds)
    return max(ready)


RIGHT = {
    "orders": [
        (13, 11, [6, 3, 3, 4, 4]),
        (13, 11, [3, 6, 4, 4, 3]),
        (13.0, np.int64(11), (3, 6, 3, 4, 4)),
        (13, 11, np.array([4, 3, 3, 6, 4])),
    ],
    "suspects": [(*THREADS, 240 / 140, 22), ("Start-up", " threads", "DATA", 1.71, 22.0)],
    "travels": [
        (LIGHT, 1.32, 79.26),
        (scaled_by_scaler(), 1.32096, 79.2576),
        (scaled_by_name, [1.3], 79),
        (lambda rows, mean=MEAN, std=STD: (rows - mean) / std, 1.32, 79.2),
        (scaled_by(MEAN.astype("float32"), HOUSING.std(axis=0, ddof=1)), 1.32, 79.3),
    ],
    "same_scores": [
        (SEEDED, 1),
        (score_from(lambda rate, fold: np.random.default_rng([7, fold]).normal()), 1.0),
        (score_from(lambda rate, fold: np.random.RandomState(0).normal()), 1),
        (score_from(drawn_once()), 1),
        (score_from(from_legacy_seed), [1]),
    ],
    "accidents": [
        (simulator(half_and_again), 100 / 18),
        (simulator(by_geometric), 5.6),
        (lost_in_the_queue, 5.4),
    ],
    "fifty_times": [
        (15.07, "start-up", "start_up", 0),
        (15.1, "Start-up", "start_up", 5.0),
        (14.7, "start-up", "fit_seconds", 20),
        (15, "start-up", "n_fits", 5000.0),
        (15.066, "start-up", "fit_seconds", 30),
    ],
}

WRONG = {
    "orders": [
        ("swapped", 11, 13, [6, 3, 3, 4, 4]),
        ("one-worker", 20, 20, [6, 3, 3, 4, 4]),
        ("shared-evenly", 10, 10, [6, 3, 3, 4, 4]),
        ("shared-evenly", 10, 11, [6, 3, 3, 4, 4]),
        ("last-begins", 7, 8, [6, 3, 3, 4, 4]),
        ("last-begins", 13, 8, [6, 3, 3, 4, 4]),
        (None, 12, 11, [6, 3, 3, 4, 4]),
        ("even-again", 13, 10, [6, 3, 3, 4, 4]),
        ("in-turn", 13, 13, [6, 3, 3, 4, 4]),
        (None, 13, 12, [6, 3, 3, 4, 4]),
        ("other-tasks", 13, 11, [6, 4, 4, 3, 4]),
        ("other-tasks", 13, 11, [5, 1, 2, 3, 4]),
        ("known-order", 13, 11, [6, 4, 4, 3, 3]),
        ("known-order", 13, 11, [3, 3, 4, 4, 6]),
        ("long-last", 13, 11, [3, 4, 4, 3, 6]),
        (None, 13, 11, [6, 3, 4, 3, 4]),
    ],
    "suspects": [
        ("a-warm", "threads", "threads", "data", 1.71, 22),
        ("still-slow", "start-up", "start-up", "start-up", 1.71, 22),
        ("still-slow", "start-up", "start-up", "data", 1.71, 22),
        ("still-slow", "start-up", "threads", "start-up", 1.71, 22),
        ("b-and-c", "start-up", "data", "threads", 1.71, 22),
        ("b-data", "start-up", "data", "data", 1.71, 22),
        ("c-threads", "start-up", "threads", "threads", 1.71, 22),
        ("start-ten-times", *THREADS, 1.043, 22),
        ("no-start", *THREADS, 1.846, 22),
        ("no-start", *THREADS, 240 / (120 + 10), 20),
        ("no-start", *THREADS, 240 / (120 + 11), 23),
        ("seconds", *THREADS, 140, 22),
        ("ideal", *THREADS, 2, 22),
        ("upside-down", *THREADS, 0.583, 22),
        (None, *THREADS, 1.5, 22),
        ("start-in-fits", *THREADS, 1.71, 10),
        ("halved", *THREADS, 1.71, 20),
        ("one-short", *THREADS, 1.71, 21),
        ("not-the-gain", *THREADS, 1.71, 18),
        ("not-the-gain", *THREADS, 1.71, 19),
        ("from-table", *THREADS, 1.71, 24),
        (None, *THREADS, 1.71, 23),
    ],
    "travels": [
        ("still-travels", scaled_with(HOUSING), 1.32, 79.26),
        ("still-travels", lambda rows, housing=HOUSING: scaled_with(housing)(rows), 1.32, 79.26),
        ("still-travels", half_repaired(HOUSING, MEAN), 1.32, 79.26),
        ("smaller", scaled_with(HOUSING.astype("float32")), 1.32, 79.26),
        ("own-ruler", lambda rows: (rows - rows.mean(axis=0)) / rows.std(axis=0), 1.32, 79.26),
        ("unscaled", lambda rows: rows, 1.32, 79.26),
        ("variance", scaled_by(MEAN, STD**2), 1.32, 79.26),
        ("one-for-all", scaled_by(HOUSING.mean(), HOUSING.std()), 1.32, 79.26),
        (None, scaled_by(MEAN, 1), 1.32, 79.26),
        ("numbers", LIGHT, 0.165, 9.9),
        ("four-bytes", LIGHT, 0.66, 39.6),
        ("bits", LIGHT, 10.57, 634),
        ("unit", LIGHT, 1320.96, 79.26),
        ("unit", LIGHT, 1_320_960, 79.26),
        ("two-to-the-20", LIGHT, 1.26, 75.6),
        ("both-trips", LIGHT, 2.64, 79.26),
        (None, LIGHT, 5.28, 79.26),
        ("one-way", LIGHT, 1.32, 39.63),
        ("folds", LIGHT, 1.32, 26.4),
        ("folds", LIGHT, 1.32, 13.2),
        ("once", LIGHT, 1.32, 1.32),
        ("per-worker", LIGHT, 1.32, 5.28),
        ("all-workers", LIGHT, 1.32, 158.5),
        (None, LIGHT, 1.32, 1.32 * 31),
        (None, LIGHT, 1.32, 100),
    ],
    "same_scores": [
        ("one-stream", score_from(shared(np.random.default_rng(42))), 1),
        ("one-stream", score_from(counting()), 1),
        ("one-stream", score_from(seeded_elsewhere(np.random.default_rng(42))), 1),
        ("no-seed", score_from(lambda rate, fold: np.random.default_rng().normal()), 1),
        ("no-seed", score_from(from_global_numpy), 1),
        ("no-chance", score_from(lambda rate, fold: 0.0), 1),
        (None, score_from(lambda rate, fold: np.random.default_rng(42).normal(), steps=2), 1),
        (None, weight_in_the_loop, 1),
        (None, lambda learning_rate, fold: 0.0, 1),
        ("sign", lambda learning_rate, fold: -SEEDED(learning_rate, fold), 1),
        ("all", SEEDED, 6),
        ("none", SEEDED, 0),
        ("each-worker", SEEDED, 2),
        ("half", SEEDED, 3),
        (None, SEEDED, 4),
        (None, SEEDED, 5),
    ],
    "accidents": [
        (None, simulator(lambda seconds, p, rng: 2 * seconds), 5.56),
        ("no-accident", simulator(lambda seconds, p, rng: seconds), 5.56),
        ("not-again", simulator(lambda s, p, rng: s / 2 if rng.random() < p else s), 5.56),
        ("only-once", simulator(lambda s, p, rng: 1.5 * s if rng.random() < p else s), 5.56),
        ("only-once", simulator(overwritten), 5.56),
        ("only-once", simulator(lambda s, p, rng: s + s / 2 * (rng.random() < p)), 10),
        ("growing", simulator(half_of_the_total), 5.56),
        ("no-success", simulator(without_the_last), 5.56),
        ("only-once-whole", simulator(lambda s, p, rng: 2 * s if rng.random() < p else s), 10),
        ("whole", simulator(whole_and_again), 11.1),
        ("turned", simulator(turned), 5.56),
        ("turned", simulator(reversed_loop), 5.56),
        (None, simulator(lambda s, p, rng: 3 * s if rng.random() < p else s), 5.56),
        ("average", simulator(lambda s, p, rng: s * (1 + p / 2)), 5.56),
        ("average", simulator(lambda s, p, rng: s * (1 + 0.5 * p / (1 - p))), 5.56),
        (None, only_one_worker, 5.56),
        ("ten", simulator(half_and_again), 10),
        ("five", simulator(half_and_again), 5),
        ("eleven", simulator(half_and_again), 11.1),
        ("ratio", simulator(half_and_again), 1.0556),
        ("ratio", simulator(half_and_again), 105.6),
        ("share", simulator(half_and_again), 0.0556),
        ("rounded", simulator(half_and_again), 6),
        (None, simulator(half_and_again), 7),
    ],
    "fifty_times": [
        ("no-start", 95.3, "start-up", "start_up", 0),
        ("start-of-one", 14.2, "start-up", "start_up", 0),
        ("ideal", 100, "start-up", "start_up", 0),
        ("upside-down", 0.0664, "start-up", "start_up", 0),
        ("seconds", 70.5, "start-up", "start_up", 0),
        ("milliseconds", 3560 / 2562, "start-up", "start_up", 0),
        (None, 1.03, "start-up", "start_up", 0),  # overhead and start-up have changed places
        (None, 50, "start-up", "start_up", 0),
        ("limit-scheduler", 15.07, "scheduler", "start_up", 0),
        ("limit-fit", 15.07, "longest fit", "start_up", 0),
        ("limit-number", 15.07, "number of fits", "start_up", 0),
        ("workers", 15.07, "start-up", "n_workers", 1000),
        ("overhead", 15.07, "start-up", "overhead", 0),
        ("less-work", 15.07, "start-up", "n_fits", 100),
        ("less-work", 15.07, "start-up", "fit_seconds", 1),
        ("slower-start", 15.07, "start-up", "start_up", 600),
        (None, 15.07, "start-up", "start_up", 30),
        (None, 15.07, "start-up", "start_up", 10),
        (None, 15.07, "start-up", "n_fits", 2000),
        (None, 15.07, "start-up", "n_fits", 600),
    ],
}
