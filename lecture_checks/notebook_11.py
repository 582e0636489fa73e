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
from lecture_checks.mistakes import IN_TESTS, AnyOf, choose, judge, rule_out

HOOKS = [f"on_{moment}_{end}" for moment in ("train", "epoch", "train_batch", "test", "test_batch")
         for end in ("begin", "end")]  # fmt: skip
VALIDATION_LOSSES = [0.50, 0.45, 0.46, 0.44, 0.47, 0.45, 0.44, 0.43, 0.45, 0.46, 0.44, 0.48, 0.42, 0.45]
N_EPOCHS = 120  # of a training of 20 hours
MINUTES_PER_EPOCH, MINUTES_TO_SAVE = 10, 0.5
ACCIDENTS = 20 / 24


def stopped(patience: int, equal_is_better: bool = False, in_total: bool = False) -> tuple[int, int]:
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


def stopper(wants_to_stop, whom=lambda callback: callback.model, flag=True):
    """A class of callbacks that set stop_training of `whom(callback)` when `wants_to_stop(loss, val_loss, limit)`."""
    import keras

    class StopOverfitting(keras.callbacks.Callback):
        def __init__(self, limit):
            super().__init__()
            self.limit = limit

        def on_epoch_end(self, epoch, logs=None):
            if wants_to_stop(logs["loss"], logs["val_loss"], self.limit):
                whom(self).stop_training = flag

    return StopOverfitting


def overfits(loss, val_loss, limit):
    return val_loss / loss > limit


def underfits(loss, val_loss, limit):
    return loss / val_loss > limit


def minutes(saving=MINUTES_TO_SAVE, accidents=ACCIDENTS, epoch=MINUTES_PER_EPOCH, repeated=1 / 2):
    """The function of the interval `every` that returns the minutes lost; with other numbers, a wrong one."""
    return lambda every: N_EPOCHS / every * saving + accidents * every * repeated * epoch


class Accident(Exception):
    pass


class Runs:
    """Runs of the student's `train`, whose epochs note what they find."""

    def __init__(self, train, epochs):
        self.train, self.epochs = train, epochs
        self.begun_with = []  # the states at the beginning of each epoch
        self.numbers = []  # and the file's st_ino, or None if there is none; a replaced file has a new one
        self.sizes = []  # of the files that took the place of others, in all runs

    def begin(self, file, dies_in=None):
        """A new run's `one_epoch`, in which the accident happens when it is called for the `dies_in`th time."""
        self.begun_with, self.numbers = [], []

        def one_epoch(state):
            self.begun_with.append(dict(state))
            self.numbers.append(file.stat().st_ino if file.exists() else None)
            with contextlib.suppress(OSError):  # where the disk knows no links
                os.link(file, file.parent / "kept" / f"{file.stem}-{len(self.numbers)}")  # so no number is used again
            if len(self.numbers) == dies_in:
                raise Accident
            velocity = 0.9 * state["velocity"] - (state["w"] - 3) / 7
            return {"epoch": state["epoch"] + 1, "w": state["w"] + velocity, "velocity": velocity}

        return one_epoch

    def result(self, file):
        """The last state, as an undisturbed run returns it."""

        def replace(source, target, replace=os.replace, **named):
            if os.path.exists(source):
                self.sizes.append(os.path.getsize(source))
            return replace(source, target, **named)

        with mock.patch.object(os, "replace", replace):
            result = call(self.train, file, self.epochs, self.begin(file))
        if not isinstance(result, dict) or set(result) != {"epoch", "w", "velocity"}:
            raise Form('`train` should return the last state, a dictionary with "epoch", "w" and "velocity".')
        return result

    def is_killed(self, file, dies_in):
        """Whether the accident ends a run; `call` would take it for a mistake in `train`."""

        def killed():
            try:
                self.train(file, self.epochs, self.begin(file, dies_in))
            except Accident:
                return True
            return False

        killed.__name__ = getattr(self.train, "__name__", "train")
        return call(killed)


# fmt: off


