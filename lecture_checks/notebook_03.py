"""The checks of notebook 03: what do more layers add?"""

from functools import wraps
from itertools import pairwise

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Hint, Wrong, call, close, exercise


def relu(z):
    return np.maximum(0, z)


def _twice(function):
    """The function, called twice with the same arguments; for one that must not change what it is given."""

    @wraps(function)
    def twice(*arguments):
        function(*arguments)
        return function(*arguments)

    return twice


@exercise(1, "Parameters and shapes", promise=2, kind="by hand")
def counted(n_parameters, W2_shape, a2_shape):
    """Parameters per layer of a 12-30-20-5 network; the shapes of W and a of hidden layer 2, for 200 instances."""
    n_parameters = expect.array("n_parameters", n_parameters, shape=(3,))
    W2_shape = tuple(expect.array("W2_shape", W2_shape, shape=(2,)))
    if isinstance(a2_shape, (tuple, list)) and len(a2_shape) == 1:
        raise Hint("one-instance", "`a2_shape` is that of one instance alone. Here, 200 are given at once.")
    a2_shape = tuple(expect.array("a2_shape", a2_shape, shape=(2,)))
    n_in, n_out = np.array([12, 30, 20]), np.array([30, 20, 5])
    right = n_in * n_out + n_out
    if close(n_parameters, n_in * n_out):
        raise Hint("no-biases", "You counted the weights only. Which arrows of the drawing in section 2 are missing?")
    if close(n_parameters, n_in * n_out + n_in):
        raise Hint("bias-per-input", "You gave a bias to each input of a layer. Which neurons add it to their sum?")
    if close(n_parameters, n_in * n_out + 1):
        raise Hint("one-bias", "You counted one bias a layer. The bias neuron has an arrow to how many neurons?")
    if close(n_parameters, n_out):
        raise Hint("neurons", "These are the neurons of each layer. Parameters are the arrows that lead into them.")
    if close(n_parameters, np.cumsum(right)):
        raise Hint("running-total", "These numbers add up from layer to layer. Give those of each layer alone.")
    if close(n_parameters, n_in[0] * n_out + n_out):
        raise Hint("from-inputs", "Only the first hidden layer gets the 12 inputs. What goes into the other layers?")
    if close(n_parameters, 200 * right):
        raise Hint("times-instances", "The instances do not count: all of them go through the same weights and biases.")
    if not close(n_parameters, right):
        n_right = np.isclose(n_parameters, right).sum()
        first = ("first hidden layer", "second hidden layer", "output layer")[np.isclose(n_parameters, right).argmin()]
        raise Wrong(f"{n_right} of the three numbers of parameters are right. Count again those of the {first}.")
    if W2_shape == (20, 30):
        raise Hint("W-turned", "The parameters are right. In `W2_shape` the two numbers are turned: XW must fit.")
    if W2_shape == (31, 20):
        raise Hint("bias-in-W", "The parameters are right. But in this notebook the biases are not in W, but in b.")
    if W2_shape in ((12, 30), (20, 5)):
        raise Hint("other-layer", "The parameters are right. But this is the shape of another layer's weights.")
    if W2_shape != (30, 20):
        raise Wrong("The parameters are right. `W2_shape` has the numbers of what goes in, then of the neurons.")
    if a2_shape == (20, 200):
        raise Hint("a-turned", "Nearly all is right. In `a2_shape` the two numbers are turned: what is a row of X?")
    if a2_shape == (200, 30):
        raise Hint("goes-in", "Nearly all is right. But `a2_shape` is what goes into this layer, not what comes out.")
    if a2_shape in ((1, 20), (30, 20)):
        raise Hint("instances-lost", "Nearly all is right. But `a2_shape` should have a row for each instance.")
    if a2_shape == (200, 21):
        raise Hint(
            "bias-in-a", "Nearly all is right. But the bias neuron is no column of `a` here: b is added instead."
        )
    if a2_shape != (200, 20):
        raise Wrong("Nearly all is right. `a2_shape` has a row for each instance and a column for each neuron.")
    return "The number of instances is in no parameter: the same network takes 1 instance or a million."


