"""What the questions of the self-test and their answers state as facts, computed."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from lecture_utils import from_scratch, reproducible
from tests.lecture_checks.answers_self_test import RIGHT

CASES = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


@pytest.fixture(scope="module")
def keras():
    reproducible.start(seed=42, tensorflow=True)
    import keras

    return keras


def right(name: str):
    return RIGHT[name][0][0]


def test_two_of_three():
    cases = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    says = {letter: from_scratch.heaviside(cases.sum(axis=1) + b)
            for letter, b in zip("abcd", (2, -1.5, -1, -2.5), strict=True)}  # fmt: skip
    fits = [letter for letter, said in says.items() if np.array_equal(said, cases.sum(axis=1) >= 2)]
    assert fits == [right("two_of_three")]
    assert says["a"].all() and np.array_equal(says["c"], cases.sum(axis=1) >= 1)
    assert np.array_equal(says["d"], cases.sum(axis=1) >= 3)


def test_perceptron_step_repairs_the_row():
    x, w, b = np.array([2, 1]), np.array([2.0, -1.0]), -1.0
    assert x @ w + b == 2
    w, b = w - 0.5 * x, b - 0.5
    assert w[0] == right("perceptron_step") and x @ w + b == -1


def test_perceptron_goes_round_in_a_circle_on_xor():
    neuron, y, after = from_scratch.Perceptron(n_features=2), np.array([0, 1, 1, 0]), []
    for _ in range(2000):
        assert sum(neuron.fit(CASES, y, epochs=1)) > 0
        after.append((*neuron.W[:, 0], *neuron.b))
        assert (neuron.predict(CASES)[:, 0] == y).sum() < 4
    assert len(set(after[10:])) == 1


def test_numbers():
    assert np.isclose(right("distance"), 10 / np.hypot(3, 4)) and 3 * 1.2 + 4 * 1.6 == 10
    assert np.isclose(np.hypot(1.2, 1.6), right("distance"))
    prices = np.array([1, 2, 3, 4, 20])
    assert right("best_constant") == np.median(prices) and prices.mean() == 6
    assert np.isclose(right("price"), -np.log(0.25)) and np.isclose(-np.log(0.125) + np.log(0.25), 0.69, atol=0.005)
    assert right("dollars") == np.sqrt(0.25) * 100_000
    assert np.isclose(right("total_loss"), 0.9 * 0.5 + 0.1 * 2.0) and 0.28 < 0.1 * 2.0 / 0.65 < 1 / 3
    assert right("grid") == 3 * 4 * 5 + 1
    assert np.isclose(right("many_workers"), 1 / 0.2) and np.isclose(1 / (0.2 + 0.8 / 4), 2.5)
    z, h = np.log(0.8 / 0.2), 1e-6  # where the logistic function is 0.8
    slope = (from_scratch.ACTIVATIONS["logistic"](z + h) - from_scratch.ACTIVATIONS["logistic"](z - h)) / (2 * h)
    assert np.isclose(right("slope_from_output"), slope)
    at_0_8 = from_scratch.ACTIVATIONS["logistic"](0.8)
    assert np.isclose(at_0_8 * (1 - at_0_8), 0.2139, atol=1e-4)


def test_counts_of_parameters(keras):
    layers = [keras.Input(shape=(3,)), keras.layers.Dense(5, activation="relu"), keras.layers.Dense(2)]
    assert keras.Sequential(layers).count_params() == right("parameters")
    inputs, dense = [keras.Input(shape=(4,)), keras.Input(shape=(4,))], keras.layers.Dense(10)
    twice = keras.Model(inputs, keras.layers.subtract([dense(each) for each in inputs]))
    assert twice.count_params() == dense.count_params() == right("called_twice")


def test_layer_called_on_a_promise_returns_a_promise(keras):
    planned = keras.layers.Dense(30)(keras.Input(shape=(8,)))
    assert isinstance(planned, keras.KerasTensor) and planned.shape == (None, 30)


def test_inputs_in_the_wrong_order_go_unnoticed(keras, capfd):
    left, other = keras.Input(shape=(5,), name="left"), keras.Input(shape=(5,), name="other")
    joined = keras.layers.concatenate([keras.layers.Dense(3)(left), other])
    network = keras.Model([left, other], keras.layers.Dense(1)(joined))
    a, b = np.random.default_rng(0).normal(size=(2, 4, 5)).astype("float32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not np.allclose(network([a, b]), network([b, a]))
    assert "".join(capfd.readouterr()) == ""


class Course:
    """Stands in for a network: what `EarlyStopping` asks of one."""

    stop_training, weights = False, 0

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def test_early_stopping_ends_after_its_patience_with_the_last_weights(keras):
    network, losses = Course(), {5: 0.5}
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=3, mode="min")
    stop.set_model(network)
    stop.on_train_begin()
    for epoch in range(1, 101):
        network.weights = epoch
        stop.on_epoch_end(epoch - 1, {"val_loss": losses.get(epoch, 1 - 0.01 * epoch if epoch < 5 else 0.6)})
        if network.stop_training:
            break
    stop.on_train_end()
    assert epoch == right("stops_after") and network.weights == epoch


def test_dead_relu_stays_as_it_is():
    network = from_scratch.MLP([2, 3, 1], hidden="relu", output="linear", loss="mse", seed=1)
    X = np.random.default_rng(0).uniform(0, 1, size=(20, 2))
    W, b = network.weights[0]
    W[:, 0], b[0] = -1, -0.5
    before = W.copy(), b.copy()
    network.fit(X, X.sum(axis=1), epochs=50, learning_rate=0.01)
    W, b = network.weights[0]
    assert np.array_equal(W[:, 0], before[0][:, 0]) and b[0] == before[1][0] and not np.array_equal(W, before[0])
