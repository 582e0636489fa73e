"""Answers to the exercises of notebook 08 beside those in the rows of its checks."""

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


def fitted_twice(X_train, X_valid):
    scaler = StandardScaler().fit(X_train)
    scaler.fit(X_valid)
    return scaler.transform(X_train), scaler.transform(X_valid)


def scaled_twice(X_train, X_valid):
    scaler = StandardScaler()
    X_train = scaler.fit_transform(X_train)
    return scaler.fit_transform(X_train), scaler.transform(X_valid)


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
        (None, 301, DOLLARS, SQUARED),
        (None, 8 * 50 * 20, DOLLARS, SQUARED),
        ("root-of-dollars", COUNT, 158.1, SQUARED),
        (None, COUNT, 62_500, SQUARED),
        (None, COUNT, 500, SQUARED),
        (None, COUNT, DOLLARS, 1e10),
    ],
    "perfect_network": [
        ("one-column", (4, 1), 0, 1),
        (None, (1, 4), PERFECT, ALWAYS),
        ("sum", SHAPE, 32, 16),
        ("by-four", SHAPE, 8, 4),
        ("root", SHAPE, 1.41, ALWAYS),
        (None, SHAPE, 1, 2),
        (None, SHAPE, PERFECT, 2),
    ],
    "scaled_repaired": [
        ("from-valid", fitted_twice, BROKEN, REPAIRED),
        ("raw", scaled_twice, BROKEN, REPAIRED),
        (None, only_mean, BROKEN, REPAIRED),
        ("broken-repaired", scaled, REPAIRED, BROKEN),
        ("n-minus-1", scaled, [-0.71, 0.71], [2.83, 5.66]),
        (None, scaled, [0, 1], [2.5, 4.5]),
        (None, scaled, [6, 10], REPAIRED),
        (None, scaled, BROKEN, [1, 3]),
        (None, scaled, BROKEN, [6, 10]),
    ],
    "one_decides": [
        ("signs", [-2, 0.1, 0.1, 0.1, 1]),
        ("mae", [0.25, 0.25, 0.25, 0.25, 1]),
        ("mse", [0, 0, 0, 0, 0]),
        ("mse", [0, 0, 0, 0, 0.39]),  # the sum, not the mean, below 0.4
        ("mse", [0.01, 0.01, 0.01, 0.01, 0.81]),  # the squares
        ("several", [-0.6, 0.6, 0.6, 0.1, 0]),
    ],
    "never_recorded": [
        ("fixed", lambda y_pred, y_train: np.full(y_pred.shape, 5.0), 8, 7),
        (None, lambda y_pred, y_train: np.clip(y_pred, 0, y_train.mean()), 8, 7),
        (None, lambda y_pred, y_train: np.clip(y_pred, -3, 3), 8, 7),
        ("within", limited, 5, 6),
        ("unchanged", limited, 6, 5),
        ("overshot", limited, 5.5, 6),  # the same error
    ],
    "raw_network": [
        ("not-adapted", network(adapt=False, epochs=1)),
        ("outside", network(scale=False, clip=False, outside=True, epochs=8)),
        ("raw", network(scale=False, clip=False, epochs=1)),
        ("extreme", network(clip=False)),
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