@exercise(2, "Two lines in a row", promise=3, kind="by hand", points=2)
def lines(f_of_g, g_of_f, one_layer):
    """Slope and intercept of f(g(x)) and g(f(x)); for four phi, whether two layers with it are still one."""
    f_of_g, g_of_f = expect.array("f_of_g", f_of_g, shape=(2,)), expect.array("g_of_f", g_of_f, shape=(2,))
    answers = expect.items("one_layer", one_layer, 4, '"yes" or "no" for each function')
    answers = [expect.choice(f"one_layer[{i}]", answer, "yes", "no") for i, answer in enumerate(answers)]
    f, g = (-3, 2), (4, -5)
    right = [np.array([f[0] * g[0], f[0] * g[1] + f[1]]), np.array([g[0] * f[0], g[0] * f[1] + g[1]])]
    if close(f_of_g, right[1]) and close(g_of_f, right[0]):
        raise Hint("order", "Both lines are right, but they have changed places. In f(g(x)), which is computed first?")
    if close(f_of_g, right[0][::-1]) and close(g_of_f, right[1][::-1]):
        raise Hint("turned", "The numbers are right, in the other order: first the slope, then the value at x = 0.")
    for name, line, wanted, outer, inner in zip(
        ("f_of_g", "g_of_f"), (f_of_g, g_of_f), right, (f, g), (g, f), strict=True
    ):
        if close(line[0], outer[0] + inner[0]):
            raise Hint("slopes-added", f"In `{name}` you added the slopes. Put one formula into the other instead.")
        if close(line, [wanted[0], outer[1] + inner[1]]):
            raise Hint("inner-constant", f"In `{name}`, the inner constant is multiplied by the outer slope, too.")
        if close(line, [wanted[0], outer[1] * inner[1]]):
            raise Hint("constants", f"In `{name}` you multiplied the constants. Put one formula into the other.")
        if close(line, [wanted[0], -outer[0] * inner[1] + outer[1]]):
            raise Hint("sign", f"In `{name}`, look again at the sign of the product of outer slope and inner constant.")
        if close(line, [wanted[0], outer[0] * inner[1] - outer[1]]):
            raise Hint("outer-sign", f"In `{name}`, look again at the sign of the constant of the outer function.")
        if close(line, [wanted[0], outer[0] * inner[1]]):
            raise Hint("outer-constant", f"In `{name}`, the outer function adds its own constant, too.")
        if not close(line, wanted):
            part = "slope" if not close(line[0], wanted[0]) else "value at x = 0"
            raise Wrong(f"In `{name}`, the {part} is not right. Put x = 0 and x = 1 into both functions, one by one.")
    if answers[2] == "no" or answers[0] == "no":
        raise Hint("is-a-line", "Both lines are right. A phi that is itself a line only adds one more line between.")
    if answers[1] == "yes":
        raise Hint("bend", "Both lines are right. But one phi with a bend is among those where you say yes.")
    if answers[3] == "yes":
        raise Hint("curved", "Both lines are right. But one phi is curved: is the whole network still a line then?")
    return "The order of the layers did not matter for the slope: numbers may change places. Matrices may not."


