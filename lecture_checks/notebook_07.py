"""The checks of notebook 07: how does a network learn to tell a coat from a shirt?"""

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Form, close, exercise, kind_of
from lecture_checks.mistakes import AnyOf, choose, judge, judge_function

VALIDATION_LOSS_OF_B = [0.60, 0.50, 0.47, 0.52, 0.61]


def numbers(name: str, value, needed: str) -> np.ndarray:
    """The value as an array of any shape, so that a check can tell by its shape what was returned."""
    try:
        found = np.asarray(value)
    except ValueError:  # things of different lengths
        raise Form(f"`{name}` is {kind_of(value)} of several things; needed is {needed}.") from None
    if found.dtype == object and found.ndim == 0:
        raise Form(f"`{name}` is {kind_of(value)}; needed is {needed}.")
    return found


def of_right_class(p, y):
    return p[np.arange(len(y)), y]


def shares(confusion):
    return np.diag(confusion) / confusion.sum(axis=1)


# fmt: off


@exercise(1, "Count and choose", promise=2, kind="by hand")
def count(parameters, largest):
    """The parameters of a network of 784, 50 and 10, and the most hidden neurons with at most 100,000 parameters."""
    parameters, largest = expect.whole("parameters", parameters), expect.whole("largest", largest)

    def of(n):
        return 784 * n + n + n * 10 + 10

    judge("parameters", parameters, right=of(50), known=[
        ("no-biases", of(50) - 60, "In `parameters`, the weights are all there. What else does each neuron have?"),
        ("no-output", 784 * 50 + 50,
         "In `parameters`, the hidden layer is right. The output layer has parameters, too."),
        ("input-biases", of(50) + 784,
         "In `parameters`, the pixels have got biases. They are given, and learn nothing."),
        ("bias-per-layer", of(50) - 60 + 2,
         "In `parameters`, each layer has one bias. Who has one: a layer, or a neuron?"),
        ("some-biases", AnyOf(of(50) - 50, of(50) - 10),
         "In `parameters`, the neurons of one layer have biases, those of the other have none."),
    ], otherwise="`parameters` is not right. A Dense layer has a weight for each pair, and a bias for each neuron.")
    judge("largest", largest, right=(100_000 - 10) // (784 + 1 + 10), opening="`parameters` is right.", known=[
        ("too-many", 126, f"With so many neurons, the network has {of(largest):,}.", of(largest) > 100_000),
        ("not-largest", 124, f"This fits, with {of(largest):,}; but one more fits as well.", largest >= 1),
    ], otherwise="`parameters` is right. `largest` is a number of neurons.")
    return "Each hidden neuron costs 795 parameters here, nearly all of them for its 784 pixels."


@exercise(2, "Labels of another form", promise=3, kind="find the bug", points=2)
def labels(loss, one_hot):
    """The loss for labels that are whole numbers, and a function that makes them one-hot, (n, 10)."""
    sparse, binary = "sparse_categorical_crossentropy", "binary_crossentropy"
    loss = expect.choice("loss", loss, sparse, "categorical_crossentropy", binary, "mean_squared_error")
    choose("loss", loss, right=sparse, known=[
        ("as-it-was", "categorical_crossentropy",
         "This `loss` is the one that does not fit. Which one takes whole numbers?"),
        ("binary", binary, "This `loss` is for two classes, and one output. There are ten here."),
        ("squares", "mean_squared_error",
         "This `loss` would take the label 9 as larger than 1. A class is only a name."),
    ])

    def read(returned):
        table = expect.array("one_hot(y)", returned, shape=(None, None))
        return table if table.shape in ((5, 8), (10, 5)) else expect.array("one_hot(y)", table, shape=(5, 10))

    judge_function("one_hot", one_hot, [np.array([3, 0, 5, 3, 7])], read=read, right=lambda y: np.eye(10)[y], known=[
        ("width", lambda y: np.eye(y.max() + 1)[y],
         "`loss` is right. When 9 does not occur in `y`, your rows are too short: how many classes?",
         lambda table: table.shape == (5, 8)),
        ("turned", lambda y: np.eye(10)[:, y],
         "`loss` is right. Each label should become a row; in your table it is a column.",
         lambda table: table.shape == (10, 5)),
        ("inverted", lambda y: 1 - np.eye(10)[y], "`loss` is right. Your ones and zeros have changed places."),
        ("from-1", lambda y: np.eye(10)[y - 1],
         "`loss` is right. Your ones stand one place too far left: places are counted from 0."),
        ("first-only", lambda y: np.eye(10)[y] * np.eye(len(y), 1),
         "`loss` is right. Only the first row has its 1. Does `return` stand within a loop?"),
    ], otherwise="`loss` is right. In each row of `one_hot(y)`, a single 1 should stand at the place of the label.")
    return "With one-hot labels a picture takes ten numbers in place of one; the loss is the same."


