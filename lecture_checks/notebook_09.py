"""The checks of notebook 09: what if a network is not a stack?"""

from operator import eq

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Form, Hint, call, close, exercise, kind_of
from lecture_checks.mistakes import IN_TESTS, AnyOf, choose, judge, rule_out

BUILD_SECONDS = 5  # more than enough to build a small network
MAX_PARAMETERS = 5


def shape_of(name: str, value) -> tuple:
    """A shape: whole numbers, and None for a length that is open."""
    lengths = tuple(value) if isinstance(value, (tuple, list)) or hasattr(value, "as_list") else ()  # of a tensor
    if not lengths or any(not (n is None or (isinstance(n, int) and not isinstance(n, bool))) for n in lengths):
        raise Form(f"`{name}` is {kind_of(value)}; needed is a shape such as (7, 2), with None for an open length.")
    return lengths


def built_by(name: str, build, widths: list[int]):
    """What the student's function builds: a Keras network with inputs of these widths."""
    import keras

    words = " and ".join(f"(None, {width})" for width in widths)
    network = expect.instance(name, call(build, seconds=BUILD_SECONDS), keras.Model, "a network, keras.Model(...)")
    if not network.built or [tuple(x.shape) for x in network.inputs] != [(None, width) for width in widths]:
        raise Form(f"`{name}` is a network whose inputs have other shapes; needed is {words}.")
    return network


def outputs(network, inputs) -> np.ndarray:
    """What a network with one output returns, an array (n, 1)."""
    try:
        y = network(inputs)
    except Exception:
        raise Form("The network does not run on arrays of the shape of its inputs.") from None
    n_rows = len(inputs[0]) if isinstance(inputs, list) else len(inputs)
    y = y[0] if isinstance(y, (list, tuple)) and len(y) == 1 else y
    return expect.array("what the network returns", y, shape=(n_rows, 1))


def wide_and_deep():
    """The network of section 3, with its names."""
    import keras

    input_ = keras.Input(shape=(8,), name="input")
    hidden1 = keras.layers.Dense(30, activation="relu", name="hidden1")(input_)
    hidden2 = keras.layers.Dense(30, activation="relu", name="hidden2")(hidden1)
    concat = keras.layers.concatenate([input_, hidden2], name="concat")
    return keras.Model(inputs=input_, outputs=keras.layers.Dense(1, name="output")(concat))


def is_wide_and_deep(layers, X, y) -> bool:
    """Whether the layers, in this order, give y on two paths; either path may come first in the output's weights."""
    if [layer.kernel.shape for layer in layers] != [(8, 20), (20, 20), (28, 1)]:
        return False
    (W1, b1), (W2, b2), (W3, b3) = (layer.get_weights() for layer in layers)
    H = np.maximum(0, np.maximum(0, X @ W1 + b1) @ W2 + b2)
    return any(close(np.hstack(paths) @ W3 + b3, y, 1e-3) for paths in ([X, H], [H, X]))


# fmt: off


