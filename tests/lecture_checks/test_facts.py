"""What the checks and the solutions of the exercises state as facts, computed."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris


def perceptron_on_iris(step: float, epochs: int, W=None) -> tuple[np.ndarray, np.ndarray]:
    """The loop of notebook 02, section 3, with its flowers: mistakes (epochs, 3), and weights and biases (3, 3)."""
    iris = load_iris()
    order = np.random.default_rng(160).permutation(150)
    X = np.column_stack([iris.data[order][:, 2:4], np.ones(150)])
    Y = np.eye(3, dtype=int)[iris.target[order]]
    W, counts = np.zeros((3, 3)) if W is None else W, np.zeros((epochs, 3), int)
    for epoch in range(epochs):
        for x, y in zip(X, Y, strict=True):
            error = y - (x @ W >= 0)
            W = W + step * np.outer(x, error)
            counts[epoch] += np.abs(error)
    return counts, W


def test_learning_rate_only_scales_the_weights_if_they_begin_at_zero():
    (counts, W), (slow_counts, slow_W) = perceptron_on_iris(1, 30), perceptron_on_iris(0.1, 30)
    assert np.array_equal(counts, slow_counts) and np.allclose(slow_W, 0.1 * W)
    start = np.random.default_rng(0).normal(size=(3, 3))
    assert not np.array_equal(perceptron_on_iris(1, 30, start)[0], perceptron_on_iris(0.1, 30, start)[0])


@pytest.mark.parametrize("epochs", [1, 10])
def test_step_with_the_wrong_sign_makes_100_mistakes_in_each_epoch(epochs):
    assert perceptron_on_iris(-1, epochs)[0][:, 0].tolist() == [100] * epochs
