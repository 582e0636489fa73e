"""Answers to the exercises of notebook 12: right ones, and wrong ones, each after the id of its hint."""

import hashlib
import itertools
import json
import zipfile

import numpy as np

from lecture_utils import reproducible

reproducible.start(seed=42, tensorflow=True)
import keras  # noqa: E402


def restorer(*steps):
    """A `restore` that does these steps in order, each a function of the network and the file."""

    def restore(build, file):
        network = build()
        for step in steps:
            step(network, file)
        return network

    return restore


def compiled(network, file):
    network.compile(loss="mse", optimizer="adam", run_eagerly=True)


def compiled_with_sgd(network, file):
    network.compile(loss="mse", optimizer="sgd")


def built(network, file):
    network.optimizer.build(network.trainable_variables)


def loaded(network, file):
    network.load_weights(file)


def one_step(network, file):
    network.train_on_batch(np.ones((2, 3)), np.ones((2, 1)))


def memory_wiped(network, file):
    for variable in network.optimizer.variables[2:]:
        variable.assign(np.zeros(variable.shape))


numbers = itertools.count()


def layer(clip=lambda z, low, high: keras.ops.clip(z, low, high), config=lambda low, high: {"low": low, "high": high},
          registered=True, options=True, base=True):  # fmt: skip
    """A class of layers, registered under a name of its own if asked."""

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

    package = f"own{next(numbers)}"
    return keras.saving.register_keras_serializable(package)(Between) if registered else Between


@keras.saving.register_keras_serializable(package="own")
class NoConfig(keras.layers.Layer):
    def __init__(self, low, high, **options):
        super().__init__(**options)
        self.low, self.high = low, high

    def call(self, z):
        return keras.ops.clip(z, self.low, self.high)


def reader(hash_of=lambda file: hashlib.sha256(file.read_bytes()).hexdigest(), same=lambda a, b: a == b, wrong=None,
           error=ValueError, sentence=("The notes do not fit.",)):  # fmt: skip
    """A `notes_of` that compares these hashes and features; it returns `wrong` in place of an error if it is set."""

    def notes_of(file, features):
        notes = json.loads(file.with_suffix(".json").read_text())
        fits = (hash_of is None or notes["file"] == hash_of(file)) and same(notes["features"], features)
        if not fits and wrong is None:
            raise error(*sentence)
        return notes if fits else wrong

    return notes_of


def turned_reader(file, features):
    try:
        notes = reader()(file, features)
    except ValueError:
        return {}
    raise ValueError(f"The notes {notes} do not fit.")


def either_fits(file, features):
    notes = json.loads(file.with_suffix(".json").read_text())
    if notes["file"] != hashlib.sha256(file.read_bytes()).hexdigest() and notes["features"] != features:
        raise ValueError("The notes do not fit.")
    return notes


def by_loading(safe_mode=True):
    def has_bytecode(file):
        try:
            keras.models.load_model(file, safe_mode=safe_mode)
        except ValueError:
            return True
        return False

    return has_bytecode


def config_of(file):
    with zipfile.ZipFile(file) as archive:
        return json.loads(archive.read("config.json"))


def in_text(*words):
    return lambda file: any(word in json.dumps(config_of(file)) for word in words)


def layers_of(file):
    return config_of(file)["config"]["layers"]


def function_class(layer):
    function = layer["config"].get("function", {})
    return function.get("class_name") if isinstance(function, dict) else None


def in_depth(part):
    if isinstance(part, dict):
        return part.get("class_name") == "__lambda__" or any(map(in_depth, part.values()))
    return isinstance(part, list) and any(map(in_depth, part))


def in_dictionaries(part):
    if isinstance(part, dict):
        return part.get("class_name") == "__lambda__" or any(map(in_dictionaries, part.values()))
    return in_dictionaries(config_of(part)) if hasattr(part, "suffix") else False


def in_layers(file):
    return any(function_class(layer) == "__lambda__" for layer in layers_of(file))


def in_layers_and_loss(file):
    loss = config_of(file)["compile_config"]["loss"]
    return in_layers(file) or (isinstance(loss, dict) and loss["class_name"] == "__lambda__")


RIGHT = {
    "file_bytes": [(4016, 12024, 8020), (4016.0, [12024], np.int64(8020))],
    "restored": [(restorer(compiled, built, loaded), 10), (restorer(compiled, one_step, loaded), 10.0)],
    "between": [(layer(),), (layer(clip=lambda z, low, high: keras.ops.minimum(keras.ops.maximum(z, low), high)),)],
    "notes": [(reader(),), (reader(same=lambda a, b: tuple(a) == tuple(b)),)],
    "look": [(in_text("__lambda__"),), (lambda file: in_depth(config_of(file)),)],
}

