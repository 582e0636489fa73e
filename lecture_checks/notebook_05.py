"""The checks of notebook 05: why ReLU?"""

from functools import partial

import numpy as np
from sklearn.datasets import load_digits

from lecture_checks import expect
from lecture_checks.core import Form, call, close, exercise
from lecture_checks.mistakes import AnyOf, judge, judge_function, rule_out
from lecture_utils import from_scratch
from lecture_utils.from_scratch import logistic

Z = np.linspace(-6, 6, 25)  # of moderate size, for which no formula overflows
LARGE = np.array([-1000.0, 1000.0])


def softplus_formula(z):
    return np.log(1 + np.exp(z))


def at_large(name: str, function) -> np.ndarray:
    """What the student's function returns for LARGE; perhaps with NaN or infinity."""
    result = np.asarray(call(function, LARGE))
    if result.shape != LARGE.shape or result.dtype.kind not in "biuf":
        raise Form(f"`{name}(z)` should return an array of numbers of the shape {LARGE.shape}, as `z` has.")
    return result.astype(float)


def train_deep_logistic(factor: float) -> tuple[float, float]:
    """Ten logistic layers with weights times `factor` learn digits: gradient of layer 1 by that of 10, share right."""
    digits = load_digits()
    X, y = digits.data / 16, digits.target
    sizes = [64] + [50] * 10 + [10]
    network = from_scratch.MLP(sizes, hidden="logistic", output="softmax", loss="cross_entropy", seed=0)
    network.weights = [(factor * W, b) for W, b in network.weights]
    gradients = [np.abs(dW).mean() for dW, db in network.gradients(X[:500], y[:500])]
    for epochs, learning_rate in ((8, 0.1), (3, 0.02)):  # the second, small one lets the weights settle
        network.fit(X, y, epochs=epochs, learning_rate=learning_rate)
    return gradients[0] / gradients[9] if gradients[9] else 0.0, float(np.mean(network.predict(X) == y))


# fmt: off


@exercise(1, "Slopes without z", promise=2, kind="by hand")
def slopes(slope_logistic, slope_tanh, slope_relu):
    """The slopes of a logistic, a tanh and a ReLU neuron that all put out 0.8."""
    a = 0.8
    given = {"slope_logistic": slope_logistic, "slope_tanh": slope_tanh, "slope_relu": slope_relu}
    given = {name: expect.number(name, value) for name, value in given.items()}
    right = {"slope_logistic": a * (1 - a), "slope_tanh": 1 - a**2}
    at_a = {"slope_logistic": logistic(a) * (1 - logistic(a)), "slope_tanh": 1 - np.tanh(a) ** 2}
    first_two = [given[name] for name in right]
    rule_out("slope_logistic slope_tanh", known=[
        ("crossed", [*right.values()][::-1],
         "The first two slopes have changed places: which formula belongs to which function?",
         close(first_two, [*right.values()][::-1], 1e-3)),
    ])
    for name in right:
        judge(name, given[name], right=right[name], within=1e-3, opening=f"`{name}`:", known=[
            ("a-as-z", at_a[name], "you took 0.8 for the sum `z`. It is the output `a`, computed already.",
             close(given[name], at_a[name], 3e-3)),
            ("half-formula", 1 - a, "1 - 0.8 is only a part of the formula. What else is in it?"),
            ("square-only", a**2, "0.8 squared is only a part of the formula. What else is in it?"),
        ], otherwise=f"`{name}` is not right. Section 5 lists each derivative as it is computed from `a`.")
    judge("slope_relu", given["slope_relu"], right=1, within=1e-3, known=[
        ("relu-output", a, "The first two are right. For ReLU you gave the output; how steep is ReLU there?"),
        ("relu-left", 0, "The first two are right. ReLU is flat only where its output is 0; here it is 0.8."),
    ], otherwise="The first two are right. What is the slope of ReLU where its output is positive?")
    return "The same output, three slopes: with the same error, the logistic neuron learns slowest."


