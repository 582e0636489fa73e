"""Keras models as scikit-learn estimators: what is asked for is trained, what is trained is what Keras trains."""

from __future__ import annotations

import ast
import copy
import gc
import pickle
import random
import weakref
from pathlib import Path

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

from lecture_utils import search  # noqa: E402
from lecture_utils.search import KerasClassifier, KerasRegressor  # noqa: E402

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


@pytest.fixture
def trained():
    TRAINED.clear()
    return TRAINED


def compiled(layers, n_features, loss="mse", learning_rate=0.2, **options):
    model = keras.Sequential([keras.Input((n_features,)), *layers])
    model.compile(loss=loss, optimizer=keras.optimizers.SGD(learning_rate), **options)
    return model


def build_model(n_hidden=1, n_neurons=30, learning_rate=3e-3, input_shape=[8]):  # noqa: B006  (as on the slide)
    layers = [keras.layers.Dense(n_neurons, activation="relu") for _ in range(n_hidden)]
    return compiled([*layers, keras.layers.Dense(1)], *input_shape, learning_rate=learning_rate)


def linear(learning_rate=0.2, n_features=None, n_outputs=1):
    return compiled([keras.layers.Dense(n_outputs)], n_features, learning_rate=learning_rate, **EAGER)


SPARSE = "sparse_categorical_crossentropy"


def softmax(n_features, learning_rate=1.0, loss=SPARSE, n_classes=None, activation="softmax", metrics=()):
    layer = keras.layers.Dense(n_classes, activation=activation)
    return compiled([layer], n_features, loss, learning_rate, metrics=list(metrics), **EAGER)


def softmax_with_hidden(n_features, n_classes):
    layers = [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(n_classes, activation="softmax")]
    return compiled(layers, n_features, SPARSE, learning_rate=0.1)


def regressor(**options) -> KerasRegressor:
    return KerasRegressor(linear, **{"batch_size": 1000, "random_state": 0, "epochs": 3} | options)


def classifier(**options) -> KerasClassifier:
    return KerasClassifier(softmax, **{"batch_size": 1000, "random_state": 0, "epochs": 3} | options)


def test_no_private_names_of_other_libraries():
    """A name with one underscore at its beginning is one of this module, of `self` or of its class."""

    def is_private(name):
        return name.startswith("_") and not name.startswith("__")

    nodes = [*ast.walk(ast.parse(Path(search.__file__).read_text(encoding="utf-8")))]
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    defined = {node.attr for node in attributes if isinstance(node.ctx, ast.Store)}
    defined |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    defined |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    for node in attributes:
        owner = ast.unparse(node.value)
        assert not is_private(node.attr) or (owner in ("self", "_KerasEstimator") and node.attr in defined), node.attr
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [f"{getattr(node, 'module', '')}.{alias.name}" for node in imports for alias in node.names]
    assert len(names) > 20 and not [name for name in names if any(map(is_private, name.split(".")))]


# scikit-learn's own checks.

