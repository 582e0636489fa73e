"""The checks of notebook 12: how do I keep a network?"""

import hashlib
import inspect
import json
import tempfile
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Form, Hint, Wrong, call, close, exercise
from lecture_checks.mistakes import IN_TESTS, AnyOf, judge, rule_out

N_PARAMETERS = (8 * 100 + 100) + (100 + 1)
SETTINGS_BYTES = 4 + 8  # learning rate, number of steps
FEATURES = ["MedInc", "HouseAge", "AveRooms"]


def compiled(network, file, optimizer="adam"):
    network.compile(loss="mse", optimizer=optimizer, run_eagerly=True)


def built(network, file):
    network.optimizer.build(network.trainable_variables)


def loaded(network, file):
    network.load_weights(file)


def one_step(network, file):
    network.train_on_batch(np.ones((2, 3)), np.ones((2, 1)))


def restorer(*steps):
    """A `restore` that does these steps in this order."""

    def restore(build, file):
        network = build()
        for step in steps:
            step(network, file)
        return network

    return restore


def limits(low, high):
    return {"low": low, "high": high}


def layer_class(clip=np.clip, config=limits, options=True, base=True):
    """A class of layers like `Between` of exercise 3, not registered, that clips by `clip(z, low, high)`."""
    import keras

    class Between(keras.layers.Layer):
        def __init__(self, low, high, **given):
            if given and not options:
                raise TypeError("unexpected argument")
            super().__init__(**given)
            self.low, self.high = low, high

        def call(self, z):
            return clip(z, self.low, self.high)

        def get_config(self):
            return (super().get_config() if base else {}) | config(self.low, self.high)

    return Between


def named(class_, low, high):
    """The layer with a name, or None if it cannot be given one."""
    try:
        return class_(low, high, name="here")
    except Exception:
        return None


def result_or_error(function, *arguments):
    """What the student's function returns and the exception that it raises; one of them is None."""
    try:
        return call(function, *arguments), None
    except Form:  # it returns None
        return None, None
    except Hint as hint:
        if hint.id != "exception":
            raise
        return None, hint.__context__


def write_network(file, layers, loss="mse", compression=zipfile.ZIP_STORED):
    """A .keras file with the configurations of these layers, and no weights."""
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    config["compile_config"] = {"optimizer": "adam", "loss": loss}
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"")


# fmt: off


@exercise(1, "How many bytes?", promise=2, kind="by hand")
def file_bytes(sgd_bytes, adam_bytes, lost_bytes):
    """Bytes of numbers in the file of 8-100-1 with SGD, with Adam, and how many a save without compile loses."""
    sgd_bytes, adam_bytes = expect.whole("sgd_bytes", sgd_bytes), expect.whole("adam_bytes", adam_bytes)
    lost_bytes = expect.whole("lost_bytes", lost_bytes)
    weights, without_biases = 4 * N_PARAMETERS, 4 * (8 * 100 + 100)
    sgd, adam = weights + SETTINGS_BYTES, 3 * weights + SETTINGS_BYTES
    judge("sgd_bytes", sgd_bytes, right=sgd, known=[
        ("one-byte", AnyOf(N_PARAMETERS, N_PARAMETERS + SETTINGS_BYTES),
         "`sgd_bytes` counts a byte for each parameter. How many bytes does a number of 32 bits take?"),
        ("double", AnyOf(2 * weights, 2 * weights + SETTINGS_BYTES),
         "`sgd_bytes` counts 8 bytes for each parameter. How many bytes does a number of 32 bits take?"),
        ("no-biases", AnyOf(without_biases, without_biases + SETTINGS_BYTES),
         "In `sgd_bytes` the biases are missing: each neuron has one."),
        ("no-settings", weights, "`sgd_bytes` holds weights and biases. Every optimizer stores two numbers more."),
        ("settings-size", weights + 8,
         "Four bytes are missing in `sgd_bytes`. Does each neuron have its bias? How many bytes does the number of "
         "steps take?"),
        ("sgd-memory", adam, "`sgd_bytes` is too large: plain SGD remembers nothing of past gradients."),
    ], otherwise="`sgd_bytes` is not right. Count the parameters first, then their bytes, then what SGD stores.")
    judge("adam_bytes", adam_bytes, right=adam, known=[
        ("adam-once", 2 * weights + SETTINGS_BYTES,
         "`sgd_bytes` is right. With Adam, there is the parameter itself, and what of it?"),
        ("all-tripled", 3 * sgd, "`sgd_bytes` is right. But learning rate and number of steps are stored only once."),
        ("adam-settings", 3 * weights, "`sgd_bytes` is right. Adam stores its learning rate and steps as well."),
    ], otherwise="`sgd_bytes` is right, `adam_bytes` is not. What is in the file for each parameter?")
    judge("lost_bytes", lost_bytes, right=adam - weights, known=[
        ("steps-kept", 2 * weights,
         "Almost: without an optimizer, who needs its learning rate and its number of steps?"),
        ("left-over", weights, "This is what is left. How much was lost?"),
        ("nothing-lost", 0, "Without `compile` there is no optimizer: what it had stored is not saved again."),
    ], otherwise="All but `lost_bytes` is right. Which numbers belong to the network, and which to the optimizer?")
    return "So to send a network to someone who only predicts, save it without its optimizer: a third of the numbers."


