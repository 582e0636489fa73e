"""The checks of notebook 07: how does a network learn to tell a coat from a shirt?"""

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Form, Hint, Wrong, call, close, exercise, kind_of

TRAINING_LOSS = {"A": [0.90, 0.60, 0.50, 0.45, 0.42], "B": [0.80, 0.45, 0.25, 0.12, 0.05],
                 "C": [2.30, 2.30, 2.30, 2.30, 2.30]}  # fmt: skip
VALIDATION_LOSS = {"A": [0.70, 0.55, 0.48, 0.44, 0.41], "B": [0.60, 0.50, 0.47, 0.52, 0.61],
                   "C": [2.30, 2.30, 2.30, 2.30, 2.30]}  # fmt: skip


@exercise(1, "Count and choose", promise=2, kind="by hand")
def count(parameters, largest):
    """The parameters of a network of 784, 50 and 10, and the most hidden neurons with at most 100,000 parameters."""
    parameters, largest = expect.whole("parameters", parameters), expect.whole("largest", largest)

    def of(n, n_inputs=784, n_classes=10):
        return n_inputs * n + n + n * n_classes + n_classes

    if parameters == of(50) - 60:
        raise Hint("no-biases", "In `parameters`, the weights are all there. What else does each neuron have?")
    if parameters == 784 * 50 + 50:
        raise Hint("no-output", "In `parameters`, the hidden layer is right. The output layer has parameters, too.")
    if parameters == of(50) + 784:
        raise Hint("input-biases", "In `parameters`, the pixels have got biases. They are given, and learn nothing.")
    if parameters == of(50) - 60 + 2:
        raise Hint("bias-per-layer", "In `parameters`, each layer has one bias. Who has one: a layer, or a neuron?")
    if parameters in (of(50) - 50, of(50) - 10):
        raise Hint(
            "some-biases", "In `parameters`, the neurons of one layer have biases, those of the other have none."
        )
    if parameters != of(50):
        raise Wrong("`parameters` is not right. A Dense layer has a weight for each pair, and a bias for each neuron.")
    if largest < 1:
        raise Wrong("`parameters` is right. `largest` is a number of neurons.")
    if of(largest) > 100_000:
        raise Hint("too-many", f"`parameters` is right. With so many neurons, the network has {of(largest):,}.")
    if of(largest + 1) <= 100_000:
        raise Hint("not-largest", f"`parameters` is right. This fits, with {of(largest):,}; but one more fits as well.")
    return "Each hidden neuron costs 795 parameters here, nearly all of them for its 784 pixels."


@exercise(2, "Labels of another form", promise=3, kind="find the bug", points=2)
def labels(loss, one_hot):
    """The loss for labels that are whole numbers, and a function that makes them one-hot, (n, 10)."""
    sparse, binary = "sparse_categorical_crossentropy", "binary_crossentropy"
    loss = expect.choice("loss", loss, sparse, "categorical_crossentropy", binary, "mean_squared_error")
    if loss == "categorical_crossentropy":
        raise Hint("as-it-was", "This `loss` is the one that does not fit. Which one takes whole numbers?")
    if loss == binary:
        raise Hint("binary", "This `loss` is for two classes, and one output. Here are ten.")
    if loss == "mean_squared_error":
        raise Hint("squares", "This `loss` would take the label 9 as larger than 1. A class is only a name.")
    y = np.array([3, 0, 5, 3, 7])  # 9 does not occur
    got = expect.array("one_hot(y)", call(one_hot, y), shape=(None, None))
    if got.shape == (len(y), y.max() + 1):
        raise Hint("width", "`loss` is right. When 9 does not occur in `y`, your rows are too short: how many classes?")
    if got.shape == (10, len(y)):
        raise Hint("turned", "`loss` is right. Each label should become a row; in your table it is a column.")
    got = expect.array("one_hot(y)", got, shape=(len(y), 10))
    if close(got, 1 - np.eye(10)[y]):
        raise Hint("inverted", "`loss` is right. Your ones and zeros have changed places.")
    if close(got, np.eye(10)[y - 1]):
        raise Hint("from-1", "`loss` is right. Your ones stand one place too far left: places are counted from 0.")
    if close(got[0], np.eye(10)[y[0]]) and not got[1:].any():
        raise Hint("first-only", "`loss` is right. Only the first row has its 1. Does `return` stand within a loop?")
    if not close(got, np.eye(10)[y]):
        raise Wrong("`loss` is right. In each row of `one_hot(y)`, a single 1 should stand at the place of the label.")
    return "With one-hot labels a picture takes ten numbers in place of one; the loss is the same."


