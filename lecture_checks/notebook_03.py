"""The checks of notebook 03: what do more layers add?"""

from functools import wraps
from itertools import pairwise

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Hint, call, close, exercise
from lecture_checks.mistakes import AnyOf, judge, judge_function, rule_out


def relu(z):
    return np.maximum(0, z)


def same(z):
    return z


def twice(function):
    """The function, called twice with the same arguments; for one that must not change what it is given."""

    @wraps(function)
    def called_twice(*arguments):
        function(*arguments)
        return function(*arguments)

    return called_twice


def forward_with(functions):
    """A forward pass with `functions(hidden, output)`: of the layers but the last, of the last one, and after it."""

    def forward(X, weights, hidden, output):
        inner, last, after = functions(hidden, output)
        for i, (W, b) in enumerate(weights):
            X = (last if i == len(weights) - 1 else inner)(X @ W + b)
        return after(X)

    return forward


forward_right = forward_with(lambda hidden, output: (hidden, output, same))
forward_broken = forward_with(lambda hidden, output: (hidden, hidden, output))


def network(W1, W2, b1=(0, 0, 0), b2=0):
    """The answer to a design of three hidden neurons and one output; W2 as a plain list."""
    return W1, b1, [[w] for w in W2], b2


# fmt: off


@exercise(1, "Parameters and shapes", promise=2, kind="by hand")
def counted(n_parameters, W2_shape, a2_shape):
    """Parameters per layer of a 12-30-20-5 network; the shapes of W and a of hidden layer 2, for 200 instances."""
    n_parameters = expect.array("n_parameters", n_parameters, shape=(3,))
    W2_shape = tuple(expect.array("W2_shape", W2_shape, shape=(2,)))
    rule_out("a2_shape", known=[
        ("one-instance", (20,), "`a2_shape` is that of one instance alone. Here, 200 are given at once.",
         isinstance(a2_shape, (tuple, list)) and len(a2_shape) == 1),
    ])
    a2_shape = tuple(expect.array("a2_shape", a2_shape, shape=(2,)))
    n_in, n_out = np.array([12, 30, 20]), np.array([30, 20, 5])
    right = n_in * n_out + n_out
    fits = np.isclose(n_parameters, right)
    first = ("first hidden layer", "second hidden layer", "output layer")[fits.argmin()]
    judge("n_parameters", n_parameters, right=right, known=[
        ("no-biases", n_in * n_out,
         "You counted the weights only. Which arrows of the drawing in section 2 are missing?"),
        ("bias-per-input", n_in * n_out + n_in,
         "You gave a bias to each input of a layer. Which neurons add it to their sum?"),
        ("one-bias", n_in * n_out + 1,
         "You counted one bias a layer. The bias neuron has an arrow to how many neurons?"),
        ("neurons", n_out, "These are the neurons of each layer. Parameters are the arrows that lead into them."),
        ("running-total", np.cumsum(right),
         "These numbers add up from layer to layer. Give those of each layer alone."),
        ("from-inputs", n_in[0] * n_out + n_out,
         "Only the first hidden layer gets the 12 inputs. What goes into the other layers?"),
        ("times-instances", 200 * right,
         "The instances do not count: all of them go through the same weights and biases."),
    ], otherwise=f"{fits.sum()} of the three numbers of parameters are right. Count again those of the {first}.")
    judge("W2_shape", W2_shape, right=(30, 20), opening="The parameters are right.", known=[
        ("W-turned", (20, 30), "In `W2_shape` the two numbers are turned: XW must fit."),
        ("bias-in-W", (31, 20), "But in this notebook the biases are not in W, but in b."),
        ("other-layer", AnyOf((12, 30), (20, 5)), "But this is the shape of another layer's weights."),
    ], otherwise="The parameters are right. `W2_shape` has the numbers of what goes in, then of the neurons.")
    judge("a2_shape", a2_shape, right=(200, 20), opening="Nearly all is right.", known=[
        ("a-turned", (20, 200), "In `a2_shape` the two numbers are turned: what is a row of X?"),
        ("goes-in", (200, 30), "But `a2_shape` is what goes into this layer, not what comes out."),
        ("instances-lost", AnyOf((1, 20), (30, 20)), "But `a2_shape` should have a row for each instance."),
        ("bias-in-a", (200, 21), "But the bias neuron is not a column of `a` here: b is added instead."),
    ], otherwise="Nearly all is right. `a2_shape` has a row for each instance and a column for each neuron.")
    return "The number of instances is in no parameter: the same network takes 1 instance or a million."


