"""The checks of notebook 06: what should come out, and how wrong is it?"""

from itertools import product

import numpy as np
from sklearn.datasets import load_digits

from lecture_checks import expect
from lecture_checks.core import Hint, Wrong, call, close, exercise
from lecture_checks.mistakes import IN_TESTS, AnyOf, choose, judge, judge_function, rule_out
from lecture_utils.from_scratch import MLP, logistic

FOR_NUMBERS = ("mse", "mae", "huber")
BOUNDED, POSITIVE = ("logistic", "softmax"), ("relu", "softplus")
MAX_PARAMETERS = 500


def huber(
    small=lambda r, d: r**2 / 2, large=lambda r, d: d * (abs(r) - d / 2), is_small=lambda r, d: abs(r) <= d,
    slope=lambda r, d: np.clip(r, -d, d), mean=np.mean,
):  # fmt: skip
    """A function `huber_delta` from the losses of small and large errors r, and their derivatives, for d = delta."""

    def huber_delta(y, a, delta):
        r = a - y
        losses = np.where(is_small(r, delta), small(r, delta), large(r, delta))
        return mean(losses), slope(r, delta) / r.size

    return huber_delta


def untrained(n_outputs, n_hidden=6, output="softmax", loss="cross_entropy"):
    return lambda X, y: MLP([64, n_hidden, n_outputs], output=output, loss=loss)


def layer_of(name, value):
    """An output layer as the student gives it: number of neurons, activation and loss."""
    n, activation, loss = expect.items(name, value, 3, "output neurons, activation and loss")
    return (
        expect.whole(f"{name}[0]", n),
        expect.choice(f"{name}[1]", activation, "linear", *POSITIVE, *BOUNDED),
        expect.choice(f"{name}[2]", loss, *FOR_NUMBERS, "binary_cross_entropy", "cross_entropy"),
    )


# fmt: off


@exercise(1, "Softmax by hand", promise=3, kind="by hand", points=2)
def softmax_by_hand(p, loss, gradient):
    """Probabilities, cross-entropy and its gradient for the logits (0, log 2, log 5) and the second class."""
    p, gradient = expect.array("p", p, shape=(3,)), expect.array("gradient", gradient, shape=(3,))
    loss = expect.number("loss", loss)
    z, y = np.log([1, 2, 5]), np.array([0, 1, 0])
    right = np.exp(z) / np.exp(z).sum()
    judge("p", p, is_right=close(p, right, 2e-3), within=5e-3, opening="`p`:", known=[
        ("not-divided", np.exp(z), "these are the powers of e. What makes them sum to 1?"),
        ("no-powers", z / z.sum(),
         "you divided the logits themselves. First make all of them positive, by powers of e."),
        ("logistic", logistic(z), "you took the logistic function of each logit; then they do not sum to 1."),
        ("two-digits", [0.13, 0.25, 0.63], "nearly. Two decimal places are not enough: give three, or fractions.",
         np.abs(p - right).max() < 0.006 and close(p, p.round(2))),
        ("percent", 100 * right, "these are percent. A probability is a number from 0 to 1."),
    ], otherwise=(
        "`p`: they sum to 1, but are not right. What is e to the power of log 2, and of log 5?"
        if close(p.sum(), 1, 5e-3) else f"`p`: the three probabilities sum to {p.sum():.3g}. What should they sum to?"
    ))
    judge("loss", loss, right=-np.log(right[1]), within=2e-3, opening="`p` is right. `loss`:", known=[
        ("log-10", -np.log10(right[1]), "log is the natural logarithm here, `np.log`."),
        ("no-minus", np.log(right[1]), "a probability is below 1, its logarithm negative. Mind the minus."),
        ("largest", -np.log(right[2]), "you took the largest probability. Which class is the true one?"),
        ("all-classes", AnyOf(-np.log(right).sum(), -np.log(right).mean()),
         "`y` is one-hot, so how many terms of the sum are not 0?"),
        ("mean-of-classes", -np.log(right[1]) / 3,
         "the mean is over instances, and there is one here. Do not divide by 3."),
        ("log-2", -np.log2(right[1]), "you took the logarithm to the base 2; here it is the natural one."),
        ("no-log", AnyOf(right[1], 1 - right[1]), "you took the right probability. But where is the logarithm?"),
    ], otherwise="`p` is right, `loss` is not. It is minus the logarithm of one of the three probabilities.")
    judge("gradient", gradient, right=right - y, within=2e-3, opening="`p` and `loss` are right.", known=[
        ("turned", y - right, "`gradient`: the signs are turned around."),
        ("by-p", -y / right, "This is the derivative with respect to `p`, not yet to `z`."),
        ("slope", right * (1 - right), "This is how each `p` changes with its own `z`: go on to the loss."),
        ("no-label", right, "`gradient`: this is `p`. What is subtracted for the true class?"),
        ("other-class", AnyOf(right - [1, 0, 0], right - [0, 0, 1]),
         "`gradient`: the 1 in `y` stands at the true class."),
        ("by-classes", (right - y) / 3, "`gradient`: one divides by the instances; here there is only one."),
    ], otherwise="`p` and `loss` are right, `gradient` is not. Its three parts sum to 0: see section 6.")
    return "Gradient descent takes most from the third class, in which the network believed without reason."


