"""The checks of notebook 04: how does a network know which weight to change?"""

from functools import cache
from itertools import pairwise

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Hint, Wrong, call, close, exercise
from lecture_utils import datasets, from_scratch
from lecture_utils.from_scratch import logistic

MAX_PARAMETERS, GOAL, EPOCHS = 6500, 0.77, 8


def near(a, b) -> bool:
    """Whether a is b, up to the rounding of a computation by hand with three digits."""
    return bool(abs(a - b) <= 0.0015 + 0.01 * abs(b))


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
    dz2, slope1 = da2 * a2 * (1 - a2), a1 * (1 - a1)
    given, right = [dC_da2, dC_dz2, dC_dw2, dC_dw1], [da2, dz2, dz2 * a1, dz2 * w2 * slope1 * x]
    if not all(map(near, given, right)) and close(given, np.round(right, 2)):
        raise Hint("two-digits", "Right, but for the rounding to two decimal places. Give three of them.")
    if near(dC_da2, 2 * (a2 - 1)):
        raise Hint("old-target", "`dC_da2` is that of section 3, where the target was 1. Here it is 0.")
    if near(dC_da2, a2 - y):
        raise Hint("no-two", "In `dC_da2` a factor is missing: what is the derivative of a square?")
    if near(dC_da2, -da2):
        raise Hint("loss-sign", "Look at the sign of `dC_da2`: does the loss rise or fall when the output grows?")
    if near(dC_da2, (a2 - y) ** 2):
        raise Hint("loss", "`dC_da2` is the loss itself. We need its slope.")
    if not near(dC_da2, da2):
        raise Wrong("`dC_da2` is not right. The loss is the square of output minus target.")
    if near(dC_dz2, da2):
        raise Hint("slope-forgotten", "`dC_dz2` has not changed on the way through the logistic function. It should.")
    if near(dC_dz2, da2 * z2 * (1 - z2)):
        raise Hint("slope-of-z", "For `dC_dz2` you took the number before the activation for the slope, not after it.")
    if near(dC_dz2, da2 * a2) or near(dC_dz2, da2 * (1 - a2)):
        raise Hint(
            "half-slope", "`dC_dz2` has only one half of the slope of the logistic function, which is a product."
        )
    if near(dC_dz2, -dz2):
        raise Hint("slope-sign", "`dC_dz2` has the right size. The logistic function rises: which sign has its slope?")
    if near(dC_dz2, a2 * (1 - a2)):
        raise Hint(
            "local", "`dC_dz2` is the slope of `a2` alone. To get from it to the loss, one more factor is needed."
        )
    again = logistic(a2)
    if near(dC_dz2, da2 * again * (1 - again)):
        raise Hint("slope-of-a", "For the slope in `dC_dz2` you applied the logistic function to `a2`, its own output.")
    if not near(dC_dz2, dz2):
        raise Wrong("`dC_da2` is right, `dC_dz2` is not: multiply by the slope of the logistic function.")
    if near(dC_dw2, dz2):
        raise Hint("no-input", "`dC_dw2` is that of the bias. What does the weight multiply?")
    if near(dC_dw2, dz2 * w2) or near(dC_dw2, dz2 * x):
        raise Hint("other-factor", "For `dC_dw2` you multiplied with the wrong number. What does this weight multiply?")
    if not near(dC_dw2, dz2 * a1):
        raise Wrong("The first two are right, `dC_dw2` is not: multiply by what the weight multiplies.")
    if near(dC_dw1, dz2 * w2 * slope1):
        raise Hint("no-x", "All right up to the last step: this is the derivative by the bias of the first neuron.")
    if near(dC_dw1, dz2 * w2 * x):
        raise Hint("slope1-forgotten", "`dC_dw1` did not pass the activation of the first neuron.")
    if near(dC_dw1, dz2 * slope1 * x):
        raise Hint("no-weight", "`dC_dw1` did not pass the weight between the two neurons. Mind its sign.")
    if near(dC_dw1, dz2 * a1 * slope1 * x):
        raise Hint("back-by-a1", "Back to the first neuron the derivative passes through the weight, not times `a1`.")
    if near(dC_dw1, dz2 * w2 * a1 * x) or near(dC_dw1, dz2 * w2 * (1 - a1) * x):
        raise Hint("half-slope1", "`dC_dw1`: of the slope of the first neuron you took one half only; it is a product.")
    if near(dC_dw1, -dz2 * w2 * slope1 * x):
        raise Hint("weight-sign", "`dC_dw1` has the right size. Which sign has the weight that it passes on its way?")
    if not near(dC_dw1, dz2 * w2 * slope1 * x):
        raise Wrong("All but `dC_dw1` are right. Go back from `dC_dz2`: weight, activation, input.")
    return "All derivatives are those of section 3 times one number, (0.270 - 0) / (0.270 - 1): the chain is the same."