@exercise(2, "Softplus", promise=3, kind="complete", points=2)
def softplus(softplus, softplus_derivative):
    """softplus(z) = log(1 + e^z) of an array without an overflow, and its derivative, also a function of z."""

    def right(z):
        return np.logaddexp(0, z)

    def otherwise(values):
        n_right, at_0 = np.isclose(values, right(Z)).sum(), values[Z == 0][0]
        return f"`softplus` is right for {n_right} of {len(Z)} sums from -6 to 6. At 0 it gives {at_0:.3g}."

    read = partial(expect.array, "softplus(z)", shape=Z.shape)
    judge_function("softplus", softplus, [Z], right=right, read=read, known=[
        ("relu", lambda z: np.maximum(0, z),
         "This is ReLU. Softplus comes close to it far from 0. But what is it at 0?"),
        ("jump", lambda z: np.where(z > 0, z, right(z)),
         "For positive sums your function gives `z` itself. Nearly right for large ones, but at 0 it jumps."),
        ("mirrored", lambda z: right(-z),
         "Your function falls where softplus rises: mind the sign of `z` in the power."),
        ("half-rewritten", lambda z: right(-np.abs(z)),
         "For negative `z` it is right. For positive `z` you took e^z out of the sum: what does its logarithm add?"),
        ("taken-out-twice", lambda z: np.abs(z) + right(-np.abs(z)),
         "For positive `z` it is right. For negative `z` nothing large was taken out: what is added there?"),
        ("base", AnyOf(lambda z: right(z) / np.log(10), lambda z: right(z) / np.log(2)),
         "This is a logarithm to another base. ln is the natural one, in NumPy `np.log`."),
        ("no-log", lambda z: 1 + np.exp(z), "The logarithm is missing."),
        ("derivative-first", logistic, "This is already the derivative of softplus. It belongs in the other function."),
    ], otherwise=otherwise)
    large = at_large("softplus", softplus)
    infinite = ~np.isfinite(large)
    judge("softplus", large, right=[0, 1000], known=[
        ("overflow",
         AnyOf(softplus_formula, lambda z: z + softplus_formula(-z), lambda z: -np.log(1 / (1 + np.exp(z)))),
         lambda: f"From -6 to 6 it is right, but at {LARGE[infinite][0]:.0f} it gives {large[infinite][0]}. "
                 "Where does e get a large power? Take it out of the logarithm.", infinite.any()),
        ("cut", AnyOf(lambda z: softplus_formula(np.clip(z, -20, 20)), lambda z: np.nan_to_num(softplus_formula(z))),
         f"From -6 to 6 it is right, but at {LARGE} it gives {large}. Softplus comes close to ReLU there.", True),
    ])
    read = partial(expect.array, "softplus_derivative(z)", shape=Z.shape)
    judge_function("softplus_derivative", softplus_derivative, [Z], right=logistic, read=read, known=[
        ("not-derived", right, "`softplus` is right. The derivative is not softplus itself: compare the slopes at 0."),
        ("derivative-of-relu", AnyOf(lambda z: np.where(z > 0, 1, 0), lambda z: np.where(z >= 0, 1, 0)),
         "`softplus` is right. This derivative is the one of ReLU: softplus has no kink."),
        ("derived-twice", lambda z: logistic(z) * (1 - logistic(z)),
         "`softplus` is right. This is a slope that goes back to 0 for large `z`. Does softplus become level there?"),
        ("no-inner", lambda z: logistic(-z),
         "`softplus` is right, but its derivative should rise. Is the inner derivative missing (1 + e^z changes "
         "with z, too), or a minus in the power?"),
        ("derivative-sign", lambda z: -logistic(z),
         "`softplus` is right. Softplus always rises: is your derivative positive and growing?"),
    ], otherwise="`softplus` is right, its derivative is not. Print `central_difference(softplus, z)` for some `z`.")
    large = at_large("softplus_derivative", softplus_derivative)
    given = f"The derivative is right from -6 to 6; at {LARGE} it gives {large}."
    judge("softplus_derivative", large, right=[0, 1], within=1e-3, known=[
        ("derivative-nan", lambda z: np.exp(z) / (1 + np.exp(z)), f"{given} See section 2.",
         not np.isfinite(large).all()),
    ], otherwise=given)
    return "So softplus is a ReLU without the kink. Notebook 06 uses it at the output, for numbers that are positive."


