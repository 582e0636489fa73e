"""The checks of notebook 10: can one network answer two questions?"""

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Form, Hint, Wrong, call, close, exercise
from lecture_checks.mistakes import IN_TESTS, AnyOf, choose, judge, rule_out
from lecture_utils import datasets

BUILD_SECONDS = 5  # more than enough to build a small network
MAX_PARAMETERS = 20_000
MEAN, STD = 20, 5  # of the temperatures in exercise 5


def is_shoe(kinds):
    return np.isin(kinds, [datasets.FASHION_MNIST_CLASSES.index(name) for name in ("Sandal", "Sneaker", "Ankle boot")])


def what_keras_does() -> list[str]:
    """The results of the first four calls of exercise 2, found by trying."""
    import keras

    def network(n_second):
        first, second = keras.Input(shape=(5,), name="a"), keras.Input(shape=(n_second,), name="b")
        hidden = keras.layers.Dense(4, activation="relu")(second)
        return keras.Model([first, second], keras.layers.Dense(1)(keras.layers.concatenate([first, hidden])))

    def result(model, given, meant):
        try:
            return "right" if close(model(given), model(meant)) else "wrong"
        except Exception:
            return "error"

    rng = np.random.default_rng(10)
    a, b, six = (rng.normal(size=(3, n)).astype("float32") for n in (5, 5, 6))
    same = network(5)
    return [
        result(network(6), [six, a], [a, six]),
        result(same, [b, a], [a, b]),
        result(same, {"a": a, "bb": b}, [a, b]),
        result(same, {"b": b, "a": a}, [a, b]),
    ]


def has_relu(layer) -> bool:
    import keras

    return isinstance(layer, keras.layers.ReLU) or getattr(layer, "activation", None) is keras.activations.relu


# fmt: off


@exercise(1, "Two paths and a helper", promise=1, kind="by hand")
def two_paths(n_both, hidden1_params, output_params, aux_params, total):
    """Features on both paths and parameters: 3 features wide, 7 deep through 20 and 20 neurons, helper on hidden1."""
    n_both, hidden1_params = expect.whole("n_both", n_both), expect.whole("hidden1_params", hidden1_params)
    output_params, aux_params = expect.whole("output_params", output_params), expect.whole("aux_params", aux_params)
    total = expect.whole("total", total)
    wide, deep = set(range(0, 3)), set(range(1, 8))
    hidden1, hidden2, output, aux = len(deep) * 20 + 20, 20 * 20 + 20, len(wide) + 20 + 1, 20 + 1
    judge("n_both", n_both, right=len(wide & deep), known=[
        ("all-wide", len(wide),
         "`n_both`: do all features of the short path also take the deep one? Begin with feature 0."),
    ], otherwise="`n_both` is not right. Write down the numbers of the features of each path and compare.")
    judge("hidden1_params", hidden1_params, right=hidden1, known=[
        ("all-features", 8 * 20 + 20, "`hidden1_params` counts all eight features. How many arrive at the deep path?"),
        ("no-biases", len(deep) * 20, "`hidden1_params`: are the biases in it, and both ends of the features 1 to 7?"),
    ], otherwise="`hidden1_params` is not right: 20 neurons, each with a weight for each deep feature, and a bias.")
    judge("output_params", output_params, right=output, opening="The hidden layer is right.", known=[
        ("output-all", 8 + 20 + 1, "At the output, only some features come by the short path."),
        ("output-deep", aux, "The main output sees the short path as well."),
        ("output-bias", output - 1, "`output_params` lacks the bias."),
        ("output-both", output + 20, "Of the two hidden layers, only one leads to the main output."),
    ], otherwise="The hidden layer is right, `output_params` is not. Which columns stand side by side before it?")
    judge("aux_params", aux_params, right=aux, known=[
        ("aux-wide", output, "The helper sits on the first hidden layer. Does the short path reach it?"),
        ("aux-bias", 20, "`aux_params` lacks the bias."),
    ], otherwise="`aux_params` is not right: one neuron, which sees the first hidden layer and nothing else.")
    judge("total", total, right=hidden1 + hidden2 + output + aux, opening="The parts are right.", known=[
        ("helper-left-out", hidden1 + hidden2 + output, "In `total`, the helper is missing."),
        ("layer-left-out", hidden1 + output + aux, "In `total`, a hidden layer is missing."),
    ], otherwise="The parts are right, `total` is not. Add them up, and the second hidden layer.")
    return "On the first hidden layer, the helper trains this layer alone: the second gets no gradient from it."