@exercise(3, "Never below zero", promise=1, kind="find the bug", points=2)
def forward_repaired(forward, smallest):
    """The repaired forward(X, weights, hidden, output), and the smallest output of the broken one with ReLU."""
    rng = np.random.default_rng(3)
    X, sizes = rng.normal(size=(7, 2)), [2, 5, 4, 3]
    weights = [(rng.normal(size=s), rng.normal(size=s[1])) for s in pairwise(sizes)]

    def through(hidden, last, after=lambda a: a, layers=weights):
        a = X
        for i, (W, b) in enumerate(layers):
            a = (last if i == len(weights) - 1 else hidden)(a @ W + b)
        return after(a)

    def same(z):
        return z

    def output(z):
        return np.tanh(z / 2)

    name = "forward(X, weights, hidden, output)"
    result = expect.array(name, call(forward, X, weights, relu, output), shape=(None, None))
    if close(result, through(relu, relu, output)):
        raise Hint("still-broken", "The last layer still goes through `hidden` before `output`. One is enough.")
    if close(result, through(relu, relu)):
        raise Hint("output-lost", "Now `output` is not used at all, and the last layer still goes through `hidden`.")
    if close(result, through(relu, same)):
        raise Hint("output-forgotten", "The last layer no longer goes through `hidden`. But now `output` is missing.")
    if close(result, through(output, output)):
        raise Hint("output-everywhere", "Now every layer goes through `output`. The hidden ones should keep `hidden`.")
    if close(result, through(relu, same, output, weights[:-1])):
        raise Hint("layer-lost", "The last layer is left out: its weights and biases are never used.")
    if close(result, through(same, output)):
        raise Hint("hidden-lost", "Now `hidden` is not used at all: without a bend, the layers are one.")
    result = expect.array(name, result, shape=(7, 3))
    *first_layers, (W, b) = weights
    if close(result, through(relu, output, layers=[*first_layers, (W, 0 * b)])):
        raise Hint("bias-lost", "`hidden` and `output` are in their places. But the last layer has lost its bias.")
    if not close(result, through(relu, output)):
        raise Wrong("`forward` is not right yet: `hidden` acts in all layers but the last, and `output` in the last.")
    one_layer = expect.array(name, call(forward, X, [weights[0]], relu, output), shape=(7, 5))
    if not close(one_layer, output(X @ weights[0][0] + weights[0][1])):
        raise Wrong("It is right for this network, but not for one with a single layer, which is the output layer.")
    again = expect.array(name, call(_twice(forward), X, weights, relu, output), shape=(None, None))
    if not close(again, result):
        raise Hint(
            "list-changed", "It is right once. But it changes the list `weights`: a second call finds another one."
        )
    if isinstance(smallest, float) and smallest == -np.inf:
        smallest = -1.0
    smallest = expect.number("smallest", smallest)
    if smallest < 0:
        raise Hint("negative", "`forward` is repaired. But what did the broken one do last to every negative sum?")
    if smallest > 0:
        raise Hint("positive", "`forward` is repaired. But which value does ReLU give to a negative sum?")
    return "A ReLU at the output also stops learning wherever its sum is negative: its slope there is 0."


