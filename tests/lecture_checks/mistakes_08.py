"""Answers to the exercises of notebook 08: right ones, and wrong ones, each after the id of its hint."""

import numpy as np
from sklearn.preprocessing import StandardScaler


def scaled(X_train, X_valid):
    scaler = StandardScaler()
    return scaler.fit_transform(X_train), scaler.transform(X_valid)


def by_hand(X_train, X_valid):
    X_valid -= X_train.mean(axis=0)  # changes what it is given
    X_valid /= X_train.std(axis=0)
    return [(X_train - X_train.mean(axis=0)) / X_train.std(axis=0), X_valid]


def with_n_minus_1(X_train, X_valid):
    mean, std = X_train.mean(axis=0), X_train.std(axis=0, ddof=1)
    return (X_train - mean) / std, (X_valid - mean) / std


def own_ruler(X_train, X_valid):
    scaler = StandardScaler()
    return scaler.fit_transform(X_train), scaler.fit_transform(X_valid)


def two_scalers(X_train, X_valid):
    return StandardScaler().fit_transform(X_train), StandardScaler().fit_transform(X_valid)


def both(X_train, X_valid):
    scaler = StandardScaler().fit(np.concatenate([X_train, X_valid]))
    return scaler.transform(X_train), scaler.transform(X_valid)


def from_valid(X_train, X_valid):
    scaler = StandardScaler().fit(X_valid)
    return scaler.transform(X_train), scaler.transform(X_valid)


def fitted_twice(X_train, X_valid):
    scaler = StandardScaler().fit(X_train)
    scaler.fit(X_valid)
    return scaler.transform(X_train), scaler.transform(X_valid)


def only_training(X_train, X_valid):
    return StandardScaler().fit_transform(X_train), X_valid


def one_for_all(X_train, X_valid):
    return (X_train - X_train.mean()) / X_train.std(), (X_valid - X_train.mean()) / X_train.std()


def by_variance(X_train, X_valid):
    mean, variance = X_train.mean(axis=0), X_train.var(axis=0)
    return (X_train - mean) / variance, (X_valid - mean) / variance


def scaled_twice(X_train, X_valid):
    scaler = StandardScaler()
    X_train = scaler.fit_transform(X_train)
    return scaler.fit_transform(X_train), scaler.transform(X_valid)


def turned_around(X_train, X_valid):
    return scaled(X_train, X_valid)[::-1]


def only_mean(X_train, X_valid):
    return X_train - X_train.mean(axis=0), X_valid - X_train.mean(axis=0)


def limited(y_pred, y_train):
    return np.clip(y_pred, y_train.min(), y_train.max())


def limited_by_loop(y_pred, y_train):
    return [min(max(value, min(y_train)), max(y_train)) for value in y_pred]


def network(
    clip=True, adapt=True, scale=True, outside=False, n=30, output=None, optimizer=None, epochs=10, limit=3, target=1,
    rows=None, n_outputs=1, loss="mean_squared_error",
):  # fmt: skip
    """A function that builds and trains a network, right or wrong in one way."""

    def houses(X_train, y_train):
        import keras

        X_train = rows(X_train) if rows else X_train
        normalization = keras.layers.Normalization()
        if adapt:
            normalization.adapt(X_train)
        clipping = [
            keras.layers.Rescaling(1 / limit),
            keras.layers.Activation("hard_tanh"),
            keras.layers.Rescaling(limit),
        ]
        layers = [
            keras.Input(shape=(8,)),
            *([normalization] if scale else []),
            *(clipping if clip else []),
            keras.layers.Dense(n, activation="relu"),
            keras.layers.Dense(n_outputs, activation=output),
        ]
        built = keras.Sequential(layers)
        built.compile(loss=loss, optimizer=optimizer or keras.optimizers.Adam(learning_rate=0.01))
        seen = StandardScaler().fit_transform(X_train) if outside else X_train
        built.fit(seen, target * y_train, epochs=epochs, batch_size=64, verbose=0) if epochs else None
        return built

    return houses


