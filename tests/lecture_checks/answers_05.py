"""Answers to the exercises of notebook 05 beside those in the rows of its checks."""

import numpy as np

QUARTERS = 0.25**20
AT_ONE = 1 - np.tanh(1) ** 2


def softplus(z):
    return np.maximum(z, 0) + np.log(1 + np.exp(-np.abs(z)))


def by_logaddexp(z):
    return np.logaddexp(0, z)


def one_by_one(z):
    return [float(x) + np.log1p(np.exp(-x)) if x > 0 else np.log1p(np.exp(x)) for x in z]


def by_two_formulas(z):
    return np.where(z >= 0, z + np.log(1 + np.exp(-z)), np.log(1 + np.exp(z)))


def logistic(z):
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)


def logistic_by_formula(z):
    return 1 / (1 + np.exp(-z))


def from_softplus(z):
    return 1 - np.exp(-softplus(z))


def tanh_backward(da, a):
    return da * (1 - a**2)


def by_z(da, a):
    return da / np.cosh(np.arctanh(a)) ** 2


RIGHT = {
    "slopes": [(0.16, 0.36, 1), (0.8 * 0.2, [1 - 0.8**2], 1.0)],
    "softplus": [
        (softplus, logistic),
        (by_logaddexp, logistic_by_formula),
        (one_by_one, from_softplus),
        (by_two_formulas, logistic_by_formula),
    ],
    "tanh_repaired": [(tanh_backward, 0, 0.42), (by_z, 0.0, AT_ONE)],
    "too_long": [(4, 2, 0.2, 0, -0.0404), ([4], 2.0, 1 / 5, -0.0, 2 * -1.01 * 0.01 * 2)],
    "deep_logistic": [(QUARTERS, 4, 7), (9e-13, 4.0, 8), (1e-12, 4, 10.0), (2.0**-40, -4, 6)],
}

WRONG = {
    "slopes": [
        ("a-as-z", 0.214, 0.559, 1),
        ("half-formula", 0.2, 0.4, 1),
        (None, 0.25, 0.36, 1),
        (None, 0.8, 0.8, 0.8),
        (None, 0.16, 0.6, 1),
        (None, 0.16, 0.04, 1),
        (None, 0.16, 1, 1),
        (None, 0.16, 0.36, 0.5),
    ],
    "softplus": [
        (None, lambda z: np.logaddexp(0, 2 * z), logistic),
        (None, softplus, np.tanh),
        (None, softplus, lambda z: np.where(np.abs(z) < 9, logistic(z), 0.5)),
    ],
    "tanh_repaired": [
        ("not-squared", tanh_backward, 0, 0.24),
        ("part", tanh_backward, 0, 0.58),
        ("part", tanh_backward, 0, 0.76),
        (None, lambda da, a: da * (1 - a**4), 0, 0.42),
        (None, lambda da, a: da / (1 - a**2), 0, 0.42),
        (None, tanh_backward, 0, 0.4),
        (None, tanh_backward, 0.5, 0.42),
        (None, tanh_backward, 0, 1),
    ],
    "too_long": [
        (None, 8, 2, 0.2, 0, -0.0404),
        (None, 4, 1, 0.2, 0, -0.0404),
        (None, 4, 2, 0.5, 0, -0.0404),
        (None, 4, 2, 0.3, 0, -0.0404),
        (None, 4, 2, 0.2, 4, -0.0404),
        (None, 4, 2, 0.2, 0, 0),
    ],
    "deep_logistic": [
        (None, 0, 4, 7),
        (None, 0.3, 4, 7),
        (None, QUARTERS, 2, 7),
        (None, QUARTERS, 80, 7),
    ],
}
