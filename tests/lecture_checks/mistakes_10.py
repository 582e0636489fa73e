"""Answers to the exercises of notebook 10: right ones, and wrong ones, each after the id of its hint."""

import numpy as np

from lecture_utils import reproducible

reproducible.start(seed=42, tensorflow=True)
import keras  # noqa: E402

Dense = keras.layers.Dense
SGD = keras.optimizers.SGD


def compiled(loss="mse", weights=(0.9, 0.1), lists=False):
    def compile_network(network):
        if lists:
            network.compile(loss=2 * [loss], loss_weights=list(weights), optimizer="sgd")
        else:
            losses, by_name = {"value": loss, "age": loss}, {"value": weights[0], "age": weights[1]}
            network.compile(loss=losses, loss_weights=by_name, optimizer="sgd")
        return network

    return compile_network


def by_a_new_network(network):
    outputs = {"age": network.output["age"], "value": network.output["value"]}
    new = keras.Model(inputs=network.inputs, outputs=outputs)
    new.compile(loss={"age": "mse", "value": "mse"}, loss_weights={"age": 0.1, "value": 0.9}, optimizer=SGD(1e-3))
    return new


def by_a_list_of_outputs(network):
    network = keras.Model(network.inputs, network.outputs)
    network.compile(loss=["mse", "mse"], loss_weights=[0.9, 0.1], optimizer="sgd")
    return network


def without_weights(network):
    network.compile(loss={"value": "mse", "age": "mse"}, optimizer="sgd")
    return network


def shoes(kinds):
    return np.isin(kinds, [5, 7, 9]).astype(int)


def shoes_as_truth(kinds):
    return (kinds == 5) | (kinds == 7) | (kinds == 9)


def no_shoes(kinds):
    return 1 - shoes(kinds)


def without_boots(kinds):
    return np.isin(kinds, [5, 7])


def with_bags(kinds):
    return kinds >= 5


def only_shoes(kinds):
    return kinds[np.isin(kinds, [5, 7, 9])]


def shared(n=25, activation="relu", kind="softmax", turned="sigmoid", separate=False, extra=False, flat=True,
           turned_on_kind=False):  # fmt: skip
    def build_shared():
        picture = keras.Input(shape=(28, 28))
        pixels = keras.layers.Flatten()(picture) if flat else picture
        hidden = Dense(n, activation=activation)(pixels)
        other = Dense(n, activation=activation)(pixels) if separate else hidden
        if extra:
            hidden = other = Dense(5, activation="relu")(hidden)
        kinds = Dense(10, activation=kind)(hidden)
        heads = {"kind": kinds, "turned": Dense(1, activation=turned)(kinds if turned_on_kind else other)}
        return keras.Model(inputs=picture, outputs=heads)

    return build_shared


def with_activation_layers():
    picture = keras.Input(shape=(28, 28))
    hidden = keras.layers.ReLU()(Dense(25)(keras.layers.Flatten()(picture)))
    kind = keras.layers.Softmax()(Dense(10)(hidden))
    turned = keras.layers.Activation("sigmoid")(Dense(1)(hidden))
    return keras.Model(inputs=picture, outputs={"kind": kind, "turned": turned})


def stack():
    layers = [keras.layers.Flatten(), Dense(25, activation="relu"), Dense(11, activation="softmax")]
    return keras.Sequential([keras.Input(shape=(28, 28)), *layers])


def shared_reshaped():
    picture = keras.Input(shape=(28, 28))
    hidden = Dense(25, activation=keras.activations.relu)(keras.layers.Reshape((784,))(picture))
    turned, kind = Dense(1, activation="sigmoid"), Dense(10, activation="softmax")
    return keras.Model(inputs=[picture], outputs={"turned": turned(hidden), "kind": kind(hidden)})


MIX_UPS = ("error", "wrong", "error", "right", "wrong")


def mixed(place, answer):
    return tuple(answer if i == place else right for i, right in enumerate(MIX_UPS))


SIGMOID = (1, "sigmoid", "binary_crossentropy")

RIGHT = {
    "two_paths": [(2, 160, 24, 21, 625), (2.0, 160, np.array([24]), 21, 625)],
    "mix_ups": [MIX_UPS, tuple(answer.upper() for answer in MIX_UPS)],
    "poor_values": [(27.2, compiled()), (0.2 + 27, by_a_new_network), (27.2, compiled(weights=(0.1, 0.9), lists=True))],
    "shoe_head": [
        (shoes, *SIGMOID, 0.7),
        (lambda kinds: shoes(kinds)[:, None], *SIGMOID, 0.7),
        (shoes_as_truth, 2, "softmax", "sparse_categorical_crossentropy", 7 / 10),
    ],
    "louder_loss": [(425, 1, 25, 2500), (425.0, 1.0, 5**2, 50**2)],
    "as_large_as_allowed": [(shared(), 12), (shared_reshaped, 12.0), (with_activation_layers, 12)],
}

