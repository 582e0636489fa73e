"""The checks of notebook 05: why ReLU?"""

import numpy as np
from sklearn.datasets import load_digits

from lecture_checks import expect
from lecture_checks.core import Form, Hint, Wrong, call, close, exercise
from lecture_utils import from_scratch

Z = np.linspace(-6, 6, 25)  # of moderate size, for which no formula overflows
LARGE = np.array([-1000.0, 1000.0])


@exercise(1, "Slopes without z", promise=2, kind="by hand")
def slopes(slope_logistic, slope_tanh, slope_relu):
    """The slopes of a logistic, a tanh and a ReLU neuron that all put out 0.8."""
    a = 0.8
    given = {"slope_logistic": slope_logistic, "slope_tanh": slope_tanh, "slope_relu": slope_relu}
    given = {name: expect.number(name, value) for name, value in given.items()}
    right = {"slope_logistic": a * (1 - a), "slope_tanh": 1 - a**2}
    if close([given["slope_logistic"], given["slope_tanh"]], [right["slope_tanh"], right["slope_logistic"]], 1e-3):
        raise Hint("crossed", "The first two slopes have changed places: which formula belongs to which function?")
    sigma = from_scratch.logistic(a)
    at_a = {"slope_logistic": sigma * (1 - sigma), "slope_tanh": 1 - np.tanh(a) ** 2}
    for name in right:
        if close(given[name], at_a[name], 3e-3):
            raise Hint("a-as-z", f"`{name}`: you took 0.8 for the sum `z`. It is the output `a`, computed already.")
        if close(given[name], 1 - a, 1e-3):
            raise Hint("half-formula", f"`{name}`: 1 - 0.8 is only a part of the formula. What else is in it?")
        if close(given[name], a**2, 1e-3):
            raise Hint("square-only", f"`{name}`: 0.8 squared is only a part of the formula. What else is in it?")
        if not close(given[name], right[name], 1e-3):
            raise Wrong(f"`{name}` is not right. Section 5 lists each derivative as it is computed from `a`.")
    if close(given["slope_relu"], a):
        raise Hint("relu-output", "The first two are right. For ReLU you gave the output; how steep is ReLU there?")
    if close(given["slope_relu"], 0):
        raise Hint("relu-left", "The first two are right. ReLU is flat only where its output is 0; here it is 0.8.")
    if not close(given["slope_relu"], 1, 1e-3):
        raise Wrong("The first two are right. What is the slope of ReLU where its output is positive?")
    return "The same output, three slopes: with the same error, the logistic neuron learns slowest."