@exercise(2, "Two ways to nudge", promise=1, kind="by hand")
def two_nudges(one_sided, central, one_sided_gain, central_gain):
    """Slopes of w cubed at 1 by nudges of 0.1; how many times smaller the errors are with 0.01."""
    one_sided, central = expect.number("one_sided", one_sided), expect.number("central", central)
    one_sided_gain = expect.number("one_sided_gain", one_sided_gain)
    central_gain = expect.number("central_gain", central_gain)
    above, at, below = 1.1**3, 1.0, 0.9**3
    right, exact = ((above - at) / 0.1, (above - below) / 0.2), 3
    if close([one_sided, central], right[::-1], 1e-3):
        raise Hint("swapped", "Both numbers are right, but they have changed places.")
    if close(one_sided, above - at, 1e-3) or close(central, above - below, 1e-3):
        raise Hint("not-divided", "One number is only the change of the loss. The slope is the change per unit of w.")
    if close(one_sided, (at - below) / 0.1, 1e-3):
        raise Hint("backward", "`one_sided` is from a nudge downward. The nudge here is upward.")
    if close(central, (above - below) / 0.1, 1e-3):
        raise Hint("two-steps", "`central`: how far apart are the two places at which you took the loss?")
    if close(one_sided, 3.0301, 1e-4) or close(central, 3.0001, 1e-6):
        raise Hint("small-nudge", "A slope is from a nudge of 0.01; that comes with the gains. Here the nudge is 0.1.")
    if close(one_sided, above, 1e-3):
        raise Hint("loss-itself", "`one_sided` is the loss at 1.1. The slope is by how much it rises, per unit of w.")
    if close(one_sided, 3 * 1.1**2, 1e-3):
        raise Hint(
            "slope-there", "`one_sided` is the exact slope at 1.1. Asked is what a nudge gives, without a formula."
        )
    if close(central, exact, 1e-4) or close(one_sided, exact, 1e-4):
        raise Hint("exact", "One number is the exact slope. A nudge of 0.1 does not quite give it: compute the losses.")
    if not close(one_sided, right[0], 1e-3):
        raise Wrong("`one_sided` is not right. Compute the loss at 1 and at 1.1, each with all digits.")
    if not close(central, right[1], 1e-3):
        raise Wrong("`one_sided` is right, `central` is not. Compute the loss at 1.1 and at 0.9, each with all digits.")
    tenth = ((1.01**3 - at) / 0.01, (1.01**3 - 0.99**3) / 0.02)
    gains = [(value - exact) / (smaller - exact) for value, smaller in zip(right, tenth, strict=True)]
    answers = (one_sided_gain, central_gain)
    fits = [abs(answer - gain) <= 0.05 * gain for answer, gain in zip(answers, gains, strict=True)]
    if close(one_sided_gain, 1, 0.12) or close(central_gain, 1, 0.12):
        raise Hint("values", "The slopes are right. The gains compare *errors*: by how much each differs from 3.")
    if 0 < max(answers) <= 0.2:
        raise Hint("upside-down", "The slopes are right. The gains are upside down: how many times *smaller* is it?")
    if fits[0] and abs(central_gain - gains[0]) <= 0.5:
        raise Hint(
            "same-gain", "The slopes are right. But the central difference gains more: compute it with 0.01, too."
        )
    if all(abs(answer - gain) <= 0.05 * gain for answer, gain in zip(answers, gains[::-1], strict=True)):
        raise Hint("gains-swapped", "The slopes are right. The gains have changed places: which error falls faster?")
    if not all(fits):
        n_right = sum(fits)
        raise Wrong(f"The slopes are right, and {n_right} of the gains. Do the same with a nudge of 0.01, and compare.")
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
    name = "backward(activations, labels, weights)"
    result = call(backward, activations, labels, mlp.weights)
    given = []
    for i, pair in enumerate(expect.items(name, result, 3, "a pair (dW, db) for each layer")):
        dW, db = expect.items(f"the pair of layer {i}", pair, 2, "dW and db")
        if isinstance(dW, np.ndarray) and dW.ndim == 1 and np.ndim(db) == 2:
            raise Hint(
                "pair-turned", "Each pair begins with the gradient of the weights; yours with that of the biases."
            )
        given.append((expect.array(f"dW of layer {i}", dW, (None, None)), db))
    shapes, needed = [dW.shape for dW, _ in given], [W.shape for W, _ in mlp.weights]
    if shapes == needed[::-1]:
        raise Hint("order", "The pairs come in the wrong order: that of the first layer should be the first.")
    if shapes == [shape[::-1] for shape in needed]:
        raise Hint("turned", "Each dW has the shape of W turned. In which order are `a` and `dz` multiplied?")
    given = [
        (expect.array(f"dW of layer {i}", dW, W.shape), expect.array(f"db of layer {i}", db, b.shape))
        for i, ((dW, db), (W, b)) in enumerate(zip(given, mlp.weights, strict=True))
    ]

    def by(slope, db=lambda dz: dz.sum(axis=0)):
        dz, gradients = (activations[-1] - np.eye(3)[labels]) / 7, []
        for i in (2, 1, 0):
            gradients.insert(0, (activations[i].T @ dz, db(dz)))
            dz = dz @ mlp.weights[i][0].T * slope(activations[i])
        return gradients

    def same(theirs):
        return all(close(a, b) for pair in zip(given, theirs, strict=True) for a, b in zip(*pair, strict=True))

    if same(by(lambda a: 1)):
        message = (
            "`dz` passes the logistic function as if its slope were 1. (So it does with `> 0`: all `a` are positive.)"
        )
        raise Hint("no-slope", message)
    if same(by(lambda a: logistic(a) * (1 - logistic(a)))):
        raise Hint(
            "twice", "You apply the logistic function once more. What is in `activations` has passed it already."
        )
    if same(by(lambda a: a)) or same(by(lambda a: 1 - a)):
        raise Hint("half-slope", "You multiply by only one half of the slope of the logistic function.")
    if same(by(lambda a: a * (a - 1))):
        raise Hint("slope-sign", "The slope has the wrong sign: the logistic function rises everywhere.")
    if same(by(lambda a: a * (1 - a), db=lambda dz: dz.mean(axis=0))):
        raise Hint("db-mean", "All dW are right. But a bias acts in every instance: sum up, and do not take the mean.")
    if same(by(lambda a: 1 - a**2)):
        raise Hint("tanh", "You multiply by the slope of tanh. Which one has the logistic function?")
    wanted = mlp.gradients(X, labels)
    if all(close(7 * dW, right) for (dW, _), (right, _) in zip(given, wanted, strict=True)):
        raise Hint(
            "divided-twice", "Each dW is too small by the number of instances. But `dz` is divided by it already."
        )
    if not same(wanted):
        wrong = [
            f"{part} of layer {i}"
            for i in (2, 1, 0)
            for part, a, b in zip(("dW", "db"), given[i], wanted[i], strict=True)
            if not close(a, b)
        ]
        raise Wrong(f"The shapes fit. On the way back, from layer 2 to layer 0, {wrong[0]} is the first that is wrong.")
    return "With the activations kept, the slope costs one product and no new power of e: so they are kept."


