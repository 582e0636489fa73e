"""The checks of notebook 08: what is a house worth?"""

from functools import cache

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Hint, Wrong, call, close, exercise
from lecture_utils import datasets

MAX_PARAMETERS, MAX_RMSE = 500, 66_000  # of the network in exercise 6


@exercise(1, "In dollars", promise=3, kind="by hand")
def in_dollars(parameters, rmse, mse_in_dollars):
    """The parameters of a network with layers of 8, 50, 20 and 1, and what an MSE of 0.25 is in dollars."""
    parameters, rmse = expect.whole("parameters", parameters), expect.number("rmse", rmse)
    mse_in_dollars = expect.number("mse_in_dollars", mse_in_dollars)
    weights, biases = 8 * 50 + 50 * 20 + 20 * 1, 50 + 20 + 1
    if parameters == weights:
        raise Hint("no-biases", "In `parameters`, the weights are all there. What else does each neuron learn?")
    if parameters == weights + biases - 21:
        raise Hint("no-output", "In `parameters`, the hidden layers are all there. The output neuron is a layer, too.")
    if parameters == weights + biases - 1:
        raise Hint("output-bias", "In `parameters`, a single bias is missing. Which neuron has none?")
    if parameters == weights + biases + 8:
        raise Hint("input-biases", "In `parameters`, the inputs have got biases. They are given, and learn nothing.")
    if parameters != weights + biases:
        raise Wrong("`parameters` is not right. Each neuron of a layer has a weight for every input, and a bias.")
    if close(rmse, 0.5):
        raise Hint("unit", "This `rmse` is in the unit of the target. How many dollars is 1 in this unit?")
    if close(rmse, 25_000):
        raise Hint(
            "no-root", "For `rmse` you turned the MSE itself into dollars. Its unit is squared: what comes first?"
        )
    if close(rmse, np.sqrt(25_000), 1e-2):
        raise Hint(
            "root-of-dollars", "For `rmse`, 0.25 is a square, and has a squared unit. First the root, then dollars."
        )
    if not close(rmse, 50_000, 1e-3):
        raise Wrong("`parameters` is right, `rmse` is not. What is the root of the MSE, and what is its unit?")
    if close(mse_in_dollars, 25_000):
        raise Hint("factor-once", "In `mse_in_dollars`, each error is 100,000 times as large. And its square?")
    if close(mse_in_dollars, 0.25):
        raise Hint("same", "The MSE changes with the unit: an error of 1 becomes one of 100,000. Square it, then.")
    if close(mse_in_dollars, 50_000):
        raise Hint("root-again", "This is the RMSE in dollars once more. What is its square?")
    if not close(mse_in_dollars, 50_000**2, 1e-3):
        raise Wrong("`parameters` and `rmse` are right. `mse_in_dollars` is the square of a number that you have.")
    return "In dollars, the gradients are huge as well: one more reason to keep the target near 1."


