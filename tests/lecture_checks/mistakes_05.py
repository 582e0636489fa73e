"""Answers to the exercises of notebook 05: right ones, and wrong ones, each after the id of its hint."""

import numpy as np

QUARTERS = 0.25**20


def softplus(z):
    return np.maximum(z, 0) + np.log(1 + np.exp(-np.abs(z)))


def by_logaddexp(z):
    return np.logaddexp(0, z)


def one_by_one(z):
    return [float(x) + np.log1p(np.exp(-x)) if x > 0 else np.log1p(np.exp(x)) for x in z]


def by_two_formulas(z):
    return np.where(z >= 0, z + np.log(1 + np.exp(-z)), np.log(1 + np.exp(z)))


def by_formula(z):
    return np.log(1 + np.exp(z))


def one_formula_for_both(z):
    return z + np.log(1 + np.exp(-z))


def logistic(z):
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)


def logistic_by_formula(z):
    return 1 / (1 + np.exp(-z))


def logistic_other_formula(z):
    return np.exp(z) / (1 + np.exp(z))


def from_softplus(z):
    return 1 - np.exp(-softplus(z))


def capped(z):
    return np.log(1 + np.exp(np.clip(z, -20, 20)))


def without_inner(z):
    return 1 / (1 + np.exp(z))


def tanh_backward(da, a):
    return da * (1 - a**2)


def by_z(da, a):
    return da / np.cosh(np.arctanh(a)) ** 2


def broken(da, a):
    return da * (1 - np.tanh(a) ** 2)


