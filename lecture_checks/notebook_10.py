"""The checks of notebook 10: can one network answer two questions?"""

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Form, Hint, Wrong, call, close, exercise
from lecture_utils import datasets

BUILD_SECONDS = 5  # more than enough to build a small network
MAX_PARAMETERS = 20_000
SHOES = ("Sandal", "Sneaker", "Ankle boot")
MEAN, STD = 20, 5  # of the temperatures in exercise 5


@exercise(1, "Two paths and a helper", promise=1, kind="by hand")
def two_paths(n_both, hidden1_params, output_params, aux_params, total):
    """Features on both paths and parameters: 3 features wide, 7 deep through 20 and 20 neurons, helper on hidden1."""
    n_both, hidden1_params = expect.whole("n_both", n_both), expect.whole("hidden1_params", hidden1_params)
    output_params, aux_params = expect.whole("output_params", output_params), expect.whole("aux_params", aux_params)
    total = expect.whole("total", total)
    wide, deep = set(range(0, 3)), set(range(1, 8))
    hidden1, hidden2, output, aux = len(deep) * 20 + 20, 20 * 20 + 20, len(wide) + 20 + 1, 20 + 1
    if n_both == len(wide):
        raise Hint(
            "all-wide", "`n_both`: do all features of the short path also take the deep one? Begin with feature 0."
        )
    if n_both != len(wide & deep):
        raise Wrong("`n_both` is not right. Write down the numbers of the features of each path and compare.")
    if hidden1_params == 8 * 20 + 20:
        raise Hint("all-features", "`hidden1_params` counts all eight features. How many arrive at the deep path?")
    if hidden1_params == len(deep) * 20:
        raise Hint("no-biases", "`hidden1_params`: are the biases in it, and both ends of the features 1 to 7?")
    if hidden1_params != hidden1:
        raise Wrong("`hidden1_params` is not right: 20 neurons, each with a weight for each deep feature, and a bias.")
    if output_params == 8 + 20 + 1:
        raise Hint("output-all", "The hidden layer is right. At the output, only some features come by the short path.")
    if output_params == aux:
        raise Hint("output-deep", "The hidden layer is right. The main output sees the short path as well.")
    if output_params == output - 1:
        raise Hint("output-bias", "The hidden layer is right. `output_params` lacks the bias.")
    if output_params == len(wide) + 20 + 20 + 1:
        raise Hint(
            "output-both", "The hidden layer is right. Of the two hidden layers, only one leads to the main output."
        )
    if output_params != output:
        raise Wrong("The hidden layer is right, `output_params` is not. Which columns stand side by side before it?")
    if aux_params == output:
        raise Hint("aux-wide", "The helper sits on the first hidden layer. Does the short path reach it?")
    if aux_params == 20:
        raise Hint("aux-bias", "`aux_params` lacks the bias.")
    if aux_params != aux:
        raise Wrong("`aux_params` is not right: one neuron, which sees the first hidden layer and nothing else.")
    if total == hidden1 + hidden2 + output:
        raise Hint("helper-left-out", "The parts are right. In `total`, the helper is missing.")
    if total == hidden1 + output + aux:
        raise Hint("layer-left-out", "The parts are right. In `total`, a hidden layer is missing.")
    if total != hidden1 + hidden2 + output + aux:
        raise Wrong("The parts are right, `total` is not. Add them up, and the second hidden layer.")
    return "On the first hidden layer, the helper trains this layer alone: the second gets no gradient from it."


