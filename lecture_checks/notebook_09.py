"""The checks of notebook 09: what if a network is not a stack?"""

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Form, Hint, Wrong, call, close, exercise, kind_of

BUILD_SECONDS = 5  # more than enough to build a small network
MAX_PARAMETERS = 5


@exercise(1, "One layer, three calls", promise=1, kind="predict")
def three_calls(first_shape, second_shape, n_params, third):
    """Shapes of Dense(4) called on a (5, 3) array and on a promise, its parameters, and a call on a (5, 2) array."""
    import keras

    first_shape, second_shape = _shape("first_shape", first_shape), _shape("second_shape", second_shape)
    n_params, third = expect.whole("n_params", n_params), expect.choice("third", third, "works", "error")
    layer = keras.layers.Dense(4)
    first, second = layer(np.ones((5, 3))), layer(keras.Input(shape=(3,)))
    if first_shape == (3, 4):
        raise Hint("kernel", "(3, 4) is the shape of the layer's weights. How many rows does `first` have?")
    if first_shape == (4,):
        raise Hint("one-row", "`first_shape` is that of a single row. How many rows went in, and how many come out?")
    if first_shape == (5, 3):
        raise Hint("input-columns", "`first_shape` is that of what goes in. A layer returns a number for each neuron.")
    if first_shape != tuple(first.shape):
        raise Wrong("`first_shape` is not right: one row comes out for each row that goes in.")
    if second_shape == (4,):
        raise Hint("rows-left-out", "`second_shape` lacks an axis: a promise also has rows, if their number is open.")
    if second_shape == (5, 4):
        raise Hint("five-promised", "The promise does not know of the five rows from before. How is its number shown?")
    if second_shape == (None, 3):
        raise Hint(
            "promise-columns", "`second_shape` is that of the promise that goes in. How many neurons answer to it?"
        )
    if second_shape != tuple(second.shape):
        raise Wrong("`first_shape` is right, `second_shape` is not. What is the shape of the promise itself?")
    if n_params == 2 * layer.count_params():
        raise Hint("twice", "Both shapes are right. Does a layer make new weights each time it is called?")
    if n_params == 3 * 4:
        raise Hint("no-biases", "Both shapes are right. For `n_params`, count the biases, too.")
    if n_params == 3 * 4 + 1:
        raise Hint("one-bias", "Both shapes are right. `n_params` has a single bias. Who has one, layer or neuron?")
    if n_params == 5 * 3 * 4 + 4 or n_params == 5 * (3 * 4 + 4):
        raise Hint("rows-counted", "Both shapes are right. Do all rows go through the same weights?")
    if n_params != layer.count_params():
        raise Wrong("Both shapes are right, `n_params` is not: count the weights and the biases of four neurons.")
    if third == "works":
        raise Hint("new-weights", "The rest is right. The third array has two columns: which weights could it meet?")
    return "The first call makes the weights and fixes the number of columns; the number of rows stays open forever."