@exercise(3, "The loss by hand", promise=3, kind="complete", points=2)
def cross_entropy(cross_entropy):
    """A function of probabilities (n, 10) and labels (n,) that returns the mean cross-entropy."""
    rng = np.random.default_rng(3)
    p, y = rng.dirichlet(np.ones(10), size=30), rng.integers(10, size=30)

    def read(returned):
        loss = numbers("cross_entropy(p, y)", returned, "a single number")
        each = loss.shape == y.shape and close(loss, -np.log(of_right_class(p, y)), 1e-4)
        return loss if each else expect.number("cross_entropy(p, y)", loss)

    def right(p, y):
        return -np.log(of_right_class(p, y)).mean()

    judge_function("cross_entropy", cross_entropy, (p, y), read=read, right=right, within=1e-4, known=[
        ("each", lambda p, y: -np.log(of_right_class(p, y)),
         "These are the losses of the single pictures. The loss is one number for all of them."),
        ("sign", lambda p, y: -right(p, y),
         "The sign is missing: a logarithm of a probability is negative, and a loss is not."),
        ("sum", lambda p, y: len(y) * right(p, y),
         "This is the sum over the pictures. It would grow with their number; take the mean."),
        ("log-of-mean", lambda p, y: -np.log(of_right_class(p, y).mean()),
         "You take the logarithm of a mean. First the logarithms, then their mean."),
        ("all-classes", lambda p, y: -np.log(p).mean(),
         "You use all ten probabilities of a picture. Only that of the right class counts."),
        ("largest", lambda p, y: -np.log(p.max(axis=1)).mean(),
         "You use the largest probability of each picture. The right class may be another one."),
        ("base", AnyOf(lambda p, y: right(p, y) / np.log(10), lambda p, y: right(p, y) / np.log(2)),
         "Your logarithm has another base. The one of the cross-entropy is `np.log`."),
        ("all-pairs", lambda p, y: -np.log(p[:, y]).mean(),
         "`p[:, y]` takes 30 numbers from each of 30 pictures. Each needs the one of its own label."),
        ("rows", lambda p, y: -np.log(p[y]).mean(),
         "`p[y]` takes whole rows of `p`. Needed is a single number from each row."),
        ("tenth", lambda p, y: right(p, y) / 10,
         "This is a tenth of the loss. It is the mean over pictures, not over pictures and classes."),
        ("from-1", lambda p, y: right(p, y - 1),
         "You take the probability one place too far left: the label 0 is the first place."),
        ("first-only-loss", AnyOf(lambda p, y: right(p, y[:1]), lambda p, y: right(p, y[:1]) / len(y)),
         "Only the first picture is in this loss. Does `return` stand within a loop?"),
        ("first-three", lambda p, y: right(p, y[:3]),
         "This is the loss of the first three pictures. How many are in `y`?"),
    ], otherwise="This is not the mean of minus the logarithm of the probability of each picture's right class.")
    return "A network that gives each class 0.1 has the loss log(10), about 2.3: where training should begin."


@exercise(4, "Read the curves", promise=4, kind="predict")
def curves(overfits, stop_after, learns_nothing, goes_on):
    """Which of three runs overfits, after which epoch it should have stopped, which learns nothing, which goes on."""
    overfits = expect.choice("overfits", overfits, "A", "B", "C")
    stop_after = expect.whole("stop_after", stop_after)
    learns_nothing = expect.choice("learns_nothing", learns_nothing, "A", "B", "C")
    goes_on = expect.choice("goes_on", goes_on, "A", "B", "C")
    choose("overfits", overfits, right="B", known=[
        ("good-run", "A", "In run A both losses fall to the end. What do they do when a network overfits?"),
        ("equal", "C", "In run C both losses are equal. An overfitting network does better on the training set."),
    ])
    best = int(np.argmin(VALIDATION_LOSS_OF_B)) + 1
    judge("stop_after", stop_after, right=best, opening="`overfits` is right.", known=[
        ("training-loss", 5, "Its training loss is lowest at the end. Which one decides?"),
        ("from-0", best - 1, "One epoch too early, or did you count them from 0?"),
        ("too-late", best + 1, "After this epoch, the validation loss has risen already."),
    ], otherwise="`overfits` is right. For `stop_after`, look for its lowest validation loss.")
    choose("learns_nothing", learns_nothing, right="C", known=[
        ("learns", AnyOf("A", "B"), f"Run {learns_nothing} learns: its training loss falls. Whose does not?"),
    ])
    choose("goes_on", goes_on, right="A", known=[
        ("not-on", AnyOf("B", "C"),
         f"More epochs of run {goes_on} would not help. Whose validation loss still falls at the end?"),
    ])
    return "A loss that stays at log(10) is that of guessing: ten classes, a tenth for each."


