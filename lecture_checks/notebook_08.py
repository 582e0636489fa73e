"""The checks of notebook 08: what is a house worth?"""

from functools import cache

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Hint, Wrong, call, close, exercise
from lecture_checks.mistakes import IN_TESTS, AnyOf, judge, judge_function, rule_out
from lecture_utils import datasets

MAX_PARAMETERS, MAX_RMSE = 500, 66_000  # of the network in exercise 6


def standardized(X, like, ddof=0):
    """X minus the mean of each column of `like`, over the standard deviation (of n - ddof rows)."""
    return (X - like.mean(axis=0)) / like.std(axis=0, ddof=ddof)


def is_standardized(got, X, like) -> bool:
    return any(close(got, standardized(X, like, ddof), 1e-4) for ddof in (0, 1))


def pair(name, value):
    """Two numbers, also in a column."""
    is_column = isinstance(value, np.ndarray) and value.shape == (2, 1)
    return expect.array(name, value.ravel() if is_column else value, shape=(2,))


def linear_regression(X_train, y_train, X):
    """The predictions of a linear regression on scaled features, clipped at 3."""
    A_train, A = (
        np.column_stack([np.clip(standardized(rows, X_train), -3, 3), np.ones(len(rows))]) for rows in (X_train, X)
    )
    return A @ np.linalg.lstsq(A_train, y_train)[0]


@cache
def districts():
    """3,000 districts for training, and 1,500 others, of which the first is the extreme one; each with its targets."""
    housing = datasets.load_california_housing()
    occupants = housing.data[:, housing.feature_names.index("AveOccup")]
    ordinary = np.random.default_rng(8).permutation(np.flatnonzero(occupants < 60))
    train, valid = ordinary[:3000], np.array([occupants.argmax(), *ordinary[3000:4499]])
    return housing.data[train], housing.target[train], housing.data[valid], housing.target[valid]


# fmt: off


@exercise(1, "In dollars", promise=3, kind="by hand")
def in_dollars(parameters, rmse, mse_in_dollars):
    """The parameters of a network with layers of 8, 50, 20 and 1, and what an MSE of 0.25 is in dollars."""
    parameters, rmse = expect.whole("parameters", parameters), expect.number("rmse", rmse)
    mse_in_dollars = expect.number("mse_in_dollars", mse_in_dollars)
    weights, biases = 8 * 50 + 50 * 20 + 20 * 1, 50 + 20 + 1
    judge("parameters", parameters, right=weights + biases, known=[
        ("no-biases", weights, "In `parameters`, the weights are all there. What else does each neuron learn?"),
        ("no-output", weights + biases - 21,
         "In `parameters`, the hidden layers are all there. The output neuron is a layer, too."),
        ("output-bias", weights + biases - 1, "In `parameters`, a single bias is missing. Which neuron has none?"),
        ("input-biases", weights + biases + 8,
         "In `parameters`, the inputs have got biases. They are given, and learn nothing."),
    ], otherwise="`parameters` is not right. Each neuron of a layer has a weight for every input, and a bias.")
    judge("rmse", rmse, is_right=close(rmse, 50_000, 1e-3), within=1e-2, known=[
        ("unit", 0.5, "This `rmse` is in the unit of the target. How many dollars is 1 in this unit?"),
        ("no-root", 25_000,
         "For `rmse` you turned the MSE itself into dollars. Its unit is squared: what comes first?"),
        ("root-of-dollars", np.sqrt(25_000),
         "For `rmse`, 0.25 is a square, and has a squared unit. First the root, then dollars."),
    ], otherwise="`parameters` is right, `rmse` is not. What is the root of the MSE, and what is its unit?")
    judge("mse_in_dollars", mse_in_dollars, right=50_000**2, within=1e-3, known=[
        ("factor-once", 25_000, "In `mse_in_dollars`, each error is 100,000 times as large. And its square?"),
        ("same", 0.25, "The MSE changes with the unit: an error of 1 becomes one of 100,000. Square it, then."),
        ("root-again", 50_000, "This is the RMSE in dollars once more. What is its square?"),
    ], otherwise="`parameters` and `rmse` are right. `mse_in_dollars` is the square of a number that you have.")
    return "In dollars, the gradients are huge as well: one more reason to keep the target near 1."