@exercise(2, "Read a plan", promise=3, kind="by hand", points=2)
def read_plan(width, again_params, concat_params, output_params, total):
    """Widths and parameter counts of a network with a layer called twice, from its column "Connected to"."""
    width, again_params = expect.whole("width", width), expect.whole("again_params", again_params)
    concat_params = expect.whole("concat_params", concat_params)
    output_params, total = expect.whole("output_params", output_params), expect.whole("total", total)
    first, again, needed_width = 8 * 20 + 20, 20 * 20 + 20, 8 + 20 + 20
    if width == 8 + 20 + 20 + 20:
        raise Hint(
            "both-calls",
            "`width` counts both calls of `again`. Read the row of `concat` once more: which of them arrives there?",
        )
    if width in (8 + 20, 20 + 20):
        raise Hint("one-missing", "`width` is too small: how many tensors does `concat` put side by side?")
    if width == 20:
        raise Hint("added", "`width` is that of a sum. `concat` writes its inputs side by side.")
    if width != needed_width:
        raise Wrong("`width` is not right. Add up the numbers of columns of all that is connected to `concat`.")
    if again_params == 2 * again:
        raise Hint("twice", "`width` is right. `again` is one layer: how many sets of weights has it?")
    if again_params == 20 * 20:
        raise Hint("again-biases", "`width` is right. In `again_params` the biases are missing.")
    if again_params == first:
        raise Hint("from-input", "`width` is right. `again` is not connected to the input: how wide is what it gets?")
    if again_params != again:
        raise Wrong("`width` is right, `again_params` is not: 20 neurons, each with its inputs and a bias.")
    if concat_params != 0:
        raise Hint("concat-learns", "So far so good. What could `concat` learn? It only writes numbers side by side.")
    if output_params == needed_width:
        raise Hint("output-bias", "All but the output is right. There, a bias is missing.")
    if output_params == 20 + 1:
        raise Hint("output-deep", "All but the output is right. It sees all of `concat`, not only the deep path.")
    if output_params != needed_width + 1:
        raise Wrong("All but the output is right: one neuron, with a weight for each column of `concat`.")
    rest = again + needed_width + 1
    if total == rest:
        raise Hint("first-left-out", "All but `total` is right: it lacks the parameters of one layer.")
    if total == first + again + rest:
        raise Hint("counted-again", "All but `total` is right: in it, a layer is counted once for each call.")
    if total != first + rest:
        raise Wrong("All but `total` is right. It is the sum over the layers.")
    return "Called three or ten times, `again` would make the network deeper, and the total would stay the same."


@exercise(3, "The absolute value", promise=2, kind="design", points=2)
def absolute_value(build_abs):
    """A function that builds a network of at most 5 parameters which computes |x|."""
    import keras

    network = _network("build_abs()", build_abs, [1])
    allowed = ("InputLayer", "Dense", "ReLU", "Activation", "Concatenate", "Add", "Subtract", "Negative")
    operations = getattr(network, "operations", network.layers)  # functions of keras.ops as well; a stack has none
    other = [type(operation).__name__ for operation in operations if type(operation).__name__ not in allowed]
    with_function = keras.layers.Dense, keras.layers.Activation
    functions = [layer.activation for layer in network.layers if isinstance(layer, with_function)]
    if other or any(function not in (keras.activations.relu, keras.activations.linear) for function in functions):
        raise Hint("not-allowed", "Allowed are `Dense`, with ReLU or without an activation, and joining of paths.")
    x = np.linspace(-4, 4, 33)[:, None]
    y = _outputs(network, x, 1)
    if network.count_params() > MAX_PARAMETERS:
        correct = "It does compute |x|, but it" if close(y, abs(x), 1e-4) else "The network"
        message = f"{correct} has {network.count_params()} parameters; allowed are {MAX_PARAMETERS}."
        raise Hint("many", f"{message} One hidden neuron must do. What can bring `x` itself to the output?")
    if close(y, abs(x), 1e-4):
        return "Without the short path, it takes two hidden neurons and 7 parameters: one neuron for each side of 0."
    if close(y, -abs(x), 1e-4):
        raise Hint("upside-down", "This is -|x|: the right shape, upside down.")
    if any(close(y, candidate, 1e-4) for candidate in (2 * x - np.maximum(0, x), 2 * x + np.maximum(0, -x))):
        raise Hint("order", "Right weights in the wrong order: which rows of `W` belong to which path?")
    if close(y, abs(x) + y[16], 1e-4):
        raise Hint(
            "shifted", f"The right shape, but at 0 it gives {y[16, 0]:.3g}. Which weight moves all values alike?"
        )
    if np.ptp(y[:16]) < 1e-6 or np.ptp(y[17:]) < 1e-6:
        raise Hint("flat", "On one side of 0 the network always says the same: there, nothing of `x` arrives.")
    if close(np.diff(y, axis=0), np.full((32, 1), y[1] - y[0]), 1e-4):
        raise Hint("straight", "The network draws a straight line. Which part of it could make the bend?")
    left, right = y[0, 0], y[-1, 0]
    if close(y, np.where(x < 0, left / -4, right / 4) * x, 1e-4):
        message = (
            f"It bends at 0, as it should, with the slope {left / -4:.3g} on the left and {right / 4:.3g} on the right."
        )
        raise Hint("slopes", f"{message} Which slopes has |x|? Have you set all weights?")
    raise Wrong(f"It gives {left:.3g} for -4 and {right:.3g} for 4; both should be 4. Have you set all weights?")


