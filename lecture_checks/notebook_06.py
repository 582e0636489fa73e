"""The checks of notebook 06: what should come out, and how wrong is it?"""

import numpy as np
from sklearn.datasets import load_digits

from lecture_checks import expect
from lecture_checks.core import Hint, Wrong, call, close, exercise
from lecture_utils import from_scratch

FOR_NUMBERS = ("mse", "mae", "huber")
MAX_PARAMETERS = 500


@exercise(1, "Softmax by hand", promise=3, kind="by hand", points=2)
def softmax_by_hand(p, loss, gradient):
    """Probabilities, cross-entropy and its gradient for the logits (0, log 2, log 5) and the second class."""
    p, gradient = expect.array("p", p, shape=(3,)), expect.array("gradient", gradient, shape=(3,))
    loss = expect.number("loss", loss)
    z, y = np.log([1, 2, 5]), np.array([0, 1, 0])
    right = np.exp(z) / np.exp(z).sum()
    if close(p, np.exp(z), 1e-3):
        raise Hint("not-divided", "`p`: these are the powers of e. What makes them sum to 1?")
    if close(p, z / z.sum(), 5e-3):
        raise Hint(
            "no-powers", "`p`: you divided the logits themselves. First make all of them positive, by powers of e."
        )
    if close(p, from_scratch.logistic(z), 5e-3):
        raise Hint("logistic", "`p`: you took the logistic function of each logit; then they do not sum to 1.")
    if np.abs(p - right).max() < 0.006 and close(p, np.round(p, 2)) and not close(p, right, 2e-3):
        raise Hint("two-digits", "`p`: nearly. Two decimal places are not enough: give three, or fractions.")
    if close(p, 100 * right, 6e-3):
        raise Hint("percent", "`p`: these are percent. A probability is a number from 0 to 1.")
    if not close(p.sum(), 1, 5e-3):
        raise Wrong(f"`p`: the three probabilities sum to {p.sum():.3g}. What should they sum to?")
    if not close(p, right, 2e-3):
        raise Wrong("`p`: they sum to 1, but are not right. What is e to the power of log 2, and of log 5?")
    if close(loss, -np.log10(right[1]), 2e-3):
        raise Hint("log-10", "`p` is right. `loss`: log is the natural logarithm here, `np.log`.")
    if close(loss, np.log(right[1]), 2e-3):
        raise Hint(
            "no-minus", "`p` is right. `loss`: a probability is below 1, its logarithm negative. Mind the minus."
        )
    if close(loss, -np.log(right[2]), 2e-3):
        raise Hint("largest", "`p` is right. `loss`: you took the largest probability. Which class is the true one?")
    if close(loss, -np.log(right).sum(), 2e-3) or close(loss, -np.log(right).mean(), 2e-3):
        raise Hint("all-classes", "`p` is right. `loss`: `y` is one-hot, so how many terms of the sum are not 0?")
    if close(loss, -np.log(right[1]) / 3, 2e-3):
        raise Hint(
            "mean-of-classes", "`p` is right. `loss`: the mean is over instances, and here is one. Do not divide by 3."
        )
    if close(loss, -np.log2(right[1]), 2e-3):
        raise Hint("log-2", "`p` is right. `loss`: you took the logarithm to the base 2; here it is the natural one.")
    if close(loss, right[1], 2e-3) or close(loss, 1 - right[1], 2e-3):
        raise Hint("no-log", "`p` is right. `loss`: you took the right probability. But where is the logarithm?")
    if not close(loss, -np.log(right[1]), 2e-3):
        raise Wrong("`p` is right, `loss` is not. It is minus the logarithm of one of the three probabilities.")
    if close(gradient, y - right, 2e-3):
        raise Hint("turned", "`p` and `loss` are right. `gradient`: the signs are turned around.")
    if close(gradient, -y / right, 2e-3):
        raise Hint("by-p", "`p` and `loss` are right. This is the derivative with respect to `p`, not yet to `z`.")
    if close(gradient, right * (1 - right), 2e-3):
        raise Hint(
            "slope", "`p` and `loss` are right. This is how each `p` changes with its own `z`: go on to the loss."
        )
    if close(gradient, right, 2e-3):
        raise Hint(
            "no-label", "`p` and `loss` are right. `gradient`: this is `p`. What is subtracted for the true class?"
        )
    if close(gradient, right - [1, 0, 0], 2e-3) or close(gradient, right - [0, 0, 1], 2e-3):
        raise Hint("other-class", "`p` and `loss` are right. `gradient`: the 1 in `y` stands at the true class.")
    if close(gradient, (right - y) / 3, 2e-3):
        raise Hint(
            "by-classes", "`p` and `loss` are right. `gradient`: one divides by the instances; here there is only one."
        )
    if not close(gradient, right - y, 2e-3):
        raise Wrong("`p` and `loss` are right, `gradient` is not. Its three parts sum to 0: see section 6.")
    return "Gradient descent takes most from the third class, in which the network believed without reason."


