"""The networks from scratch say what Keras and TensorFlow say, and what the mathematics says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lecture_utils import from_scratch, reproducible
from lecture_utils.from_scratch import MLP, Perceptron, heaviside

HIDDEN = ["logistic", "tanh", "relu", "linear"]
OUTPUT = ["linear", "logistic", "softmax", "relu"]
LOSS = ["mse", "mae", "huber", "binary_cross_entropy", "cross_entropy"]
COMBINATIONS = list(itertools.product(HIDDEN, OUTPUT, LOSS))


@pytest.fixture(scope="module")
def keras():
    reproducible.start(tensorflow=True)
    import keras

    return keras


def data(loss: str, n=7, d=4, m=3, dtype=np.float64, seed=0):
    """Inputs (n, d), and targets that suit the loss."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(dtype)
    if loss == "cross_entropy":
        return X, rng.integers(0, m, n)
    y = rng.integers(0, 2, (n, m)) if loss == "binary_cross_entropy" else 2 * rng.normal(size=(n, m))
    return X, y.astype(dtype)


def keras_twin(keras, mlp: MLP, dtype: str):
    """The same network, with the same weights, in Keras."""
    names = {"logistic": "sigmoid", "linear": None}
    layers = [
        keras.layers.Dense(shape[1], activation=names.get(name, name), dtype=dtype)
        for shape, name in zip(mlp.shapes, mlp.activations, strict=True)
    ]
    twin = keras.Sequential([keras.Input((mlp.shapes[0][0],), dtype=dtype), *layers])
    twin.set_weights([array for pair in mlp.weights for array in pair])
    return twin


def keras_loss(keras, name: str):
    return {
        "mse": keras.losses.MeanSquaredError,
        "mae": keras.losses.MeanAbsoluteError,
        "huber": keras.losses.Huber,
        "binary_cross_entropy": keras.losses.BinaryCrossentropy,
        "cross_entropy": keras.losses.SparseCategoricalCrossentropy,
    }[name](dtype="float64")


# Against Keras and TensorFlow.


