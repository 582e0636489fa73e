"""Keras models as scikit-learn estimators: what is asked for is trained, what is trained is what Keras trains."""

from __future__ import annotations

import copy
import gc
import pickle
import random
import re
import weakref

import joblib
import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    check_cv,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_class_weight_classifiers, estimator_checks_generator

from lecture_utils import reproducible

reproducible.start(tensorflow=True)  # the models below, and the parameters of the tests, need Keras

import keras  # noqa: E402

from lecture_utils import search_progress  # noqa: E402
from lecture_utils.search import KerasClassifier, KerasRegressor, watched  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 4)).astype("float32")
Y = X[:, 0] - 2 * X[:, 1] + 1
LABELS = np.array(["low", "middle", "high"])[np.digitize(Y, [0, 2])]
NUMBERS = 5 * np.digitize(Y, [0, 2]) - 2  # labels -2, 3, 8
EAGER = {"run_eagerly": True}  # nothing to trace: a fit of a few batches takes less than 0.1 s
TRAINED: list[int] = []  # epochs of each training that a Count has seen


class Count(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.n_epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.n_epochs += 1

    def on_train_end(self, logs=None):
        TRAINED.append(self.n_epochs)


class CountBatches(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        TRAINED.append(batch)


@pytest.fixture
def trained():
    TRAINED.clear()
    return TRAINED


def build_model(n_hidden=1, n_neurons=30, learning_rate=3e-3, input_shape=[8]):  # noqa: B006  (as on the slide)
    model = keras.Sequential([keras.Input(shape=input_shape)])
    for _ in range(n_hidden):
        model.add(keras.layers.Dense(n_neurons, activation="relu"))
    model.add(keras.layers.Dense(1))
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=learning_rate))
    return model


def linear(learning_rate=0.2, n_features=None, n_outputs=1):
    model = keras.Sequential([keras.Input((n_features,)), keras.layers.Dense(n_outputs)])
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate), **EAGER)
    return model


def softmax(
    n_features,
    learning_rate=1.0,
    loss="sparse_categorical_crossentropy",
    n_classes=None,
    activation="softmax",
    metrics=(),
):
    model = keras.Sequential([keras.Input((n_features,)), keras.layers.Dense(n_classes, activation=activation)])
    model.compile(loss=loss, optimizer=keras.optimizers.SGD(learning_rate), metrics=list(metrics), **EAGER)
    return model


def softmax_with_hidden(n_features, n_classes):
    layers = [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(n_classes, activation="softmax")]
    model = keras.Sequential([keras.Input((n_features,)), *layers])
    model.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.SGD(0.1))
    return model


def regressor(**options) -> KerasRegressor:
    return KerasRegressor(linear, **{"batch_size": 1000, "random_state": 0, "epochs": 3} | options)


def classifier(**options) -> KerasClassifier:
    return KerasClassifier(softmax, **{"batch_size": 1000, "random_state": 0, "epochs": 3} | options)


# scikit-learn's own checks.

NOT_PASSED = {
    "check_no_attributes_set_in_init": "the hyperparameters of build_model are attributes, too",
    "check_do_not_raise_errors_in_init_or_set_params": "an unknown hyperparameter is refused at once",
    "check_sample_weight_equivalence_on_dense_data": "a sample left out changes the batches",
    "check_regressor_multioutput": "wants float64; Keras computes in float32",
    "check_class_weight_classifiers": "needs a longer training: see below",
}


def sklearn_checks():
    for estimator in (regressor(), classifier()):
        for _, check in estimator_checks_generator(estimator, legacy=True, mark=None):
            name = getattr(check, "func", check).__name__
            if name not in ("check_estimator_cloneable", "check_array_api_input"):  # the latter needs SCIPY_ARRAY_API
                options = "-".join(map(str, getattr(check, "keywords", {}).values()))
                yield pytest.param(estimator, check, name, id=f"{type(estimator).__name__}-{name}{options}")


@pytest.mark.filterwarnings("ignore")  # some checks provoke warnings
@pytest.mark.parametrize(("estimator", "check", "name"), list(sklearn_checks()))
def test_as_scikit_learn_wants_it(estimator, check, name):
    if name in NOT_PASSED:
        with pytest.raises((AssertionError, TypeError)):
            check(clone(estimator))
    else:
        check(clone(estimator))