@exercise(2, "Softplus", promise=3, kind="complete", points=2)
def softplus(softplus, softplus_derivative):
    """softplus(z) = log(1 + e^z) of an array without an overflow, and its derivative, also a function of z."""
    moderate = _values("softplus", softplus, Z)
    right, logistic = np.logaddexp(0, Z), from_scratch.logistic(Z)
    if close(moderate, np.maximum(0, Z)):
        raise Hint("relu", "This is ReLU. Softplus comes close to it far from 0. But what is it at 0?")
    if close(moderate, np.where(Z > 0, Z, right)):
        raise Hint(
            "jump",
            "For positive sums your function gives `z` itself. Nearly right for large ones, but at 0 it jumps.",
        )
    if close(moderate, np.logaddexp(0, -Z)):
        raise Hint("mirrored", "Your function falls where softplus rises: mind the sign of `z` in the power.")
    if close(moderate, np.log1p(np.exp(-np.abs(Z)))):
        raise Hint(
            "half-rewritten",
            "For negative `z` it is right. For positive `z` you took e^z out of the sum: what does its logarithm add?",
        )
    if close(moderate, np.abs(Z) + np.log1p(np.exp(-np.abs(Z)))):
        raise Hint(
            "taken-out-twice",
            "For positive `z` it is right. For negative `z` nothing large was taken out: what is added there?",
        )
    if any(close(moderate, right / np.log(base)) for base in (2, 10)):
        raise Hint("base", "This is a logarithm to another base. ln is the natural one, in NumPy `np.log`.")
    if close(moderate, 1 + np.exp(Z)):
        raise Hint("no-log", "The logarithm is missing.")
    if close(moderate, logistic):
        raise Hint(
            "derivative-first", "This is already the derivative of softplus. It belongs into the other function."
        )
    if not close(moderate, right):
        n_right, at_0 = np.isclose(moderate, right).sum(), moderate[Z == 0][0]
        raise Wrong(f"`softplus` is right for {n_right} of {len(Z)} sums from -6 to 6. At 0 it gives {at_0:.3g}.")
    large = _values("softplus", softplus, LARGE, finite=False)
    if not np.isfinite(large).all():
        raise Hint(
            "overflow",
            f"From -6 to 6 it is right, but at {LARGE[~np.isfinite(large)][0]:.0f} it gives "
            f"{large[~np.isfinite(large)][0]}. Where does e get a large power? Take it out of the logarithm.",
        )
    if not close(large, [0, 1000]):
        raise Hint(
            "cut", f"From -6 to 6 it is right, but at {LARGE} it gives {large}. Softplus comes close to ReLU there."
        )
    moderate = _values("softplus_derivative", softplus_derivative, Z)
    if close(moderate, right):
        raise Hint(
            "not-derived", "`softplus` is right. The derivative is not softplus itself: compare the slopes at 0."
        )
    if close(moderate, np.where(Z > 0, 1, 0)) or close(moderate, np.where(Z >= 0, 1, 0)):
        raise Hint(
            "derivative-of-relu", "`softplus` is right. This derivative is the one of ReLU: softplus has no kink."
        )
    if close(moderate, logistic * (1 - logistic)):
        raise Hint(
            "derived-twice",
            "`softplus` is right. This is a slope that goes back to 0 for large `z`. Does softplus become level there?",
        )
    if close(moderate, 1 / (1 + np.exp(Z))):
        raise Hint(
            "no-inner",
            "`softplus` is right, but its derivative should rise. Is the inner derivative missing (1 + e^z changes "
            "with z, too), or a minus in the power?",
        )
    if close(moderate, 1 - logistic) or close(moderate, -logistic):
        raise Hint(
            "derivative-sign", "`softplus` is right. Softplus always rises: is your derivative positive and growing?"
        )
    if not close(moderate, logistic):
        raise Wrong("`softplus` is right, its derivative is not. Print `central_difference(softplus, z)` for some `z`.")
    large = _values("softplus_derivative", softplus_derivative, LARGE, finite=False)
    if not np.isfinite(large).all():
        raise Hint(
            "derivative-nan", f"The derivative is right from -6 to 6; at {LARGE} it gives {large}. See section 2."
        )
    if not close(large, [0, 1], 1e-3):
        raise Wrong(f"The derivative is right from -6 to 6; at {LARGE} it gives {large}.")
    return "So softplus is a ReLU without the kink. Notebook 06 uses it at the output, for numbers that are positive."


