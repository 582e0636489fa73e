"""Neural networks from scratch, in NumPy: what notebooks 01 to 06 build, step by step, collected.

Notation, as in notebook 00: n samples, d inputs and m units of a layer; X (n, d), W (d, m), b (m,); z = XW + b before
the activation, a = phi(z) after it. Arrays of float64 are computed in float64, float32 in float32, whole numbers in
float64. Arrays that cannot be used raise ValueError, which says what was given and what is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from lecture_utils import validate

Array = np.ndarray
EPSILON = 1e-7  # probabilities are kept this far from 0 and 1 before a logarithm, as Keras does


# The step function of threshold logic units, and a layer of them that learns (notebook 02, sections 1 and 2).


def heaviside(z: Array) -> Array:
    """1 where z >= 0, else 0, as the lecture defines it."""
    return np.where(np.asarray(z) >= 0, 1, 0)


class Perceptron:
    """A layer of m threshold logic units that learns by the rule of Rosenblatt (1958, "The perceptron"; notebook 02).

    Attributes: weights W (d, m) and biases b (m,), both zero at the start.
    """

    def __init__(self, n_features: int, n_units: int = 1):
        self.W = np.zeros((n_features, n_units))
        self.b = np.zeros(n_units)

    def predict(self, X: Array) -> Array:
        """The outputs (n, m), 0 or 1, for each row of X (n, d)."""
        return heaviside(validate.inputs(X, len(self.W)) @ self.W + self.b)

    def fit(self, X: Array, y: Array, epochs: int = 10, learning_rate: float = 1.0) -> list[int]:
        """For each sample in turn, move W by learning_rate * x (y - y_pred): a correct output moves nothing.

        X is (n, d); y is 0 or 1, (n, m), or (n,) for one unit. Stops after an epoch without a mistake; returns the
        number of wrong outputs in each epoch.
        """
        X = validate.inputs(X, len(self.W))
        y = validate.targets(y, len(X), len(self.b))
        if not np.isin(y, (0, 1)).all():
            raise ValueError(f"y holds {np.unique(y)[:5]}; a perceptron learns outputs that are 0 or 1.")
        mistakes: list[int] = []
        while len(mistakes) < epochs and mistakes[-1:] != [0]:
            mistakes.append(0)
            for x, y_true in zip(X, y, strict=True):
                error = y_true - heaviside(x @ self.W + self.b)
                self.W += learning_rate * np.outer(x, error)
                self.b += learning_rate * error
                mistakes[-1] += int(np.abs(error).sum())
        return mistakes


# Activation functions (notebook 05, sections 2 to 5; softmax: notebook 06, section 5). ACTIVATIONS has a = phi(z);
# BACKWARD has dC/dz, computed from dC/da and a.


def logistic(z: Array) -> Array:
    """1 / (1 + exp(-z)), between 0 and 1. For z < 0 we compute exp(z) / (1 + exp(z)), so exp never overflows."""
    small = np.exp(-np.abs(z))
    return np.where(np.asarray(z) >= 0, 1, small) / (1 + small)


def softmax(z: Array) -> Array:
    """exp(z_k) / sum_j exp(z_j) for each row of z (n, m): positive numbers that sum to 1.

    A number added to a whole row changes nothing, so we subtract the largest z: then exp never overflows.
    """
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda z: z,
    "logistic": logistic,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "softmax": softmax,
}
BACKWARD: dict[str, Callable[[Array, Array], Array]] = {
    "linear": lambda da, a: da,
    "logistic": lambda da, a: da * a * (1 - a),
    "tanh": lambda da, a: da * (1 - a * a),
    "relu": lambda da, a: da * (a > 0),  # the derivative at the kink is taken as 0, as in Keras
    "softmax": lambda da, a: a * (da - (da * a).sum(axis=1, keepdims=True)),
}


# Losses (notebook 06, sections 3, 4 and 6). Each returns the mean loss C and dC/da (n, m), computed from y and a, both
# (n, m). The mean is taken over samples and outputs.


def mse(y: Array, a: Array) -> tuple[float, Array]:
    """Mean squared error."""
    error = a - y
    return np.mean(error * error), 2 * error / error.size


def mae(y: Array, a: Array) -> tuple[float, Array]:
    """Mean absolute error; the derivative at an error of 0 is taken as 0."""
    error = a - y
    return np.mean(np.abs(error)), np.sign(error) / error.size


def huber(y: Array, a: Array) -> tuple[float, Array]:
    """The loss of Huber (1964) with delta = 1: quadratic for errors up to 1, linear beyond."""
    error = a - y
    size = np.abs(error)
    return np.mean(np.where(size <= 1, 0.5 * error * error, size - 0.5)), np.clip(error, -1, 1) / error.size


def binary_cross_entropy(y: Array, a: Array) -> tuple[float, Array]:
    """-y log(a) - (1 - y) log(1 - a)."""
    p = np.clip(a, EPSILON, 1 - EPSILON)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), (p == a) * (p - y) / (p * (1 - p)) / p.size


def cross_entropy(y: Array, a: Array) -> tuple[float, Array]:
    """-sum_c y_c log(p_c), its mean over samples; y is one-hot, and p is a divided by the sum of its row."""
    p = np.clip(a, EPSILON, 1 - EPSILON)
    total = p.sum(axis=1, keepdims=True)
    return -np.mean((y * np.log(p / total)).sum(axis=1)), (p == a) * (1 / total - y / p) / len(p)


LOSSES: dict[str, Callable[[Array, Array], tuple[float, Array]]] = {
    "mse": mse,
    "mae": mae,
    "huber": huber,
    "binary_cross_entropy": binary_cross_entropy,
    "cross_entropy": cross_entropy,
}


# Two pairs of output and loss belong together (notebook 06, sections 4 and 6). Computed from z, they need no logarithm
# of 0, and dC/dz is p - y, divided by how many numbers the mean is taken over.


def softmax_cross_entropy(y: Array, z: Array) -> tuple[float, Array]:
    """The cross-entropy of softmax(z), where log p = z - log(sum exp z); and dC/dz (n, m)."""
    shifted = z - z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.mean((y * log_p).sum(axis=1)), (np.exp(log_p) - y) / len(z)


def logistic_cross_entropy(y: Array, z: Array) -> tuple[float, Array]:
    """The binary cross-entropy of logistic(z), as max(z, 0) - zy + log(1 + exp(-|z|)); and dC/dz (n, m)."""
    loss = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
    return np.mean(loss), (logistic(z) - y) / z.size


LOSSES_FROM_Z: dict[tuple[str, str], Callable[[Array, Array], tuple[float, Array]]] = {
    ("softmax", "cross_entropy"): softmax_cross_entropy,
    ("logistic", "binary_cross_entropy"): logistic_cross_entropy,
}


@dataclass
class History:
    """What `MLP.fit` measured, in the same form as Keras: for each name, one number per epoch."""

    history: dict[str, list[float]] = field(default_factory=dict)
    epoch: list[int] = field(default_factory=list)


class MLP:
    """A multilayer perceptron that learns by backpropagation and gradient descent (notebook 03, section 2;
    notebook 04, sections 6 to 8).

    Args:
        layer_sizes: inputs, units of each hidden layer, outputs; e.g. [784, 300, 100, 10].
        hidden: "logistic", "tanh", "relu" or "linear".
        output: "linear", "logistic", "softmax" or "relu".
        loss: "mse", "mae", "huber", "binary_cross_entropy", or "cross_entropy", which takes whole-number labels.
        seed: of the random weights and of the order of the samples.

    Attribute weights: [(W, b), ...], W (n_in, n_out) and b (n_out,) of each layer; may be set. At first W is drawn at
    random as in Glorot and Bengio (2010, equation 16), and b is zero.
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        hidden: str = "relu",
        output: str = "linear",
        loss: str = "mse",
        seed: int | None = None,
    ):
        if len(layer_sizes) < 2 or min(layer_sizes) < 1:
            raise ValueError(f"layer_sizes is {list(layer_sizes)}; it must hold two or more positive numbers.")
        validate.one_of("hidden", hidden, ["logistic", "tanh", "relu", "linear"])
        validate.one_of("output", output, ["linear", "logistic", "softmax", "relu"])
        validate.one_of("loss", loss, LOSSES)
        self.shapes = list(pairwise(layer_sizes))
        self.activations = [hidden] * (len(self.shapes) - 1) + [output]
        self.loss_name = loss
        self.rng = np.random.default_rng(seed)
        limits = [np.sqrt(6 / (n_in + n_out)) for n_in, n_out in self.shapes]
        self.weights = [
            (self.rng.uniform(-r, r, shape), np.zeros(shape[1])) for r, shape in zip(limits, self.shapes, strict=True)
        ]

    @property
    def weights(self) -> list[tuple[Array, Array]]:
        """[(W, b), ...] of each layer. Setting them copies them; ValueError for other shapes."""
        return self._weights

    @weights.setter
    def weights(self, weights: Sequence[tuple[Array, Array]]) -> None:
        needed = [(shape, shape[1:]) for shape in self.shapes]
        given = [(np.shape(W), np.shape(b)) for W, b in weights]
        if given != needed:
            raise ValueError(f"The weights have the shapes {given}; they must be {needed}.")
        self._weights = [(np.array(W), np.array(b)) for W, b in weights]

    def forward(self, X: Array) -> Array:
        """The outputs (n, n_out) for the inputs X (n, n_in)."""
        return self._forward(self._inputs(X))[-1][1]

    def predict(self, X: Array) -> Array:
        """For X (n, n_in): with "cross_entropy" the most probable class (n,), with "binary_cross_entropy" 0 or 1
        (n, n_out), else the outputs (n, n_out)."""
        a = self.forward(X)
        if self.loss_name == "cross_entropy":
            return a.argmax(axis=1)
        return (a > 0.5).astype(int) if self.loss_name == "binary_cross_entropy" else a

    def loss(self, X: Array, y: Array) -> float:
        """The mean loss for X (n, n_in) and y: labels (n,) for "cross_entropy"; else (n, n_out), or (n,) for one
        output."""
        X = self._inputs(X)
        return float(self._loss(self._targets(y, X), *self._forward(X)[-1])[0])

    def gradients(self, X: Array, y: Array) -> list[tuple[Array, Array]]:
        """The gradients [(dW, db), ...] of the mean loss, by backpropagation (Rumelhart, Hinton and Williams 1986)."""
        X = self._inputs(X)
        passed = self._forward(X)
        _, dz = self._loss(self._targets(y, X), *passed[-1])
        return self._backward(X, passed, dz)

    def fit(
        self,
        X: Array,
        y: Array,
        epochs: int = 1,
        batch_size: int = 32,
        learning_rate: float = 0.01,
        validation_data: tuple[Array, Array] | None = None,
        shuffle: bool = True,
        on_epoch_end: Callable[[int, dict[str, float]], None] = lambda epoch, measured: None,
    ) -> History:
        """Train by gradient descent on batches, and measure as Keras does: the loss, and for a classifier its accuracy.

        X and y are as in `loss`; `validation_data` is such a pair, too. "loss" and "accuracy" are means over an epoch,
        measured while the weights change; "val_loss" and "val_accuracy" are measured after it, on the validation data.
        Then `on_epoch_end(epoch, measured)` is called.
        """
        validate.whole_number("epochs", epochs, at_least=0)
        validate.whole_number("batch_size", batch_size, at_least=1)
        X = self._inputs(X)
        data = X, self._targets(y, X)
        if validation_data is not None:
            X_valid = self._inputs(validation_data[0])
            validation_data = X_valid, self._targets(validation_data[1], X_valid)
        self.weights = [(W.astype(X.dtype), b.astype(X.dtype)) for W, b in self.weights]
        history = History()
        for epoch in range(epochs):
            order = self.rng.permutation(len(X)) if shuffle else np.arange(len(X))
            batches = [order[start : start + batch_size] for start in range(0, len(X), batch_size)]
            steps = [self._step(data[0][batch], data[1][batch], learning_rate) for batch in batches]
            means = np.average(steps, axis=0, weights=[len(batch) for batch in batches])
            measured = dict(zip(("loss", "accuracy"), means, strict=False))
            if validation_data is not None:
                z, a = self._forward(validation_data[0])[-1]
                values = self._measure(validation_data[1], a, self._loss(validation_data[1], z, a)[0])
                measured |= dict(zip(("val_loss", "val_accuracy"), values, strict=False))
            history.epoch.append(epoch)
            for name, value in measured.items():
                history.history.setdefault(name, []).append(float(value))
            on_epoch_end(epoch, measured)
        return history

    def _step(self, X: Array, y: Array, learning_rate: float) -> list[float]:
        """One step of gradient descent: forward pass, loss, backward pass, update. Returns loss (and accuracy)."""
        passed = self._forward(X)
        loss, dz = self._loss(y, *passed[-1])
        # Every gradient is proportional to dz, so we scale this small array instead of the large gradients.
        for (W, b), (dW, db) in zip(self.weights, self._backward(X, passed, learning_rate * dz), strict=True):
            W -= dW
            b -= db
        return self._measure(y, passed[-1][1], loss)

    def _forward(self, X: Array) -> list[tuple[Array, Array]]:
        """z and a of every layer."""
        passed, a = [], X
        for (W, b), activation in zip(self.weights, self.activations, strict=True):
            z = a @ W.astype(X.dtype, copy=False) + b.astype(X.dtype, copy=False)
            a = ACTIVATIONS[activation](z)
            passed.append((z, a))
        return passed

    def _loss(self, y: Array, z: Array, a: Array) -> tuple[float, Array]:
        """The loss, and dC/dz of the output layer."""
        loss_from_z = LOSSES_FROM_Z.get((self.activations[-1], self.loss_name))
        if loss_from_z is not None:
            return loss_from_z(y, z)
        loss, da = LOSSES[self.loss_name](y, a)
        return loss, BACKWARD[self.activations[-1]](da, a)

    def _backward(self, X: Array, passed: list[tuple[Array, Array]], dz: Array) -> list[tuple[Array, Array]]:
        """From dC/dz of the output layer back to the first: dC/dW = a^T dz, dC/db = sum of dz, dC/da = dz W^T."""
        inputs = [X] + [a for z, a in passed]  # of each layer, and the output of the last one
        gradients = []
        for layer in reversed(range(len(self.weights))):
            a = inputs[layer]
            gradients.append((a.T @ dz, dz.sum(axis=0)))
            if layer > 0:
                W = self.weights[layer][0].astype(X.dtype, copy=False)
                dz = BACKWARD[self.activations[layer - 1]](dz @ W.T, a)
        return gradients[::-1]

    def _measure(self, y: Array, a: Array, loss: float) -> list[float]:
        """The loss, and for a classifier the accuracy."""
        if self.loss_name == "cross_entropy":
            return [loss, np.mean(a.argmax(axis=1) == y.argmax(axis=1))]
        if self.loss_name == "binary_cross_entropy":
            return [loss, np.mean((a > 0.5) == (y > 0.5))]
        return [loss]

    def _inputs(self, X: Array) -> Array:
        return validate.inputs(X, self.shapes[0][0])

    def _targets(self, y: Array, X: Array) -> Array:
        """y as an array (n, n_out) of X's dtype; one-hot for "cross_entropy"."""
        n_out = self.shapes[-1][1]
        if self.loss_name == "cross_entropy":
            return np.eye(n_out, dtype=X.dtype)[validate.labels(y, len(X), n_out)]
        y = validate.targets(y, len(X), n_out).astype(X.dtype)
        if self.loss_name == "binary_cross_entropy" and (y.min() < 0 or y.max() > 1):
            raise ValueError(f"y goes from {y.min()} to {y.max()}; binary_cross_entropy needs values from 0 to 1.")
        return y
