"""Answers to the exercise of notebook 00."""

import numpy as np

RIGHT = {"weighted_sum": [(1.5,), ([1.5],), (np.array([[1.5]]),)]}

WRONG = {
    "weighted_sum": [
        ("no-bias", 1),
        ("sign-lost", 11.5),
        ("crossed", 13.5),
        ("bias-sign", 0.5),
        ("added-first", 14.5),
        ("not-added", [6, -5]),
        ("not-added", np.array([6.5, -4.5])),
        ("comma", (1, 5)),
        (None, 7),
        (None, -0.5),
    ]
}
