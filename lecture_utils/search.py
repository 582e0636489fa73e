"""Keras models as scikit-learn estimators, for cross-validation and the search for good hyperparameters (notebook 13).

    def build_model(n_hidden=1, n_neurons=30, learning_rate=3e-3, input_shape=[8]):
        ...
        return model  # compiled

    regressor = KerasRegressor(build_model, n_neurons=50, epochs=10, random_state=42)
    GridSearchCV(regressor, {"n_hidden": [1, 2], "learning_rate": [1e-3, 1e-2], "batch_size": [32, 64]}, cv=3)

Keras' own `keras.wrappers.SKLearnClassifier` and `SKLearnRegressor` (keras/src/wrappers/sklearn_wrapper.py, read and
tried in version 3.15) serve the same purpose, but what a search needs is missing there: cloning drops the arguments of
`fit`, so that a search trains one epoch whatever was asked; hyperparameters cannot be searched by name; labels are
always one-hot; there is no `predict_proba`. A subclass would have to replace the constructor, clone, fit, predict and
the coding of labels, that is all but the tags; so these classes stand on scikit-learn's BaseEstimator alone.

Four things make them quicker than `model.fit` and `model.predict` as they are. The rows are mixed and cut into batches
once: with a seed, Keras mixes them into the same order in each epoch, but does it anew each time. Several batches go to
TensorFlow in one call, and Keras is told the number of batches, so that it need not look for their end with an iterator
of its own. All three give the same weights to the last bit. And predictions call the model itself, which needs no
tracing (0.1 to 0.4 s for each new model) and gives the same numbers up to rounding.
"""

from __future__ import annotations

import copy
import inspect
import json
import os
import pickle
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from lecture_utils import reproducible, validate

__all__ = ["KerasClassifier", "KerasRegressor", "watched"]

if "tensorflow" not in sys.modules:  # in joblib's processes, which import this module first
    reproducible.prepare_tensorflow()
import keras
import tensorflow as tf

from lecture_utils import resume
from lecture_utils.search_progress import watched

ROWS_AT_ONCE = 1024  # in predictions and validation
STEPS_AT_ONCE = 32  # batches in one call of TensorFlow; more gains little
MANY_STEPS = 200  # from this many batches in a fit on, several at once pay for the longer preparation

for _name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):  # for joblib's processes: as many threads as here
    os.environ.setdefault(_name, str(reproducible.N_THREADS))


