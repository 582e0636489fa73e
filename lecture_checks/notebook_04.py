"""The checks of notebook 04: how does a network know which weight to change?"""

from functools import cache
from itertools import pairwise

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Hint, call, close, exercise
from lecture_checks.mistakes import AnyOf, all_close, choose, judge, judge_function, rule_out
from lecture_utils import datasets, from_scratch
from lecture_utils.from_scratch import logistic

MAX_PARAMETERS, GOAL, EPOCHS = 6500, 0.77, 8


def near(a, b) -> bool:
    """Whether a is b, up to the rounding of a computation by hand with three digits."""
    return bool(abs(a - b) <= 0.0015 + 0.01 * abs(b))


def slope(a):
    """The slope of the logistic function where its output is a."""
    return a * (1 - a)


def backward_with(slope, dW=lambda a, dz: a.T @ dz, db=lambda dz: dz.sum(axis=0), first=1):
    """A backward pass with the slope as a function of the activations; `first` multiplies the first dz."""

    def backward(activations, labels, weights):
        P = activations[-1]
        dz, gradients = first * (P - np.eye(P.shape[1])[labels]) / len(P), []
        for i in reversed(range(len(weights))):
            gradients.insert(0, (dW(activations[i], dz), db(dz)))
            dz = dz @ weights[i][0].T * slope(activations[i])
        return gradients

    return backward


def slopes_with(dw1, passed_back=lambda d, w: d * w, spoil=1):
    """Slopes of a neuron with two outputs: dw1 as a function of what the two say about a, of x and of a."""

    def slopes(x, y1, y2, w1, w2, w3):
        a = logistic(np.array(x * w1))
        dp, dq = 2 * (a * w2 - y1), 2 * (a * w3 - y2)
        return dw1(passed_back(dp, w2), passed_back(dq, w3), x, a), spoil * dp * a, dq * a

    return slopes


def n_different_after_training(weights) -> int:
    """Train on XOR, one instance a batch, in random order; count the different columns of the hidden layer."""
    X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    mlp = from_scratch.MLP([2, 3, 1], hidden="logistic", output="logistic", loss="binary_cross_entropy", seed=5)
    mlp.weights = weights
    mlp.fit(X, y, epochs=20, batch_size=1, learning_rate=0.5)
    return len(np.unique(np.vstack(mlp.weights[0]).round(9), axis=1).T)


@cache
def best_accuracy(sizes: tuple[int, ...], learning_rate: float) -> float:
    """The best accuracy on 2,000 images after an epoch, of 8 epochs with 10,000 others of Fashion-MNIST."""
    (images, labels), _ = datasets.load_fashion_mnist()
    X, y = (images[:12_000] / np.float32(255)).reshape(-1, 784), labels[:12_000]
    mlp = from_scratch.MLP(sizes, hidden="relu", output="softmax", loss="cross_entropy", seed=3)
    options = {"epochs": EPOCHS, "learning_rate": learning_rate, "validation_data": (X[:2000], y[:2000])}
    return max(mlp.fit(X[2000:], y[2000:], **options).history["val_accuracy"])


# fmt: off