def functional(X_train, y_train):
    """Another way: the logarithm of what is skewed, in a network that is not a stack."""
    import keras

    inputs = keras.Input(shape=(8,))
    normalization = keras.layers.Normalization()
    normalization.adapt(np.sign(X_train) * np.log1p(np.abs(X_train)))
    z = normalization(keras.ops.sign(inputs) * keras.ops.log1p(keras.ops.abs(inputs)))
    hidden = keras.layers.Dense(40, activation="tanh")(z)
    built = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    built.compile(loss="mse", optimizer=keras.optimizers.Adam(learning_rate=0.02))
    built.fit(X_train, y_train, epochs=20, batch_size=64, verbose=0)
    return built


def two_outputs(X_train, y_train):
    import keras

    return keras.Sequential([keras.Input(shape=(8,)), keras.layers.Dense(2)])


def not_a_number(X_train, y_train):
    import keras

    built = network(epochs=0)(X_train, y_train)
    built.layers[-1].set_weights([np.full((30, 1), np.nan), keras.ops.zeros(1)])
    return built


COUNT, DOLLARS, SQUARED = 1491, 50_000, 2_500_000_000
SHAPE, PERFECT, ALWAYS = (4, 4), 2, 1
BROKEN, REPAIRED = [-1, 1], [4, 8]

RIGHT = {
    "in_dollars": [(COUNT, DOLLARS, SQUARED), (1491.0, 5e4, 2.5e9), (np.int64(COUNT), [DOLLARS], DOLLARS**2)],
    "perfect_network": [(SHAPE, PERFECT, ALWAYS), ([4, 4], 2.0, np.array([1.0]))],
    "scaled_repaired": [(scaled, BROKEN, REPAIRED), (by_hand, np.array(BROKEN), (4.0, 8.0)),
                        (with_n_minus_1, np.array([[-1], [1]]), np.array([[4], [8]]))],
    "one_decides": [([0.1, 0.1, 0.1, 0.1, 1.0],), ([0, 0, -1.9, 0, 0],), (np.array([0.3, -0.3, 0.3, 0.3, 0.75]),)],
    "never_recorded": [(limited, 8, 7), (limited_by_loop, 0.05, 0.1), (limited, 6, 6.5), (limited, [5.5], 5.6)],
    "raw_network": [(network(),), (functional,)],
}  # fmt: skip