@exercise(5, "Of each class, how many?", promise=5, kind="complete", points=2)
def recall(recall):
    """A function of a confusion matrix (k, k), true classes in rows, that returns the recall of each class, (k,)."""
    confusion = np.array([[8, 1, 3, 0], [2, 15, 2, 1], [0, 6, 3, 1], [6, 0, 1, 23]])

    def read(returned):
        got = numbers("recall(confusion)", returned, "an array of the shape (4,)")
        if got.ndim == 0:
            return expect.number("recall(confusion)", got)
        return expect.array("recall(confusion)", got, shape=(4, 4) if got.shape == (4, 4) else (4,))

    def otherwise(got):
        expect.array("recall(confusion)", got, shape=(4,))
        return "For each class: what was found of it, divided by how many there are."

    judge_function("recall", recall, [confusion], read=read, right=shares, within=1e-3, known=[
        ("accuracy", lambda c: np.trace(c) / c.sum(),
         "This is the accuracy, one number. The recall asks the same of each class."),
        ("mean", lambda c: shares(c).mean(), "This is the mean over the classes. Return the recall of each of them."),
        ("lowest", lambda c: shares(c).argmin(),
         "This says which class has the lowest recall. Return the recall of each of them."),
        ("table", AnyOf(lambda c: c / c.sum(axis=1), lambda c: c / c.sum(axis=1, keepdims=True)),
         "You divide all cells of the table. Which of them count what was found of each class?",
         lambda got: np.shape(got) == (4, 4) and close(np.diag(got), shares(confusion), 1e-3)),
        ("columns", lambda c: shares(c.T),
         "You divide by the sums of the columns: of what was *called* a coat, how much is one?"),
        ("all", lambda c: np.diag(c) / c.sum(),
         "You divide by the number of all pictures. The recall is a share of its own class."),
        ("counts", np.diag, "These are numbers of pictures. Of how many, in each class?"),
        ("missed", lambda c: 1 - shares(c),
         "This is the share of each class that was missed. Its recall is what was found."),
        ("row-max", lambda c: c.max(axis=1) / c.sum(axis=1),
         "You take the largest number of each row. What if a class is mostly taken for another?"),
        ("percent", lambda c: 100 * shares(c), "These are percentages. A share lies between 0 and 1."),
        ("zeros", lambda c: 0 * shares(c), "All are 0: `//` drops what comes after the decimal point."),
        ("rounded", lambda c: shares(c).round(2), "These are the right shares, rounded. Return them as they are.",
         lambda got: close(got, shares(confusion), 0.01)),
    ], otherwise=otherwise)
    return "Divided by the columns in place of the rows, it is the precision: the share of what was called so rightly."


@exercise(6, "Larger batches", promise=6, kind="predict")
def batches(steps, learning_rate, same_numbers):
    """Steps of an epoch of 55,000 with batches of 64, a first guess of the rate (0.01 for 32), "yes" or "no"."""
    steps, learning_rate = expect.whole("steps", steps), expect.number("learning_rate", learning_rate)
    same_numbers = expect.choice("same_numbers", same_numbers, "yes", "no")
    judge("steps", steps, right=np.ceil(55_000 / 64), known=[
        ("left-over", 55_000 // 64, "In `steps`, some pictures are left over. What happens to them?"),
        ("old-batch", np.ceil(55_000 / 32), "This is the number of `steps` with batches of 32."),
        ("all-pictures", np.ceil(60_000 / 64),
         "In `steps` there are 60,000 pictures. Are all of them used for the training?"),
    ], otherwise="`steps` is not right. Each of the 55,000 pictures is in one batch; the last may be smaller.")
    judge("learning_rate", learning_rate, right=0.01 * 64 / 32, opening="`steps` is right.", known=[
        ("shorter", 0.01 / 2, "There are fewer steps now; should each go less far, or further?"),
        ("unchanged", 0.01, "With this rate, an epoch gets only about half as far."),
        ("of-256", 0.01 * 256 / 32, "This rate goes with batches of 256, eight times as large as 32."),
    ], otherwise="`steps` is right. How many times as large is a batch, and then the rate?")
    choose("same_numbers", same_numbers, right="yes", known=[
        ("per-execution", "no",
         "Steps and rate are right. But what did section 7 find the same, down to the last digit?"),
    ])
    return "One changes the cost of a step, the other how far it goes: two ways to be faster, and they add up."
