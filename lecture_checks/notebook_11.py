"""The checks of notebook 11: how do I watch and rescue a long training?"""

import contextlib
import inspect
import os
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Form, Hint, Wrong, call, close, exercise

HOOKS = [f"on_{moment}_{end}" for moment in ("train", "epoch", "train_batch", "test", "test_batch")
         for end in ("begin", "end")]  # fmt: skip
VALIDATION_LOSSES = [0.50, 0.45, 0.46, 0.44, 0.47, 0.45, 0.44, 0.43, 0.45, 0.46, 0.44, 0.48, 0.42, 0.45]
N_EPOCHS = 120  # of a training of 20 hours
MINUTES_PER_EPOCH, MINUTES_TO_SAVE = 10, 0.5
ACCIDENTS = 20 / 24


@exercise(1, "How often, and what is told", promise=1, kind="predict")
def calls(n_train_batches, n_test_batches, before_epoch_end, told):
    """Calls of two hooks in 3 epochs of 100 and 40 rows in batches of 32; a hook's name; a mean of 6, 4 and 2."""
    n_train_batches = expect.whole("n_train_batches", n_train_batches)
    n_test_batches = expect.whole("n_test_batches", n_test_batches)
    before_epoch_end = expect.choice("before_epoch_end", before_epoch_end, *HOOKS)
    told = expect.number("told", told)
    epochs, batches, test_batches = 3, -(-100 // 32), -(-40 // 32)
    if n_train_batches == batches:
        raise Hint("one-epoch", "`n_train_batches` is that of one epoch. How many epochs has the training?")
    if n_train_batches == epochs * (100 // 32):
        raise Hint(
            "rounded-down", "In `n_train_batches`, some rows are left over in each epoch: they are a batch, too."
        )
    if n_train_batches == epochs:
        raise Hint("once-an-epoch", "`on_train_batch_end` is called more often than `on_epoch_end`: once per batch.")
    if n_train_batches == epochs * 100:
        raise Hint("rows", "`n_train_batches` counts rows. The hook is called once per batch.")
    if n_train_batches == -(-epochs * 100 // 32):
        raise Hint(
            "across-epochs", "In `n_train_batches`, a batch would hold rows of two epochs. Count those of one epoch."
        )
    if n_train_batches == epochs * -(-140 // 32):
        raise Hint(
            "with-validation", "In `n_train_batches`, the 40 rows for validation are counted. They train nothing."
        )
    if n_train_batches != epochs * batches:
        raise Wrong("`n_train_batches` is not right. How many batches do 100 rows make, and how often?")
    if n_test_batches == test_batches:
        raise Hint("test-one-epoch", "`n_test_batches` is that of one validation. How often does Keras validate?")
    if n_test_batches == epochs:
        raise Hint("test-once", "For `n_test_batches`: do 40 rows fit into one batch?")
    if n_test_batches == 0:
        raise Hint("no-test", "To Keras, a validation during `fit` is a test, too: its hooks are called.")
    if n_test_batches != epochs * test_batches:
        raise Wrong("`n_test_batches` is not right. How many batches do 40 rows make, and how often?")
    if before_epoch_end == "on_train_batch_end":
        raise Hint("validated-after", "The numbers are right. But Keras validates after the last batch of an epoch.")
    if before_epoch_end == "on_test_batch_end":
        raise Hint("test-open", "The numbers are right. After the last batch of the validation, one hook is still due.")
    if before_epoch_end != "on_test_end":
        raise Wrong("The numbers are right, `before_epoch_end` is not. Look at the order in section 1.")
    if close(told, 2):
        raise Hint("that-batch", "All but `told` is right. The hook is not told the loss of that batch alone.")
    if close(told, 6 + 4 + 2):
        raise Hint("sum", "All but `told` is right. The losses are not added up, or a long epoch would look bad.")
    if close(told, (4 + 2) / 2):
        raise Hint("first-lost", "All but `told` is right. It begins with the first batch of the epoch.")
    if not close(told, (6 + 4 + 2) / 3):
        raise Wrong("All but `told` is right. What does `on_train_batch_end` tell: of which batches?")
    return "Late in a long epoch, a single bad batch hardly shows in this number: it is one of very many."


@exercise(2, "When does it stop?", promise=3, kind="by hand", points=2)
def early_stopping(stop_3, best_3, stop_4, best_4, n_saved):
    """Last and best epoch of EarlyStopping with patience 3 and 4, and how often ModelCheckpoint saves the best."""
    given = {"stop_3": stop_3, "best_3": best_3, "stop_4": stop_4, "best_4": best_4, "n_saved": n_saved}
    stop_3, best_3, stop_4, best_4, n_saved = (expect.whole(name, value) for name, value in given.items())
    right_3, right_4 = _stopped(patience=3), _stopped(patience=4)
    if (stop_3, best_3) == (right_3[0] - 1, right_3[1] - 1):
        raise Hint("from-0", "It seems that you count the epochs from 0. Count them from 1 here.")
    if stop_3 == _stopped(patience=3, equal_is_better=True)[0]:
        raise Hint("equal", "With patience 3 you are too late: is an equal loss *lower* than the best so far?")
    if stop_3 == _stopped(patience=3, in_total=True)[0]:
        raise Hint("in-total", "With patience 3 you are too early: each new best starts the count anew.")
    if stop_3 == len(VALIDATION_LOSSES):
        raise Hint("epoch-before", "With patience 3: is a loss compared with the one before it, or with the best?")
    if stop_3 in (right_3[0] + 1, right_4[0]):
        raise Hint("one-more", "With patience 3 you are too late: after the third epoch without a new best it stops.")
    if stop_3 == right_3[0] and best_3 == stop_3:
        raise Hint("last-weights", "`stop_3` is right. But `restore_best_weights=True` puts other weights back.")
    if (stop_3, best_3) != right_3:
        raise Wrong("With patience 3 it is not right. Note the best so far after each epoch, and count from there.")
    if stop_4 == right_3[1] + 4:
        raise Hint("new-best", "With patience 4: look at the loss of the epoch where you stop.")
    if stop_4 == len(VALIDATION_LOSSES) or best_4 == 13:
        raise Hint("lowest-of-all", "With patience 4: does the training live to see its lowest loss in the list?")
    if stop_4 == right_4[0] and best_4 == stop_4:
        raise Hint("last-weights-4", "`stop_4` is right. But `restore_best_weights=True` puts other weights back.")
    if (stop_4, best_4) != right_4:
        raise Wrong("Patience 3 is right, patience 4 not yet. Note the best so far after each epoch.")
    bests = np.minimum.accumulate(VALIDATION_LOSSES)
    if n_saved == len(VALIDATION_LOSSES):
        raise Hint("each-epoch", "All but `n_saved` is right. It saves only when the loss is lower than ever before.")
    if n_saved == 1:
        raise Hint("one-file", "All but `n_saved` is right. One file is left at the end; how often was it written?")
    if n_saved == len(set(bests)) - 1:
        raise Hint("one-missing", "All but `n_saved` is right. All 14 epochs count; is the first one a best, too?")
    if n_saved == (np.array(VALIDATION_LOSSES) <= bests).sum():
        raise Hint("equal-saved", "All but `n_saved` is right. An equal loss is no reason to save again.")
    falls = (np.diff(VALIDATION_LOSSES) < 0).sum()
    if n_saved in (falls, falls + 1):
        raise Hint(
            "than-before", "All but `n_saved` is right. A loss is compared with the best, not with the one before."
        )
    if n_saved != len(set(bests)):
        raise Wrong("All but `n_saved` is right. In how many of the 14 epochs was the loss lower than ever before?")
    return "More patience found a better network here, and still missed the best one: no patience is always right."


@exercise(3, "A callback that nobody hears", promise=2, kind="find the bug", points=2)
def stop_repaired(StopOverfitting, epochs_run):
    """The repaired class of a callback, made with a limit, and how many of 50 epochs ran with the broken one."""
    import keras

    is_callback = inspect.isclass(StopOverfitting) and issubclass(StopOverfitting, keras.callbacks.Callback)
    if not is_callback:
        raise Form("Hand over the class `StopOverfitting`, a `keras.callbacks.Callback`, without parentheses.")

    if StopOverfitting.on_epoch_end is keras.callbacks.Callback.on_epoch_end:
        raise Hint("other-hook", "There is no `on_epoch_end` any more. Which hook is told both losses?")

    def stops(limit, loss, val_loss):
        """Whether the callback stops the network, and whether it thinks so; as told of one epoch."""
        callback = call(StopOverfitting, limit)
        network = keras.Sequential([keras.Input(shape=(1,)), keras.layers.Dense(1)])
        network.stop_training = False
        callback.set_model(network)

        with contextlib.suppress(Form):  # a hook returns nothing
            call(callback.on_epoch_end, 0, {"loss": loss, "val_loss": val_loss})
        return bool(network.stop_training), bool(getattr(callback, "stop_training", False))

    heard, only_thought = zip(*[stops(1.2, 0.5, val) for val in (0.4, 0.55, 0.7)], strict=True)
    if not any(heard) and only_thought[0]:
        raise Hint("unchanged", "It has two mistakes still: when it wants to stop, and whom it tells.")
    if not any(heard) and any(only_thought):
        raise Hint("nobody-told", "It now wants to stop at the right moment. But the network does not hear of it.")
    if heard == (True, False, False):
        raise Hint("turned", "The network now hears it. But it stops when the *training* loss is the larger one.")
    if heard == (False, True, False) or heard == (True, True, False):
        raise Hint("below", "It stops a network that overfits a little, and not one that overfits much.")
    if all(heard):
        raise Hint("always", "It stops after every epoch, however the losses are.")
    if heard == (False, True, True):
        raise Hint("too-soon", "It also stops a network that overfits less than `limit` allows.")
    if heard != (False, False, True):
        if not any(heard) and stops(1.2, 2.0, 3.5)[0]:
            raise Hint("difference", "It looks at the difference of the losses. Their ratio should be above the limit.")
        if not any(heard):
            raise Hint("never", "It never stops the network. What has to be set in the network, and to which value?")
        raise Wrong("It does not stop exactly when `val_loss` is more than `limit` times as large as `loss`.")
    if stops(2.0, 0.5, 0.7)[0] or not stops(1.05, 0.5, 0.55)[0]:
        raise Wrong("It is right for the limit 1.2, but not for others.")
    epochs_run = expect.whole("epochs_run", epochs_run)
    if epochs_run == 1:
        raise Hint("wanted", "It is repaired. The broken one may have wanted to stop at once; did the network hear it?")
    if epochs_run == 0:
        raise Hint("no-epoch", "It is repaired. But `on_epoch_end` is called only after an epoch.")
    if epochs_run != 50:
        raise Wrong("It is repaired. For `epochs_run`: does `self.stop_training` mean anything to `fit`?")
    return "Python lets you set any name on any object, so no error told of this mistake. A test by hand does."


@exercise(4, "How often to save?", promise=3, kind="design", points=2)
def interval(lost_minutes, every):
    """A function of the interval (in epochs) that returns the minutes lost on average, and the best interval."""
    intervals = np.array([1, 2, 5, 12, 40, 120])
    name = "lost_minutes(every)"
    lost = np.array([expect.number(name, call(lost_minutes, int(n))) for n in intervals])
    saving = N_EPOCHS / intervals * MINUTES_TO_SAVE
    repeating = ACCIDENTS * intervals * MINUTES_PER_EPOCH / 2
    if close(lost, saving + 2 * repeating):
        raise Hint("whole-interval", "An accident may come early or late in an interval. What is lost on average?")
    if close(lost, saving):
        raise Hint("no-accidents", "This is the time for saving. What an accident costs is missing.")
    if close(lost, repeating):
        raise Hint("no-saving", "This is what accidents cost. The time for saving is missing.")
    if close(lost, saving + repeating / ACCIDENTS):
        raise Hint("one-accident", "The training is shorter than a day: so there is less than one accident on average.")
    if close(lost, saving + repeating / MINUTES_PER_EPOCH):
        raise Hint("in-epochs", "The work to be repeated is counted in epochs. How many minutes has an epoch?")
    if close(lost, saving * 60 + repeating):
        raise Hint("seconds", "The time for saving is counted in seconds, the rest in minutes.")
    if close(lost, N_EPOCHS * MINUTES_TO_SAVE + repeating):
        raise Hint("always-saved", "The time for saving is the same for each interval. How many files are saved?")
    if close(lost, intervals * MINUTES_TO_SAVE + repeating):
        raise Hint("per-epoch", "You count more time for saving when the interval is longer. How many files are saved?")
    if close(lost, saving - MINUTES_TO_SAVE + repeating):
        raise Hint("last-too", "One checkpoint is missing: after the last epoch, one is saved, too.")
    if close(lost, saving + repeating / ACCIDENTS**2):
        raise Hint("upside-down", "The share of accidents is the wrong way round: 20 hours of 24 are less than 1.")
    if close(lost, (saving + repeating) / 60):
        raise Hint("in-hours", "These are hours. Return minutes.")
    if close(lost, 10 * saving + repeating / MINUTES_PER_EPOCH):
        raise Hint("every-in-minutes", "You take `every` for minutes. It is a number of epochs.")
    if close(lost, MINUTES_TO_SAVE + repeating):
        raise Hint("saved-once", "You count the time for saving once. How often is a checkpoint saved in 120 epochs?")
    if not close(lost, saving + repeating):
        raise Wrong("`lost_minutes` is not right. Add two parts: saving all checkpoints, and repeating lost work.")
    every = expect.whole("every", every)
    if every == 1:
        raise Hint(
            "each-epoch", "The function is right. But does saving after each epoch lose least? Ask the function."
        )
    if not 1 <= every <= N_EPOCHS:
        raise Wrong("The function is right. `every` should be an interval from 1 to 120 epochs.")
    if every == 40:
        raise Hint("answer-in-minutes", "The function is right. Is your `every` a number of epochs, or of minutes?")
    choices = np.arange(1, N_EPOCHS + 1)
    total = N_EPOCHS / choices * MINUTES_TO_SAVE + ACCIDENTS * choices * MINUTES_PER_EPOCH / 2
    if every != choices[total.argmin()]:
        raise Wrong(
            f"The function is right. With your interval {total[every - 1]:.1f} minutes are lost; one loses less."
        )
    return "At the best interval, saving and repeating cost about the same. And an interval near it is nearly as good."


class _Accident(Exception):
    pass


@exercise(5, "Going on", promise=6, kind="complete", points=3)
def going_on(train):
    """train(file, epochs, one_epoch) goes on from the state in the file, and saves it after each epoch."""
    epochs, dies_in = 6, 4
    begun_with = []  # the states at the beginning of each epoch
    numbers = []  # and the file's st_ino, or None if there is none; a replaced file has a new one

    def one_epoch(state, file, accident):
        begun_with.append(dict(state))
        numbers.append(file.stat().st_ino if file.exists() else None)
        with contextlib.suppress(OSError):  # where the disk knows no links
            os.link(file, file.parent / "kept" / f"{file.stem}-{len(numbers)}")  # so that no number is used again
        if accident and len(begun_with) == dies_in:
            raise _Accident
        velocity = 0.9 * state["velocity"] - (state["w"] - 3) / 7
        return {"epoch": state["epoch"] + 1, "w": state["w"] + velocity, "velocity": velocity}

    sizes = []  # of the files that took the place of others

    def replace(source, target, replace=os.replace, **named):
        if os.path.exists(source):
            sizes.append(os.path.getsize(source))
        return replace(source, target, **named)

    def result_of(file, accident=False):
        begun_with.clear()
        numbers.clear()
        with mock.patch.object(os, "replace", replace):
            result = call(train, file, epochs, lambda state: one_epoch(state, file, accident))
        if not isinstance(result, dict) or set(result) != {"epoch", "w", "velocity"}:
            raise Form('`train` should return the last state, a dictionary with "epoch", "w" and "velocity".')
        return result

    def killed(file):
        """Whether the accident ends the training; `call` would take it for a mistake in `train`."""
        begun_with.clear()
        try:
            train(file, epochs, lambda state: one_epoch(state, file, accident=True))
        except _Accident:
            return True
        return False

    killed.__name__ = getattr(train, "__name__", "train")
    with tempfile.TemporaryDirectory() as folder:
        whole_file, file = Path(folder) / "whole.json", Path(folder) / "state.json"
        (Path(folder) / "kept").mkdir()
        whole = result_of(whole_file)
        if len(begun_with) == 1:
            raise Hint("one-epoch", "Undisturbed, it ends after one epoch of six. Does `return` stand within the loop?")
        if len(begun_with) != epochs or whole["epoch"] != epochs:
            raise Wrong(f"Undisturbed, `train` should do {epochs} epochs when it is asked for as many.")
        if not whole_file.exists():
            raise Hint("nothing-saved", "After an undisturbed training there is no file with the name `file`.")
        if numbers[1] is None and numbers[-1] is None:
            raise Hint("only-at-end", "The file is written only when all epochs are done: an accident would lose all.")
        if len(set(numbers[-3:])) == 1:
            raise Hint(
                "in-place",
                "The state is written directly into `file`. If the power fails meanwhile, half a file is left: "
                "write another file first, and let it take the place of `file` when it is complete.",
            )
        if 0 in sizes:
            raise Hint(
                "not-closed",
                "When it takes the place of `file`, the new file is still empty: Python writes it when it is closed. "
                "Leave the `with` first.",
            )
        if not call(killed, file):
            raise Wrong("An error in `one_epoch` does not end `train`. Do not catch it: a dead program cannot, either.")
        resumed = result_of(file)
        first = begun_with[0] if begun_with else None
        if first is None:
            raise Wrong("After an accident in epoch 4, `train` did no epoch any more. It should do the missing ones.")
        if first["epoch"] == 0:
            raise Hint(
                "anew", "After an accident in epoch 4, `train` began anew. Does it read `file` when it is there?"
            )
        if first["epoch"] < dies_in - 1:
            raise Hint("one-behind", "One epoch more than necessary was repeated: is the *new* state saved each time?")
        if resumed["epoch"] > epochs:
            message = f"After the accident it does epochs until there are {resumed['epoch']}; {epochs} were asked for."
            raise Hint("more-epochs", f"{message} Those of before count as well.")
        if not close(resumed["w"], whole["w"], 1e-12):
            raise Hint(
                "part-lost", "It went on with the right epoch, but ended with another `w`: part of the state was lost."
            )
        if resumed != whole or len(begun_with) != epochs - dies_in + 1:
            raise Wrong("After an accident, the last state differs from that of an undisturbed training.")
        again = result_of(file)
        if begun_with and begun_with[0]["epoch"] == epochs - 1:
            raise Hint("last-unsaved", "After the training, `file` lacks the last epoch. When is the state saved?")
        if begun_with or again != whole:
            raise Wrong("A training that is already done should return its last state at once.")
    return "The same few lines also protect a long download or a search: save the whole state, and replace in one go."


def _stopped(patience: int, equal_is_better: bool = False, in_total: bool = False) -> tuple[int, int]:
    """The last epoch and the best one, from 1, of EarlyStopping; or of how one may misunderstand it."""
    best, best_epoch, waited = np.inf, 0, 0
    for epoch, loss in enumerate(VALIDATION_LOSSES, start=1):
        if loss < best or (equal_is_better and loss == best):
            best, best_epoch = loss, epoch
            waited = waited if in_total else 0
        else:
            waited += 1
        if waited == patience:
            return epoch, best_epoch
    return len(VALIDATION_LOSSES), best_epoch