@exercise(1, "Another target", promise=2, kind="by hand", points=2)
def another_target(dC_da2, dC_dz2, dC_dw2, dC_dw1):
    """Derivatives of the loss in the chain of section 3, for y = 0."""
    dC_da2, dC_dz2 = expect.number("dC_da2", dC_da2), expect.number("dC_dz2", dC_dz2)
    dC_dw2, dC_dw1 = expect.number("dC_dw2", dC_dw2), expect.number("dC_dw1", dC_dw1)
    x, w1, b1, w2, b2, y = 1.5, 0.8, -0.2, -1.5, 0.1, 0
    a1 = logistic(np.array(x * w1 + b1))
    z2 = a1 * w2 + b2
    a2 = logistic(z2)
    da2 = 2 * (a2 - y)
    dz2, slope1 = da2 * slope(a2), slope(a1)
    given, right = [dC_da2, dC_dz2, dC_dw2, dC_dw1], [da2, dz2, dz2 * a1, dz2 * w2 * slope1 * x]
    rule_out("dC_da2 dC_dz2 dC_dw2 dC_dw1", known=[
        ("two-digits", np.round(right, 2), "Right, but for the rounding to two decimal places. Give three of them.",
         not all(map(near, given, right)) and close(given, np.round(right, 2))),
    ])
    judge("dC_da2", dC_da2, right=da2, same=near, known=[
        ("old-target", 2 * (a2 - 1), "`dC_da2` is that of section 3, where the target was 1. Here it is 0."),
        ("no-two", a2 - y, "In `dC_da2` a factor is missing: what is the derivative of a square?"),
        ("loss-sign", -da2, "Look at the sign of `dC_da2`: does the loss rise or fall when the output grows?"),
        ("loss", (a2 - y) ** 2, "`dC_da2` is the loss itself. We need its slope."),
    ], otherwise="`dC_da2` is not right. The loss is the square of output minus target.")
    judge("dC_dz2", dC_dz2, right=dz2, same=near, known=[
        ("slope-forgotten", da2, "`dC_dz2` has not changed on the way through the logistic function. It should."),
        ("slope-of-z", da2 * z2 * (1 - z2),
         "For `dC_dz2` you took the number before the activation for the slope, not after it."),
        ("half-slope", AnyOf(da2 * a2, da2 * (1 - a2)),
         "`dC_dz2` has only one half of the slope of the logistic function, which is a product."),
        ("slope-sign", -dz2,
         "`dC_dz2` has the right size. The logistic function rises: what sign does its slope have?"),
        ("local", slope(a2),
         "`dC_dz2` is the slope of `a2` alone. To get from it to the loss, one more factor is needed."),
        ("slope-of-a", da2 * slope(logistic(a2)),
         "For the slope in `dC_dz2` you applied the logistic function to `a2`, its own output."),
    ], otherwise="`dC_da2` is right, `dC_dz2` is not: multiply by the slope of the logistic function.")
    judge("dC_dw2", dC_dw2, right=dz2 * a1, same=near, known=[
        ("no-input", dz2, "`dC_dw2` is that of the bias. What does the weight multiply?"),
        ("other-factor", AnyOf(dz2 * w2, dz2 * x),
         "For `dC_dw2` you multiplied by the wrong number. What does this weight multiply?"),
    ], otherwise="The first two are right, `dC_dw2` is not: multiply by what the weight multiplies.")
    judge("dC_dw1", dC_dw1, right=dz2 * w2 * slope1 * x, same=near, known=[
        ("no-x", dz2 * w2 * slope1,
         "All right up to the last step: this is the derivative with respect to the bias of the first neuron."),
        ("slope1-forgotten", dz2 * w2 * x, "`dC_dw1` did not pass the activation of the first neuron."),
        ("no-weight", dz2 * slope1 * x, "`dC_dw1` did not pass the weight between the two neurons. Mind its sign."),
        ("back-by-a1", dz2 * a1 * slope1 * x,
         "Back to the first neuron the derivative passes through the weight, not times `a1`."),
        ("half-slope1", AnyOf(dz2 * w2 * a1 * x, dz2 * w2 * (1 - a1) * x),
         "`dC_dw1`: you took only one half of the slope of the first neuron; it is a product."),
        ("weight-sign", -dz2 * w2 * slope1 * x,
         "`dC_dw1` has the right size. What sign does the weight have that it passes on its way?"),
    ], otherwise="All but `dC_dw1` are right. Go back from `dC_dz2`: weight, activation, input.")
    return "All derivatives are those of section 3 times one number, (0.270 - 0) / (0.270 - 1): the chain is the same."


