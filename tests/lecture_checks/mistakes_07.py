"""Answers to the exercises of notebook 07: right ones, and wrong ones, each after the id of its hint."""

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


def first_row(y):
    table = np.zeros((len(y), 10))
    for row, label in zip(table, y, strict=True):
        row[label] = 1
        return table


def all_rows(y):
    table = np.zeros((len(y), 10))
    table[:, y] = 1
    return table


def cross_entropy(p, y):
    return -np.log(p[np.arange(len(y)), y]).mean()


def with_loop(p, y):
    return sum(-np.log(row[label]) for row, label in zip(p, y, strict=True)) / len(y)


def chosen(p, y):
    return p[np.arange(len(y)), y]


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
        ("no-biases", 39_700, 125),
        ("no-output", 39_250, 125),
        ("input-biases", 40_544, 125),
        ("bias-per-layer", 784 * 50 + 1 + 50 * 10 + 1, 125),
        ("some-biases", 39_750, 125),
        ("some-biases", 784 * 50 + 50 * 10 + 10, 125),
        (None, 784 * 60, 125),
        (None, 784 * 50 + 50 + 50 * 50 + 50 + 50 * 10 + 10, 125),  # two hidden layers
        (None, 125, 39_760),
        ("too-many", 39_760, 126),
        ("too-many", 39_760, 127),
        ("not-largest", 39_760, 124),
        ("not-largest", 39_760, 12),
        (None, 39_760, 0),
    ],
    "labels": [
        ("as-it-was", "categorical_crossentropy", one_hot),
        ("binary", "binary_crossentropy", one_hot),
        ("squares", "mean_squared_error", one_hot),
        ("width", SPARSE, without_width),
        ("width", SPARSE, lambda y: np.eye(y.max() + 1)[y]),
        ("turned", SPARSE, lambda y: np.eye(10)[:, y]),
        ("inverted", SPARSE, lambda y: 1 - np.eye(10)[y]),
        ("from-1", SPARSE, lambda y: np.eye(10)[y - 1]),
        (None, SPARSE, lambda y: np.zeros((len(y), 10))),
        (None, SPARSE, all_rows),
        ("first-only", SPARSE, first_row),
    ],
    "cross_entropy": [
        ("each", lambda p, y: -np.log(chosen(p, y))),
        ("sign", lambda p, y: np.log(chosen(p, y)).mean()),
        ("sum", lambda p, y: -np.log(chosen(p, y)).sum()),
        ("log-of-mean", lambda p, y: -np.log(chosen(p, y).mean())),
        ("all-classes", lambda p, y: -np.log(p).mean()),
        ("largest", lambda p, y: -np.log(p.max(axis=1)).mean()),
        ("base", lambda p, y: -np.log10(chosen(p, y)).mean()),
        ("base", lambda p, y: -np.log2(chosen(p, y)).mean()),
        ("largest", lambda p, y: -np.log(p[np.arange(len(y)), p.argmax(axis=1)]).mean()),
        ("all-pairs", lambda p, y: -np.log(p[:, y]).mean()),
        ("rows", lambda p, y: -np.log(p[y]).mean()),
        ("tenth", lambda p, y: -(np.eye(10)[y] * np.log(p)).mean()),
        ("from-1", lambda p, y: -np.log(chosen(p, y - 1)).mean()),
        ("first-only-loss", lambda p, y: -np.log(p[0, y[0]]) / len(y)),
        ("first-only-loss", lambda p, y: -np.log(p[0, y[0]])),
        ("first-three", lambda p, y: -np.log(p[np.arange(3), y[:3]]).mean()),
        (None, lambda p, y: (1 - chosen(p, y)).mean()),
        (None, in_all_classes),
    ],
    "curves": [
        ("good-run", "A", 3, "C", "A"),
        ("equal", "C", 3, "C", "A"),
        ("training-loss", "B", 5, "C", "A"),
        ("from-0", "B", 2, "C", "A"),
        ("too-late", "B", 4, "C", "A"),
        (None, "B", 1, "C", "A"),
        ("learns", "B", 3, "A", "A"),
        ("not-on", "B", 3, "C", "B"),
        ("not-on", "B", 3, "C", "C"),
    ],
    "recall": [
        ("accuracy", lambda confusion: np.trace(confusion) / confusion.sum()),
        ("mean", lambda confusion: recall(confusion).mean()),
        ("lowest", lambda confusion: recall(confusion).argmin()),
        ("columns", lambda confusion: np.diag(confusion) / confusion.sum(axis=0)),
        ("all", lambda confusion: np.diag(confusion) / confusion.sum()),
        ("counts", lambda confusion: np.diag(confusion)),
        ("missed", lambda confusion: 1 - recall(confusion)),
        ("table", lambda confusion: confusion / confusion.sum(axis=1)),
        ("table", lambda confusion: confusion / confusion.sum(axis=1, keepdims=True)),
        ("row-max", lambda confusion: confusion.max(axis=1) / confusion.sum(axis=1)),
        ("percent", lambda confusion: 100 * recall(confusion)),
        ("zeros", lambda confusion: np.diag(confusion) // confusion.sum(axis=1)),
        ("rounded", lambda confusion: recall(confusion).round(2)),
        (None, lambda confusion: np.diag(confusion) / (confusion.sum(axis=1) - np.diag(confusion))),
        (None, lambda confusion: np.diag(confusion) / 5000),
    ],
    "batches": [
        ("left-over", 859, 0.02, "yes"),
        ("old-batch", 1719, 0.02, "yes"),
        ("all-pictures", 938, 0.02, "yes"),
        (None, 64, 0.02, "yes"),
        (None, 27, 0.02, "yes"),  # of 32 executions each
        ("shorter", 860, 0.005, "yes"),
        ("unchanged", 860, 0.01, "yes"),
        ("of-256", 860, 0.08, "yes"),
        (None, 860, 0.5, "yes"),
        (None, 860, 0.002, "yes"),  # that of Adam
        (None, 860, 0.014, "yes"),
        ("per-execution", 860, 0.02, "no"),
    ],
}
