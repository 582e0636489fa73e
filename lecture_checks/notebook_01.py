"""The checks of notebook 01: what can a single neuron decide?"""

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Wrong, call, close, exercise
from lecture_checks.mistakes import judge, judge_function

CASES = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
CASES_OF_THREE = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])


def step(z, size=1.0):
    """heaviside, with sums that are 0 but for rounding taken as 0; `size` is that of the numbers they are made of."""
    return (np.asarray(z) >= -1e-9 * size).astype(int)


def logistic(z):
    return 1 / (1 + np.exp(-z))


# fmt: off


@exercise(1, "Four cases by hand", promise=1, kind="by hand")
def four_cases(z, outputs):
    """The sums and the outputs of a neuron with w = (2, -1) and b = -0.5 for the four cases."""
    z, outputs = expect.array("z", z, shape=(4,)), expect.array("outputs", outputs, shape=(4,))
    right = CASES @ [2, -1] - 0.5
    n_right, (x1, x2) = np.isclose(z, right).sum(), CASES[np.argmin(np.isclose(z, right))]
    judge("z", z, right=right, known=[
        ("no-bias", right + 0.5, "The sums are right up to one thing: the bias belongs to them, in every case."),
        ("bias-sign", right + 1,
         "The bias is added as it is, with its sign. Look at the first case: what is left of the sum?"),
        ("crossed", CASES @ [-1, 2] - 0.5,
         "The two weights have changed places. Is your second case (0, 1), with `x2 = 1`?"),
        ("sign-lost", CASES @ [2, 1] - 0.5, "Mind the sign of the second weight, where the second input is 1."),
        ("after-step", [0, 0, 1, 1],
         "`z` is the sum before the step, and can be any number; these are outputs after it.",
         np.isin(z, (0, 1)).all()),
    ], otherwise=f"{n_right} of the four sums in `z` are right. Look again at the case ({x1}, {x2}).")
    x1, x2 = CASES[np.argmin(outputs == step(right))]
    judge("outputs", outputs, right=step(right), known=[
        ("sgn", np.sign(right),
         "The sums are right. But these outputs are those of `sgn`; the neuron ends in `heaviside`."),
        ("turned", 1 - step(right),
         "The sums are right, and the outputs are all turned around. When does the neuron say 1?"),
        ("compared-with-bias", step(right + 0.5),
         "The sums are right, and the bias is in them already. So compare them with 0, not with the bias."),
    ], otherwise=f"The sums are right. Look again at the case ({x1}, {x2}): does its sum reach 0?")
    return "The second input made no difference here: the neuron repeats the first one, though it weighs both."


@exercise(2, "At most one", promise=2, kind="design", points=2)
def at_most_one(w, b):
    """Weights (3,) and a bias of a neuron that says 1 exactly if at most one of its three inputs is 1."""
    w, b = expect.array("w", w, shape=(3,)), expect.number("b", b)
    size = np.abs([*w, b]).max()
    z, ones = CASES_OF_THREE @ w + b, CASES_OF_THREE.sum(axis=1)
    outputs, on_border = step(z, size), np.abs(z) <= 1e-9 * size
    judge("w b", (w, b), is_right=(outputs == (ones <= 1)).all(), known=[
        ("turned", ([1, 1, 1], -1.5),
         "It says 1 exactly where it should say 0. What did turning all signs do, in section 4?",
         (outputs == (ones >= 2)).all()),
        ("constant", ([0, 0, 0], 0), f"This neuron says {outputs[0]} in all eight cases, whatever the inputs are.",
         (outputs == outputs[0]).all()),
        ("border", ([-1, -1, -1], 2), "Almost: in some cases `z` is exactly 0. What does heaviside say there?",
         ((outputs == (ones <= 1)) | on_border).all()),
        ("strict", ([-1, -1, -1], 0.5),
         "This neuron says 1 only if no input is 1. A single 1 should not yet turn it off.",
         (outputs == (ones == 0)).all()),
        ("lenient", ([-1, -1, -1], 2.5),
         "This neuron says 0 only if all three inputs are 1. Two should be enough for that.",
         (outputs == (ones <= 2)).all()),
        ("rising", ([1, 1, 1], -0.5),
         "With your weights, each further 1 makes the sum larger. Many 1s should lead to a 0.", (w > 0).all()),
        ("unequal", ([-1, -1, 1], 1.5),
         "The rule treats all inputs alike; these weights do not, and some cases go wrong.",
         not close(w, np.full(3, w.mean()))),
    ], otherwise=f"The neuron is right in {(outputs == (ones <= 1)).sum()} of the 8 cases.")
    return "With two inputs in place of three, the same idea gives NAND, the opposite of AND."


