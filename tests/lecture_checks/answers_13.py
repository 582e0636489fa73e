"""Answers to the exercises of notebook 13 beside those in the rows of its checks."""

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from lecture_checks.notebook_13 import mse, repaired, search_in, tester
from lecture_utils import reproducible

reproducible.start(seed=42, tensorflow=True)


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


TEST, FACTOR = tester(), 10**0.1


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
        (None, 100, 36, 108),
        (None, 181, 12, 108),
        (None, 181, 36, 27 + 13 * 3 + 6 * 9 + 3 * 27),
        (None, 181, 36, 54),
    ],
    "ranges": [
        (None, tester(lambda loss, losses: not loss < 2 * losses[0]), FACTOR, 0.5),
        (None, tester(lambda loss, losses: not loss < 20 * losses[0]), FACTOR, 0.5),
        ("one-loss", tester(lambda loss, losses: not loss < 4), FACTOR, 0.5),
        (None, one_loss_more, FACTOR, 0.5),
        ("nan", tester(lambda loss, losses: loss >= 4 * losses[0] or loss == np.nan), FACTOR, 0.5),
        (None, TEST, 1000, 0.5),
        (None, TEST, FACTOR, 0.49),
        (None, TEST, FACTOR, 0.75),
    ],
    "interrupted": [
        (None, 17, 21, *LEFT),
        (None, 37, 24, *LEFT),
        ("weights", 37, 21, "kept", "kept", "lost"),
    ],
    "honest": [
        ("unchanged", unchanged, "too small"),
        ("test-rows", test_rows_too, "too small"),
        ("asked-often", asked_often, "too small"),
        ("scaled-before", scaled_before, "too small"),
        ("no-folds", search_on_the_test_set, "too small"),
        ("no-folds", the_first, "too small"),
        ("no-scaler", without_scaler, "too small"),
        ("part-of-rows", trained_on_a_part, "too small"),
        (None, with_five_folds, "too small"),
        ("asked-often", best_three, "too small"),
        ("scaled-twice", scaled_twice, "too small"),
        ("not-asked", on_the_training_rows, "too small"),
        ("sign", by_score_of_the_search, "too small"),
        (None, the_worst, "too small"),
        (None, the_last, "too small"),
        (None, lambda *given: 2 * repaired(*given), "too small"),
    ],
    "large_batches": [(None, 7, 10, "Adam", 0.1), (None, 48, 10, "Adam", 0.1)],
    "pruned": [("best", 1, 4, 4), (None, 4, 4, 4), (None, 2, 2, 4), (None, 2, 4, 3), (None, 2, 4, 10)],
}
