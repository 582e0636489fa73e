"""The checks of notebook 13: how do I choose what a network cannot learn?"""

from functools import cache

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Form, Wrong, call, close, exercise
from lecture_checks.mistakes import IN_TESTS, AnyOf, choose, judge, judge_function, rule_out
from lecture_utils import datasets

EARLIER = [[0.90, 0.60, 0.50, 0.45, 0.42], [0.80, 0.70, 0.65, 0.62, 0.60], [1.00, 0.55, 0.40, 0.36, 0.34]]
TRIALS = {"trial_4": [0.85, 0.65, 0.48, 0.40, 0.38], "trial_5": [0.89, 0.58, 0.49, 0.46, 0.44]}
MAX_PARAMETERS, GOAL, EPOCHS = 110, 0.45, 7


def is_too_large(loss, losses):
    return not loss < 4 * losses[0]


def tester(ends=is_too_large, sign=1, one_rate=False, from_start=False, step_first=False, slope=1):
    """A `range_test` that ends when `ends(loss, losses)`; with slope=0, its steps are made with the loss."""

    def range_test(loss_and_slope, w, rates):
        start, losses = w, []
        for rate in rates:
            before = start if from_start else w
            after = before - sign * (rates[0] if one_rate else rate) * loss_and_slope(before)[slope]
            losses.append(loss_and_slope(after if step_first else w)[0])
            if ends(losses[-1], losses):
                break
            w = after
        return losses

    return range_test


def mse(y, y_pred):
    return ((y - y_pred) ** 2).mean()