@pytest.mark.parametrize(("hidden", "output", "loss"), COMBINATIONS)
def test_forward_loss_and_gradients_equal_tensorflow(keras, hidden, output, loss):
    import tensorflow as tf

    mlp = MLP([4, 6, 5, 3], hidden=hidden, output=output, loss=loss, seed=1)
    mlp.weights = [(W, np.random.default_rng(2).normal(size=b.shape) / 5) for W, b in mlp.weights]
    X, y = data(loss)
    twin = keras_twin(keras, mlp, "float64")
    with tf.GradientTape() as tape:
        out = twin(tf.constant(X))
        if (output, loss) not in from_scratch.LOSSES_FROM_Z:
            # Keras notes on an output which z it came from, and computes both cross-entropies from that z, whatever the
            # activation was: right for the two pairs that belong together only. `identity` drops the note.
            out = tf.identity(out)
        theirs = keras_loss(keras, loss)(y, out)
    np.testing.assert_allclose(mlp.forward(X), out, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(mlp.loss(X, y), theirs, rtol=1e-6)
    gradients = tape.gradient(theirs, twin.trainable_variables)
    for ours, their in zip([array for pair in mlp.gradients(X, y) for array in pair], gradients, strict=True):
        np.testing.assert_allclose(ours, their, rtol=1e-6, atol=1e-6 * np.abs(their).max() + 1e-15)


@pytest.mark.parametrize(("hidden", "output", "loss"), COMBINATIONS)
def test_gradients_equal_central_differences(hidden, output, loss):
    mlp = MLP([4, 5, 3], hidden=hidden, output=output, loss=loss, seed=3)
    X, y = data(loss)
    step = 1e-6
    for (W, b), gradients in zip(mlp.weights, mlp.gradients(X, y), strict=True):
        for parameter, gradient in zip((W, b), gradients, strict=True):
            for index in np.ndindex(parameter.shape):
                kept = parameter[index]
                parameter[index] = kept + step
                above = mlp.loss(X, y)
                parameter[index] = kept - step
                below = mlp.loss(X, y)
                parameter[index] = kept
                assert gradient[index] == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize(
    ("hidden", "output", "loss"),
    [("relu", "softmax", "cross_entropy"), ("tanh", "logistic", "binary_cross_entropy"), ("logistic", "linear", "mse")],
)
def test_hundred_steps_of_sgd_equal_keras(keras, hidden, output, loss):
    X, y = data(loss, n=800, dtype=np.float32)
    mlp = MLP([4, 16, 8, 3], hidden=hidden, output=output, loss=loss, seed=5)
    twin = keras_twin(keras, mlp, "float32")
    twin.compile(loss=keras_loss(keras, loss), optimizer=keras.optimizers.SGD(0.1), metrics=["accuracy"])
    theirs = twin.fit(X, y, batch_size=32, epochs=4, shuffle=False, verbose=0).history
    ours = mlp.fit(X, y, batch_size=32, epochs=4, learning_rate=0.1, shuffle=False).history
    assert 4 * 800 / 32 == 100
    for our, their in zip([array for pair in mlp.weights for array in pair], twin.get_weights(), strict=True):
        assert our.dtype == np.float32
        np.testing.assert_allclose(our, their, atol=1e-5)
    np.testing.assert_allclose(ours["loss"], theirs["loss"], rtol=1e-4)
    if loss == "cross_entropy":
        np.testing.assert_allclose(ours["accuracy"], theirs["accuracy"], atol=1e-6)


def test_perceptron_equals_a_dense_layer_with_a_step(keras):
    rng = np.random.default_rng(0)
    perceptron = Perceptron(2, 3)
    perceptron.W, perceptron.b = rng.normal(size=(2, 3)), rng.normal(size=3)
    dense = keras.layers.Dense(3, dtype="float64")
    X = rng.normal(size=(20, 2))
    dense.build((None, 2))
    dense.set_weights([perceptron.W, perceptron.b])
    assert np.array_equal(perceptron.predict(X), heaviside(np.asarray(dense(X))))


# What the lecture says.


def test_step_function_at_minus_one_zero_and_one():
    assert list(heaviside(np.array([-1, 0, 1]))) == [0, 1, 1]


def test_perceptron_finds_a_line_where_there_is_one_and_stops():
    X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0, 0], [0, 1], [0, 1], [1, 1]])
    perceptron = Perceptron(2, 2)
    mistakes = perceptron.fit(X, y, epochs=50)
    assert mistakes[-1] == 0 and 0 not in mistakes[:-1] and len(mistakes) < 50
    assert np.array_equal(perceptron.predict(X), y)


def test_perceptron_never_learns_xor():
    X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    perceptron = Perceptron(2)
    assert min(perceptron.fit(X, y, epochs=200)) > 0
    assert (perceptron.predict(X)[:, 0] == y).sum() <= 3


def test_no_line_separates_xor_and_two_layers_of_the_slide_do():
    from scipy.optimize import linprog

    X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])

    def status(y):  # of the linear program sign * (w x + b) >= 1: 0 is solved, 2 is without solution
        sign = np.where(y == 1, 1, -1)[:, np.newaxis]
        return linprog(np.zeros(3), -sign * np.column_stack([X, np.ones(4)]), -np.ones(4), bounds=(None, None)).status

    assert status(y) == 2 and status(np.array([0, 0, 0, 1])) == status(np.array([0, 1, 1, 1])) == 0
    hidden = heaviside(X @ np.array([[1, 1], [1, 1]]) + [-1.5, -0.5])
    assert list(heaviside(hidden @ np.array([-1, 1]) - 0.5)) == list(y)


def test_layer_in_matrix_form_equals_the_loop_over_neurons():
    rng = np.random.default_rng(0)
    X, mlp = rng.normal(size=(5, 2)), MLP([2, 3], output="logistic", seed=0)
    W, b = mlp.weights[0]
    looped = [[1 / (1 + np.exp(-sum(x[j] * W[j, k] for j in range(2)) - b[k])) for k in range(3)] for x in X]
    np.testing.assert_allclose(mlp.forward(X), looped)