@exercise(2, "Two ways to nudge", promise=1, kind="by hand")
def two_nudges(one_sided, central, one_sided_gain, central_gain):
    """Slopes of w cubed at 1 by nudges of 0.1; how many times smaller the errors are with 0.01."""
    one_sided, central = expect.number("one_sided", one_sided), expect.number("central", central)
    one_sided_gain = expect.number("one_sided_gain", one_sided_gain)
    central_gain = expect.number("central_gain", central_gain)
    above, at, below = 1.1**3, 1.0, 0.9**3
    right, exact = ((above - at) / 0.1, (above - below) / 0.2), 3
    otherwise = "`one_sided` is not right. Compute the loss at 1 and at 1.1, each with all digits."
    if close(one_sided, right[0], 1e-3):
        otherwise = "`one_sided` is right, `central` is not. Compute the loss at 1.1 and at 0.9, each with all digits."
    judge("one_sided central", (one_sided, central), right=right, within=1e-3, known=[
        ("swapped", right[::-1], "Both numbers are right, but they have changed places."),
        ("not-divided", AnyOf((above - at, right[1]), (right[0], above - below)),
         "One number is only the change of the loss. The slope is the change per unit of w.",
         close(one_sided, above - at, 1e-3) or close(central, above - below, 1e-3)),
        ("backward", ((at - below) / 0.1, right[1]), "`one_sided` is from a nudge downward. The nudge here is upward.",
         close(one_sided, (at - below) / 0.1, 1e-3)),
        ("two-steps", (right[0], (above - below) / 0.1),
         "`central`: how far apart are the two places at which you took the loss?",
         close(central, (above - below) / 0.1, 1e-3)),
        ("small-nudge", (3.0301, 3.0001),
         "A slope is from a nudge of 0.01; that comes with the gains. Here the nudge is 0.1.",
         close(one_sided, 3.0301, 1e-4) or close(central, 3.0001, 1e-6)),
        ("loss-itself", (above, right[1]),
         "`one_sided` is the loss at 1.1. The slope is by how much it rises, per unit of w.",
         close(one_sided, above, 1e-3)),
        ("slope-there", (3 * 1.1**2, right[1]),
         "`one_sided` is the exact slope at 1.1. The question is what a nudge gives, without a formula.",
         close(one_sided, 3 * 1.1**2, 1e-3)),
        ("exact", AnyOf((right[0], exact), (exact, right[1])),
         "One number is the exact slope. A nudge of 0.1 does not quite give it: compute the losses.",
         close(central, exact, 1e-4) or close(one_sided, exact, 1e-4)),
    ], otherwise=otherwise)
    tenth = ((1.01**3 - at) / 0.01, (1.01**3 - 0.99**3) / 0.02)
    given, gains = np.array([one_sided_gain, central_gain]), np.subtract(right, exact) / np.subtract(tenth, exact)
    fits, crossed = (np.abs(given - wanted) <= 0.05 * wanted for wanted in (gains, gains[::-1]))
    judge("one_sided_gain central_gain", given, is_right=fits.all(), opening="The slopes are right.", known=[
        ("values", (1.09, 1.003), "The gains compare *errors*: by how much each differs from 3.",
         close(one_sided_gain, 1, 0.12) or close(central_gain, 1, 0.12)),
        ("upside-down", AnyOf((0.1, 0.01), (0.0301, 0.0001)),
         "The gains are upside down: how many times *smaller* is it?", 0 < given.max() <= 0.2),
        ("same-gain", (10, 10), "But the central difference gains more: compute it with 0.01, too.",
         fits[0] and abs(central_gain - gains[0]) <= 0.5),
        ("gains-swapped", (100, 10), "The gains have changed places: which error falls faster?", crossed.all()),
    ], otherwise=f"The slopes are right, and {fits.sum()} of the gains. Do the same with a nudge of 0.01, and compare.")
    return (
        "The slope to the right is a bit too large, the one to the left too small: in the middle this nearly cancels."
    )


@exercise(3, "Backward with the logistic function", promise=3, kind="complete", points=3)
def backward_logistic(backward):
    """backward(activations, labels, weights) for logistic hidden layers, softmax and cross-entropy."""
    rng, sizes = np.random.default_rng(3), [4, 6, 5, 3]
    X, labels = rng.normal(size=(7, 4)), np.array([2, 0, 1, 1, 2, 0, 0])
    mlp = from_scratch.MLP(sizes, hidden="logistic", output="softmax", loss="cross_entropy", seed=3)
    mlp.weights = [(rng.normal(size=shape), rng.normal(size=shape[1])) for shape in pairwise(sizes)]
    activations = [X]
    for W, b in mlp.weights[:-1]:
        activations.append(logistic(activations[-1] @ W + b))
    activations.append(mlp.forward(X))
    needed = [W.shape for W, _ in mlp.weights]

    def read(result):
        given, name = [], "backward(activations, labels, weights)"
        for i, pair in enumerate(expect.items(name, result, 3, "a pair (dW, db) for each layer")):
            dW, db = expect.items(f"the pair of layer {i}", pair, 2, "dW and db")
            if isinstance(dW, np.ndarray) and dW.ndim == 1 and np.ndim(db) == 2:
                message = "Each pair begins with the gradient of the weights; yours with that of the biases."
                raise Hint("pair-turned", message)
            given.append((expect.array(f"dW of layer {i}", dW, (None, None)), db))
        shapes = [dW.shape for dW, _ in given]
        if shapes == needed[::-1]:
            raise Hint("order", "The pairs come in the wrong order: that of the first layer should be the first.")
        if shapes == [shape[::-1] for shape in needed]:
            raise Hint("turned", "Each dW has the shape of W turned. In which order are `a` and `dz` multiplied?")
        return [
            (expect.array(f"dW of layer {i}", dW, (n_in, n_out)), expect.array(f"db of layer {i}", db, (n_out,)))
            for i, ((dW, db), (n_in, n_out)) in enumerate(zip(given, needed, strict=True))
        ]

    def otherwise(given):
        wrong = (
            f"{part} of layer {i}"
            for i in (2, 1, 0)
            for part, a, b in zip(("dW", "db"), given[i], right[i], strict=True)
            if not close(a, b)
        )
        return f"The shapes fit. On the way back, from layer 2 to layer 0, {next(wrong)} is the first that is wrong."

    right = mlp.gradients(X, labels)
    judge_function("backward", backward, (activations, labels, mlp.weights), right=lambda *_: right, read=read, known=[
        ("no-slope", backward_with(lambda a: 1),
         "`dz` passes the logistic function as if its slope were 1. (`> 0` does the same: all `a` are positive.)"),
        ("twice", backward_with(lambda a: slope(logistic(a))),
         "You apply the logistic function once more. What is in `activations` has passed it already."),
        ("half-slope", AnyOf(backward_with(lambda a: a), backward_with(lambda a: 1 - a)),
         "You multiply by only one half of the slope of the logistic function."),
        ("slope-sign", backward_with(lambda a: -slope(a)),
         "The slope has the wrong sign: the logistic function rises everywhere."),
        ("db-mean", backward_with(slope, db=lambda dz: dz.mean(axis=0)),
         "All dW are right. But a bias acts in every instance: sum up, and do not take the mean."),
        ("tanh", backward_with(lambda a: 1 - a**2),
         "You multiply by the slope of tanh. What is that of the logistic function?"),
        ("divided-twice", backward_with(slope, first=1 / 7),
         "Each dW is too small by the number of instances. But `dz` is divided by it already.",
         lambda given: all_close([7 * dW for dW, _ in given], [dW for dW, _ in right])),
    ], otherwise=otherwise)
    return "With the activations kept, the slope costs one product and no new power of e: so they are kept."


