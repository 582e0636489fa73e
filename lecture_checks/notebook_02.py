"""The checks of notebook 02: why can one layer not learn XOR?"""

import time

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Hint, Wrong, call, close, exercise
from lecture_utils import from_scratch

CASES = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([0, 1, 1, 0])
MAX_PARAMETERS = 17


@exercise(1, "One step by hand", promise=1, kind="by hand")
def step_by_hand(w, b, z_after):
    """Weights (2,) and bias after one step with w = (1, -1), b = 0, x = (2, 3), y = 1, and the sum with them."""
    w, b, z_after = expect.array("w", w, shape=(2,)), expect.number("b", b), expect.number("z_after", z_after)
    if close(w, [1, -1]):
        raise Hint("unchanged", "The weights are as they were. Compute the sum for this flower: is its output right?")
    if close(w, [1 - 2, -1 - 3]):
        raise Hint(
            "subtracted", "This step makes the sum smaller. The output is 0 and should be 1: which way must it go?"
        )
    if close(w, [1 + 1, -1 + 1]):
        raise Hint(
            "no-input", "You added the error itself to both weights. Each weight moves by the error times its input."
        )
    if close(w, [2, 3]):
        raise Hint("replaced", "These are the changes of the weights. Add them to the weights that were there before.")
    if close(w, [1 + 2 * 2, -1 + 2 * 3]):
        raise Hint("error-of-z", "The error is the target minus the output of the step, 0 or 1, and not minus the sum.")
    if close(w[0], 3) != close(w[1], 2):
        which = "second" if close(w[0], 3) else "first"
        raise Wrong(f"One of the weights is right; compute the {which} one again: the old weight, and what is added.")
    if not close(w, [1 + 2, -1 + 3]):
        raise Wrong("The weights are not right. What is the output before the step, and what is the error?")
    if close(b, 0):
        raise Hint(
            "no-bias", "The weights are right. The bias learns too: it is the weight of an input that is always 1."
        )
    if not close(b, 1):
        raise Wrong("The weights are right. The bias moves by the learning rate times the error.")
    if close(z_after, 2 * 1 + 3 * -1):
        raise Hint("old-weights", "Weights and bias are right. But this is the sum before the step.")
    if close(z_after, 2 * 3 + 3 * 2):
        raise Hint("old-bias", "Weights and bias are right. In the sum after the step, the bias has changed as well.")
    if close(z_after, 1):
        raise Hint("output", "Weights and bias are right. This is the output, after heaviside. Asked is the sum.")
    if close(z_after, 2 * 2 + 3 * 3 + 1):
        raise Hint("growth", "Weights and bias are right. By so much the sum has grown; where did it begin?")
    if not close(z_after, 2 * 3 + 3 * 2 + 1):
        raise Wrong("Weights and bias are right. Put them, and the same flower, into the formula of the sum.")
    return "The sum grew by 2 * 2 + 3 * 3 + 1 = 14: always by the squares of the inputs, and 1 for the bias."


@exercise(2, "A smaller learning rate", promise=2, kind="predict")
def smaller_rate(mistakes, factor, random_start):
    """What learning rate 0.1 in place of 1 changes: "fewer", "same" or "more" mistakes; the weights; "yes" or "no"."""
    mistakes = expect.choice("mistakes", mistakes, "fewer", "same", "more")
    factor = expect.number("factor", factor)
    random_start = expect.choice("random_start", random_start, "yes", "no")
    if mistakes == "fewer":
        raise Hint(
            "fewer",
            "It sounds more careful. But follow the first two mistakes by hand: when does the sign of `z` change?",
        )
    if mistakes == "more":
        raise Hint(
            "more", "It sounds slower. But follow the first two mistakes by hand: when does the sign of `z` change?"
        )
    if close(factor, 1):
        raise Hint("same-weights", "The mistakes are as you say. But each step is shorter, so the weights must differ.")
    if close(factor, 10):
        raise Hint("larger", "The mistakes are as you say. But with shorter steps, are the weights at the end larger?")
    if 0 < factor < 1e-6 or close(factor, 0):
        raise Hint(
            "compound", "The mistakes are as you say. Steps are added, not multiplied: the factor does not pile up."
        )
    if not close(factor, 0.1):
        raise Wrong(
            "The mistakes are as you say, the factor is not. What do the weights consist of, if they begin at 0?"
        )
    if random_start == "yes":
        raise Hint(
            "random-start", "All right but for the last: the random numbers would not shrink together with the steps."
        )
    return "From zero weights, the learning rate only sets the unit in which weights and bias are measured."