@exercise(2, "A perfect network", promise=3, kind="predict")
def perfect_network(shape, perfect, always_2):
    """The shape of y_pred - y_true for (4, 1) and (4,), and the mean of its squares for two networks."""
    rule_out("shape", known=[
        ("one-axis", AnyOf(4, (4,)),
         "`shape` consists of two numbers here: a column minus a row, what does NumPy make of that?",
         isinstance(shape, (int, tuple, list)) and shape in (4, (4,), [4])),
    ])
    shape = expect.array("shape", shape, shape=(2,))
    perfect, always_2 = expect.number("perfect", perfect), expect.number("always_2", always_2)
    y_true = np.array([1, 1, 3, 3])
    squares, squares_of_2 = (y_true[:, None] - y_true) ** 2, (np.full((4, 1), 2) - y_true) ** 2
    judge("shape", shape, right=squares.shape, known=[
        ("one-column", (4, 1), "`shape` is that of the predictions. What does NumPy do with a column and a row?"),
    ], otherwise="`shape` is not right. Section 5 subtracts three targets from three predictions: what comes out?")
    judge("perfect", perfect, right=squares.mean(), within=0.01, known=[
        ("zero", 0, "So it should be! But each target is subtracted from each prediction, not only from its own."),
        ("sum", squares.sum(), "`perfect` is the sum of the whole table. What is its mean?"),
        ("by-four", squares.sum() / 4,
         "For `perfect` you divided the sum by the number of districts. How many squares are there?"),
        ("one-square", squares.max(), "`perfect` is one of the squares in the table. What is the mean of all?"),
        ("root", np.sqrt(squares.mean()), "`perfect` is the root of what comes out. No root is taken here."),
        ("not-squared", np.sqrt(squares).mean(),
         "`perfect` is the mean of the differences without their signs. They are squared here.",
         close([perfect, always_2], [1, 1])),
    ], otherwise="`shape` is right, `perfect` is not. Write the whole table down: which squares are in it?")
    judge("always_2", always_2, right=squares_of_2.mean(), within=0.01, known=[
        ("signs", 0, "In `always_2`, errors below and above 0 do not cancel: they are squared first."),
        ("not-the-mean", AnyOf(squares_of_2.sum(), squares_of_2.sum() / 4),
         "`shape` and `perfect` are right. Is `always_2` the mean of all squares in the table?"),
    ], otherwise="`shape` and `perfect` are right. For `always_2`, all rows of the table are equal: what is in one?")
    return (
        "By this wrong measure, a network that knows nothing looks better than a perfect one, and no error warns you."
    )