@exercise(2, "Two lines in a row", promise=3, kind="by hand", points=2)
def lines(f_of_g, g_of_f, one_layer):
    """Slope and intercept of f(g(x)) and g(f(x)); for four phi, whether two layers with it are still one."""
    f_of_g, g_of_f = expect.array("f_of_g", f_of_g, shape=(2,)), expect.array("g_of_f", g_of_f, shape=(2,))
    answers = expect.items("one_layer", one_layer, 4, '"yes" or "no" for each function')
    answers = [expect.choice(f"one_layer[{i}]", answer, "yes", "no") for i, answer in enumerate(answers)]
    f, g = (-3, 2), (4, -5)
    given, right = np.array([f_of_g, g_of_f]), np.array([[a * c, a * d + b] for (a, b), (c, d) in ((f, g), (g, f))])
    rule_out("f_of_g g_of_f", known=[
        ("order", right[::-1],
         "Both lines are right, but they have changed places. In f(g(x)), which is computed first?",
         close(given, right[::-1])),
        ("turned", right[:, ::-1],
         "The numbers are right, in the other order: first the slope, then the value at x = 0.",
         close(given, right[:, ::-1])),
    ])
    for name, line, (a, b), (c, d) in (("f_of_g", f_of_g, f, g), ("g_of_f", g_of_f, g, f)):
        part = "value at x = 0" if close(line[0], a * c) else "slope"
        judge(name, line, right=[a * c, a * d + b], known=[
            ("slopes-added", [a + c, b + d],
             f"In `{name}` you added the slopes. Put one formula into the other instead.", close(line[0], a + c)),
            ("inner-constant", [a * c, d + b],
             f"In `{name}`, the inner constant is multiplied by the outer slope, too."),
            ("constants", [a * c, d * b], f"In `{name}` you multiplied the constants. Put one formula into the other."),
            ("sign", [a * c, -a * d + b],
             f"In `{name}`, look again at the sign of the product of outer slope and inner constant."),
            ("outer-sign", [a * c, a * d - b],
             f"In `{name}`, look again at the sign of the constant of the outer function."),
            ("outer-constant", [a * c, a * d], f"In `{name}`, the outer function adds its own constant, too."),
        ], otherwise=f"In `{name}`, the {part} is not right. Put x = 0 and x = 1 into both functions, one by one.")
    judge("one_layer", answers, is_right=answers == ["yes", "no", "yes", "no"], opening="Both lines are right.", known=[
        ("is-a-line", ["no", "no", "yes", "no"], "A phi that is itself a line only adds one more line between.",
         "no" in (answers[0], answers[2])),
        ("bend", ["yes", "yes", "yes", "no"], "But one phi with a bend is among those where you say yes.",
         answers[1] == "yes"),
        ("curved", ["yes", "no", "yes", "yes"], "But one phi is curved: is the whole network still a line then?", True),
    ])
    return "The order of the layers did not matter for the slope: numbers may change places. Matrices may not."