@exercise(2, "Error, right or wrong?", promise=2, kind="predict", points=2)
def mix_ups(swapped, equal_swapped, misspelled, reordered, alphabet):
    """What Keras makes of five ways to hand over two arrays: "error", "right" or "wrong" for each."""
    given = {"swapped": swapped, "equal_swapped": equal_swapped, "misspelled": misspelled}
    given |= {"reordered": reordered, "alphabet": alphabet}
    answers = {name: expect.choice(name, value, "error", "right", "wrong") for name, value in given.items()}
    truth = dict(zip(answers, _what_keras_does(), strict=True))
    if answers["swapped"] != truth["swapped"]:
        raise Hint("shapes", "`swapped`: six columns arrive where five are expected. Does the matrix product fit?")
    if answers["equal_swapped"] == "error":
        raise Hint("equal-shapes", "`equal_swapped`: what could Keras notice, if all shapes fit?")
    if answers["equal_swapped"] == "right":
        raise Hint("position", "`equal_swapped`: a list has no names. How does Keras know which array is which?")
    if answers["misspelled"] != truth["misspelled"]:
        raise Hint("name", "`misspelled`: for which input does Keras find no array?")
    if answers["reordered"] != truth["reordered"]:
        raise Hint("order-of-names", "`reordered`: what counts in a dictionary, the order or the names?")
    if answers["alphabet"] == "right":
        raise Hint("declared-order", "`alphabet`: section 2 has a rule for inputs that were declared as a dictionary.")
    if answers["alphabet"] == "error":
        raise Hint("alphabet-fits", "`alphabet`: the example in section 2 had two shapes. Here both are the same.")
    return "The two that run without a word are the dangerous ones, and names in all places avoid both."


@exercise(3, "Poor values", promise=3, kind="find the bug", points=2)
def poor_values(total_as_it_is, compiled):
    """The total loss with lists of weights and outputs declared as a dictionary; a function that compiles by name."""
    import keras

    total_as_it_is = expect.number("total_as_it_is", total_as_it_is)
    if close(total_as_it_is, 0.9 * 2 + 0.1 * 30):
        raise Hint("as-meant", "This total is the one that was meant. How does Keras match lists with a dictionary?")
    if close(total_as_it_is, 2 + 30) or close(total_as_it_is, (2 + 30) / 2):
        raise Hint("unweighted", "`total_as_it_is` has no loss weights in it.")
    if not close(total_as_it_is, 0.1 * 2 + 0.9 * 30):
        raise Wrong("`total_as_it_is` is not right: a weighted sum of 2 and 30. Which of them gets 0.9?")
    x = keras.Input(shape=(3,))
    outputs = {name: keras.layers.Dense(1, name=name)(x) for name in ("value", "age")}
    network = keras.Model(inputs=x, outputs=outputs)
    network = expect.instance(
        "compiled(network)", call(compiled, network, seconds=BUILD_SECONDS), keras.Model, "the compiled network"
    )
    zeros = np.zeros((4, 1), "float32")
    try:
        totals = [
            float(network.compute_loss(y={"value": zeros + v, "age": zeros + a}, y_pred={"value": zeros, "age": zeros}))
            for v, a in ((3, 0), (0, 3))
        ]
    except Exception:
        message = "needed is a loss and a loss weight for each of the outputs, value and age."
        raise Form(f"With this `compile`, Keras cannot compute the loss: {message}") from None
    if close(totals, [0.9 * 9, 0.1 * 9], 1e-4):
        return "The order of the alphabet put age before value; with names, no order can do harm."
    if close(totals, [0.1 * 9, 0.9 * 9], 1e-4):
        raise Hint("still-age", "The total is right. But after your `compile`, the age still gets 0.9.")
    if close(totals[0], totals[1], 1e-4):
        raise Hint("equal", "The total is right. But after your `compile`, both outputs count the same.")
    if close(totals, [0.9 * 3, 0.1 * 3], 1e-4):
        raise Hint("other-loss", "The weights are right now. But the loss should still be the squared error.")
    raise Wrong(
        f"If only the value is wrong, by 3, the total is now {totals[0]:.3g}; it should be 0.9 times 3 squared."
    )


