"""Answers to the exercises of notebook 09 beside those in the rows of its checks."""

import numpy as np

from lecture_utils import reproducible

reproducible.start(seed=42, tensorflow=True)
import keras  # noqa: E402

Dense, concatenate, subtract = keras.layers.Dense, keras.layers.concatenate, keras.layers.subtract


def built(n_features, outputs, weights=None, n_inputs=1):
    """A function that builds a network: its outputs are a function of its inputs."""

    def build():
        inputs = [keras.Input(shape=(n_features,)) for _ in range(n_inputs)]
        model = keras.Model(inputs=inputs if n_inputs > 1 else inputs[0], outputs=outputs(*inputs))
        if weights:
            model.set_weights([np.array(w, float) for w in weights])
        return model

    return build


def absolute(weight=1.0, output=((-1,), (2,)), bias=0.0, paths="xh", bend=0.0):
    """A hidden neuron and a short path; `paths` says what the output sees, in this order."""

    def outputs(x):
        tensors = {"x": x, "h": Dense(1, activation="relu")(x)}
        sees = [tensors[path] for path in paths]
        return Dense(1)(concatenate(sees) if len(sees) > 1 else sees[0])

    return built(1, outputs, [[[weight]], [bend], output, [bias]])


def with_activations(layer):
    def outputs(x):
        return Dense(1, use_bias=False)(concatenate([x, layer(Dense(1, use_bias=False)(x))]))

    return built(1, outputs, [[[1]], [[-1], [2]]])


def with_a_shared_neuron(x):
    neuron = Dense(1, activation="relu", use_bias=False)
    return keras.layers.add([neuron(x), neuron(-x)])


def in_lists():
    x = keras.Input(shape=(1,))
    h = Dense(1, activation="relu", use_bias=False)(x)
    model = keras.Model(inputs=[x], outputs=[Dense(1, use_bias=False)(concatenate([h, x]))])
    model.set_weights([np.array([[-2.0]]), np.array([[1.0], [1.0]])])
    return model


def deep(rows=slice(8), keep_bias=True, copy_weights=True, write_back=True):
    """The wanted function, or one with a mistake."""

    def deep_only(model):
        copy = keras.models.clone_model(model)
        if copy_weights:
            copy.set_weights(model.get_weights())
        W, b = copy.get_layer("output").get_weights()
        W[rows] = 0
        if write_back:
            copy.get_layer("output").set_weights([W, b if keep_bias else 0 * b])
        return copy

    return deep_only


def deep_by_a_new_layer(model):
    last = Dense(1)
    network = keras.Model(inputs=model.input, outputs=last(model.get_layer("hidden2").output))
    W, b = model.get_layer("output").get_weights()
    last.set_weights([W[8:], b])
    return network


def deep_in_place(model):
    W, b = model.get_layer("output").get_weights()
    W[:8] = 0
    model.get_layer("output").set_weights([W, b])
    return keras.models.clone_model(model)


def deep_moved(model):
    copy = keep_all(model)
    W, b = model.get_layer("output").get_weights()
    copy.get_layer("output").set_weights([np.vstack([W[8:], np.zeros((8, 1))]), b])
    return copy


def deep_without_input(model):
    copy = keep_all(model)
    W, b = model.get_layer("hidden1").get_weights()
    copy.get_layer("hidden1").set_weights([0 * W, b])
    return copy


def deep_without_relu(model):
    copy = deep()(model)
    copy.get_layer("hidden1").activation = keras.activations.linear
    return copy


keep_all = deep(rows=slice(0))


def compare(join=subtract, n_hidden=1, n_scores=1, after=None, activation="relu", blind=False):
    """A network for two districts, each of which goes through a hidden layer and a score, or a layer `after` both."""

    def outputs(a, b):
        hidden = [Dense(30, activation=activation) for _ in range(n_hidden)]
        paths = [hidden[0](a), hidden[-1](a if blind else b)]
        if after:
            return after(join(paths))
        scores = [Dense(1) for _ in range(n_scores)]
        return join([scores[0](paths[0]), scores[-1](paths[1])])

    return built(8, outputs, n_inputs=2)


def difference_first(a, b):
    return Dense(1, use_bias=False)(Dense(30, activation="relu")(subtract([a, b])))


def network(second="hidden1", joined=("input_", "hidden2"), hidden="relu", output=None, n=20):
    """The network with two paths, each tensor chosen by its name."""

    def outputs(x):
        t = {"input_": x, "hidden1": Dense(n, activation="relu")(x)}
        t["hidden2"] = Dense(n, activation=hidden)(t[second])
        concat = concatenate([t[name] for name in joined]) if len(joined) > 1 else t[joined[0]]
        return Dense(1, activation=output)(concat)

    return built(8, outputs)


PLAN = (48, 420, 0, 49, 649)