@exercise(4, "A curve through four points", promise=4, kind="design", points=2)
def curve(W1, b1, W2, b2):
    """Weights (1, 3), biases (3,), weights (3, 1) and bias: straight from (0, 1) to (1, 3), (2, 3) and (4, -1)."""
    W1, b1 = expect.array("W1", W1, shape=(1, 3)), expect.array("b1", b1, shape=(3,))
    W2, b2 = expect.array("W2", W2, shape=(3, 1)), expect.number("b2", b2)
    knots, heights = np.array([0, 1, 2, 4]), np.array([1, 3, 3, -1])
    x = np.linspace(0, 4, 401)
    y = (relu(x[:, np.newaxis] @ W1 + b1) @ W2 + b2)[:, 0]
    right = np.interp(x, knots, heights)
    if close(y, right):
        return "The first piece needed no bend of its own: its slope is a change, too, from a slope of 0."
    if close(y - y[0], right - right[0]):
        raise Hint("height", "The curve has the right form, but lies too high or too low everywhere. Why?")
    if close(y - y[0], 2 * relu(x) - 2 * relu(x - 2)):
        raise Hint("slopes", "Your output weights are the slopes. They should be the changes of slope, as they add up.")
    if close(y - y[0], 2 * relu(x) - 2 * relu(x - 1) - 4 * relu(x - 2)):
        raise Hint("widths", "The last piece is too steep. Its slope is the change of y per unit of x, not in all.")
    if close(np.diff(y, n=2), np.zeros(len(y) - 2)):
        raise Hint("straight", "Between 0 and 4 your curve has no bend. Where is `x * W1 + b1` zero for each neuron?")
    signs_turned = [(2, 2, 2), (2, 2, -2), (2, -2, 2), (-2, 2, 2)]
    if any(close(y - y[0], i * relu(x) + j * relu(x - 1) + k * relu(x - 2)) for i, j, k in signs_turned):
        raise Hint(
            "change-sign",
            "At some bend the slope changes the wrong way: the change is the new slope minus the one before.",
        )
    points = list(zip(knots, heights, strict=True))
    at = [close(y[round(100 * knot)], height) for knot, height in points]
    if all(at):
        raise Hint("bends-elsewhere", "It goes through the four points, but is not straight between them.")
    bends = x[1:-1][np.abs(np.diff(y, n=2)) > 1e-6]
    elsewhere = bends[(np.abs(bends - 1) > 0.015) & (np.abs(bends - 2) > 0.015)]
    if elsewhere.size:
        raise Hint("bends", f"Your curve bends at about x = {elsewhere[0]:.3g}. Where do two straight pieces meet?")
    if close(y[:100], y[:1].repeat(100)):
        raise Hint("flat-start", "From x = 0 to 1 your curve is flat. Which neuron gives it the first slope?")
    x_missed, y_missed = points[at.index(False)]
    raise Wrong(
        f"Your curve goes through {sum(at)} of the four points. The first that it misses is ({x_missed}, {y_missed})."
    )


@exercise(5, "The larger of two", promise=4, kind="design", points=3)
def larger(W1, b1, W2, b2):
    """Weights (2, 3), biases (3,), weights (3, 1) and a bias of a ReLU network that computes max(x1, x2)."""
    W1, b1 = expect.array("W1", W1, shape=(2, 3)), expect.array("b1", b1, shape=(3,))
    W2, b2 = expect.array("W2", W2, shape=(3, 1)), expect.number("b2", b2)
    X = np.random.default_rng(5).uniform(-3, 3, size=(400, 2))
    x1, x2 = X.T
    y = (relu(X @ W1 + b1) @ W2 + b2)[:, 0]
    right = np.maximum(x1, x2)
    if close(y, right):
        if not close(relu(1e4 * X @ W1 + b1) @ W2[:, 0] + b2, 1e4 * right):
            raise Hint(
                "far",
                "It is right near 0, but not for numbers far below it: a bias only moves the place where ReLU ends.",
            )
        return "A further layer can take the larger of two such results: so networks find a maximum of many."
    if close(y, np.minimum(x1, x2)):
        raise Hint(
            "smaller", "This network gives the smaller of the two. What does its comparing neuron add, and when?"
        )
    if close(y, np.abs(x1 - x2)):
        raise Hint("distance", "This is the distance of the two numbers. The larger one is the smaller one plus this.")
    if close(y, 2 * right):
        raise Hint("twice", "This network gives twice the larger number.")
    if close(y, relu(x1 - x2)) or close(y, relu(x2 - x1)):
        raise Hint("difference", "This is by how much one number is larger than the other. What must be added to it?")
    if close(y, x1 + x2) or close(y, relu(x1) + relu(x2)):
        raise Hint("sum", "For positive inputs, this network adds the two numbers. Which neuron compares them?")
    if close(y, x1 + relu(x1 - x2)) or close(y, x2 + relu(x2 - x1)):
        raise Hint("added-to-larger", "You add the difference to the number from which it goes up. Try x1 = 3, x2 = 1.")
    positive = (X > 0).all(axis=1)
    if close(y[positive], right[positive]):
        message = "It is right as long as both inputs are positive. How does a negative input come through a ReLU?"
        raise Hint("negative", message)
    if close(y - y.mean(), right - right.mean()):
        raise Hint("height", "All outputs are wrong by the same amount: look at the biases.")
    for point in ([3, 1], [1, 3], [-3, -1], [-1, -3]):
        output = (relu(point @ W1 + b1) @ W2 + b2)[0]
        if not close(output, max(point)):
            raise Wrong(
                f"For x1 = {point[0]} and x2 = {point[1]} the output is {output:.3g}. Follow the three neurons."
            )
    raise Wrong(f"The output is right in {np.isclose(y, right).sum()} of 400 cases.")


