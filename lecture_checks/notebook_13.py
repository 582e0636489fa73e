"""The checks of notebook 13: how do I choose what a network cannot learn?"""

from functools import cache

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Form, Hint, Wrong, call, close, exercise
from lecture_utils import datasets

EARLIER = [[0.90, 0.60, 0.50, 0.45, 0.42], [0.80, 0.70, 0.65, 0.62, 0.60], [1.00, 0.55, 0.40, 0.36, 0.34]]
TRIALS = {"trial_4": [0.85, 0.65, 0.48, 0.40, 0.38], "trial_5": [0.89, 0.58, 0.49, 0.46, 0.44]}
MAX_PARAMETERS, GOAL, EPOCHS = 110, 0.45, 7


@exercise(1, "What does it cost?", promise=4, kind="by hand")
def costs(n_trainings, n_rates, n_epochs):
    """Trainings of a grid of 4 x 3 x 3 in 5 folds; rates of a random search of this cost; epochs of halving from 27."""
    n_trainings = expect.whole("n_trainings", n_trainings)
    n_rates, n_epochs = expect.whole("n_rates", n_rates), expect.whole("n_epochs", n_epochs)
    candidates, folds = 4 * 3 * 3, 5
    if n_trainings == candidates * folds:
        raise Hint("refit", "`n_trainings`: one is missing. What does `refit=True` do when the best one is known?")
    if n_trainings in (candidates, candidates + 1):
        raise Hint("folds", "`n_trainings`: each candidate is trained more than once. How often, with these folds?")
    if n_trainings in ((4 + 3 + 3) * folds, (4 + 3 + 3) * folds + 1, 4 + 3 + 3):
        raise Hint(
            "one-at-a-time", "`n_trainings`: a grid does not change one value at a time. It tries all combinations."
        )
    if n_trainings == (candidates + 1) * folds:
        raise Hint(
            "refit-folds", "`n_trainings`: the best one is trained once more, on all rows. Folds play no part there."
        )
    if n_trainings == candidates * (folds + 1):
        raise Hint("refit-all", "`n_trainings`: all candidates are trained once more. `refit` does that with one only.")
    if n_trainings in (candidates * (folds - 1), candidates * (folds - 1) + 1):
        raise Hint("fold-left-out", "`n_trainings`: a fold is missing. Each fold is once the part that validates.")
    if n_trainings != candidates * folds + 1:
        raise Wrong("`n_trainings` is not right. How many combinations are there, and how often is each trained?")
    if n_rates == 4:
        raise Hint("as-on-grid", "`n_rates`: is a rate of a random search taken from a list?")
    if n_rates in (candidates * folds, candidates * folds + 1):
        raise Hint("per-training", "`n_rates`: in all its folds, a candidate has the same rate.")
    if n_rates == candidates + 1:
        raise Hint("refit-rate", "`n_rates`: one too many. Does `refit` draw a new candidate?")
    if n_rates != candidates:
        raise Wrong(
            "`n_trainings` is right. For `n_rates`: how many candidates can it pay for, with how many rates each?"
        )
    rounds = [(27, 1), (9, 3), (3, 9), (1, 27)]
    if n_epochs == sum(n for n, _ in rounds):
        raise Hint("trainings", "`n_epochs`: you added up the candidates of all rounds. How many epochs has each one?")
    if n_epochs == 3 * 27:
        raise Hint(
            "round-missing",
            "`n_epochs`: is the last round missing, with *one* candidate? Or do the rounds go on where the one before "
            "ended? They begin anew.",
        )
    if n_epochs == 27:
        raise Hint("one-round", "`n_epochs`: this is a single round. Asked are all rounds together.")
    if n_epochs == 27 * 27:
        raise Hint("all-to-the-end", "`n_epochs`: so much it would be if all candidates were trained to the end.")
    if n_epochs == 27 + 14 + 7 + 4 + 2 + 1 or n_epochs == 5 * 27:
        raise Hint("halves", "`n_epochs`: in spite of its name, it does not keep halves here: `factor=3`.")
    if n_epochs == sum(n * epochs for n, epochs in rounds) * folds:
        raise Hint("in-all-folds", "`n_epochs`: in all five folds together. Asked is one fold.")
    if n_epochs != sum(n * epochs for n, epochs in rounds):
        raise Wrong(
            "All but `n_epochs` is right. Each round has a third of the candidates, and three times the epochs."
        )
    return "A random search with these 27 candidates, each trained to the end, would take 729 epochs."


