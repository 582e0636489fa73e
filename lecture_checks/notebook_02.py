"""The checks of notebook 02: why can one layer not learn XOR?"""

import time

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Hint, Wrong, call, close, exercise
from lecture_checks.mistakes import AnyOf, choose, judge
from lecture_utils import from_scratch

CASES = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([0, 1, 1, 0])
MAX_PARAMETERS = 17


def fires(X, W, b):
    """The outputs (0 or 1) of a layer of threshold logic units, and where a sum is 0 but for rounding."""
    z, size = X @ W + b, np.abs(X) @ np.abs(W) + np.abs(b)
    return (z >= -1e-9 * size).astype(int), np.abs(z) <= 1e-9 * size


def step_with(changes):
    """A step of a single neuron that adds to w and b what `changes` makes of its error and of x."""

    def step(x, y_true, w, b):
        dw, db = changes(y_true - int(x @ w + b >= 0), x)
        return w + dw, b + db

    return step


def solves_xor(network) -> bool:
    return bool(((network.forward(CASES)[:, 0] > 0.5) == XOR).all())


# fmt: off


@exercise(1, "One step by hand", promise=1, kind="by hand")
def step_by_hand(w, b, z_after):
    """Weights (2,) and bias after one step with w = (1, -1), b = 0, x = (2, 3), y = 1, and the sum with them."""
    w, b, z_after = expect.array("w", w, shape=(2,)), expect.number("b", b), expect.number("z_after", z_after)
    otherwise = "The weights are not right. What is the output before the step, and what is the error?"
    if close(w[0], 3) != close(w[1], 2):
        which = "second" if close(w[0], 3) else "first"
        otherwise = f"One of the weights is right; compute the {which} one again: the old weight, and what is added."
    judge("w", w, right=[1 + 2, -1 + 3], known=[
        ("unchanged", [1, -1], "The weights are as they were. Compute the sum for this flower: is its output right?"),
        ("subtracted", [1 - 2, -1 - 3],
         "This step makes the sum smaller. The output is 0 and should be 1: which way must it go?"),
        ("no-input", [1 + 1, -1 + 1],
         "You added the error itself to both weights. Each weight moves by the error times its input."),
        ("replaced", [2, 3], "These are the changes of the weights. Add them to the weights that were there before."),
        ("error-of-z", [1 + 2 * 2, -1 + 2 * 3],
         "The error is the target minus the output of the step, 0 or 1, and not minus the sum."),
    ], otherwise=otherwise)
    judge("b", b, right=1, known=[
        ("no-bias", 0, "The weights are right. The bias learns too: it is the weight of an input that is always 1."),
    ], otherwise="The weights are right. The bias moves by the learning rate times the error.")
    judge("z_after", z_after, right=2 * 3 + 3 * 2 + 1, opening="Weights and bias are right.", known=[
        ("old-weights", 2 * 1 + 3 * -1, "But this is the sum before the step."),
        ("old-bias", 2 * 3 + 3 * 2, "In the sum after the step, the bias has changed as well."),
        ("output", 1, "This is the output, after heaviside. The question is about the sum."),
        ("growth", 2 * 2 + 3 * 3 + 1, "This is by how much the sum has grown; where did it begin?"),
    ], otherwise="Weights and bias are right. Put them, and the same flower, into the formula of the sum.")
    return "The sum grew by 2 * 2 + 3 * 3 + 1 = 14: always by the squares of the inputs, and 1 for the bias."


@exercise(2, "A smaller learning rate", promise=2, kind="predict")
def smaller_rate(mistakes, factor, random_start):
    """What learning rate 0.1 instead of 1 changes: "fewer", "same" or "more" mistakes; the weights; "yes" or "no"."""
    mistakes = expect.choice("mistakes", mistakes, "fewer", "same", "more")
    factor = expect.number("factor", factor)
    random_start = expect.choice("random_start", random_start, "yes", "no")
    follow = "But follow the first two mistakes by hand: when does the sign of `z` change?"
    choose("mistakes", mistakes, right="same", known=[
        ("fewer", "fewer", f"It sounds more careful. {follow}"),
        ("more", "more", f"It sounds slower. {follow}"),
    ])
    judge("factor", factor, right=0.1, opening="The mistakes are as you say.", known=[
        ("same-weights", 1, "But each step is shorter, so the weights must differ."),
        ("larger", 10, "But with shorter steps, are the weights at the end larger?"),
        ("compound", 0.1**30, "Steps are added, not multiplied: the factor does not pile up."),
    ], otherwise="The mistakes are as you say, the factor is not. What do the weights consist of, if they begin at 0?")
    choose("random_start", random_start, right="no", known=[
        ("random-start", "yes",
         "All right but for the last: the random numbers would not shrink together with the steps."),
    ])
    return "From zero weights, the learning rate only sets the unit in which weights and bias are measured."