@exercise(3, "A proof for XNOR", promise=3, kind="by hand", points=2)
def xnor_proof(signs, sum_of_zeros, sum_of_ones):
    """The four inequalities, and the coefficients of w1, w2, b in the sums of two of them."""
    signs = expect.items("signs", signs, 4, "the sign of each inequality as text")
    signs = [expect.choice(f"signs[{i}]", sign, ">=", "<", ">", "<=") for i, sign in enumerate(signs)]
    sums = [expect.array("sum_of_zeros", sum_of_zeros, (3,)), expect.array("sum_of_ones", sum_of_ones, (3,))]
    directions = [sign[0] for sign in signs]
    if directions == ["<", ">", ">", "<"]:
        raise Hint("xor", "These signs belong to XOR. XNOR is 1 where both inputs are equal.")
    if directions != [">", "<", "<", ">"]:
        n_right = sum(a == b for a, b in zip(directions, [">", "<", "<", ">"], strict=True))
        raise Wrong(f"{n_right} of the four signs point the right way. Output 1 needs a sum that reaches 0.")
    if signs != [">=", "<", "<", ">="]:
        raise Hint("border", "All signs point the right way. But which of them include 0? Think of heaviside at 0.")
    for name, total in zip(("sum_of_zeros", "sum_of_ones"), sums, strict=True):
        if close(total, [1, 1, 1]):
            raise Hint(
                "bias-once", f"The signs are right. In `{name}`, how often does the bias appear in two inequalities?"
            )
        if close(total, [1, 1, 0]):
            raise Hint("bias-lost", f"The signs are right. In `{name}` the bias is missing: it is part of every sum.")
        if close(total, [2, 2, 2]):
            raise Hint(
                "counted-twice", f"The signs are right. In `{name}`, each weight appears in how many of the two cases?"
            )
        if close(total, [2, 2, 4]):
            raise Hint("all-cases", f"The signs are right. In `{name}` are all four cases; take two of them.")
        if not close(total, [1, 1, 2]):
            raise Wrong(f"The signs are right, `{name}` is not. Write the two inequalities below each other and add.")
    return "The same sum would have to be negative and not negative, so no single neuron computes XNOR either."


@exercise(4, "XNOR with two layers", promise=4, kind="design", points=2)
def xnor_weights(W1, b1, W2, b2):
    """Weights (2, 2), biases (2,), weights (2, 1) and a bias of a network of two layers that computes XNOR."""
    W1, b1 = expect.array("W1", W1, shape=(2, 2)), expect.array("b1", b1, shape=(2,))
    W2, b2 = expect.array("W2", W2, shape=(2, 1)), expect.number("b2", b2)
    hidden, hidden_on_border = _fires(CASES, W1, b1)
    outputs, on_border = (column[:, 0] for column in _fires(hidden, W2, b2))
    if (outputs == 1 - XOR).all():
        return "One more neuron behind a network turns its answer around; here, the last layer takes care of it itself."
    if (outputs == XOR).all():
        raise Hint("xor", "This network computes XOR, the opposite. How does one turn the answer of a neuron around?")
    cases_by_place = {}
    for place, wanted in zip(map(tuple, hidden), 1 - XOR, strict=True):
        cases_by_place.setdefault(place, set()).add(wanted)
    if any(len(wanted) > 1 for wanted in cases_by_place.values()):
        border = " (Some of its sums are exactly 0.)" if hidden_on_border.any() else ""
        raise Hint(
            "merged",
            "The hidden layer moves a case that needs 1 and one that needs 0 to the same place: "
            f"no second layer can tell them apart any more.{border}",
        )
    if ((outputs == 1 - XOR) | on_border).all():
        raise Hint("border", "Almost: in some cases the sum of the output neuron is exactly 0. What does it say there?")
    if np.array_equal(hidden, [[0, 0], [1, 0], [1, 0], [1, 1]]) and (outputs == outputs[0]).all():
        raise Hint(
            "order",
            "Your first hidden neuron is OR and the second AND; in section 5 it is the other way round. "
            "Do the weights in `W2` follow?",
        )
    if (outputs == outputs[0]).all():
        turned = np.array_equal(hidden, [[0, 0], [0, 1], [0, 1], [1, 1]]) and W2[0] * W2[1] < 0
        question = (
            "Are the second weights and the second bias changed in the same way?"
            if turned
            else "Which outputs of the two hidden neurons should lead to a 1?"
        )
        raise Hint(
            "constant", f"The hidden layer is fine, but the output is {outputs[0]} in all four cases. {question}"
        )
    raise Wrong(f"The hidden layer can do it; the output is right in {(outputs == 1 - XOR).sum()} of 4 cases.")


