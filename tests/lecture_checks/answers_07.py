"""Answers to the exercises of notebook 07 beside those in the rows of its checks."""

import numpy as np

SPARSE = "sparse_categorical_crossentropy"


def one_hot(y):
    return np.eye(10)[y]


def with_keras(y):
    import keras

    return keras.utils.to_categorical(y, num_classes=10)


def without_width(y):
    import keras

    return keras.utils.to_categorical(y)


def all_rows(y):
    table = np.zeros((len(y), 10))
    table[:, y] = 1
    return table


def cross_entropy(p, y):
    return -np.log(p[np.arange(len(y)), y]).mean()


def with_loop(p, y):
    return sum(-np.log(row[label]) for row, label in zip(p, y, strict=True)) / len(y)


def in_all_classes(p, y):
    t = np.eye(10)[y]
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(axis=1).mean()


def recall(confusion):
    return np.diag(confusion) / confusion.sum(axis=1)


RIGHT = {
    "count": [(39_760, 125), (39_760.0, np.int64(125))],
    "labels": [(SPARSE, one_hot), (SPARSE.upper(), with_keras),
               (SPARSE, lambda y: [[i == k for i in range(10)] for k in y])],
    "cross_entropy": [(cross_entropy,), (with_loop,), (lambda p, y: [cross_entropy(p.astype("float32"), y)],)],
    "curves": [("B", 3, "C", "A"), ("b", 3.0, "c", "a")],
    "recall": [(recall,), (lambda confusion: confusion.diagonal() / confusion.sum(1),),
               (lambda confusion: [row[i] / sum(row) for i, row in enumerate(confusion)],)],
    "batches": [(860, 0.02, "yes"), (860.0, 2e-2, "Yes")],
}  # fmt: skip

WRONG = {
    "count": [
        (None, 784 * 60, 125),
        (None, 784 * 50 + 50 + 50 * 50 + 50 + 50 * 10 + 10, 125),  # two hidden layers
        (None, 125, 39_760),
        ("too-many", 39_760, 127),
        ("not-largest", 39_760, 12),
        (None, 39_760, 0),
    ],
    "labels": [
        ("width", SPARSE, without_width),
        (None, SPARSE, lambda y: np.zeros((len(y), 10))),
        (None, SPARSE, all_rows),
    ],
    "cross_entropy": [
        ("tenth", lambda p, y: -(np.eye(10)[y] * np.log(p)).mean()),
        ("first-only-loss", lambda p, y: -np.log(p[0, y[0]])),
        (None, lambda p, y: (1 - p[np.arange(len(y)), y]).mean()),
        (None, in_all_classes),
    ],
    "curves": [(None, "B", 1, "C", "A")],
    "recall": [
        (None, lambda confusion: np.diag(confusion) / (confusion.sum(axis=1) - np.diag(confusion))),
        (None, lambda confusion: np.diag(confusion) / 5000),
    ],
    "batches": [
        (None, 64, 0.02, "yes"),
        (None, 27, 0.02, "yes"),  # of 32 executions each
        (None, 860, 0.5, "yes"),
        (None, 860, 0.002, "yes"),  # that of Adam
        (None, 860, 0.014, "yes"),
    ],
}