@exercise(4, "Is it a shoe?", promise=4, kind="complete", points=2)
def shoe_head(shoe_labels, n_neurons, activation, loss, always_no):
    """A function that makes labels from classes; neurons, activation and loss of a head; accuracy of always no."""
    n_neurons, always_no = expect.whole("n_neurons", n_neurons), expect.number("always_no", always_no)
    activation = expect.choice("activation", activation, "linear", "relu", "sigmoid", "softmax")
    losses = ("mse", "binary_crossentropy", "sparse_categorical_crossentropy")
    loss = expect.choice("loss", loss, *losses)
    kinds = np.array([9, 0, 5, 1, 7, 2, 3, 8, 4, 6, 5, 5, 7, 0])
    wanted = np.isin(kinds, [datasets.FASHION_MNIST_CLASSES.index(name) for name in SHOES]).astype(float)
    labels = call(shoe_labels, kinds)
    if isinstance(labels, np.ndarray) and labels.shape == (len(kinds), 1):
        labels = labels[:, 0]  # a column is as good for Keras
    is_list = isinstance(labels, (list, tuple)) or (isinstance(labels, np.ndarray) and labels.ndim > 0)
    if is_list and len(labels) == wanted.sum():
        raise Hint("selected", "`shoe_labels` returns fewer labels than there are items: each item needs one, 0 or 1.")
    if isinstance(labels, np.ndarray) and labels.shape == (len(kinds), 2):
        raise Hint("one-hot", "`shoe_labels` returns two numbers for each item. Needed is one: 1 for a shoe, else 0.")
    labels = expect.array("shoe_labels(kinds)", labels, shape=(len(kinds),))
    if close(labels, 1 - wanted):
        raise Hint("no-shoe", "`shoe_labels` is 1 for what is no shoe.")
    if not close(labels, wanted):
        for kind in range(10):
            if (labels != wanted)[kinds == kind].any():
                name = datasets.FASHION_MNIST_CLASSES[kind]
                said = labels[kinds == kind][0]
                raise Hint("class", f"`shoe_labels` returns {said:g} for class {kind}, which is called {name}.")
    if (n_neurons, activation) == (1, "softmax"):
        raise Hint("softmax-one", "The labels are right. What does softmax make of a single number?")
    if activation in ("linear", "relu"):
        raise Hint("no-probability", "The labels are right. The head should say a probability: from 0 to 1.")
    if loss == "mse":
        raise Hint("squared-error", "The labels are right. Yes or no is a classification: which loss goes with that?")
    pairs = [(1, "sigmoid", "binary_crossentropy"), (2, "softmax", "sparse_categorical_crossentropy")]
    if (n_neurons, activation, loss) not in pairs:
        raise Hint("pair", "The labels are right. Number of neurons, activation and loss do not go together.")
    if close(always_no, 0.3):
        raise Hint("yes-counted", "The head is right. `always_no`: this is how often that answer is wrong.")
    if close(always_no, 0.5):
        raise Hint("coin", "The head is right. Two answers are possible, but are they equally frequent?")
    if close(always_no, 0.9):
        raise Hint("one-class", "The head is right. For `always_no`, count how many of the ten classes are shoes.")
    if close(always_no, 70):
        raise Hint("percent", "The head is right. `always_no` is a share: a number from 0 to 1, not a percentage.")
    if not close(always_no, 0.7):
        raise Wrong("The head is right, `always_no` is not: a share from 0 to 1 of the items.")
    return "A head adds little: two neurons at most, on features that the two other heads have made already."


