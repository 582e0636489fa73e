"""Answers to the exercises of notebook 13: right ones, and wrong ones, each after the id of its hint."""

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from lecture_utils import reproducible

reproducible.start(seed=42, tensorflow=True)


def tester(
    end=lambda loss, first: not loss < 4 * first, note=True, sign=1, move=True, one_rate=False, first_step=False
):
    """A range_test; `end(loss, first)` says when it ends, and the rest how it goes wrong."""

    def range_test(loss_and_slope, w, rates):
        losses, begin = [], w
        for rate in rates:
            loss, slope = loss_and_slope(w if move else begin)
            if first_step:
                w = w - rate * slope
                loss = loss_and_slope(w)[0]
            if not note and losses and end(loss, losses[0]):
                break
            losses.append(loss)
            if end(loss, losses[0]):
                break
            if not first_step:
                w = w - sign * (rates[0] if one_rate else rate) * slope
        return losses

    return range_test


def from_the_beginning(loss_and_slope, w, rates):
    losses, begin = [], w
    for rate in rates:
        losses.append(loss_and_slope(w)[0])
        if not losses[-1] < 4 * losses[0]:
            break
        w = begin - rate * loss_and_slope(begin)[1]
    return losses


def looking_ahead(loss_and_slope, w, rates):
    """It notes the loss after a step, but never makes one."""
    losses = []
    for rate in rates:
        losses.append(loss_and_slope(w - rate * loss_and_slope(w)[1])[0])
        if not losses[-1] < 4 * losses[0]:
            break
    return losses


def by_the_loss(loss_and_slope, w, rates):
    losses = []
    for rate in rates:
        losses.append(loss_and_slope(w)[0])
        if not losses[-1] < 4 * losses[0]:
            break
        w = w - rate * losses[-1]
    return losses


def against_the_loss_before(loss_and_slope, w, rates):
    losses = []
    for rate in rates:
        loss, slope = loss_and_slope(w)
        losses.append(loss)
        if np.isnan(loss) or (len(losses) > 1 and loss >= 4 * losses[-2]):
            break
        w = w - rate * slope
    return losses


def returned_at_once(loss_and_slope, w, rates):
    return [loss_and_slope(w)[0]]


def one_loss_more(loss_and_slope, w, rates):
    """It also notes the loss after the last step."""
    losses = [loss_and_slope(w)[0]]
    for rate in rates:
        w = w - rate * loss_and_slope(w)[1]
        losses.append(loss_and_slope(w)[0])
        if not losses[-1] < 4 * losses[0]:
            break
    return losses


def with_while(loss_and_slope, w, rates):
    losses, left = [], list(rates)
    while left and not (losses and (np.isnan(losses[-1]) or losses[-1] >= 4 * losses[0])):
        loss, slope = loss_and_slope(w)
        losses.append(loss)
        w -= left.pop(0) * slope
    return np.array(losses)


TEST = tester()
FACTOR = 10**0.1


def mse(y, y_pred):
    return ((y - y_pred) ** 2).mean()


def search_in(scaler, model, alphas, X, y, scoring="neg_mean_squared_error"):
    pipeline = Pipeline([("scale", scaler), ("model", model)])
    return GridSearchCV(pipeline, {"model__alpha": alphas}, cv=3, scoring=scoring).fit(X, y)


def repaired(scaler, model, alphas, X, y, X_test, y_test):
    return mse(y_test, search_in(scaler, model, alphas, X, y).predict(X_test))


def by_loop(scaler, model, alphas, X, y, X_test, y_test):
    pipelines = [make_pipeline(scaler, clone(model).set_params(alpha=alpha)) for alpha in alphas]
    scores = [cross_val_score(p, X, y, cv=3, scoring="neg_mean_squared_error").mean() for p in pipelines]
    return mse(y_test, clone(pipelines[int(np.argmax(scores))]).fit(X, y).predict(X_test))


def unchanged(scaler, model, alphas, X, y, X_test, y_test):
    X_scaled, X_test_scaled = scaler.fit_transform(X), scaler.transform(X_test)
    search = GridSearchCV(model, {"alpha": alphas}, cv=3, scoring="neg_mean_squared_error").fit(X_scaled, y)
    best_three = np.argsort(search.cv_results_["rank_test_score"])[:3]
    models = [clone(model).set_params(alpha=alphas[i]).fit(X_scaled, y) for i in best_three]
    return min(((y_test - trained.predict(X_test_scaled)) ** 2).mean() for trained in models)