@exercise(2, "Error, right or wrong?", promise=2, kind="predict", points=2)
def mix_ups(swapped, equal_swapped, misspelled, reordered, alphabet):
    """What Keras makes of five ways to hand over two arrays: "error", "right" or "wrong" for each."""
    given = {"swapped": swapped, "equal_swapped": equal_swapped, "misspelled": misspelled}
    given |= {"reordered": reordered, "alphabet": alphabet}
    said = {name: expect.choice(name, value, "error", "right", "wrong") for name, value in given.items()}
    truth = dict(zip(said, what_keras_does(), strict=False))
    choose("swapped", said["swapped"], right=truth["swapped"], known=[
        ("shapes", AnyOf("right", "wrong"),
         "`swapped`: six columns arrive where five are expected. Does the matrix product fit?"),
    ])
    choose("equal_swapped", said["equal_swapped"], right=truth["equal_swapped"], known=[
        ("equal-shapes", "error", "`equal_swapped`: what could Keras notice, if all shapes fit?"),
        ("position", "right", "`equal_swapped`: a list has no names. How does Keras know which array is which?"),
    ])
    choose("misspelled", said["misspelled"], right=truth["misspelled"], known=[
        ("name", AnyOf("right", "wrong"), "`misspelled`: for which input does Keras find no array?"),
    ])
    choose("reordered", said["reordered"], right=truth["reordered"], known=[
        ("order-of-names", AnyOf("error", "wrong"),
         "`reordered`: what counts in a dictionary, the order or the names?"),
    ])
    choose("alphabet", said["alphabet"], right="wrong", known=[
        ("declared-order", "right", "`alphabet`: section 2 has a rule for inputs that were declared as a dictionary."),
        ("alphabet-fits", "error", "`alphabet`: the example in section 2 had two shapes. Here both are the same."),
    ])
    return "The two that run without a word are the dangerous ones, and names in all places avoid both."


@exercise(3, "Poor values", promise=3, kind="find the bug", points=2)
def poor_values(total_as_it_is, compiled):
    """The total loss with lists of weights and outputs declared as a dictionary; a function that compiles by name."""
    import keras

    total_as_it_is = expect.number("total_as_it_is", total_as_it_is)
    judge("total_as_it_is", total_as_it_is, right=0.1 * 2 + 0.9 * 30, known=[
        ("as-meant", 0.9 * 2 + 0.1 * 30,
         "This total is the one that was meant. How does Keras match lists with a dictionary?"),
        ("unweighted", AnyOf(2 + 30, (2 + 30) / 2), "`total_as_it_is` has no loss weights in it."),
    ], otherwise="`total_as_it_is` is not right: a weighted sum of 2 and 30. Which of them gets 0.9?")
    x = keras.Input(shape=(3,))
    outputs = {name: keras.layers.Dense(1, name=name)(x) for name in ("value", "age")}
    network = keras.Model(inputs=x, outputs=outputs)
    network = expect.instance(
        "compiled(network)", call(compiled, network, seconds=BUILD_SECONDS), keras.Model, "the compiled network"
    )
    zeros = np.zeros((4, 1), "float32")
    try:
        of_value, of_age = totals = [
            float(network.compute_loss(y={"value": zeros + v, "age": zeros + a}, y_pred={"value": zeros, "age": zeros}))
            for v, a in ((3, 0), (0, 3))
        ]
    except Exception:
        message = "needed is a loss and a loss weight for each of the outputs, value and age."
        raise Form(f"With this `compile`, Keras cannot compute the loss: {message}") from None
    judge("compiled", totals, right=[0.9 * 9, 0.1 * 9], within=1e-4, known=[
        ("still-age", IN_TESTS, "The total is right. But after your `compile`, the age still gets 0.9.",
         close(totals, [0.1 * 9, 0.9 * 9], 1e-4)),
        ("equal", IN_TESTS, "The total is right. But after your `compile`, both outputs count the same.",
         close(of_value, of_age, 1e-4)),
        ("other-loss", IN_TESTS, "The weights are right now. But the loss should still be the squared error.",
         close(totals, [0.9 * 3, 0.1 * 3], 1e-4)),
    ], otherwise=(
        f"If only the value is wrong, by 3, the total is now {of_value:.3g}; it should be 0.9 times 3 squared."
    ))
    return "The order of the alphabet put age before value; with names, no order can do harm."


