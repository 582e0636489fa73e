"""Answers to the questions of the self-test beside those in the rows of its checks."""

LETTERS = {
    "shape_of_weights": "c", "two_of_three": "b", "xor_for_ever": "d", "no_bend": "a", "backpropagation": "d",
    "dead_relu": "c", "multilabel": "a", "curves": "b", "scaler": "b", "call_returns": "d", "wrong_order": "c",
    "weights_left": "a", "raw_features": "d", "stranger": "b", "two_best": "a", "same_scores": "c",
}  # fmt: skip

# A letter also as a capital, with a space, and as the list of options shows it; a number also with a point.
RIGHT = {name: [(a,), (f" {a.upper()} ",), (f"{a})",), (f"({a})",)] for name, a in LETTERS.items()} | {
    "kernel": [(3,), (3.0,)],
    "distance": [(2,), (2.0,)],
    "perceptron_step": [(1,), ([1.0],)],
    "parameters": [(32,), (32.0,)],
    "slope": [(30,), (30.0000001,)],
    "slope_from_output": [(0.16,), (0.8 * (1 - 0.8),)],
    "best_constant": [(3,), (3.0,)],
    "price": [(1.3862943611,), (1.39,), (1.386,)],
    "dollars": [(50_000,), (50_000.0,)],
    "called_twice": [(50,), (50.0,)],
    "total_loss": [(0.65,), (0.9 * 0.5 + 0.1 * 2,)],
    "stops_after": [(8,), (8.0,)],
    "grid": [(61,), (61.0,)],
    "many_workers": [(5,), (5.0,)],
}

WRONG = {
    "kernel": [(None, 5)],
    "distance": [("added", 1.43), ("axis", 3.33), (None, 0.5)],
    "perceptron_step": [(None, -1), (None, 2.5)],
    "parameters": [(None, 28), (None, 31), (None, 33)],
    "slope": [(None, 6), (None, 12), (None, 60)],
    "slope_from_output": [("as-sum", 0.214), (None, 0.24)],
    "best_constant": [(None, 4), (None, 2), (None, 5)],
    "price": [("sign", -1.39), ("base-ten", 0.602), ("base-ten", 0.6), ("others", 0.29), ("weighted", 0.35),
              (None, 0.5)],
    "dollars": [("order", 158.1), (None, 500), (None, 500_000), (None, 0.25)],
    "called_twice": [(None, 45), (None, 60), (None, 14)],
    "total_loss": [(None, 1), (None, 65), (None, 0.7)],
    "stops_after": [(None, 100), (None, 6)],
    "grid": [(None, 59), (None, 120)],
    "many_workers": [(None, 6), (None, 1000)],
}  # fmt: skip
