"""The checks of notebook 01: what can a single neuron decide?"""

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Hint, Wrong, call, close, exercise

CASES = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
CASES_OF_THREE = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])


def step(z, size=1.0):
    """heaviside, with sums that are 0 but for rounding taken as 0; `size` is that of the numbers they are made of."""
    return (np.asarray(z) >= -1e-9 * size).astype(int)


@exercise(1, "Four cases by hand", promise=1, kind="by hand")
def four_cases(z, outputs):
    """The sums and the outputs of a neuron with w = (2, -1) and b = -0.5 for the four cases."""
    z, outputs = expect.array("z", z, shape=(4,)), expect.array("outputs", outputs, shape=(4,))
    right = CASES @ [2, -1] - 0.5
    if close(z, CASES @ [2, -1]):
        raise Hint("no-bias", "The sums are right up to one thing: the bias belongs to them, in every case.")
    if close(z, CASES @ [2, -1] + 0.5):
        raise Hint(
            "bias-sign", "The bias is added as it is, with its sign. Look at the first case: what is left of the sum?"
        )
    if close(z, CASES @ [-1, 2] - 0.5):
        raise Hint("crossed", "The two weights have changed places. Is your second case (0, 1), with `x2 = 1`?")
    if close(z, CASES @ [2, 1] - 0.5):
        raise Hint("sign-lost", "Mind the sign of the second weight, where the second input is 1.")
    if np.isin(z, (0, 1)).all():
        raise Hint("after-step", "`z` is the sum before the step, and can be any number; these are outputs after it.")
    if not close(z, right):
        x1, x2 = CASES[~np.isclose(z, right)][0]
        n_right = np.isclose(z, right).sum()
        raise Wrong(f"{n_right} of the four sums in `z` are right. Look again at the case ({x1}, {x2}).")
    if close(outputs, np.sign(right)):
        raise Hint("sgn", "The sums are right. But these outputs are those of `sgn`; the neuron ends in `heaviside`.")
    if close(outputs, 1 - step(right)):
        raise Hint("turned", "The sums are right, and the outputs are all turned around. When does the neuron say 1?")
    if close(outputs, step(right + 0.5)):
        raise Hint(
            "compared-with-bias",
            "The sums are right, and the bias is in them already. So compare them with 0, not with the bias.",
        )
    if not close(outputs, step(right)):
        x1, x2 = CASES[outputs != step(right)][0]
        raise Wrong(f"The sums are right. Look again at the case ({x1}, {x2}): does its sum reach 0?")
    return "The second input made no difference here: the neuron repeats the first one, though it weighs both."


@exercise(2, "At most one", promise=2, kind="design", points=2)
def at_most_one(w, b):
    """Weights (3,) and a bias of a neuron that says 1 exactly if at most one of its three inputs is 1."""
    w, b = expect.array("w", w, shape=(3,)), expect.number("b", b)
    size = np.abs([*w, b]).max()
    z, ones = CASES_OF_THREE @ w + b, CASES_OF_THREE.sum(axis=1)
    outputs, on_border = step(z, size), np.abs(z) <= 1e-9 * size
    if (outputs == (ones <= 1)).all():
        return "With two inputs in place of three, the same idea gives NAND, the opposite of AND."
    if (outputs == (ones >= 2)).all():
        raise Hint("turned", "It says 1 exactly where it should say 0. What did turning all signs do, in section 4?")
    if (outputs == outputs[0]).all():
        raise Hint("constant", f"This neuron says {outputs[0]} in all eight cases, whatever the inputs are.")
    if ((outputs == (ones <= 1)) | on_border).all():
        raise Hint("border", "Almost: in some cases `z` is exactly 0. What does heaviside say there?")
    if (outputs == (ones == 0)).all():
        raise Hint("strict", "This neuron says 1 only if no input is 1. A single 1 should not yet turn it off.")
    if (outputs == (ones <= 2)).all():
        raise Hint("lenient", "This neuron says 0 only if all three inputs are 1. Two should be enough for that.")
    if (w > 0).all():
        raise Hint("rising", "With your weights, each further 1 makes the sum larger. Many 1s should lead to a 0.")
    if not close(w, np.full(3, w.mean())):
        raise Hint("unequal", "The rule treats all inputs alike; these weights do not, and some cases go wrong.")
    raise Wrong(f"The neuron is right in {(outputs == (ones <= 1)).sum()} of the 8 cases.")