@exercise(2, "A range test of your own", promise=3, kind="complete", points=2)
def ranges(range_test, factor, largest):
    """range_test(loss_and_slope, w, rates); the factor of 31 rates from 0.001 to 1; where 2 w^2 begins to diverge."""
    rates, name = np.geomspace(0.01, 100, 60), "range_test(loss_and_slope, w, rates)"

    def bowl(w):
        return 2 * (w - 1) ** 2, 4 * (w - 1)

    def cliff(w):
        return (np.nan, np.nan) if abs(w) > 5 else bowl(w)

    def losses_of(function, w=4.0, rates=rates):
        result = call(range_test, function, w, rates)
        if not isinstance(result, (list, tuple, np.ndarray)):
            raise Form("`range_test` should return the list of losses.")
        return result

    def by(sign=1, end=4, one_rate=False, anew=False, first=False, slope=1, before=0):
        """What mistakes lead to: slope=0 steps by the loss, before=-2 compares with the loss before."""
        w, losses = 4.0, []
        for rate in rates:
            step = sign * (rates[0] if one_rate else rate) * bowl(4.0 if anew else w)[slope]
            w_next = (4.0 if anew else w) - step
            losses.append(bowl(w_next if first else w)[0])
            if not losses[-1] < end * losses[max(before, -len(losses))]:
                break
            w = w_next
        return losses

    got = expect.array(name, losses_of(bowl), shape=(None,))
    right = by()
    if len(got) == len(rates) and close(got[: len(right)], right):
        raise Hint(
            "no-end", "It never ends early. When the loss is 4 times the first one, the rest is a waste of time."
        )
    if len(got) == 0:
        raise Hint("empty", "The list of losses is empty. The first loss should always be noted.")
    if len(got) == 1:
        raise Hint("one-loss", "There is only one loss. What ends the test, or returns, in the first round already?")
    bumpy = [0.1, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]  # here the loss grows by less than 4 in each step
    if close(got, right[:-1]) and len(losses_of(bowl, rates=bumpy)) == 3:
        raise Hint("too-early", "It ends at the first loss that is larger than the first one. How large may it be?")
    if close(got, right[:-1]):
        raise Hint("last-left-out", "The last loss is missing: that which ended the test. Note it first, then end.")
    if close(got, by(sign=-1)):
        raise Hint("uphill", "It steps uphill: the loss grows from the beginning. Which way leads down?")
    if close(got, by(one_rate=True, end=np.inf)):
        raise Hint("same-rate", "It steps with the same rate all the time. Each step has a rate of its own.")
    if close(got, by(first=True)):
        raise Hint("stepped-first", "It steps before it notes the loss. The first loss is the one at the beginning.")
    if close(got, by(anew=True)) or close(got, by(anew=True, first=True)) or np.ptp(got) == 0:
        raise Hint("anew", "The weight does not move on. Each step begins where the last one ended.")
    if close(got, by(slope=0)):
        raise Hint("by-the-loss", "The step is made with the loss. What does gradient descent multiply by the rate?")
    if close(got, by(before=-2)):
        raise Hint("loss-before", "It compares each loss with the one before it. Which loss is it to be compared with?")
    if not close(got, right):
        raise Wrong("The losses are not right for 2 (w - 1)^2. Note the loss; end if it is too large; make a step.")
    if len(losses_of(bowl, rates=bumpy)) != 5:
        raise Wrong("It is right up to the end. But it should end at the first loss that is 4 times the *first* one.")
    small = rates[:20]
    got = expect.array(name, losses_of(bowl, rates=small), shape=(None,))
    if not close(got, right[:20]):
        raise Wrong(f"It is right for large rates. For 20 small rates it should note 20 losses; yours are {len(got)}.")
    n_to_nan, w = 1, 4.0
    while not np.isnan(cliff(w)[0]):
        w, n_to_nan = w - rates[n_to_nan - 1] * cliff(w)[1], n_to_nan + 1
    if len(losses_of(cliff)) > n_to_nan:
        raise Hint("nan", "It goes on when the loss is nan, which is neither larger nor smaller than any number.")
    if len(losses_of(cliff)) != n_to_nan:
        raise Wrong("A loss that is nan should be noted, and end the test.")
    factor, largest = expect.number("factor", factor), expect.number("largest", largest)
    if close(factor, 1000 ** (1 / 31), 5e-4):
        raise Hint("one-too-many", "`range_test` is right. `factor`: how many steps lie between 31 rates?")
    if close(factor, (1 - 0.001) / 30, 0.01):
        raise Hint("difference", "`range_test` is right. `factor` is what one would *add* in each step.")
    if close(factor, 1000 / 30, 0.01) or close(factor, 1000 / 31, 0.01):
        raise Hint(
            "divided", "`range_test` is right. `factor`: 30 steps multiply. What, 30 times multiplied, gives 1000?"
        )
    if 1 < factor <= 10 and not close(factor, 1000 ** (1 / 30), 2e-3):
        raise Hint(
            "product", f"`range_test` is right. 30 times `factor` multiplied gives {factor**30:,.4g}. Needed is 1,000."
        )
    if not close(factor, 1000 ** (1 / 30), 2e-3):
        raise Wrong("`range_test` is right. `factor`: from 0.001 to 1 it is three powers of ten, in 30 equal factors.")
    if close(largest, 0.25):
        raise Hint(
            "best-rate", "All but `largest` is right. With your rate one step leads to the lowest point. And beyond?"
        )
    if close(largest, 1) or close(largest, 2):
        raise Hint("slope", "All but `largest` is right. What is the slope of 2 w^2, and where does a step lead?")
    if not close(largest, 0.5, 1e-3):
        raise Wrong("All but `largest` is right. A step leads from w to (1 - c) w. For which c is that farther from 0?")
    return (
        "At twice the rate that is best for a single step, the training begins to diverge: the useful range ends soon."
    )


