"""Answers to the exercise of notebook 00."""

RIGHT = {"weighted_sum": [(1.5,), ([1.5],)]}

WRONG = {
    "weighted_sum": [
        ("no-bias", 1),
        ("sign-lost", 11.5),
        ("crossed", 13.5),
        (None, 7),
    ]
}