RIGHT = {
    "three_calls": [
        ((5, 4), (None, 4), 16, "error"),
        ([5, 4], [None, 4], 16.0, " Error"),
        (keras.ops.zeros((5, 4)).shape, keras.KerasTensor((None, 4)).shape, 16, "error"),
    ],
    "read_plan": [PLAN, tuple(map(float, PLAN))],
    "absolute_value": [
        (absolute(),),
        (absolute(-1.0, [[1], [2]]),),  # the neuron bends on the other side
        (absolute(2.0, [[1], [-1]], paths="hx"),),
        (in_lists,),
        (built(1, with_a_shared_neuron, [[[1]]]),),
        (with_activations(keras.layers.ReLU()),),
        (with_activations(keras.layers.Activation("relu")),),
    ],
    "only_deep": [(deep(),), (deep_by_a_new_layer,)],
    "same_measure": [(571, compare()), (571.0, compare(after=lambda gap: Dense(1, use_bias=False)(gap)))],
    "three_mistakes": [(209, network()), (209, network(joined=("hidden2", "input_")))],
}

WRONG = {
    "three_calls": [
        (None, (4, 5), (4, None), 16, "error"),
        (None, (5, 4), (3, 4), 16, "error"),
        (None, (5, 4), (1, 4), 16, "error"),
        (None, (5, 4), (None, 4), 20, "error"),
    ],
    "read_plan": [
        (None, 49, 420, 0, 49, 649),
        (None, 48, 440, 0, 49, 649),
        (None, 48, 820, 0, 49, 1049),
        (None, 48, 420, 0, 50, 650),
        (None, 48, 420, 0, 49, 650),
        (None, 48, 420, 0, 49, 657),  # the input counted
    ],
    "absolute_value": [
        ("many", built(1, lambda x: Dense(1)(Dense(2, activation="relu")(x)), [[[1, -1]], [0, 0], [[1], [1]], [0]])),
        ("not-allowed", built(1, lambda x: keras.layers.maximum([x, keras.layers.Rescaling(-1)(x)]))),
        ("not-allowed", built(1, lambda x: Dense(1, activation=abs)(x), [[[1]], [0]])),
        ("not-allowed", with_activations(keras.layers.Activation(abs))),
        ("not-allowed", built(1, keras.ops.abs)),
        ("not-allowed", built(1, abs)),
        ("upside-down", absolute(output=[[1], [-2]])),
        ("order", absolute(output=[[2], [-1]])),
        ("order", absolute(-1.0, [[2], [1]])),
        ("shifted", absolute(bias=1.0)),
        ("flat", absolute(output=[[1]], paths="h")),
        ("straight", absolute(output=[[1], [0]])),
        ("slopes", absolute(output=[[-1], [1.5]])),
        ("slopes", absolute(output=[[1], [2]])),
        ("slopes", absolute(output=[[0.7], [0.4]])),  # as Keras draws them
        (None, absolute(bend=1.0)),
    ],
    "only_deep": [
        ("original", deep_in_place),
        ("original", lambda model: model),
        ("short-left", deep(write_back=False)),
        ("short-left", keep_all),
        ("short-only", deep(rows=slice(8, None))),
        ("bias-gone", deep(keep_bias=False)),
        ("both-gone", deep(rows=slice(None))),
        ("thirty", deep(rows=slice(30))),
        ("new-weights", deep(copy_weights=False)),
        ("new-weights", deep_without_input),
        ("part-left", deep(rows=slice(1))),
        ("part-left", deep(rows=slice(7))),
        (None, deep_moved),
        (None, deep_without_relu),
    ],
    "same_measure": [
        (None, 600, compare()),
        ("always-zero", 571, compare(blind=True)),
        ("linear", 571, compare(activation="linear")),
        ("same-sign", 571, compare(keras.layers.add)),
        ("two-hidden", 571, compare(n_hidden=2, after=lambda gap: Dense(1)(gap))),
        ("two-scores", 571, compare(n_scores=2)),
        ("side-by-side", 571, compare(concatenate, after=lambda pair: Dense(1)(pair))),
        ("bias-stays", 571, compare(after=lambda gap: Dense(1)(gap))),
        ("never-below", 571, compare(after=lambda gap: Dense(1, use_bias=False, activation="relu")(gap))),
        ("early", 571, built(8, difference_first, n_inputs=2)),
        (None, 571, compare(after=lambda gap: Dense(1)(Dense(30, activation="relu")(gap)))),
    ],
    "three_mistakes": [
        ("silent", 209, network(second="input_")),
        ("silent", 209, network(joined=("input_", "hidden1"))),
        ("no-short", 209, network(joined=("hidden2",))),
        ("wrong-pair", 209, network(joined=("hidden1", "hidden2"))),
        ("output-bent", 209, network(output="relu")),
        ("relu-lost", 209, network(hidden=None)),
        (None, 209, network(joined=("input_", "hidden1", "hidden2"))),
        (None, 209, network(n=30)),
        (None, 200, network()),
    ],
}