@exercise(2, "A perfect network", promise=3, kind="predict")
def perfect_network(shape, perfect, always_2):
    """The shape of y_pred - y_true for (4, 1) and (4,), and the mean of its squares for two networks."""
    if isinstance(shape, (int, tuple, list)) and shape in (4, (4,), [4]):
        raise Hint(
            "one-axis", "`shape` consists of two numbers here: a column minus a row, what does NumPy make of that?"
        )
    shape = expect.array("shape", shape, shape=(2,))
    perfect, always_2 = expect.number("perfect", perfect), expect.number("always_2", always_2)
    y_true = np.array([1, 1, 3, 3])
    tables = y_true[:, None] - y_true, np.full((4, 1), 2) - y_true
    if close(shape, (4, 1)):
        raise Hint("one-column", "`shape` is that of the predictions. What does NumPy do with a column and a row?")
    if not close(shape, tables[0].shape):
        raise Wrong("`shape` is not right. Section 5 subtracts three targets from three predictions: what comes out?")
    if close(perfect, 0):
        raise Hint(
            "zero", "So it should be! But each target is subtracted from each prediction, not only from its own."
        )
    if close(perfect, (tables[0] ** 2).sum()):
        raise Hint("sum", "`perfect` is the sum of the whole table. What is its mean?")
    if close(perfect, (tables[0] ** 2).sum() / 4):
        raise Hint(
            "by-four", "For `perfect` you divided the sum by the number of districts. How many squares are there?"
        )
    if close(perfect, (tables[0] ** 2).max()):
        raise Hint("one-square", "`perfect` is one of the squares in the table. What is the mean of all?")
    if close(perfect, np.sqrt((tables[0] ** 2).mean()), 0.01):
        raise Hint("root", "`perfect` is the root of what comes out. No root is taken here.")
    if close(perfect, np.abs(tables[0]).mean()) and close(always_2, 1):
        raise Hint(
            "not-squared", "`perfect` is the mean of the differences without their signs. They are squared here."
        )
    if not close(perfect, (tables[0] ** 2).mean(), 0.01):
        raise Wrong("`shape` is right, `perfect` is not. Write the whole table down: which squares are in it?")
    if close(always_2, 0):
        raise Hint("signs", "In `always_2`, errors below and above 0 do not cancel: they are squared first.")
    if close(always_2, (tables[1] ** 2).sum()) or close(always_2, (tables[1] ** 2).sum() / 4):
        raise Hint(
            "not-the-mean", "`shape` and `perfect` are right. Is `always_2` the mean of all squares in the table?"
        )
    if not close(always_2, (tables[1] ** 2).mean(), 0.01):
        raise Wrong("`shape` and `perfect` are right. For `always_2`, all rows of the table are equal: what is in one?")
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
    if _scaled_by(X_train, X_train, got_train) and _scaled_by(X_valid, X_valid, got_valid):
        raise Hint("own-ruler", "`scaled` still measures the validation part with means and deviations of its own.")
    if _scaled_by(np.vstack([X_train, X_valid]), X_valid, got_valid):
        raise Hint(
            "both", "Now the scaler learns from both parts together: the validation part leaks into the training."
        )
    if _scaled_by(X_valid, X_valid, got_valid):
        raise Hint("from-valid", "Now both parts are measured with what was learned from the validation part.")
    if close(got_valid, X_valid):
        raise Hint("raw", "The validation part comes back as it was. It has to be scaled, too, but not fitted.")
    if close(got_valid, (X_valid - X_train.mean()) / X_train.std()):
        raise Hint("one-for-all", "One mean and one deviation for all columns: each column needs its own.")
    if close(got_valid, (X_valid - X_train.mean(axis=0)) / X_train.var(axis=0)):
        raise Hint("variance", "You divide by the variance. The standard deviation is its root.")
    if not (_scaled_by(X_train, X_train, got_train) and _scaled_by(X_train, X_valid, got_valid)):
        raise Wrong("`scaled` does not return both parts, each minus the training mean, over the training deviation.")
    broken, repaired = (
        expect.array(
            name, value.ravel() if isinstance(value, np.ndarray) and value.shape == (2, 1) else value, shape=(2,)
        )
        for name, value in (("broken", broken), ("repaired", repaired))
    )
    if close(broken, [4, 8]):
        raise Hint("broken-repaired", "`scaled` is repaired. `broken` asks what came before: from which rows, there?")
    if close(broken, [-2, 2]):
        raise Hint("only-mean", "`scaled` is repaired. In `broken` the mean is subtracted. What is divided by, then?")
    if close(np.abs(broken), np.full(2, np.sqrt(0.5)), 0.01):
        raise Hint("n-minus-1", "`scaled` is repaired. For the deviation, `StandardScaler` divides by n, not by n - 1.")
    if close(broken, [-0.5, 0.5]):
        raise Hint(
            "squared", "`scaled` is repaired. In `broken` you divide by the variance. The deviation is its root."
        )
    if not close(broken, [-1, 1], 1e-3):
        raise Wrong("`scaled` is repaired. For `broken` you need the mean and the deviation of 6 and 10.")
    if close(repaired, [-1, 1]):
        raise Hint("repaired-broken", "`scaled` and `broken` are right. `repaired` uses mean and deviation of 1 and 3.")
    if not close(repaired, [4, 8], 1e-3):
        raise Wrong("`scaled` and `broken` are right. For `repaired` you need the mean and the deviation of 1 and 3.")
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
    if close(sizes, np.full(5, 0.4)):
        raise Hint("same", "These errors are as large as those of A. Both measures are the same, then.")
    if mae >= 0.4 - tiny and (errors < 0).any() and abs(errors.mean()) < 0.4:
        raise Hint(
            "signs", f"The mean of the errors is below 0.4, but the MAE takes them without signs: it is {mae:.3g}."
        )
    if mae >= 0.4 - tiny:
        raise Hint("mae", f"The MAE of B is {mae:.3g}, not below 0.4. How large may all five errors be together?")
    if mse <= 0.16 + tiny:
        raise Hint("mse", f"B is ahead by both measures: its MSE is {mse:.3g}. It needs an error that counts for more.")
    if without >= 0.16 - tiny:
        raise Hint(
            "several", f"Without its worst district B still has an MSE of {without:.3g}. One shall decide alone."
        )
    return f"One of five districts makes {sizes[-1] ** 2 / (sizes**2).sum():.0%} of B's MSE, and turns the comparison."