NOT_PASSED = {
    "check_no_attributes_set_in_init": "one attribute holds the hyperparameters of build_model",
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
    assert model.get_params() == {
        **{"build_model": build_model, "epochs": 7, "batch_size": 32, "callbacks": (), "validation_split": 0.0},
        **{"random_state": None, "verbose": 0, "n_hidden": 2, "n_neurons": 30, "learning_rate": 3e-3},
        "input_shape": None,  # from the data
    }
    assert model.set_params(n_neurons=5, epochs=1) is model
    assert clone(model).get_params() == model.get_params()
    fitted = model.fit(X, Y).model_
    assert [w.shape for w in fitted.get_weights()] == [(4, 5), (5,), (5, 5), (5,), (5, 1), (1,)]
    assert fitted.optimizer.learning_rate.numpy() == np.float32(3e-3)
    assert "class_weight" in classifier().get_params()


@pytest.mark.parametrize("make", [lambda **p: KerasRegressor(linear, **p), lambda **p: regressor().set_params(**p)])
def test_unknown_hyperparameter_is_named_with_the_known(make):
    with pytest.raises(ValueError, match=r"'n_hiden': not known\. KerasRegressor knows learning_rate, n_features, n_o"):
        make(n_hiden=3, epochs=2)


def test_a_failed_set_params_changes_nothing():
    model = regressor()
    with pytest.raises(ValueError):
        model.set_params(epochs=99, learning_rate=1, n_hiden=3)
    assert model.get_params() == regressor().get_params()


def small(n_features, n_neurons=3, learning_rate=0.1):
    return compiled([keras.layers.Dense(n_neurons, "relu"), keras.layers.Dense(1)], n_features, "mse", learning_rate)


def large(n_features, n_neurons=100, activation="relu"):
    return compiled([keras.layers.Dense(n_neurons, activation), keras.layers.Dense(1)], n_features)


COPIES = [lambda m: m, clone, lambda m: pickle.loads(pickle.dumps(m)), lambda m: clone(make_pipeline(m))[-1]]


@pytest.mark.parametrize("copied", COPIES, ids=["itself", "clone", "pickle", "pipeline"])
def test_another_build_model_has_its_own_defaults_and_what_was_given(copied):
    model = copied(KerasRegressor(small, epochs=4)).set_params(build_model=large)
    assert model.get_params()["n_neurons"] == 100 and model.get_params()["activation"] == "relu"
    assert copied(model).set_params(build_model=small).get_params()["n_neurons"] == 3
    for given in (3, 7):  # 3 is also a default, but it was asked for
        model = copied(KerasRegressor(small, n_neurons=given, learning_rate=0.5)).set_params(build_model=large)
        assert copied(model).get_params()["n_neurons"] == given and "learning_rate" not in model.get_params()
        assert copied(model).set_params(build_model=small).get_params()["learning_rate"] == 0.1
    assert model.set_params(build_model=small, n_neurons=8).get_params()["n_neurons"] == 8


def test_a_search_over_build_model():
    model = KerasRegressor(small, random_state=0)
    for grid in ({"build_model": [small, large]}, {"build_model": [small, large], "n_neurons": [7]}):
        found = GridSearchCV(model, grid, cv=2, refit=False).fit(X, Y)
        alone = [KerasRegressor(**params, random_state=0) for params in found.cv_results_["params"]]
        assert [fold.fit(X, Y).model_.count_params() for fold in alone] == ([19, 601] if len(grid) == 1 else [43, 43])
        assert [cross_val_score(one, X, Y, cv=2).mean() for one in alone] == list(found.cv_results_["mean_test_score"])


def test_input_shape_that_is_given_counts():
    with pytest.raises(ValueError, match="to have value 8, but received input with shape"):
        KerasRegressor(build_model, input_shape=[8]).fit(X, Y)


def test_images():
    def build(input_shape, n_classes):
        layers = [keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(n_classes, "softmax")]
        model = keras.Sequential(layers)
        model.compile(loss=SPARSE, optimizer="sgd", **EAGER)
        return model

    model = KerasClassifier(build).fit(X.reshape(-1, 2, 2), LABELS)
    assert model.predict_proba(X.reshape(-1, 2, 2)).shape == (96, 3)


# As many epochs as asked for, everywhere.


def test_epochs_survive_clone_and_cross_validation(trained):
    model = clone(clone(regressor(epochs=4, callbacks=[Count()]))).fit(X, Y)
    assert trained == [4] and len(model.history_["loss"]) == 4
    assert all(isinstance(loss, float) for loss in model.history_["loss"])
    assert cross_val_score(model, X, Y, cv=3).shape == (3,) and trained == [4] * 4


RATES = {"learning_rate": [0.1, 0.2]}
SEARCHES = {
    "grid": lambda model: GridSearchCV(model, RATES, cv=2),
    "pipeline": lambda model: GridSearchCV(
        make_pipeline(StandardScaler(), model), {"kerasregressor__learning_rate": [0.1, 0.2]}, cv=2
    ),
    "random": lambda model: RandomizedSearchCV(
        model, {"learning_rate": loguniform(0.01, 0.3)}, n_iter=2, cv=2, random_state=0
    ),
    "halving": lambda model: HalvingGridSearchCV(model, RATES, cv=2, factor=2, min_resources=48, random_state=0),
}


@pytest.mark.parametrize("kind", SEARCHES)
def test_epochs_in_searches(kind, trained):
    found = SEARCHES[kind](regressor(epochs=3, callbacks=[Count()])).fit(X, Y)
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


# The same numbers as Keras alone; the same numbers each time.


def test_trains_as_keras_does_to_the_last_bit():
    rows, y = np.tile(X, (40, 1))[:-31], np.tile(Y, 40)[:-31]  # the last batch holds one row
    model = KerasRegressor(build_model, epochs=2, random_state=3).fit(rows, y)
    assert model.model_.steps_per_execution == 32 and len(rows) % 32 == 1
    keras.utils.set_random_seed(3)
    alone = build_model(input_shape=[4])
    history = alone.fit(rows, y, epochs=2, verbose=0).history
    assert model.history_ == history
    assert all(map(np.array_equal, model.model_.get_weights(), alone.get_weights()))
    assert len(rows) > 3 * search.ROWS_AT_ONCE
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
    np.testing.assert_allclose(model.predict(X), alone.predict(X, verbose=0)[:, 0], rtol=1e-5, atol=1e-6)  # no dropout


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end"])
def test_a_callback_that_looks_at_batches_sees_each(hook, trained):
    def look(batch, logs):
        TRAINED.append(batch)

    looking = type("Looking", (keras.callbacks.Callback,), {hook: lambda self, batch, logs=None: TRAINED.append(batch)})
    for callback in (looking(), keras.callbacks.LambdaCallback(**{hook: look})):
        trained.clear()
        KerasRegressor(build_model, batch_size=1, epochs=3, callbacks=[callback]).fit(X, Y)
        assert trained == [*range(96)] * 3


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


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(1)])
def test_without_a_number_every_fit_has_another_seed(random_state):
    start = np.random.RandomState(1).get_state()
    predicted = []
    for _ in range(2):
        (np.random if random_state is None else random_state).set_state(start)
        model = regressor(random_state=random_state)
        predicted += [model.fit(X, Y).predict(X), model.fit(X, Y).predict(X)]
    assert np.array_equal(predicted[0], predicted[2]) and np.array_equal(predicted[1], predicted[3])
    assert not np.array_equal(predicted[0], predicted[1])


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