def test_class_weights_as_scikit_learn_wants_them():
    check_class_weight_classifiers("KerasClassifier", KerasClassifier(softmax_with_hidden, epochs=10, random_state=0))


# Hyperparameters.


def test_hyperparameters_by_name():
    model = KerasRegressor(build_model, n_hidden=2, epochs=7)
    assert model.get_params() | {"verbose": 0} == {
        **{"build_model": build_model, "epochs": 7, "batch_size": 32, "callbacks": (), "validation_split": 0.0},
        **{"random_state": None, "verbose": 0, "memory": None, "n_hidden": 2, "n_neurons": 30, "learning_rate": 3e-3},
        "input_shape": None,  # from the data
    }
    assert model.set_params(n_neurons=5, epochs=1) is model and model.n_neurons == 5
    assert clone(model).get_params() == model.get_params()
    fitted = model.fit(X, Y).model_
    assert [w.shape for w in fitted.get_weights()] == [(4, 5), (5,), (5, 5), (5,), (5, 1), (1,)]
    assert fitted.optimizer.learning_rate.numpy() == np.float32(3e-3)


@pytest.mark.parametrize("make", [lambda **p: KerasRegressor(linear, **p), lambda **p: regressor().set_params(**p)])
def test_unknown_hyperparameter_is_named_with_the_known(make):
    with pytest.raises(ValueError, match=r"'n_hiden': not known.*learning_rate, n_features, n_outputs of build_model"):
        make(n_hiden=3, epochs=2)


def test_a_failed_set_params_changes_nothing():
    model = regressor()
    with pytest.raises(ValueError):
        model.set_params(epochs=99, n_hiden=3)
    assert model.epochs == 3


def test_another_build_model_has_other_hyperparameters():
    model = regressor(learning_rate=0.1)
    model.set_params(build_model=build_model, n_hidden=3)
    assert model.get_params()["n_hidden"] == 3 and "n_features" not in model.get_params()


def test_input_shape_that_is_given_counts():
    with pytest.raises(ValueError, match="to have value 8, but received input with shape"):
        KerasRegressor(build_model, input_shape=[8]).fit(X, Y)


def test_images():
    def build(input_shape, n_classes):
        layers = [keras.layers.Flatten(), keras.layers.Dense(n_classes, activation="softmax")]
        model = keras.Sequential([keras.Input(input_shape), *layers])
        model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", **EAGER)
        return model

    model = KerasClassifier(build).fit(X.reshape(-1, 2, 2), LABELS)
    assert model.predict_proba(X.reshape(-1, 2, 2)).shape == (96, 3)


# As many epochs as asked for, everywhere.


def test_epochs_survive_clone(trained):
    model = clone(clone(regressor(epochs=4, callbacks=[Count()]))).fit(X, Y)
    assert trained == [4] and len(model.history_["loss"]) == 4
    assert all(isinstance(loss, float) for loss in model.history_["loss"])


SEARCHES = {
    "grid": lambda model, name: GridSearchCV(model, {f"{name}learning_rate": [0.1, 0.2]}, cv=2),
    "random": lambda model, name: RandomizedSearchCV(
        model, {f"{name}learning_rate": loguniform(0.01, 0.3)}, n_iter=2, cv=2, random_state=0
    ),
    "halving": lambda model, name: HalvingGridSearchCV(
        model, {f"{name}learning_rate": [0.1, 0.2]}, cv=2, factor=2, min_resources=48, random_state=0
    ),
}


@pytest.mark.parametrize(
    ("search", "in_pipeline"), [("grid", False), ("grid", True), ("random", True), ("halving", False)]
)
def test_epochs_in_searches(search, in_pipeline, trained):
    model = regressor(epochs=3, callbacks=[Count()])
    model, name = (make_pipeline(StandardScaler(), model), "kerasregressor__") if in_pipeline else (model, "")
    found = SEARCHES[search](model, name).fit(X, Y)
    assert len(trained) >= 5 and set(trained) == {3}
    assert found.best_score_ > 0.5 and found.predict(X).shape == (96,)


def test_epochs_and_batch_size_vary_in_a_grid(trained):
    grid = {"epochs": [1, 4], "batch_size": [48], "validation_split": [0.25]}
    model = regressor(callbacks=[Count()])
    GridSearchCV(model, grid, cv=2, refit=False).fit(X, Y)
    assert trained == [1, 1, 4, 4] and model.batch_size == 1000