@exercise(4, "Is it a shoe?", promise=4, kind="complete", points=2)
def shoe_head(shoe_labels, n_neurons, activation, loss, always_no):
    """A function that makes labels from classes; neurons, activation and loss of a head; accuracy of always no."""
    n_neurons, always_no = expect.whole("n_neurons", n_neurons), expect.number("always_no", always_no)
    activation = expect.choice("activation", activation, "linear", "relu", "sigmoid", "softmax")
    binary, sparse = "binary_crossentropy", "sparse_categorical_crossentropy"
    loss = expect.choice("loss", loss, "mse", binary, sparse)
    kinds = np.array([9, 0, 5, 1, 7, 2, 3, 8, 4, 6, 5, 5, 7, 0])
    right = is_shoe(kinds).astype(float)
    labels = call(shoe_labels, kinds)
    shape = labels.shape if isinstance(labels, np.ndarray) else ()
    if isinstance(labels, (list, tuple)):
        shape = (len(labels),)
    rule_out("shoe_labels", known=[
        ("selected", lambda kinds: kinds[is_shoe(kinds)],
         "`shoe_labels` returns fewer labels than there are items: each item needs one, 0 or 1.",
         shape[:1] == (right.sum(),)),
        ("one-hot", lambda kinds: np.eye(2)[is_shoe(kinds).astype(int)],
         "`shoe_labels` returns two numbers for each item. Needed is one: 1 for a shoe, else 0.",
         shape == (len(kinds), 2)),
    ])
    if shape == (len(kinds), 1):
        labels = labels[:, 0]  # a column is as good for Keras
    labels = expect.array("shoe_labels(kinds)", labels, shape=(len(kinds),))
    kind = min(kinds[labels != right], default=0)
    said, name = labels[kinds == kind][0], datasets.FASHION_MNIST_CLASSES[kind]
    judge("shoe_labels", labels, is_right=close(labels, right), known=[
        ("no-shoe", lambda kinds: ~is_shoe(kinds), "`shoe_labels` is 1 for what is not a shoe.",
         close(labels, 1 - right)),
        ("class", lambda kinds: kinds >= 5, f"`shoe_labels` returns {said:g} for class {kind}, which is called {name}.",
         True),
    ])
    head = n_neurons, activation, loss
    is_right = head in [(1, "sigmoid", binary), (2, "softmax", sparse)]
    judge("n_neurons activation loss", head, is_right=is_right, opening="The labels are right.", known=[
        ("softmax-one", (1, "softmax", binary), "What does softmax make of a single number?",
         head[:2] == (1, "softmax")),
        ("no-probability", AnyOf((1, "linear", binary), (1, "relu", binary)),
         "The head should say a probability: from 0 to 1.", activation in ("linear", "relu")),
        ("squared-error", (1, "sigmoid", "mse"), "Yes or no is a classification: which loss goes with that?",
         loss == "mse"),
        ("pair", AnyOf((1, "sigmoid", sparse), (2, "sigmoid", binary), (3, "softmax", sparse), (10, "softmax", sparse)),
         "Number of neurons, activation and loss do not go together.", True),
    ])
    judge("always_no", always_no, right=0.7, opening="The head is right.", known=[
        ("yes-counted", 0.3, "`always_no`: this is how often that answer is wrong."),
        ("coin", 0.5, "Two answers are possible, but are they equally frequent?"),
        ("one-class", 0.9, "For `always_no`, count how many of the ten classes are shoes."),
        ("percent", 70, "`always_no` is a share: a number from 0 to 1, not a percentage."),
    ], otherwise="The head is right, `always_no` is not: a share from 0 to 1 of the items.")
    return "A head adds little: two neurons at most, on features that the two other heads have made already."


@exercise(5, "Which loss is louder?", promise=5, kind="by hand", points=2)
def louder_loss(raw_loss, standardized_loss, weight, finer_weight):
    """MSE of 0 for targets with mean 20 and standard deviation 5; weights that units without the mean stand for."""
    raw_loss = expect.number("raw_loss", raw_loss)
    standardized_loss = expect.number("standardized_loss", standardized_loss)
    weight, finer_weight = expect.number("weight", weight), expect.number("finer_weight", finer_weight)
    judge("raw_loss", raw_loss, right=MEAN**2 + STD**2, known=[
        ("no-variance", MEAN**2, "`raw_loss` would be this if all days were equally warm. What does the spread add?"),
        ("no-mean", STD**2, "`raw_loss` would be this for a network that always says the mean. It says 0."),
        ("not-variance", AnyOf(MEAN**2 + STD, (MEAN + STD) ** 2),
         "`raw_loss`: the variance is the square of the standard deviation, added to what?"),
        ("unsquared", MEAN, "`raw_loss`: this is the mean of the errors. The loss is the mean of their squares."),
    ], otherwise="`raw_loss` is not right: the mean of the squares, as in section 5.")
    judge("standardized_loss", standardized_loss, right=1, known=[
        ("zero", 0, "`standardized_loss`: 0 is right on average, but is it right for each day?"),
        ("not-divided", STD**2, "In `standardized_loss` the mean is taken off. What else is done to the targets?"),
        ("not-centered", (MEAN**2 + STD**2) / STD**2,
         "In `standardized_loss` the unit has changed. But the mean is taken off as well."),
    ], otherwise="`standardized_loss` is not right. What are mean and variance of standardized targets?")
    judge("weight", weight, right=STD**2, opening="Both losses are right.", known=[
        ("not-squared", STD, "In `weight`, each error is larger by that factor; its square?"),
        ("inverse", 1 / STD**2, "`weight` is the wrong way round: which loss is the larger one?"),
        ("mean-left", MEAN**2 + STD**2, "For `weight`, the mean has been taken off already."),
    ], otherwise="Both losses are right, `weight` is not. By which factor do the errors differ, and their squares?")
    judge("finer_weight", finer_weight, right=(10 * STD) ** 2, opening="All but `finer_weight` is right.", known=[
        ("ten", 10 * STD**2, "There, the numbers are ten times as large; the squares?"),
        ("same-unit", STD**2, "Does a squared error not depend on the unit?"),
        ("smaller", AnyOf(STD**2 / 100, STD**2 / 10), "In tenths, are the numbers smaller or larger?"),
    ], otherwise="All but `finer_weight` is right. What is the standard deviation in tenths of a degree?")
    return "So whoever chooses a unit chooses a loss weight; standardized targets make the choice visible."