@exercise(2, "Shifted and stretched", promise=3, kind="predict")
def stretched(added, multiplied, times_zero, loss):
    """What adding 5 to the logits (2, 1, 0) does, what multiplying by 5 and by 0, and what this does to the loss."""
    words = ("falls", "stays", "rises")
    added, multiplied = expect.choice("added", added, *words), expect.choice("multiplied", multiplied, *words)
    times_zero = expect.array("times_zero", times_zero, shape=(3,))
    loss = expect.choice("loss", loss, *words)
    p = np.exp([2, 1, 0]) / np.exp([2, 1, 0]).sum()
    if added != "stays":
        raise Hint("added-moves", "`added`: each power of e gets the same factor. What happens to it when you divide?")
    if multiplied == "stays":
        raise Hint("only-shift", "`multiplied`: only differences of logits count. Are they still the same?")
    if multiplied == "falls":
        raise Hint(
            "softer", "`multiplied`: the first logit is then 10 and the others 5 and 0. Who gets more than before?"
        )
    if close(times_zero, [0, 0, 0]):
        raise Hint("zeros", "`times_zero`: these are the logits. What is e to the power of 0?")
    if close(times_zero, [1, 1, 1]):
        raise Hint("ones", "`times_zero`: these are the powers of e. They are not yet divided by their sum.")
    if close(times_zero, [1, 0, 0], 1e-3):
        raise Hint("sure", "`times_zero`: so it is with a very large factor. With 0, does any class have an advantage?")
    if close(times_zero, p, 6e-3):
        raise Hint(
            "as-before", "`times_zero`: these are the probabilities of (2, 1, 0). Which logits are there after it?"
        )
    if not close(times_zero, [1 / 3] * 3, 6e-3):
        raise Wrong("`times_zero`: write down the three logits first. How do they differ?")
    if loss == "falls":
        raise Hint(
            "surer", "`loss`: the network becomes surer. But look at the true class: is it the one it is surer of?"
        )
    if loss == "stays":
        raise Hint("same-order", "`loss`: the order stays, the probabilities do not. Which one does the loss look at?")
    return "A factor above 1 makes a classifier bolder, and changes none of its predicted classes."


