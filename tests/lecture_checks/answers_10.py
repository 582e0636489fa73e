"""Answers to the exercises of notebook 10 beside those in the rows of its checks."""

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
    return compiled(lists=True)(keras.Model(network.inputs, network.outputs))


def without_weights(network):
    network.compile(loss={"value": "mse", "age": "mse"}, optimizer="sgd")
    return network


def shoes(kinds):
    return np.isin(kinds, [5, 7, 9]).astype(int)


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
SIGMOID, SOFTMAX = (1, "sigmoid", "binary_crossentropy"), (2, "softmax", "sparse_categorical_crossentropy")

RIGHT = {
    "two_paths": [(2, 160, 24, 21, 625), (2.0, 160, np.array([24]), 21, 625)],
    "mix_ups": [MIX_UPS, tuple(answer.upper() for answer in MIX_UPS)],
    "poor_values": [(27.2, compiled()), (0.2 + 27, by_a_new_network), (27.2, compiled(weights=(0.1, 0.9), lists=True))],
    "shoe_head": [
        (shoes, *SIGMOID, 0.7), (lambda kinds: shoes(kinds)[:, None], *SIGMOID, 0.7),
        (lambda kinds: (kinds == 5) | (kinds == 7) | (kinds == 9), *SOFTMAX, 0.7),
    ],
    "louder_loss": [(425, 1, 25, 2500), (425.0, 1.0, 5**2, 50**2)],
    "as_large_as_allowed": [(shared(), 12), (shared_reshaped, 12.0), (with_activation_layers, 12)],
}  # fmt: skip

WRONG = {
    "two_paths": [
        (None, 1, 160, 24, 21, 625),
        (None, 10, 160, 24, 21, 625),
        (None, 2, 161, 24, 21, 626),
        (None, 2, 160, 40, 21, 641),
        (None, 2, 160, 24, 420, 1024),
        (None, 2, 160, 24, 21, 600),
    ],
    "poor_values": [
        (None, 30, compiled()),
        (None, 0.1 * 2**2 + 0.9 * 30**2, compiled()),
        ("still-age", 27.2, compiled(lists=True)),
        ("still-age", 27.2, compiled(weights=(0.1, 0.9))),
        ("still-age", 27.2, by_a_list_of_outputs),
        ("equal", 27.2, without_weights),
        ("equal", 27.2, compiled(weights=(0.5, 0.5))),
        ("other-loss", 27.2, compiled(loss="mae")),
        (None, 27.2, compiled(weights=(0.8, 0.2))),
        (None, 27.2, compiled(weights=(9, 1))),
    ],
    "shoe_head": [
        ("selected", lambda kinds: np.flatnonzero(shoes(kinds)), *SIGMOID, 0.7),
        ("class", lambda kinds: np.isin(kinds, [5, 7]), *SIGMOID, 0.7),
        ("class", lambda kinds: np.isin(kinds, [6, 8, 10]), *SIGMOID, 0.7),
        ("class", lambda kinds: (kinds == 5) | 7 | 9, *SIGMOID, 0.7),
        (None, shoes, *SIGMOID, 0.6),
    ],
    "louder_loss": [
        (None, 375, 1, 25, 2500),
        (None, 425, 2, 25, 2500),
        (None, 425, 1, 20, 2500),
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
        (None, shared(), 11),
        (None, shared(), 24),
    ],
}
