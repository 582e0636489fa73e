"""Rows of known mistakes: which one fits, what is said, and what the tests see of them."""

from __future__ import annotations

import pytest

from lecture_checks.core import Form, Hint, Wrong
from lecture_checks.mistakes import IN_TESTS, AnyOf, choose, judge, judge_function, recorded, rule_out


def never():
    raise AssertionError("looked at a row whose turn has not come")


def judged(given, **more):
    known = [
        ("half", 0.5, "Half."),
        ("several", AnyOf(3, 4), "Three or four."),
        ("negative", IN_TESTS, lambda: f"{given} is negative.", lambda: given < 0),
        ("late", 7, "Seven.", given == 7),
    ]
    judge("x", given, right=1, known=known, otherwise=lambda: f"{given} is wrong.", **more)


@pytest.mark.parametrize("given", [1, 1 + 1e-9])
def test_right_answers_pass(given):
    judged(given)


@pytest.mark.parametrize(
    ("given", "id", "message"),
    [(0.5, "half", "Half."), (4, "several", "Three or four."), (-2, "negative", "-2 is negative."),
     (7, "late", "Seven.")],
)  # fmt: skip
def test_the_row_that_fits_gives_the_hint(given, id, message):
    with pytest.raises(Hint) as raised:
        judged(given)
    assert (raised.value.id, str(raised.value)) == (id, message)


def test_without_a_row_it_is_wrong():
    with pytest.raises(Wrong, match=r"^9 is wrong\.$"):
        judged(9)


def test_a_wider_tolerance_holds_for_the_rows_too():
    with pytest.raises(Hint, match="Half"):
        judged(0.504, within=0.01)
    judged(1.004, within=0.01)


def test_hints_may_share_their_opening():
    with pytest.raises(Hint, match=r"^So far so good\. Half\.$"):
        judged(0.5, opening="So far so good.")


def test_rows_are_looked_at_one_after_the_other():
    with pytest.raises(Hint, match="First"):
        rule_out("x", known=[("first", 1, "First.", True), ("second", 2, "Second.", never)])
    rule_out("x", known=[("first", 1, "First.", False)])


def test_options():
    choose("letter", "c", right="c", known=[("no-a", "a", "Not a.")])
    with pytest.raises(Hint, match="Not a"):
        choose("letter", "a", right="c", known=[("no-a", "a", "Not a.")])


def test_functions_are_judged_by_what_they_return():
    def read(value):
        if not isinstance(value, (int, float)):
            raise Form("A number, please.")
        return value

    def judged_function(function):
        return judge_function("double", function, [21], right=lambda x: 2 * x, read=read, known=[
            ("squared", lambda x: x**2, lambda given: f"{given} is the square."),
            ("too-small", lambda x: x / 2, "Too small.", lambda given: given < 21),
        ], otherwise=lambda given: f"{given}?")  # fmt: skip

    assert judged_function(lambda x: x + x) == 42
    for function, message in ((lambda x: x * x, "441 is the square."), (lambda x: 3, "Too small.")):
        with pytest.raises(Hint) as raised:
            judged_function(function)
        assert str(raised.value) == message
    with pytest.raises(Wrong, match=r"^63\?$"):
        judged_function(lambda x: 3 * x)
    with pytest.raises(Form):
        judged_function(lambda x: "42")


def test_the_tests_see_every_wrong_answer():
    with recorded() as rows:
        judged(1)
    assert rows == [("x", "half", 0.5), ("x", "several", 3), ("x", "several", 4), ("x", "late", 7)]
    judged(1)
    assert len(rows) == 4