@exercise(3, "Huber with any delta", promise=2, kind="complete", points=2)
def huber_of_delta(huber_delta):
    """A function of y (n,), a (n,) and delta that returns the Huber loss and its derivatives (n,)."""
    y = np.array([2.0, -1.0, 0.5, 3.0, 1.0, 0.0, 4.0, -2.0, 1.5, 2.5, 0.0, 1.0])
    r = np.array([0.0, 0.1, -0.3, 0.4, -0.7, 0.9, 1.3, -1.7, 2.4, -3.0, 4.5, -6.0])
    for delta in (2.0, 0.5):
        size, small = np.abs(r), np.abs(r) <= delta
        returned = call(huber_delta, y, y + r, delta)
        loss, slope = expect.items("huber_delta(y, a, delta)", returned, 2, "the loss and its derivatives")
        if np.shape(loss) == r.shape:
            raise Hint("each", "You return a loss for each prediction. The loss of all is their mean.")
        loss = expect.number("loss", loss)
        slope = expect.array("derivatives", slope, shape=r.shape)
        right = np.where(small, r**2 / 2, delta * (size - delta / 2))
        seen = f"With delta = {delta:g}: "
        if close(loss, right.sum()):
            raise Hint("sum", f"{seen}this is the sum over the predictions. The loss is their mean.")
        if close(loss, np.where(size <= 1, r**2 / 2, size - 1 / 2).mean()):
            raise Hint("delta-ignored", f"{seen}this is the loss for 1. Does `delta` stand everywhere where 1 stood?")
        if close(loss, np.mean(r**2 / 2)) or close(loss, np.mean(r**2)):
            raise Hint("quadratic", f"{seen}your loss is quadratic for all errors. Beyond delta it should be linear.")
        if close(loss, np.where(small, r**2, delta * (size - delta / 2)).mean()):
            raise Hint("no-half", f"{seen}for small errors the factor 1/2 is missing, and the loss jumps at delta.")
        if close(loss, np.where(small, r**2 / 2, size - delta / 2).mean()):
            raise Hint("no-factor", f"{seen}for large errors, the factor delta is missing, and the loss jumps.")
        if close(loss, np.where(small, r**2 / 2, delta * (size - 1 / 2)).mean()):
            raise Hint("half-of-1", f"{seen}what is subtracted from |r| is half of delta, not 1/2.")
        if close(loss, np.where(small, r**2 / 2, delta * (r - delta / 2)).mean()):
            raise Hint("negative-errors", f"{seen}for large errors below 0, take the absolute value |r|.")
        if close(loss, np.where(r <= delta, r**2 / 2, delta * (size - delta / 2)).mean()):
            raise Hint("large-below", f"{seen}your loss takes large errors below 0 for small ones. Look at |r|.")
        if close(loss, np.where(small, size / 2, delta * (size - delta / 2)).mean()):
            raise Hint("no-square", f"{seen}for small errors, the error is squared.")
        if close(loss, np.where(small, delta * (size - delta / 2), r**2 / 2).mean()):
            raise Hint("cases-crossed", f"{seen}the two cases have changed places.")
        if not close(loss, right.mean()):
            raise Wrong(f"{seen}the loss is not right. Try single errors, one small and one large.")
        pull = np.clip(r, -delta, delta)
        if close(slope, pull):
            raise Hint(
                "not-divided", "The loss is right. It is a mean, so its derivatives are divided by their number."
            )
        if close(slope, -pull / r.size):
            raise Hint("turned", "The loss is right. The derivatives have the wrong sign: the error is `a - y`.")
        if close(slope, np.clip(r, -1, 1) / r.size):
            raise Hint("cut-at-1", "The loss is right. The derivatives are still cut off at -1 and 1.")
        if close(slope, np.where(small, r, np.sign(r)) / r.size):
            raise Hint(
                "sign-only",
                "The loss is right. For large errors it rises by delta, not by 1, for each unit of the error.",
            )
        if close(slope, r / r.size) or close(slope, 2 * r / r.size):
            raise Hint("not-cut", "The loss is right. But these derivatives grow without end, as those of MSE.")
        if close(slope, np.abs(pull) / r.size) or close(slope, np.where(small, r, delta) / r.size):
            raise Hint("sign-lost", "The loss is right. For large errors below 0, the derivative is negative.")
        if close(slope, np.where(small, 2 * r, pull) / r.size):
            raise Hint("twice", "The loss is right. For small errors it is half of the square: how steep is that?")
        if close(slope, np.clip(r, 0, delta) / r.size):
            raise Hint("cut-at-0", "The loss is right. But no derivative is negative: errors below 0 are cut off.")
        if not close(slope, pull / r.size):
            raise Wrong(f"{seen}the loss is right, the derivatives are not. How steep is each of the two cases?")
    return "With a very large delta this is half of MSE, with a very small one nearly delta times MAE."