@exercise(3, "Every part its own scaler", promise=2, kind="find the bug", points=2)
def scaled_repaired(scaled, broken, repaired):
    """The repaired scaled(X_train, X_valid), and 6, 10 scaled by both, where training had 1, 3."""
    rng = np.random.default_rng(8)
    X_train, X_valid = rng.normal([5, -20, 300], [1, 4, 50], (40, 3)), rng.normal([9, -10, 200], [3, 1, 90], (12, 3))
    got_train, got_valid = expect.items(
        "scaled(X_train, X_valid)", call(scaled, X_train, X_valid), 2, "the scaled training and validation parts"
    )
    got_train = expect.array("the scaled training part", got_train, shape=X_train.shape)
    got_valid = expect.array("the scaled validation part", got_valid, shape=X_valid.shape)
    train_is_right = is_standardized(got_train, X_train, X_train)
    judge("scaled", scaled, is_right=train_is_right and is_standardized(got_valid, X_valid, X_train), known=[
        ("own-ruler", lambda a, b: [standardized(X, X) for X in (a, b)],
         "`scaled` still measures the validation part with means and deviations of its own.",
         train_is_right and is_standardized(got_valid, X_valid, X_valid)),
        ("both", lambda a, b: [standardized(X, np.vstack([a, b])) for X in (a, b)],
         "Now the scaler learns from both parts together: the validation part leaks into the training.",
         is_standardized(got_valid, X_valid, np.vstack([X_train, X_valid]))),
        ("from-valid", lambda a, b: [standardized(X, b) for X in (a, b)],
         "Now both parts are measured with what was learned from the validation part.",
         is_standardized(got_valid, X_valid, X_valid)),
        ("raw", lambda a, b: (standardized(a, a), b),
         "The validation part comes back as it was. It has to be scaled, too, but not fitted.",
         close(got_valid, X_valid)),
        ("one-for-all", lambda a, b: [(X - a.mean()) / a.std() for X in (a, b)],
         "One mean and one deviation for all columns: each column needs its own.",
         close(got_valid, (X_valid - X_train.mean()) / X_train.std())),
        ("variance", lambda a, b: [standardized(X, a) / a.std(axis=0) for X in (a, b)],
         "You divide by the variance. The standard deviation is its root.",
         close(got_valid, standardized(X_valid, X_train) / X_train.std(axis=0))),
    ], otherwise="`scaled` does not return both parts, each minus the training mean, over the training deviation.")
    broken, repaired = pair("broken", broken), pair("repaired", repaired)
    judge("broken", broken, is_right=close(broken, [-1, 1], 1e-3), within=0.01, opening="`scaled` is repaired.", known=[
        ("broken-repaired", [4, 8], "`broken` asks what came before: from which rows, there?"),
        ("only-mean", [-2, 2], "In `broken` the mean is subtracted. What do you divide by, then?"),
        ("n-minus-1", [-0.5**0.5, 0.5**0.5], "For the deviation, `StandardScaler` divides by n, not by n - 1."),
        ("squared", [-0.5, 0.5], "In `broken` you divide by the variance. The deviation is its root."),
    ], otherwise="`scaled` is repaired. For `broken` you need the mean and the deviation of 6 and 10.")
    judge("repaired", repaired, right=[4, 8], within=1e-3, known=[
        ("repaired-broken", [-1, 1], "`scaled` and `broken` are right. `repaired` uses mean and deviation of 1 and 3."),
    ], otherwise="`scaled` and `broken` are right. For `repaired` you need the mean and the deviation of 1 and 3.")
    return (
        "Scaled by itself, a part loses what sets it apart: here, that its values are larger than any in the training."
    )


@exercise(4, "One district decides", promise=4, kind="design", points=2)
def one_decides(errors):
    """Five errors with an MAE below 0.4 and an MSE above 0.16, which without the largest is below 0.16."""
    errors = expect.array("errors", errors, shape=(5,))
    sizes = np.sort(np.abs(errors))
    mae, mse, without = sizes.mean(), (sizes**2).mean(), (sizes[:-1] ** 2).mean()
    tiny = 1e-9
    rule_out("errors", known=[
        ("same", [0.4, -0.4, 0.4, 0.4, -0.4],
         "These errors are as large as those of A. Both measures are the same, then.", close(sizes, np.full(5, 0.4))),
        ("signs", [1, -1, 1, -1, 0.1],
         f"The mean of the errors is below 0.4, but the MAE takes them without signs: it is {mae:.3g}.",
         mae >= 0.4 - tiny and (errors < 0).any() and abs(errors.mean()) < 0.4),
        ("mae", [0.1, 0.1, 0.1, 0.1, 2],
         f"The MAE of B is {mae:.3g}, not below 0.4. How large may all five errors be together?", mae >= 0.4 - tiny),
        ("mse", [0.3, 0.3, 0.3, 0.3, 0.5],
         f"B is ahead by both measures: its MSE is {mse:.3g}. It needs an error that counts for more.",
         mse <= 0.16 + tiny),
        ("several", [0, 0, 0, 0.9, 0.95],
         f"Without its worst district B still has an MSE of {without:.3g}. One should decide alone.",
         without >= 0.16 - tiny),
    ])
    return f"One of five districts makes {sizes[-1] ** 2 / (sizes**2).sum():.0%} of B's MSE, and turns the comparison."