@exercise(2, "Shifted and stretched", promise=3, kind="predict")
def stretched(added, multiplied, times_zero, loss):
    """What adding 5 to the logits (2, 1, 0) does, what multiplying by 5 and by 0, and what this does to the loss."""
    words = ("falls", "stays", "rises")
    added, multiplied = expect.choice("added", added, *words), expect.choice("multiplied", multiplied, *words)
    times_zero = expect.array("times_zero", times_zero, shape=(3,))
    loss = expect.choice("loss", loss, *words)
    choose("added", added, right="stays", known=[
        ("added-moves", AnyOf("rises", "falls"),
         "`added`: each power of e gets the same factor. What happens to it when you divide?"),
    ])
    choose("multiplied", multiplied, right="rises", known=[
        ("only-shift", "stays", "`multiplied`: only differences of logits count. Are they still the same?"),
        ("softer", "falls",
         "`multiplied`: the first logit is then 10 and the others 5 and 0. Who gets more than before?"),
    ])
    judge("times_zero", times_zero, right=[1 / 3] * 3, within=6e-3, opening="`times_zero`:", known=[
        ("zeros", [0, 0, 0], "these are the logits. What is e to the power of 0?"),
        ("ones", [1, 1, 1], "these are the powers of e. They are not yet divided by their sum."),
        ("sure", [1, 0, 0], "a very large factor does that. With 0, does any class have an advantage?"),
        ("as-before", np.exp([2, 1, 0]) / np.exp([2, 1, 0]).sum(),
         "these are the probabilities of (2, 1, 0). Which logits are there after it?"),
    ], otherwise="`times_zero`: write down the three logits first. How do they differ?")
    choose("loss", loss, right="rises", known=[
        ("surer", "falls",
         "`loss`: the network becomes surer. But look at the true class: is it the one it is surer of?"),
        ("same-order", "stays", "`loss`: the order stays, the probabilities do not. Which one does the loss look at?"),
    ])
    return "A factor above 1 makes a classifier bolder, and changes none of its predicted classes."


