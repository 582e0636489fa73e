"""Answers to the exercises of notebook 14 beside those in the rows of its checks.

Functions that a cluster is to pack are made within functions, so that they travel by value, as those of a notebook do.
"""

import heapq

import numpy as np
from sklearn.preprocessing import StandardScaler

from lecture_checks.notebook_14 import score_from, seeded, simulator
from lecture_utils import datasets

THREADS = ("start-up", "threads", "data")
HOUSING = datasets.load_california_housing().data
MEAN, STD = HOUSING.mean(axis=0), HOUSING.std(axis=0)


def scaled_by(mean, std):
    """As in a notebook: a function that names two small arrays outside of itself."""

    def scaled(rows):
        return (rows - mean) / std

    return scaled


def scaled_by_scaler():
    scaler = StandardScaler().fit(HOUSING)

    def scaled(rows):
        return scaler.transform(rows)

    return scaled


def scaled_by_name(rows):
    housing = datasets.load_california_housing().data  # by name: each worker reads its own file
    return (rows - housing.mean(axis=0)) / housing.std(axis=0)


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


def reversed_loop(seconds, p, rng):
    total = seconds
    while rng.random() > p:
        total += seconds / 2
    return total


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


def by_geometric(seconds, p, rng):
    return seconds * (1 + (rng.geometric(1 - p) - 1) / 2)


def only_one_worker(n_workers, task_seconds, p, rng):
    if n_workers > 1 and p > 0:
        return sum(task_seconds)
    return simulator()(n_workers, task_seconds, p, rng)


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


LIGHT, SEEDED = scaled_by(MEAN, STD), score_from(seeded)

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
        (simulator(), 100 / 18),
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
        ("shared-evenly", 10, 10, [6, 3, 3, 4, 4]),
        (None, 12, 11, [6, 3, 3, 4, 4]),
        (None, 13, 12, [6, 3, 3, 4, 4]),
        ("other-tasks", 13, 11, [5, 1, 2, 3, 4]),
        (None, 13, 11, [6, 3, 4, 3, 4]),
    ],
    "suspects": [
        ("no-start", *THREADS, 240 / (120 + 11), 23),
        (None, *THREADS, 1.5, 22),
        (None, *THREADS, 1.71, 23),
    ],
    "travels": [
        (None, scaled_by(MEAN, 1), 1.32, 79.26),
        ("two-to-the-20", LIGHT, 1.26, 75.6),
        (None, LIGHT, 5.28, 79.26),
        (None, LIGHT, 1.32, 1.32 * 31),
        (None, LIGHT, 1.32, 100),
    ],
    "same_scores": [
        ("one-stream", score_from(counting()), 1),
        ("one-stream", score_from(seeded_elsewhere(np.random.default_rng(42))), 1),
        ("no-seed", score_from(from_global_numpy), 1),
        (None, score_from(seeded, steps=2), 1),
        (None, weight_in_the_loop, 1),
        (None, lambda learning_rate, fold: 0.0, 1),
        (None, SEEDED, 4),
        (None, SEEDED, 5),
    ],
    "accidents": [
        (None, simulator(lambda s, p, rng: 2 * s), 5.56),
        ("only-once", simulator(overwritten), 5.56),
        ("growing", simulator(half_of_the_total), 5.56),
        ("turned", simulator(reversed_loop), 5.56),
        (None, simulator(lambda s, p, rng: 3 * s if rng.random() < p else s), 5.56),
        (None, only_one_worker, 5.56),
        (None, simulator(), 7),
    ],
    "fifty_times": [
        (None, 1.03, "start-up", "start_up", 0),  # overhead and start-up have changed places
        (None, 50, "start-up", "start_up", 0),
        (None, 15.07, "start-up", "start_up", 30),
        (None, 15.07, "start-up", "start_up", 10),
        (None, 15.07, "start-up", "n_fits", 2000),
        (None, 15.07, "start-up", "n_fits", 600),
    ],
}