@exercise(1, "How often, and what is told", promise=1, kind="predict")
def calls(n_train_batches, n_test_batches, before_epoch_end, told):
    """Calls of two hooks in 3 epochs of 100 and 40 rows in batches of 32; a hook's name; a mean of 6, 4 and 2."""
    n_train_batches = expect.whole("n_train_batches", n_train_batches)
    n_test_batches = expect.whole("n_test_batches", n_test_batches)
    before_epoch_end = expect.choice("before_epoch_end", before_epoch_end, *HOOKS)
    told = expect.number("told", told)
    epochs, batches, test_batches = 3, -(-100 // 32), -(-40 // 32)
    judge("n_train_batches", n_train_batches, right=epochs * batches, known=[
        ("one-epoch", batches, "`n_train_batches` is that of one epoch. How many epochs does the training have?"),
        ("rounded-down", epochs * (100 // 32),
         "In `n_train_batches`, some rows are left over in each epoch: they are a batch, too."),
        ("once-an-epoch", epochs, "`on_train_batch_end` is called more often than `on_epoch_end`: once per batch."),
        ("rows", epochs * 100, "`n_train_batches` counts rows. The hook is called once per batch."),
        ("across-epochs", -(-epochs * 100 // 32),
         "In `n_train_batches`, a batch would hold rows of two epochs. Count those of one epoch."),
        ("with-validation", epochs * -(-140 // 32),
         "In `n_train_batches`, the 40 rows for validation are counted. They train nothing."),
    ], otherwise="`n_train_batches` is not right. How many batches do 100 rows make, and how often?")
    judge("n_test_batches", n_test_batches, right=epochs * test_batches, known=[
        ("test-one-epoch", test_batches, "`n_test_batches` is that of one validation. How often does Keras validate?"),
        ("test-once", epochs, "For `n_test_batches`: do 40 rows fit into one batch?"),
        ("no-test", 0, "To Keras, a validation during `fit` is a test, too: its hooks are called."),
    ], otherwise="`n_test_batches` is not right. How many batches do 40 rows make, and how often?")
    choose("before_epoch_end", before_epoch_end, right="on_test_end", known=[
        ("validated-after", "on_train_batch_end",
         "The numbers are right. But Keras validates after the last batch of an epoch."),
        ("test-open", "on_test_batch_end",
         "The numbers are right. After the last batch of the validation, one hook is still due."),
    ], otherwise="The numbers are right, `before_epoch_end` is not. Look at the order in section 1.")
    judge("told", told, right=(6 + 4 + 2) / 3, known=[
        ("that-batch", 2, "All but `told` is right. The hook is not told the loss of that batch alone."),
        ("sum", 6 + 4 + 2, "All but `told` is right. The losses are not added up, or a long epoch would look bad."),
        ("first-lost", (4 + 2) / 2, "All but `told` is right. It begins with the first batch of the epoch."),
    ], otherwise="All but `told` is right. What does `on_train_batch_end` tell: of which batches?")
    return "Late in a long epoch, a single bad batch hardly shows in this number: it is one of very many."


@exercise(2, "When does it stop?", promise=3, kind="by hand", points=2)
def early_stopping(stop_3, best_3, stop_4, best_4, n_saved):
    """Last and best epoch of EarlyStopping with patience 3 and 4, and how often ModelCheckpoint saves the best."""
    given = {"stop_3": stop_3, "best_3": best_3, "stop_4": stop_4, "best_4": best_4, "n_saved": n_saved}
    stop_3, best_3, stop_4, best_4, n_saved = (expect.whole(name, value) for name, value in given.items())
    end, (right_3, right_4) = len(VALIDATION_LOSSES), (stopped(patience=3), stopped(patience=4))
    equal, in_total = stopped(patience=3, equal_is_better=True), stopped(patience=3, in_total=True)
    judge("stop_3 best_3", (stop_3, best_3), right=right_3, known=[
        ("from-0", (right_3[0] - 1, right_3[1] - 1),
         "It seems that you count the epochs from 0. Count them from 1 here."),
        ("equal", equal, "With patience 3 you are too late: is an equal loss *lower* than the best so far?",
         stop_3 == equal[0]),
        ("in-total", in_total, "With patience 3 you are too early: each new best starts the count again.",
         stop_3 == in_total[0]),
        ("epoch-before", (end, end - 1),
         "With patience 3: is a loss compared with the one before it, or with the best?", stop_3 == end),
        ("one-more", AnyOf((right_3[0] + 1, right_3[1]), right_4),
         "With patience 3 you are too late: after the third epoch without a new best it stops.",
         stop_3 in (right_3[0] + 1, right_4[0])),
        ("last-weights", (right_3[0], right_3[0]),
         "`stop_3` is right. But `restore_best_weights=True` puts other weights back."),
    ], otherwise="With patience 3 it is not right. Note the best so far after each epoch, and count from there.")
    judge("stop_4 best_4", (stop_4, best_4), right=right_4, known=[
        ("new-best", (right_3[1] + 4, right_3[1]), "With patience 4: look at the loss of the epoch where you stop.",
         stop_4 == right_3[1] + 4),
        ("lowest-of-all", (end, 13), "With patience 4: does the training live to see its lowest loss in the list?",
         stop_4 == end or best_4 == 13),
        ("last-weights-4", (right_4[0], right_4[0]),
         "`stop_4` is right. But `restore_best_weights=True` puts other weights back."),
    ], otherwise="Patience 3 is right, patience 4 not yet. Note the best so far after each epoch.")
    bests, falls = np.minimum.accumulate(VALIDATION_LOSSES), (np.diff(VALIDATION_LOSSES) < 0).sum()
    judge("n_saved", n_saved, right=len(set(bests)), known=[
        ("each-epoch", end, "All but `n_saved` is right. It saves only when the loss is lower than ever before."),
        ("one-file", 1, "All but `n_saved` is right. One file is left at the end; how often was it written?"),
        ("one-missing", len(set(bests)) - 1,
         "All but `n_saved` is right. All 14 epochs count; is the first one a best, too?"),
        ("equal-saved", (bests >= VALIDATION_LOSSES).sum(),
         "All but `n_saved` is right. An equal loss is no reason to save again."),
        ("than-before", AnyOf(falls, falls + 1),
         "All but `n_saved` is right. A loss is compared with the best, not with the one before."),
    ], otherwise="All but `n_saved` is right. In how many of the 14 epochs was the loss lower than ever before?")
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

    heard, thought = zip(*[stops(1.2, 0.5, val) for val in (0.4, 0.55, 0.7)], strict=True)
    silent = not any(heard)
    judge("StopOverfitting", heard, is_right=heard == (False, False, True), known=[
        ("unchanged", stopper(underfits, lambda callback: callback),
         "It still has two mistakes: when it wants to stop, and whom it tells.", silent and thought[0]),
        ("nobody-told", stopper(overfits, lambda callback: callback),
         "It now wants to stop at the right moment. But the network does not hear of it.", silent and any(thought)),
        ("turned", stopper(underfits),
         "The network now hears it. But it stops when the *training* loss is the larger one.",
         heard == (True, False, False)),
        ("below", stopper(lambda loss, val_loss, limit: val_loss / loss < limit),
         "It stops a network that overfits a little, and not one that overfits much.", heard[1:] == (True, False)),
        ("always", stopper(lambda *_: True), "It stops after every epoch, however the losses are.", all(heard)),
        ("too-soon", stopper(lambda loss, val_loss, limit: val_loss > loss),
         "It also stops a network that overfits less than `limit` allows.", heard == (False, True, True)),
        ("difference", stopper(lambda loss, val_loss, limit: val_loss - loss > limit),
         "It looks at the difference of the losses. Their ratio should be above the limit.",
         silent and stops(1.2, 2.0, 3.5)[0]),
        ("never", stopper(overfits, flag=False),
         "It never stops the network. What has to be set in the network, and to which value?", silent),
    ], otherwise="It does not stop exactly when `val_loss` is more than `limit` times as large as `loss`.")
    if stops(2.0, 0.5, 0.7)[0] or not stops(1.05, 0.5, 0.55)[0]:
        raise Wrong("It is right for the limit 1.2, but not for others.")
    judge("epochs_run", expect.whole("epochs_run", epochs_run), right=50, known=[
        ("wanted", 1, "It is repaired. The broken one may have wanted to stop at once; did the network hear it?"),
        ("no-epoch", 0, "It is repaired. But `on_epoch_end` is called only after an epoch."),
    ], otherwise="It is repaired. For `epochs_run`: does `self.stop_training` mean anything to `fit`?")
    return "Python lets you set any name on any object, so no error told of this mistake. A test by hand does."


@exercise(4, "How often to save?", promise=3, kind="design", points=2)
def interval(lost_minutes, every):
    """A function of the interval (in epochs) that returns the minutes lost on average, and the best interval."""
    intervals = np.array([1, 2, 5, 12, 40, 120])
    lost = np.array([expect.number("lost_minutes(every)", call(lost_minutes, int(n))) for n in intervals])

    def same(lost, other):
        return close(lost, other(intervals))

    judge("lost_minutes", lost, right=minutes(), same=same, known=[
        ("whole-interval", minutes(repeated=1),
         "An accident may come early or late in an interval. What is lost on average?"),
        ("no-accidents", minutes(accidents=0), "This is the time for saving. What an accident costs is missing."),
        ("no-saving", minutes(saving=0), "This is what accidents cost. The time for saving is missing."),
        ("one-accident", minutes(accidents=1),
         "The training is shorter than a day: so there is less than one accident on average."),
        ("in-epochs", minutes(epoch=1),
         "The work to be repeated is counted in epochs. How many minutes does an epoch take?"),
        ("seconds", minutes(saving=30), "The time for saving is counted in seconds, the rest in minutes."),
        ("always-saved", lambda every: minutes(saving=0)(every) + N_EPOCHS * MINUTES_TO_SAVE,
         "The time for saving is the same for each interval. How many files are saved?"),
        ("per-epoch", lambda every: minutes(saving=0)(every) + every * MINUTES_TO_SAVE,
         "You count more time for saving when the interval is longer. How many files are saved?"),
        ("last-too", lambda every: minutes()(every) - MINUTES_TO_SAVE,
         "One checkpoint is missing: after the last epoch, one is saved, too."),
        ("upside-down", minutes(accidents=24 / 20),
         "The share of accidents is the wrong way round: 20 hours of 24 are less than 1."),
        ("in-hours", lambda every: minutes()(every) / 60, "These are hours. Return minutes."),
        ("every-in-minutes", lambda every: minutes()(every / MINUTES_PER_EPOCH),
         "You take `every` for minutes. It is a number of epochs."),
        ("saved-once", lambda every: minutes(saving=0)(every) + MINUTES_TO_SAVE,
         "You count the time for saving once. How often is a checkpoint saved in 120 epochs?"),
    ], otherwise="`lost_minutes` is not right. Add two parts: saving all checkpoints, and repeating lost work.")
    every = expect.whole("every", every)
    if not 1 <= every <= N_EPOCHS:
        raise Wrong("The function is right. `every` should be an interval from 1 to 120 epochs.")
    total = minutes()(np.arange(1, N_EPOCHS + 1))
    judge("every", every, right=1 + total.argmin(), known=[
        ("each-epoch", 1, "The function is right. But does saving after each epoch lose least? Ask the function."),
        ("answer-in-minutes", 40, "The function is right. Is your `every` a number of epochs, or of minutes?"),
    ], otherwise=f"The function is right. With your interval {total[every - 1]:.1f} minutes are lost; one loses less.")
    return "At the best interval, saving and repeating cost about the same. And an interval near it is nearly as good."


@exercise(5, "Going on", promise=6, kind="complete", points=3)
def going_on(train):
    """train(file, epochs, one_epoch) goes on from the state in the file, and saves it after each epoch."""
    epochs, dies_in = 6, 4
    runs = Runs(train, epochs)
    with tempfile.TemporaryDirectory() as folder:
        whole_file, file = Path(folder) / "whole.json", Path(folder) / "state.json"
        (Path(folder) / "kept").mkdir()
        whole, numbers = runs.result(whole_file), runs.numbers
        if len(numbers) == 1:
            raise Hint("one-epoch", "Undisturbed, it ends after one epoch of six. Does `return` stand within the loop?")
        if len(numbers) != epochs or whole["epoch"] != epochs:
            raise Wrong(f"Undisturbed, `train` should do {epochs} epochs when it is asked for as many.")
        rule_out("train", known=[
            ("nothing-saved", IN_TESTS, "After an undisturbed training run there is no file with the name `file`.",
             not whole_file.exists()),
            ("only-at-end", IN_TESTS, "The file is written only when all epochs are done: an accident would lose all.",
             {numbers[1], numbers[-1]} == {None}),
            ("in-place", IN_TESTS,
             "The state is written directly into `file`. If the power fails meanwhile, half a file is left: write "
             "another file first, and let it take the place of `file` when it is complete.",
             len(set(numbers[-3:])) == 1),
            ("not-closed", IN_TESTS,
             "When it takes the place of `file`, the new file is still empty: Python writes it when it is closed. "
             "Leave the `with` first.",
             0 in runs.sizes),
        ])
        if not runs.is_killed(file, dies_in):
            raise Wrong("An error in `one_epoch` does not end `train`. Do not catch it: a dead program cannot, either.")
        resumed = runs.result(file)
        if not runs.begun_with:
            raise Wrong("After an accident in epoch 4, `train` did no epoch any more. It should do the missing ones.")
        first, n_epochs = runs.begun_with[0]["epoch"], len(runs.begun_with)
        judge("train", train, is_right=resumed == whole and n_epochs == epochs - dies_in + 1, known=[
            ("anew", IN_TESTS,
             "After an accident in epoch 4, `train` started over. Does it read `file` when it is there?", first == 0),
            ("one-behind", IN_TESTS, "One epoch more than necessary was repeated: is the *new* state saved each time?",
             first < dies_in - 1),
            ("more-epochs", IN_TESTS,
             f"After the accident it does epochs until there are {resumed['epoch']}; {epochs} were asked for. Those "
             "from before count as well.",
             resumed["epoch"] > epochs),
            ("part-lost", IN_TESTS,
             "It went on with the right epoch, but ended with another `w`: part of the state was lost.",
             not close(resumed["w"], whole["w"], 1e-12)),
        ], otherwise="After an accident, the last state differs from that of an undisturbed training run.")
        again = runs.result(file)
        judge("train", train, is_right=again == whole and not runs.begun_with, known=[
            ("last-unsaved", IN_TESTS, "After the training, `file` lacks the last epoch. When is the state saved?",
             [state["epoch"] for state in runs.begun_with][:1] == [epochs - 1]),
        ], otherwise="A training run that is already done should return its last state at once.")
    return "The same few lines also protect a long download or a search: save the whole state, and replace in one go."