@exercise(3, "Never below zero", promise=1, kind="find the bug", points=2)
def forward_repaired(forward, smallest):
    """The repaired forward(X, weights, hidden, output), and the smallest output of the broken one with ReLU."""
    rng = np.random.default_rng(3)
    X, sizes = rng.normal(size=(7, 2)), [2, 5, 4, 3]
    weights = [(rng.normal(size=s), rng.normal(size=s[1])) for s in pairwise(sizes)]

    def output(z):
        return np.tanh(z / 2)

    def read(result, shape=(None, None)):
        return expect.array("forward(X, weights, hidden, output)", result, shape)

    def otherwise(result):
        read(result, shape=(7, 3))
        return "`forward` is not right yet: `hidden` acts in all layers but the last, and `output` in the last."

    result = judge_function("forward", forward, (X, weights, relu, output), right=forward_right, read=read, known=[
        ("still-broken", forward_broken, "The last layer still goes through `hidden` before `output`. One is enough."),
        ("output-lost", forward_with(lambda hidden, output: (hidden, hidden, same)),
         "Now `output` is not used at all, and the last layer still goes through `hidden`."),
        ("output-forgotten", forward_with(lambda hidden, output: (hidden, same, same)),
         "The last layer no longer goes through `hidden`. But now `output` is missing."),
        ("output-everywhere", forward_with(lambda hidden, output: (output, output, same)),
         "Now every layer goes through `output`. The hidden ones should keep `hidden`."),
        ("layer-lost", lambda X, weights, *functions: forward_broken(X, weights[:-1], *functions),
         "The last layer is left out: its weights and biases are never used."),
        ("hidden-lost", forward_with(lambda hidden, output: (same, output, same)),
         "Now `hidden` is not used at all: without a bend, the layers are one."),
        ("bias-lost", lambda X, weights, *functions: forward_right(X, [*weights[:-1], (weights[-1][0], 0)], *functions),
         "`hidden` and `output` are in their places. But the last layer has lost its bias."),
    ], otherwise=otherwise)
    one_layer = read(call(forward, X, weights[:1], relu, output), shape=(7, 5))
    judge("forward", one_layer, right=forward_right(X, weights[:1], relu, output), otherwise=(
        "It is right for this network, but not for one with a single layer, which is the output layer."
    ))
    if not close(read(call(twice(forward), X, weights, relu, output)), result):
        message = "It is right once. But it changes the list `weights`: a second call finds another one."
        raise Hint("list-changed", message)
    if isinstance(smallest, float) and smallest == -np.inf:
        smallest = -1.0
    smallest = expect.number("smallest", smallest)
    judge("smallest", smallest, right=0, known=[
        ("negative", AnyOf(-1, -np.inf),
         "`forward` is repaired. But what did the broken one do last to every negative sum?", smallest < 0),
        ("positive", 1, "`forward` is repaired. But which value does ReLU give to a negative sum?", True),
    ])
    return "A ReLU at the output also stops learning wherever its sum is negative: its slope there is 0."