@exercise(2, "The memory that does not come back", promise=3, kind="find the bug", points=2)
def restored(restore, n_arrays):
    """The repaired restore(build, file), and the arrays that Adam has for two layers with weights and biases."""
    import keras

    def build():
        return keras.Sequential([keras.Input(shape=(3,)), keras.layers.Dense(4), keras.layers.Dense(1)])

    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(16, 3)).astype("float32"), rng.normal(size=(16, 1)).astype("float32")
    saved = build()
    saved.compile(loss="mse", optimizer="adam", run_eagerly=True)
    for _ in range(3):
        saved.train_on_batch(X, y)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.weights.h5"
        saved.save_weights(file)
        network = call(restore, build, file, seconds=5)
    network = expect.instance("restore(build, file)", network, keras.Model, "a Keras network")
    if [a.shape for a in network.weights] != [a.shape for a in saved.weights]:
        raise Wrong("`restore` should return a network that `build()` has built.")
    optimizer = getattr(network, "optimizer", None)
    if optimizer is None:
        raise Hint("not-compiled", "The network is not compiled, so there is no optimizer to go on with.")
    same_weights = all(map(np.array_equal, network.get_weights(), saved.get_weights()))
    there, n_steps = optimizer.variables, int(optimizer.iterations)
    rule_out("restore", known=[
        ("other-optimizer", restorer(lambda *given: compiled(*given, "sgd"), built, loaded),
         "The memory in the file is Adam's. Another optimizer has no place for it.",
         not isinstance(optimizer, keras.optimizers.Adam)),
        ("unbuilt",
         AnyOf(restorer(compiled, loaded), restorer(loaded, compiled), restorer(compiled, built, loaded, compiled)),
         "The weights are back, without the past. The optimizer that the network has now was not built. (`compile` "
         "makes a new one each time.)",
         same_weights and len(there) == 2),
        ("built-late", restorer(compiled, loaded, built),
         "The optimizer has its arrays, but empty ones. Did it have them when the file was read?",
         same_weights and n_steps == 0),
        ("not-loaded", restorer(compiled, built),
         "The weights are not those of the file: it is not read into this network.", n_steps == 0),
        ("moved-on", AnyOf(restorer(compiled, loaded, one_step), restorer(compiled, built, loaded, one_step)),
         "The network has been trained after it was loaded. It should be as it was saved.",
         not same_weights or n_steps != 3),
    ])
    if not all(close(np.array(a), np.array(b)) for a, b in zip(there, saved.optimizer.variables, strict=False)):
        raise Wrong("The weights are back and the steps are counted, but the optimizer's memory differs.")
    judge("n_arrays", expect.whole("n_arrays", n_arrays), right=2 * 4 + 2, known=[
        ("before-building", 2, "`restore` is repaired. But two arrays is what Adam has *before* it is built."),
        ("two-more", 2 * 4, "`restore` is repaired. Learning rate and number of steps are arrays, too."),
        ("once-each", AnyOf(4, 4 + 2),
         "`restore` is repaired. But Adam has two arrays for each array of weights or biases."),
        ("three-layers", 2 * 6 + 2, "`restore` is repaired. This is the number for three layers; here are two."),
    ], otherwise="`restore` is repaired. For `n_arrays`, count the arrays of weights and biases first.")
    return "Order matters: what is loaded must have its place before the file is read."