@exercise(3, "What is left?", promise=5, kind="predict")
def interrupted(n_again, n_left, weights, fold, old):
    """Trainings left of 12 candidates in 3 folds, cut short in the 18th, in scikit-learn and Optuna; what is kept."""
    n_again, n_left = expect.whole("n_again", n_again), expect.whole("n_left", n_left)
    given = {"weights": weights, "fold": fold, "old": old}
    answers = {name: expect.choice(name, value, "kept", "lost") for name, value in given.items()}
    folds, total, done = 3, 12 * 3, 17
    left = total - done // folds * folds
    if n_again == total:
        raise Hint("refit", "`n_again`: one is missing. What comes after all the folds?")
    if n_again in (total - done, total - done + 1, left, left + 1):
        raise Hint("search-kept", "`n_again`: where would scikit-learn find what was done before the power cut?")
    if n_again in (12, 13):
        raise Hint("again-candidates", "`n_again` counts candidates. Each of them is trained in three folds.")
    if n_again != total + 1:
        raise Wrong("`n_again` is not right. How many trainings has the whole search, and how many of them are kept?")
    if n_left in (total, total + 1):
        raise Hint("study-lost", "`n_again` is right. `n_left`: an Optuna study in a file keeps its finished trials.")
    if n_left in (total - done, total - done + 1):
        raise Hint("part-kept", "`n_again` is right. `n_left`: the trial that was cut short has returned nothing.")
    if n_left == left - folds:
        raise Hint("six-trials", "`n_again` is right. `n_left`: how many trials had returned before the 18th training?")
    if n_left == left // folds:
        raise Hint("trials", "`n_again` is right. `n_left` counts trials. How many trainings does each of them do?")
    if n_left == left + 1:
        raise Hint("no-refit", "`n_again` is right. `n_left`: one too many. This study has no refit.")
    if n_left in (done, total - left):
        raise Hint("done", "`n_again` is right. `n_left`: so many were done before. Asked is how many are still to do.")
    if n_left != left:
        raise Wrong("`n_again` is right. For `n_left`: how many trials were finished, and how many are left?")
    if answers["weights"] == "kept":
        raise Hint("weights", "The numbers are right. `weights`: what does an objective tell Optuna of its networks?")
    if answers["fold"] == "kept":
        raise Hint("fold", "The numbers are right. `fold`: who knew this error when the power was cut?")
    if answers["old"] == "lost":
        raise Hint("old", "The numbers are right. `old`: the file holds numbers. Where would it hold your code?")
    return "A file keeps what was written into it, and knows nothing of your code: after a change, begin a new study."