def scaled_before(scaler, model, alphas, X, y, X_test, y_test):
    X_scaled = scaler.fit_transform(X)
    search = GridSearchCV(model, {"alpha": alphas}, cv=3, scoring="neg_mean_squared_error").fit(X_scaled, y)
    return mse(y_test, search.predict(scaler.transform(X_test)))


def asked_often(scaler, model, alphas, X, y, X_test, y_test):
    search = search_in(scaler, model, alphas, X, y)
    pipeline = search.best_estimator_
    return min(
        mse(y_test, clone(pipeline).set_params(**p).fit(X, y).predict(X_test)) for p in search.cv_results_["params"]
    )


def test_rows_too(scaler, model, alphas, X, y, X_test, y_test):
    scaler.fit(np.vstack([X, X_test]))
    return scaled_before(scaler, model, alphas, X, y, X_test, y_test)


def of_the_folds(scaler, model, alphas, X, y, X_test, y_test):
    return -search_in(scaler, model, alphas, X, y).best_score_


def test_unscaled(scaler, model, alphas, X, y, X_test, y_test):
    return mse(y_test, search_in(scaler, model, alphas, X, y).best_estimator_[-1].predict(X_test))


def by_r2(scaler, model, alphas, X, y, X_test, y_test):
    return search_in(scaler, model, alphas, X, y).best_estimator_.score(X_test, y_test)


def search_on_the_test_set(scaler, model, alphas, X, y, X_test, y_test):
    pipelines = [make_pipeline(scaler, clone(model).set_params(alpha=alpha)) for alpha in alphas]
    return min(mse(y_test, clone(pipeline).fit(X, y).predict(X_test)) for pipeline in pipelines)


def the_first(scaler, model, alphas, X, y, X_test, y_test):
    return mse(y_test, make_pipeline(scaler, clone(model).set_params(alpha=alphas[0])).fit(X, y).predict(X_test))


def without_scaler(scaler, model, alphas, X, y, X_test, y_test):
    search = GridSearchCV(model, {"alpha": alphas}, cv=3, scoring="neg_mean_squared_error").fit(X, y)
    return mse(y_test, search.predict(X_test))


def trained_on_a_part(scaler, model, alphas, X, y, X_test, y_test):
    search = search_in(scaler, model, alphas, X, y)
    return mse(y_test, clone(search.best_estimator_).fit(X[:60], y[:60]).predict(X_test))


def with_five_folds(scaler, model, alphas, X, y, X_test, y_test):
    search = search_in(scaler, model, alphas, X, y)
    return mse(y_test, clone(search).set_params(cv=5).fit(X, y).predict(X_test))


def best_three(scaler, model, alphas, X, y, X_test, y_test):
    search = search_in(scaler, model, alphas, X, y)
    ranks = np.argsort(search.cv_results_["rank_test_score"])[:3]
    models = [clone(search.estimator).set_params(model__alpha=alphas[i]).fit(X, y) for i in ranks]
    return np.mean([mse(y_test, trained.predict(X_test)) for trained in models])


def scaled_twice(scaler, model, alphas, X, y, X_test, y_test):
    X, X_test = scaler.fit_transform(X), scaler.transform(X_test)
    return repaired(scaler, model, alphas, X, y, X_test, y_test)


def test_scaled_twice(scaler, model, alphas, X, y, X_test, y_test):
    return repaired(scaler, model, alphas, X, y, scaler.fit(X).transform(X_test), y_test)


def on_the_training_rows(scaler, model, alphas, X, y, X_test, y_test):
    return mse(y, search_in(scaler, model, alphas, X, y).predict(X))


def by_score_of_the_search(scaler, model, alphas, X, y, X_test, y_test):
    return search_in(scaler, model, alphas, X, y).score(X_test, y_test)


def the_worst(scaler, model, alphas, X, y, X_test, y_test):
    search = search_in(scaler, model, alphas, X, y)
    worst = search.estimator.set_params(model__alpha=alphas[np.argmin(search.cv_results_["mean_test_score"])])
    return mse(y_test, worst.fit(X, y).predict(X_test))