@exercise(1, "One layer, three calls", promise=1, kind="predict")
def three_calls(first_shape, second_shape, n_params, third):
    """Shapes of Dense(4) called on a (5, 3) array and on a promise, its parameters, and a call on a (5, 2) array."""
    import keras

    first_shape, second_shape = shape_of("first_shape", first_shape), shape_of("second_shape", second_shape)
    n_params, third = expect.whole("n_params", n_params), expect.choice("third", third, "works", "error")
    layer = keras.layers.Dense(4)
    first, second = layer(np.ones((5, 3))), layer(keras.Input(shape=(3,)))
    judge("first_shape", first_shape, right=tuple(first.shape), same=eq, known=[
        ("kernel", (3, 4), "(3, 4) is the shape of the layer's weights. How many rows does `first` have?"),
        ("one-row", (4,), "`first_shape` is that of a single row. How many rows went in, and how many come out?"),
        ("input-columns", (5, 3), "`first_shape` is that of what goes in. A layer returns a number for each neuron."),
    ], otherwise="`first_shape` is not right: one row comes out for each row that goes in.")
    judge("second_shape", second_shape, right=tuple(second.shape), same=eq, known=[
        ("rows-left-out", (4,), "`second_shape` lacks an axis: a promise also has rows, if their number is open."),
        ("five-promised", (5, 4), "The promise does not know of the five rows from before. How is its number shown?"),
        ("promise-columns", (None, 3),
         "`second_shape` is that of the promise that goes in. How many neurons answer to it?"),
    ], otherwise="`first_shape` is right, `second_shape` is not. What is the shape of the promise itself?")
    judge("n_params", n_params, right=layer.count_params(), opening="Both shapes are right.", known=[
        ("twice", 2 * layer.count_params(), "Does a layer make new weights each time it is called?"),
        ("no-biases", 3 * 4, "For `n_params`, count the biases, too."),
        ("one-bias", 3 * 4 + 1, "`n_params` has a single bias. Who has one, layer or neuron?"),
        ("rows-counted", AnyOf(5 * 3 * 4 + 4, 5 * (3 * 4 + 4)), "Do all rows go through the same weights?"),
    ], otherwise="Both shapes are right, `n_params` is not: count the weights and the biases of four neurons.")
    choose("third", third, right="error", known=[
        ("new-weights", "works", "The rest is right. The third array has two columns: which weights could it meet?"),
    ])
    return "The first call makes the weights and fixes the number of columns; the number of rows stays open forever."


@exercise(2, "Read a plan", promise=3, kind="by hand", points=2)
def read_plan(width, again_params, concat_params, output_params, total):
    """Widths and parameter counts of a network with a layer called twice, from its column "Connected to"."""
    width, again_params = expect.whole("width", width), expect.whole("again_params", again_params)
    concat_params = expect.whole("concat_params", concat_params)
    output_params, total = expect.whole("output_params", output_params), expect.whole("total", total)
    first, again, needed = 8 * 20 + 20, 20 * 20 + 20, 8 + 20 + 20
    right_total = first + again + needed + 1
    judge("width", width, right=needed, known=[
        ("both-calls", needed + 20,
         "`width` counts both calls of `again`. Read the row of `concat` once more: which of them arrives there?"),
        ("one-missing", AnyOf(8 + 20, 20 + 20),
         "`width` is too small: how many tensors does `concat` put side by side?"),
        ("added", 20, "`width` is that of a sum. `concat` writes its inputs side by side."),
    ], otherwise="`width` is not right. Add up the numbers of columns of all that is connected to `concat`.")
    judge("again_params", again_params, right=again, opening="`width` is right.", known=[
        ("twice", 2 * again, "`again` is one layer: how many sets of weights does it have?"),
        ("again-biases", 20 * 20, "In `again_params` the biases are missing."),
        ("from-input", first, "`again` is not connected to the input: how wide is what it gets?"),
    ], otherwise="`width` is right, `again_params` is not: 20 neurons, each with its inputs and a bias.")
    rule_out("concat_params", known=[
        ("concat-learns", needed, "So far so good. What could `concat` learn? It only writes numbers side by side.",
         concat_params != 0),
    ])
    judge("output_params", output_params, right=needed + 1, opening="All but the output is right.", known=[
        ("output-bias", needed, "There, a bias is missing."),
        ("output-deep", 20 + 1, "It sees all of `concat`, not only the deep path."),
    ], otherwise="All but the output is right: one neuron, with a weight for each column of `concat`.")
    judge("total", total, right=right_total, opening="All but `total` is right:", known=[
        ("first-left-out", right_total - first, "it lacks the parameters of one layer."),
        ("counted-again", right_total + again, "in it, a layer is counted once for each call."),
    ], otherwise="All but `total` is right. It is the sum over the layers.")
    return "Called three or ten times, `again` would make the network deeper, and the total would stay the same."