@exercise(5, "Which loss is louder?", promise=5, kind="by hand", points=2)
def louder_loss(raw_loss, standardized_loss, weight, finer_weight):
    """MSE of 0 for targets with mean 20 and standard deviation 5; weights that units without the mean stand for."""
    raw_loss = expect.number("raw_loss", raw_loss)
    standardized_loss = expect.number("standardized_loss", standardized_loss)
    weight, finer_weight = expect.number("weight", weight), expect.number("finer_weight", finer_weight)
    if close(raw_loss, MEAN**2):
        raise Hint("no-variance", "`raw_loss` would be this if all days were equally warm. What does the spread add?")
    if close(raw_loss, STD**2):
        raise Hint("no-mean", "`raw_loss` would be this for a network that always says the mean. It says 0.")
    if close(raw_loss, MEAN**2 + STD) or close(raw_loss, (MEAN + STD) ** 2):
        raise Hint("not-variance", "`raw_loss`: the variance is the square of the standard deviation, added to what?")
    if close(raw_loss, MEAN):
        raise Hint("unsquared", "`raw_loss`: this is the mean of the errors. The loss is the mean of their squares.")
    if not close(raw_loss, MEAN**2 + STD**2):
        raise Wrong("`raw_loss` is not right: the mean of the squares, as in section 5.")
    if close(standardized_loss, 0):
        raise Hint("zero", "`standardized_loss`: 0 is right on average, but is it right for each day?")
    if close(standardized_loss, STD**2):
        raise Hint("not-divided", "In `standardized_loss` the mean is taken off. What else is done to the targets?")
    if close(standardized_loss, (MEAN**2 + STD**2) / STD**2):
        raise Hint("not-centered", "In `standardized_loss` the unit has changed. But the mean is taken off as well.")
    if not close(standardized_loss, 1):
        raise Wrong("`standardized_loss` is not right. What are mean and variance of standardized targets?")
    if close(weight, STD):
        raise Hint(
            "not-squared", "Both losses are right. In `weight`, each error is larger by that factor; its square?"
        )
    if close(weight, 1 / STD**2):
        raise Hint("inverse", "Both losses are right. `weight` is the wrong way round: which loss is the larger one?")
    if close(weight, MEAN**2 + STD**2):
        raise Hint("mean-left", "Both losses are right. For `weight`, the mean has been taken off already.")
    if not close(weight, STD**2):
        raise Wrong("Both losses are right, `weight` is not. By which factor do the errors differ, and their squares?")
    if close(finer_weight, 10 * STD**2):
        raise Hint("ten", "All but `finer_weight` is right. There, the numbers are ten times as large; the squares?")
    if close(finer_weight, STD**2):
        raise Hint("same-unit", "All but `finer_weight` is right. Does a squared error not depend on the unit?")
    if close(finer_weight, STD**2 / 100) or close(finer_weight, STD**2 / 10):
        raise Hint("smaller", "All but `finer_weight` is right. In tenths, are the numbers smaller or larger?")
    if not close(finer_weight, (10 * STD) ** 2):
        raise Wrong("All but `finer_weight` is right. What is the standard deviation in tenths of a degree?")
    return "So whoever chooses a unit chooses a loss weight; standardized targets make the choice visible."


