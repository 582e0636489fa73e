"""Answers to the exercises of notebook 09: right ones, and wrong ones, each after the id of its hint."""

import numpy as np

from lecture_utils import reproducible

reproducible.start(seed=42, tensorflow=True)
import keras  # noqa: E402

Dense, concatenate = keras.layers.Dense, keras.layers.concatenate


def absolute(weight=1.0, output=((-1,), (2,)), bias=0.0, paths="xh"):
    """A hidden neuron and a short path; `paths` says what the output sees, in this order."""

    def build_abs():
        x = keras.Input(shape=(1,))
        neuron, last = Dense(1, activation="relu"), Dense(1)
        h = neuron(x)
        sees = [{"x": x, "h": h}[path] for path in paths]
        model = keras.Model(inputs=x, outputs=last(concatenate(sees) if len(sees) > 1 else sees[0]))
        neuron.set_weights([np.array([[weight]]), np.array([0.0])])
        last.set_weights([np.array(output, float), np.array([bias])])
        return model

    return build_abs


def two_neurons():
    x = keras.Input(shape=(1,))
    model = keras.Model(x, Dense(1)(Dense(2, activation="relu")(x)))
    model.set_weights([np.array([[1.0, -1.0]]), np.zeros(2), np.ones((2, 1)), np.zeros(1)])
    return model


def with_other_layer():
    x = keras.Input(shape=(1,))
    negative = keras.layers.Rescaling(-1)(x)
    return keras.Model(x, keras.layers.maximum([x, negative]))


def with_abs_activation():
    x = keras.Input(shape=(1,))
    model = keras.Model(x, Dense(1, activation=abs)(x))
    model.set_weights([np.ones((1, 1)), np.zeros(1)])
    return model


def with_ops(function):
    def build_abs():
        x = keras.Input(shape=(1,))
        return keras.Model(inputs=x, outputs=function(x))

    return build_abs


def with_activations(layer):
    def build_abs():
        x = keras.Input(shape=(1,))
        h = layer(Dense(1, use_bias=False)(x))
        model = keras.Model(inputs=x, outputs=Dense(1, use_bias=False)(concatenate([x, h])))
        model.set_weights([np.ones((1, 1)), np.array([[-1.0], [2.0]])])
        return model

    return build_abs


def with_a_shared_neuron():
    x = keras.Input(shape=(1,))
    neuron = Dense(1, activation="relu", use_bias=False)
    model = keras.Model(inputs=x, outputs=keras.layers.add([neuron(x), neuron(-x)]))
    model.set_weights([np.ones((1, 1))])
    return model


def bent_elsewhere():
    model = absolute()()
    model.layers[1].set_weights([np.ones((1, 1)), np.ones(1)])
    return model


def unset():
    x = keras.Input(shape=(1,))
    h = Dense(1, activation="relu")(x)
    model = keras.Model(x, Dense(1)(concatenate([x, h])))
    model.set_weights([np.array([[1.0]]), np.zeros(1), np.array([[0.7], [0.4]]), np.zeros(1)])
    return model


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
    hidden2 = model.get_layer("hidden2").output
    last = Dense(1)
    network = keras.Model(inputs=model.input, outputs=last(hidden2))
    W, b = model.get_layer("output").get_weights()
    last.set_weights([W[8:], b])
    return network


def deep_in_place(model):
    W, b = model.get_layer("output").get_weights()
    W[:8] = 0
    model.get_layer("output").set_weights([W, b])
    return keras.models.clone_model(model)


def keep_all(model):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


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


def compare(join="subtract", share_hidden=True, score="shared", activation="relu", blind=False):
    """A network for two districts. `score`: "shared" and "two" before the join, "after" and "no bias" after it."""

    def build_compare():
        a, b = keras.Input(shape=(8,)), keras.Input(shape=(8,))
        hidden = Dense(30, activation=activation)
        other = hidden if share_hidden else Dense(30, activation=activation)
        paths = [hidden(a), other(a if blind else b)]
        if score == "shared":
            last = Dense(1)
            paths = [last(path) for path in paths]
        elif score == "two":
            paths = [Dense(1)(path) for path in paths]
        gap = getattr(keras.layers, join)(paths)
        if score in ("after", "no bias"):
            gap = Dense(1, use_bias=score == "after")(gap)
        return keras.Model(inputs=[a, b], outputs=gap)

    return build_compare


def relu_at_the_end():
    a, b = keras.Input(shape=(8,)), keras.Input(shape=(8,))
    hidden = Dense(30, activation="relu")
    gap = keras.layers.subtract([hidden(a), hidden(b)])
    return keras.Model(inputs=[a, b], outputs=Dense(1, use_bias=False, activation="relu")(gap))


def subtracted_first():
    a, b = keras.Input(shape=(8,)), keras.Input(shape=(8,))
    hidden = Dense(30, activation="relu")(keras.layers.subtract([a, b]))
    return keras.Model(inputs=[a, b], outputs=Dense(1, use_bias=False)(hidden))


def squared_score():
    a, b = keras.Input(shape=(8,)), keras.Input(shape=(8,))
    hidden = Dense(30, activation="relu")
    gap = keras.layers.subtract([hidden(a), hidden(b)])
    return keras.Model(inputs=[a, b], outputs=Dense(1)(Dense(30, activation="relu")(gap)))


