"""A training run as one compact table while it runs: the callback `Progress`."""

from __future__ import annotations

import time

import keras
from IPython.display import display

from lecture_utils import validate


class Progress(keras.callbacks.Callback):
    """Show a training run as one compact table: a line per epoch, and a moving bar while it runs.

    Use it with `verbose=0`: `model.fit(..., verbose=0, callbacks=[Progress()])`. What stays in the notebook holds no
    times, so that the same run leaves the same text; the attribute `seconds` has them, one number per epoch.

    Args:
        every: show only each epoch whose number is a multiple of `every`, and the last one.
    """

    BAR_WIDTH = 20
    SECONDS_BETWEEN_UPDATES = 0.1
    not_resumed = ("_began", "_shown", "_epoch_began")  # times of this process; `resumable_fit` does not save them

    def __init__(self, every: int = 1):
        super().__init__()
        validate.whole_number("every", every, at_least=1)
        self.every = every

    def on_train_begin(self, logs=None):
        self.seconds: list[float] = []
        self._epochs: list[tuple[int, dict[str, float]]] = []
        self._began = self._shown = time.perf_counter()
        self._display = display(Text("training starts"), display_id=True)  # None outside of a notebook

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._epoch_began = epoch, time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if now - self._shown < self.SECONDS_BETWEEN_UPDATES:
            return
        self._shown = now
        steps = self.params["steps"] or batch + 1
        done = (self._epoch + (batch + 1) / steps) / self.params["epochs"]
        filled = round(self.BAR_WIDTH * (batch + 1) / steps)
        left = (now - self._began) / done * (1 - done)
        bar = "#" * filled + "." * (self.BAR_WIDTH - filled)
        self._update(f"{self._number(self._epoch)}  [{bar}]  about {left:.0f} s left")

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self._epoch_began)
        self._epochs.append((epoch, dict(logs)))

    def on_train_end(self, logs=None):
        self._update()

    def _number(self, epoch: int) -> str:
        total = self.params["epochs"]
        return f"epoch {epoch + 1:>{len(str(total))}}/{total}"

    def _update(self, *last_line: str) -> None:
        shown = [row for row in self._epochs if (row[0] + 1) % self.every == 0 or row is self._epochs[-1]]
        lines = ["  ".join([self._number(epoch), *_values(logs)]) for epoch, logs in shown]
        if self._display is not None:
            self._display.update(Text("\n".join([*lines, *last_line])))


def _values(logs: dict[str, float]) -> list[str]:
    """Each metric with its value: training before validation, and the loss first, as Keras shows them."""
    names = sorted(logs, key=lambda name: (name.startswith("val_"), not name.endswith("loss")))
    return [f"{name} {logs[name]:.4f}" for name in names]


class Text:
    """A text that a notebook shows as it is; it would show a string in quotes."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text