@exercise(3, "Huber with any delta", promise=2, kind="complete", points=2)
def huber_of_delta(huber_delta):
    """A function of y (n,), a (n,) and delta that returns the Huber loss and its derivatives (n,)."""
    y = np.array([2.0, -1.0, 0.5, 3.0, 1.0, 0.0, 4.0, -2.0, 1.5, 2.5, 0.0, 1.0])
    a = y + [0.0, 0.1, -0.3, 0.4, -0.7, 0.9, 1.3, -1.7, 2.4, -3.0, 4.5, -6.0]

    def read(returned):
        loss, slope = expect.items("huber_delta(y, a, delta)", returned, 2, "the loss and its derivatives")
        loss = expect.array("loss", loss, y.shape) if np.shape(loss) == y.shape else expect.number("loss", loss)
        return loss, expect.array("derivatives", slope, shape=y.shape)

    for delta in (2.0, 0.5):
        seen = f"With delta = {delta:g}: "
        judge_function("huber_delta", huber_delta, (y, a, delta), right=huber(), read=lambda got: read(got)[0], known=[
            ("each", huber(mean=list), "You return a loss for each prediction. The loss of all is their mean.",
             lambda loss: np.ndim(loss) > 0),
            ("sum", huber(mean=np.sum), f"{seen}this is the sum over the predictions. The loss is their mean."),
            ("delta-ignored", lambda y, a, delta: huber()(y, a, 1),
             f"{seen}this is the loss for 1. Does `delta` stand everywhere where 1 stood?"),
            ("quadratic",
             AnyOf(huber(large=lambda r, d: r**2 / 2), huber(small=lambda r, d: r**2, large=lambda r, d: r**2)),
             f"{seen}your loss is quadratic for all errors. Beyond delta it should be linear."),
            ("no-half", huber(small=lambda r, d: r**2),
             f"{seen}for small errors the factor 1/2 is missing, and the loss jumps at delta."),
            ("no-factor", huber(large=lambda r, d: abs(r) - d / 2),
             f"{seen}for large errors, the factor delta is missing, and the loss jumps."),
            ("half-of-1", huber(large=lambda r, d: d * (abs(r) - 1 / 2)),
             f"{seen}what is subtracted from |r| is half of delta, not 1/2."),
            ("negative-errors", huber(large=lambda r, d: d * (r - d / 2)),
             f"{seen}for large errors below 0, take the absolute value |r|."),
            ("large-below", huber(is_small=lambda r, d: r <= d),
             f"{seen}your loss takes large errors below 0 for small ones. Look at |r|."),
            ("no-square", huber(small=lambda r, d: abs(r) / 2), f"{seen}for small errors, the error is squared."),
            ("cases-crossed", huber(is_small=lambda r, d: abs(r) > d), f"{seen}the two cases have changed places."),
        ], otherwise=f"{seen}the loss is not right. Try single errors, one small and one large.")
        so_far = "The loss is right."
        judge_function("huber_delta", huber_delta, (y, a, delta), right=huber(), read=lambda got: read(got)[1], known=[
            ("not-divided", huber(slope=lambda r, d: np.clip(r, -d, d) * r.size),
             f"{so_far} It is a mean, so its derivatives are divided by their number."),
            ("turned", huber(slope=lambda r, d: -np.clip(r, -d, d)),
             f"{so_far} The derivatives have the wrong sign: the error is `a - y`."),
            ("cut-at-1", huber(slope=lambda r, d: np.clip(r, -1, 1)),
             f"{so_far} The derivatives are still cut off at -1 and 1."),
            ("sign-only", huber(slope=lambda r, d: np.where(abs(r) <= d, r, np.sign(r))),
             f"{so_far} For large errors it rises by delta, not by 1, for each unit of the error."),
            ("not-cut", AnyOf(huber(slope=lambda r, d: r), huber(slope=lambda r, d: 2 * r)),
             f"{so_far} But these derivatives grow without end, like those of MSE."),
            ("sign-lost", AnyOf(huber(slope=lambda r, d: np.where(abs(r) <= d, r, d)),
                                huber(slope=lambda r, d: np.minimum(abs(r), d))),
             f"{so_far} For large errors below 0, the derivative is negative."),
            ("twice", huber(slope=lambda r, d: np.where(abs(r) <= d, 2 * r, np.clip(r, -d, d))),
             f"{so_far} For small errors it is half of the square: how steep is that?"),
            ("cut-at-0", huber(slope=lambda r, d: np.clip(r, 0, d)),
             f"{so_far} But no derivative is negative: errors below 0 are cut off."),
        ], otherwise=f"{seen}the loss is right, the derivatives are not. How steep is each of the two cases?")
    return "With a very large delta this is half of MSE, with a very small one nearly delta times MAE."


@exercise(4, "Softmax on a single neuron", promise=1, kind="find the bug", points=2)
def single_softmax(p, slope, right_share, activation, n_outputs):
    """What one softmax neuron puts out, its slope, its share of right answers, and two ways to repair it."""
    p, slope = expect.number("p", p), expect.number("slope", slope)
    right_share = expect.number("right_share", right_share)
    activation = expect.choice("activation", activation, "linear", *POSITIVE, *BOUNDED, "sigmoid")
    n_outputs = expect.whole("n_outputs", n_outputs)
    judge("p", p, is_right=close(p, 1), within=6e-3, opening="`p`:", known=[
        ("logistic", logistic(3), "this is the logistic function of 3. Softmax divides by a sum: over which neurons?"),
        ("not-divided", np.exp(3), "this is e to the power of 3. Softmax still divides it by the sum over the layer."),
        ("logit", 3, "this is the logit itself."),
    ], otherwise="`p` is not right. Write down the formula of softmax for a layer of one neuron.")
    judge("slope", slope, is_right=close(slope, 0), within=6e-3, opening="`p` is right. `slope`:", known=[
        ("logistic-slope", logistic(3) * logistic(-3), "this is that of the logistic function. Does `p` move at all?"),
        ("slope-one", 1, "this is `p` itself. How much does it change with the logit?"),
    ], otherwise="`p` is right, `slope` is not. What would `p` be for the logit 4?")
    judge("right_share", right_share, right=0.3, opening="`right_share`:", known=[
        ("other-class", AnyOf(0.7, 70), "that many would be right if it always said class 0. What does it say?"),
        ("coin", AnyOf(0.5, 50), "it does not toss a coin. It says the same to all: which class?"),
        ("all-right", 1, "its output is the same for all. Can it be right for both classes?"),
        ("count", 30, "this is the number of right answers. What share of the 100 is it?"),
    ], otherwise="`right_share` is not right. Which class does it say, and how many instances belong to it?")
    choose("activation", activation, right="sigmoid", known=[
        ("keras-name", "logistic", "`activation`: the function is the right one, but Keras knows it by another name."),
        ("still-softmax", "softmax", "`activation`: this is the one that does not work with a single neuron."),
        ("no-probability", AnyOf("linear", *POSITIVE),
         "`activation`: a probability lies between 0 and 1. This function can give 2, too."),
    ])
    judge("n_outputs", n_outputs, right=2, known=[
        ("still-one", 1, "`n_outputs`: with softmax, a single neuron has nobody to share with."),
    ], otherwise="`n_outputs`: softmax needs a neuron for each class. How many classes does a yes-or-no question have?")
    return "In Keras, `fit` may even report a falling loss here: it takes the logits from before softmax (section 9)."


