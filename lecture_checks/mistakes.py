"""Judging an answer against the right one and the known wrong ones. A known mistake is a row:

    judge("rmse", rmse, right=50_000, within=1e-3, known=[
        # id, a wrong answer as a reader would give it, what is said to it
        ("unit", 0.5, "This `rmse` is in the unit of the target. How many dollars is 1 in this unit?"),
        ("no-root", 25_000, "You turned the MSE itself into dollars. Its unit is squared: what comes first?"),
    ], otherwise="`rmse` is not right. What is the root of the MSE, and what is its unit?")

The first row that fits gives the hint: the one whose wrong answer was given, or, where a row has a fourth element, the
one for which that is true (or what it returns, if it is a function). The tests give each row's wrong answer, together
with the right answers to everything else, and expect its hint: so an exercise needs no list of wrong answers beside its
check. A row for several wrong answers has `AnyOf(0.5, 0.05)` there, and one for wrong programs that are too long for a
row, `IN_TESTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from lecture_checks.core import Hint, Wrong, call, close

Row = tuple  # (id, wrong answer, hint) or (id, wrong answer, hint, whether it fits); a hint is a text, or makes one

_recorded: list[tuple[str, str, Any]] | None = None


class AnyOf:
    """Several wrong answers in one row."""

    def __init__(self, *answers: Any):
        self.answers = answers


IN_TESTS = AnyOf()


def judge(
    names: str,
    given: Any,
    *,
    right: Any = None,
    is_right: bool | None = None,
    opening: str = "",
    known: Sequence[Row] = (),
    otherwise: str | Callable[[], str] = "",
    within: float = 1e-6,
    same: Callable[[Any, Any], bool] | None = None,
) -> None:
    """Return if the answer is right; else raise the Hint of the first row that fits, or Wrong.

    Args:
        names: of the check's arguments that are judged, "rmse" or "w b"; for several, each wrong answer is a tuple.
        given: the answer, or for several names the tuple of them.
        right, is_right: the right answer, or whether the answer is right.
        known: the rows.
        opening: what the hint of each row begins with.
        otherwise: what is said when no row fits.
        within: how far a number may be away from the right or a wrong one, absolute or relative.
        same: whether two answers are the same, where that is not a matter of numbers within `within`.
    """
    same = same or (lambda a, b: all_close(a, b, within))
    if is_right is None:
        is_right = same(given, right)
    _judge(names, is_right, lambda wrong: same(given, wrong), known, otherwise, opening)


def judge_function(
    name: str,
    function: Callable,
    arguments: Sequence[Any],
    *,
    right: Callable,
    known: Sequence[Row] = (),
    otherwise: str | Callable[[Any], str],
    read: Callable[[Any], Any],
    within: float = 1e-6,
    seconds: float = 1,
) -> Any:
    """Judge a function of the student by what it returns for the arguments; returns that, as `read` gives it.

    `right` and the wrong answers in the rows are functions of the same arguments. A fourth element of a row, a hint
    that is a function, and `otherwise`, if it is one, get what the student's function returned. `read` turns that into
    plain data, or raises Form.
    """
    given = read(call(function, *arguments, seconds=seconds))
    rows = [
        (id, wrong, (lambda hint=hint: hint(given)) if callable(hint) else hint, *(fits(given) for fits in fit))
        for id, wrong, hint, *fit in known
    ]

    def same_as(other: Callable) -> bool:
        return all_close(given, read(call(other, *arguments)), within)

    said = (lambda: otherwise(given)) if callable(otherwise) else otherwise
    _judge(name, same_as(right), same_as, rows, said)
    return given


def choose(names: str, given: str, *, right: str, known: Sequence[Row], otherwise: str = "") -> None:
    """Return if the right option was chosen; else raise the Hint of the row of the chosen one, or Wrong."""
    judge(names, given, right=right, known=known, otherwise=otherwise, same=lambda a, b: a == b)


def rule_out(names: str, *, known: Sequence[Row]) -> None:
    """Raise the Hint of the first row that fits, or return; each row says itself whether it fits."""
    with suppress(Wrong):
        judge(names, None, is_right=False, known=known)


def _judge(
    names: str,
    is_right: bool,
    same_as: Callable[[Any], bool],
    known: Sequence[Row],
    otherwise: str | Callable[[], str],
    opening: str = "",
) -> None:
    if _recorded is not None:
        _recorded.extend((names, id, answer) for id, wrong, *_ in known for answer in _answers(wrong))
    if is_right:
        return
    for id, wrong, hint, *fits in known:
        if _is_true(fits[0]) if fits else any(map(same_as, _answers(wrong))):
            raise Hint(id, f"{opening} {hint() if callable(hint) else hint}".strip())
    raise Wrong(otherwise() if callable(otherwise) else otherwise)


def _is_true(fits: Any) -> bool:
    return bool(fits() if callable(fits) else fits)


def _answers(wrong: Any) -> tuple:
    return wrong.answers if isinstance(wrong, AnyOf) else (wrong,)


def all_close(a: Any, b: Any, within: float = 1e-6) -> bool:
    """Whether numbers, arrays, or tuples and lists of these are the same, see `close`."""
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(all_close(x, y, within) for x, y in zip(a, b, strict=True))
    return close(a, b, within)


@contextmanager
def recorded() -> Iterator[list[tuple[str, str, Any]]]:
    """The rows that checks go through in the block: names of the arguments, id of the hint, wrong answer."""
    global _recorded
    _recorded = []
    try:
        yield _recorded
    finally:
        _recorded = None