def test_epochs_can_be_what_halving_hands_out(trained):
    grid = {"learning_rate": [0.05, 0.2]}
    halving = HalvingGridSearchCV(
        regressor(callbacks=[Count()]), grid, resource="epochs", min_resources=2, max_resources=4, factor=2, cv=2
    ).fit(X, Y)
    assert trained == [2] * 4 + [4] * 2 + [4] and halving.best_params_ == {"learning_rate": 0.2, "epochs": 4}


def test_epochs_in_cross_validation(trained):
    scores = cross_val_score(regressor(epochs=2, callbacks=[Count()]), X, Y, cv=3)
    assert trained == [2, 2, 2] and scores.shape == (3,)


# The same numbers as Keras alone; the same numbers each time.


def test_trains_as_keras_does_to_the_last_bit():
    rows = np.tile(X, (40, 1))
    model = KerasRegressor(build_model, epochs=2, random_state=3).fit(rows, np.tile(Y, 40))
    assert model.model_.steps_per_execution == 32
    keras.utils.set_random_seed(3)
    alone = build_model(input_shape=[4])
    history = alone.fit(rows, np.tile(Y, 40), epochs=2, verbose=0).history
    assert model.history_ == history
    assert all(map(np.array_equal, model.model_.get_weights(), alone.get_weights()))
    np.testing.assert_allclose(model.predict(rows), alone.predict(rows, verbose=0)[:, 0], rtol=1e-5, atol=1e-6)


def test_weights_validation_and_dropout_are_those_of_keras_to_the_last_bit():
    def build():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.2), keras.layers.Dense(1)])
        model.compile(loss="mse", optimizer="adam")
        return model

    weights = RNG.uniform(0.5, 2, len(X))
    options = {"epochs": 3, "batch_size": 24}  # 72 rows are three batches
    model = KerasRegressor(build, validation_split=0.25, random_state=3, **options).fit(X, Y, sample_weight=weights)
    keras.utils.set_random_seed(3)
    train, validation = train_test_split(np.arange(len(X)), test_size=0.25)
    alone = build()
    history = alone.fit(
        X[train], Y[train], sample_weight=weights[train], verbose=0, **options,
        validation_data=(X[validation], Y[validation], weights[validation]),
    ).history  # fmt: skip
    assert model.history_ == history
    assert all(map(np.array_equal, model.model_.get_weights(), alone.get_weights()))


def test_a_callback_that_looks_at_batches_sees_each(trained):
    def look(batch, logs):
        TRAINED.append(batch)

    for callback in (CountBatches(), keras.callbacks.LambdaCallback(on_train_batch_end=look)):
        trained.clear()
        KerasRegressor(build_model, batch_size=1, epochs=3, callbacks=[callback]).fit(X, Y)
        assert trained == [*range(96)] * 3


def test_predictions_in_parts_are_predictions_at_once():
    model = regressor().fit(X, Y)
    many = np.tile(X, (30, 1))
    np.testing.assert_allclose(model.predict(many), np.tile(model.predict(X), 30), rtol=1e-6, atol=1e-6)


def test_a_seed_gives_the_same_model_and_leaves_other_random_numbers_alone():
    np.random.seed(5)
    random.seed(5)
    before = random.getstate(), np.random.get_state()[1].tolist()
    one = regressor(random_state=7, validation_split=0.2).fit(X, Y)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
    keras.random.uniform((3,))
    regressor(random_state=8).fit(X, Y)
    two = regressor(random_state=7, validation_split=0.2).fit(X, Y)
    assert np.array_equal(one.predict(X), two.predict(X)) and one.history_ == two.history_
    assert not np.array_equal(one.predict(X), regressor(random_state=8).fit(X, Y).predict(X))


def test_a_generator_as_random_state():
    states = [np.random.RandomState(1), np.random.RandomState(1)]
    one, two = (regressor(random_state=state).fit(X, Y).predict(X) for state in states)
    assert np.array_equal(one, two) and not np.array_equal(one, regressor(random_state=states[0]).fit(X, Y).predict(X))


