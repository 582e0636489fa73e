"""Keras models as scikit-learn estimators, for cross-validation and the search for good hyperparameters (notebook 13).

    def build_model(n_hidden=1, n_neurons=30, learning_rate=3e-3, input_shape=[8]):
        ...
        return model  # compiled

    regressor = KerasRegressor(build_model, n_neurons=50, epochs=10, random_state=42)
    GridSearchCV(regressor, {"n_hidden": [1, 2], "learning_rate": [1e-3, 1e-2], "batch_size": [32, 64]}, cv=3)

Keras has wrappers for the same purpose, `keras.wrappers.SKLearnClassifier` and `SKLearnRegressor`. In version 3.15 a
clone of them forgets `fit_kwargs`: a search trains one epoch, unless its own `fit` or its grid is told how many. Its
grid holds whole dictionaries of hyperparameters, not single ones by name. All labels become one-hot vectors, and there
is no `predict_proba`.

Small trainings take less time here than with `model.fit` and `model.predict`, and give the same weights to the last
bit. With a seed, Keras takes the rows in the same order in each epoch, but shuffles and cuts them each time; here it is
done once. TensorFlow gets several batches in one call, and Keras is told how many there are. And predictions call the
model itself, which need not be traced for that; they are the same up to rounding.
"""

from __future__ import annotations

import copy
import inspect
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from lecture_utils import reproducible, validate

if "tensorflow" not in sys.modules:  # a process that joblib started: it imports this module first
    reproducible.prepare_tensorflow()
import keras
import tensorflow as tf

ROWS_AT_ONCE = 1024  # in predictions and validation
STEPS_AT_ONCE = 32  # batches in one call of TensorFlow; more gains little
MANY_STEPS = 200  # from this many batches in a fit on, several at once pay for the longer preparation


