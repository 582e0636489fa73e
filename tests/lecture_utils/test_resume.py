"""A training that is killed and started again ends as one that was never stopped."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from lecture_utils import reproducible

PROGRAM = Path(__file__).with_name("resumed_training.py")
EPOCHS, N_BATCHES = 8, 5


@pytest.fixture(scope="module")
def keras():
    reproducible.start(tensorflow=True)
    import keras

    return keras


@pytest.fixture(scope="module")
def resume(keras):
    from lecture_utils import resume

    return resume


@contextmanager
def program():
    """Runs one training after the other, each in its own process: `run(FOLDER, RESULT, *KILL)` is its exit code."""
    program = [sys.executable, str(PROGRAM)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as trainings:
        too_long = threading.Timer(300, trainings.kill)
        too_long.start()

        def run_one(folder: Path, result: Path, *kill) -> int:
            trainings.stdin.write(json.dumps([str(folder), str(result), *kill]).encode() + b"\n")
            trainings.stdin.flush()
            return int(trainings.stdout.readline())

        yield run_one
        _, stderr = trainings.communicate()
        too_long.cancel()
        assert stderr == b""


def kill_points(seed: int = 7) -> list[tuple[str, int, int]]:
    """Ten places, in the order of the training: in epochs, between them, and while a state is written."""
    kinds = ["batch"] * 4 + ["epoch begin"] * 2 + ["half written"] * 2 + ["written", "replaced"]
    order = random.Random(seed)
    order.shuffle(kinds)
    epochs = sorted(order.randrange(EPOCHS - 1) for _ in kinds)
    points, first = [], 0
    for kind, epoch in zip(kinds, epochs, strict=True):
        epoch = max(epoch, first)
        points.append((kind, epoch, order.randrange(N_BATCHES)))
        first = epoch + (kind == "replaced")  # this epoch is saved
    return points


def test_ten_kills_change_nothing(tmp_path):
    with program() as run:
        assert run(tmp_path / "whole", tmp_path / "whole.npz") == 0
        for point in kill_points():
            assert run(tmp_path / "killed", tmp_path / "killed.npz", *point) == -signal.SIGKILL, point
            assert not (tmp_path / "killed.npz").exists()
    with program() as run:  # a fresh Python, where hashes and addresses are other ones
        assert run(tmp_path / "killed", tmp_path / "killed.npz") == 0
    with np.load(tmp_path / "whole.npz") as whole, np.load(tmp_path / "killed.npz") as killed:
        assert sorted(whole) == sorted(killed)
        assert all(np.array_equal(whole[name], killed[name]) for name in whole)
        history = json.loads(str(whole["history"]))
    assert 3 < len(history["loss"]) <= EPOCHS and len(set(history["learning_rate"])) > 1


# In one process: what is the same, what is refused.


def data(n=96):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4)).astype("float32")
    return X, X[:, :1] ** 2


def new_model(keras, n_units=8, loss="mse", rate=0.05):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(n_units, activation="relu"), keras.layers.Dense(1)])
    model.compile(loss=loss, optimizer=keras.optimizers.Adam(rate))
    return model


def weights_equal(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


def test_without_shuffling_it_is_keras_fit(keras, resume, tmp_path):
    X, y = data()
    ours, theirs = new_model(keras), new_model(keras)
    theirs.set_weights(ours.get_weights())
    history = resume.resumable_fit(ours, X, y, folder=tmp_path, epochs=3, shuffle=False, verbose=0)
    expected = theirs.fit(X, y, epochs=3, shuffle=False, verbose=0)
    assert history.history == expected.history and weights_equal(ours, theirs)


def test_every_sample_is_seen_once_an_epoch_in_an_order_of_its_own(keras, resume):
    import tensorflow as tf

    epoch = tf.Variable(0, dtype="int64")
    batches = resume._batches((np.arange(10), np.arange(10)), 4, (42, epoch))
    orders = []
    for number in (0, 1, 0):
        epoch.assign(number)
        drawn = [x.numpy() for x, _ in batches]
        assert [len(x) for x in drawn] == [4, 4, 2] and len(batches) == 3
        orders.append(np.concatenate(drawn).tolist())
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(10))
    assert orders[0] == orders[2] != orders[1]


def test_order_of_the_samples_depends_on_the_epoch_also_after_a_stop(keras, resume, tmp_path):
    X = y = np.arange(6.0)[:, np.newaxis]
    seen = []

    class Recorder(keras.Sequential):
        def train_step(self, data):
            seen.append(data[1].numpy()[:, 0].tolist())
            return {"loss": 0.0}

    def train(folder, epochs):
        seen.clear()
        model = Recorder([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile(loss="mse", optimizer="sgd", run_eagerly=True)
        resume.resumable_fit(model, X, y, folder=folder, epochs=epochs, batch_size=6, verbose=0)
        return list(seen)

    whole = train(tmp_path / "whole", 3)
    assert len({tuple(order) for order in whole}) == 3 and all(sorted(order) == list(range(6)) for order in whole)
    assert train(tmp_path / "parts", 1) + train(tmp_path / "parts", 3) == whole


def test_more_epochs_go_on_and_fewer_do_nothing(keras, resume, tmp_path):
    X, y = data()
    whole, parts = new_model(keras), new_model(keras)
    parts.set_weights(whole.get_weights())
    resume.resumable_fit(whole, X, y, folder=tmp_path / "whole", epochs=4, verbose=0)
    resume.resumable_fit(parts, X, y, folder=tmp_path / "parts", epochs=2, verbose=0)
    other = new_model(keras)  # other random weights, other names of layers
    history = resume.resumable_fit(other, X, y, folder=tmp_path / "parts", epochs=4, verbose=0)
    assert weights_equal(whole, other) and history.epoch == [0, 1, 2, 3] and len(history.history["loss"]) == 4
    again = resume.resumable_fit(other, X, y, folder=tmp_path / "parts", epochs=4, verbose=0)
    assert weights_equal(whole, other) and again.history == history.history


def test_inputs_may_be_dictionaries_and_samples_weighted(keras, resume, tmp_path):
    X, y = data()
    wide, deep = keras.Input((2,), name="wide"), keras.Input((2,), name="deep")
    model = keras.Model({"wide": wide, "deep": deep}, keras.layers.Dense(1)(keras.layers.concatenate([wide, deep])))
    model.compile(loss="mse", optimizer="sgd")
    options = {"sample_weight": np.linspace(0, 1, len(X)), "epochs": 2, "verbose": 0, "folder": tmp_path}
    inputs = {"wide": X[:, :2], "deep": X[:, 2:]}
    history = resume.resumable_fit(model, inputs, y, validation_data=(inputs, y), **options)
    assert len(history.history["val_loss"]) == 2


CHANGES = {
    "model": {"model": {"n_units": 9}},
    "training data": {"X": lambda X: X + 1},
    "loss, optimizer, batch size, seed or shuffling": {"model": {"loss": "mae"}},
    "learning rate": {"model": {"rate": 0.1}},
    "validation data": {"fit": {"validation_data": data(20)}},
    "callbacks": {"callback": True},
}


@pytest.mark.parametrize("what", CHANGES)
def test_another_training_is_refused(keras, resume, tmp_path, what):
    X, y = data()
    resume.resumable_fit(new_model(keras), X, y, folder=tmp_path, epochs=1, verbose=0)
    saved = (tmp_path / "training.npz").read_bytes()
    change = CHANGES[what]
    options = {"callbacks": [keras.callbacks.EarlyStopping()] if "callback" in change else [], **change.get("fit", {})}
    model = new_model(keras, **change.get("model", {}))
    with pytest.raises(resume.ResumeError, match=rf"started differently; what differs: {what}\. Resume it"):
        resume.resumable_fit(model, change.get("X", lambda X: X)(X), y, folder=tmp_path, epochs=2, **options)
    assert (tmp_path / "training.npz").read_bytes() == saved


def nested_model(keras, units=2, rate=0.2, activation="relu", swapped=False):
    """Layers within layers: a wrapped model, and a wrapped recurrent layer."""
    inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units, activation), keras.layers.Dropout(rate)])
    layers = [
        keras.layers.TimeDistributed(inner),
        keras.layers.Bidirectional(keras.layers.LSTM(1, return_sequences=True)),
    ]
    inputs = hidden = keras.Input((3, 2))
    for layer in layers[::-1] if swapped else layers:
        hidden = layer(hidden)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(hidden)))
    model.compile(loss="mse", optimizer="sgd")
    return model


def test_layers_within_layers_may_have_other_names(keras, resume, tmp_path):
    X, y = np.ones((4, 3, 2)), np.ones(4)
    first, second = nested_model(keras), nested_model(keras)
    assert first.layers[-1].name != second.layers[-1].name and first.name != second.name
    assert first.layers[1].layer.layers[0].name != second.layers[1].layer.layers[0].name
    resume.resumable_fit(first, X, y, folder=tmp_path, epochs=1, verbose=0)
    resume.resumable_fit(second, X, y, folder=tmp_path, epochs=2, verbose=0)


@pytest.mark.parametrize("change", [{"units": 4}, {"rate": 0.3}, {"activation": "tanh"}, {"swapped": True}])
def test_another_layer_within_a_layer_is_refused(keras, resume, tmp_path, change):
    X, y = np.ones((4, 3, 2)), np.ones(4)
    resume.resumable_fit(nested_model(keras), X, y, folder=tmp_path, epochs=1, verbose=0)
    with pytest.raises(resume.ResumeError, match=r"what differs: model\. Resume it"):
        resume.resumable_fit(nested_model(keras, **change), X, y, folder=tmp_path, epochs=1, verbose=0)


def test_another_dtype_of_the_layers_is_refused(keras, resume, tmp_path):
    def train(dtype):
        inputs = keras.Input((4,))
        model = keras.Model(inputs, keras.layers.Dense(1, dtype=dtype)(inputs))
        model.compile(loss="mse", optimizer="sgd")
        resume.resumable_fit(model, *data(), folder=tmp_path, verbose=0)

    train("float32")
    with pytest.raises(resume.ResumeError, match="what differs: model"):
        train("mixed_bfloat16")


@pytest.mark.parametrize("change", [{"batch_size": 16}, {"seed": 1}, {"shuffle": False}])
def test_other_settings_are_refused(keras, resume, tmp_path, change):
    X, y = data()
    resume.resumable_fit(new_model(keras), X, y, folder=tmp_path, epochs=1, verbose=0)
    with pytest.raises(resume.ResumeError, match="batch size, seed or shuffling"):
        resume.resumable_fit(new_model(keras), X, y, folder=tmp_path, epochs=2, **change)


def test_other_settings_of_a_callback_are_refused_and_its_memory_is_not(keras, resume, tmp_path):
    X, y = data()

    def train(patience, epochs, stopping=None):
        stopping = stopping or keras.callbacks.EarlyStopping(
            monitor="loss", patience=patience, restore_best_weights=True
        )
        options = {"callbacks": [stopping], "folder": tmp_path, "epochs": epochs, "verbose": 0}
        return stopping, resume.resumable_fit(new_model(keras), X, y, **options)

    used, _ = train(patience=3, epochs=2)
    with pytest.raises(resume.ResumeError, match=r"what differs: EarlyStopping\.patience\. Resume it"):
        train(patience=2, epochs=4)
    _, history = train(patience=3, epochs=4, stopping=used)  # the same object, which remembers its best weights
    assert history.epoch == [0, 1, 2, 3]


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:500] + b"x" * 9 + b[509:]])
def test_damaged_state_is_refused_and_kept(keras, resume, tmp_path, damage):
    X, y = data()
    resume.resumable_fit(new_model(keras), X, y, folder=tmp_path, epochs=1, verbose=0)
    file = tmp_path / "training.npz"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(resume.ResumeError, match=r"is damaged .* Delete it"):
        resume.resumable_fit(new_model(keras), X, y, folder=tmp_path, epochs=2)
    assert file.exists()


def test_full_disk_leaves_the_state_before(keras, resume, tmp_path, monkeypatch):
    X, y = data()
    resume.resumable_fit(new_model(keras), X, y, folder=tmp_path, epochs=1, verbose=0)
    saved = (tmp_path / "training.npz").read_bytes()

    def full(stream, **arrays):
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        resume.resumable_fit(new_model(keras), X, y, folder=tmp_path, epochs=2, verbose=0)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("training.npz", saved)]


def test_arguments_that_cannot_be_used(keras, resume, tmp_path):
    X, y = data()
    with pytest.raises(ValueError, match="not compiled"):
        resume.resumable_fit(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]), X, y, folder=tmp_path)
    with pytest.raises(ValueError, match=r"\[95, 96\] samples"):
        resume.resumable_fit(new_model(keras), X, y[1:], folder=tmp_path)
    with pytest.raises(TypeError, match="does not take validation_split"):
        resume.resumable_fit(new_model(keras), X, y, folder=tmp_path, validation_split=0.1)
    with pytest.raises(ValueError, match="batch_size is 0"):
        resume.resumable_fit(new_model(keras), X, y, folder=tmp_path, batch_size=0)
    assert list(tmp_path.iterdir()) == []