@exercise(3, "A tanh that passes too much", promise=2, kind="find the bug", points=2)
def tanh_repaired(tanh_backward, right_at, broken_at_one):
    """The repaired backward step; the output at which the broken one was right; what that gave for da = 1, a = 1."""
    rng = np.random.default_rng(5)
    da, a = rng.normal(size=(4, 3)), rng.uniform(-0.95, 0.95, size=(4, 3))

    def right(da, a):
        return da * (1 - a**2)

    read = partial(expect.array, "tanh_backward(da, a)", shape=da.shape)
    judge_function("tanh_backward", tanh_backward, (da, a), right=right, read=read, known=[
        ("as-it-was", lambda da, a: da * (1 - np.tanh(a) ** 2),
         "`tanh_backward` still gives what it gave. How often has tanh been applied to `z` here?"),
        ("no-chain", lambda da, a: 1 - a**2,
         "This is the slope alone. The backward step multiplies what comes back, `da`, by it."),
        ("logistic", lambda da, a: da * a * (1 - a), "This is the backward step of the logistic function."),
        ("square-outside", lambda da, a: da * (1 - a) ** 2,
         "In the slope of tanh, only the output is squared, not the whole parenthesis."),
        ("parentheses", lambda da, a: da * 1 - a**2,
         "Python multiplies before it subtracts: put the whole slope in parentheses."),
        ("no-one", lambda da, a: da * a**2, "The square of the output is only a part of the slope of tanh."),
        ("no-square", lambda da, a: da * (1 - a), "In the slope of tanh, the output is squared."),
        ("sign", lambda da, a: -right(da, a), "All signs are turned: tanh rises everywhere."),
        ("square-removed", lambda da, a: da * (1 - np.tanh(a)),
         "You took away the square. The mistake is in the other part of the formula."),
    ], otherwise="`tanh_backward` does not give `da` times the slope of tanh. How is it computed from `a`?")
    right_at, broken = expect.number("right_at", right_at), expect.number("broken_at_one", broken_at_one)
    judge("right_at", right_at, right=0, known=[
        ("right-at-end", AnyOf(1, -1), "It is repaired. But is tanh(1) equal to 1? The two formulas agree elsewhere."),
    ], otherwise="It is repaired. The broken step is right where tanh(a) and `a` are the same: where is that?")
    judge("broken_at_one", broken, right=1 - np.tanh(1) ** 2, within=6e-3, opening="`broken_at_one`:", known=[
        ("value-of-right", 0, "0 is what the repaired step gives there. What did the broken one give?"),
        ("not-squared", 1 - np.tanh(1), "do not forget the square in the broken formula."),
        ("part", AnyOf(np.tanh(1) ** 2, np.tanh(1)), "this is only a part of the broken formula."),
    ], otherwise="`broken_at_one`: put `da = 1` and `a = 1` into the broken formula, and compute it.")
    return (
        "The broken step had all signs right, so a network may still learn with it: only numbers show such a mistake."
    )


@exercise(4, "One step too long", promise=5, kind="by hand", points=2)
def too_long(dw, db, dies_from, dw_relu, dw_leaky):
    """A ReLU neuron with w = 1, b = 0, x = 2, y = 1: its gradient, the learning rate that kills it, gradients after."""
    given = {"dw": dw, "db": db, "dies_from": dies_from, "dw_relu": dw_relu, "dw_leaky": dw_leaky}
    dw, db, dies_from, dw_relu, dw_leaky = [expect.number(name, value) for name, value in given.items()]
    x, y, w, b = 2.0, 1.0, 1.0, 0.0
    z = w * x + b
    right_dw, right_db = 2 * (z - y) * x, 2 * (z - y)
    judge("dw db", (dw, db), right=(right_dw, right_db), known=[
        ("error-turned", (-right_dw, -right_db),
         "`dw`, `db`: the signs are turned. The loss grows with the output here."),
        ("no-two", (right_dw / 2, right_db / 2),
         "`dw`, `db`: the square in the loss has the derivative 2 times the error."),
        ("no-input", (right_dw / x, right_db), "`dw`: the gradient of the weight is that of the sum, times the input.",
         close(dw, right_dw / x)),
        ("bias-times-x", (right_dw, right_db * x),
         "`db`: the bias is added to the sum as it is; no input belongs in its gradient.", close(db, right_db * x)),
    ], otherwise="`dw`, `db` are not right. Compute output and error first, then use the chain rule.")
    judge("dies_from", dies_from, right=z / (right_dw * x + right_db), opening="`dies_from`:", known=[
        ("hits", (z - y) / (right_dw * x + right_db),
         "with this learning rate the step lands exactly on the target. Go further."),
        ("weight-only", z / (right_dw * x), "the bias moves as well, and helps to pull the sum down."),
        ("bias-only", z / right_db, "the weight moves as well, and with it the sum."),
        ("sum-without-input", z / (right_dw + right_db), "in the sum, the new weight is multiplied by the input, 2."),
    ], otherwise="`dies_from` is not right. Write the sum after the step, with an unknown learning rate: when is it 0?")
    w, b = w - 0.3 * right_dw, b - 0.3 * right_db
    z = w * x + b
    judge("dw_relu", dw_relu, right=0, known=[
        ("slope-left-out", 2 * (0 - y) * x,
         "`dw_relu`: the output is wrong, but the error goes through the slope of ReLU first."),
    ], otherwise="`dw_relu` is not right. What is the sum after the step, and the slope of ReLU there?")
    judge("dw_leaky", dw_leaky, right=2 * (0.01 * z - y) * 0.01 * x, within=1e-4, opening="`dw_leaky`:", known=[
        ("output-not-leaky", 2 * (0 - y) * 0.01 * x, "the slope is right. But the output of leaky ReLU is not 0 here."),
        ("leak-left-out", 2 * (0.01 * z - y) * x,
         "the error is right. It still goes through the small slope of leaky ReLU."),
        ("leaky-no-input", 2 * (0.01 * z - y) * 0.01, "this is the gradient of the bias."),
        ("leaky-sign", -2 * (0.01 * z - y) * 0.01 * x, "the output is now too low. Is the error positive or negative?"),
        ("leak-once", 2 * (z - y) * 0.01 * x, "the leak acts twice, on the slope and on the output."),
        ("old-error", 0.01 * right_dw, "this comes from the error before the step. The output is another one now."),
    ], otherwise="`dw_leaky` is not right. Compute sum, output and error after the step, then the chain rule.")
    return "Twice the best learning rate is enough to kill it. The leaky neuron still feels a small pull upward."