@exercise(3, "The loss by hand", promise=3, kind="complete", points=2)
def cross_entropy(cross_entropy):
    """A function of probabilities (n, 10) and labels (n,) that returns the mean cross-entropy."""
    rng = np.random.default_rng(3)
    p, y = rng.dirichlet(np.ones(10), size=30), rng.integers(10, size=30)
    got = _numbers("cross_entropy(p, y)", call(cross_entropy, p, y), "a single number")
    right = p[np.arange(30), y]
    if got.shape == (30,) and close(got, -np.log(right), 1e-4):
        raise Hint("each", "These are the losses of the single pictures. The loss is one number for all of them.")
    got = expect.number("cross_entropy(p, y)", got)
    if close(got, np.log(right).mean(), 1e-4):
        raise Hint("sign", "The sign is missing: a logarithm of a probability is negative, and a loss is not.")
    if close(got, -np.log(right).sum(), 1e-4):
        raise Hint("sum", "This is the sum over the pictures. It would grow with their number; take the mean.")
    if close(got, -np.log(right.mean()), 1e-4):
        raise Hint("log-of-mean", "You take the logarithm of a mean. First the logarithms, then their mean.")
    if close(got, -np.log(p).mean(), 1e-4):
        raise Hint("all-classes", "You use all ten probabilities of a picture. Only that of the right class counts.")
    if close(got, -np.log(p.max(axis=1)).mean(), 1e-4):
        raise Hint("largest", "You use the largest probability of each picture. The right class may be another one.")
    if close(got, -np.log10(right).mean(), 1e-4) or close(got, -np.log2(right).mean(), 1e-4):
        raise Hint("base", "Your logarithm has another base. The one of the cross-entropy is `np.log`.")
    if close(got, -np.log(p[:, y]).mean(), 1e-4):
        raise Hint(
            "all-pairs", "`p[:, y]` takes 30 numbers from each of 30 pictures. Each needs the one of its own label."
        )
    if close(got, -np.log(p[y]).mean(), 1e-4):
        raise Hint("rows", "`p[y]` takes whole rows of `p`. Needed is a single number from each row.")
    if close(got, -np.log(right).mean() / 10, 1e-4):
        raise Hint("tenth", "This is a tenth of the loss. It is the mean over pictures, not over pictures and classes.")
    if close(got, -np.log(p[np.arange(30), y - 1]).mean(), 1e-4):
        raise Hint("from-1", "You take the probability one place too far left: the label 0 is the first place.")
    if close(got, -np.log(right[0]), 1e-4) or close(got, -np.log(right[0]) / 30, 1e-4):
        raise Hint("first-only-loss", "Only the first picture is in this loss. Does `return` stand within a loop?")
    if close(got, -np.log(right[:3]).mean(), 1e-4):
        raise Hint("first-three", "This is the loss of the first three pictures. How many are in `y`?")
    if not close(got, -np.log(right).mean(), 1e-4):
        raise Wrong("This is not the mean of minus the logarithm of the probability of each picture's right class.")
    return "A network that gives each class 0.1 has the loss log(10), about 2.3: where training should begin."


@exercise(4, "Read the curves", promise=4, kind="predict")
def curves(overfits, stop_after, learns_nothing, goes_on):
    """Which of three runs overfits, after which epoch it should have stopped, which learns nothing, which goes on."""
    overfits = expect.choice("overfits", overfits, "A", "B", "C")
    stop_after = expect.whole("stop_after", stop_after)
    learns_nothing = expect.choice("learns_nothing", learns_nothing, "A", "B", "C")
    goes_on = expect.choice("goes_on", goes_on, "A", "B", "C")
    turns = [run for run, losses in VALIDATION_LOSS.items() if losses[-1] > min(losses)]
    if overfits == "A":
        raise Hint("good-run", "In run A both losses fall to the end. What do they do when a network overfits?")
    if overfits == "C":
        raise Hint("equal", "In run C both losses are equal. An overfitting network does better on the training set.")
    if [overfits] != turns:
        raise Wrong("`overfits` is not right.")
    best = int(np.argmin(VALIDATION_LOSS[overfits])) + 1
    if stop_after == 5:
        raise Hint("training-loss", "`overfits` is right. Its training loss is lowest at the end. Which one decides?")
    if stop_after == best - 1:
        raise Hint("from-0", "`overfits` is right. One epoch too early, or did you count them from 0?")
    if stop_after == best + 1:
        raise Hint("too-late", "`overfits` is right. After this epoch, the validation loss has risen already.")
    if stop_after != best:
        raise Wrong("`overfits` is right. For `stop_after`, look for its lowest validation loss.")
    if learns_nothing != "C":
        raise Hint("learns", f"The run {learns_nothing} learns: its training loss falls. Whose does not?")
    if goes_on != "A":
        raise Hint(
            "not-on", f"More epochs of run {goes_on} would not help. Whose validation loss still falls at the end?"
        )
    return "A loss that stays at log(10) is that of guessing: ten classes, a tenth for each."