@exercise(4, "One neuron, two outputs", promise=4, kind="find the bug", points=2)
def slopes_repaired(slopes, wrong):
    """The repaired slopes(x, y1, y2, w1, w2, w3), and which derivative nudging shows to be wrong before the repair."""
    wrong = expect.choice("wrong", wrong, "dw1", "dw2", "dw3")
    choose("wrong", wrong, right="dw1", known=[
        ("wrong-one", AnyOf("dw2", "dw3"),
         "Nudge w2 and w3, with the `slopes` as it was: do you not get the numbers it returns?"),
    ])
    examples = np.random.default_rng(4).uniform(0.3, 2, size=(10, 6)).tolist()

    def outputs(slopes):
        """What it returns in ten examples, (10, 3)."""
        results = [call(slopes, *example) for example in examples]
        results = [expect.items("slopes(x, y1, y2, w1, w2, w3)", result, 3, "dw1, dw2 and dw3") for result in results]
        return np.array([[expect.number(f"dw{i + 1}", dw) for i, dw in enumerate(result)] for result in results])

    def repaired(p, q, x, a):
        return (p + q) * slope(a) * x

    given, right = outputs(slopes), outputs(slopes_with(repaired))
    judge("slopes", slopes, is_right=close(given, right), same=lambda _, other: close(given, outputs(other)), known=[
        ("spoiled", slopes_with(repaired, spoil=2),
         "`dw2` or `dw3` is wrong now. Check each derivative by nudging its weight.",
         not close(given[:, 1:], right[:, 1:])),
        ("untouched", slopes_with(lambda p, q, x, a: q * slope(logistic(a)) * x),
         "`dw1` is as before. Nudge w1, and compare line by line with sections 3 and 5."),
        ("one-output",
         AnyOf(slopes_with(lambda p, q, x, a: q * slope(a) * x), slopes_with(lambda p, q, x, a: p * slope(a) * x)),
         "One error is repaired. But `a` feeds two outputs: do both have a say in `da`?"),
        ("slope", slopes_with(lambda p, q, x, a: (p + q) * slope(logistic(a)) * x),
         "`da` is right now. What happens to it on the way back through the activation?"),
        ("mean", slopes_with(lambda p, q, x, a: (p + q) / 2 * slope(a) * x),
         "You took the mean of what the two outputs say. Nudge w1: is it that?"),
        ("product", slopes_with(lambda p, q, x, a: p * q * slope(a) * x),
         "Along a chain slopes multiply. But these are two ways side by side."),
        ("weights-lost", slopes_with(repaired, passed_back=lambda d, w: d),
         "`da` adds up what both outputs say, but it did not pass the weights to them."),
        ("no-slope", slopes_with(lambda p, q, x, a: (p + q) * x),
         "`da` is right now. But on the way back it no longer passes the logistic function."),
    ], otherwise="`dw2` and `dw3` are right, `dw1` is not yet. Compare `da` and `dz` with the rules of section 5.")
    return "Nudging shows which derivative is wrong, not why. But it needs nothing more than the forward pass."