@exercise(5, "What was never recorded", promise=5, kind="complete", points=2)
def never_recorded(limited, true_value, prediction):
    """limited(y_pred, y_train), and a value and a prediction whose error grows when it is limited to 0.15 to 5."""
    y_train, y_pred = np.array([21.0, 60.0, 33.0, 74.0]), np.array([10.0, 21.5, 90.0, 50.0, 7.0, 73.0, 74.5])

    def read(returned):
        got = expect.array("limited(y_pred, y_train)", returned, shape=(None,))
        some_are_left = 0 < len(got) < len(y_pred) and np.isin(got, y_pred).all()
        return got if some_are_left else expect.array("limited(y_pred, y_train)", got, shape=y_pred.shape)

    judge_function("limited", limited, (y_pred, y_train), read=read,
                   right=lambda y, t: np.clip(y, t.min(), t.max()), known=[
        ("dropped", lambda y, t: y[(y >= t.min()) & (y <= t.max())],
         "Some districts have no prediction any more. Move these predictions to the limit instead.",
         lambda got: len(got) < len(y_pred)),
        ("own-limits", lambda y, t: np.clip(y, y.min(), y.max()),
         "`limited` changes nothing. Do its limits come from the training targets?"),
        ("fixed", lambda y, t: np.clip(y, 0.14999, 5.00001),
         "`limited` has limits that suit house values only. Take them from `y_train`, whatever it is.",
         lambda got: np.ptp(got) < 0.02 and abs(got[0] - 5) < 0.02),
        ("swapped",
         AnyOf(lambda y, t: np.clip(y, t.max(), t.min()), lambda y, t: np.maximum(np.minimum(y, t.min()), t.max())),
         "All predictions become the same. Is the smallest target the lower limit?"),
        ("one-side", AnyOf(lambda y, t: np.minimum(y, t.max()), lambda y, t: np.maximum(y, t.min())),
         "`limited` does one of the two sides. There is a smallest target and a largest one."),
    ], otherwise="`limited` should change only predictions beyond the smallest and the largest target, to these.")
    true_value, prediction = expect.number("true_value", true_value), expect.number("prediction", prediction)
    before, after = abs(true_value - prediction), abs(true_value - np.clip(prediction, 0.15, 5))
    rule_out("true_value prediction", known=[
        ("within", (4, 6), "`limited` is right. With a true value within the limits, can the error ever get larger?",
         0.15 <= true_value <= 5),
        ("unchanged", (7, 4),
         "`limited` is right. But a prediction within the limits stays as it is, and so its error.",
         0.15 <= prediction <= 5),
        ("opposite", AnyOf((7, 0.1), (0.1, 7)),
         "`limited` is right. Here the prediction lies beyond one limit and the value beyond the other.",
         (true_value > 5) != (prediction > 5)),
        ("overshot", (5.5, 9),
         "`limited` is right. This prediction is so far beyond the value that the limit helps it.", after <= before),
    ])
    return (
        "At the cap, limiting is safe for the error that you measure, but it takes away just what the network had "
        "guessed of values that nobody recorded."
    )