def search_in(scaler, model, alphas, X, y):
    """The grid search that the repaired `report` makes."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline

    pipeline = Pipeline([("scale", scaler), ("model", model)])
    return GridSearchCV(pipeline, {"model__alpha": alphas}, cv=3, scoring="neg_mean_squared_error").fit(X, y)


def repaired(scaler, model, alphas, X, y, X_test, y_test):
    return mse(y_test, search_in(scaler, model, alphas, X, y).predict(X_test))


def _epochs(errors, earlier, middle=np.median) -> int:
    """After how many epochs the trial is stopped; all of them if it is not."""
    for epoch, error in enumerate(errors):
        others = [trial[epoch] for trial in earlier if len(trial) > epoch]
        if error > middle(others):
            return epoch + 1
    return len(errors)


@cache
def _houses():
    """3,000 districts for training and 1,000 for validation, scaled and clipped, each with its targets."""
    from sklearn.model_selection import train_test_split

    housing = datasets.load_california_housing()
    X, _, y, _ = train_test_split(housing.data, housing.target, random_state=42)
    mean, std = X[:3000].mean(axis=0), X[:3000].std(axis=0)
    X = np.clip((X[:4000] - mean) / std, -3, 3).astype("float32")
    return X[:3000], y[:3000], X[3000:], y[3000:4000]


@cache
def _error(n_neurons, optimizer, learning_rate) -> float:
    """The validation MSE of a network that was trained for 7 epochs with batches of 512."""
    import keras

    X_train, y_train, X_valid, y_valid = _houses()
    keras.utils.set_random_seed(42)
    hidden = keras.layers.Dense(n_neurons, activation="relu")
    network = keras.Sequential([keras.Input(shape=(8,)), hidden, keras.layers.Dense(1)])
    network.compile(loss="mse", optimizer=getattr(keras.optimizers, optimizer)(learning_rate))
    network.fit(X_train, y_train, epochs=EPOCHS, batch_size=512, verbose=0)
    return float(((np.asarray(network(X_valid))[:, 0] - y_valid) ** 2).mean())


# fmt: off


@exercise(1, "What does it cost?", promise=4, kind="by hand")
def costs(n_trainings, n_rates, n_epochs):
    """Trainings of a grid of 4 x 3 x 3 in 5 folds; rates of a random search of this cost; epochs of halving from 27."""
    n_trainings = expect.whole("n_trainings", n_trainings)
    n_rates, n_epochs = expect.whole("n_rates", n_rates), expect.whole("n_epochs", n_epochs)
    candidates, folds = 4 * 3 * 3, 5
    trainings = candidates * folds
    one_at_a_time = 4 + 3 + 3
    judge("n_trainings", n_trainings, right=trainings + 1, known=[
        ("refit", trainings, "`n_trainings`: one is missing. What does `refit=True` do when the best one is known?"),
        ("folds", AnyOf(candidates, candidates + 1),
         "`n_trainings`: each candidate is trained more than once. How often, with these folds?"),
        ("one-at-a-time", AnyOf(one_at_a_time * folds, one_at_a_time * folds + 1, one_at_a_time),
         "`n_trainings`: a grid does not change one value at a time. It tries all combinations."),
        ("refit-folds", trainings + folds,
         "`n_trainings`: the best one is trained once more, on all rows. Folds play no part there."),
        ("refit-all", trainings + candidates,
         "`n_trainings`: all candidates are trained once more. `refit` does that with one only."),
        ("fold-left-out", AnyOf(trainings - candidates, trainings - candidates + 1),
         "`n_trainings`: a fold is missing. Each fold is once the part that validates."),
    ], otherwise="`n_trainings` is not right. How many combinations are there, and how often is each trained?")
    judge("n_rates", n_rates, right=candidates, known=[
        ("as-on-grid", 4, "`n_rates`: is a rate of a random search taken from a list?"),
        ("per-training", AnyOf(trainings, trainings + 1),
         "`n_rates`: in all its folds, a candidate has the same rate."),
        ("refit-rate", candidates + 1, "`n_rates`: one too many. Does `refit` draw a new candidate?"),
    ], otherwise="`n_trainings` is right. For `n_rates`: how many candidates can it pay for, with how many rates each?")
    rounds = [(27, 1), (9, 3), (3, 9), (1, 27)]
    right = sum(n * epochs for n, epochs in rounds)
    judge("n_epochs", n_epochs, right=right, known=[
        ("trainings", sum(n for n, _ in rounds),
         "`n_epochs`: you added up the candidates of all rounds. How many epochs does each one get?"),
        ("round-missing", right - 27,
         "`n_epochs`: is the last round missing, with *one* candidate? Or do the rounds go on where the one before "
         "ended? They start over."),
        ("one-round", 27, "`n_epochs`: this is a single round. The question is about all rounds together."),
        ("all-to-the-end", 27 * 27, "`n_epochs`: it would be this much if all candidates were trained to the end."),
        ("halves", AnyOf(27 + 14 + 7 + 4 + 2 + 1, 5 * 27),
         "`n_epochs`: in spite of its name, it does not keep halves here: `factor=3`."),
        ("in-all-folds", right * folds,
         "`n_epochs`: this is in all five folds together. The question is about one fold."),
    ], otherwise="All but `n_epochs` is right. Each round has a third of the candidates, and three times the epochs.")
    return "A random search with these 27 candidates, each trained to the end, would take 729 epochs."


@exercise(2, "A range test of your own", promise=3, kind="complete", points=2)
def ranges(range_test, factor, largest):
    """range_test(loss_and_slope, w, rates); the factor of 31 rates from 0.001 to 1; where 2 w^2 begins to diverge."""
    rates, w = np.geomspace(0.01, 100, 60), 4.0
    bumpy = [0.1, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]  # here the loss grows by less than 4 in each step

    def bowl(w):
        return 2 * (w - 1) ** 2, 4 * (w - 1)

    def cliff(w):
        return (np.nan, np.nan) if abs(w) > 5 else bowl(w)

    def read(losses):
        return expect.array("range_test(loss_and_slope, w, rates)", losses, shape=(None,))

    def n_losses(loss_and_slope, rates):
        return np.size(call(range_test, loss_and_slope, w, rates))

    judge_function("range_test", range_test, (bowl, w, rates), read=read, right=tester(), known=[
        ("no-end", tester(lambda *_: False),
         "It never ends early. When the loss is 4 times the first one, the rest is a waste of time."),
        ("empty", lambda *_: [], "The list of losses is empty. The first loss should always be noted."),
        ("one-loss", lambda loss_and_slope, w, rates: [loss_and_slope(w)[0]],
         "There is only one loss. What ends the test, or returns, in the first round already?",
         lambda losses: len(losses) == 1),
        ("too-early", tester(lambda loss, losses: loss > losses[0]),
         "It ends at the first loss that is larger than the first one. How large may it be?",
         lambda losses: close(losses, tester()(bowl, w, rates)[:-1]) and n_losses(bowl, bumpy) == 3),
        ("last-left-out", lambda *given: tester()(*given)[:-1],
         "The last loss is missing: that which ended the test. Note it first, then end."),
        ("uphill", tester(sign=-1), "It steps uphill: the loss grows from the beginning. Which way leads down?"),
        ("same-rate", tester(one_rate=True),
         "It steps with the same rate all the time. Each step has a rate of its own."),
        ("stepped-first", tester(step_first=True),
         "It steps before it notes the loss. The first loss is the one at the beginning."),
        ("anew", AnyOf(tester(from_start=True), tester(from_start=True, step_first=True), tester(sign=0)),
         "The weight does not move on. Each step begins where the last one ended."),
        ("by-the-loss", tester(slope=0),
         "The step is made with the loss. What does gradient descent multiply by the rate?"),
        ("loss-before", tester(lambda loss, losses: not loss < 4 * losses[max(-2, -len(losses))]),
         "It compares each loss with the one before it. Which loss is it to be compared with?"),
    ], otherwise="The losses are not right for 2 (w - 1)^2. Note the loss; end if it is too large; make a step.")
    if n_losses(bowl, bumpy) != 5:
        raise Wrong("It is right up to the end. But it should end at the first loss that is 4 times the *first* one.")
    few = read(call(range_test, bowl, w, rates[:20]))
    if not close(few, tester()(bowl, w, rates[:20])):
        raise Wrong(f"It is right for large rates. For 20 small rates it should note 20 losses; yours are {len(few)}.")
    n_noted, n_to_nan = n_losses(cliff, rates), len(tester()(cliff, w, rates))
    judge("range_test", n_noted, is_right=n_noted == n_to_nan, known=[
        ("nan", tester(lambda loss, losses: loss >= 4 * losses[0]),
         "It goes on when the loss is nan, which is neither larger nor smaller than any number.", n_noted > n_to_nan),
    ], otherwise="A loss that is nan should be noted, and end the test.")
    factor, largest = expect.number("factor", factor), expect.number("largest", largest)
    judge("factor", factor, is_right=close(factor, 1000 ** (1 / 30), 2e-3), within=0.01, known=[
        ("one-too-many", 1000 ** (1 / 31), "`range_test` is right. `factor`: how many steps lie between 31 rates?",
         close(factor, 1000 ** (1 / 31), 5e-4)),
        ("difference", (1 - 0.001) / 30, "`range_test` is right. `factor` is what one would *add* in each step."),
        ("divided", AnyOf(1000 / 30, 1000 / 31),
         "`range_test` is right. `factor`: 30 steps multiply. What, multiplied 30 times, gives 1000?"),
        ("product", AnyOf(1.3, 10),
         lambda: f"`range_test` is right. `factor` multiplied 30 times gives {factor**30:,.4g}; it should be 1,000.",
         1 < factor <= 10),
    ], otherwise="`range_test` is right. `factor`: from 0.001 to 1 it is three powers of ten, in 30 equal factors.")
    judge("largest", largest, right=0.5, within=1e-3, known=[
        ("best-rate", 0.25,
         "All but `largest` is right. With your rate one step leads to the lowest point. And beyond?"),
        ("slope", AnyOf(1, 2), "All but `largest` is right. What is the slope of 2 w^2, and where does a step lead?"),
    ], otherwise="All but `largest` is right. A step leads from w to (1 - c) w. For which c is that farther from 0?")
    return (
        "At twice the rate that is best for a single step, the training begins to diverge: the useful range ends soon."
    )


@exercise(3, "What is left?", promise=5, kind="predict")
def interrupted(n_again, n_left, weights, fold, old):
    """Trainings left of 12 candidates in 3 folds, cut short in the 18th, in scikit-learn and Optuna; what is kept."""
    n_again, n_left = expect.whole("n_again", n_again), expect.whole("n_left", n_left)
    given = {"weights": weights, "fold": fold, "old": old}
    weights, fold, old = (expect.choice(name, value, "kept", "lost") for name, value in given.items())
    folds, total, done = 3, 12 * 3, 17
    left = total - done // folds * folds
    judge("n_again", n_again, right=total + 1, known=[
        ("refit", total, "`n_again`: one is missing. What comes after all the folds?"),
        ("search-kept", AnyOf(total - done, total - done + 1, left, left + 1),
         "`n_again`: where would scikit-learn find what was done before the power cut?"),
        ("again-candidates", AnyOf(12, 13), "`n_again` counts candidates. Each of them is trained in three folds."),
    ], otherwise="`n_again` is not right. How many trainings does the whole search have, and how many are kept?")
    judge("n_left", n_left, right=left, opening="`n_again` is right.", known=[
        ("study-lost", AnyOf(total, total + 1), "`n_left`: an Optuna study in a file keeps its finished trials."),
        ("part-kept", AnyOf(total - done, total - done + 1),
         "`n_left`: the trial that was cut short has returned nothing."),
        ("six-trials", left - folds, "`n_left`: how many trials had returned before the 18th training?"),
        ("trials", left // folds, "`n_left` counts trials. How many trainings does each of them do?"),
        ("no-refit", left + 1, "`n_left`: one too many. This study has no refit."),
        ("done", AnyOf(done, total - left),
         "`n_left`: this is how many were done before. The question is how many are still to do."),
    ], otherwise="`n_again` is right. For `n_left`: how many trials were finished, and how many are left?")
    choose("weights", weights, right="lost", known=[
        ("weights", "kept", "The numbers are right. `weights`: what does an objective tell Optuna of its networks?"),
    ])
    choose("fold", fold, right="lost", known=[
        ("fold", "kept", "The numbers are right. `fold`: who knew this error when the power was cut?"),
    ])
    choose("old", old, right="kept", known=[
        ("old", "lost", "The numbers are right. `old`: the file holds numbers. Where would it hold your code?"),
    ])
    return "A file keeps what was written into it, and knows nothing of your code: after a change, begin a new study."


@exercise(4, "Two ways to fool oneself", promise=6, kind="find the bug", points=3)
def honest(report, bends):
    """The repaired report(scaler, model, alphas, X, y, X_test, y_test), and where the smallest test error bends it."""
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    fitted, trained, asked = [], [], []  # the numbers of rows: of a scaler's fit, of a model's, of a prediction
    spread = []  # of the last column, when a scaler is fitted

    class Scaler(StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            fitted.append(len(X))
            spread.append(np.std(X[:, -1]))
            return super().fit(X, y, sample_weight)

    class Model(Ridge):
        def fit(self, X, y, sample_weight=None):
            trained.append(len(X))
            return super().fit(X, y, sample_weight)

        def predict(self, X):
            asked.append(len(X))
            return super().predict(X)

    rng, n, n_test = np.random.default_rng(2), 90, 37
    X = rng.normal(size=(n + n_test, 12)) * np.geomspace(0.1, 100, 12) + 5
    y = (X[:, :4] - 5) / np.geomspace(0.1, 100, 12)[:4] @ [1.0, -0.5, 0.3, 0.2] + rng.normal(size=n + n_test)
    alphas, parts = [0.01, 1.0, 10.0, 30.0, 100.0, 300.0], (X[:n], y[:n], X[n:], y[n:])

    def result(report, alphas=alphas):
        name = "report(scaler, model, alphas, X, y, X_test, y_test)"
        return expect.number(name, call(report, Scaler(), Model(), alphas, *parts, seconds=5))

    def same(got, other):
        return close(got, result(other))

    def otherwise():
        if any(close(got, result(repaired, [alpha])) for alpha in alphas):
            return "The test set is asked once, but not about the candidate that won with `cv=3`."
        return "The test set is asked once. But the result is not the error of the best candidate of `cv=3`."

    got = result(report)
    bends = expect.choice("bends", bends, "too small", "too large", "neither")
    in_folds, n_asked, on_a_part = min([*fitted, n]) < n, asked.count(n_test), [n, *trained][-1] < n
    in_search = -search_in(StandardScaler(), Ridge(), alphas, *parts[:2]).best_score_
    rule_out("report", known=[
        ("no-scaler", IN_TESTS, "The scaler is not used any more. Where does it belong?", not fitted),
        ("no-folds", IN_TESTS, "No candidate is cross-validated: each model was fitted to all rows. What chooses now?",
         min(trained, default=0) >= n),
        ("unchanged", IN_TESTS,
         "Both mistakes are still there: who scales which rows, and how often is the test set asked?",
         not in_folds and n_asked > 1),
        ("test-rows", IN_TESTS, "Now the scaler has seen the test rows as well.", max(fitted, default=0) > n),
        ("asked-often", IN_TESTS, f"The test set is asked {n_asked} times. It should answer one question.",
         n_asked > 1),
        ("not-asked", lambda *given: -search_in(*given[:5]).best_score_,
         "This is not measured on the test set, which has to be asked: once.", n_asked == 0 or close(got, in_search)),
        ("scaled-before", IN_TESTS,
         "The scaler is fitted to all rows before the folds are cut: it has seen what validates.", not in_folds),
        ("scaled-twice", IN_TESTS,
         "The pipeline scales rows that were scaled before, all together. Give it the raw ones.",
         min(spread, default=0) < 10),
    ])
    judge("report", got, right=repaired, same=same, known=[
        ("r2", lambda *given: search_in(*given[:5]).best_estimator_.score(*given[5:]),
         "This is R^2 on the test set. We need the mean squared error."),
        ("root", lambda *given: repaired(*given) ** 0.5, "This is the root of the mean squared error."),
        ("sign", lambda *given: -repaired(*given), "The sign is turned: an error is positive."),
        ("test-unscaled", lambda *given: mse(given[6], search_in(*given[:5]).best_estimator_[-1].predict(given[5])),
         "The test rows are not scaled, while those of the training were."),
        ("test-twice", lambda *given: repaired(*given[:5], given[0].fit(given[3]).transform(given[5]), given[6]),
         "The test rows are scaled twice: the pipeline does that already."),
        ("part-of-rows", IN_TESTS, "The model that is measured was trained on a part of `X`. Now it may have all.",
         on_a_part),
    ], otherwise=otherwise)
    choose("bends", bends, right="too small", known=[
        ("larger", "too large", "`report` is repaired. `bends`: the smallest of many errors was also the luckiest."),
        ("neither", "neither", "`report` is repaired. `bends`: chance moves each test error. Which one is picked?"),
    ])
    return "Scaling before the folds often does little harm. But a step that looks at y as well would leak the answers."


@exercise(5, "Large batches after all", promise=2, kind="design", points=2)
def large_batches(n_steps, n_neurons, optimizer, learning_rate):
    """Steps of 7 epochs with batches of 512 of 3,000 rows, and hyperparameters that reach an MSE of 0.45 with them."""
    n_steps, n_neurons = expect.whole("n_steps", n_steps), expect.whole("n_neurons", n_neurons)
    optimizer = expect.choice("optimizer", optimizer, "SGD", "RMSprop", "Adam")
    learning_rate = expect.number("learning_rate", learning_rate)
    if not 1 <= n_neurons <= 1000 or not 0 < learning_rate <= 1000:
        raise Form("Needed are 1 to 1,000 neurons, and a learning rate above 0, at most 1,000.")
    batches = -(-3000 // 512)
    judge("n_steps", n_steps, right=EPOCHS * batches, known=[
        ("one-epoch", batches, "`n_steps` is that of one epoch."),
        ("rows-left", AnyOf(EPOCHS * (3000 // 512), 3000 // 512),
         "`n_steps`: the rows that are left over at the end of an epoch make a batch, too."),
        ("across-epochs", EPOCHS * 3000 // 512, "`n_steps`: no batch takes its rows from two epochs."),
        ("six-epochs", (EPOCHS - 1) * batches, "`n_steps` is that of section 3, with 6 epochs."),
        ("all-rows", EPOCHS * -(-4000 // 512), "`n_steps`: it learns from 3,000 districts. The other 1,000 validate."),
    ], otherwise="`n_steps` is not right. How many batches do 3,000 rows make, and how often?")
    n_parameters = (8 * n_neurons + n_neurons) + (n_neurons + 1)
    rule_out("n_neurons", known=[
        ("many", AnyOf(11, 30), f"`n_steps` is right. The network learns {n_parameters} parameters; allowed are 110.",
         n_parameters > MAX_PARAMETERS),
    ])

    def error(factor=1):
        return _error(n_neurons, optimizer, learning_rate * factor)

    said = f"`n_steps` is right. The validation MSE is {error():.2f}."
    judge("optimizer learning_rate", (optimizer, learning_rate), is_right=error() <= GOAL, known=[
        ("diverged", AnyOf(("SGD", 5), ("Adam", 1)),
         f"{said} The steps are much too long: the error does not come down.",
         lambda: not error() < 1.5 and (not np.isfinite(error()) or error(0.1) < error())),
        ("short", AnyOf(("SGD", 0.003), ("Adam", 0.03)), f"{said} The steps are too short for so few of them.",
         lambda: error(2) < min(error(), error(0.5))),
        ("long", AnyOf(("SGD", 0.3), ("Adam", 0.5)), f"{said} The steps are too long.",
         lambda: error(0.5) < min(error(), error(2))),
    ], otherwise=f"{said} The length of the steps is about right for this network. What else can you change?")
    return f"The validation MSE is {error():.2f}. In few steps one gets far only if they are long enough."


@exercise(6, "Stopped early", promise=7, kind="by hand")
def pruned(trial_4, trial_5, saved):
    """Epochs of two trials that a median pruner watches, and how many epochs it saves."""
    given = {"trial_4": trial_4, "trial_5": trial_5, "saved": saved}
    trial_4, trial_5, saved = (expect.whole(name, value) for name, value in given.items())
    fourth, fifth = TRIALS.values()
    right_4, right_5 = _epochs(fourth, EARLIER), _epochs(fifth, EARLIER)
    rule_out("trial_4 trial_5", known=[
        ("epoch-not-counted", (right_4 - 1, right_5 - 1),
         "Each trial misses an epoch. Only after it is trained can it be found too poor.",
         (trial_4, trial_5) == (right_4 - 1, right_5 - 1)),
    ])
    judge("trial_4", trial_4, right=right_4, known=[
        ("best", _epochs(fourth, EARLIER, np.min),
         "`trial_4`: a trial need not be the best so far. It is compared with the median."),
        ("to-the-end", len(fourth),
         "`trial_4` does not run to its end. Compare it with the median after *each* epoch."),
        ("one-late", right_4 + 1, "`trial_4` stops as soon as its error is above the median, not an epoch later."),
    ], otherwise="`trial_4` is not right. Write the median of trials 1 to 3 under each epoch.")
    judge("trial_5", trial_5, right=right_5, known=[
        ("pruned-counted", _epochs(fifth, [*EARLIER, fourth[:right_4]]),
         "`trial_4` is right. For `trial_5`, a trial that was pruned does not count."),
        ("mean", _epochs(fifth, EARLIER, np.mean),
         "`trial_4` is right. `trial_5`: it seems that you took the mean, not the median."),
        ("one-early", right_5 - 1,
         "`trial_4` is right. `trial_5`: after the third epoch, is its error above the median?"),
    ], otherwise="`trial_4` is right, `trial_5` is not. The medians are the same as for trial 4.")
    trained = right_4 + right_5
    judge("saved", saved, right=10 - trained, known=[
        ("trained", trained, "All but `saved` is right. This is how many epochs they *are* trained."),
        ("trained-all", 15 + trained, "All but `saved` is right. This is how many epochs all five *are* trained."),
        ("percent", 100 * (10 - trained) / 25, "All but `saved` is right. The question asks for epochs, not percent."),
    ], otherwise="All but `saved` is right. How many epochs would two trials of five have?")
    return "Left alone, trial 4 would have become better than trials 1 and 2. A pruner judges by the beginning."