class _KerasEstimator(BaseEstimator):
    """What the classifier and the regressor share; the parameters are explained there."""

    _from_data: tuple[str, ...]  # arguments of build_model that the data can tell

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
        memory: str | os.PathLike | None = None,
        **hyperparameters: Any,
    ):
        self.build_model = build_model
        self.epochs = epochs
        self.batch_size = batch_size
        self.callbacks = callbacks
        self.validation_split = validation_split
        self.random_state = random_state
        self.verbose = verbose
        self.memory = memory
        if hyperparameters:
            self.set_params(**hyperparameters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name: the estimator's own, and those of `build_model`, given or with their default.

        None stands for what will be taken from the data and for what has no default and was not given.
        """
        defaults = self._defaults(self.build_model) if callable(self.build_model) else {}
        return super().get_params(deep) | {name: getattr(self, name, value) for name, value in defaults.items()}

    def set_params(self, **params: Any) -> _KerasEstimator:
        """Change parameters by name; ValueError for a name that neither the estimator nor `build_model` has."""
        own = super().get_params(deep=False)
        build_model = params.get("build_model", self.build_model)
        if callable(build_model) or not params.keys() <= own.keys():
            known = own | self._defaults(build_model)
            unknown = [name for name in params if name not in known]
            if unknown:
                raise ValueError(
                    f"{', '.join(map(repr, unknown))}: not known to build_model or to {type(self).__name__}. Known are "
                    f"{', '.join(name for name in known if name not in own)} of build_model; {', '.join(own)}."
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def _defaults(self, build_model: Callable[..., keras.Model]) -> dict[str, Any]:
        """The arguments of `build_model` with their defaults, None where the data or the user must tell."""
        if not callable(build_model):
            raise TypeError(
                f"build_model is {build_model!r}; needed is a function that returns a compiled Keras model."
            )
        own = super().get_params(deep=False)
        defaults = {}
        for name, parameter in inspect.signature(build_model).parameters.items():
            if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                raise TypeError(f"build_model takes {parameter}; it must name each of its hyperparameters.")
            if name in own or hasattr(type(self), name) or name.startswith("_") or name.endswith("_"):
                raise TypeError(f"build_model's {name!r} may not be called so: {type(self).__name__} has that name.")
            told = name in self._from_data or parameter.default is parameter.empty
            defaults[name] = None if told else parameter.default
        return defaults

    def _fit(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None, classes: np.ndarray | None = None):
        """Build a new model and train it on X (n, ...) and y, numbers (n, m), or of classes (n,)."""
        validate.whole_number("epochs", self.epochs, at_least=1)
        validate.whole_number("batch_size", self.batch_size, at_least=1)
        if not isinstance(self.validation_split, Real) or not 0 <= self.validation_split < 1:
            raise ValueError(f"validation_split is {self.validation_split!r}; it must be a share from 0 up to below 1.")
        with _seeded(self.random_state), _new_models_are_traced():
            train, validation = np.arange(len(X)), []
            if self.validation_split:
                train, validation = train_test_split(
                    train, test_size=self.validation_split, stratify=None if classes is None else y
                )
            model = self._build(X, y, classes)
            targets = self._targets(model, _first_output(model, X), y)
            arrays = [array for array in (X, targets, weights) if array is not None]
            held_out = tuple(array[validation] for array in arrays) if len(validation) else None
            if len(validation):
                arrays = [array[train] for array in arrays]
            callbacks = copy.deepcopy(list(self.callbacks))
            remembered = self._remembered(model, tuple(arrays), held_out, callbacks)
            if remembered is not None and (history := _recalled(remembered, model)) is not None:
                self.model_, self.history_ = model, history
                return self
            n_steps = -(-len(train) // self.batch_size)
            if n_steps * self.epochs >= MANY_STEPS and not model.run_eagerly and not any(map(_sees_batches, callbacks)):
                model.steps_per_execution = max(model.steps_per_execution, min(STEPS_AT_ONCE, n_steps))
            if self.random_state is None:
                names = ("x", "y", "sample_weight")
                data = dict(zip(names, arrays, strict=False), batch_size=self.batch_size)
            else:
                order = _order_of_keras(len(train))
                data = {"x": _ready_batches([array[order] for array in arrays], self.batch_size), "shuffle": False}
            history = model.fit(
                **data,
                validation_data=held_out and _ready_batches(held_out, max(self.batch_size, ROWS_AT_ONCE)),
                epochs=self.epochs,
                steps_per_epoch=n_steps,  # else Keras looks for the end of the data in a second iterator
                callbacks=callbacks,
                verbose=self.verbose,
            ).history
            if remembered is not None:
                variables = [np.asarray(variable) for variable in resume.variables(model)]
                resume.write(remembered, {"variables": variables, "history": history})
        self.model_, self.history_ = model, history
        return self

    def _remembered(self, model: keras.Model, data: tuple, held_out: tuple | None, callbacks: list) -> Path | None:
        """The file of `memory` for this very training, whose name is a hash of all that decides its result."""
        if self.memory is None:
            return None
        if not isinstance(self.random_state, Integral):
            raise ValueError(
                f"random_state is {self.random_state!r}; with a memory it must be a whole number: without a seed, no "
                "training is the same as one before."
            )
        model.optimizer.build(model.trainable_variables)
        settings = {
            "versions": [keras.__version__, tf.__version__],
            "fit": [self.epochs, self.batch_size, self.random_state],
            "begins with": [resume.hashed(np.asarray(v)) for v in resume.variables(model)],
            "callbacks": [[type(callback).__name__, resume.remembered_by(callback)] for callback in callbacks],
        }
        name = resume.hashed(json.dumps(resume.fingerprint(model, data, held_out, settings)))
        return Path(self.memory) / f"{name}.npz"

    def _build(self, X: np.ndarray, y: np.ndarray, classes: np.ndarray | None) -> keras.Model:
        """A new model for the data, compiled and never trained."""
        names = self._defaults(self.build_model)
        arguments = {name: value for name, value in self.get_params().items() if name in names}
        told = {"input_shape": X.shape[1:], "n_features": X.shape[1]}
        told |= {"n_outputs": y.shape[1]} if classes is None else {"n_classes": len(classes)}
        arguments |= {name: value for name, value in told.items() if arguments.get(name, 0) is None}
        parameters = inspect.signature(self.build_model).parameters
        missing = [
            n for n, value in arguments.items() if value is None and parameters[n].default is inspect.Parameter.empty
        ]
        if missing:
            raise ValueError(f"build_model needs {', '.join(missing)}; give it to {type(self).__name__}, or a default.")
        model = self.build_model(**arguments)
        if not isinstance(model, keras.Model):
            hint = " Does it end with `return model`?" if model is None else ""
            raise TypeError(f"build_model returned {model!r}; needed is a Keras model.{hint}")
        if not model.compiled or not model.loss:
            raise ValueError(
                "build_model returned a model without a loss; call model.compile(loss=..., optimizer=...)."
            )
        if int(model.optimizer.iterations):
            raise ValueError("build_model returned a model that was trained before; it must build a new one each time.")
        return model

    def _outputs(self, X: Any) -> np.ndarray:
        """The outputs (n, m) of the trained model, all finite."""
        check_is_fitted(self, "model_")
        X = validate_data(self, X, reset=False, dtype=keras.config.floatx(), allow_nd=True)
        parts = [self.model_(X[i : i + ROWS_AT_ONCE], training=False) for i in range(0, len(X), ROWS_AT_ONCE)]
        outputs = np.concatenate([np.asarray(part) for part in parts])
        if not np.isfinite(outputs).all():
            raise ValueError("The model's outputs are NaN or infinite: its training diverged. Lower the learning rate.")
        return outputs

    def __getstate__(self):
        """For pickle, joblib and copy: the model in Keras' own format, as bytes."""
        state = super().__getstate__()
        if "model_" in state:
            with warnings.catch_warnings():
                # NumPy's, about how Keras 3.15 reads its variables.
                warnings.simplefilter("ignore", DeprecationWarning)
                state = state | {"model_": pickle.dumps(state["model_"])}
        return state

    def __setstate__(self, state):
        if "model_" in state:
            state = state | {"model_": pickle.loads(state["model_"])}
        super().__setstate__(state)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
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
            model, in whatever order and process. It seeds TensorFlow for the whole process and makes its operations
            deterministic; the random numbers of Python and NumPy go on after the fit as if nothing had happened.
        memory: a folder in which finished fits are remembered. The same fit (model, first weights, data, seed, epochs,
            batch size, callbacks) is then not done again but read: a search that was interrupted goes on where it was,
            with the same results. Callbacks are not called for a fit that is read; of their settings, numbers, texts
            and arrays count. Needs a random_state. Delete the folder to forget.
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
        X, y = validate_data(self, X, y, dtype=keras.config.floatx(), allow_nd=True, multi_output=True)
        try:
            numbers = y.astype(keras.config.floatx()) if y.dtype.kind in "biufO" else None
        except (TypeError, ValueError):
            numbers = None
        if numbers is None:
            raise ValueError(
                f"y has the dtype {y.dtype} and the shape {y.shape}; a regressor needs numbers (n,) or (n, m). For "
                "labels take KerasClassifier."
            )
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=X.dtype)
        self._y_ndim = y.ndim
        return self._fit(X, numbers.reshape(len(numbers), -1), weights)

    def predict(self, X: Any) -> np.ndarray:
        """The predictions for X (n, d): (n,) if y was (n,), else (n, m)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._y_ndim == 1 else outputs

    def _targets(self, model: keras.Model, output: np.ndarray, y: np.ndarray) -> np.ndarray:
        if output.shape[1] != y.shape[1]:  # Keras would repeat the one or the other, and train something else
            raise ValueError(f"The model has {output.shape[1]} outputs, y {y.shape[1]} columns; both must be the same.")
        return y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class KerasClassifier(ClassifierMixin, _KerasEstimator):
    """A Keras model that predicts classes, as a scikit-learn estimator; `score` is the accuracy.

    Labels may be numbers or strings. The model has one output per class, e.g. softmax, or for two classes a single
    one, e.g. logistic. It is trained on whole numbers if the name of its loss begins with "sparse", on 0 and 1 if it
    has a single output, and else on one-hot vectors.

    Args:
        class_weight: a dictionary from label to weight, "balanced", or None, as in scikit-learn; it counts in
            training and validation.
        build_model and all others: as in `KerasRegressor`, but for `n_classes` in place of `n_outputs`; the
            validation split keeps the shares of the classes.

    Attributes: `classes_`, the labels, sorted; and those of `KerasRegressor`.
    """

    _from_data = ("input_shape", "n_features", "n_classes")

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
        memory: str | os.PathLike | None = None,
        class_weight: dict | str | None = None,
        **hyperparameters: Any,
    ):
        self.class_weight = class_weight
        super().__init__(
            build_model,
            epochs=epochs,
            batch_size=batch_size,
            callbacks=callbacks,
            validation_split=validation_split,
            random_state=random_state,
            verbose=verbose,
            memory=memory,
            **hyperparameters,
        )

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> KerasClassifier:
        """Train a new model on X (n, d), or (n, ...), and labels y (n,) of two or more classes."""
        shape = np.asarray(y).shape
        if len(shape) > 1 and shape[1] > 1:
            raise ValueError(
                f"y has the shape {shape}; needed are labels (n,). From one-hot vectors: y.argmax(axis=1)."
            )
        X, y = validate_data(self, X, y, dtype=keras.config.floatx(), allow_nd=True)
        check_classification_targets(y)
        classes, numbers = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"y holds one class only, {classes[0]!r}; a classifier needs two or more.")
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=X.dtype)
        if self.class_weight is not None:
            weights = compute_sample_weight(self.class_weight, y) * (1 if weights is None else weights)
        self._fit(X, numbers, weights, classes)
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
            raise ValueError(
                "The model's outputs are no probabilities: end it with softmax (or, with one output, sigmoid), or "
                "compile it with a loss with from_logits=True."
            )
        return scores

    def _scores(self, X: Any) -> np.ndarray:
        outputs = self._outputs(X)
        if getattr(self.model_.loss, "from_logits", False):
            outputs = np.asarray((keras.ops.sigmoid if outputs.shape[1] == 1 else keras.ops.softmax)(outputs))
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def _targets(self, model: keras.Model, output: np.ndarray, y: np.ndarray) -> np.ndarray:
        n_classes, n_outputs = y.max() + 1, output.shape[1]
        if n_outputs != n_classes and (n_outputs, n_classes) != (1, 2):
            raise ValueError(f"The model has {n_outputs} outputs, y {n_classes} classes; both must be the same.")
        name = model.loss if isinstance(model.loss, str) else getattr(model.loss, "__name__", type(model.loss).__name__)
        if name.lower().startswith("sparse"):
            return y
        return np.eye(n_classes, dtype=output.dtype)[y] if n_outputs > 1 else y[:, np.newaxis].astype(output.dtype)


def _order_of_keras(n: int) -> np.ndarray:
    """The numbers 0 to n - 1 in the order in which Keras trains on n rows, in every epoch, if TensorFlow has a seed.

    The random number of an operation in a `map` depends on the seed and its place there; so this is the function that
    Keras maps (`permutation` in keras/src/trainers/data_adapters/array_data_adapter.py, version 3.15).
    """

    def permutation(_):
        indices = tf.range(n, dtype=tf.int64)
        return tf.random.shuffle(indices)

    return next(iter(tf.data.Dataset.range(1).map(permutation))).numpy()


def _ready_batches(arrays: Sequence[np.ndarray], batch_size: int) -> tf.data.Dataset:
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


def _recalled(file: Path, model: keras.Model) -> dict[str, list[float]] | None:
    """Give the model what it had learned when the file was written; its history, or None without a whole file."""
    try:
        saved = resume.read(file) if file.exists() else None
    except resume.ResumeError:  # damaged: the model is trained again
        saved = None
    if saved is None:
        file.parent.mkdir(parents=True, exist_ok=True)
        return None
    for variable, value in zip(resume.variables(model), saved["variables"], strict=True):
        variable.assign(value)
    return saved["history"]


def _first_output(model: keras.Model, X: np.ndarray) -> np.ndarray:
    """The output (1, m) for the first sample; a model that was not built yet is built now."""
    output = model(X[:1], training=False)
    if not tf.is_tensor(output) or output.ndim != 2:
        raise ValueError(f"The model's output is {output!r}; needed is one output of the shape (n, m).")
    return output.numpy()


def _sees_batches(callback: keras.callbacks.Callback) -> bool:
    """Whether the callback acts before or after a batch of training."""
    hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    return any(
        getattr(getattr(callback, h), "__func__", None) is not getattr(keras.callbacks.Callback, h) for h in hooks
    )


@contextmanager
def _seeded(random_state: int | np.random.RandomState | None) -> Iterator[None]:
    """Random numbers from the seed in the block; those of Python and NumPy go on afterward where they were."""
    if random_state is None:
        yield
        return
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
def _new_models_are_traced() -> Iterator[None]:
    """Without TensorFlow's warning of many traced functions: every fit trains a new model, which is traced once."""

    def is_other(record) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()

    tf.get_logger().addFilter(is_other)
    try:
        yield
    finally:
        tf.get_logger().removeFilter(is_other)