def network(second="hidden1", joined=("input_", "hidden2"), hidden="relu", output=None, n=20):
    """The network with two paths, each tensor chosen by its name."""

    def build_network():
        t = {"input_": keras.Input(shape=(8,))}
        t["hidden1"] = Dense(n, activation="relu")(t["input_"])
        t["hidden2"] = Dense(n, activation=hidden)(t[second])
        concat = concatenate([t[name] for name in joined]) if len(joined) > 1 else t[joined[0]]
        return keras.Model(inputs=t["input_"], outputs=Dense(1, activation=output)(concat))

    return build_network


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
        (with_a_shared_neuron,),
        (with_activations(keras.layers.ReLU()),),
        (with_activations(keras.layers.Activation("relu")),),
    ],
    "only_deep": [(deep(),), (deep_by_a_new_layer,)],
    "same_measure": [(571, compare()), (571.0, compare(score="no bias"))],
    "three_mistakes": [(209, network()), (209, network(joined=("hidden2", "input_")))],
}

WRONG = {
    "three_calls": [
        ("kernel", (3, 4), (None, 4), 16, "error"),
        ("one-row", (4,), (4,), 16, "error"),
        ("input-columns", (5, 3), (None, 3), 16, "error"),
        (None, (4, 5), (4, None), 16, "error"),
        ("rows-left-out", (5, 4), (4,), 16, "error"),
        ("five-promised", (5, 4), (5, 4), 16, "error"),
        ("promise-columns", (5, 4), (None, 3), 16, "error"),
        (None, (5, 4), (3, 4), 16, "error"),
        (None, (5, 4), (1, 4), 16, "error"),
        ("one-bias", (5, 4), (None, 4), 13, "error"),
        ("twice", (5, 4), (None, 4), 32, "error"),
        ("no-biases", (5, 4), (None, 4), 12, "error"),
        ("rows-counted", (5, 4), (None, 4), 64, "error"),
        ("rows-counted", (5, 4), (None, 4), 80, "error"),
        (None, (5, 4), (None, 4), 20, "error"),
        ("new-weights", (5, 4), (None, 4), 16, "works"),
    ],
    "read_plan": [
        ("both-calls", 68, 420, 0, 69, 669),
        ("one-missing", 28, 420, 0, 29, 629),
        ("one-missing", 40, 420, 0, 41, 641),
        ("added", 20, 420, 0, 21, 621),
        (None, 49, 420, 0, 49, 649),
        ("twice", 48, 840, 0, 49, 1069),
        ("again-biases", 48, 400, 0, 49, 629),
        ("from-input", 48, 180, 0, 49, 409),
        (None, 48, 440, 0, 49, 649),
        (None, 48, 820, 0, 49, 1049),
        ("concat-learns", 48, 420, 48, 49, 697),
        ("output-bias", 48, 420, 0, 48, 648),
        ("output-deep", 48, 420, 0, 21, 621),
        (None, 48, 420, 0, 50, 650),
        ("first-left-out", 48, 420, 0, 49, 469),
        ("counted-again", 48, 420, 0, 49, 1069),
        (None, 48, 420, 0, 49, 650),
        (None, 48, 420, 0, 49, 657),  # the input counted
    ],
    "absolute_value": [
        ("many", two_neurons),
        ("not-allowed", with_other_layer),
        ("not-allowed", with_abs_activation),
        ("upside-down", absolute(output=[[1], [-2]])),
        ("order", absolute(output=[[2], [-1]])),
        ("order", absolute(-1.0, [[2], [1]])),
        ("shifted", absolute(bias=1.0)),
        ("flat", absolute(output=[[1]], paths="h")),
        ("straight", absolute(output=[[1], [0]])),
        ("not-allowed", with_activations(keras.layers.Activation(abs))),
        ("not-allowed", with_ops(keras.ops.abs)),
        ("not-allowed", with_ops(abs)),
        ("slopes", absolute(output=[[-1], [1.5]])),
        ("slopes", absolute(output=[[1], [2]])),
        ("slopes", unset),
        (None, bent_elsewhere),
    ],
    "only_deep": [
        ("original", deep_in_place),
        ("original", lambda model: model),
        ("short-left", deep(write_back=False)),
        ("short-only", deep(rows=slice(8, None))),
        ("bias-gone", deep(keep_bias=False)),
        ("both-gone", deep(rows=slice(None))),
        ("thirty", deep(rows=slice(30))),
        ("new-weights", deep(copy_weights=False)),
        ("part-left", deep(rows=slice(1))),
        ("part-left", deep(rows=slice(7))),
        ("short-left", keep_all),
        ("new-weights", deep_without_input),
        (None, deep_moved),
        (None, deep_without_relu),
    ],
    "same_measure": [
        ("shared-count", 301, compare()),
        ("last-missing", 540, compare()),
        ("no-biases", 510, compare()),
        ("last-wide", 601, compare()),
        (None, 600, compare()),
        ("always-zero", 571, compare(blind=True)),
        ("linear", 571, compare(activation="linear")),
        ("same-sign", 571, compare("add")),
        ("two-hidden", 571, compare(share_hidden=False, score="after")),
        ("two-scores", 571, compare(score="two")),
        ("side-by-side", 571, compare("concatenate", score="after")),
        ("bias-stays", 571, compare(score="after")),
        ("never-below", 571, relu_at_the_end),
        ("early", 571, subtracted_first),
        (None, 571, squared_score),
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
        ("meant-count", 629, network()),
        ("both-counted", 389, network()),
        ("no-biases", 188, network()),
        ("short-forgotten", 201, network()),
        (None, 200, network()),
    ],
}