def test_network_of_the_slide_has_27_parameters():
    assert sum(W.size + b.size for W, b in MLP([2, 4, 3]).weights) == (2 * 4 + 4) + (4 * 3 + 3) == 27


def test_linear_layers_collapse_to_one():
    mlp = MLP([1, 1, 1], hidden="linear")
    mlp.weights = [(np.array([[5.0]]), np.array([-1.0])), (np.array([[2.0]]), np.array([3.0]))]  # g, then f
    x = np.linspace(-3, 3, 7)[:, np.newaxis]
    np.testing.assert_allclose(mlp.forward(x), 10 * x + 1)
    deep = MLP([2, 5, 5, 5, 3], hidden="linear", seed=0)
    corners = deep.forward(np.array([[0, 0], [1, 0], [0, 1]]))  # b, W's first row + b, W's second row + b
    X = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_allclose(deep.forward(X), X @ (corners[1:] - corners[0]) + corners[0])
    bent = MLP([2, 5, 5, 5, 3], hidden="relu", seed=0)
    corners = bent.forward(np.array([[0, 0], [1, 0], [0, 1]]))
    assert not np.allclose(bent.forward(X), X @ (corners[1:] - corners[0]) + corners[0])


def test_mlp_learns_xor():
    X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    mlp = MLP([2, 4, 1], hidden="tanh", output="logistic", loss="binary_cross_entropy", seed=0)
    history = mlp.fit(X, y, epochs=2000, batch_size=4, learning_rate=0.5).history
    assert list(mlp.predict(X)[:, 0]) == [0, 1, 1, 0] and history["accuracy"][-1] == 1


def test_equal_weights_stay_equal_and_random_ones_do_not():
    X, y = data("mse", m=1)
    equal = MLP([4, 3, 1], hidden="tanh", seed=0)
    equal.weights = [(np.full_like(W, 0.5), b) for W, b in equal.weights]
    equal.fit(X, y, epochs=20)
    assert np.ptp(equal.weights[0][0], axis=1).max() < 1e-12
    assert np.ptp(MLP([4, 3, 1], hidden="tanh", seed=0).weights[0][0], axis=1).min() > 0.01


# What the mathematics says, for any shape and type.

sizes = st.integers(1, 6)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(sizes, min_size=2, max_size=4),
    sizes,
    st.sampled_from(HIDDEN),
    st.sampled_from(OUTPUT),
    st.sampled_from(LOSS),
    st.sampled_from([np.float32, np.float64]),
)
def test_shapes_and_dtypes(layer_sizes, n, hidden, output, loss, dtype):
    mlp = MLP(layer_sizes, hidden=hidden, output=output, loss=loss, seed=0)
    X, y = data(loss, n=n, d=layer_sizes[0], m=layer_sizes[-1], dtype=dtype)
    assert mlp.forward(X).shape == (n, layer_sizes[-1]) and mlp.forward(X).dtype == dtype
    assert np.isfinite(mlp.loss(X, y))
    for (W, b), (dW, db) in zip(mlp.weights, mlp.gradients(X, y), strict=True):
        assert (dW.shape, db.shape) == (W.shape, b.shape) and dW.dtype == db.dtype == dtype
        assert np.isfinite(dW).all()
    mlp.fit(X, y, batch_size=4)
    assert all(W.dtype == b.dtype == dtype for W, b in mlp.weights)


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 12), st.sampled_from(LOSS), st.randoms(use_true_random=False))
def test_gradient_of_the_mean_is_the_mean_of_the_gradients(n, loss, random):
    mlp = MLP([4, 5, 3], hidden="tanh", output="softmax", loss=loss, seed=0)
    X, y = data(loss, n=n, seed=random.randrange(1000))
    singly = [mlp.gradients(X[i : i + 1], y[i : i + 1]) for i in range(n)]
    for layer, (dW, _) in enumerate(mlp.gradients(X, y)):
        np.testing.assert_allclose(dW, np.mean([one[layer][0] for one in singly], axis=0), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("output", "loss"), list(itertools.product(OUTPUT, LOSS)))