@exercise(3, "A proof for XNOR", promise=3, kind="by hand", points=2)
def xnor_proof(signs, sum_of_zeros, sum_of_ones):
    """The four inequalities, and the coefficients of w1, w2, b in the sums of two of them."""
    signs = expect.items("signs", signs, 4, "the sign of each inequality as text")
    signs = [expect.choice(f"signs[{i}]", sign, ">=", "<", ">", "<=") for i, sign in enumerate(signs)]
    sums = {"sum_of_zeros": sum_of_zeros, "sum_of_ones": sum_of_ones}
    sums = {name: expect.array(name, total, shape=(3,)) for name, total in sums.items()}
    directions = "".join(sign[0] for sign in signs)
    n_right = sum(a == b for a, b in zip(directions, "><<>", strict=True))
    judge("signs", signs, is_right=signs == [">=", "<", "<", ">="], known=[
        ("xor", ["<", ">=", ">=", "<"], "These signs belong to XOR. XNOR is 1 where both inputs are equal.",
         directions == "<>><"),
        ("border", AnyOf([">", "<", "<", ">"], [">=", "<=", "<=", ">="]),
         "All signs point the right way. But which of them include 0? Think of heaviside at 0.", directions == "><<>"),
    ], otherwise=f"{n_right} of the four signs point the right way. Output 1 needs a sum that reaches 0.")
    for name, total in sums.items():
        judge(name, total, right=[1, 1, 2], opening="The signs are right.", known=[
            ("bias-once", [1, 1, 1], f"In `{name}`, how often does the bias appear in two inequalities?"),
            ("bias-lost", [1, 1, 0], f"In `{name}` the bias is missing: it is part of every sum."),
            ("counted-twice", [2, 2, 2], f"In `{name}`, each weight appears in how many of the two cases?"),
            ("all-cases", [2, 2, 4], f"`{name}` has all four cases in it; take two of them."),
        ], otherwise=f"The signs are right, `{name}` is not. Write the two inequalities below each other and add.")
    return "The same sum would have to be negative and not negative, so no single neuron computes XNOR either."


@exercise(4, "XNOR with two layers", promise=4, kind="design", points=2)
def xnor_weights(W1, b1, W2, b2):
    """Weights (2, 2), biases (2,), weights (2, 1) and a bias of a network of two layers that computes XNOR."""
    W1, b1 = expect.array("W1", W1, shape=(2, 2)), expect.array("b1", b1, shape=(2,))
    W2, b2 = expect.array("W2", W2, shape=(2, 1)), expect.number("b2", b2)
    hidden, hidden_on_border = fires(CASES, W1, b1)
    outputs, on_border = (column[:, 0] for column in fires(hidden, W2, b2))
    constant = (outputs == outputs[0]).all()
    border = " (Some of its sums are exactly 0.)" if hidden_on_border.any() else ""
    question = "Which outputs of the two hidden neurons should lead to a 1?"
    if close(hidden, [[0, 0], [0, 1], [0, 1], [1, 1]]) and W2[0] * W2[1] < 0:
        question = "Are the second weights and the second bias changed in the same way?"
    ones = [[1, 1], [1, 1]]
    judge("W1 b1 W2 b2", (W1, b1, W2, b2), is_right=(outputs == 1 - XOR).all(), known=[
        ("xor", (ones, [-1.5, -0.5], [[-1], [1]], -0.5),
         "This network computes XOR, the opposite. How does one turn the answer of a neuron around?",
         (outputs == XOR).all()),
        ("merged", (ones, [1.5, 0.5], [[1], [-1]], 0.5),
         "The hidden layer moves a case that needs 1 and one that needs 0 to the same place: "
         f"no second layer can tell them apart any more.{border}",
         any(close(hidden[i], hidden[j]) for i in (0, 3) for j in (1, 2))),
        ("border", (ones, [-1.5, -0.5], [[1], [-1]], 1),
         "Almost: in some cases the sum of the output neuron is exactly 0. What does it say there?",
         ((outputs == 1 - XOR) | on_border).all()),
        ("order", (ones, [-0.5, -1.5], [[1], [-1]], 0.5),
         "Your first hidden neuron is OR and the second AND; in section 5 it is the other way round. "
         "Do the weights in `W2` follow?", constant and close(hidden, [[0, 0], [1, 0], [1, 0], [1, 1]])),
        ("constant", (ones, [-1.5, -0.5], [[1], [-1]], -0.5),
         f"The hidden layer is fine, but the output is {outputs[0]} in all four cases. {question}", constant),
    ], otherwise=f"The hidden layer can do it; the output is right in {(outputs == 1 - XOR).sum()} of 4 cases.")
    return "One more neuron behind a network turns its answer around; here, the last layer takes care of it itself."