class _KerasEstimator(BaseEstimator):
    """What the classifier and the regressor share; the parameters are explained there.

    `hyperparameters` holds those of `build_model` that were given; all others have the defaults of the function.
    """

    _options = ("build_model", "epochs", "batch_size", "callbacks", "validation_split", "random_state", "verbose")
    _from_data: tuple[str, str, str]  # arguments of build_model that the data can tell

    def __init__(
        self,
        build_model: Callable[..., keras.Model],
        *,
        epochs: int = 1,
        batch_size: int = 32,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        validation_split: float = 0.0,
        random_state: int | np.random.RandomState | None = None,
        verbose: int | str = 0,
        **hyperparameters: Any,
    ):
        self.build_model = build_model
        self.epochs = epochs
        self.batch_size = batch_size
        self.callbacks = callbacks
        self.validation_split = validation_split
        self.random_state = random_state
        self.verbose = verbose
        self.hyperparameters: dict[str, Any] = {}
        self.set_params(**hyperparameters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name, with those of `build_model`: what was given, or the default.

        None stands for what the data will tell, and for what has no default and was not given.
        """
        defaults = self._defaults(self.build_model) if callable(self.build_model) else {}
        return {name: getattr(self, name) for name in self._options} | defaults | self.hyperparameters

    def set_params(self, **params: Any) -> _KerasEstimator:
        """Change parameters by name; ValueError for a name that neither the estimator nor `build_model` has.

        With another `build_model`, the hyperparameters that were given stay, as far as it has them; all others take
        its defaults.
        """
        options = {name: value for name, value in params.items() if name in self._options}
        given = self.hyperparameters | {name: value for name, value in params.items() if name not in options}
        if given:
            known = self._defaults(options.get("build_model", self.build_model))
            unknown = [name for name in params if name not in options and name not in known]
            if unknown:
                names = f"{', '.join(known)} of build_model; {', '.join(self._options)}"
                raise ValueError(f"{', '.join(map(repr, unknown))}: not known. {type(self).__name__} knows {names}.")
            self.hyperparameters = {name: value for name, value in given.items() if name in known}
        for name, value in options.items():
            setattr(self, name, value)
        return self

    def __sklearn_clone__(self) -> _KerasEstimator:
        """An untrained copy. scikit-learn gives it all that get_params tells; what was a default is one again."""
        twin = super().__sklearn_clone__()
        twin.hyperparameters = {name: twin.hyperparameters[name] for name in self.hyperparameters}
        return twin

    def _defaults(self, build_model: Callable[..., keras.Model]) -> dict[str, Any]:
        """The arguments of `build_model` with their defaults, None where the data or the user must tell."""
        if not callable(build_model):
            raise TypeError(f"build_model is {build_model!r}; needed is a function that returns a compiled model.")
        defaults = {}
        for name, argument in inspect.signature(build_model).parameters.items():
            if argument.kind not in (argument.POSITIONAL_OR_KEYWORD, argument.KEYWORD_ONLY):
                raise TypeError(f"build_model takes {argument}; it must name each of its hyperparameters.")
            if name in self._options:
                raise TypeError(f"build_model's {name!r} may not be called so: {type(self).__name__} has that name.")
            told = name in self._from_data or argument.default is argument.empty
            defaults[name] = None if told else argument.default
        return defaults

    def _fit(self, X: np.ndarray, y: np.ndarray, sample_weight: Any, n_outputs: int) -> _KerasEstimator:
        """Build a new model and train it on X (n, ...) and y, numbers (n, m), or those of classes (n,)."""
        validate.whole_number("epochs", self.epochs, at_least=1)
        validate.whole_number("batch_size", self.batch_size, at_least=1)
        if not isinstance(self.validation_split, Real) or not 0 <= self.validation_split < 1:
            raise ValueError(f"validation_split is {self.validation_split!r}; it must be a share from 0 up to below 1.")
        weights = [] if sample_weight is None else [column_or_1d(sample_weight, dtype=X.dtype)]
        check_consistent_length(X, *weights)
        if weights and not weights[0].any():
            raise ValueError("All sample weights are zero; a training needs rows that count.")
        with _seeded(self.random_state), _quiet_about_tracing():
            train, held_out = self._split(y)
            model = self._build(X, n_outputs)
            data = [X, self._targets(model, _n_outputs(model, X), y), *weights]
            history = self._train(model, [part[train] for part in data], [part[held_out] for part in data])
        self.model_, self.history_ = model, history
        return self

    def _split(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the rows to train on, and of those to validate with, if any."""
        rows = np.arange(len(y))
        if not self.validation_split:
            return rows, rows[:0]
        classes = y if isinstance(self, ClassifierMixin) else None
        return train_test_split(rows, test_size=self.validation_split, stratify=classes)

    def _build(self, X: np.ndarray, n_outputs: int) -> keras.Model:
        """A new model for the data, compiled and never trained."""
        arguments = dict(self.hyperparameters)
        known = self._defaults(self.build_model)
        for name, value in zip(self._from_data, (X.shape[1:], X.shape[1], n_outputs), strict=True):
            if name in known and arguments.get(name) is None:
                arguments[name] = value
        model = self.build_model(**arguments)
        if not isinstance(model, keras.Model):
            hint = " Does it end with `return model`?" if model is None else ""
            raise TypeError(f"build_model returned {model!r}; needed is a Keras model.{hint}")
        if not model.compiled or not model.loss:
            raise ValueError("build_model returned a model without a loss; call model.compile(loss=..., optimizer=...)")
        if int(model.optimizer.iterations):
            raise ValueError("build_model returned a model that was trained before; it must build a new one each time.")
        return model

    def _train(self, model: keras.Model, train: list[np.ndarray], held_out: list[np.ndarray]) -> dict[str, list[float]]:
        """Train on arrays of inputs, targets and, if any, weights; returns the history."""
        n_steps = -(-len(train[0]) // self.batch_size)
        callbacks = copy.deepcopy(list(self.callbacks))
        if n_steps * self.epochs >= MANY_STEPS and not model.run_eagerly and not any(map(_sees_batches, callbacks)):
            model.steps_per_execution = max(model.steps_per_execution, min(STEPS_AT_ONCE, n_steps))
        order = _order_of_keras(len(train[0]))
        return model.fit(
            _batches([array[order] for array in train], self.batch_size),
            validation_data=_batches(held_out, max(self.batch_size, ROWS_AT_ONCE)) if len(held_out[0]) else None,
            epochs=self.epochs,
            steps_per_epoch=n_steps,  # else Keras looks for the end of the data in a second iterator
            shuffle=False,
            callbacks=callbacks,
            verbose=self.verbose,
        ).history

    def _outputs(self, X: Any) -> np.ndarray:
        """The outputs (n, m) of the trained model, all finite."""
        check_is_fitted(self, "model_")
        X = validate_data(self, X, reset=False, dtype=keras.config.floatx(), allow_nd=True)
        parts = [self.model_(X[i : i + ROWS_AT_ONCE], training=False) for i in range(0, len(X), ROWS_AT_ONCE)]
        outputs = np.concatenate([np.asarray(part) for part in parts])
        if not np.isfinite(outputs).all():
            raise ValueError("The model's outputs are NaN or infinite: its training diverged. Lower the learning rate.")
        return outputs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = isinstance(self, RegressorMixin)
        return tags


class KerasRegressor(RegressorMixin, _KerasEstimator):
    """A Keras model that predicts numbers, as a scikit-learn estimator; `score` is R^2.

    Args:
        build_model: a function whose arguments are hyperparameters, each by its name; it returns a new, compiled model.
            Of these `input_shape`, `n_features` and `n_outputs` are taken from the data when they are not given.
        epochs, batch_size, verbose: as in `model.fit`.
        callbacks: each fit trains with a copy of them, and leaves the given ones as they are.
        validation_split: this share of the samples that fit is given, chosen at random, is kept from training, e.g.
            for `EarlyStopping`. In a cross-validation they come from the training fold, never from the test fold.
        random_state: with a number, every fit begins from this seed: the same data and parameters give the same
            model, in whatever order and process. Without, NumPy draws a seed for each fit. The seed counts for all of
            TensorFlow in this process, and makes its operations deterministic; the random numbers of Python and NumPy
            go on after the fit as if nothing had happened.
        hyperparameters: of `build_model`, by name; here, in `set_params` and in the grid of a search.

    Attributes: `model_`, the trained Keras model; `history_`, a list of one number per epoch for each metric;
    `n_features_in_`.

    A callback that acts on batches sees each one; without such, TensorFlow is given several batches at once.
    Raises TypeError for a `build_model` that is no function or returns no model; ValueError for unknown hyperparameters
    and for options, data and models that cannot be used; NotFittedError for predictions before `fit`.
    """

    _from_data = ("input_shape", "n_features", "n_outputs")

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> KerasRegressor:
        """Train a new model on X (n, d), or (n, ...), and numbers y (n,) or (n, m); sample_weight is (n,)."""
        options = {"dtype": keras.config.floatx(), "allow_nd": True, "multi_output": True, "y_numeric": True}
        X, y = validate_data(self, X, y, **options)
        if y.dtype.kind not in "biuf":
            raise ValueError(f"y has the dtype {y.dtype}; a regressor needs numbers. For labels take KerasClassifier.")
        self._y_ndim = y.ndim
        columns = y.reshape(len(y), -1).astype(X.dtype)
        return self._fit(X, columns, sample_weight, columns.shape[1])

    def predict(self, X: Any) -> np.ndarray:
        """The predictions for X (n, d): (n,) if y was (n,), else (n, m)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._y_ndim == 1 else outputs

    def _targets(self, model: keras.Model, n_outputs: int, y: np.ndarray) -> np.ndarray:
        if n_outputs != y.shape[1]:  # Keras would repeat the one or the other, and train something else
            raise ValueError(f"The model has {n_outputs} outputs, y {y.shape[1]} columns; both must be the same.")
        return y


class KerasClassifier(ClassifierMixin, _KerasEstimator):
    """A Keras model that predicts classes, as a scikit-learn estimator; `score` is the accuracy.

    Labels may be numbers or strings. The model has one output per class, e.g. softmax, or for two classes a single
    one, e.g. logistic. It is trained on whole numbers if the name of its loss begins with "sparse", on 0 and 1 if it
    has a single output, and else on one-hot vectors.

    Args:
        class_weight: a dictionary from label to weight, "balanced", or None; it counts in training and validation.
        all others: as in `KerasRegressor`, but for `n_classes` instead of `n_outputs`; the validation split keeps the
            shares of the classes.

    Attributes: `classes_`, the labels, sorted; and those of `KerasRegressor`.
    """

    _options = (*_KerasEstimator._options, "class_weight")
    _from_data = ("input_shape", "n_features", "n_classes")

    def __init__(
        self, build_model: Callable[..., keras.Model], *, class_weight: dict | str | None = None, **parameters: Any
    ):
        self.class_weight = class_weight
        super().__init__(build_model, **parameters)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> KerasClassifier:
        """Train a new model on X (n, d), or (n, ...), and labels y (n,) of two or more classes."""
        X, y = validate_data(self, X, y, dtype=keras.config.floatx(), allow_nd=True)
        check_classification_targets(y)
        classes, numbers = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"y holds one class only, {classes[0]!r}; a classifier needs two or more.")
        if self.class_weight is not None:
            by_class = compute_sample_weight(self.class_weight, y)
            sample_weight = by_class if sample_weight is None else by_class * np.asarray(sample_weight)
        self._fit(X, numbers, sample_weight, len(classes))
        self.classes_ = classes
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label (n,) for each row of X (n, d)."""
        scores = self._scores(X)
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class (n, n_classes), in the order of `classes_`, for each row of X (n, d)."""
        scores = self._scores(X)
        if scores.min() < 0 or not np.allclose(scores.sum(axis=1), 1, atol=1e-3):
            advice = "end it with softmax (one output: sigmoid), or compile it with a loss with from_logits=True"
            raise ValueError(f"The model's outputs are no probabilities: {advice}.")
        return scores

    def _scores(self, X: Any) -> np.ndarray:
        outputs = self._outputs(X)
        if getattr(self.model_.loss, "from_logits", False):
            outputs = np.asarray((keras.ops.sigmoid if outputs.shape[1] == 1 else keras.ops.softmax)(outputs))
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def _targets(self, model: keras.Model, n_outputs: int, y: np.ndarray) -> np.ndarray:
        n_classes = y.max() + 1
        if n_outputs != n_classes and (n_outputs, n_classes) != (1, 2):
            raise ValueError(f"The model has {n_outputs} outputs, y {n_classes} classes; both must be the same.")
        name = model.loss if isinstance(model.loss, str) else getattr(model.loss, "__name__", type(model.loss).__name__)
        if name.lower().startswith("sparse"):
            return y
        return (np.eye(n_classes)[y] if n_outputs > 1 else y[:, np.newaxis]).astype(keras.config.floatx())


def _n_outputs(model: keras.Model, X: np.ndarray) -> int:
    """How many outputs the model has for a sample; a model that was not built yet is built now."""
    output = model(X[:1], training=False)
    if not tf.is_tensor(output) or output.ndim != 2:
        raise ValueError(f"The model's output is {output!r}; needed is one output of the shape (n, m).")
    return output.shape[1]


def _order_of_keras(n: int) -> np.ndarray:
    """The numbers 0 to n - 1 in the order in which Keras trains on n rows, in every epoch, if TensorFlow has a seed.

    A search is to find what plain Keras with the same seed would find. The random number of an operation in a `map`
    depends on the seed and its place there; so this is the function that Keras 3.15 maps (`permutation` in
    keras/src/trainers/data_adapters/array_data_adapter.py). A test compares the trained weights with Keras'.
    """

    def permutation(_):
        indices = tf.range(n, dtype=tf.int64)
        return tf.random.shuffle(indices)

    return next(iter(tf.data.Dataset.range(1).map(permutation))).numpy()


def _batches(arrays: Sequence[np.ndarray], batch_size: int) -> tf.data.Dataset:
    """The rows of the arrays (n, ...) in batches, in their order, without any work while they are read."""
    n_whole, rest = divmod(len(arrays[0]), batch_size)
    end = n_whole * batch_size
    whole = tuple(array[:end].reshape(n_whole, batch_size, *array.shape[1:]) for array in arrays)
    dataset = tf.data.Dataset.from_tensor_slices(whole)
    if rest:
        dataset = dataset.concatenate(tf.data.Dataset.from_tensors(tuple(array[end:] for array in arrays)))
    options = tf.data.Options()  # to look for a faster way, in each epoch, would take longer than the reading
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return dataset.with_options(options)


def _sees_batches(callback: keras.callbacks.Callback) -> bool:
    """Whether the callback does something before or after a batch of training."""
    hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    base = keras.callbacks.Callback
    return any(hook in vars(callback) or getattr(type(callback), hook) is not getattr(base, hook) for hook in hooks)


@contextmanager
def _seeded(random_state: int | np.random.RandomState | None) -> Iterator[None]:
    """Random numbers from the seed in the block; those of Python and NumPy go on afterward where they were."""
    if not isinstance(random_state, Integral):
        random_state = check_random_state(random_state).randint(2**31)
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        keras.utils.set_random_seed(int(random_state))
        tf.config.experimental.enable_op_determinism()
        yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)


@contextmanager
def _quiet_about_tracing() -> Iterator[None]:
    """Without TensorFlow's warning of many traced functions: every fit trains a new model, which is traced once."""

    def is_other(record) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()

    tf.get_logger().addFilter(is_other)
    try:
        yield
    finally:
        tf.get_logger().removeFilter(is_other)