@exercise(4, "One neuron, two outputs", promise=4, kind="find the bug", points=2)
def slopes_repaired(slopes, wrong):
    """The repaired slopes(x, y1, y2, w1, w2, w3), and which derivative nudging shows to be wrong before the repair."""
    wrong = expect.choice("wrong", wrong, "dw1", "dw2", "dw3")
    if wrong != "dw1":
        raise Hint("wrong-one", "Nudge w2 and w3, with the `slopes` as it was: do you not get the numbers it returns?")
    rng = np.random.default_rng(4)
    for _ in range(10):
        x, y1, y2, w1, w2, w3 = (float(number) for number in rng.uniform(0.3, 2, size=6))
        name = "slopes(x, y1, y2, w1, w2, w3)"
        result = expect.items(name, call(slopes, x, y1, y2, w1, w2, w3), 3, "dw1, dw2 and dw3")
        given = [expect.number(f"dw{i}", value) for i, value in enumerate(result, start=1)]
        a = float(logistic(np.array(x * w1)))
        again = float(logistic(np.array(a)))
        by_p, by_q = 2 * (a * w2 - y1) * w2, 2 * (a * w3 - y2) * w3
        slope, twice = a * (1 - a) * x, again * (1 - again) * x
        if not close(given[1:], [2 * (a * w2 - y1) * a, 2 * (a * w3 - y2) * a]):
            raise Hint("spoiled", "`dw2` or `dw3` is wrong now. Check each derivative by nudging its weight.")
        if close(given[0], by_q * twice):
            raise Hint("untouched", "`dw1` is as before. Nudge w1, and compare line by line with sections 3 and 5.")
        if close(given[0], by_q * slope) or close(given[0], by_p * slope):
            raise Hint("one-output", "One error is repaired. But `a` feeds two outputs: do both have a say in `da`?")
        if close(given[0], (by_p + by_q) * twice):
            raise Hint("slope", "`da` is right now. What happens to it on the way back through the activation?")
        if close(given[0], (by_p + by_q) / 2 * slope):
            raise Hint("mean", "You took the mean of what the two outputs say. Nudge w1: is it that?")
        if close(given[0], by_p * by_q * slope):
            raise Hint("product", "Along a chain slopes multiply. But these are two ways side by side.")
        if close(given[0], (by_p / w2 + by_q / w3) * slope):
            raise Hint("weights-lost", "`da` adds up what both outputs say, but it did not pass the weights to them.")
        if close(given[0], (by_p + by_q) * x):
            raise Hint("no-slope", "`da` is right now. But on the way back it no longer passes the logistic function.")
        if not close(given[0], (by_p + by_q) * slope):
            raise Wrong(
                "`dw2` and `dw3` are right, `dw1` is not yet. Compare `da` and `dz` with the rules of section 5."
            )
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
    right = np.array([_n_different_after_training(start) for start in starts])
    if close(n_different, [3, 3, 3]):
        raise Hint(
            "all-differ", "Training does not make equal neurons different by itself: what do their gradients say?"
        )
    if close(n_different, [1, 1, 1]):
        raise Hint("all-equal", "Equal weights from the inputs are not enough to stay equal. What else is in `dz1`?")
    if close(n_different, 4 - right):
        raise Hint("turned", "You counted the other way round: 1 if all three are the same, 3 if all differ.")
    if n_different[0] != right[0]:
        raise Hint("random-batches", "In the first start, each batch is the same for all three neurons. What follows?")
    if n_different[1] == 1:
        raise Hint("output-weights", "The second start: through what does the loss get back to a hidden neuron?")
    if n_different[1] == 3:
        raise Hint("pair", "The second start: of the three output weights, are all different?")
    if n_different[2] != right[2]:
        raise Hint("biases", "The third start: the biases are 0, 0.1 and 0.2. Are the activations equal?")
    if not close(n_different, right):
        raise Wrong(f"{np.isclose(n_different, right).sum()} of the three numbers are right.")
    return "One random matrix is enough to break the symmetry: that of the hidden layer, or that of the output."


