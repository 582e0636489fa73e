"""The check of notebook 00: a first exercise, to see how exercises answer."""

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Hint, Wrong, close, exercise


@exercise(1, "A weighted sum", promise=3, kind="by hand")
def weighted_sum(z):
    """z of the row x = (2, 5) with the weights w = (3, -1) and the bias b = 0.5."""
    given = np.asarray(z, dtype=object)
    if isinstance(z, tuple) and len(z) == 2 and z[1] == 5:
        raise Hint("comma", "Python reads the comma as two numbers. It wants a decimal point.")
    if np.array_equal(given, [6, -5]) or np.array_equal(given, [6.5, -4.5]):
        raise Hint("not-added", "These are two numbers. A weighted sum is one: add the products, then the bias, once.")
    z = expect.number("z", z)
    if close(z, 2 * 3 - 1 * 5):
        raise Hint("no-bias", "Both products are right, and so is their sum. What else belongs to `z = X @ W + b`?")
    if close(z, 2 * 3 + 1 * 5 + 0.5):
        raise Hint("sign-lost", "It looks as if a minus sign was lost: the second weight is negative.")
    if close(z, 2 * -1 + 5 * 3 + 0.5):
        raise Hint(
            "crossed", "Each input goes with its own weight: the first with the first, the second with the second."
        )
    if close(z, 2 * 3 - 1 * 5 - 0.5):
        raise Hint("bias-sign", "Both products are right, and so is their sum. The bias is added, not subtracted.")
    if close(z, (3 - 1) * (2 + 5) + 0.5):
        raise Hint("added-first", "You added weights and inputs before you multiplied. Each weight has its own input.")
    if not close(z, 1.5):
        raise Wrong("Multiply each input by its weight, add the products, and add the bias.")
    return "A layer computes many such sums, for all its neurons and all rows, in one line: `X @ W + b`."