@exercise(5, "A rule with the wrong sign", promise=1, kind="find the bug", points=2)
def step_repaired(step, mistakes):
    """The repaired step(x, y_true, w, b), and how many mistakes an epoch the setosa neuron made with the broken one."""
    rng = np.random.default_rng(2)
    for _ in range(20):
        x, w = rng.normal(size=2), rng.normal(size=2)
        b, y_true = float(rng.normal()), int(rng.integers(2))
        result = call(step, x, y_true, w, b)
        if isinstance(result, np.ndarray) and result.shape == (2,) and result.dtype != object:
            raise Hint("only-weights", "`step` returns the weights alone. It should return two things, w and b.")
        result = expect.items("step(x, y_true, w, b)", result, 2, "the new w and b")
        new_w = expect.array("step(x, y_true, w, b)[0]", result[0], shape=(2,))
        new_b = expect.number("step(x, y_true, w, b)[1]", result[1])
        error = y_true - int(x @ w + b >= 0)
        if error and close(new_w, w - error * x):
            raise Hint("still-turned", "After a mistake, `step` still makes it worse. Which way should the sum move?")
        if error and close(new_w, w + error):
            raise Hint(
                "no-input", "The weights move by the error alone. Each should move by the error times its input."
            )
        if error and close(new_w, w + error * x) and close(new_b, b):
            raise Hint("no-bias", "The weights are repaired, but the bias no longer learns.")
        if error and close(new_w, w + error * x) and close(new_b, b - error):
            raise Hint("bias-turned", "The weights are repaired; the bias still moves the wrong way.")
        if not error and not close([*new_w, new_b], [*w, b]):
            raise Hint("moves-when-right", "`step` also moves the weights when the output is right. It should not.")
        if not close([*new_w, new_b], np.array([*w, b]) + error * np.array([*x, 1])):
            raise Wrong("`step` does not give the weights and the bias of the perceptron rule.")
    mistakes = expect.whole("mistakes", mistakes)
    if mistakes in (0, 9):
        raise Hint("learns", "`step` is repaired. But for `mistakes` use the broken rule: does it ever learn?")
    if mistakes == 50:
        raise Hint(
            "setosa-wrong",
            "`step` is repaired. The 50 setosa are the mistakes of a neuron that says no. Does it say no?",
        )
    if mistakes == 99:
        raise Hint("first", "`step` is repaired. At the first flower z is 0: what does the neuron say, what should it?")
    if mistakes in (149, 150):
        raise Hint(
            "all-wrong",
            "`step` is repaired. Would each flower really be wrong? What does the neuron say to all of them?",
        )
    if mistakes != 100:
        raise Wrong(
            "`step` is repaired. For `mistakes`, follow the broken rule: does it say yes or no after the first flower?"
        )
    return "The mark of a turned sign: training does not help, and the sums move away from where they should be."


@exercise(6, "A network that nearly always learns XOR", promise=5, kind="design", points=3)
def learns_xor(learn_xor):
    """A function of a seed that returns a trained MLP; it solves XOR from at least 9 of 10 starts."""
    began, networks = time.monotonic(), []
    for seed in range(10):
        try:
            network = call(learn_xor, seed, seconds=np.clip(9 - (time.monotonic() - began), 0.3, 3))
        except Hint as hint:
            if hint.id != "endless":
                raise
            message = (
                "`learn_xor` takes too long, and was stopped. Fewer epochs are enough, if the network is suitable."
            )
            raise Hint("too-long", message) from None
        networks.append(expect.instance("learn_xor(seed)", network, from_scratch.MLP, "a network, from_scratch.MLP"))
        sizes = [W.shape for W, _ in network.weights]
        if (sizes[0][0], sizes[-1][1]) != (2, 1):
            raise Wrong(
                f"The network has {sizes[0][0]} inputs and {sizes[-1][1]} outputs; XOR has 2 inputs and 1 output."
            )
        n_parameters = sum(W.size + b.size for W, b in network.weights)
        if n_parameters > MAX_PARAMETERS:
            raise Hint(
                "many", f"The network has {n_parameters} parameters; allowed are {MAX_PARAMETERS}, biases included."
            )
        if set(network.activations[:-1]) <= {"linear"}:
            raise Hint(
                "linear", "With linear hidden neurons, both layers together are one linear layer: no start can work."
            )
    if all(close(network.weights[0][0], networks[0].weights[0][0]) for network in networks):
        raise Hint("same-start", "All ten networks are the same. Does `learn_xor` hand its `seed` on to the network?")
    failing = [network for network in networks if not _solves_xor(network)]
    if len(failing) <= 1:
        return "The number of neurons decides what a network can compute, the start decides what training finds."
    solved = f"{10 - len(failing)} of 10 networks solve XOR."
    for network in failing:
        network.fit(CASES, XOR, epochs=1000, batch_size=4, learning_rate=1.0)
    if sum(not _solves_xor(network) for network in failing) <= 1:
        raise Hint("short", f"{solved} The others were still on their way: they needed more training.")
    raise Hint("stuck", f"{solved} The others are stuck, and more training does not help. What else can you change?")


def _fires(X, W, b):
    """The outputs (0 or 1) of a layer of threshold logic units, and where a sum is 0 but for rounding."""
    z, size = X @ W + b, np.abs(X) @ np.abs(W) + np.abs(b)
    return (z >= -1e-9 * size).astype(int), np.abs(z) <= 1e-9 * size


def _solves_xor(network) -> bool:
    outputs = network.forward(CASES)[:, 0]
    return bool(((outputs > 0.5) == XOR).all())