@exercise(5, "Ten logistic layers that learn", promise=4, kind="design", points=3)
def deep_logistic(at_most, weight, factor):
    """The bound for a chain of 20 neurons with weights 1, the weight that lifts it to 1, a factor for a network."""
    at_most, weight = expect.number("at_most", at_most), expect.number("weight", weight)
    factor = expect.number("factor", factor)
    n, powers = 20, np.log(at_most) / np.log(0.25)  # how many quarters make up the answer
    otherwise = "`at_most` is not right. How steep is the logistic function at most, and how often is it met?"
    if at_most <= 0:
        otherwise = "`at_most` should be positive: all slopes and weights are."
    judge("at_most", at_most, is_right=close(powers, n, 4e-3), opening="`at_most`:", known=[
        ("added", 0.25 * n, "by the chain rule the slopes are multiplied, not added."),
        ("one-neuron", 0.25, "this is the most that one neuron passes back. There are 20 of them."),
        ("half-the-power", 0.5**n,
         "this is the bound for 10 neurons, but there are 20. Or did you take a slope of a half, "
         "twice the steepest one?", close(powers, n / 2, 1e-2)),
        ("halved", 0.25**10 / 2, "twice as many neurons do not halve the bound of ten, they square it.",
         close(abs(powers - n / 2), 0.5, 0.07)),
        ("miscounted", AnyOf(0.25**19, 0.25**21), "you are off by one neuron.",
         close(powers, n - 1, 1e-3) or close(powers, n + 1, 1e-3)),
        ("tanh", 1, "this is the bound for tanh or ReLU, whose slope can be 1.", close(powers, 0, 1e-3)),
        ("upside-down", 4.0**n, "this is a very large number. Each of the slopes is far below 1.",
         close(powers, -n, 4e-3)),
    ], otherwise=otherwise)
    judge("weight", weight, is_right=close(abs(weight), 4), opening="`weight`:", known=[
        ("turned-around", AnyOf(0.25, -0.25),
         "with this weight, the error shrinks even more. It should make up for a slope."),
        ("all-at-once", 4.0**n, "you make up for the whole chain at once; each of its neurons has this weight.",
         weight > 1000),
        ("weight-one", AnyOf(1, -1), "with the weight 1 the bound is the small number of `at_most`."),
    ], otherwise="`weight` is not right. Each neuron multiplies by its weight and its slope: when can that be 1?")
    rule_out("factor", known=[
        ("huge", 4.0**n, "`factor` is so large that all sums are far from 0. Take one that is a little above `weight`.",
         abs(factor) > 1000),
    ])
    ratio, right = train_deep_logistic(factor)
    seen = f"Layer 1 gets {ratio:.1g} times the gradient of layer 10, and {right:.0%} of the digits are right."
    judge("factor", factor, is_right=right >= 0.5, opening=f"`factor`: {seen}", known=[
        ("too-small", AnyOf(1, 0), "The weights do not even make up for the steepest slopes yet.", abs(factor) < 3.9),
        ("bound-only", AnyOf(4, -4), "Not all slopes are at their largest, so a little more is needed.",
         abs(factor) < 8),
        ("too-large", 30, "With weights this large most neurons are saturated, or gradients grow.", True),
    ])
    return "It learns. Away from the middle, slopes are below the bound: the weights must make up for that, too."
