"""Answers to the exercise of notebook 00 beside those in the rows of its check."""

import numpy as np

RIGHT = {"weighted_sum": [(1.5,), ([1.5],), (np.array([[1.5]]),)]}

WRONG = {"weighted_sum": [("not-added", np.array([6.5, -4.5])), (None, 7), (None, -0.5)]}