def test_huge_weighted_sums_give_no_nan(output, loss, dtype):
    """z of +-1000: the logistic function saturates, softmax gives 0 and 1, the logarithm of 0 is never taken."""
    mlp = MLP([1, 3], output=output, loss=loss)
    mlp.weights = [(np.array([[1000.0, 0.0, -1000.0]]), np.zeros(3))]
    X = np.array([[1], [-1], [0]], dtype)
    y = data(loss, n=3)[1]
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(mlp.forward(X)).all() and np.isfinite(mlp.loss(X, y))
        assert all(np.isfinite(dW).all() and np.isfinite(db).all() for dW, db in mlp.gradients(X, y))


def test_loss_of_a_sure_and_wrong_classifier_is_not_cut_off():
    mlp = MLP([1, 2], output="softmax", loss="cross_entropy")
    mlp.weights = [(np.array([[1000.0, 0.0]]), np.zeros(2))]
    assert mlp.loss(np.array([[1.0]]), np.array([1])) == 1000


def test_whole_numbers_are_computed_as_floats():
    mlp = MLP([3, 2], seed=0)
    X = np.arange(6).reshape(2, 3)
    assert np.array_equal(mlp.forward(X), mlp.forward(X.astype(float)))
    assert np.array_equal(mlp.forward(X.astype(np.uint8)), mlp.forward(X.astype(float)))


def test_same_seed_gives_the_same_training():
    X, y = data("cross_entropy", n=50)

    def train(seed):
        mlp = MLP([4, 8, 3], output="softmax", loss="cross_entropy", seed=seed)
        return mlp.fit(X, y, epochs=3, batch_size=8, validation_data=(X, y)).history

    assert train(1) == train(1) != train(2)
    assert list(train(1)) == ["loss", "accuracy", "val_loss", "val_accuracy"]


def test_epoch_means_count_every_sample_once():
    """With a learning rate of 0 the mean over batches of unequal size is the loss on all samples."""
    X, y = data("mse", n=10)
    mlp = MLP([4, 3], seed=0)
    history = mlp.fit(X, y, batch_size=4, learning_rate=0, validation_data=(X, y)).history
    assert history["loss"][0] == pytest.approx(mlp.loss(X, y)) == pytest.approx(history["val_loss"][0])


def test_on_epoch_end_is_told_what_was_measured():
    X, y = data("mse")
    told = []
    history = MLP([4, 3], seed=0).fit(X, y, epochs=2, on_epoch_end=lambda epoch, m: told.append((epoch, m["loss"])))
    assert told == list(zip(history.epoch, history.history["loss"], strict=True))


# What cannot be used.

GOOD_X, GOOD_Y = np.ones((5, 4)), np.zeros(5, int)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.ones((5, 3)), GOOD_Y, r"shape \(5, 3\); it must be \(n, 4\)"),
        (np.ones((5, 2, 2)), GOOD_Y, r"Flatten each sample first"),
        (np.ones((0, 4)), GOOD_Y[:0], r"n at least 1"),
        (np.ones(4), GOOD_Y, r"it must be \(n, 4\)"),
        (np.full((5, 4), np.nan), GOOD_Y, r"20 values that are NaN or infinite"),
        (np.full((5, 4), np.inf), GOOD_Y, r"NaN or infinite"),
        (np.full((5, 4), "a"), GOOD_Y, r"it must hold numbers"),
        (GOOD_X, GOOD_Y[:4], r"shape \(4,\).*\(5,\)"),
        (GOOD_X, GOOD_Y + 3, r"labels go from 3 to 3; 3 outputs need 0 to 2"),
        (GOOD_X, GOOD_Y - 1, r"labels go from -1 to -1"),
        (GOOD_X, GOOD_Y * 0.5, r"whole-number labels"),
        (GOOD_X, np.eye(3)[GOOD_Y], r"whole-number labels"),
    ],
)
@pytest.mark.parametrize("method", ["loss", "gradients", "fit"])
def test_arrays_that_cannot_be_used(method, X, y, message):
    mlp = MLP([4, 3], output="softmax", loss="cross_entropy", seed=0)
    before = [W.copy() for W, _ in mlp.weights]
    with pytest.raises(ValueError, match=message):
        getattr(mlp, method)(X, y)
    assert all(np.array_equal(W, old) for (W, _), old in zip(mlp.weights, before, strict=True))