@exercise(4, "Only the deep path", promise=4, kind="complete", points=2)
def only_deep(deep_only):
    """A function of a wide and deep network that returns a copy of it without the short path."""
    import keras

    rng = np.random.default_rng(9)
    model = _wide_and_deep()
    model.set_weights([rng.normal(size=w.shape) / 3 for w in model.get_weights()])
    before = model.get_weights()
    hidden = keras.Model(inputs=model.input, outputs=model.get_layer("hidden2").output)
    X = rng.normal(size=(20, 8)).astype("float32")
    H, (W, b), whole = hidden(X).numpy(), model.get_layer("output").get_weights(), model(X).numpy()
    network = expect.instance(
        "deep_only(model)", call(deep_only, model, seconds=BUILD_SECONDS), keras.Model, "a Keras network"
    )
    y = _outputs(network, X, 1)
    if network is model or any(not close(old, new) for old, new in zip(before, model.get_weights(), strict=True)):
        raise Hint("original", "The network that was handed over has changed. Change its clone, and return that.")
    if close(y, H @ W[8:] + b, 1e-4):
        return "In training, the deep path learned only what the short path left over; it was never asked to do it all."
    if close(y, whole, 1e-4):
        raise Hint("short-left", "The copy says the same as the whole network. Are the changed weights set in it?")
    if close(y, X @ W[:8] + b, 1e-4):
        raise Hint("short-only", "This leaves only the short path. In which order does `concat` hold the two paths?")
    if close(y, H @ W[8:], 1e-4):
        raise Hint("bias-gone", "The short path is gone, but the bias as well. It should stay.")
    if close(y, np.full((20, 1), b), 1e-4):
        raise Hint("both-gone", "Both paths are gone: for each row the answer is the bias. Eight weights are enough.")
    if close(y, H[:, 22:] @ W[30:] + b, 1e-4):
        raise Hint("thirty", "Thirty weights are 0. How many of the 38 belong to the short path?")
    rest = y - (H @ W[8:] + b)
    if close(rest, X @ np.linalg.lstsq(X, rest)[0], 1e-4):
        raise Hint(
            "part-left", "The deep path is right, but a part of the short path is left. How many weights has it?"
        )
    shapes = [w.shape for w in before]
    copied = network.get_weights()
    if [w.shape for w in copied] == shapes and not close(copied[0], before[0]):
        raise Hint("new-weights", "The hidden layers are not those of `model`: a clone has the plan, but new weights.")
    raise Wrong("The copy should say `H @ W_deep + b` for each row, as in section 5; it says something else.")


