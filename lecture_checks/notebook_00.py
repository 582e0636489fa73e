"""The check of notebook 00: a first exercise, to see how exercises answer."""

import numpy as np

from lecture_checks import expect
from lecture_checks.core import exercise
from lecture_checks.mistakes import AnyOf, judge, rule_out

# fmt: off


@exercise(1, "A weighted sum", promise=3, kind="by hand")
def weighted_sum(z):
    """z of the row x = (2, 5) with the weights w = (3, -1) and the bias b = 0.5."""
    comma = isinstance(z, tuple) and len(z) == 2 and z[1] == 5
    not_added = any(np.array_equal(np.asarray(z, dtype=object), parts) for parts in ([6, -5], [6.5, -4.5]))
    rule_out("z", known=[
        ("comma", (1, 5), "Python reads the comma as two numbers. It wants a decimal point.", comma),
        ("not-added", AnyOf([6, -5], [6.5, -4.5]),
         "These are two numbers. A weighted sum is one: add the products, then the bias, once.", not_added),
    ])
    judge("z", expect.number("z", z), right=2 * 3 - 1 * 5 + 0.5, known=[
        ("no-bias", 2 * 3 - 1 * 5,
         "Both products are right, and so is their sum. What else belongs to `z = X @ W + b`?"),
        ("sign-lost", 2 * 3 + 1 * 5 + 0.5, "It looks as if a minus sign was lost: the second weight is negative."),
        ("crossed", 2 * -1 + 5 * 3 + 0.5,
         "Each input goes with its own weight: the first with the first, the second with the second."),
        ("bias-sign", 2 * 3 - 1 * 5 - 0.5,
         "Both products are right, and so is their sum. The bias is added, not subtracted."),
        ("added-first", (3 - 1) * (2 + 5) + 0.5,
         "You added weights and inputs before you multiplied. Each weight has its own input."),
    ], otherwise="Multiply each input by its weight, add the products, and add the bias.")
    return "A layer computes many such sums, for all its neurons and all rows, in one line: `X @ W + b`."