@exercise(5, "What was never recorded", promise=5, kind="complete", points=2)
def never_recorded(limited, true_value, prediction):
    """limited(y_pred, y_train), and a value and a prediction whose error grows when it is limited to 0.15 to 5."""
    y_train, y_pred = np.array([21.0, 60.0, 33.0, 74.0]), np.array([10.0, 21.5, 90.0, 50.0, 7.0, 73.0, 74.5])
    got = expect.array("limited(y_pred, y_train)", call(limited, y_pred, y_train), shape=(None,))
    if 0 < len(got) < len(y_pred) and np.isin(got, y_pred).all():
        raise Hint(
            "dropped", "Some districts have no prediction any more. Move these predictions to the limit instead."
        )
    got = expect.array("limited(y_pred, y_train)", got, shape=y_pred.shape)
    low, high = y_train.min(), y_train.max()
    if close(got, y_pred):
        raise Hint("own-limits", "`limited` changes nothing. Do its limits come from the training targets?")
    if np.ptp(got) < 0.02 and abs(got[0] - 5) < 0.02:
        raise Hint(
            "fixed", "`limited` has limits that suit house values only. Take them from `y_train`, whatever it is."
        )
    if close(got, np.full(len(y_pred), low)) or close(got, np.full(len(y_pred), high)):
        raise Hint("swapped", "All predictions become the same. Is the smallest target the lower limit?")
    if close(got, np.minimum(y_pred, high)) or close(got, np.maximum(y_pred, low)):
        raise Hint("one-side", "`limited` does one of the two sides. There is a smallest target and a largest one.")
    if not close(got, np.clip(y_pred, low, high)):
        raise Wrong("`limited` should change only predictions beyond the smallest and the largest target, to these.")
    true_value, prediction = expect.number("true_value", true_value), expect.number("prediction", prediction)
    if 0.15 <= true_value <= 5:
        raise Hint("within", "`limited` is right. With a true value within the limits, can the error ever get larger?")
    if 0.15 <= prediction <= 5:
        raise Hint(
            "unchanged", "`limited` is right. But a prediction within the limits stays as it is, and so its error."
        )
    if (true_value > 5) != (prediction > 5):
        raise Hint(
            "opposite", "`limited` is right. Here the prediction lies beyond one limit and the value beyond the other."
        )
    before, after = abs(true_value - prediction), abs(true_value - np.clip(prediction, 0.15, 5))
    if after <= before:
        raise Hint(
            "overshot", "`limited` is right. This prediction is so far beyond the value that the limit helps it."
        )
    return (
        "At the cap, limiting is safe for the error that you measure, but it takes away just what the network had "
        "guessed of values that nobody recorded."
    )