def test_workers_and_the_order_change_nothing():
    def build(n_features, n_classes, learning_rate=1.0):  # defined here, so that the workers need not import this file
        model = keras.Sequential([keras.Input((n_features,)), keras.layers.Dense(n_classes, activation="softmax")])
        model.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.SGD(learning_rate))
        return model

    def predictions(model, rows):
        return model.predict(rows), model.predict_proba(rows)

    model = KerasClassifier(build, validation_split=0.2, random_state=0, epochs=2)
    rates = [0.1, 1.0, 3.0]
    scores = [
        GridSearchCV(model, {"learning_rate": candidates}, cv=2, n_jobs=n_jobs, scoring="neg_log_loss", refit=False)
        .fit(X, LABELS)
        .cv_results_["mean_test_score"]
        for candidates, n_jobs in ((rates, 1), (rates[::-1], 1), (rates, 2))
    ]
    assert np.array_equal(scores[0], scores[1][::-1]) and np.array_equal(scores[0], scores[2])
    assert len(set(scores[0])) == 3
    # The workers are processes of their own: a trained model predicts there what it predicts here.
    model.fit(X, LABELS)
    (there,) = joblib.Parallel(n_jobs=2)([joblib.delayed(predictions)(model, X)])
    assert all(map(np.array_equal, there, predictions(model, X)))


@pytest.mark.parametrize("way", ["pickle", "joblib", "deepcopy"])
@pytest.mark.parametrize("make", [lambda: (regressor(), Y), lambda: (classifier(), LABELS)])
def test_saved_and_loaded(way, make, tmp_path):
    model, y = make()
    model = make_pipeline(StandardScaler(), model.set_params(callbacks=[Count()])).fit(X, y)
    if way == "pickle":
        loaded = pickle.loads(pickle.dumps(model))
    elif way == "deepcopy":
        loaded = copy.deepcopy(model)
    else:
        joblib.dump(model, tmp_path / "model.joblib")
        (tmp_path / "model.joblib").rename(tmp_path / "moved")
        loaded = joblib.load(tmp_path / "moved")
    assert np.array_equal(loaded.predict(X), model.predict(X))
    assert loaded[-1].history_ == model[-1].history_ and loaded[-1].model_ is not model[-1].model_
    assert np.array_equal(clone(loaded).fit(X, y).predict(X), model.predict(X))


# A memory of finished fits.


def memorized(folder, **options):
    return regressor(memory=folder, callbacks=[Count()], validation_split=0.25, **options)


def test_a_fit_that_is_remembered_is_not_done_again_and_gives_the_same(tmp_path, trained):
    one, two = (memorized(tmp_path / "new" / "folder").fit(X, Y) for _ in range(2))
    assert trained == [3] and len(list((tmp_path / "new" / "folder").iterdir())) == 1
    assert np.array_equal(one.predict(X), two.predict(X)) and one.history_ == two.history_
    plain = regressor(validation_split=0.25).fit(X, Y)
    assert np.array_equal(one.predict(X), plain.predict(X)) and one.history_ == plain.history_