@exercise(6, "As large as allowed", promise=6, kind="design", points=2)
def as_large_as_allowed(build_shared, n_separate):
    """A function that builds a network with two heads and at most 20,000 parameters; neurons of two separate ones."""
    import keras

    n_separate = expect.whole("n_separate", n_separate)
    network = call(build_shared, seconds=BUILD_SECONDS)
    network = expect.instance("build_shared()", network, keras.Model, "a network, keras.Model(...)")
    if isinstance(network, keras.Sequential):
        raise Hint(
            "stack", "A stack has one end. For two heads, take the functional API: `keras.Model(inputs, outputs)`."
        )
    heads = network.output if isinstance(network.output, dict) else {}
    shapes = {name: tuple(getattr(head, "shape", ())) for name, head in heads.items()}
    if [tuple(x.shape) for x in network.inputs] != [(None, 28, 28)]:
        raise Form("The network needs one input, for pictures of the shape (28, 28).")
    if shapes == {"kind": (None, 28, 10), "turned": (None, 28, 1)}:
        raise Hint(
            "not-flattened", "It answers for each of the 28 rows of a picture. Which layer makes one row of them?"
        )
    if shapes != {"kind": (None, 10), "turned": (None, 1)}:
        raise Form("The outputs of the network should be a dictionary: kind with 10 numbers, turned with one.")
    dense = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    bodies = [layer for layer in dense if layer.kernel.shape[0] == 28 * 28]
    n = network.count_params()
    if len(bodies) > 1:
        raise Hint("not-shared", "Each head has a hidden layer of its own. One hidden layer should feed both.")
    if not bodies or len(dense) != 3:
        raise Wrong("Needed are a flattened picture, one hidden layer on all its pixels, and two heads on that.")
    if any(layer.kernel.shape[0] != bodies[0].units for layer in dense if layer is not bodies[0]):
        raise Hint("in-a-row", "One head is built on the other. Both should be fed by the hidden layer.")
    bends = [layer for layer in network.layers if layer is bodies[0] or layer not in dense]
    relu = keras.activations.relu
    if not any(isinstance(layer, keras.layers.ReLU) or getattr(layer, "activation", None) is relu for layer in bends):
        raise Hint("no-relu", "The hidden layer should have ReLU.")
    rng = np.random.default_rng(10)
    network.set_weights([rng.normal(size=w.shape) / 9 for w in network.get_weights()])
    picture = rng.normal(size=(200, 28, 28)).astype("float32")
    p = {name: np.asarray(head) for name, head in network(picture).items()}
    if not close(p["kind"].sum(axis=1), np.ones(200), 1e-3):
        raise Hint("no-softmax", "The ten numbers of kind should be probabilities that add up to 1.")
    if p["turned"].min() < 0 or p["turned"].max() > 1 or np.ptp(p["turned"]) < 1e-3:
        raise Hint("no-logistic", "The output turned should be a probability, from a single neuron.")
    if n > MAX_PARAMETERS:
        raise Hint("too-many", f"The network has {n:,} parameters; allowed are {MAX_PARAMETERS:,}.")
    size, per_neuron = bodies[0].units, 784 + 1 + 10 + 1
    if n + per_neuron <= MAX_PARAMETERS:
        raise Hint("not-largest", f"{n:,} parameters are allowed, but one more neuron would fit as well.")
    if n_separate == size:
        raise Hint("same-size", "The network is right. Would two of them, one for each question, fit as well?")
    largest = (MAX_PARAMETERS - 11) // (2 * 785 + 11)  # a body for each head
    if n_separate == largest + 1:
        raise Hint("just-above", "The network is right. `n_separate` comes out a little above 20,000; round down.")
    if n_separate != largest:
        raise Wrong(
            "The network is right, `n_separate` is not. How many parameters does a neuron bring in both together?"
        )
    return "Sharing leaves room for about twice as many hidden neurons; whether they pay off, only measuring tells."


def _what_keras_does() -> list[str]:
    """The result of each of the five calls of exercise 2, found by trying."""
    import keras

    def network(n_second, names, as_dictionary):
        first, second = (keras.Input(shape=(n,), name=name) for n, name in zip((5, n_second), names, strict=True))
        hidden = keras.layers.Dense(4, activation="relu")(second)
        inputs = dict(zip(names, (first, second), strict=True)) if as_dictionary else [first, second]
        return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.concatenate([first, hidden])))

    def result(model, given, meant):
        try:
            return "right" if close(model(given), model(meant)) else "wrong"
        except Exception:
            return "error"

    rng = np.random.default_rng(10)
    a, b, six = (rng.normal(size=(3, n)).astype("float32") for n in (5, 5, 6))
    different, same = network(6, ("a", "b"), False), network(5, ("a", "b"), False)
    declared = network(5, ("wide", "deep"), True)
    return [
        result(different, [six, a], [a, six]),
        result(same, [b, a], [a, b]),
        result(same, {"a": a, "bb": b}, [a, b]),
        result(same, {"b": b, "a": a}, [a, b]),
        result(declared, [a, b], {"wide": a, "deep": b}),
    ]