@exercise(3, "An OR that is wrong", promise=2, kind="find the bug", points=2)
def or_repaired(wrong_case, b, sgn_outputs):
    """The case that a neuron with w = (1, 1) and b = 0 gets wrong, a better bias, and the outputs of sgn with b = 0."""
    wrong_case = expect.array("wrong_case", wrong_case, shape=(2,))
    b, sgn_outputs = expect.number("b", b), expect.array("sgn_outputs", sgn_outputs, shape=(4,))
    if not np.isin(wrong_case, (0, 1)).all():
        raise Hint("no-case", "`wrong_case` should be one of the four cases: both inputs are 0 or 1.")
    if wrong_case.any():
        raise Hint(
            "case", "In the `wrong_case` that you name, the sum is positive and OR is 1: no error. Try the others."
        )
    outputs = step(CASES @ [1, 1] + b)
    if (outputs == 1).all():
        raise Hint("bias-high", "The case is the right one. With your bias the neuron still says 1 in all four cases.")
    if (outputs == [0, 0, 0, 1]).all():
        raise Hint("bias-and", "The case is the right one. With your bias the neuron needs both inputs: this is AND.")
    if (outputs == 0).all():
        raise Hint("bias-low", "The case is the right one. With your bias the neuron never says 1.")
    if close(sgn_outputs, [1, 1, 1, 1]):
        raise Hint(
            "sgn-as-heaviside", "Case and bias are right. But sgn and heaviside differ at one place; look there."
        )
    if (sgn_outputs == -1).any():
        raise Hint(
            "sgn-negative", "Case and bias are right. sgn gives -1 for a negative sum; is any of the sums negative?"
        )
    if close(sgn_outputs, [0, 1, 1, 2]):
        raise Hint("sgn-sums", "Case and bias are right. These are the four sums; apply sgn to each of them.")
    if not close(sgn_outputs, [0, 1, 1, 1]):
        raise Wrong("Case and bias are right. For `sgn_outputs`, compute the four sums with b = 0, then sgn of each.")
    return (
        "Errors on the border are typical: a bias between the values that occur, and not at one of them, avoids them."
    )


@exercise(4, "A neuron for a line", promise=3, kind="design", points=2)
def line(w, b):
    """Weights (2,) and a bias whose line goes through (2, 0) and (0, 1), with the origin on the side of 1."""
    w, b = expect.array("w", w, shape=(2,)), expect.number("b", b)
    if not w.any():
        raise Hint("no-line", "With both weights 0 there is no line: the sum is the same everywhere.")
    w, b = np.array(w) / np.linalg.norm(w), b / np.linalg.norm(w)
    right_w, right_b = np.array([-1, -2]) / 5**0.5, 2 / 5**0.5
    if close([*w, b], [*right_w, right_b], 1e-4):
        return "Any positive multiple of your weights and bias gives the same line, with the same side of 1."
    if close([*-w, -b], [*right_w, right_b], 1e-4):
        raise Hint(
            "other-side", "The line is right. But the arrow of the weights points to the side of 1: on which is (0, 0)?"
        )
    if close(abs(w @ [-2, 1]) / 5**0.5, 1, 1e-4):
        raise Hint("along", "Your weights point along the line. They should stand at a right angle to it.")
    if close(abs(w @ [2, 1]) / 5**0.5, 1, 1e-4):
        raise Hint(
            "swapped",
            "Your line has another slope: it looks as if 2 and 1 have changed places. Put in (2, 0): is `z = 0`?",
        )
    if close(abs(w @ right_w), 1, 1e-4):
        raise Hint("parallel", "Your line is parallel to the right one. Which bias makes the sum 0 at (2, 0)?")
    if w[0] * w[1] < 0:
        raise Hint("rises", "Your weights have different signs: such a line rises. What does the one on your paper do?")
    on = [close(np.array(point) @ w + b, 0, 1e-4) for point in ((2, 0), (0, 1))]
    raise Wrong(f"Your line goes through {sum(on)} of the two points. At each point of the line the sum is 0.")


@exercise(5, "How sure?", promise=4, kind="complete", points=2)
def probability(probability):
    """A function of X (n, 2), w (2,) and b that returns what logistic regression gives for each row, (n,)."""
    X = np.random.default_rng(1).uniform(-2, 2, size=(40, 2))
    w, b = np.array([1.5, -2.0]), 0.7
    p = expect.array("probability(X, w, b)", call(probability, X, w, b), shape=(40,))
    z = X @ w + b
    right = 1 / (1 + np.exp(-z))
    if close(p, 1 / (1 + np.exp(z))):
        raise Hint("sign", "These are the probabilities of class 0: for a large sum your function gives almost 0.")
    if close(p, 1 / (1 + np.exp(-(z - b)))):
        raise Hint("no-bias", "The function ignores the bias `b`.")
    if close(p, 1 / (1 + np.exp(-(z - 2 * b)))):
        raise Hint("bias-sign", "Your function subtracts the bias. It is added, with its sign.")
    if close(p, step(z)):
        raise Hint("step", "This is the decision, 0 or 1, of the step. How sure the neuron is lies between.")
    if close(p, z):
        raise Hint("sum", "This is the weighted sum `z`. It still has to go through the logistic function.")
    if close(p, 1 / 1 + np.exp(-z)):
        raise Hint("parentheses", "Python divides before it adds: put the whole denominator in parentheses.")
    if close(p, right, 0.006) and not close(p, right):
        raise Hint("rounded", "Nearly: your function rounds. Return the probabilities with all their digits.")
    outside = p[(p < 0) | (p > 1)]
    if outside.size:
        raise Hint("outside", f"A probability lies between 0 and 1; your function gives {outside[0]:.3g}, for example.")
    if not close(p, right):
        n_right = (step(p - 0.5) == step(z)).sum()
        raise Wrong(
            f"Some values differ from those of the logistic function; {n_right} of 40 decisions are as they should be."
        )
    large = expect.array("probability(X, w, b)", call(probability, X, 10 * w, 10 * b), shape=(40,))
    if not close(large, 1 / (1 + np.exp(-10 * z))):
        raise Wrong("For these weights it is right, for ten times larger ones not.")
    return "With ten times larger weights and bias the decisions stay the same, but the neuron is much surer of them."