@exercise(6, "Raw districts in, values out", promise=6, kind="design", points=3)
def raw_network(houses):
    """A function of X_train (n, 8) and y_train (n,), raw, that returns a trained network for raw districts."""
    import keras

    X_train, y_train, X_valid, y_valid = districts()
    keras.utils.set_random_seed(42)  # the same answer gets the same verdict
    try:
        network = call(houses, X_train, y_train, seconds=20)
    except Hint as hint:
        if hint.id != "exception" or "compile_loss" not in str(hint):
            raise
        message = "`fit` stopped at the loss. Does the network end in a single neuron, and is it a loss for numbers?"
        raise Hint("loss", message) from None
    network = expect.instance("houses(X_train, y_train)", network, keras.Model, "a Keras network")

    def the_network(X):
        return np.asarray(network(X))

    y_pred, n = call(the_network, X_valid), sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    rule_out("houses", known=[
        ("outputs", lambda X, y: keras.Sequential([keras.Input(shape=(8,)), keras.layers.Dense(2)]),
         f"For {len(X_valid)} districts it returns the shape {y_pred.shape}: needed is one number for each.",
         y_pred.shape not in ((len(X_valid), 1), (len(X_valid),))),
        ("many",
         lambda X, y: keras.Sequential([keras.Input(shape=(8,)), keras.layers.Dense(60), keras.layers.Dense(1)]),
         f"The network learns {n} parameters; {MAX_PARAMETERS} are allowed.", n > MAX_PARAMETERS),
    ])

    def squared_errors(X, y):
        return (call(the_network, X).reshape(-1).astype(float) - y) ** 2

    def dollars(squared):
        return 100_000 * np.sqrt(squared.mean())

    squared, variance = squared_errors(X_valid, y_valid), y_valid.var()
    ordinary, said = squared[1:].mean() / variance, f"The RMSE is ${dollars(squared):,.0f}."
    if dollars(squared) <= MAX_RMSE:
        linear = dollars((linear_regression(X_train, y_train, X_valid) - y_valid) ** 2)
        return f"{said} Linear regression, fitted to the same rows and clipped at 3, comes to ${linear:,.0f}."
    scalers = [layer for layer in network.layers if isinstance(layer, keras.layers.Normalization)]
    scaled = standardized(X_valid, X_train)
    on_scaled = min(squared_errors(X, y_valid)[1:].mean() / variance for X in (scaled, scaled.clip(-3, 3)))
    at_limits = [call(the_network, X_train.mean(axis=0) + k * np.diag(X_train.std(axis=0))) for k in (1.3, 2.7)]
    on_train = dollars(squared_errors(X_train, y_train))
    rule_out("houses", known=[
        ("not-adapted", IN_TESTS, f"{said} The layer `Normalization` still has the means 0: when does it learn them?",
         any(close(layer.mean, 0 * np.asarray(layer.mean)) for layer in scalers)),
        ("outside", IN_TESTS, f"{said} The network does well on scaled districts, but gets raw ones: scale within it.",
         on_scaled < 0.6 and not ordinary < 0.6),
        ("raw", IN_TESTS, f"{said} The raw numbers go straight into the network. Which layer brings them to one scale?",
         not scalers and not ordinary < 0.6),
        ("diverged", IN_TESTS, "Some predictions are infinite or not numbers at all: the training has diverged.",
         not np.isfinite(squared).all()),
        ("far-off", IN_TESTS,
         f"{said} That is very far off. Were `X_train` or `y_train` changed before `fit`, in a way that the network "
         "does not know of? Or were the steps too long?", ordinary > 25),
        ("squashed", IN_TESTS, f"{said} No prediction is above 1. Which activation does the output neuron have?",
         np.abs(y_pred[1:]).max() <= 1.001),
        ("untrained", IN_TESTS,
         f"{said} That is hardly better than the mean. Does `houses` train, and for long enough?", ordinary > 0.9),
        ("extreme", IN_TESTS,
         f"{said} The extreme district alone makes {squared[0] / squared.sum():.0%} of the MSE. What did section 7 do "
         "about such rows?", squared[0] > 0.05 * squared.sum()),
        ("tight", IN_TESTS, f"{said} The network does not see how far beyond 1 a scaled feature lies. Clip it less.",
         close(*at_limits, 1e-4)),
        ("slow", IN_TESTS, f"{said} On the training part it is ${on_train:,.0f}: it has not learned enough yet.",
         on_train > MAX_RMSE),
    ])
    raise Wrong(f"{said} On the training part it is only ${on_train:,.0f}: this is overfitting.")