@exercise(3, "A tanh that passes too much", promise=2, kind="find the bug", points=2)
def tanh_repaired(tanh_backward, right_at, broken_at_one):
    """The repaired backward step; the output at which the broken one was right; what that gave for da = 1, a = 1."""
    rng = np.random.default_rng(5)
    da, a = rng.normal(size=(4, 3)), rng.uniform(-0.95, 0.95, size=(4, 3))
    dz = expect.array("tanh_backward(da, a)", call(tanh_backward, da, a), shape=(4, 3))
    slope = 1 - a**2
    if close(dz, da * (1 - np.tanh(a) ** 2)):
        raise Hint(
            "as-it-was", "`tanh_backward` still gives what it gave. How often has tanh been applied to `z` here?"
        )
    if close(dz, slope):
        raise Hint("no-chain", "This is the slope alone. The backward step multiplies what comes back, `da`, by it.")
    if close(dz, da * a * (1 - a)):
        raise Hint("logistic", "This is the backward step of the logistic function.")
    if close(dz, da * (1 - a) ** 2):
        raise Hint("square-outside", "In the slope of tanh, only the output is squared, not the whole parenthesis.")
    if close(dz, da - a**2):
        raise Hint("parentheses", "Python multiplies before it subtracts: put the whole slope in parentheses.")
    if close(dz, da * a**2):
        raise Hint("no-one", "The square of the output is only a part of the slope of tanh.")
    if close(dz, da * (1 - a)):
        raise Hint("no-square", "In the slope of tanh, the output is squared.")
    if close(dz, -da * slope):
        raise Hint("sign", "All signs are turned: tanh rises everywhere.")
    if close(dz, da * (1 - np.tanh(a))):
        raise Hint("square-removed", "You took away the square. The mistake lies in the other part of the formula.")
    if not close(dz, da * slope):
        raise Wrong("`tanh_backward` does not give `da` times the slope of tanh. How is it computed from `a`?")
    right_at, broken = expect.number("right_at", right_at), expect.number("broken_at_one", broken_at_one)
    if close(abs(right_at), 1):
        raise Hint("right-at-end", "It is repaired. But is tanh(1) equal to 1? The two formulas agree elsewhere.")
    if not close(right_at, 0):
        raise Wrong("It is repaired. The broken step is right where tanh(a) and `a` are the same: where is that?")
    if close(broken, 0):
        raise Hint(
            "value-of-right", "`broken_at_one`: 0 is what the repaired step gives there. What gave the broken one?"
        )
    if close(broken, 1 - np.tanh(1), 6e-3):
        raise Hint("not-squared", "`broken_at_one`: do not forget the square in the broken formula.")
    if close(broken, np.tanh(1) ** 2, 6e-3) or close(broken, np.tanh(1), 6e-3):
        raise Hint("part", "`broken_at_one`: this is only a part of the broken formula.")
    if not close(broken, 1 - np.tanh(1) ** 2, 6e-3):
        raise Wrong("`broken_at_one`: put `da = 1` and `a = 1` into the broken formula, and compute it.")
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
    if close([dw, db], [-right_dw, -right_db]):
        raise Hint("error-turned", "`dw`, `db`: the signs are turned. The loss grows with the output here.")
    if close([dw, db], [right_dw / 2, right_db / 2]):
        raise Hint("no-two", "`dw`, `db`: the square in the loss has the derivative 2 times the error.")
    if close(dw, right_dw / x):
        raise Hint("no-input", "`dw`: the gradient of the weight is that of the sum, times the input.")
    if close(db, right_db * x):
        raise Hint("bias-times-x", "`db`: the bias is added to the sum as it is; no input belongs into its gradient.")
    if not close([dw, db], [right_dw, right_db]):
        raise Wrong("`dw`, `db` are not right. Compute output and error first, then use the chain rule.")
    hits = (z - y) / (right_dw * x + right_db)  # after this step the output is the target
    limit = z / (right_dw * x + right_db)
    if close(dies_from, hits):
        raise Hint("hits", "`dies_from`: with this learning rate the step lands exactly on the target. Go further.")
    if close(dies_from, z / (right_dw * x)):
        raise Hint("weight-only", "`dies_from`: the bias moves as well, and helps to pull the sum down.")
    if close(dies_from, z / right_db):
        raise Hint("bias-only", "`dies_from`: the weight moves as well, and with it the sum.")
    if close(dies_from, z / (right_dw + right_db)):
        raise Hint("sum-without-input", "`dies_from`: in the sum, the new weight is multiplied by the input, 2.")
    if not close(dies_from, limit):
        raise Wrong(
            "`dies_from` is not right. Write the sum after the step, with an unknown learning rate: when is it 0?"
        )
    w, b = w - 0.3 * right_dw, b - 0.3 * right_db
    z = w * x + b
    if close(dw_relu, 2 * (0 - y) * x):
        raise Hint(
            "slope-left-out", "`dw_relu`: the output is wrong, but the error goes through the slope of ReLU first."
        )
    if not close(dw_relu, 0):
        raise Wrong("`dw_relu` is not right. What is the sum after the step, and the slope of ReLU there?")
    if close(dw_leaky, 2 * (0 - y) * 0.01 * x):
        raise Hint("output-not-leaky", "`dw_leaky`: the slope is right. But the output of leaky ReLU is not 0 here.")
    if close(dw_leaky, 2 * (0.01 * z - y) * x):
        raise Hint(
            "leak-left-out", "`dw_leaky`: the error is right. It still goes through the small slope of leaky ReLU."
        )
    if close(dw_leaky, 2 * (0.01 * z - y) * 0.01):
        raise Hint("leaky-no-input", "`dw_leaky`: this is the gradient of the bias.")
    if close(dw_leaky, -2 * (0.01 * z - y) * 0.01 * x):
        raise Hint("leaky-sign", "`dw_leaky`: the output is now too low. Is the error positive or negative?")
    if close(dw_leaky, 2 * (z - y) * 0.01 * x):
        raise Hint("leak-once", "`dw_leaky`: the leak acts twice, on the slope and on the output.")
    if close(abs(dw_leaky), 0.01 * right_dw):
        raise Hint("old-error", "`dw_leaky`: this comes from the error before the step. The output is another one now.")
    if not close(dw_leaky, 2 * (0.01 * z - y) * 0.01 * x, 1e-4):
        raise Wrong("`dw_leaky` is not right. Compute sum, output and error after the step, then the chain rule.")
    return "Twice the best learning rate is enough to kill it. The leaky neuron still feels a small pull upward."