AT_ONE = 1 - np.tanh(1) ** 2

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
        ("crossed", 0.36, 0.16, 1),
        ("a-as-z", 0.214, 0.36, 1),
        ("a-as-z", 0.16, 0.559, 1),
        ("half-formula", 0.2, 0.36, 1),
        ("half-formula", 0.16, 0.2, 1),
        ("square-only", 0.16, 0.64, 1),
        ("relu-output", 0.16, 0.36, 0.8),
        ("relu-left", 0.16, 0.36, 0),
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
        ("relu", lambda z: np.maximum(0, z), logistic),
        ("jump", lambda z: np.where(z > 0, z, by_formula(z)), logistic),
        ("mirrored", lambda z: np.log(1 + np.exp(-z)), logistic),
        ("half-rewritten", lambda z: np.log(1 + np.exp(-np.abs(z))), logistic),
        ("taken-out-twice", lambda z: np.abs(z) + np.log(1 + np.exp(-np.abs(z))), logistic),
        ("base", lambda z: np.log10(1 + np.exp(z)), logistic),
        ("base", lambda z: np.log2(1 + np.exp(z)), logistic),
        ("no-log", lambda z: 1 + np.exp(z), logistic),
        ("derivative-first", logistic, softplus),
        ("overflow", by_formula, logistic),
        ("overflow", one_formula_for_both, logistic),
        ("overflow", lambda z: -np.log(1 / (1 + np.exp(z))), logistic),
        ("cut", capped, logistic),
        ("cut", lambda z: np.nan_to_num(by_formula(z)), logistic),
        ("not-derived", softplus, softplus),
        ("derivative-of-relu", softplus, lambda z: np.where(z > 0, 1, 0)),
        ("derived-twice", softplus, lambda z: logistic(z) * (1 - logistic(z))),
        ("no-inner", softplus, without_inner),
        ("derivative-sign", softplus, lambda z: -logistic(z)),
        ("derivative-nan", softplus, logistic_other_formula),
        (None, lambda z: np.logaddexp(0, 2 * z), logistic),
        (None, softplus, np.tanh),
        (None, softplus, lambda z: np.where(np.abs(z) < 9, logistic(z), 0.5)),
    ],
    "tanh_repaired": [
        ("as-it-was", broken, 0, 0.42),
        ("no-chain", lambda da, a: 1 - a**2, 0, 0.42),
        ("logistic", lambda da, a: da * a * (1 - a), 0, 0.42),
        ("no-square", lambda da, a: da * (1 - a), 0, 0.42),
        ("sign", lambda da, a: da * (a**2 - 1), 0, 0.42),
        ("square-removed", lambda da, a: da * (1 - np.tanh(a)), 0, 0.42),
        ("right-at-end", tanh_backward, 1, 0.42),
        ("right-at-end", tanh_backward, -1, 0.42),
        ("value-of-right", tanh_backward, 0, 0),
        ("not-squared", tanh_backward, 0, 0.24),
        ("part", tanh_backward, 0, 0.58),
        ("part", tanh_backward, 0, 0.76),
        ("square-outside", lambda da, a: da * (1 - a) ** 2, 0, 0.42),
        ("parentheses", lambda da, a: da * 1 - a**2, 0, 0.42),
        ("no-one", lambda da, a: da * a**2, 0, 0.42),
        (None, lambda da, a: da * (1 - a**4), 0, 0.42),
        (None, lambda da, a: da / (1 - a**2), 0, 0.42),
        (None, tanh_backward, 0, 0.4),
        (None, tanh_backward, 0.5, 0.42),
        (None, tanh_backward, 0, 1),
    ],
    "too_long": [
        ("error-turned", -4, -2, 0.2, 0, -0.0404),
        ("no-two", 2, 1, 0.2, 0, -0.0404),
        ("no-input", 2, 2, 0.2, 0, -0.0404),
        ("bias-times-x", 4, 4, 0.2, 0, -0.0404),
        ("hits", 4, 2, 0.1, 0, -0.0404),
        ("weight-only", 4, 2, 0.25, 0, -0.0404),
        ("sum-without-input", 4, 2, 1 / 3, 0, -0.0404),
        ("slope-left-out", 4, 2, 0.2, -4, -0.0404),
        ("output-not-leaky", 4, 2, 0.2, 0, -0.04),
        ("leak-left-out", 4, 2, 0.2, 0, -4.04),
        ("leaky-no-input", 4, 2, 0.2, 0, -0.0202),
        ("leaky-sign", 4, 2, 0.2, 0, 0.0404),
        ("leak-once", 4, 2, 0.2, 0, -0.08),
        (None, 8, 2, 0.2, 0, -0.0404),
        ("bias-only", 4, 2, 1, 0, -0.0404),
        ("old-error", 4, 2, 0.2, 0, 0.04),
        (None, 4, 1, 0.2, 0, -0.0404),
        (None, 4, 2, 0.5, 0, -0.0404),
        (None, 4, 2, 0.3, 0, -0.0404),
        (None, 4, 2, 0.2, 4, -0.0404),
        (None, 4, 2, 0.2, 0, 0),
    ],
    "deep_logistic": [
        ("added", 5, 4, 7),
        ("one-neuron", 0.25, 4, 7),
        ("half-the-power", 0.25**10, 4, 7),
        ("half-the-power", 0.5**20, 4, 7),
        ("halved", 0.25**10 / 2, 4, 7),
        ("miscounted", 0.25**19, 4, 7),
        ("tanh", 1, 4, 7),
        ("turned-around", QUARTERS, 0.25, 7),
        ("all-at-once", QUARTERS, 4.0**20, 7),
        ("weight-one", QUARTERS, 1, 7),
        ("huge", QUARTERS, 4, 4.0**20),
        ("too-small", QUARTERS, 4, 1),
        ("too-small", QUARTERS, 4, 0),
        ("bound-only", QUARTERS, 4, 4),
        ("too-large", QUARTERS, 4, 30),
        (None, 0, 4, 7),
        (None, 0.3, 4, 7),
        ("upside-down", 4.0**20, 4, 7),
        ("bound-only", QUARTERS, 4, -4),
        (None, QUARTERS, 2, 7),
        (None, QUARTERS, 80, 7),
    ],
}