@exercise(3, "An OR that is wrong", promise=2, kind="find the bug", points=2)
def or_repaired(wrong_case, b, sgn_outputs):
    """The case that a neuron with w = (1, 1) and b = 0 gets wrong, a better bias, and the outputs of sgn with b = 0."""
    wrong_case = expect.array("wrong_case", wrong_case, shape=(2,))
    b, sgn_outputs = expect.number("b", b), expect.array("sgn_outputs", sgn_outputs, shape=(4,))
    judge("wrong_case", wrong_case, is_right=not wrong_case.any(), known=[
        ("no-case", (0, 2), "`wrong_case` should be one of the four cases: both inputs are 0 or 1.",
         not np.isin(wrong_case, (0, 1)).all()),
        ("case", (1, 1),
         "In the `wrong_case` that you name, the sum is positive and OR is 1: no error. Try the others.", True),
    ])
    outputs = step(CASES @ [1, 1] + b)
    judge("b", b, is_right=(outputs == [0, 1, 1, 1]).all(), known=[
        ("bias-high", 0.5, "The case is the right one. With your bias the neuron still says 1 in all four cases.",
         outputs[0] == 1),
        ("bias-and", -1.5, "The case is the right one. With your bias the neuron needs both inputs: this is AND.",
         outputs[3] == 1),
        ("bias-low", -3, "The case is the right one. With your bias the neuron never says 1.", True),
    ])
    judge("sgn_outputs", sgn_outputs, right=[0, 1, 1, 1], known=[
        ("sgn-as-heaviside", [1, 1, 1, 1],
         "Case and bias are right. But sgn and heaviside differ at one place; look there."),
        ("sgn-negative", [-1, 1, 1, 1],
         "Case and bias are right. sgn gives -1 for a negative sum; is any of the sums negative?",
         (sgn_outputs == -1).any()),
        ("sgn-sums", [0, 1, 1, 2], "Case and bias are right. These are the four sums; apply sgn to each of them."),
    ], otherwise="Case and bias are right. For `sgn_outputs`, compute the four sums with b = 0, then sgn of each.")
    return (
        "Errors on the border are typical: a bias between the values that occur, and not at one of them, avoids them."
    )


@exercise(4, "A neuron for a line", promise=3, kind="design", points=2)
def line(w, b):
    """Weights (2,) and a bias whose line goes through (2, 0) and (0, 1), with the origin on the side of 1."""
    w, b = expect.array("w", w, shape=(2,)), expect.number("b", b)
    length = np.linalg.norm(w) or 1.0
    (w1, w2), b = w / length, b / length
    on = [close(np.dot(point, [w1, w2]) + b, 0, 1e-4) for point in ((2, 0), (0, 1))]
    judge("w b", (w, b), is_right=all(on) and b > 0, known=[
        ("no-line", ([0, 0], 1), "With both weights 0 there is no line: the sum is the same everywhere.", not w.any()),
        ("other-side", ([1, 2], -2),
         "The line is right. But the arrow of the weights points to the side of 1: on which is (0, 0)?", all(on)),
        ("along", ([-2, 1], 2), "Your weights point along the line. They should stand at a right angle to it.",
         close(abs(2 * w1 - w2), 5**0.5, 1e-4)),
        ("swapped", ([-2, -1], 2),
         "Your line has another slope: it looks as if 2 and 1 have changed places. Put in (2, 0): is `z = 0`?",
         close(abs(2 * w1 + w2), 5**0.5, 1e-4)),
        ("parallel", ([-1, -2], -2), "Your line is parallel to the right one. Which bias makes the sum 0 at (2, 0)?",
         close(abs(w1 + 2 * w2), 5**0.5, 1e-4)),
        ("rises", ([-0.5, 1], 1),
         "Your weights have different signs: such a line rises. What does the one on your paper do?", w1 * w2 < 0),
    ], otherwise=f"Your line goes through {sum(on)} of the two points. At each point of the line the sum is 0.")
    return "Any positive multiple of your weights and bias gives the same line, with the same side of 1."


@exercise(5, "How sure?", promise=4, kind="complete", points=2)
def probability(probability):
    """A function of X (n, 2), w (2,) and b that returns what logistic regression gives for each row, (n,)."""
    X = np.random.default_rng(1).uniform(-2, 2, size=(40, 2))
    w, b = np.array([1.5, -2.0]), 0.7
    z = X @ w + b

    def read(p):
        return expect.array("probability(X, w, b)", p, shape=(40,))

    def right(X, w, b):
        return logistic(X @ w + b)

    def outside(p):
        return p[(p < 0) | (p > 1)]

    judge_function("probability", probability, (X, w, b), read=read, right=right, known=[
        ("sign", lambda X, w, b: logistic(-(X @ w + b)),
         "These are the probabilities of class 0: for a large sum your function gives almost 0."),
        ("no-bias", lambda X, w, b: logistic(X @ w), "The function ignores the bias `b`."),
        ("bias-sign", lambda X, w, b: logistic(X @ w - b),
         "Your function subtracts the bias. It is added, with its sign."),
        ("step", lambda X, w, b: step(X @ w + b),
         "This is the decision, 0 or 1, of the step. How sure the neuron is lies between."),
        ("sum", lambda X, w, b: X @ w + b,
         "This is the weighted sum `z`. It still has to go through the logistic function."),
        ("parentheses", lambda X, w, b: 1 / 1 + np.exp(-(X @ w + b)),
         "Python divides before it adds: put the whole denominator in parentheses."),
        ("rounded", lambda X, w, b: logistic(X @ w + b).round(2),
         "Nearly: your function rounds. Return the probabilities with all their digits.",
         lambda p: close(p, logistic(z), 0.006)),
        ("outside", lambda X, w, b: 100 * logistic(X @ w + b),
         lambda p: f"A probability lies between 0 and 1; your function gives {outside(p)[0]:.3g}, for example.",
         lambda p: outside(p).size > 0),
    ], otherwise=lambda p: "Some values differ from those of the logistic function; "
                           f"{(step(p - 0.5) == step(z)).sum()} of 40 decisions are as they should be.")
    if not close(read(call(probability, X, 10 * w, 10 * b)), logistic(10 * z)):
        raise Wrong("For these weights it is right, for ten times larger ones not.")
    return "With ten times larger weights and bias the decisions stay the same, but the neuron is much surer of them."