@exercise(3, "The absolute value", promise=2, kind="design", points=2)
def absolute_value(build_abs):
    """A function that builds a network of at most 5 parameters which computes |x|."""
    import keras

    network = built_by("build_abs()", build_abs, [1])
    allowed = ("InputLayer", "Dense", "ReLU", "Activation", "Concatenate", "Add", "Subtract", "Negative")
    operations = getattr(network, "operations", network.layers)  # functions of keras.ops as well; a stack has none
    other = {type(operation).__name__ for operation in operations}.difference(allowed)
    with_function = keras.layers.Dense, keras.layers.Activation
    functions = [layer.activation for layer in network.layers if isinstance(layer, with_function)]
    if other or any(function not in (keras.activations.relu, keras.activations.linear) for function in functions):
        raise Hint("not-allowed", "Allowed are `Dense`, with ReLU or without an activation, and joining of paths.")
    x = np.linspace(-4, 4, 33)[:, None]
    y, n = outputs(network, x), network.count_params()
    is_abs, (left, right) = close(y, abs(x), 1e-4), (y[0, 0], y[-1, 0])
    judge("build_abs", build_abs, is_right=is_abs and n <= MAX_PARAMETERS, known=[
        ("many", IN_TESTS,
         f"{'It does compute |x|, but it' if is_abs else 'The network'} has {n} parameters; {MAX_PARAMETERS} are "
         "allowed. One hidden neuron must do. What can bring `x` itself to the output?", n > MAX_PARAMETERS),
        ("upside-down", IN_TESTS, "This is -|x|: the right shape, upside down.", close(y, -abs(x), 1e-4)),
        ("order", IN_TESTS, "Right weights in the wrong order: which rows of `W` belong to which path?",
         any(close(y, 2 * x + bend, 1e-4) for bend in (-np.maximum(0, x), np.maximum(0, -x)))),
        ("shifted", IN_TESTS,
         f"The right shape, but at 0 it gives {y[16, 0]:.3g}. Which weight moves all values alike?",
         close(y, abs(x) + y[16], 1e-4)),
        ("flat", IN_TESTS, "On one side of 0 the network always says the same: there, nothing of `x` arrives.",
         min(np.ptp(y[:16]), np.ptp(y[17:])) < 1e-6),
        ("straight", IN_TESTS, "The network draws a straight line. Which part of it could make the bend?",
         close(np.diff(y, axis=0), np.full((32, 1), y[1] - y[0]), 1e-4)),
        ("slopes", IN_TESTS,
         f"It bends at 0, as it should, with the slope {left / -4:.3g} on the left and {right / 4:.3g} on the right. "
         "Which slopes does |x| have? Have you set all weights?",
         close(y, np.where(x < 0, left / -4, right / 4) * x, 1e-4)),
    ], otherwise=f"It gives {left:.3g} for -4 and {right:.3g} for 4; both should be 4. Have you set all weights?")
    return "Without the short path, it takes two hidden neurons and 7 parameters: one neuron for each side of 0."