@exercise(5, "Five output layers", promise=1, kind="design", points=2)
def output_layers(temperatures, minutes, forest, letter, genres):
    """Output neurons, activation and loss for three temperatures, a time, a share, one of 26 letters, and genres."""
    n, activation, loss = layer = layer_of("temperatures", temperatures)
    is_right = layer in product([3], ["linear"], FOR_NUMBERS)
    judge("temperatures", layer, is_right=is_right, opening="`temperatures`:", known=[
        ("one-number", (1, "linear", "mse"), "one neuron gives one number. How many are asked for?", n == 1),
        ("frost", (3, "softplus", "mse"), "this activation never goes below 0. Is that so for degrees Celsius?",
         activation in POSITIVE),
        ("bounded", (3, "logistic", "mse"), "this activation stays between 0 and 1. It may get warmer.",
         activation in BOUNDED),
        ("class-loss", (3, "linear", "cross_entropy"),
         "this loss is for probabilities. Take one that compares numbers.", loss not in FOR_NUMBERS),
    ], otherwise="`temperatures`: count again how many numbers should come out.")
    n, activation, loss = layer = layer_of("minutes", minutes)
    judge("minutes", layer, is_right=layer in product([1], POSITIVE, FOR_NUMBERS), opening="`minutes`:", known=[
        ("negative-time", (1, "linear", "mse"), "without an activation it may say that the bus comes in -3 minutes.",
         activation == "linear"),
        ("no-upper-end", (1, "logistic", "mse"), "this activation ends at 1. Nobody knows the longest waiting time.",
         activation in BOUNDED),
        ("time-is-no-class", (1, "softplus", "binary_cross_entropy"),
         "this loss is for probabilities, but the answer is a positive number.", loss not in FOR_NUMBERS),
    ], otherwise="`minutes`: a single number is asked for.")
    n, activation, loss = layer = layer_of("forest", forest)
    is_right = layer in product([1], ["logistic"], [*FOR_NUMBERS, "binary_cross_entropy"])
    judge("forest", layer, is_right=is_right, opening="`forest`:", known=[
        ("rest", (2, "softmax", "cross_entropy"),
         "that works, but one neuron is enough: the rest of the map is what it leaves over.",
         layer[:2] == (2, "softmax")),
        ("share", (1, "linear", "mse"), "a share has two ends. This activation goes beyond at least one of them.",
         activation not in BOUNDED),
        ("softmax-alone", (1, "softmax", "cross_entropy"),
         "with softmax the outputs of the layer always sum to 1. What remains to learn?", activation == "softmax"),
        ("one-output", (1, "logistic", "cross_entropy"),
         "this loss is for several outputs that sum to 1. There is one for yes or no.", loss == "cross_entropy"),
    ], otherwise="`forest`: a single number is asked for.")
    n, activation, loss = layer = layer_of("letter", letter)
    judge("letter", layer, is_right=layer == (26, "softmax", "cross_entropy"), opening="`letter`:", known=[
        ("letter-number", (1, "linear", "mse"),
         "a letter is not a number: B is not the mean of A and C. One neuron for each.", n == 1),
        ("exclusive", (26, "logistic", "binary_cross_entropy"),
         "with logistic outputs, A and B could both be sure. Only one is true.", activation == "logistic"),
        ("no-probabilities", (26, "linear", "cross_entropy"),
         "which activation turns the logits into probabilities that sum to 1?", activation != "softmax"),
        ("squared", (26, "softmax", "mse"),
         "classifiers are usually trained with another loss, whose gradient does not vanish.", loss in FOR_NUMBERS),
        ("binary", (26, "softmax", "binary_cross_entropy"),
         "this loss is for yes-or-no questions. This is one question with 26 answers.", loss == "binary_cross_entropy"),
    ], otherwise="`letter`: how many classes are there?")
    n, activation, loss = layer = layer_of("genres", genres)
    judge("genres", layer, is_right=layer == (5, "logistic", "binary_cross_entropy"), opening="`genres`:", known=[
        ("combinations", (32, "softmax", "cross_entropy"),
         "one neuron for each combination works, but there is a way with far fewer.", n == 2**5),
        ("several", (5, "softmax", "cross_entropy"),
         "with softmax, a film that is surely a comedy could not surely be a western.", activation == "softmax"),
        ("genre-range", (5, "linear", "mse"), "each output should be a probability, between 0 and 1.",
         activation != "logistic"),
        ("one-class-loss", (5, "logistic", "cross_entropy"),
         "this loss counts only one true class. There are several yes-or-no questions here.", loss == "cross_entropy"),
        ("surely-wrong", (5, "logistic", "mse"),
         "with this loss, a neuron that is surely wrong hardly learns (section 4).", loss in FOR_NUMBERS),
    ], otherwise="`genres`: how many yes-or-no questions are there?")
    return "Activation and loss go together: first ask what the numbers mean, then the rest follows."