def the_last(scaler, model, alphas, X, y, X_test, y_test):
    last = search_in(scaler, model, alphas, X, y).best_estimator_.set_params(model__alpha=alphas[-1])
    return mse(y_test, last.fit(X, y).predict(X_test))


LEFT = ("lost", "lost", "kept")

RIGHT = {
    "costs": [(181, 36, 108), (181.0, np.int64(36), [108])],
    "ranges": [(TEST, FACTOR, 0.5), (with_while, 1.259, [0.5]), (TEST, 1.26, 0.5)],
    "interrupted": [(37, 21, *LEFT), (37.0, [21], "Lost", " lost", "KEPT")],
    "honest": [
        (repaired, "too small"),
        (lambda *given: -by_score_of_the_search(*given), "too small"),
        (by_loop, " Too small"),
    ],
    "large_batches": [(42, 10, "Adam", 0.1), (42.0, [8], "adam", 0.1), (42, 10, "SGD", 0.2)],
    "pruned": [(2, 4, 4), (2.0, [4], np.int64(4))],
}

WRONG = {
    "costs": [
        ("refit", 180, 36, 108),
        ("folds", 36, 36, 108),
        ("folds", 37, 36, 108),
        ("one-at-a-time", 50, 36, 108),
        ("one-at-a-time", 51, 36, 108),
        ("refit-folds", 185, 36, 108),
        ("refit-all", 216, 36, 108),
        ("fold-left-out", 145, 36, 108),
        ("refit-rate", 181, 37, 108),
        (None, 100, 36, 108),
        ("as-on-grid", 181, 4, 108),
        ("per-training", 181, 181, 108),
        ("per-training", 181, 180, 108),
        (None, 181, 12, 108),
        ("trainings", 181, 36, 40),
        ("round-missing", 181, 36, 81),
        ("all-to-the-end", 181, 36, 729),
        ("halves", 181, 36, 135),
        ("in-all-folds", 181, 36, 540),
        ("round-missing", 181, 36, 27 + 9 * 2 + 3 * 6 + 18),  # each round goes on where the last one ended
        ("one-round", 181, 36, 27),
        (None, 181, 36, 27 + 13 * 3 + 6 * 9 + 3 * 27),
        (None, 181, 36, 54),
    ],
    "ranges": [
        ("no-end", tester(end=lambda loss, first: False), FACTOR, 0.5),
        ("empty", lambda loss_and_slope, w, rates: [], FACTOR, 0.5),
        ("last-left-out", tester(note=False), FACTOR, 0.5),
        ("uphill", tester(sign=-1), FACTOR, 0.5),
        ("same-rate", tester(one_rate=True), FACTOR, 0.5),
        ("stepped-first", tester(first_step=True), FACTOR, 0.5),
        ("anew", from_the_beginning, FACTOR, 0.5),
        ("anew", tester(move=False), FACTOR, 0.5),
        (None, tester(end=lambda loss, first: not loss < 2 * first), FACTOR, 0.5),
        (None, tester(end=lambda loss, first: not loss < 20 * first), FACTOR, 0.5),
        ("one-loss", returned_at_once, FACTOR, 0.5),
        ("one-loss", tester(end=lambda loss, first: not loss < 4), FACTOR, 0.5),
        ("too-early", tester(end=lambda loss, first: loss > first), FACTOR, 0.5),
        ("anew", looking_ahead, FACTOR, 0.5),
        (None, one_loss_more, FACTOR, 0.5),
        ("by-the-loss", by_the_loss, FACTOR, 0.5),
        ("loss-before", against_the_loss_before, FACTOR, 0.5),
        ("nan", tester(end=lambda loss, first: loss >= 4 * first or loss == np.nan), FACTOR, 0.5),
        ("nan", tester(end=lambda loss, first: loss >= 4 * first), FACTOR, 0.5),
        ("one-too-many", TEST, 1000 ** (1 / 31), 0.5),
        ("difference", TEST, 0.0333, 0.5),
        ("divided", TEST, 33.3, 0.5),
        ("divided", TEST, 1000 / 31, 0.5),
        ("product", TEST, 1.3, 0.5),
        ("product", TEST, 10, 0.5),
        (None, TEST, 1000, 0.5),
        ("best-rate", TEST, FACTOR, 0.25),
        ("slope", TEST, FACTOR, 1),
        ("slope", TEST, FACTOR, 2),
        (None, TEST, FACTOR, 0.49),
        (None, TEST, FACTOR, 0.75),
    ],
    "interrupted": [
        ("refit", 36, 21, *LEFT),
        ("search-kept", 20, 21, *LEFT),
        ("search-kept", 19, 21, *LEFT),
        ("search-kept", 22, 21, *LEFT),
        ("again-candidates", 13, 21, *LEFT),
        (None, 17, 21, *LEFT),
        ("study-lost", 37, 37, *LEFT),
        ("study-lost", 37, 36, *LEFT),
        ("part-kept", 37, 19, *LEFT),
        ("part-kept", 37, 20, *LEFT),
        ("six-trials", 37, 18, *LEFT),
        ("trials", 37, 7, *LEFT),
        ("no-refit", 37, 22, *LEFT),
        ("done", 37, 17, *LEFT),
        ("done", 37, 15, *LEFT),
        (None, 37, 24, *LEFT),
        ("weights", 37, 21, "kept", "lost", "kept"),
        ("weights", 37, 21, "kept", "kept", "lost"),
        ("fold", 37, 21, "lost", "kept", "kept"),
        ("old", 37, 21, "lost", "lost", "lost"),
    ],
    "honest": [
        ("unchanged", unchanged, "too small"),
        ("test-rows", test_rows_too, "too small"),
        ("asked-often", asked_often, "too small"),
        ("not-asked", of_the_folds, "too small"),
        ("scaled-before", scaled_before, "too small"),
        ("r2", by_r2, "too small"),
        ("root", lambda *given: np.sqrt(repaired(*given)), "too small"),
        ("sign", lambda *given: -repaired(*given), "too small"),
        ("test-unscaled", test_unscaled, "too small"),
        ("no-folds", search_on_the_test_set, "too small"),
        ("no-folds", the_first, "too small"),
        ("no-scaler", without_scaler, "too small"),
        ("part-of-rows", trained_on_a_part, "too small"),
        (None, with_five_folds, "too small"),
        ("asked-often", best_three, "too small"),
        ("scaled-twice", scaled_twice, "too small"),
        ("test-twice", test_scaled_twice, "too small"),
        ("not-asked", on_the_training_rows, "too small"),
        ("sign", by_score_of_the_search, "too small"),
        (None, the_worst, "too small"),
        (None, the_last, "too small"),
        (None, lambda *given: 2 * repaired(*given), "too small"),
        ("larger", repaired, "too large"),
        ("neither", repaired, "neither"),
    ],
    "large_batches": [
        ("one-epoch", 6, 10, "Adam", 0.1),
        ("rows-left", 35, 10, "Adam", 0.1),
        ("across-epochs", 41, 10, "Adam", 0.1),
        ("six-epochs", 36, 10, "Adam", 0.1),
        ("all-rows", 56, 10, "Adam", 0.1),
        (None, 7, 10, "Adam", 0.1),
        (None, 48, 10, "Adam", 0.1),
        ("many", 42, 30, "Adam", 0.1),
        ("many", 42, 11, "Adam", 0.1),
        ("diverged", 42, 10, "SGD", 5),
        ("diverged", 42, 10, "Adam", 1),
        ("short", 42, 10, "SGD", 0.003),
        ("short", 42, 10, "Adam", 0.03),
        ("long", 42, 10, "SGD", 0.3),
        ("long", 42, 10, "Adam", 0.5),
    ],
    "pruned": [
        ("epoch-not-counted", 1, 3, 6),
        ("best", 1, 1, 8),
        ("best", 1, 4, 4),
        ("to-the-end", 5, 4, 4),
        ("one-late", 3, 4, 4),
        (None, 4, 4, 4),
        ("pruned-counted", 2, 1, 4),
        ("mean", 2, 5, 4),
        ("one-early", 2, 3, 4),
        (None, 2, 2, 4),
        ("trained", 2, 4, 6),
        ("trained-all", 2, 4, 21),
        ("percent", 2, 4, 16),
        (None, 2, 4, 3),
        (None, 2, 4, 10),
    ],
}
