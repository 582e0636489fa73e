"""Progress: the same text for the same training, times apart."""

from __future__ import annotations

import numpy as np
import pytest

from lecture_utils import progress, reproducible


@pytest.fixture(scope="module")
def keras():
    reproducible.start(tensorflow=True)
    import keras

    return keras


@pytest.fixture
def displayed(monkeypatch):
    """Every text that was shown, in order."""
    texts = []

    class Handle:
        def update(self, text):
            texts.append(repr(text))

    def display(text, display_id):
        texts.append(repr(text))
        return Handle()

    monkeypatch.setattr(progress, "display", display)
    return texts


def train(keras, table, epochs=3, **options):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd", metrics=[keras.metrics.MeanAbsoluteError(name="error")])
    X = np.ones((64, 4), "float32")
    return model.fit(X, X[:, 0], epochs=epochs, verbose=0, callbacks=[table], validation_data=(X, X[:, 0]), **options)


def test_shows_each_epoch_as_keras_measured_it_the_loss_first(keras, displayed):
    history = train(keras, progress.Progress()).history
    expected = [
        f"epoch {e + 1}/3  "
        + "  ".join(f"{name} {history[name][e]:.4f}" for name in ("loss", "error", "val_loss", "val_error"))
        for e in range(3)
    ]
    assert displayed[-1].splitlines() == expected


def test_shows_every_so_many_epochs_and_the_last(keras, displayed):
    train(keras, progress.Progress(every=4), epochs=10)
    assert [line.split("  loss")[0] for line in displayed[-1].splitlines()] == [
        "epoch  4/10",
        "epoch  8/10",
        "epoch 10/10",
    ]


def test_keeps_the_seconds_of_each_epoch(keras, displayed):
    table = progress.Progress()
    train(keras, table)
    assert len(table.seconds) == 3 and all(0 < seconds < 60 for seconds in table.seconds)
    train(keras, table, epochs=2)
    assert len(table.seconds) == 2


def test_bar_moves_within_an_epoch(keras, displayed, monkeypatch):
    monkeypatch.setattr(progress.Progress, "SECONDS_BETWEEN_UPDATES", 0)
    train(keras, progress.Progress(), batch_size=16)
    bars = [text.splitlines()[-1] for text in displayed if "[" in text]
    assert [bar.count("#") for bar in bars] == [5, 10, 15, 20] * 3
    assert bars[-1].endswith("about 0 s left")


@pytest.mark.parametrize("every", [0, -1])
def test_every_is_at_least_one(every):
    with pytest.raises(ValueError, match="whole number, at least 1"):
        progress.Progress(every=every)