@exercise(5, "Ten logistic layers that learn", promise=4, kind="design", points=3)
def deep_logistic(at_most, weight, factor):
    """The bound for a chain of 20 neurons with weights 1, the weight that lifts it to 1, a factor for a network."""
    at_most, weight = expect.number("at_most", at_most), expect.number("weight", weight)
    factor = expect.number("factor", factor)
    n = 20
    if close(at_most, 0.25 * n):
        raise Hint("added", "`at_most`: by the chain rule the slopes are multiplied, not added.")
    if close(at_most, 0.25):
        raise Hint("one-neuron", "`at_most`: this is the most that one neuron passes back. There are 20 of them.")
    if at_most <= 0:
        raise Wrong("`at_most` should be positive: all slopes and weights are.")
    powers = np.log(at_most) / np.log(0.25)  # how many quarters make up the answer
    if close(powers, n / 2, 1e-2):
        raise Hint(
            "half-the-power",
            "`at_most`: this is the bound for 10 neurons, but there are 20. Or did you take a slope of a half, "
            "twice the steepest one?",
        )
    if close(powers, n / 2 + 0.5, 1e-2) or close(powers, n / 2 - 0.5, 1e-2):
        raise Hint("halved", "`at_most`: twice as many neurons do not halve the bound of ten, they square it.")
    if close(powers, n - 1, 1e-3) or close(powers, n + 1, 1e-3):
        raise Hint("miscounted", "`at_most`: you are off by one neuron.")
    if close(powers, 0, 1e-3):
        raise Hint("tanh", "`at_most`: this is the bound for tanh or ReLU, whose slope can be 1.")
    if close(powers, -n, 4e-3):
        raise Hint("upside-down", "`at_most`: this is a very large number. Each of the slopes is far below 1.")
    if not close(powers, n, 4e-3):
        raise Wrong("`at_most` is not right. How steep is the logistic function at most, and how often is it met?")
    if close(abs(weight), 0.25):
        raise Hint(
            "turned-around", "`weight`: with this weight, the error shrinks even more. It should make up for a slope."
        )
    if weight > 1000:
        raise Hint(
            "all-at-once", "`weight`: you make up for the whole chain at once; each of its neurons has this weight."
        )
    if close(abs(weight), 1):
        raise Hint("weight-one", "`weight`: with the weight 1 the bound is the small number of `at_most`.")
    if not close(abs(weight), 4):
        raise Wrong("`weight` is not right. Each neuron multiplies by its weight and its slope: when can that be 1?")
    if abs(factor) > 1000:
        raise Hint(
            "huge", "`factor` is so large that all sums are far from 0. Take one that is a little above `weight`."
        )
    ratio, right = _train_deep_logistic(factor)
    if right >= 0.5:
        return "It learns. Away from the middle, slopes are below the bound: the weights must make up for that, too."
    seen = f"Layer 1 gets {ratio:.1g} times the gradient of layer 10, and {right:.0%} of the digits are right."
    if abs(factor) < 3.9:
        raise Hint("too-small", f"`factor`: {seen} The weights do not even make up for the steepest slopes yet.")
    if abs(factor) < 8:
        raise Hint("bound-only", f"`factor`: {seen} Not all slopes are at their largest, so a little more is needed.")
    raise Hint("too-large", f"`factor`: {seen} With weights this large most neurons are saturated, or gradients grow.")


def _values(name: str, function, z: np.ndarray, finite: bool = True) -> np.ndarray:
    """What the student's function returns for the array z, as an array of its shape; perhaps with NaN or infinity."""
    result = call(function, z)
    if finite:
        return expect.array(f"{name}(z)", result, shape=z.shape)
    result = np.asarray(result)
    if result.shape != z.shape or result.dtype.kind not in "biuf":
        raise Form(f"`{name}(z)` should return an array of numbers of the shape {z.shape}, as `z` has.")
    return result.astype(float)


def _train_deep_logistic(factor: float) -> tuple[float, float]:
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