def test_targets_that_cannot_be_used():
    with pytest.raises(ValueError, match=r"shape \(5,\).*\(5, 3\)"):
        MLP([4, 3]).loss(GOOD_X, np.ones(5))
    with pytest.raises(ValueError, match="NaN or infinite"):
        MLP([4, 1]).loss(GOOD_X, np.full(5, np.nan))
    with pytest.raises(ValueError, match=r"from 2\.0 to 2\.0; binary_cross_entropy needs values from 0 to 1"):
        MLP([4, 1], output="logistic", loss="binary_cross_entropy").loss(GOOD_X, np.full(5, 2))
    with pytest.raises(ValueError, match="0 or 1"):
        Perceptron(4).fit(GOOD_X, np.full(5, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": "sigmoid"}, "hidden is 'sigmoid'; it must be one of 'logistic', 'tanh', 'relu', 'linear'"),
        ({"output": "tanh"}, "output is 'tanh'"),
        ({"loss": "log"}, "loss is 'log'; it must be one of 'mse'"),
        ({"layer_sizes": [4]}, "two or more positive numbers"),
        ({"layer_sizes": [4, 0]}, "two or more positive numbers"),
    ],
)
def test_unknown_options(options, message):
    with pytest.raises(ValueError, match=message):
        MLP(**{"layer_sizes": [4, 3], **options})


def test_weights_of_the_wrong_shape():
    mlp = MLP([4, 3, 2], seed=0)
    with pytest.raises(ValueError, match=r"they must be \[\(\(4, 3\), \(3,\)\), \(\(3, 2\), \(2,\)\)\]"):
        mlp.weights = [(np.ones((3, 4)), np.ones(3)), (np.ones((3, 2)), np.ones(2))]
    with pytest.raises(ValueError, match="they must be"):
        mlp.weights = mlp.weights[:1]


def test_setting_weights_copies_them():
    mlp = MLP([2, 1])
    W = np.ones((2, 1))
    mlp.weights = [(W, np.zeros(1))]
    mlp.fit(np.ones((4, 2)), np.zeros(4))
    assert (W == 1).all() and (mlp.weights[0][0] != 1).all()


def test_random_weights_stay_within_glorots_limits():
    for W, b in MLP([784, 300, 10], seed=0).weights:
        limit = np.sqrt(6 / sum(W.shape))
        assert 0.99 * limit < np.abs(W).max() <= limit and (b == 0).all()


def test_softmax_does_not_change_when_a_row_is_shifted():
    z = np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(from_scratch.softmax(z + 1000), from_scratch.softmax(z))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0; it must be a whole number, at least 1"),
        ({"batch_size": 2.5}, r"batch_size is 2\.5"),
        ({"epochs": -1}, "epochs is -1; it must be a whole number, at least 0"),
        ({"epochs": True}, "epochs is True"),
    ],
)
def test_options_of_fit_that_cannot_be_used(options, message):
    with pytest.raises(ValueError, match=message):
        MLP([4, 3], output="softmax", loss="cross_entropy").fit(GOOD_X, GOOD_Y, **options)


def test_number_of_epochs_and_batch_size_may_come_from_numpy():
    mlp = MLP([4, 3], output="softmax", loss="cross_entropy", seed=0)
    assert mlp.fit(GOOD_X, GOOD_Y, epochs=np.int64(2), batch_size=np.int64(2)).epoch == [0, 1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logistic_is_accurate_far_from_zero(dtype):
    """Against Python's own arithmetic in float64; left of 0 it is exp(z), however small that is."""
    import math

    z = np.array([-80, -37, -20, -1, 0, 1, 20, 80], dtype)
    exact = [1 / (1 + math.exp(-value)) for value in z]
    np.testing.assert_allclose(from_scratch.logistic(z), exact, rtol=8 * np.finfo(dtype).eps)
    assert from_scratch.logistic(z).dtype == dtype