@exercise(6, "Wide or deep", promise=5, kind="predict", points=2)
def wide_or_deep(pieces, neurons_in_one_layer, parameters, times):
    """Pieces after 4 layers of 3; neurons of one layer for as many; parameters of the deep network; width for 1/100."""
    pieces, parameters = expect.whole("pieces", pieces), expect.whole("parameters", parameters)
    neurons_in_one_layer = expect.whole("neurons_in_one_layer", neurons_in_one_layer)
    times = expect.number("times", times)
    if pieces == 3 * 4:
        raise Hint("added", "You added up the pieces of the layers. But each layer folds all that came before it.")
    if pieces == 2**4:
        raise Hint("doubled", "This is for the `fold` of section 5, with two pieces. These layers make three of one.")
    if pieces in (3**3, 3**5, 4**3):
        raise Hint("power", "It is a power, but not this one: one layer makes 3 pieces. And two layers?")
    if pieces != 3**4:
        raise Wrong("The number of `pieces` is not right. Begin with one layer, then follow what the next does to it.")
    if neurons_in_one_layer == pieces:
        raise Hint("one-too-many", "`pieces` is right. But how many bends lie between two pieces, and between three?")
    if neurons_in_one_layer == 12:
        raise Hint("as-many", "`pieces` is right. But 12 neurons in one layer make 12 bends at most.")
    if neurons_in_one_layer == pieces + 1:
        raise Hint("turned", "`pieces` is right. But m neurons give m + 1 pieces, and not the other way round.")
    if neurons_in_one_layer != pieces - 1:
        raise Wrong("`pieces` is right, `neurons_in_one_layer` is not. Each neuron adds at most one bend.")
    sizes = np.array([1, 3, 3, 3, 3, 1])
    n_weights = (sizes[:-1] * sizes[1:]).sum()
    if parameters == n_weights:
        raise Hint("no-biases", "The first two are right. In `parameters`, the biases are missing.")
    if parameters == n_weights + 12:
        raise Hint("output-bias", "The first two are right. In `parameters`, one bias is missing: which neuron's?")
    if parameters in (40, 42, 52):
        raise Hint("ends", "The first two are right. In `parameters`, count again where the network begins and ends.")
    if parameters != n_weights + 13:
        raise Wrong("The first two are right. For `parameters`, count weights and biases layer by layer: 1-3-3-3-3-1.")
    if close(times, 100):
        raise Hint("proportional", "All right but `times`: twice the neurons gave a quarter of the error, not half.")
    if close(times, 50) or close(times, 25):
        raise Hint(
            "quarters", "All right but `times`: a quarter of the error costs twice the neurons. And a sixteenth?"
        )
    if close(times, 10000):
        raise Hint("squared", "All right but `times`: so many would make the error far smaller still.")
    if close(times, 0.1):
        raise Hint("upside-down", "All right but `times`: it takes more neurons, not fewer.")
    if not 9.9 < times < 10.1:
        raise Wrong("All right but `times`: the error falls as 1 / m². By which factor must m grow?")
    wide = 3 * neurons_in_one_layer + 1
    return f"The wide network has {wide} parameters for it. But few curves are such sawteeth, and most profit less."