@exercise(5, "A rule with the wrong sign", promise=1, kind="find the bug", points=2)
def step_repaired(step, mistakes):
    """The repaired step(x, y_true, w, b), and how many mistakes an epoch the setosa neuron made with the broken one."""
    rng = np.random.default_rng(2)
    X, W, B, Y = rng.normal(size=(20, 2)), rng.normal(size=(20, 2)), rng.normal(size=20), rng.integers(2, size=20)
    errors = Y - ((X * W).sum(axis=1) + B >= 0)

    def moves(step):
        """What the step adds to w (20, 2) and b (20,) in 20 examples."""
        moved = []
        for x, y_true, w, b in zip(X, Y.tolist(), W, B.tolist(), strict=True):
            result = call(step, x, y_true, w, b)
            if isinstance(result, np.ndarray) and result.shape == (2,) and result.dtype != object:
                raise Hint("only-weights", "`step` returns the weights alone. It should return two things, w and b.")
            result = expect.items("step(x, y_true, w, b)", result, 2, "the new w and b")
            new_w = expect.array("step(x, y_true, w, b)[0]", result[0], shape=(2,))
            moved.append([*(new_w - w), expect.number("step(x, y_true, w, b)[1]", result[1]) - b])
        return np.array(moved)

    def same(_, other):
        return close(given, moves(other))

    given = moves(step)
    turned = np.isclose(given[:, :2], -errors[:, np.newaxis] * X).all(axis=1)

    judge("step", step, right=step_with(lambda error, x: (error * x, error)), same=same, known=[
        ("still-turned", step_with(lambda error, x: (-error * x, -error)),
         "After a mistake, `step` still makes it worse. Which way should the sum move?", turned[errors != 0].any()),
        ("no-input", step_with(lambda error, x: (error, error)),
         "The weights move by the error alone. Each should move by the error times its input."),
        ("no-bias", step_with(lambda error, x: (error * x, 0)),
         "The weights are repaired, but the bias no longer learns."),
        ("bias-turned", step_with(lambda error, x: (error * x, -error)),
         "The weights are repaired; the bias still moves the wrong way."),
        ("moves-when-right", step_with(lambda error, x: ((error or 1) * x, error or 1)),
         "`step` also moves the weights when the output is right. It should not.",
         not close(given[errors == 0], 0 * given[errors == 0])),
    ], otherwise="`step` does not give the weights and the bias of the perceptron rule.")
    mistakes = expect.whole("mistakes", mistakes)
    judge("mistakes", mistakes, right=100, opening="`step` is repaired.", known=[
        ("learns", AnyOf(0, 9), "But for `mistakes` use the broken rule: does it ever learn?"),
        ("setosa-wrong", 50, "The 50 setosa are the mistakes of a neuron that says no. Does it say no?"),
        ("first", 99, "At the first flower z is 0: what does the neuron say, what should it?"),
        ("all-wrong", AnyOf(150, 149), "Would each flower really be wrong? What does the neuron say to all of them?"),
    ], otherwise=(
        "`step` is repaired. For `mistakes`, follow the broken rule: does it say yes or no after the first flower?"
    ))
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
            message = "`learn_xor` takes too long and was stopped. Fewer epochs are enough, if the network is suitable."
            raise Hint("too-long", message) from None
        networks.append(expect.instance("learn_xor(seed)", network, from_scratch.MLP, "a network, from_scratch.MLP"))
        n_in, n_out = len(network.weights[0][0]), len(network.weights[-1][1])
        if (n_in, n_out) != (2, 1):
            raise Wrong(f"The network has {n_in} inputs and {n_out} outputs; XOR has 2 inputs and 1 output.")
        n_parameters = sum(W.size + b.size for W, b in network.weights)
        if n_parameters > MAX_PARAMETERS:
            message = f"The network has {n_parameters} parameters; allowed are {MAX_PARAMETERS}, biases included."
            raise Hint("many", message)
        if set(network.activations[:-1]) <= {"linear"}:
            message = "With linear hidden neurons, both layers together are one linear layer: no start can work."
            raise Hint("linear", message)
    if all(close(network.weights[0][0], networks[0].weights[0][0]) for network in networks):
        raise Hint("same-start", "All ten networks are the same. Does `learn_xor` hand its `seed` on to the network?")
    failing = [network for network in networks if not solves_xor(network)]
    if len(failing) <= 1:
        return "The number of neurons decides what a network can compute, the start decides what training finds."
    solved = f"{10 - len(failing)} of 10 networks solve XOR."
    for network in failing:
        network.fit(CASES, XOR, epochs=1000, batch_size=4, learning_rate=1.0)
    if sum(not solves_xor(network) for network in failing) <= 1:
        raise Hint("short", f"{solved} The others were still on their way: they needed more training.")
    raise Hint("stuck", f"{solved} The others are stuck, and more training does not help. What else can you change?")