@exercise(3, "A layer that comes back", promise=4, kind="complete", points=2)
def between(Between):
    """A registered layer Between(low, high) that clips, and survives saving and loading with both limits."""
    import keras

    if not (inspect.isclass(Between) and issubclass(Between, keras.layers.Layer)):
        raise Form("Hand over the class `Between`, a `keras.layers.Layer`, without parentheses.")
    low, high = -1.0, 2.0
    z = np.linspace(-4, 4, 17, dtype="float32").reshape(1, 17)
    layer = call(Between, low, high)
    result = call(Between.call, layer, z)
    config = call(Between.get_config, layer)
    result = expect.array("the layer's output", np.asarray(result), shape=(1, 17))

    def same(result, class_):
        return close(result, class_(low, high).call(z))

    judge("Between", result, right=layer_class(), same=same, known=[
        ("one-limit", AnyOf(layer_class(lambda z, low, high: np.clip(z, -high, high)),
                            layer_class(lambda z, low, high: np.clip(z, low, -low))),
         "It clips at the same limit on both sides. `low` and `high` may differ."),
        ("one-side", AnyOf(layer_class(lambda z, low, high: np.maximum(z, low)),
                           layer_class(lambda z, low, high: np.minimum(z, high))), "It clips on one side only."),
        ("turned", AnyOf(layer_class(lambda z, low, high: np.minimum(np.maximum(z, high), low)),
                         layer_class(lambda z, low, high: np.maximum(np.minimum(z, low), high))),
         "All outputs are the same. In which order does `keras.ops.clip` take its limits?"),
        ("minus", layer_class(lambda z, low, high: np.clip(z, -low, high)),
         "`low` is meant as it stands: from -1 to 2, for instance, it is -1. It needs no other sign."),
        ("zeroed", layer_class(lambda z, low, high: np.where((z > low) & (z < high), z, 0.0)),
         "What lies outside becomes 0. It should become the nearer of the two limits."),
    ], otherwise="`call` should leave what lies between `low` and `high`, and set the rest to the nearer limit.")
    if not isinstance(config, dict):
        raise Form("`get_config` should return a dictionary.")
    given = (config.get("low"), config.get("high"))
    rule_out("Between", known=[
        ("config-missing",
         AnyOf(layer_class(config=lambda low, high: {}), layer_class(config=lambda low, high: {"low": low})),
         "`call` is right. But `get_config` does not hold both of what `__init__` needs.",
         not {"low", "high"} <= set(config)),
        ("config-crossed", layer_class(config=lambda low, high: limits(high, low)),
         "`call` is right. But in `get_config` the two limits have changed places.", given == (high, low)),
        ("config-other", layer_class(config=lambda low, high: limits(low, low)),
         "`call` is right. But `get_config` holds other limits than the layer has.", given != (low, high)),
        ("config-alone", layer_class(base=False),
         "Keep the settings that every layer has: begin with `super().get_config()`.", "name" not in config),
        ("options", layer_class(options=False),
         "It takes no name. `__init__` should take `**options` and hand them to `super()`.",
         lambda: getattr(named(Between, low, high), "name", None) != "here"),
        ("unregistered", layer_class(), "The layer itself is right. But Keras will not find it: it is not registered.",
         keras.saving.get_registered_name(Between) == Between.__name__),
    ])
    network = keras.Sequential([keras.Input(shape=(17,)), layer])
    try:
        network.predict(z, verbose=0)
    except Exception:
        message = "It works on arrays, but not in `predict`, where Keras has no numbers yet. "
        raise Hint("numpy", f"{message}Take functions of `keras.ops`.") from None
    with tempfile.TemporaryDirectory() as folder:
        network.save(Path(folder) / "network.keras")
        loaded = keras.models.load_model(Path(folder) / "network.keras")
    if not close(loaded(z), np.clip(z, low, high)):
        raise Wrong("It is saved and loaded, but the loaded layer clips differently.")
    return "Such a layer has no weights: all of it that a file can keep is what `get_config` says."