@exercise(5, "Two measures for two districts", promise=5, kind="find the bug", points=2)
def same_measure(params_broken, build_compare):
    """Parameters of the broken network; a function that builds one that changes its sign with the districts' places."""
    import keras

    params_broken = expect.whole("params_broken", params_broken)
    one_hidden, last = 8 * 30 + 30, 30 + 1
    if params_broken == one_hidden + last:
        raise Hint(
            "shared-count", "For `params_broken`, take the network as it stands: how many hidden layers are made?"
        )
    if params_broken == 2 * one_hidden:
        raise Hint("last-missing", "`params_broken` lacks the last layer.")
    if params_broken == 2 * one_hidden + 60 + 1:
        raise Hint(
            "last-wide", "In `params_broken`, the last layer is too large. How many numbers does `subtract` return?"
        )
    if params_broken == 2 * 8 * 30 + 30:
        raise Hint("no-biases", "`params_broken` lacks the biases.")
    if params_broken != 2 * one_hidden + last:
        raise Wrong("`params_broken` is not right. Count the three `Dense` layers, one after the other.")
    network = _network("build_compare()", build_compare, [8, 8])
    rng = np.random.default_rng(9)
    network.set_weights([rng.normal(size=w.shape) for w in network.get_weights()])
    A, B, C = rng.normal(size=(3, 50, 8)).astype("float32")
    ab, ba = _outputs(network, [A, B], 1), _outputs(network, [B, A], 1)
    size = np.abs(ab).max() + 1e-6
    dense = [layer.kernel.shape for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    if size < 1e-3:
        raise Hint("always-zero", "`params_broken` is right. This network always says 0: does it see both districts?")
    if close(ab / size, -ba / size, 1e-4):
        if close((_outputs(network, [(A + C) / 2, B], 1) * 2 - _outputs(network, [C, B], 1)) / size, ab / size, 1e-4):
            raise Hint("linear", "It changes its sign, but it is linear now. Keep the thirty hidden neurons with ReLU.")
        return "With this plan, a district compared with itself gives exactly 0, before any training and after it."
    if close(ab / size, ba / size, 1e-4):
        raise Hint(
            "same-sign", "`params_broken` is right. But now both orders give the same answer: what was `subtract` for?"
        )
    if dense.count((8, 30)) > 1:
        raise Hint(
            "two-hidden", "`params_broken` is right. Still, each district goes through a hidden layer of its own."
        )
    if dense.count((30, 1)) > 1:
        raise Hint("two-scores", "The hidden layer is shared. But each district still has a last layer of its own.")
    if any(type(layer).__name__ == "Concatenate" for layer in network.layers):
        raise Hint("side-by-side", "Side by side, the two districts meet different weights: again two measures.")
    if min(ab.min(), ba.min()) >= 0:
        raise Hint(
            "never-below", "The answer is never below 0, so it cannot change its sign. What does the last layer do?"
        )
    if close(_outputs(network, [A + C, B + C], 1) / size, ab / size, 1e-4):
        raise Hint(
            "early", "The difference is taken before the hidden layer, and ReLU bends a - b otherwise than b - a."
        )
    if np.ptp(ab + ba) < 1e-4 * size:
        raise Hint(
            "bias-stays",
            f"The hidden layer is shared. But with weights that I chose, a and b give {ab[0, 0]:.2f}, and b and a give "
            f"{ba[0, 0]:.2f}. Which number is added after the subtraction, and keeps its sign?",
        )
    raise Wrong("`params_broken` is right. But when the districts change places, the answer still does more than that.")


@exercise(6, "Three mistakes, two messages", promise=6, kind="find the bug", points=2)
def three_mistakes(silent_params, build_network):
    """Parameters with only the silent mistake left; a function that builds the network that was meant."""
    import keras

    silent_params = expect.whole("silent_params", silent_params)
    hidden1, hidden2, output = 8 * 20 + 20, 20 * 20 + 20, 8 + 20 + 1
    network = _network("build_network()", build_network, [8])
    rng = np.random.default_rng(9)
    network.set_weights([rng.normal(size=w.shape) for w in network.get_weights()])
    n, X = network.count_params(), rng.normal(size=(20, 8)).astype("float32")
    y = _outputs(network, X, 1)
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    if n == hidden1 + output:
        raise Hint(
            "silent", "It runs, but one hidden layer is on no way from input to output. Follow the plan backwards."
        )
    if n == hidden1 + hidden2 + 20 + 1:
        raise Hint("no-short", "It runs, but the short path is missing: the output sees the deep path only.")
    if n == hidden1 + hidden2 + 20 + 20 + 1:
        raise Hint("wrong-pair", "It runs, but the two hidden layers stand side by side. What is the short path?")
    if n == hidden1 + hidden2 + output and layers[-1].activation is not keras.activations.linear:
        raise Hint("output-bent", "The plan is right. But the output has an activation, which it had not before.")
    if n == hidden1 + hidden2 + output and any(a.activation is not keras.activations.relu for a in layers[:-1]):
        raise Hint("relu-lost", "The plan is right. But a hidden layer has lost its ReLU.")
    if n != hidden1 + hidden2 + output or not _is_wide_and_deep(layers, X, y):
        raise Wrong(f"It runs, and has {n} parameters, but is not yet the wide and deep network with 20 neurons each.")
    if silent_params == n:
        raise Hint(
            "meant-count", "The network is right. For `silent_params`, one mistake is still in it: who is left out?"
        )
    if silent_params == hidden1 + hidden1 + output:
        raise Hint("both-counted", "The network is right. In `silent_params`: do both hidden layers belong to it?")
    if silent_params == 8 * 20 + 8 + 20:
        raise Hint("no-biases", "The network is right. In `silent_params`, the biases are missing.")
    if silent_params == hidden1 + 20 + 1:
        raise Hint("short-forgotten", "The network is right. In `silent_params`, what else arrives at the output?")
    if silent_params != hidden1 + output:
        raise Wrong("The network is right. For `silent_params`, go back from the output and count what you meet.")
    return "Count by hand before you train: it takes a minute, and finds what no message tells."


def _shape(name: str, value) -> tuple:
    """A shape: whole numbers, and None for a length that is open."""
    lengths = tuple(value) if isinstance(value, (tuple, list)) or hasattr(value, "as_list") else ()  # of a tensor
    if not lengths or any(not (n is None or (isinstance(n, int) and not isinstance(n, bool))) for n in lengths):
        raise Form(f"`{name}` is {kind_of(value)}; needed is a shape such as (7, 2), with None for an open length.")
    return lengths


def _network(name: str, build, widths: list[int]):
    """What the student's function builds: a Keras network with inputs of these widths."""
    import keras

    words = " and ".join(f"(None, {width})" for width in widths)
    network = expect.instance(name, call(build, seconds=BUILD_SECONDS), keras.Model, "a network, keras.Model(...)")
    if not network.built or [tuple(x.shape) for x in network.inputs] != [(None, width) for width in widths]:
        raise Form(f"`{name}` is a network whose inputs have other shapes; needed is {words}.")
    return network


def _outputs(network, inputs, n_columns: int) -> np.ndarray:
    """What a network with one output returns, an array (n, n_columns)."""
    try:
        y = network(inputs)
    except Exception:
        raise Form("The network does not run on arrays of the shape of its inputs.") from None
    n_rows = len(inputs[0]) if isinstance(inputs, list) else len(inputs)
    y = y[0] if isinstance(y, (list, tuple)) and len(y) == 1 else y
    return expect.array("what the network returns", y, shape=(n_rows, n_columns))


def _wide_and_deep():
    """The network of section 3, with its names."""
    import keras

    input_ = keras.Input(shape=(8,), name="input")
    hidden1 = keras.layers.Dense(30, activation="relu", name="hidden1")(input_)
    hidden2 = keras.layers.Dense(30, activation="relu", name="hidden2")(hidden1)
    concat = keras.layers.concatenate([input_, hidden2], name="concat")
    return keras.Model(inputs=input_, outputs=keras.layers.Dense(1, name="output")(concat))


def _is_wide_and_deep(layers, X, y) -> bool:
    """Whether the layers, in this order, give y on two paths; either path may come first in the output's weights."""
    if [layer.kernel.shape for layer in layers] != [(8, 20), (20, 20), (28, 1)]:
        return False
    (W1, b1), (W2, b2), (W3, b3) = (layer.get_weights() for layer in layers)
    H = np.maximum(0, np.maximum(0, X @ W1 + b1) @ W2 + b2)
    return any(close(np.hstack(paths) @ W3 + b3, y, 1e-3) for paths in ([X, H], [H, X]))