@exercise(6, "Raw districts in, values out", promise=6, kind="design", points=3)
def raw_network(houses):
    """A function of X_train (n, 8) and y_train (n,), raw, that returns a trained network for raw districts."""
    import keras

    X_train, y_train, X_valid, y_valid = _districts()
    keras.utils.set_random_seed(42)  # the same answer gets the same verdict
    try:
        network = call(houses, X_train, y_train, seconds=9)
    except Hint as hint:
        if hint.id != "exception" or "compile_loss" not in str(hint):
            raise
        message = "`fit` stopped at the loss. Does the network end in a single neuron, and is it a loss for numbers?"
        raise Hint("loss", message) from None
    network = expect.instance("houses(X_train, y_train)", network, keras.Model, "a Keras network")

    def the_network(X):
        return np.asarray(network(X))

    y_pred = call(the_network, X_valid)
    if y_pred.shape not in ((len(X_valid), 1), (len(X_valid),)):
        raise Hint(
            "outputs",
            f"For {len(X_valid)} districts it returns the shape {y_pred.shape}: needed is one number for each.",
        )
    n_parameters = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    if n_parameters > MAX_PARAMETERS:
        raise Hint("many", f"The network learns {n_parameters} parameters; allowed are {MAX_PARAMETERS}.")
    squared = (y_pred.reshape(-1).astype(float) - y_valid) ** 2
    rmse, ordinary_mse = 100_000 * np.sqrt(squared.mean()), squared[1:].mean()
    said = f"The RMSE is ${rmse:,.0f}."
    if rmse <= MAX_RMSE:
        linear_rmse = 100_000 * np.sqrt(((_linear(X_train, y_train, X_valid) - y_valid) ** 2).mean())
        return f"{said} Linear regression, fitted to the same rows and clipped at 3, comes to ${linear_rmse:,.0f}."
    scalers = [layer for layer in network.layers if isinstance(layer, keras.layers.Normalization)]
    if any(close(layer.mean, 0 * np.asarray(layer.mean)) for layer in scalers):
        raise Hint("not-adapted", f"{said} The layer `Normalization` still has the means 0: when does it learn them?")
    scaled = (X_valid - X_train.mean(axis=0)) / X_train.std(axis=0)
    on_scaled = [
        ((call(the_network, X).reshape(-1) - y_valid)[1:] ** 2).mean() for X in (scaled, np.clip(scaled, -3, 3))
    ]
    if min(on_scaled) < 0.6 * y_valid.var() and not ordinary_mse < 0.6 * y_valid.var():
        raise Hint("outside", f"{said} The network does well on scaled districts, but gets raw ones: scale within it.")
    if not scalers and not ordinary_mse < 0.6 * y_valid.var():
        raise Hint("raw", f"{said} The raw numbers go straight into the network. Which layer brings them to one scale?")
    if not np.isfinite(rmse):
        raise Hint("diverged", "Some predictions are infinite or no number at all: the training has diverged.")
    if ordinary_mse > 25 * y_valid.var():
        raise Hint(
            "far-off",
            f"{said} That is very far off. Were `X_train` or `y_train` changed before `fit`, in a way that the network "
            "does not know of? Or were the steps too long?",
        )
    if y_pred[1:].min() >= -1.001 and y_pred[1:].max() <= 1.001:
        raise Hint("squashed", f"{said} No prediction is above 1. Which activation does the output neuron have?")
    if ordinary_mse > 0.9 * y_valid.var():
        raise Hint(
            "untrained", f"{said} That is hardly better than the mean. Does `houses` train, and for long enough?"
        )
    share = squared[0] / squared.sum()
    if share > 0.05:
        raise Hint(
            "extreme",
            f"{said} The extreme district alone makes {share:.0%} of the MSE. What did section 7 do about such rows?",
        )
    at_limits = [call(the_network, X_train.mean(axis=0) + k * np.diag(X_train.std(axis=0))) for k in (1.3, 2.7)]
    if close(*at_limits, 1e-4):
        raise Hint("tight", f"{said} The network does not see how far beyond 1 a scaled feature lies. Clip it less.")
    train_rmse = 100_000 * np.sqrt(((call(the_network, X_train).reshape(-1) - y_train) ** 2).mean())
    if train_rmse > MAX_RMSE:
        raise Hint("slow", f"{said} On the training part it is ${train_rmse:,.0f}: it has not learned enough yet.")
    raise Wrong(f"{said} On the training part it is only ${train_rmse:,.0f}: this is overfitting.")


def _scaled_by(X_fit, X, got) -> bool:
    """Whether `got` is X, scaled by mean and standard deviation (of n or n - 1 rows) of each column of X_fit."""
    return any(close(got, (X - X_fit.mean(axis=0)) / X_fit.std(axis=0, ddof=ddof), 1e-4) for ddof in (0, 1))


def _linear(X_train, y_train, X):
    """The predictions of a linear regression on scaled features, clipped at 3."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    A_train, A = (np.column_stack([np.clip((rows - mean) / std, -3, 3), np.ones(len(rows))]) for rows in (X_train, X))
    return A @ np.linalg.lstsq(A_train, y_train)[0]


@cache
def _districts():
    """3,000 districts for training, and 1,500 others, of which the first is the extreme one; each with its targets."""
    housing = datasets.load_california_housing()
    occupants = housing.data[:, housing.feature_names.index("AveOccup")]
    ordinary = np.random.default_rng(8).permutation(np.flatnonzero(occupants < 60))
    train, valid = ordinary[:3000], np.array([occupants.argmax(), *ordinary[3000:4499]])
    return housing.data[train], housing.target[train], housing.data[valid], housing.target[valid]