def test_a_remembered_model_remembers_its_optimizer(tmp_path):
    def with_momentum(n_features):
        model = keras.Sequential([keras.Input((n_features,)), keras.layers.Dense(1)])
        model.compile(loss="mse", optimizer=keras.optimizers.SGD(0.1, momentum=0.9), **EAGER)
        return model

    fits = [KerasRegressor(with_momentum, random_state=0, memory=tmp_path).fit(X, Y).model_ for _ in range(2)]
    for model in fits:
        model.fit(X, Y, shuffle=False, verbose=0)
    assert all(map(np.array_equal, *(model.get_weights() for model in fits)))


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 2},
        {"batch_size": 48},
        {"random_state": 1},
        {"learning_rate": 0.1},
        {"validation_split": 0.5},
        {"callbacks": [Count(), keras.callbacks.EarlyStopping(patience=2)]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_fit_is_another_memory(tmp_path, change):
    memorized(tmp_path).fit(X, Y)
    memorized(tmp_path).set_params(**change).fit(X, Y)
    assert len(list(tmp_path.iterdir())) == 2


def test_other_data_settings_of_callbacks_and_globals_are_another_memory(tmp_path):
    start = 0.0

    def from_a_global():
        model = linear(n_features=4)
        model.layers[0].kernel.assign(np.full((4, 1), start))
        return model

    for patience in (1, 2):
        stop = [keras.callbacks.EarlyStopping(patience=patience, monitor="loss")]
        KerasRegressor(linear, callbacks=stop, random_state=0, memory=tmp_path).fit(X, Y)
    KerasRegressor(linear, random_state=0, memory=tmp_path).fit(X, Y)
    KerasRegressor(linear, random_state=0, memory=tmp_path).fit(X, -Y)
    KerasRegressor(linear, random_state=0, memory=tmp_path).fit(X, Y, sample_weight=np.linspace(1, 2, len(X)))
    KerasRegressor(from_a_global, random_state=0, memory=tmp_path).fit(X, Y)
    start = 1.0
    KerasRegressor(from_a_global, random_state=0, memory=tmp_path).fit(X, Y)
    assert len(list(tmp_path.iterdir())) == 7


def test_a_damaged_memory_is_trained_anew(tmp_path, trained):
    memorized(tmp_path).fit(X, Y)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    model = memorized(tmp_path).fit(X, Y)
    assert trained == [3, 3] and np.array_equal(memorized(tmp_path).fit(X, Y).predict(X), model.predict(X))
    assert trained == [3, 3]


def test_a_memory_needs_a_seed(tmp_path):
    with pytest.raises(ValueError, match="random_state is None; with a memory it must be a whole number"):
        regressor(memory=tmp_path, random_state=None).fit(X, Y)


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C in the training number `at`."""

    at = 0

    def on_train_begin(self, logs=None):
        Interrupt.at -= 1
        if Interrupt.at == 0:
            raise KeyboardInterrupt


def test_an_interrupted_search_goes_on(tmp_path, trained, monkeypatch):
    grid = {"learning_rate": [0.05, 0.1, 0.2]}

    def search(folder):
        callbacks = [Interrupt(), Count()]
        return GridSearchCV(regressor(memory=folder, callbacks=callbacks), grid, cv=2).fit(X, Y)

    whole = search(tmp_path / "whole")
    assert len(trained) == 7
    trained.clear()
    monkeypatch.setattr(Interrupt, "at", 4)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "parts")
    assert len(trained) == 3
    resumed = search(tmp_path / "parts")
    assert len(trained) == 7  # three of them before the interruption
    assert np.array_equal(resumed.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"])
    assert np.array_equal(resumed.predict(X), whole.predict(X))


# Searches that show what they have done.


class Shown:
    """What `display` was given, in place of a notebook."""

    def __init__(self):
        self.texts = []

    def __call__(self, text, display_id):
        self.texts.append(str(text))
        return self

    def update(self, text):
        self.texts.append(repr(text))


@pytest.fixture
def shown(monkeypatch):
    shown = Shown()
    monkeypatch.setattr(search_progress, "display", shown)
    monkeypatch.setattr(search_progress, "SECONDS_BETWEEN_UPDATES", 0)
    return shown.texts


def test_a_watched_search_finds_the_same_and_shows_what_it_has_done(shown):
    grid = {"learning_rate": [1e-3, 0.2, 1e-4]}
    plain = GridSearchCV(regressor(), grid, cv=2, return_train_score=True).fit(X, Y)
    found = watched(GridSearchCV(regressor(), grid, cv=2, return_train_score=True)).fit(X, Y)
    for scores in ("mean_test_score", "mean_train_score"):
        assert np.array_equal(found.cv_results_[scores], plain.cv_results_[scores])
    assert re.fullmatch(r"1 of 6 fits; best -?\d\.\d{4} with learning_rate=0.001; about \d+ s left", shown[1])
    assert shown[-1] == f"6 of 6 fits; best {plain.best_score_:.4f} with learning_rate=0.2"
    pickle.loads(pickle.dumps(found)).predict(X)


def test_workers_tell_the_watched_search(shown):
    def build(learning_rate, n_features):  # defined here, so that the workers need not import this file
        model = keras.Sequential([keras.Input((n_features,)), keras.layers.Dense(1)])
        model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate))
        return model

    grid = {"kerasregressor__learning_rate": [1e-3, 0.2]}
    model = make_pipeline(StandardScaler(), KerasRegressor(build, random_state=0))
    found = watched(GridSearchCV(model, grid, cv=3, scoring="neg_mean_squared_error", n_jobs=2)).fit(X, Y)
    assert shown[-1] == f"6 of 6 fits; best {found.best_score_:.4f} with learning_rate=0.2"


def test_halving_is_watched_round_by_round(shown):
    rates = {"learning_rate": [1e-4, 0.05, 0.2]}
    halving = HalvingGridSearchCV(
        regressor(), rates, resource="epochs", max_resources=4, min_resources=2, factor=2, cv=2
    )
    watched(halving).fit(X, Y)
    assert shown[-1] == f"10 of 10 fits, 2 rounds; best {halving.best_score_:.4f} with epochs=4, learning_rate=0.2"


def test_an_interrupted_line_says_how_far_it_came(shown, monkeypatch):
    monkeypatch.setattr(Interrupt, "at", 4)
    with pytest.raises(KeyboardInterrupt):
        watched(GridSearchCV(regressor(callbacks=[Interrupt()]), {"learning_rate": [0.1, 0.2]}, cv=2)).fit(X, Y)
    assert re.match(r"\d of 4 fits; best .* with learning_rate=0.", shown[-1])


def test_failed_fits_are_no_best(shown):
    grid = {"learning_rate": [1e30, 0.2]}
    with pytest.warns(UserWarning):
        watched(GridSearchCV(regressor(), grid, cv=2, refit=False)).fit(X, Y)
    assert re.fullmatch(r"4 of 4 fits; best 0\.\d{4} with learning_rate=0.2", shown[-1])


def test_a_candidate_counts_when_all_its_folds_are_done(shown):
    scores = iter([0.5, 0.5, 0.9, 0.05])
    search = GridSearchCV(
        regressor(), {"learning_rate": [0.1, 0.2]}, cv=2, refit=False, scoring=lambda *_: next(scores)
    )
    watched(search).fit(X, Y)
    assert [text.split(";")[1] for text in shown[2:]] == [" best 0.5000 with learning_rate=0.1"] * 4


def test_several_scores_cannot_be_watched():
    with pytest.raises(ValueError, match="a search that is watched has one score"):
        watched(GridSearchCV(regressor(), {"epochs": [1]}, scoring=["r2", "neg_mean_squared_error"]))


# Classifiers.


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("sparse_categorical_crossentropy", "softmax"),
        ("categorical_crossentropy", "softmax"),
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), None),
        (keras.losses.CategoricalCrossentropy(from_logits=True), None),
        (keras.losses.sparse_categorical_crossentropy, "softmax"),
        ("mse", "softmax"),
    ],
)
def test_labels_as_the_loss_needs_them(loss, activation):
    for y in (LABELS, NUMBERS):
        model = classifier(loss=loss, activation=activation, metrics=["accuracy"], epochs=6)
        check_labels(model.fit(X, y), y)


def check_labels(model, y):
    probabilities = model.predict_proba(X)
    assert model.classes_.tolist() == sorted(set(y.tolist())) and probabilities.shape == (96, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.array_equal(model.predict(X), model.classes_[probabilities.argmax(axis=1)])
    assert model.score(X, y) == accuracy_score(y, model.predict(X)) > 0.55
    np.testing.assert_allclose(model.history_["accuracy"][-1], model.score(X, y), atol=0.1)  # Keras was given the same


@pytest.mark.parametrize(
    ("loss", "activation"),
    [("binary_crossentropy", "sigmoid"), (keras.losses.BinaryCrossentropy(from_logits=True), None)],
)
@pytest.mark.parametrize("y", [np.where(Y > 1, "yes", "no"), Y > 1])
def test_two_classes_and_one_output(loss, activation, y):
    model = classifier(loss=loss, activation=activation, n_classes=1, epochs=6).fit(X, y)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (96, 2) and model.score(X, y) > 0.9
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert np.array_equal(model.predict(X) == model.classes_[1], probabilities[:, 1] > 0.5)


def test_is_a_classifier_with_stratified_folds_and_the_usual_scores():
    assert is_classifier(classifier()) and not is_regressor(classifier())
    assert isinstance(check_cv(3, LABELS, classifier=is_classifier(classifier())), StratifiedKFold)
    scoring = ["accuracy", "neg_log_loss", "roc_auc_ovr", "f1_macro"]
    search = GridSearchCV(classifier(), {"epochs": [6]}, scoring=scoring, refit=False, cv=2).fit(X, LABELS)
    results = {name: search.cv_results_[f"mean_test_{name}"][0] for name in scoring}
    assert results["accuracy"] > 0.6 and results["roc_auc_ovr"] > 0.8 and -1 < results["neg_log_loss"] < 0
    assert cross_val_score(classifier(), X, Y > 1, cv=2, scoring="roc_auc").mean() > 0.9


def test_class_weight_is_sample_weight():
    y = (Y > 1).astype(int)
    by_class = classifier(class_weight={0: 1, 1: 5}).fit(X, y).predict_proba(X)
    by_sample = classifier().fit(X, y, sample_weight=np.where(y, 5, 1)).predict_proba(X)
    neither = classifier().fit(X, y).predict_proba(X)
    assert np.array_equal(by_class, by_sample) and (by_class[:, 1] > neither[:, 1]).mean() > 0.9
    balanced = classifier(class_weight="balanced").fit(X, y).predict_proba(X)
    assert not np.array_equal(balanced, neither)


def test_sample_weight_goes_through_a_search():
    weights = np.where(X[:, 2] > 0, 1, 0)  # what counts is half of the samples; the others say the contrary
    y = np.where(weights, Y, -Y)
    search = GridSearchCV(regressor(epochs=15), {"learning_rate": [0.7]}, cv=2).fit(X, y, sample_weight=weights)
    assert r2_score(Y, search.predict(X)) > 0.95


# Regressors.


def test_targets_with_one_and_two_dimensions():
    assert is_regressor(regressor())
    both = np.column_stack([Y, -Y])
    assert regressor().fit(X, Y).predict(X).shape == (96,)
    assert regressor().fit(X, both[:, :1]).predict(X).shape == (96, 1)
    model = regressor(epochs=20).fit(X, both)  # n_outputs comes from the data
    assert model.predict(X).shape == (96, 2)
    assert model.score(X, both) == r2_score(both, model.predict(X)) > 0.99


# Early stopping, callbacks.


@pytest.mark.parametrize("make", [lambda **o: (regressor(**o), Y), lambda **o: (classifier(**o), LABELS)])
def test_validation_is_part_of_the_training_fold(make, monkeypatch):
    model, y = make(validation_split=0.25)
    rows = {tuple(row): number for number, row in enumerate(X)}
    seen, fit = [], keras.Model.fit

    def spy(self, x, *, validation_data, **options):
        seen.append([[rows[tuple(row)] for batch, _ in part for row in batch.numpy()] for part in (x, validation_data)])
        return fit(self, x, validation_data=validation_data, **options)

    monkeypatch.setattr(keras.Model, "fit", spy)
    folds = list(check_cv(3, y, classifier=is_classifier(model)).split(X, y))
    cross_val_score(model, X, y, cv=folds)
    assert len(seen) == 3
    for (training_fold, test_fold), (train, validation) in zip(folds, seen, strict=True):
        assert sorted(train + validation) == sorted(training_fold) and not set(train + validation) & set(test_fold)
        assert len(validation) == 16 and validation != sorted(validation)  # drawn at random
        if is_classifier(model):
            shares = [[np.mean(y[part] == label) for label in set(y)] for part in (validation, training_fold)]
            np.testing.assert_allclose(*shares, atol=1 / 16)


def test_early_stopping_begins_anew_in_each_fit_and_stays_as_it_was(trained):
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=1, min_delta=1e9)  # stops after two epochs
    before = dict(vars(stop))
    model = regressor(epochs=9, validation_split=0.25, callbacks=[stop, Count()])
    cross_val_score(model, X, Y, cv=3)
    assert trained == [2, 2, 2]
    assert len(model.fit(X, Y).history_["val_loss"]) == len(model.fit(X, Y).history_["val_loss"]) == 2
    assert vars(stop) == before


# Many fits in one process.


def test_a_model_is_let_go_and_others_stay():
    kept = regressor().fit(X, Y)
    predicted = kept.predict(X)
    model, models = regressor(random_state=1), []
    for _ in range(5):
        models.append(weakref.ref(model.fit(X, Y).model_))
    gc.collect()
    assert [ref() is None for ref in models] == [True] * 4 + [False]
    assert np.array_equal(kept.predict(X), predicted)
    kept.model_.fit(X, Y, verbose=0)  # still trainable


def test_many_fits_are_quiet_and_memory_is_bounded(run_python):
    done = run_python(
        "from lecture_utils import reproducible; reproducible.start(tensorflow=True)\n"
        "import gc, keras, numpy as np, psutil\n"
        "from lecture_utils.search import KerasRegressor\n"
        "def build_model():\n"
        "    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])\n"
        "    model.compile(loss='mse', optimizer='sgd')\n"
        "    return model\n"
        "X = np.ones((96, 4))\n"
        "for fit in range(16):\n"
        "    KerasRegressor(build_model, validation_split=0.25).fit(X, X[:, 0]).predict(X)\n"
        "    if fit in (5, 15):\n"
        "        gc.collect(); print(psutil.Process().memory_info().rss)\n"
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    before, after = map(int, done.stdout.split())
    assert after - before < 10 * 3e6  # TensorFlow itself keeps about 1 MB of each model that is traced


# Errors.


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: None, TypeError, "returned None.*return model"),
        (lambda: 3, TypeError, "returned 3; needed is a Keras model"),
        (lambda: keras.Sequential([keras.layers.Dense(1)]), ValueError, "without a loss; call model.compile"),
        (5, TypeError, "build_model is 5; needed is a function"),
        (lambda units: None, ValueError, "build_model needs units"),
        (lambda **options: None, TypeError, r"takes \*\*options; it must name"),
        (lambda epochs: None, TypeError, "'epochs' may not be called so"),
        (lambda fit=1: None, TypeError, "'fit' may not be called so"),
        (lambda: linear(n_features=4, n_outputs=2), ValueError, "2 outputs, y 1 columns"),
    ],
)
def test_build_model_that_cannot_be_used(build, error, message):
    with pytest.raises(error, match=message):
        KerasRegressor(build).fit(X, Y)


def test_the_same_model_again_is_refused():
    model = linear(n_features=4)
    again = KerasRegressor(lambda: model).fit(X, Y)
    with pytest.raises(ValueError, match="trained before; it must build a new one"):
        again.fit(X, Y)


def test_no_function_and_hyperparameters():
    with pytest.raises(TypeError, match="build_model is 'linear'; needed is a function"):
        KerasRegressor("linear", learning_rate=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": 2.5}, "epochs is 2.5"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"validation_split": 1}, "validation_split is 1"),
        ({"validation_split": "0.1"}, "validation_split is '0.1'"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        regressor(**options).fit(X, Y)


@pytest.mark.parametrize(
    ("make", "inputs", "y", "message"),
    [
        (regressor, X, LABELS, "regressor needs numbers.*KerasClassifier"),
        (regressor, X, LABELS.astype(object), "regressor needs numbers.*KerasClassifier"),
        (regressor, X, np.where(Y > 9, 1, np.nan), "y contains NaN"),
        (regressor, X, np.zeros((96, 2, 2)), "dim 3"),
        (regressor, np.where(X > 2, np.nan, X), Y, "X contains NaN"),
        (classifier, np.where(X > 2, np.inf, X), LABELS, "X contains infinity"),
        (classifier, X, Y, "continuous"),
        (classifier, X, np.eye(3)[np.arange(96) % 3], "needed are labels.*argmax"),
        (classifier, X, np.ones(96), "one class only"),
        (classifier, X, LABELS[:50], "inconsistent numbers of samples"),
    ],
)
def test_data_that_cannot_be_used(make, inputs, y, message):
    with pytest.raises(ValueError, match=message):
        make().fit(inputs, y)


def test_as_many_outputs_as_classes():
    with pytest.raises(ValueError, match="4 outputs, y 3 classes"):
        classifier(n_classes=4).fit(X, LABELS)
    with pytest.raises(ValueError, match="1 outputs, y 3 classes"):
        classifier(n_classes=1, activation="sigmoid", loss="binary_crossentropy").fit(X, LABELS)


def test_outputs_that_are_no_probabilities():
    model = classifier(activation=None, loss="mse").fit(X, LABELS)
    assert model.predict(X).shape == (96,)
    with pytest.raises(ValueError, match="no probabilities: end it with softmax"):
        model.predict_proba(X)


def test_a_training_that_diverged_says_so():
    model = regressor(learning_rate=1e30, epochs=5).fit(X, Y)
    with pytest.raises(ValueError, match=r"diverged\. Lower the learning rate"):
        model.predict(X)


@pytest.mark.parametrize("method", ["predict", "score", "predict_proba"])
def test_predictions_need_a_fit_and_the_same_features(method):
    arguments = (X, LABELS) if method == "score" else (X,)
    with pytest.raises(NotFittedError, match="not fitted"):
        getattr(classifier(), method)(*arguments)
    model = classifier().fit(X, LABELS)
    assert model.n_features_in_ == 4
    with pytest.raises(ValueError, match="X has 3 features, but KerasClassifier is expecting 4"):
        getattr(model, method)(X[:, :3], *arguments[1:])