@exercise(4, "A curve through four points", promise=4, kind="design", points=2)
def curve(W1, b1, W2, b2):
    """Weights (1, 3), biases (3,), weights (3, 1) and bias: straight from (0, 1) to (1, 3), (2, 3) and (4, -1)."""
    W1, b1 = expect.array("W1", W1, shape=(1, 3)), expect.array("b1", b1, shape=(3,))
    W2, b2 = expect.array("W2", W2, shape=(3, 1)), expect.number("b2", b2)
    points, x = [(0, 1), (1, 3), (2, 3), (4, -1)], np.linspace(0, 4, 401)

    def outputs(W1, b1, W2, b2):
        return (relu(x[:, np.newaxis] @ W1 + b1) @ W2 + b2)[:, 0]

    def same_form(a, b):
        return close(outputs(*a) - outputs(*a)[0], outputs(*b) - outputs(*b)[0])

    def bent(*changes, b1=(0, -1, -2), b2=1):
        return network([[1, 1, 1]], changes, b1, b2)

    y = outputs(W1, b1, W2, b2)
    at = [close(y[100 * x_there], y_there) for x_there, y_there in points]
    bends = x[1:-1][np.abs(np.diff(y, n=2)) > 1e-6]
    elsewhere = bends[(np.abs(bends - 1) > 0.015) & (np.abs(bends - 2) > 0.015)]
    is_right = close(y, np.interp(x, *zip(*points, strict=True)))
    judge("W1 b1 W2 b2", (W1, b1, W2, b2), is_right=is_right, same=same_form, known=[
        ("height", bent(2, -2, -2, b2=0),
         "The curve has the right form, but lies too high or too low everywhere. Why?"),
        ("slopes", bent(2, 0, -2),
         "Your output weights are the slopes. They should be the changes of slope, as they add up."),
        ("widths", bent(2, -2, -4),
         "The last piece is too steep. Its slope is the change of y per unit of x, not in all."),
        ("straight", bent(2, -2, -2, b1=(0, 1, 2)),
         "Between 0 and 4 your curve has no bend. Where is `x * W1 + b1` zero for each neuron?", bends.size == 0),
        ("change-sign", AnyOf(bent(2, 2, 2), bent(2, 2, -2), bent(2, -2, 2), bent(-2, 2, 2)),
         "At some bend the slope changes the wrong way: the change is the new slope minus the one before."),
        ("bends-elsewhere", bent(3, -2, -3, b1=(0, -1 / 2, -5 / 3)),
         "It goes through the four points, but is not straight between them.", all(at)),
        ("bends", bent(2, -2, -2, b1=(0, -1 / 3, -2 / 3)),
         lambda: f"Your curve bends at about x = {elsewhere[0]:.3g}. Where do two straight pieces meet?",
         elsewhere.size > 0),
        ("flat-start", AnyOf(bent(0, -2, -2), bent(2, -2, -2, b1=(-1, -2, -4))),
         "From x = 0 to 1 your curve is flat. Which neuron gives it the first slope?", close(np.ptp(y[:100]), 0)),
    ], otherwise=(
        f"Your curve goes through {sum(at)} of the four points. The first that it misses is {points[np.argmin(at)]}."
    ))
    return "The first piece needed no bend of its own: its slope is a change, too, from a slope of 0."


@exercise(5, "The larger of two", promise=4, kind="design", points=3)
def larger(W1, b1, W2, b2):
    """Weights (2, 3), biases (3,), weights (3, 1) and a bias of a ReLU network that computes max(x1, x2)."""
    W1, b1 = expect.array("W1", W1, shape=(2, 3)), expect.array("b1", b1, shape=(3,))
    W2, b2 = expect.array("W2", W2, shape=(3, 1)), expect.number("b2", b2)
    X = np.random.default_rng(5).uniform(-3, 3, size=(400, 2))

    def outputs(X, W1, b1, W2, b2):
        return (relu(X @ W1 + b1) @ W2 + b2)[:, 0]

    def otherwise():
        for point in ([3, 1], [1, 3], [-3, -1], [-1, -3]):
            (output,) = outputs(np.array([point]), *given)
            if not close(output, max(point)):
                return f"For x1 = {point[0]} and x2 = {point[1]} the output is {output:.3g}. Follow the three neurons."
        return f"The output is right in {np.isclose(y, right).sum()} of 400 cases."

    given = (W1, b1, W2, b2)
    y, right, positive = outputs(X, *given), X.max(axis=1), (X > 0).all(axis=1)
    to_max, both_ways = [[0, 0, 1], [1, -1, -1]], [[1, -1, 0], [-1, 1, 0]]
    judge("W1 b1 W2 b2", given, is_right=close(y, right), same=lambda _, other: close(y, outputs(X, *other)), known=[
        ("smaller", network([[0, 0, -1], [1, -1, 1]], [1, -1, -1]),
         "This network gives the smaller of the two. What does its comparing neuron add, and when?"),
        ("distance", network(both_ways, [1, 1, 0]),
         "This is the distance of the two numbers. The larger one is the smaller one plus this."),
        ("twice", network(to_max, [2, -2, 2]), "This network gives twice the larger number."),
        ("difference", AnyOf(network(both_ways, [1, 0, 0]), network(both_ways, [0, 1, 0])),
         "This is by how much one number is larger than the other. What must be added to it?"),
        ("sum", AnyOf(network([[1, 0, 0], [0, 1, 0]], [1, 1, 0]), network([[1, -1, 0], [1, -1, 0]], [1, -1, 0])),
         "For positive inputs, this network adds the two numbers. Which neuron compares them?"),
        ("added-to-larger",
         AnyOf(network([[1, 1, -1], [-1, 0, 0]], [1, 1, -1]), network([[-1, 0, 0], [1, 1, -1]], [1, 1, -1])),
         "You add the difference to the number from which it goes up. Try x1 = 3, x2 = 1."),
        ("negative", network([[1, 0, 0], [-1, 1, 0]], [1, 1, 0]),
         "It is right as long as both inputs are positive. How does a negative input come through a ReLU?",
         close(y[positive], right[positive])),
        ("height", network(to_max, [1, -1, 1], b2=1), "All outputs are wrong by the same amount: look at the biases.",
         close(y - y.mean(), right - right.mean())),
    ], otherwise=otherwise)
    judge("W1 b1 W2 b2", given, is_right=close(outputs(1e4 * X, *given), 1e4 * right), known=[
        ("far", AnyOf(network([[0, 1, 1], [1, 0, -1]], [1, 0, 1], (50, 90, 0), -50),
                      network([[1, 0, 0], [-1, 1, 0]], [1, 1, 0], (0, 1000, 0), -1000)),
         "It is right near 0, but not for numbers far below it: a bias only moves the place where ReLU ends.", True),
    ])
    return "A further layer can take the larger of two such results: so networks find a maximum of many."