@exercise(4, "Only the deep path", promise=4, kind="complete", points=2)
def only_deep(deep_only):
    """A function of a wide and deep network that returns a copy of it without the short path."""
    import keras

    rng = np.random.default_rng(9)
    model = wide_and_deep()
    model.set_weights([rng.normal(size=w.shape) / 3 for w in model.get_weights()])
    before = model.get_weights()
    hidden = keras.Model(inputs=model.input, outputs=model.get_layer("hidden2").output)
    X = rng.normal(size=(20, 8)).astype("float32")
    H, (W, b), whole = hidden(X).numpy(), model.get_layer("output").get_weights(), model(X).numpy()
    network = expect.instance(
        "deep_only(model)", call(deep_only, model, seconds=BUILD_SECONDS), keras.Model, "a Keras network"
    )
    y = outputs(network, X)
    if network is model or any(not close(old, new) for old, new in zip(before, model.get_weights(), strict=True)):
        raise Hint("original", "The network that was handed over has changed. Change its clone, and return that.")
    right, copied = H @ W[8:] + b, network.get_weights()
    rest = y - right
    judge("deep_only", deep_only, is_right=close(y, right, 1e-4), known=[
        ("short-left", IN_TESTS, "The copy says the same as the whole network. Are the changed weights set in it?",
         close(y, whole, 1e-4)),
        ("short-only", IN_TESTS, "This leaves only the short path. In which order does `concat` hold the two paths?",
         close(y, X @ W[:8] + b, 1e-4)),
        ("bias-gone", IN_TESTS, "The short path is gone, but the bias as well. It should stay.",
         close(y, right - b, 1e-4)),
        ("both-gone", IN_TESTS, "Both paths are gone: for each row the answer is the bias. Eight weights are enough.",
         close(y, np.full((20, 1), b), 1e-4)),
        ("thirty", IN_TESTS, "Thirty weights are 0. How many of the 38 belong to the short path?",
         close(y, H[:, 22:] @ W[30:] + b, 1e-4)),
        ("part-left", IN_TESTS,
         "The deep path is right, but a part of the short path is left. How many weights does it have?",
         close(rest, X @ np.linalg.lstsq(X, rest)[0], 1e-4)),
        ("new-weights", IN_TESTS, "The hidden layers are not those of `model`: a clone has the plan, but new weights.",
         [w.shape for w in copied] == [w.shape for w in before] and not close(copied[0], before[0])),
    ], otherwise="The copy should say `H @ W_deep + b` for each row, as in section 5; it says something else.")
    return "In training, the deep path learned only what the short path left over; it was never asked to do it all."


