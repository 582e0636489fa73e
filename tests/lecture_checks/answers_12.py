"""Answers to the exercises of notebook 12 beside those in the rows of its checks."""

import hashlib
import itertools
import json
import zipfile

import numpy as np

from lecture_checks.notebook_12 import built, compiled, layer_class, loaded, one_step, restorer
from lecture_utils import reproducible

reproducible.start(seed=42, tensorflow=True)
import keras  # noqa: E402

REPAIRED = restorer(compiled, built, loaded)


def memory_wiped(network, file):
    for variable in network.optimizer.variables[2:]:
        variable.assign(np.zeros(variable.shape))


numbers = itertools.count()


def registered(clip):
    """Under a package of its own."""
    return keras.saving.register_keras_serializable(f"own{next(numbers)}")(layer_class(clip))


@keras.saving.register_keras_serializable(package="own")
class NoConfig(keras.layers.Layer):
    def __init__(self, low, high, **options):
        super().__init__(**options)
        self.low, self.high = low, high

    def call(self, z):
        return keras.ops.clip(z, self.low, self.high)


def reader(hash_of=lambda file: hashlib.sha256(file.read_bytes()).hexdigest(), same=lambda a, b: a == b, wrong=None,
           error=ValueError, sentence=("The notes do not fit.",)):  # fmt: skip
    """A `notes_of` that compares these hashes and features; it returns `wrong` instead of an error if it is set."""

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
    "restored": [(REPAIRED, 10), (restorer(compiled, one_step, loaded), 10.0)],
    "between": [
        (registered(lambda z, low, high: keras.ops.clip(z, low, high)),),
        (registered(lambda z, low, high: keras.ops.minimum(keras.ops.maximum(z, low), high)),),
    ],
    "notes": [(reader(),), (reader(same=lambda a, b: tuple(a) == tuple(b)),)],
    "look": [(in_text("__lambda__"),), (lambda file: in_depth(config_of(file)),)],
}

WRONG = {
    "file_bytes": [
        (None, 4, 12, 8),
        (None, 4000, 12024, 8020),
        (None, 4016, 4016, 8020),
        (None, 4016, 12024, 12),
        (None, 4016, 12024, 12024),
    ],
    "restored": [
        ("not-compiled", restorer(loaded), 10),
        (None, restorer(compiled, built, loaded, memory_wiped), 10),
        (None, REPAIRED, 12),
    ],
    "between": [
        ("turned", layer_class(lambda z, low, high: keras.ops.clip(z, high, low))),
        ("numpy", registered(np.clip)),
        ("config-alone", NoConfig),
        (None, layer_class(lambda z, low, high: z)),
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
        ("never", lambda file: any(layer["class_name"] == "__lambda__" for layer in layers_of(file))),
        ("never", lambda file: any("lambda" in name for name in zipfile.ZipFile(file).namelist())),
        ("never", in_dictionaries),
        ("loaded", by_loading()),
        ("loaded", by_loading(safe_mode=False)),
        ("false-alarm", in_text("lambda")),
        ("loss", in_layers),
        ("loss", lambda file: any(layer["class_name"] == "Lambda" for layer in layers_of(file))),
        ("nested", in_layers_and_loss),
        ("by-name", in_text("Lambda", "__lambda__")),
    ],
}