@exercise(4, "Softmax on a single neuron", promise=1, kind="find the bug", points=2)
def single_softmax(p, slope, right_share, activation, n_outputs):
    """What one softmax neuron puts out, its slope, its share of right answers, and two ways to repair it."""
    p, slope, right_share = (
        expect.number(name, value) for name, value in (("p", p), ("slope", slope), ("right_share", right_share))
    )
    activation = expect.choice("activation", activation, "linear", "relu", "softplus", "logistic", "sigmoid", "softmax")
    n_outputs = expect.whole("n_outputs", n_outputs)
    if close(p, from_scratch.logistic(3.0), 6e-3):
        raise Hint("logistic", "`p`: this is the logistic function of 3. Softmax divides by a sum: over which neurons?")
    if close(p, np.exp(3), 6e-3):
        raise Hint(
            "not-divided", "`p`: this is e to the power of 3. Softmax still divides it by the sum over the layer."
        )
    if close(p, 3):
        raise Hint("logit", "`p`: this is the logit itself.")
    if not close(p, 1):
        raise Wrong("`p` is not right. Write down the formula of softmax for a layer of one neuron.")
    if close(slope, from_scratch.logistic(3.0) * from_scratch.logistic(-3.0), 6e-3):
        raise Hint(
            "logistic-slope", "`p` is right. `slope`: this is that of the logistic function. Does `p` move at all?"
        )
    if close(slope, 1):
        raise Hint("slope-one", "`p` is right. `slope`: this is `p` itself. How much does it change with the logit?")
    if not close(slope, 0):
        raise Wrong("`p` is right, `slope` is not. What would `p` be for the logit 4?")
    if close(right_share, 0.7) or close(right_share, 70):
        raise Hint("other-class", "`right_share`: so many would be right if it always said class 0. What does it say?")
    if close(right_share, 0.5) or close(right_share, 50):
        raise Hint("coin", "`right_share`: it does not toss a coin. It says the same to all: which class?")
    if close(right_share, 1):
        raise Hint("all-right", "`right_share`: its output is the same for all. Can it be right for both classes?")
    if close(right_share, 30):
        raise Hint("count", "`right_share`: this is the number of right answers. Which share of the 100 is it?")
    if not close(right_share, 0.3):
        raise Wrong("`right_share` is not right. Which class does it say, and how many instances belong to it?")
    if activation == "logistic":
        raise Hint("keras-name", "`activation`: the function is the right one, but Keras knows it by another name.")
    if activation == "softmax":
        raise Hint("still-softmax", "`activation`: this is the one that does not work with a single neuron.")
    if activation != "sigmoid":
        raise Hint("no-probability", "`activation`: a probability lies between 0 and 1. This function can give 2, too.")
    if n_outputs == 1:
        raise Hint("still-one", "`n_outputs`: with softmax, a single neuron has nobody to share with.")
    if n_outputs != 2:
        raise Wrong("`n_outputs`: softmax needs a neuron for each class. How many classes has a yes-or-no question?")
    return "In Keras, `fit` may even report a falling loss here: it takes the logits from before softmax (section 9)."


@exercise(5, "Five output layers", promise=1, kind="design", points=2)
def output_layers(temperatures, minutes, forest, letter, genres):
    """Output neurons, activation and loss for three temperatures, a time, a share, one of 26 letters, and genres."""
    n, activation, loss = _layer("temperatures", temperatures)
    if n == 1:
        raise Hint("one-number", "`temperatures`: one neuron gives one number. How many are asked for?")
    if activation in ("relu", "softplus"):
        raise Hint("frost", "`temperatures`: this activation never goes below 0. Is that so for degrees Celsius?")
    if activation in ("logistic", "softmax"):
        raise Hint("bounded", "`temperatures`: this activation stays between 0 and 1. It may get warmer.")
    if loss not in FOR_NUMBERS:
        raise Hint("class-loss", "`temperatures`: this loss is for probabilities. Take one that compares numbers.")
    if n != 3:
        raise Wrong("`temperatures`: count again how many numbers should come out.")
    n, activation, loss = _layer("minutes", minutes)
    if activation == "linear":
        raise Hint("negative-time", "`minutes`: without an activation it may say that the bus comes in -3 minutes.")
    if activation in ("logistic", "softmax"):
        raise Hint("no-upper-end", "`minutes`: this activation ends at 1. Nobody knows the longest waiting time.")
    if loss not in FOR_NUMBERS:
        raise Hint(
            "time-is-no-class", "`minutes`: this loss is for probabilities, but the answer is a positive number."
        )
    if n != 1:
        raise Wrong("`minutes`: a single number is asked for.")
    n, activation, loss = _layer("forest", forest)
    if (n, activation) == (2, "softmax"):
        raise Hint(
            "rest", "`forest`: that works, but one neuron is enough: the rest of the map is what it leaves over."
        )
    if activation in ("linear", "relu", "softplus"):
        raise Hint("share", "`forest`: a share has two ends. This activation goes beyond at least one of them.")
    if activation == "softmax":
        raise Hint(
            "softmax-alone", "`forest`: with softmax the outputs of the layer always sum to 1. What remains to learn?"
        )
    if loss == "cross_entropy":
        raise Hint(
            "one-output", "`forest`: this loss is for several outputs that sum to 1. There is one for yes or no."
        )
    if n != 1:
        raise Wrong("`forest`: a single number is asked for.")
    n, activation, loss = _layer("letter", letter)
    if n == 1:
        raise Hint(
            "letter-number", "`letter`: a letter is no number: B is not the mean of A and C. One neuron for each."
        )
    if activation == "logistic":
        raise Hint("exclusive", "`letter`: with logistic outputs, A and B could both be sure. Only one is true.")
    if activation != "softmax":
        raise Hint("no-probabilities", "`letter`: which activation makes probabilities of the logits, which sum to 1?")
    if loss in FOR_NUMBERS:
        raise Hint(
            "squared", "`letter`: classifiers are usually trained with another loss, whose gradient does not vanish."
        )
    if loss == "binary_cross_entropy":
        raise Hint("binary", "`letter`: this loss is for yes-or-no questions. This is one question with 26 answers.")
    if n != 26:
        raise Wrong("`letter`: how many classes are there?")
    n, activation, loss = _layer("genres", genres)
    if n == 2**5:
        raise Hint(
            "combinations", "`genres`: one neuron for each combination works, but there is a way with far fewer."
        )
    if activation == "softmax":
        raise Hint("several", "`genres`: with softmax, a film that is surely a comedy could not surely be a western.")
    if activation != "logistic":
        raise Hint("genre-range", "`genres`: each output should be a probability, between 0 and 1.")
    if loss == "cross_entropy":
        raise Hint(
            "one-class-loss", "`genres`: this loss counts only one true class. Here are several yes-or-no questions."
        )
    if loss in FOR_NUMBERS:
        raise Hint("surely-wrong", "`genres`: with this loss, a neuron that is surely wrong hardly learns (section 4).")
    if n != 5:
        raise Wrong("`genres`: how many yes-or-no questions are there?")
    return "Activation and loss go together: first ask what the numbers mean, then the rest follows."