@exercise(4, "Two ways to fool oneself", promise=6, kind="find the bug", points=3)
def honest(report, bends):
    """The repaired report(scaler, model, alphas, X, y, X_test, y_test), and where the smallest test error bends it."""
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline
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
    pipeline = Pipeline([("scale", StandardScaler()), ("model", Ridge())])
    search = GridSearchCV(pipeline, {"model__alpha": alphas}, cv=3, scoring="neg_mean_squared_error").fit(X[:n], y[:n])
    errors = [
        ((y[n:] - pipeline.set_params(model__alpha=a).fit(X[:n], y[:n]).predict(X[n:])) ** 2).mean() for a in alphas
    ]
    right = ((y[n:] - search.predict(X[n:])) ** 2).mean()
    name = "report(scaler, model, alphas, X, y, X_test, y_test)"
    got = expect.number(name, call(report, Scaler(), Model(), list(alphas), *parts, seconds=5))
    bends = expect.choice("bends", bends, "too small", "too large", "neither")
    in_folds, often = any(size < n for size in fitted), asked.count(n_test) > 1
    if not fitted:
        raise Hint("no-scaler", "The scaler is not used any more. Where does it belong?")
    if trained and min(trained) >= n:
        raise Hint("no-folds", "No candidate is cross-validated: each model was fitted to all rows. What chooses now?")
    if not in_folds and often:
        raise Hint(
            "unchanged", "Both mistakes are still there: who scales which rows, and how often is the test set asked?"
        )
    if any(size > n for size in fitted):
        raise Hint("test-rows", "Now the scaler has seen the test rows as well.")
    if often:
        raise Hint("asked-often", f"The test set is asked {asked.count(n_test)} times. It should answer one question.")
    if close(got, -search.best_score_) or n_test not in asked:
        raise Hint("not-asked", "This is not measured on the test set, which has to be asked: once.")
    if not in_folds:
        raise Hint(
            "scaled-before", "The scaler is fitted to all rows before the folds are cut: it has seen what validates."
        )
    if min(spread) < 10:
        raise Hint(
            "scaled-twice", "The pipeline scales rows that were scaled before, all together. Give it the raw ones."
        )
    if close(got, search.best_estimator_.score(X[n:], y[n:])):
        raise Hint("r2", "This is R^2 on the test set. Asked is the mean squared error.")
    if close(got, np.sqrt(right)):
        raise Hint("root", "This is the root of the mean squared error.")
    if close(got, -right):
        raise Hint("sign", "The sign is turned: an error is positive.")
    if close(got, ((y[n:] - search.best_estimator_[-1].predict(X[n:])) ** 2).mean()):
        raise Hint("test-unscaled", "The test rows are not scaled, while those of the training were.")
    if close(got, ((y[n:] - search.predict(StandardScaler().fit(X[:n]).transform(X[n:]))) ** 2).mean()):
        raise Hint("test-twice", "The test rows are scaled twice: the pipeline does that already.")
    if not close(got, right):
        if trained and trained[-1] < n:
            raise Hint("part-of-rows", "The model that is measured was trained on a part of `X`. Now it may have all.")
        if any(close(got, error) for error in errors):
            raise Wrong("The test set is asked once, but not about the candidate that won with `cv=3`.")
        raise Wrong("The test set is asked once. But the result is not the error of the best candidate of `cv=3`.")
    if bends == "too large":
        raise Hint("larger", "`report` is repaired. `bends`: the smallest of many errors was also the luckiest.")
    if bends == "neither":
        raise Hint("neither", "`report` is repaired. `bends`: chance moves each test error. Which one is picked?")
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
    if n_steps == batches:
        raise Hint("one-epoch", "`n_steps` is that of one epoch.")
    if n_steps in (EPOCHS * (3000 // 512), 3000 // 512):
        raise Hint("rows-left", "`n_steps`: the rows that are left over at the end of an epoch make a batch, too.")
    if n_steps == EPOCHS * 3000 // 512:
        raise Hint("across-epochs", "`n_steps`: no batch takes its rows from two epochs.")
    if n_steps == (EPOCHS - 1) * batches:
        raise Hint("six-epochs", "`n_steps` is that of section 3, with 6 epochs.")
    if n_steps == EPOCHS * -(-4000 // 512):
        raise Hint("all-rows", "`n_steps`: it learns from 3,000 districts. The other 1,000 validate.")
    if n_steps != EPOCHS * batches:
        raise Wrong("`n_steps` is not right. How many batches do 3,000 rows make, and how often?")
    n_parameters = (8 * n_neurons + n_neurons) + (n_neurons + 1)
    if n_parameters > MAX_PARAMETERS:
        raise Hint("many", f"`n_steps` is right. The network learns {n_parameters} parameters; allowed are 110.")
    error = _error(n_neurons, optimizer, learning_rate)
    said = f"`n_steps` is right. The validation MSE is {error:.2f}."
    if error <= GOAL:
        return f"The validation MSE is {error:.2f}. In few steps one gets far only if they are long enough."
    if not error < 1.5:
        shorter = _error(n_neurons, optimizer, learning_rate / 10)
        if not np.isfinite(error) or shorter < error:
            raise Hint("diverged", f"{said} The steps are much too long: the error does not come down.")
    longer, shorter = (_error(n_neurons, optimizer, learning_rate * factor) for factor in (2, 0.5))
    if longer < min(error, shorter):
        raise Hint("short", f"{said} The steps are too short for so few of them.")
    if shorter < min(error, longer):
        raise Hint("long", f"{said} The steps are too long.")
    raise Wrong(f"{said} The length of the steps is about right for this network. What else can you change?")


@exercise(6, "Stopped early", promise=7, kind="by hand")
def pruned(trial_4, trial_5, saved):
    """Epochs of two trials that a median pruner watches, and how many epochs it saves."""
    given = {"trial_4": trial_4, "trial_5": trial_5, "saved": saved}
    trial_4, trial_5, saved = (expect.whole(name, value) for name, value in given.items())
    fourth, fifth = TRIALS.values()
    if (trial_4, trial_5) == (_epochs(fourth, EARLIER) - 1, _epochs(fifth, EARLIER) - 1):
        raise Hint(
            "epoch-not-counted", "Each trial misses an epoch. Only after it is trained can it be found too poor."
        )
    if trial_4 == _epochs(fourth, EARLIER, np.min):
        raise Hint("best", "`trial_4`: a trial need not be the best so far. It is compared with the median.")
    if trial_4 == len(fourth):
        raise Hint("to-the-end", "`trial_4` does not run to its end. Compare it with the median after *each* epoch.")
    if trial_4 == 3:
        raise Hint("one-late", "`trial_4` stops as soon as its error is above the median, not an epoch later.")
    if trial_4 != _epochs(fourth, EARLIER):
        raise Wrong("`trial_4` is not right. Write the median of trials 1 to 3 under each epoch.")
    if trial_5 == _epochs(fifth, [*EARLIER, fourth[:trial_4]]):
        raise Hint("pruned-counted", "`trial_4` is right. For `trial_5`, a trial that was pruned does not count.")
    if trial_5 == _epochs(fifth, EARLIER, np.mean):
        raise Hint("mean", "`trial_4` is right. `trial_5`: it seems that you took the mean, not the median.")
    if trial_5 == 3:
        raise Hint("one-early", "`trial_4` is right. `trial_5`: after the third epoch, is its error above the median?")
    if trial_5 != _epochs(fifth, EARLIER):
        raise Wrong("`trial_4` is right, `trial_5` is not. The medians are the same as for trial 4.")
    if saved == trial_4 + trial_5:
        raise Hint("trained", "All but `saved` is right. This is how many epochs they *are* trained.")
    if saved == 15 + trial_4 + trial_5:
        raise Hint("trained-all", "All but `saved` is right. This is how many epochs all five *are* trained.")
    if saved == 100 * (10 - trial_4 - trial_5) / 25:
        raise Hint("percent", "All but `saved` is right. It is asked in epochs, not in percent.")
    if saved != 10 - trial_4 - trial_5:
        raise Wrong("All but `saved` is right. How many epochs would two trials of five have?")
    return "Left alone, trial 4 would have become better than trials 1 and 2. A pruner judges by the beginning."


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