@exercise(4, "Notes that fit", promise=5, kind="complete", points=2)
def notes(notes_of):
    """notes_of(file, features) returns the notes beside the file, or raises ValueError if they do not fit."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "houses.keras"
        content = bytes(range(256)) * 3
        good = {"features": FEATURES, "validation MSE": 0.3, "file": hashlib.sha256(content).hexdigest()}
        file.write_bytes(content)
        file.with_suffix(".json").write_text(json.dumps(good))

        def refused(features):
            """Whether `notes_of` raises a ValueError for notes that do not fit."""
            got, error = result_or_error(notes_of, file, features)
            rule_out("notes_of", known=[
                ("other-error", IN_TESTS,
                 f"For notes that do not fit it raises {type(error).__name__}, not `ValueError`.",
                 not isinstance(error, ValueError | None)),
                ("no-sentence", IN_TESTS, "It raises a `ValueError` without a sentence: nobody learns what is wrong.",
                 str(error) == ""),
                ("returned", IN_TESTS, "It *returns* the error. To raise it, write `raise` instead of `return`.",
                 isinstance(got, Exception) or got is ValueError),
            ])
            return error is not None

        try:
            result = call(notes_of, file, FEATURES)
        except Hint as hint:
            if type(hint.__context__) is not ValueError:
                raise
            file.write_bytes(content[:-1] + b"!")
            if not refused(FEATURES):
                raise Hint("turned", "It refuses notes that fit, and accepts others. When is the error due?") from None
            message = "It refuses notes that fit. The hash is of the file's *bytes*, and as text: `hexdigest()`."
            raise Hint("refuses-good", message) from None
        if not isinstance(result, dict) or json.dumps(result) != json.dumps(good):
            raise Form("`notes_of` should return the notes, the dictionary that is in the file beside the network.")
        file.write_bytes(content[:-1] + b"!")
        if not refused(FEATURES):
            raise Hint("hash-unchecked", "The file was changed after the notes were written, and it raises no error.")
        file.write_bytes(content)
        if not refused(FEATURES[:2]) or not refused([*FEATURES[:2], "Rain"]):
            raise Hint("features-unchecked", "It accepts notes for other features than those that it is given.")
        if not refused(FEATURES[::-1]):
            raise Hint("order-unchecked", "It accepts the features in another order. Would the network notice?")
        if call(notes_of, file, list(FEATURES)) != result:
            raise Wrong("It should accept notes that fit each time it is asked.")
    return "A file that fits its notes is not yet an honest one: whoever exchanges one can exchange both."


@exercise(5, "Look before you load", promise=6, kind="complete", points=2)
def look(has_bytecode):
    """has_bytecode(file) tells, without loading it, whether a .keras file holds a function as bytecode."""
    import keras

    def layer(class_name, **config):
        return {"class_name": class_name, "config": config}

    dense, called = (layer("Dense", name=name, units=1, activation="relu") for name in ("dense", "lambda_1"))
    bytecode = layer("__lambda__", code="4wEAAAAAAAAA", defaults=None, closure=None)
    by_name = {"class_name": "function", "config": "clip_at_3", "registered_name": "course>clip_at_3"}
    hidden = layer("Lambda", name="own", function=bytecode)
    loaded = []

    def load_model(*_, **__):
        loaded.append(True)
        raise ValueError("not while you look")

    def found(*layers, **options):
        """What `has_bytecode` says of the file of a network of these layers."""
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.object(keras.models, "load_model", load_model),
            mock.patch.object(keras.saving, "load_model", load_model),
        ):
            file = Path(folder) / "network.keras"
            write_network(file, layers, **options)
            try:
                result = call(has_bytecode, file)
            finally:
                if loaded:
                    message = "You load the file: then it may be too late. Read `config.json` in it, without Keras."
                    raise Hint("loaded", message) from None
        if not isinstance(result, (bool, np.bool_)):
            raise Form("`has_bytecode(file)` should return True or False.")
        return bool(result)

    harmless, dangerous = found(dense, dense), found(dense, hidden)
    rule_out("has_bytecode", known=[
        ("turned", IN_TESTS, "It says True for a harmless file, and False for one with bytecode.",
         harmless and not dangerous),
        ("always", lambda file: True, "It says True for a network of two `Dense` layers, too.", harmless),
        ("never", lambda file: False,
         "It says False for a file with a `Lambda` layer. Do you look into all of `config.json`?", not dangerous),
        ("false-alarm", IN_TESTS, "It says True for a `Dense` layer that is only named `lambda_1`. Names are harmless.",
         lambda: found(dense, called)),
        ("loss", IN_TESTS, "It finds bytecode in a layer. But a loss may be a `lambda`, too: is it in the layers?",
         lambda: not found(dense, loss=bytecode)),
        ("nested", IN_TESTS, "It does not find a `Lambda` layer in a network that is itself a layer of the network.",
         lambda: not found(dense, layer("Sequential", name="inner", layers=[dense, hidden]))),
        ("by-name", IN_TESTS, "It says True for a `Lambda` layer with a registered function: that is only a name.",
         lambda: found(dense, layer("Lambda", name="own", function=by_name))),
        ("packed", lambda file: b"__lambda__" in file.read_bytes(),
         "It misses what is in a compressed archive. Read `config.json` out of it with `zipfile`.",
         lambda: not found(dense, hidden, compression=zipfile.ZIP_DEFLATED)),
    ])
    return "A clean answer is no proof of good will: the safe mode, too, looks for what it knows, and has had holes."