@exercise(6, "A small classifier", promise=6, kind="design", points=3)
def small_classifier(train_classifier):
    """A function of X (n, 64) and labels y (n,) that returns a trained MLP; at most 500 parameters, 90 % right."""
    digits = load_digits()
    X, y = digits.data / 16, digits.target
    order = np.random.default_rng(42).permutation(len(X))
    train, valid = order[:1297], order[1297:]
    try:
        network = call(train_classifier, X[train], y[train], seconds=20)
    except Hint as hint:
        if hint.id == "endless":
            message = "`train_classifier` takes too long, and was stopped. Some 100 epochs are plenty for this network."
            raise Hint("too-long", message) from None
        if hint.id == "exception" and "(1297, 10)" in str(hint):
            message = "This loss wants ten numbers for each picture. Which one takes a class, a whole number?"
            raise Hint("labels", message) from None
        raise
    expect.instance("train_classifier(X, y)", network, MLP, "a network, from_scratch.MLP")
    n_in, n_out = network.shapes[0][0], network.shapes[-1][1]
    if n_in != 64:
        raise Wrong(f"The network has {n_in} inputs; a picture has 64 pixels.")
    n_parameters = sum(W.size + b.size for W, b in network.weights)
    rule_out("train_classifier", known=[
        ("outputs", untrained(1, output="linear", loss="mse"),
         f"The network has {n_out} output neurons. How many classes are there?", n_out != 10),
        ("many", untrained(10, n_hidden=7),
         f"The network has {n_parameters} parameters, weights and biases; {MAX_PARAMETERS} are allowed.",
         n_parameters > MAX_PARAMETERS),
        ("output", untrained(10, output="logistic"),
         "The outputs are not probabilities that sum to 1. Which activation makes them so?",
         network.activations[-1] != "softmax"),
        ("loss", untrained(10, loss="binary_cross_entropy"),
         f"The loss {network.loss_name!r} is not the one that belongs to softmax and several classes.",
         network.loss_name != "cross_entropy"),
        ("exploded", IN_TESTS, "The weights are not finite numbers any more: the learning rate is much too large.",
         not all(np.isfinite(part).all() for layer in network.weights for part in layer)),
    ])
    right = np.mean(network.predict(X[valid]) == y[valid])
    if right >= 0.9:
        return f"It has {n_parameters} parameters. Without a hidden layer it would have 650: a narrow layer saves some."
    seen = f"{n_parameters} parameters, and {right:.1%} of 500 other digits right."
    same_answer = np.ptp(network.forward(X[valid]), axis=0).max() < 1e-3
    if same_answer or network.loss(X[train], y[train]) > 1.5 * np.log(10):
        raise Hint("wild", f"{seen} This is no better than guessing: the steps of gradient descent are too long.")
    network.fit(X[train], y[train], epochs=60, learning_rate=0.1)
    if np.mean(network.predict(X[valid]) == y[valid]) >= 0.9:
        raise Hint("short", f"{seen} It can do better: with more training, or longer steps, it still learns.")
    if n_parameters > 0.7 * MAX_PARAMETERS:
        raise Hint("stuck", f"{seen} More training does not help: neurons are dead or saturated. Take shorter steps.")
    raise Hint("narrow", f"{seen} More training does not help much. Use more of the {MAX_PARAMETERS} parameters.")