@exercise(6, "As large as allowed", promise=6, kind="design", points=2)
def as_large_as_allowed(build_shared, n_separate):
    """A function that builds a network with two heads and at most 20,000 parameters; neurons of two separate ones."""
    import keras

    n_separate = expect.whole("n_separate", n_separate)
    network = call(build_shared, seconds=BUILD_SECONDS)
    network = expect.instance("build_shared()", network, keras.Model, "a network, keras.Model(...)")
    if isinstance(network, keras.Sequential):
        message = "A stack has one end. For two heads, take the functional API: `keras.Model(inputs, outputs)`."
        raise Hint("stack", message)
    heads = network.output if isinstance(network.output, dict) else {}
    shapes = {name: tuple(getattr(head, "shape", ())) for name, head in heads.items()}
    if [tuple(x.shape) for x in network.inputs] != [(None, 28, 28)]:
        raise Form("The network needs one input, for pictures of the shape (28, 28).")
    if shapes == {"kind": (None, 28, 10), "turned": (None, 28, 1)}:
        message = "It answers for each of the 28 rows of a picture. Which layer makes one row of them?"
        raise Hint("not-flattened", message)
    if shapes != {"kind": (None, 10), "turned": (None, 1)}:
        raise Form("The outputs of the network should be a dictionary: kind with 10 numbers, turned with one.")
    dense = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    bodies = [layer for layer in dense if layer.kernel.shape[0] == 28 * 28]
    if len(bodies) > 1:
        raise Hint("not-shared", "Each head has a hidden layer of its own. One hidden layer should feed both.")
    if not bodies or len(dense) != 3:
        raise Wrong("Needed are a flattened picture, one hidden layer on all its pixels, and two heads on that.")
    n, size, per_neuron = network.count_params(), bodies[0].units, 784 + 1 + 10 + 1
    heads = [layer for layer in dense if layer is not bodies[0]]
    rng = np.random.default_rng(10)
    network.set_weights([rng.normal(size=w.shape) / 9 for w in network.get_weights()])
    answers = network(rng.normal(size=(200, 28, 28)).astype("float32"))
    kind, turned = np.asarray(answers["kind"]), np.asarray(answers["turned"])
    rule_out("build_shared", known=[
        ("in-a-row", IN_TESTS, "One head is built on the other. Both should be fed by the hidden layer.",
         any(head.kernel.shape[0] != size for head in heads)),
        ("no-relu", IN_TESTS, "The hidden layer should have ReLU.",
         not any(has_relu(layer) for layer in network.layers if layer not in heads)),
        ("no-softmax", IN_TESTS, "The ten numbers of kind should be probabilities that add up to 1.",
         not close(kind.sum(axis=1), np.ones(200), 1e-3)),
        ("no-logistic", IN_TESTS, "The output turned should be a probability, from a single neuron.",
         turned.min() < 0 or turned.max() > 1 or np.ptp(turned) < 1e-3),
        ("too-many", IN_TESTS, f"The network has {n:,} parameters; {MAX_PARAMETERS:,} are allowed.",
         n > MAX_PARAMETERS),
        ("not-largest", IN_TESTS, f"{n:,} parameters are allowed, but one more neuron would fit as well.",
         n + per_neuron <= MAX_PARAMETERS),
    ])
    largest = (MAX_PARAMETERS - 11) // (2 * 785 + 11)  # a body for each head
    judge("n_separate", n_separate, right=largest, opening="The network is right.", known=[
        ("same-size", size, "Would two of them, one for each question, fit as well?"),
        ("just-above", largest + 1, "`n_separate` comes out a little above 20,000; round down."),
    ], otherwise="The network is right, `n_separate` is not. How many parameters does a neuron bring in both together?")
    return "Sharing leaves room for about twice as many hidden neurons; whether they pay off, only measuring tells."