@exercise(5, "How many different neurons?", promise=5, kind="predict", points=2)
def different_neurons(n_different):
    """For three starts of a 2-3-1 network: how many of its hidden neurons are different after training."""
    n_different = expect.array("n_different", n_different, shape=(3,))
    hidden, equal = np.full((2, 3), 0.5), np.full((3, 1), 0.5)
    starts = [
        [(hidden, np.zeros(3)), (equal, np.zeros(1))],
        [(hidden, np.zeros(3)), (np.array([[1.0], [1.0], [2.0]]), np.zeros(1))],
        [(hidden, np.array([0, 0.1, 0.2])), (equal, np.zeros(1))],
    ]
    right = np.array([n_different_after_training(start) for start in starts])
    judge("n_different", n_different, right=right, known=[
        ("all-differ", [3, 3, 3],
         "Training does not make equal neurons different by itself: what do their gradients say?"),
        ("all-equal", [1, 1, 1], "Equal weights from the inputs are not enough to stay equal. What else is in `dz1`?"),
        ("turned", 4 - right, "You counted the other way round: 1 if all three are the same, 3 if all differ."),
        ("random-batches", [3, 2, 3], "In the first start, each batch is the same for all three neurons. What follows?",
         n_different[0] != right[0]),
        ("output-weights", [1, 1, 3], "The second start: through what does the loss get back to a hidden neuron?",
         n_different[1] == 1),
        ("pair", [1, 3, 3], "The second start: of the three output weights, are all different?", n_different[1] == 3),
        ("biases", [1, 2, 1], "The third start: the biases are 0, 0.1 and 0.2. Are the activations equal?",
         n_different[2] != right[2]),
    ], otherwise=f"{np.isclose(n_different, right).sum()} of the three numbers are right.")
    return "One random matrix is enough to break the symmetry: that of the hidden layer, or that of the output."


@exercise(6, "A small network for clothes", promise=5, kind="design", points=3)
def small_network(sizes, learning_rate):
    """Layer sizes and a learning rate; at most 6,500 parameters, and 0.77 right in the best of 8 epochs."""
    sizes = expect.array("sizes", sizes, shape=(None,))
    sizes = [expect.whole(f"sizes[{i}]", size) for i, size in enumerate(sizes)]
    learning_rate = expect.number("learning_rate", learning_rate)
    at_ends, fits = sizes[:1] + sizes[-1:], len(sizes) <= 6 and all(size >= 1 for size in sizes)
    judge("sizes", sizes, is_right=at_ends == [784, 10] and fits, known=[
        ("ends", AnyOf([8], [28, 8, 10], [784, 8, 1]),
         "`sizes` begins with the number of pixels and ends with the number of classes.", at_ends != [784, 10]),
    ], otherwise="Each layer has at least one neuron, and there are at most four hidden layers.")
    n_parameters = sum(n_in * n_out + n_out for n_in, n_out in pairwise(sizes))
    rule_out("sizes", known=[
        ("many", AnyOf([784, 10], [784, 9, 10], [784, 300, 100, 10]),
         f"The network has {n_parameters:,} parameters; allowed are {MAX_PARAMETERS:,}, with biases.",
         n_parameters > MAX_PARAMETERS),
    ])
    rule_out("learning_rate", known=[
        ("uphill", -0.05, "With this learning rate the steps do not go against the gradient. It must be positive.",
         learning_rate <= 0),
    ])
    accuracy = best_accuracy(tuple(sizes), learning_rate)
    too_narrow = accuracy < GOAL and best_accuracy(tuple(sizes), 0.05) < GOAL
    reached = f"The network gets {accuracy:.3f} of the validation images right."
    judge("sizes learning_rate", (sizes, learning_rate), is_right=accuracy >= GOAL, known=[
        ("narrow", AnyOf(([784, 2, 10], 0.05), ([784, 3, 10], 0.1)),
         f"{reached} Nor does the learning rate of section 8 help: a layer is too narrow for ten classes.", too_narrow),
        ("slow", AnyOf(([784, 8, 10], 0.0005), ([784, 8, 10], 0.001)),
         f"{reached} It could do more, but in 8 epochs it does not get there with such short steps.",
         learning_rate < 0.05),
        ("fast", ([784, 8, 10], 1),
         f"{reached} It could do more, but the steps are too long: they jump over what they look for.", True),
    ])
    return f"{accuracy:.3f} with {n_parameters:,} parameters: less than a network without hidden layer has (7,850)."