WRONG = {
    "in_dollars": [
        ("no-biases", 1420, DOLLARS, SQUARED),
        ("no-output", 1470, DOLLARS, SQUARED),
        ("output-bias", 1490, DOLLARS, SQUARED),
        (None, 301, DOLLARS, SQUARED),
        ("input-biases", 1499, DOLLARS, SQUARED),
        (None, 8 * 50 * 20, DOLLARS, SQUARED),
        ("unit", COUNT, 0.5, SQUARED),
        ("no-root", COUNT, 25_000, SQUARED),
        ("root-of-dollars", COUNT, 158.1, SQUARED),
        (None, COUNT, 62_500, SQUARED),
        (None, COUNT, 500, SQUARED),
        ("factor-once", COUNT, DOLLARS, 25_000),
        ("same", COUNT, DOLLARS, 0.25),
        ("root-again", COUNT, DOLLARS, DOLLARS),
        (None, COUNT, DOLLARS, 1e10),
    ],
    "perfect_network": [
        ("one-column", (4, 1), 0, 1),
        (None, (1, 4), PERFECT, ALWAYS),
        ("zero", SHAPE, 0, ALWAYS),
        ("sum", SHAPE, 32, 16),
        ("by-four", SHAPE, 8, 4),
        ("one-square", SHAPE, 4, ALWAYS),
        ("root", SHAPE, 1.41, ALWAYS),
        ("not-squared", SHAPE, 1, 1),
        (None, SHAPE, 1, 2),
        ("one-axis", (4,), PERFECT, ALWAYS),
        ("one-axis", 4, PERFECT, ALWAYS),
        ("signs", SHAPE, PERFECT, 0),
        ("not-the-mean", SHAPE, PERFECT, 16),
        ("not-the-mean", SHAPE, PERFECT, 4),
        (None, SHAPE, PERFECT, 2),
    ],
    "scaled_repaired": [
        ("own-ruler", own_ruler, BROKEN, REPAIRED),
        ("own-ruler", two_scalers, BROKEN, REPAIRED),
        ("both", both, BROKEN, REPAIRED),
        ("from-valid", from_valid, BROKEN, REPAIRED),
        ("from-valid", fitted_twice, BROKEN, REPAIRED),
        ("raw", only_training, BROKEN, REPAIRED),
        ("one-for-all", one_for_all, BROKEN, REPAIRED),
        ("variance", by_variance, BROKEN, REPAIRED),
        (None, only_mean, BROKEN, REPAIRED),
        ("broken-repaired", scaled, REPAIRED, BROKEN),
        ("only-mean", scaled, [-2, 2], REPAIRED),
        ("n-minus-1", scaled, [-0.71, 0.71], [2.83, 5.66]),
        ("squared", scaled, [-0.5, 0.5], REPAIRED),
        (None, scaled, [0, 1], [2.5, 4.5]),
        (None, scaled, [6, 10], REPAIRED),
        ("repaired-broken", scaled, BROKEN, BROKEN),
        (None, scaled, BROKEN, [1, 3]),
        (None, scaled, BROKEN, [6, 10]),
        ("raw", scaled_twice, BROKEN, REPAIRED),
    ],
    "one_decides": [
        ("same", [0.4, -0.4, 0.4, 0.4, -0.4]),
        ("signs", [1, -1, 1, -1, 0.1]),
        ("signs", [-2, 0.1, 0.1, 0.1, 1]),
        ("mae", [0.1, 0.1, 0.1, 0.1, 2]),
        ("mae", [0.25, 0.25, 0.25, 0.25, 1]),
        ("mse", [0, 0, 0, 0, 0]),
        ("mse", [0, 0, 0, 0, 0.39]),  # the sum, not the mean, below 0.4
        ("mse", [0.01, 0.01, 0.01, 0.01, 0.81]),  # the squares
        ("mse", [0.3, 0.3, 0.3, 0.3, 0.5]),
        ("several", [0, 0, 0, 0.9, 0.95]),
        ("several", [-0.6, 0.6, 0.6, 0.1, 0]),
    ],
    "never_recorded": [
        ("own-limits", lambda y_pred, y_train: np.clip(y_pred, y_pred.min(), y_pred.max()), 8, 7),
        ("own-limits", lambda y_pred, y_train: y_pred, 8, 7),
        ("fixed", lambda y_pred, y_train: np.clip(y_pred, 0.14999, 5.00001), 8, 7),
        ("fixed", lambda y_pred, y_train: np.full(y_pred.shape, 5.0), 8, 7),
        ("swapped", lambda y_pred, y_train: np.clip(y_pred, y_train.max(), y_train.min()), 8, 7),
        ("one-side", lambda y_pred, y_train: np.minimum(y_pred, y_train.max()), 8, 7),
        ("one-side", lambda y_pred, y_train: np.maximum(y_pred, y_train.min()), 8, 7),
        ("dropped", lambda y_pred, y_train: y_pred[(y_pred >= y_train.min()) & (y_pred <= y_train.max())], 8, 7),
        (None, lambda y_pred, y_train: np.clip(y_pred, 0, y_train.mean()), 8, 7),
        (None, lambda y_pred, y_train: np.clip(y_pred, -3, 3), 8, 7),
        ("within", limited, 4, 6),
        ("within", limited, 5, 6),
        ("unchanged", limited, 7, 4),
        ("unchanged", limited, 6, 5),
        ("opposite", limited, 7, 0.1),
        ("opposite", limited, 0.1, 7),
        ("overshot", limited, 5.5, 9),
        ("overshot", limited, 5.5, 6),  # the same error
    ],
    "raw_network": [
        ("not-adapted", network(adapt=False, epochs=1)),
        ("outside", network(scale=False, clip=False, outside=True, epochs=8)),
        ("raw", network(scale=False, clip=False, epochs=1)),
        ("extreme", network(clip=False)),
        ("many", network(n=60, epochs=0)),
        ("outputs", two_outputs),
        ("diverged", not_a_number),
        ("untrained", network(epochs=0)),
        ("squashed", network(output="sigmoid", epochs=2)),
        ("slow", network(optimizer="sgd", epochs=2)),
        ("tight", network(limit=0.5, epochs=5)),
        ("far-off", network(target=100_000, epochs=2)),
        ("far-off", network(rows=lambda X: np.clip(X, -3, 3), epochs=2)),
        ("loss", network(n_outputs=30, epochs=1)),
        ("loss", network(loss="sparse_categorical_crossentropy", epochs=1)),
    ],
}