WRONG = {
    "two_paths": [
        ("all-wide", 3, 160, 24, 21, 625),
        (None, 1, 160, 24, 21, 625),
        (None, 10, 160, 24, 21, 625),
        ("no-biases", 2, 6 * 20 + 20, 24, 21, 605),
        ("all-features", 2, 180, 24, 21, 645),
        ("no-biases", 2, 140, 24, 21, 605),
        (None, 2, 161, 24, 21, 626),
        ("output-all", 2, 160, 29, 21, 630),
        ("output-deep", 2, 160, 21, 21, 622),
        ("output-bias", 2, 160, 23, 21, 624),
        ("output-both", 2, 160, 44, 21, 645),
        (None, 2, 160, 40, 21, 641),
        ("aux-wide", 2, 160, 24, 24, 628),
        ("aux-bias", 2, 160, 24, 20, 624),
        (None, 2, 160, 24, 420, 1024),
        ("helper-left-out", 2, 160, 24, 21, 604),
        ("layer-left-out", 2, 160, 24, 21, 205),
        (None, 2, 160, 24, 21, 600),
    ],
    "mix_ups": [
        ("shapes", *mixed(0, "wrong")),
        ("shapes", *mixed(0, "right")),
        ("equal-shapes", *mixed(1, "error")),
        ("position", *mixed(1, "right")),
        ("name", *mixed(2, "wrong")),
        ("name", *mixed(2, "right")),
        ("order-of-names", *mixed(3, "wrong")),
        ("order-of-names", *mixed(3, "error")),
        ("declared-order", *mixed(4, "right")),
        ("alphabet-fits", *mixed(4, "error")),
    ],
    "poor_values": [
        ("as-meant", 4.8, compiled()),
        ("unweighted", 32, compiled()),
        ("unweighted", 16, compiled()),
        (None, 30, compiled()),
        ("still-age", 27.2, compiled(lists=True)),
        ("still-age", 27.2, compiled(weights=(0.1, 0.9))),
        ("still-age", 27.2, by_a_list_of_outputs),
        ("equal", 27.2, without_weights),
        ("equal", 27.2, compiled(weights=(0.5, 0.5))),
        ("other-loss", 27.2, compiled(loss="mae")),
        (None, 27.2, compiled(weights=(0.8, 0.2))),
        (None, 27.2, compiled(weights=(9, 1))),
        (None, 0.1 * 2**2 + 0.9 * 30**2, compiled()),
    ],
    "shoe_head": [
        ("selected", only_shoes, *SIGMOID, 0.7),
        ("no-shoe", no_shoes, *SIGMOID, 0.7),
        ("class", without_boots, *SIGMOID, 0.7),
        ("class", with_bags, *SIGMOID, 0.7),
        ("softmax-one", shoes, 1, "softmax", "binary_crossentropy", 0.7),
        ("no-probability", shoes, 1, "linear", "binary_crossentropy", 0.7),
        ("no-probability", shoes, 1, "relu", "binary_crossentropy", 0.7),
        ("squared-error", shoes, 1, "sigmoid", "mse", 0.7),
        ("pair", shoes, 1, "sigmoid", "sparse_categorical_crossentropy", 0.7),
        ("pair", shoes, 10, "softmax", "sparse_categorical_crossentropy", 0.7),
        ("yes-counted", shoes, *SIGMOID, 0.3),
        ("coin", shoes, *SIGMOID, 0.5),
        ("one-class", shoes, *SIGMOID, 0.9),
        ("pair", shoes, 2, "sigmoid", "binary_crossentropy", 0.7),
        ("pair", shoes, 3, "softmax", "sparse_categorical_crossentropy", 0.7),
        ("class", lambda kinds: np.isin(kinds, [6, 8, 10]), *SIGMOID, 0.7),
        ("class", lambda kinds: (kinds == 5) | 7 | 9, *SIGMOID, 0.7),
        ("selected", lambda kinds: np.flatnonzero(shoes(kinds)), *SIGMOID, 0.7),
        ("one-hot", lambda kinds: np.eye(2)[shoes(kinds)], 2, "softmax", "sparse_categorical_crossentropy", 0.7),
        ("percent", shoes, *SIGMOID, 70),
        (None, shoes, *SIGMOID, 0.6),
    ],
    "louder_loss": [
        ("no-variance", 400, 1, 25, 2500),
        ("no-mean", 25, 1, 25, 2500),
        ("not-variance", 405, 1, 25, 2500),
        ("not-variance", 625, 1, 25, 2500),
        ("unsquared", 20, 1, 25, 2500),
        (None, 375, 1, 25, 2500),
        ("zero", 425, 0, 25, 2500),
        ("not-divided", 425, 25, 25, 2500),
        ("not-centered", 425, 17, 25, 2500),
        (None, 425, 2, 25, 2500),
        ("not-squared", 425, 1, 5, 500),
        ("inverse", 425, 1, 0.04, 2500),
        ("mean-left", 425, 1, 425, 42500),
        (None, 425, 1, 20, 2500),
        ("ten", 425, 1, 25, 250),
        ("same-unit", 425, 1, 25, 25),
        ("smaller", 425, 1, 25, 0.25),
        ("smaller", 425, 1, 25, 2.5),
        (None, 425, 1, 25, 100),
    ],
    "as_large_as_allowed": [
        ("not-shared", shared(n=12, separate=True), 12),
        (None, shared(extra=True), 12),
        ("not-flattened", shared(flat=False), 12),
        ("stack", stack, 12),
        ("in-a-row", shared(turned_on_kind=True), 12),
        ("no-relu", shared(activation=None), 12),
        ("no-softmax", shared(kind="sigmoid"), 12),
        ("no-softmax", shared(kind=None), 12),
        ("no-logistic", shared(turned="softmax"), 12),
        ("no-logistic", shared(turned=None), 12),
        ("no-logistic", shared(turned="relu"), 12),
        ("too-many", shared(n=26), 12),
        ("not-largest", shared(n=24), 12),
        ("same-size", shared(), 25),
        ("just-above", shared(), 13),
        (None, shared(), 11),
        (None, shared(), 24),
    ],
}