@exercise(6, "A small classifier", promise=6, kind="design", points=3)
def small_classifier(train_classifier):
    """A function of X (n, 64) and labels y (n,) that returns a trained MLP; at most 500 parameters, 90 % right."""
    digits = load_digits()
    X, y = digits.data / 16, digits.target
    order = np.random.default_rng(42).permutation(len(X))
    train, valid = order[:1297], order[1297:]
    try:
        network = call(train_classifier, X[train], y[train], seconds=9)
    except Hint as hint:
        if hint.id == "endless":
            message = "`train_classifier` takes too long, and was stopped. Some 100 epochs are plenty for this network."
            raise Hint("too-long", message) from None
        if hint.id == "exception" and "(1297, 10)" in str(hint):
            message = "This loss wants ten numbers for each picture. Which one takes a class, a whole number?"
            raise Hint("labels", message) from None
        raise
    expect.instance("train_classifier(X, y)", network, from_scratch.MLP, "a network, from_scratch.MLP")
    n_in, n_out = network.weights[0][0].shape[0], network.weights[-1][0].shape[1]
    if n_in != 64:
        raise Wrong(f"The network has {n_in} inputs; a picture has 64 pixels.")
    if n_out != 10:
        raise Hint("outputs", f"The network has {n_out} output neurons. How many classes are there?")
    n_parameters = sum(W.size + b.size for W, b in network.weights)
    if n_parameters > MAX_PARAMETERS:
        raise Hint(
            "many", f"The network has {n_parameters} parameters, weights and biases; allowed are {MAX_PARAMETERS}."
        )
    if network.activations[-1] != "softmax":
        raise Hint("output", "The outputs are not probabilities that sum to 1. Which activation makes them so?")
    if network.loss_name != "cross_entropy":
        raise Hint(
            "loss", f"The loss {network.loss_name!r} is not the one that belongs to softmax and several classes."
        )
    if not all(np.isfinite(W).all() and np.isfinite(b).all() for W, b in network.weights):
        raise Hint("exploded", "The weights are no finite numbers any more: the learning rate is much too large.")
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


def _layer(name: str, value) -> tuple[int, str, str]:
    """An output layer as the student gives it: number of neurons, activation and loss."""
    n, activation, loss = expect.items(name, value, 3, "output neurons, activation and loss")
    return (
        expect.whole(f"{name}[0]", n),
        expect.choice(f"{name}[1]", activation, "linear", "relu", "softplus", "logistic", "softmax"),
        expect.choice(f"{name}[2]", loss, *FOR_NUMBERS, "binary_cross_entropy", "cross_entropy"),
    )