@exercise(6, "A small network for clothes", promise=5, kind="design", points=3)
def small_network(sizes, learning_rate):
    """Layer sizes and a learning rate; at most 6,500 parameters, and 0.77 right in the best of 8 epochs."""
    sizes = expect.array("sizes", sizes, shape=(None,))
    sizes = [expect.whole(f"sizes[{i}]", size) for i, size in enumerate(sizes)]
    learning_rate = expect.number("learning_rate", learning_rate)
    if len(sizes) < 2 or sizes[0] != 784 or sizes[-1] != 10:
        raise Hint("ends", "`sizes` begins with the number of pixels and ends with the number of classes.")
    if min(sizes) < 1 or len(sizes) > 6:
        raise Wrong("Each layer has at least one neuron, and there are at most four hidden layers.")
    n_parameters = sum(n_in * n_out + n_out for n_in, n_out in pairwise(sizes))
    if n_parameters > MAX_PARAMETERS:
        raise Hint("many", f"The network has {n_parameters:,} parameters; allowed are {MAX_PARAMETERS:,}, with biases.")
    if learning_rate <= 0:
        raise Hint("uphill", "With this learning rate the steps do not go against the gradient. It must be positive.")
    accuracy = _best_accuracy(tuple(sizes), learning_rate)
    if accuracy >= GOAL:
        return f"{accuracy:.3f} with {n_parameters:,} parameters: less than a network without hidden layer has (7,850)."
    reached = f"The network gets {accuracy:.3f} of the validation images right."
    if _best_accuracy(tuple(sizes), 0.05) < GOAL:
        raise Hint(
            "narrow",
            f"{reached} Nor does the learning rate of section 8 help: a layer is too narrow for ten classes.",
        )
    if learning_rate < 0.05:
        raise Hint("slow", f"{reached} It could do more, but in 8 epochs it does not get there with such short steps.")
    raise Hint("fast", f"{reached} It could do more, but the steps are too long: they jump over what they look for.")


def _n_different_after_training(weights) -> int:
    """Train on XOR, one instance a batch, in random order; count the different columns of the hidden layer."""
    X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    mlp = from_scratch.MLP([2, 3, 1], hidden="logistic", output="logistic", loss="binary_cross_entropy", seed=5)
    mlp.weights = weights
    mlp.fit(X, y, epochs=20, batch_size=1, learning_rate=0.5)
    return len(np.unique(np.vstack(mlp.weights[0]).round(9), axis=1).T)


@cache
def _best_accuracy(sizes: tuple[int, ...], learning_rate: float) -> float:
    """The best accuracy on 2,000 images after an epoch, of 8 epochs with 10,000 others of Fashion-MNIST."""
    (images, labels), _ = datasets.load_fashion_mnist()
    X, y = (images[:12_000] / np.float32(255)).reshape(-1, 784), labels[:12_000]
    mlp = from_scratch.MLP(sizes, hidden="relu", output="softmax", loss="cross_entropy", seed=3)
    options = {"epochs": EPOCHS, "learning_rate": learning_rate, "validation_data": (X[:2000], y[:2000])}
    return max(mlp.fit(X[2000:], y[2000:], **options).history["val_accuracy"])