PROGRAM = """
import gc, os
for kind in ("INTRAOP", "INTEROP"):
    os.environ.pop(f"TF_NUM_{kind}_THREADS", None)
from lecture_utils import reproducible; reproducible.start(tensorflow=True)
import keras, numpy as np, psutil, tensorflow as tf
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV
from lecture_utils.search import KerasRegressor
X = np.random.default_rng(0).normal(size=(96, 4))
def build_model(learning_rate=0.01):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate))
    return model
"""


def test_workers_are_quiet_have_as_many_threads_and_tell_the_progress_bar(run_python):
    done = run_python(PROGRAM + """
def and_tell_the_threads(learning_rate):
    print(tf.config.threading.get_intra_op_parallelism_threads(), os.environ["TF_NUM_INTRAOP_THREADS"], "threads")
    return build_model(learning_rate)
regressor, grid = KerasRegressor(and_tell_the_threads, random_state=0), {"learning_rate": [0.01, 0.1]}
search = GridSearchCV(regressor, grid, cv=2, n_jobs=2, refit=False)
plain = search.fit(X, X[:, 0]).cv_results_["mean_test_score"]
search.set_callbacks(ProgressBar(max_propagation_depth=0))
assert np.array_equal(search.fit(X, X[:, 0]).cv_results_["mean_test_score"], plain)
""")  # fmt: skip
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert done.stdout.count("2 2 threads") == 8 and "GridSearchCV - search" in done.stdout and "100%" in done.stdout


def test_many_fits_are_quiet_and_memory_is_bounded(run_python):
    done = run_python(PROGRAM + """
for fit in range(16):
    KerasRegressor(build_model, validation_split=0.25).fit(X, X[:, 0]).predict(X)
    if fit in (5, 15):
        gc.collect(); print(psutil.Process().memory_info().rss)
""")  # fmt: skip
    assert done.returncode == 0 and done.stderr == "", done.stderr
    before, after = map(int, done.stdout.split())
    assert after - before < 10 * 3e6  # TensorFlow itself keeps about 1 MB of each model that is traced


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


# Classifiers.


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        (SPARSE, "softmax"),
        ("categorical_crossentropy", "softmax"),
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), None),
        (keras.losses.CategoricalCrossentropy(from_logits=True), None),
        (keras.losses.sparse_categorical_crossentropy, "softmax"),
        ("mse", "softmax"),
    ],
)
@pytest.mark.parametrize("y", [LABELS, NUMBERS])
def test_labels_as_the_loss_needs_them(loss, activation, y):
    model = classifier(loss=loss, activation=activation, metrics=["accuracy"], epochs=6).fit(X, y)
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
    y, of_rows = (Y > 1).astype(int), RNG.uniform(0.5, 2, len(Y))
    by_class = classifier(class_weight={0: 1, 1: 5})
    by_sample, both = np.where(y, 5, 1), np.where(y, 5, 1) * of_rows
    probabilities = [
        model.fit(X, y, sample_weight=weights).predict_proba(X)
        for model, weights in [(by_class, None), (classifier(), by_sample), (by_class, of_rows), (classifier(), both)]
    ]
    assert np.array_equal(*probabilities[:2]) and np.array_equal(*probabilities[2:])
    neither = classifier().fit(X, y).predict_proba(X)
    assert (probabilities[0][:, 1] > neither[:, 1]).mean() > 0.9
    assert not np.array_equal(classifier(class_weight="balanced").fit(X, y).predict_proba(X), neither)


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


# Errors.


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: None, TypeError, "returned None.*return model"),
        (lambda: 3, TypeError, "returned 3; needed is a Keras model"),
        (lambda: keras.Sequential([keras.layers.Dense(1)]), ValueError, "without a loss; call model.compile"),
        (5, TypeError, "build_model is 5; needed is a function"),
        (lambda units: None, TypeError, "missing 1 required positional argument: 'units'"),
        (lambda **options: None, TypeError, r"takes \*\*options; it must name"),
        (lambda epochs: None, TypeError, "'epochs' may not be called so"),
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
        (regressor, X, LABELS.astype(object), "could not convert string to float: 'middle'"),
        (regressor, X, np.where(Y > 9, 1, np.nan), "y contains NaN"),
        (regressor, X, np.zeros((96, 2, 2)), "dim 3"),
        (regressor, np.where(X > 2, np.nan, X), Y, "X contains NaN"),
        (classifier, np.where(X > 2, np.inf, X), LABELS, "X contains infinity"),
        (classifier, X, Y, "continuous"),
        (classifier, X, np.eye(3)[np.arange(96) % 3], "y should be a 1d array"),
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