@exercise(5, "Of each class, how many?", promise=5, kind="complete", points=2)
def recall(recall):
    """A function of a confusion matrix (k, k), true classes in rows, that returns the recall of each class, (k,)."""
    confusion = np.array([[8, 1, 3, 0], [2, 15, 2, 1], [0, 6, 3, 1], [6, 0, 1, 23]])
    got = _numbers("recall(confusion)", call(recall, confusion), "an array of the shape (4,)")
    right = np.diag(confusion)
    if got.ndim == 0:
        got = expect.number("recall(confusion)", got)
        if close(got, right.sum() / confusion.sum(), 1e-3):
            raise Hint("accuracy", "This is the accuracy, one number. The recall asks the same of each class.")
        if close(got, (right / confusion.sum(axis=1)).mean(), 1e-3):
            raise Hint("mean", "This is the mean over the classes. Return the recall of each of them.")
        if got == (right / confusion.sum(axis=1)).argmin():
            raise Hint("lowest", "This says which class has the lowest recall. Return the recall of each of them.")
    if np.shape(got) == (4, 4) and close(np.diag(got), right / confusion.sum(axis=1), 1e-3):
        raise Hint("table", "You divide all cells of the table. Which of them count what was found of each class?")
    got = expect.array("recall(confusion)", got, shape=(4,))
    if close(got, right / confusion.sum(axis=0), 1e-3):
        raise Hint("columns", "You divide by the sums of the columns: of what was *called* a coat, how much is one?")
    if close(got, right / confusion.sum(), 1e-3):
        raise Hint("all", "You divide by the number of all pictures. The recall is a share of its own class.")
    if close(got, right):
        raise Hint("counts", "These are numbers of pictures. Of how many, in each class?")
    if close(got, 1 - right / confusion.sum(axis=1), 1e-3):
        raise Hint("missed", "This is the share of each class that was missed. Its recall is what was found.")
    if close(got, confusion.max(axis=1) / confusion.sum(axis=1), 1e-3):
        raise Hint("row-max", "You take the largest number of each row. What if a class is mostly taken for another?")
    if close(got, 100 * right / confusion.sum(axis=1), 1e-3):
        raise Hint("percent", "These are percentages. A share lies between 0 and 1.")
    if close(got, np.zeros(4)):
        raise Hint("zeros", "All are 0: `//` drops what stands behind the point.")
    shares = right / confusion.sum(axis=1)
    if close(got, shares, 0.01) and not close(got, shares, 1e-3):
        raise Hint("rounded", "These are the right shares, rounded. Return them as they are.")
    if not close(got, shares, 1e-3):
        raise Wrong("For each class: what was found of it, divided by how many there are.")
    return "Divided by the columns in place of the rows, it is the precision: the share of what was called so rightly."


@exercise(6, "Larger batches", promise=6, kind="predict")
def batches(steps, learning_rate, same_numbers):
    """Steps of an epoch of 55,000 with batches of 64, a first guess of the rate (0.01 for 32), "yes" or "no"."""
    steps, learning_rate = expect.whole("steps", steps), expect.number("learning_rate", learning_rate)
    same_numbers = expect.choice("same_numbers", same_numbers, "yes", "no")
    if steps == 55_000 // 64:
        raise Hint("left-over", "In `steps`, some pictures are left over. What happens to them?")
    if steps == 1719:
        raise Hint("old-batch", "This is the number of `steps` with batches of 32.")
    if steps == 938:
        raise Hint("all-pictures", "In `steps` there are 60,000 pictures. Are all of them used for the training?")
    if steps != -(-55_000 // 64):
        raise Wrong("`steps` is not right. Each of the 55,000 pictures is in one batch; the last may be smaller.")
    if close(learning_rate, 0.01 / 2):
        raise Hint("shorter", "`steps` is right. There are fewer steps now; should each go less far, or further?")
    if close(learning_rate, 0.01):
        raise Hint("unchanged", "`steps` is right. With this rate, an epoch gets only about half as far.")
    if close(learning_rate, 0.08):
        raise Hint("of-256", "`steps` is right. This rate goes with batches of 256, eight times as large as 32.")
    if not close(learning_rate, 0.01 * 64 / 32):
        raise Wrong("`steps` is right. How many times as large is a batch, and then the rate?")
    if same_numbers == "no":
        raise Hint(
            "per-execution", "Steps and rate are right. But what did section 7 find the same, down to the last digit?"
        )
    return "One changes the cost of a step, the other how far it goes: two ways to be faster, and they add up."


def _numbers(name: str, value, needed: str) -> np.ndarray:
    """The value as an array of any shape, so that a check can tell by its shape what was returned."""
    try:
        numbers = np.asarray(value)
    except ValueError:  # things of different lengths
        raise Form(f"`{name}` is {kind_of(value)} of several things; needed is {needed}.") from None
    if numbers.dtype == object and numbers.ndim == 0:
        raise Form(f"`{name}` is {kind_of(value)}; needed is {needed}.")
    return numbers