@exercise(5, "Two measures for two districts", promise=5, kind="find the bug", points=2)
def same_measure(params_broken, build_compare):
    """Parameters of the broken network; a function that builds one that changes its sign with the districts' places."""
    import keras

    params_broken = expect.whole("params_broken", params_broken)
    one_hidden, last = 8 * 30 + 30, 30 + 1
    judge("params_broken", params_broken, right=2 * one_hidden + last, known=[
        ("shared-count", one_hidden + last,
         "For `params_broken`, take the network as it stands: how many hidden layers are made?"),
        ("last-missing", 2 * one_hidden, "`params_broken` lacks the last layer."),
        ("last-wide", 2 * one_hidden + 60 + 1,
         "In `params_broken`, the last layer is too large. How many numbers does `subtract` return?"),
        ("no-biases", 2 * 8 * 30 + 30, "`params_broken` lacks the biases."),
    ], otherwise="`params_broken` is not right. Count the three `Dense` layers, one after the other.")
    network = built_by("build_compare()", build_compare, [8, 8])
    rng = np.random.default_rng(9)
    network.set_weights([rng.normal(size=w.shape) for w in network.get_weights()])
    A, B, C = rng.normal(size=(3, 50, 8)).astype("float32")
    ab, ba = outputs(network, [A, B]), outputs(network, [B, A])
    size = np.abs(ab).max() + 1e-6
    between = 2 * outputs(network, [(A + C) / 2, B]) - outputs(network, [C, B])  # a linear network returns ab
    turns, is_linear = close(ab / size, -ba / size, 1e-4), close(between / size, ab / size, 1e-4)
    dense = [layer.kernel.shape for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    judge("build_compare", build_compare, is_right=turns and not is_linear, known=[
        ("always-zero", IN_TESTS, "`params_broken` is right. This network always says 0: does it see both districts?",
         size < 1e-3),
        ("linear", IN_TESTS, "It changes its sign, but it is linear now. Keep the thirty hidden neurons with ReLU.",
         turns),
        ("same-sign", IN_TESTS,
         "`params_broken` is right. But now both orders give the same answer: what was `subtract` for?",
         close(ab / size, ba / size, 1e-4)),
        ("two-hidden", IN_TESTS,
         "`params_broken` is right. Still, each district goes through a hidden layer of its own.",
         dense.count((8, 30)) > 1),
        ("two-scores", IN_TESTS, "The hidden layer is shared. But each district still has a last layer of its own.",
         dense.count((30, 1)) > 1),
        ("side-by-side", IN_TESTS, "Side by side, the two districts meet different weights: again two measures.",
         any(type(layer).__name__ == "Concatenate" for layer in network.layers)),
        ("never-below", IN_TESTS,
         "The answer is never below 0, so it cannot change its sign. What does the last layer do?",
         min(ab.min(), ba.min()) >= 0),
        ("early", IN_TESTS,
         "The difference is taken before the hidden layer, and ReLU bends a - b differently from b - a.",
         close(outputs(network, [A + C, B + C]) / size, ab / size, 1e-4)),
        ("bias-stays", IN_TESTS,
         f"The hidden layer is shared. But with weights that I chose, a and b give {ab[0, 0]:.2f}, and b and a give "
         f"{ba[0, 0]:.2f}. Which number is added after the subtraction, and keeps its sign?",
         np.ptp(ab + ba) < 1e-4 * size),
    ], otherwise=(
        "`params_broken` is right. But when the districts change places, the answer still does more than that."
    ))
    return "With this plan, a district compared with itself gives exactly 0, before any training and after it."


@exercise(6, "Three mistakes, two messages", promise=6, kind="find the bug", points=2)
def three_mistakes(silent_params, build_network):
    """Parameters with only the silent mistake left; a function that builds the network that was meant."""
    import keras

    silent_params = expect.whole("silent_params", silent_params)
    hidden1, hidden2, output = 8 * 20 + 20, 20 * 20 + 20, 8 + 20 + 1
    network = built_by("build_network()", build_network, [8])
    rng = np.random.default_rng(9)
    network.set_weights([rng.normal(size=w.shape) for w in network.get_weights()])
    n, X = network.count_params(), rng.normal(size=(20, 8)).astype("float32")
    y, layers = outputs(network, X), [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    n_is_right, functions = n == hidden1 + hidden2 + output, [layer.activation for layer in layers]
    judge("build_network", build_network, is_right=n_is_right and is_wide_and_deep(layers, X, y), known=[
        ("silent", IN_TESTS,
         "It runs, but one hidden layer is on no path from input to output. Follow the plan backwards.",
         n == hidden1 + output),
        ("no-short", IN_TESTS, "It runs, but the short path is missing: the output sees the deep path only.",
         n == hidden1 + hidden2 + 20 + 1),
        ("wrong-pair", IN_TESTS, "It runs, but the two hidden layers stand side by side. What is the short path?",
         n == hidden1 + hidden2 + 20 + 20 + 1),
        ("output-bent", IN_TESTS, "The plan is right. But the output has an activation, which it had not before.",
         n_is_right and functions[-1] is not keras.activations.linear),
        ("relu-lost", IN_TESTS, "The plan is right. But a hidden layer has lost its ReLU.",
         n_is_right and any(function is not keras.activations.relu for function in functions[:-1])),
    ], otherwise=f"It runs, and has {n} parameters, but is not yet the wide and deep network with 20 neurons each.")
    judge("silent_params", silent_params, right=hidden1 + output, opening="The network is right.", known=[
        ("meant-count", hidden1 + hidden2 + output,
         "For `silent_params`, one mistake is still in it: who is left out?"),
        ("both-counted", 2 * hidden1 + output, "In `silent_params`: do both hidden layers belong to it?"),
        ("no-biases", 8 * 20 + 8 + 20, "In `silent_params`, the biases are missing."),
        ("short-forgotten", hidden1 + 20 + 1, "In `silent_params`, what else arrives at the output?"),
    ], otherwise="The network is right. For `silent_params`, go back from the output and count what you meet.")
    return "Count by hand before you train: it takes a minute, and finds what no message tells."
