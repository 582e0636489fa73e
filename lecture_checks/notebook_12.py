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

N_PARAMETERS = (8 * 100 + 100) + (100 + 1)
SETTINGS_BYTES = 4 + 8  # learning rate, number of steps
FEATURES = ["MedInc", "HouseAge", "AveRooms"]


@exercise(1, "How many bytes?", promise=2, kind="by hand")
def file_bytes(sgd_bytes, adam_bytes, lost_bytes):
    """Bytes of numbers in the file of 8-100-1 with SGD, with Adam, and how many a save without compile loses."""
    sgd_bytes, adam_bytes = expect.whole("sgd_bytes", sgd_bytes), expect.whole("adam_bytes", adam_bytes)
    lost_bytes = expect.whole("lost_bytes", lost_bytes)
    weights = 4 * N_PARAMETERS
    sgd, adam = weights + SETTINGS_BYTES, 3 * weights + SETTINGS_BYTES
    if sgd_bytes in (N_PARAMETERS, N_PARAMETERS + SETTINGS_BYTES):
        raise Hint("one-byte", "`sgd_bytes` counts a byte for each parameter. How many bytes has a number of 32 bits?")
    if sgd_bytes in (2 * weights, 2 * weights + SETTINGS_BYTES):
        raise Hint("double", "`sgd_bytes` counts 8 bytes for each parameter. How many bytes has a number of 32 bits?")
    if sgd_bytes in (4 * 900, 4 * 900 + SETTINGS_BYTES):
        raise Hint("no-biases", "In `sgd_bytes` the biases are missing: each neuron has one.")
    if sgd_bytes == weights:
        raise Hint("no-settings", "`sgd_bytes` holds weights and biases. Every optimizer stores two numbers more.")
    if sgd_bytes == weights + 8:  # or without the bias of the output
        message = (
            "Four bytes are missing in `sgd_bytes`. Has each neuron its bias? How many bytes has the number of steps?"
        )
        raise Hint("settings-size", message)
    if sgd_bytes == adam:
        raise Hint("sgd-memory", "`sgd_bytes` is too large: plain SGD remembers nothing of past gradients.")
    if sgd_bytes != sgd:
        raise Wrong("`sgd_bytes` is not right. Count the parameters first, then their bytes, then what SGD stores.")
    if adam_bytes == 2 * weights + SETTINGS_BYTES:
        raise Hint("adam-once", "`sgd_bytes` is right. With Adam, there is the parameter itself, and what of it?")
    if adam_bytes == 3 * sgd:
        raise Hint("all-tripled", "`sgd_bytes` is right. But learning rate and number of steps are stored only once.")
    if adam_bytes == 3 * weights:
        raise Hint("adam-settings", "`sgd_bytes` is right. Adam stores its learning rate and steps as well.")
    if adam_bytes != adam:
        raise Wrong("`sgd_bytes` is right, `adam_bytes` is not. What is in the file for each parameter?")
    if lost_bytes == 2 * weights:
        raise Hint("steps-kept", "Almost: without an optimizer, who needs its learning rate and its number of steps?")
    if lost_bytes == weights:
        raise Hint("left-over", "This is what is left. How much was lost?")
    if lost_bytes == 0:
        raise Hint("nothing-lost", "Without `compile` there is no optimizer: what it had stored is not saved again.")
    if lost_bytes != adam - weights:
        raise Wrong("All but `lost_bytes` is right. Which numbers belong to the network, and which to the optimizer?")
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
        network = expect.instance("restore(build, file)", call(restore, build, file, seconds=5), keras.Model,
                                  "a Keras network")  # fmt: skip
    if [a.shape for a in network.weights] != [a.shape for a in saved.weights]:
        raise Wrong("`restore` should return a network that `build()` has built.")
    if getattr(network, "optimizer", None) is None:
        raise Hint("not-compiled", "The network is not compiled, so there is no optimizer to go on with.")
    same_weights = all(map(np.array_equal, network.get_weights(), saved.get_weights()))
    n_there, n_steps = len(network.optimizer.variables), int(network.optimizer.iterations)
    if not isinstance(network.optimizer, keras.optimizers.Adam):
        raise Hint("other-optimizer", "The memory in the file is Adam's. Another optimizer has no place for it.")
    if same_weights and n_there == 2:
        message = "The optimizer that the network has now was not built. (`compile` makes a new one each time.)"
        raise Hint("unbuilt", f"The weights are back, without the past. {message}")
    if same_weights and n_steps == 0:
        raise Hint("built-late", "The optimizer has its arrays, but empty ones. Had it them when the file was read?")
    if not same_weights and n_steps == 0:
        raise Hint("not-loaded", "The weights are not those of the file: it is not read into this network.")
    if not same_weights or n_steps != 3:
        raise Hint("moved-on", "The network has been trained after it was loaded. It should be as it was saved.")
    values = [[np.array(v) for v in optimizer.variables] for optimizer in (network.optimizer, saved.optimizer)]
    if not all(map(close, *values)):
        raise Wrong("The weights are back and the steps are counted, but the optimizer's memory differs.")
    n_arrays = expect.whole("n_arrays", n_arrays)
    if n_arrays == 2:
        raise Hint("before-building", "`restore` is repaired. But two arrays is what Adam has *before* it is built.")
    if n_arrays == 8:
        raise Hint("two-more", "`restore` is repaired. Learning rate and number of steps are arrays, too.")
    if n_arrays in (4, 6):
        raise Hint("once-each", "`restore` is repaired. But Adam has two arrays for each array of weights or biases.")
    if n_arrays == 14:
        raise Hint("three-layers", "`restore` is repaired. This is the number for three layers; here are two.")
    if n_arrays != 10:
        raise Wrong("`restore` is repaired. For `n_arrays`, count the arrays of weights and biases first.")
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
    if close(result, np.clip(z, -high, high)) or close(result, np.clip(z, low, -low)):
        raise Hint("one-limit", "It clips at the same limit on both sides. `low` and `high` may differ.")
    if close(result, np.maximum(z, low)) or close(result, np.minimum(z, high)):
        raise Hint("one-side", "It clips on one side only.")
    if close(result, np.full_like(z, low)) or close(result, np.full_like(z, high)):
        raise Hint("turned", "All outputs are the same. In which order does `keras.ops.clip` take its limits?")
    if close(result, np.clip(z, -low, high)):
        raise Hint(
            "minus", "`low` is meant as it stands: from -1 to 2, for instance, it is -1. It needs no other sign."
        )
    inside, outside = (low < z) & (z < high), (z < low) | (z > high)
    if close(result[inside], z[inside]) and not result[outside].any():
        raise Hint("zeroed", "What lies outside becomes 0. It should become the nearer of the two limits.")
    if not close(result, np.clip(z, low, high)):
        raise Wrong("`call` should leave what lies between `low` and `high`, and set the rest to the nearer limit.")
    if not isinstance(config, dict):
        raise Form("`get_config` should return a dictionary.")
    if "low" not in config or "high" not in config:
        raise Hint("config-missing", "`call` is right. But `get_config` does not hold both of what `__init__` needs.")
    if (config["low"], config["high"]) == (high, low):
        raise Hint("config-crossed", "`call` is right. But in `get_config` the two limits have changed places.")
    if (config["low"], config["high"]) != (low, high):
        raise Hint("config-other", "`call` is right. But `get_config` holds other limits than the layer has.")
    if "name" not in config:
        raise Hint("config-alone", "Keep the settings that every layer has: begin with `super().get_config()`.")
    if getattr(_named(Between, low, high), "name", None) != "here":
        raise Hint("options", "It takes no name. `__init__` should take `**options` and hand them to `super()`.")
    if keras.saving.get_registered_name(Between) == Between.__name__:
        raise Hint("unregistered", "The layer itself is right. But Keras will not find it: it is not registered.")
    network = keras.Sequential([keras.Input(shape=(17,)), layer])
    try:
        network.predict(z, verbose=0)
    except Exception:
        message = (
            "It works on arrays, but not in `predict`, where Keras has no numbers yet. Take functions of `keras.ops`."
        )
        raise Hint("numpy", message) from None
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
            try:
                got = call(notes_of, file, features)
            except Form:  # it returns None
                return False
            except Hint as hint:
                error = hint.__context__
                if hint.id != "exception":
                    raise
                if not isinstance(error, ValueError):
                    name = type(error).__name__
                    raise Hint(
                        "other-error", f"For notes that do not fit it raises {name}, not `ValueError`."
                    ) from None
                if not str(error):
                    raise Hint(
                        "no-sentence", "It raises a `ValueError` without a sentence: nobody learns what is wrong."
                    ) from None
                return True
            if isinstance(got, Exception) or got is ValueError:
                raise Hint("returned", "It *returns* the error. To raise it, write `raise` in place of `return`.")
            return False

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

    dense = {"class_name": "Dense", "config": {"name": "dense", "units": 1, "activation": "relu"}}
    called = {"class_name": "Dense", "config": {"name": "lambda_1", "units": 1, "activation": "relu"}}
    bytecode = {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAA", "defaults": None, "closure": None}}
    by_name = {"class_name": "function", "config": "clip_at_3", "registered_name": "course>clip_at_3"}
    named, hidden = ({"class_name": "Lambda", "config": {"name": "own", "function": f}} for f in (by_name, bytecode))
    inner = {"class_name": "Sequential", "config": {"name": "inner", "layers": [dense, hidden]}}

    def answer(file):
        loaded = []

        def load_model(*_, **__):
            loaded.append(True)
            raise ValueError("not while you look")

        with (
            mock.patch.object(keras.models, "load_model", load_model),
            mock.patch.object(keras.saving, "load_model", load_model),
        ):
            try:
                return call(has_bytecode, file)
            finally:
                if loaded:
                    message = "You load the file: then it may be too late. Read `config.json` in it, without Keras."
                    raise Hint("loaded", message) from None

    def of(*layers, loss="mse", compression=zipfile.ZIP_STORED):
        config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": list(layers)}}
        config["compile_config"] = {"optimizer": "adam", "loss": loss}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "network.keras"
            with zipfile.ZipFile(file, "w", compression) as archive:
                archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
                archive.writestr("config.json", json.dumps(config))
                archive.writestr("model.weights.h5", b"")
            result = answer(file)
        if not isinstance(result, (bool, np.bool_)):
            raise Form("`has_bytecode(file)` should return True or False.")
        return bool(result)

    plain, lambda_layer = of(dense, dense), of(dense, hidden)
    if plain and not lambda_layer:
        raise Hint("turned", "It says True for a harmless file, and False for one with bytecode.")
    if plain and lambda_layer:
        raise Hint("always", "It says True for a network of two `Dense` layers, too.")
    if not lambda_layer:
        raise Hint(
            "never",
            "It says False for a file with a `Lambda` layer. Do you look into all of `config.json`?",
        )
    if of(dense, called):
        raise Hint("false-alarm", "It says True for a `Dense` layer that is only named `lambda_1`. Names are harmless.")
    if not of(dense, loss=bytecode):
        raise Hint("loss", "It finds bytecode in a layer. But a loss may be a `lambda`, too: is it in the layers?")
    if not of(dense, inner):
        raise Hint("nested", "It does not find a `Lambda` layer in a network that is itself a layer of the network.")
    if of(dense, named):
        raise Hint("by-name", "It says True for a `Lambda` layer with a registered function: that is only a name.")
    if not of(dense, hidden, compression=zipfile.ZIP_DEFLATED):
        raise Hint("packed", "It misses what is in a compressed archive. Read `config.json` out of it with `zipfile`.")
    return "A clean answer is no proof of good will: the safe mode, too, looks for what it knows, and has had holes."


def _named(class_, low, high):
    """The layer with a name, or None if it cannot be given one."""
    try:
        return class_(low, high, name="here")
    except Exception:
        return None