WRONG = {
    "file_bytes": [
        ("one-byte", 1001, 3003, 2002),
        ("one-byte", 1013, 3015, 2014),
        ("no-biases", 3600, 10800, 7200),
        ("no-biases", 3612, 10812, 7212),
        ("no-settings", 4004, 12012, 8008),
        ("settings-size", 4012, 12020, 8016),
        ("sgd-memory", 12024, 12024, 8020),
        ("settings-size", 4 * 1000 + 12, 12 * 1000 + 12, 8020),  # the output's bias forgotten
        ("double", 8020, 24036, 16028),
        (None, 4, 12, 8),
        (None, 4000, 12024, 8020),
        ("adam-once", 4016, 8020, 4016),
        ("all-tripled", 4016, 12048, 8020),
        ("adam-settings", 4016, 12012, 8020),
        (None, 4016, 4016, 8020),
        ("steps-kept", 4016, 12024, 8008),
        ("left-over", 4016, 12024, 4004),
        ("nothing-lost", 4016, 12024, 0),
        (None, 4016, 12024, 12),
        (None, 4016, 12024, 12024),
    ],
    "restored": [
        ("not-compiled", restorer(loaded), 10),
        ("unbuilt", restorer(compiled, loaded), 10),
        ("unbuilt", restorer(loaded, compiled), 10),
        ("unbuilt", restorer(compiled, built, loaded, compiled), 10),
        ("built-late", restorer(compiled, loaded, built), 10),
        ("other-optimizer", restorer(compiled_with_sgd, built, loaded), 10),
        ("not-loaded", restorer(compiled, built), 10),
        ("moved-on", restorer(compiled, loaded, one_step), 10),
        ("moved-on", restorer(compiled, built, loaded, one_step), 10),
        (None, restorer(compiled, built, loaded, memory_wiped), 10),
        ("before-building", restorer(compiled, built, loaded), 2),
        ("two-more", restorer(compiled, built, loaded), 8),
        ("once-each", restorer(compiled, built, loaded), 6),
        ("once-each", restorer(compiled, built, loaded), 4),
        ("three-layers", restorer(compiled, built, loaded), 14),
        (None, restorer(compiled, built, loaded), 12),
    ],
    "between": [
        ("one-limit", layer(clip=lambda z, low, high: keras.ops.clip(z, -high, high))),
        ("one-limit", layer(clip=lambda z, low, high: keras.ops.clip(z, low, -low))),
        ("one-side", layer(clip=lambda z, low, high: keras.ops.maximum(z, low))),
        ("one-side", layer(clip=lambda z, low, high: keras.ops.minimum(z, high))),
        ("turned", layer(clip=lambda z, low, high: keras.ops.minimum(keras.ops.maximum(z, high), low))),
        ("turned", layer(clip=lambda z, low, high: keras.ops.clip(z, high, low))),
        ("minus", layer(clip=lambda z, low, high: keras.ops.clip(z, -low, high))),
        ("zeroed", layer(clip=lambda z, low, high: keras.ops.where((z > low) & (z < high), z, 0.0))),
        ("numpy", layer(clip=np.clip)),
        (None, layer(clip=lambda z, low, high: z)),
        ("config-missing", layer(config=lambda low, high: {})),
        ("config-missing", layer(config=lambda low, high: {"low": low})),
        ("config-crossed", layer(config=lambda low, high: {"low": high, "high": low})),
        ("config-other", layer(config=lambda low, high: {"low": low, "high": low})),
        ("config-alone", layer(base=False)),
        ("config-alone", NoConfig),
        ("options", layer(options=False)),
        ("unregistered", layer(registered=False)),
    ],
    "notes": [
        ("refuses-good", reader(hash_of=lambda file: hashlib.sha256(file.read_bytes()).digest())),
        ("refuses-good", reader(hash_of=lambda file: hashlib.sha256(str(file).encode()).hexdigest())),
        ("refuses-good", reader(hash_of=lambda file: hashlib.sha256(file.read_bytes()).hexdigest()[:16])),
        ("refuses-good", reader(hash_of=lambda file: hashlib.sha256(file.read_bytes()))),
        ("turned", turned_reader),
        ("returned", reader(wrong=ValueError("The notes do not fit."))),
        ("other-error", reader(error=AssertionError)),
        ("other-error", reader(error=Exception)),
        ("no-sentence", reader(sentence=())),
        ("hash-unchecked", either_fits),
        ("hash-unchecked", reader(hash_of=None)),
        ("hash-unchecked", reader(wrong=False)),
        ("features-unchecked", reader(same=lambda a, b: True)),
        ("features-unchecked", reader(same=lambda a, b: len(a) == len(b))),
        ("order-unchecked", reader(same=lambda a, b: set(a) == set(b))),
        ("order-unchecked", reader(same=lambda a, b: sorted(a) == sorted(b))),
    ],
    "look": [
        ("turned", lambda file: not in_text("__lambda__")(file)),
        ("always", lambda file: True),
        ("never", lambda file: False),
        ("never", lambda file: any(layer["class_name"] == "__lambda__" for layer in layers_of(file))),
        ("never", lambda file: any("lambda" in name for name in zipfile.ZipFile(file).namelist())),
        ("never", in_dictionaries),
        ("loaded", by_loading()),
        ("loaded", by_loading(safe_mode=False)),
        ("packed", lambda file: b"__lambda__" in file.read_bytes()),
        ("false-alarm", in_text("lambda")),
        ("loss", in_layers),
        ("loss", lambda file: any(layer["class_name"] == "Lambda" for layer in layers_of(file))),
        ("nested", in_layers_and_loss),
        ("by-name", in_text("Lambda", "__lambda__")),
    ],
}