@exercise(6, "Wide or deep", promise=5, kind="predict", points=2)
def wide_or_deep(pieces, neurons_in_one_layer, parameters, times):
    """Pieces after 4 layers of 3; neurons of one layer for as many; parameters of the deep network; width for 1/100."""
    pieces, parameters = expect.whole("pieces", pieces), expect.whole("parameters", parameters)
    neurons_in_one_layer = expect.whole("neurons_in_one_layer", neurons_in_one_layer)
    times = expect.number("times", times)
    judge("pieces", pieces, right=3**4, known=[
        ("added", 3 * 4, "You added up the pieces of the layers. But each layer folds all that came before it."),
        ("doubled", 2**4, "This is for the `fold` of section 5, with two pieces. These layers make three of one."),
        ("power", AnyOf(3**3, 3**5, 4**3),
         "It is a power, but not this one: one layer makes 3 pieces. And two layers?"),
    ], otherwise="The number of `pieces` is not right. Begin with one layer, then follow what the next does to it.")
    judge("neurons_in_one_layer", neurons_in_one_layer, right=pieces - 1, opening="`pieces` is right.", known=[
        ("one-too-many", pieces, "But how many bends lie between two pieces, and between three?"),
        ("as-many", 12, "But 12 neurons in one layer make 12 bends at most."),
        ("turned", pieces + 1, "But m neurons give m + 1 pieces, and not the other way round."),
    ], otherwise="`pieces` is right, `neurons_in_one_layer` is not. Each neuron adds at most one bend.")
    n_weights = 1 * 3 + 3 * 3 + 3 * 3 + 3 * 3 + 3 * 1
    judge("parameters", parameters, right=n_weights + 13, opening="The first two are right.", known=[
        ("no-biases", n_weights, "In `parameters`, the biases are missing."),
        ("output-bias", n_weights + 12, "In `parameters`, one bias is missing: which neuron's?"),
        ("ends", AnyOf(40, 42, 52), "In `parameters`, count again where the network begins and ends."),
    ], otherwise="The first two are right. For `parameters`, count weights and biases layer by layer: 1-3-3-3-3-1.")
    judge("times", times, is_right=9.9 < times < 10.1, opening="All right but `times`:", known=[
        ("proportional", 100, "twice the neurons gave a quarter of the error, not half."),
        ("quarters", AnyOf(50, 25), "a quarter of the error costs twice the neurons. And a sixteenth?"),
        ("squared", 10_000, "so many would make the error far smaller still."),
        ("upside-down", 0.1, "it takes more neurons, not fewer."),
    ], otherwise="All right but `times`: the error falls as 1 / m². By which factor must m grow?")
    wide = 3 * neurons_in_one_layer + 1
    return f"The wide network has {wide} parameters for it. But few curves are such sawteeth, and most profit less."
