"""Turns a function that judges an answer into a check, which never raises and answers in a sentence.

A check reads like a list of cases (see `notebook_01`):

    @exercise(2, "At most one", promise=2, kind="design")
    def at_most_one(w, b):
        w = expect.array("w", w, shape=(3,))                # wrong type or shape: says what is needed
        if ...:                                             # a typical mistake
            raise Hint("signs-turned", "The answers are all opposite: ...")
        if ...:                                             # any other mistake
            raise Wrong("The neuron is right in 5 of 8 cases.")
        return "One sentence that adds something."          # right

`call(function, x)` runs a function that the student wrote: whatever happens in it becomes a sentence.

A program that grades asks for verdicts by `Exercise.judge_answer`, after `answer_later()`. If the functions of students
run in another process, `limit_time_by` says how their time is limited.
"""

from __future__ import annotations

import ast
import copy
import functools
import html
import inspect
import io
import re
import sys
import textwrap
import traceback
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, redirect_stdout
from dataclasses import dataclass

import numpy as np

from lecture_checks import store
from lecture_checks.limit import Limit, Stopped

MAX_PRINTED = 2000  # characters that a check lets a student's function print

_answers_later = False
_time_limit: Callable[[float], AbstractContextManager] = Limit


def answer_later() -> None:
    """From now on, checks that are called judge nothing and say "not tried"; `Exercise.judge_answer` still judges."""
    global _answers_later
    _answers_later = True


def limit_time_by(limiter: Callable[[float], AbstractContextManager]) -> None:
    """From now on, students' functions are called within `limiter(seconds)`, which must be used like `Limit`."""
    global _time_limit
    _time_limit = limiter


class Answer(Exception):
    """Ends a check early, with the status and the message of its verdict."""

    status = ""

    def __init__(self, message: str):
        super().__init__(message)


class NotTried(Answer):
    """There is still a `...` in the answer."""

    status = "not tried"

    def __init__(self):
        super().__init__("Put your answer in place of each `...` and run the cell again.")


class Form(Answer):
    """The answer has the wrong type or shape; the message says what is needed."""

    status = "form"


class Wrong(Answer):
    """The answer is wrong, and the check does not know why."""

    status = "wrong"


class Hint(Answer):
    """The answer is wrong in a typical way. The id names the mistake; it is unique within its module."""

    status = "hint"

    def __init__(self, id: str, message: str):
        super().__init__(message)
        self.id = id


@dataclass(frozen=True)
class Verdict:
    """What a check answers. `status` is "not tried", "form", "hint", "wrong" or "right"; `hint` is the hint's id."""

    number: int
    status: str
    message: str
    hint: str | None = None
    what: str = "Exercise"

    WORDS = {  # noqa: RUF012 - not a field: it has no annotation
        "not tried": ("not tried yet", "○", "#7a7a7a"),
        "form": ("not in the right form yet", "△", "#b26a00"),
        "hint": ("not right yet", "△", "#b26a00"),
        "wrong": ("not right yet", "△", "#b26a00"),
        "right": ("right", "✓", "#1c8a5a"),
    }

    def __repr__(self) -> str:
        return f"{self.what} {self.number}: {self.WORDS[self.status][0]}. {self.message}"

    def _repr_html_(self) -> str:
        words, sign, color = self.WORDS[self.status]
        message = re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(self.message)).replace("\n", "<br>")
        return (
            f'<div role="status" style="border-left: 5px solid {color}; padding: 0.3em 0.8em; max-width: 46em">'
            f'<span aria-hidden="true">{sign} </span><strong>{self.what} {self.number}: {words}.</strong> '
            f"{message}</div>"
        )


class Exercise:
    """A check, and what is known of its exercise: number, title, promise, kind, points and notebook ("02")."""

    what = "Exercise"
    KINDS: tuple[str, ...] = ("predict", "by hand", "complete", "find the bug", "design")

    def __init__(self, judge: Callable[..., str], number: int, title: str, promise: int, kind: str, points: int):
        if kind not in self.KINDS:
            raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(map(repr, self.KINDS))}.")
        functools.update_wrapper(self, judge)
        self.judge, self.number, self.title = judge, number, title
        self.promise, self.kind, self.points = promise, kind, points
        self.notebook = judge.__module__.split(".")[-1].removeprefix("notebook_")

    def __call__(self, *answer, **named) -> Verdict:
        """The verdict on an answer, also noted in the student's progress. It only raises when the cell is stopped."""
        if _answers_later:
            return Verdict(self.number, "not tried", "", what=self.what)
        verdict = self.judge_answer(answer, named)
        note = "" if verdict.status == "not tried" else store.record(self.notebook, self.number, verdict.status)
        return Verdict(self.number, verdict.status, f"{verdict.message} {note}".strip(), verdict.hint, self.what)

    def judge_answer(self, answer: tuple, named: dict) -> Verdict:
        """The verdict on the positional and named arguments of a call of the check; nothing is noted anywhere."""
        try:
            if _holds_ellipsis([answer, named]):
                raise NotTried
            inspect.signature(self.judge).bind(*answer, **named)
            with redirect_stdout(_Limited(sys.stdout)), warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return Verdict(self.number, "right", self.judge(*answer, **named))
        except Answer as early:
            return Verdict(self.number, early.status, str(early), getattr(early, "id", None))
        except Exception as error:  # the answer is so unusual that the check itself failed
            needed = f"`check.{self.__name__}{inspect.signature(self.judge)}`"
            message = f"This answer could not be checked ({described(error)}). The check is called as {needed}."
            return Verdict(self.number, "form", message, "unexpected")


class Question(Exercise):
    """A question of the self-test: `topic` is the number of the notebook that it asks about ("07"), `section` the
    number, or the heading, of the section where the answer is found."""

    what = "Question"
    KINDS = ("choose", "number")

    def __init__(self, judge: Callable[..., str], number: int, title: str, topic: str, section: str, kind: str):
        super().__init__(judge, number, title, promise=0, kind=kind, points=1)
        self.topic, self.section = topic, section


def exercise(
    number: int, title: str, *, promise: int, kind: str, points: int = 1
) -> Callable[[Callable[..., str]], Exercise]:
    """Make a check of a function that returns a sentence when the answer is right and raises an `Answer` when not.

    `promise` is the number of the bullet in the notebook's opening that the exercise belongs to; `kind` is one of
    `Exercise.KINDS`.
    """
    return lambda judge: Exercise(judge, number, title, promise, kind, points)


def question(
    number: int, title: str, *, topic: str, section: str, kind: str
) -> Callable[[Callable[..., str]], Question]:
    """Make a check of the self-test; `kind` is one of `Question.KINDS`."""
    return lambda judge: Question(judge, number, title, topic, section, kind)


def call(function: Callable, *arguments, seconds: float = 1):
    """What the student's function returns for copies of the arguments.

    Raises an `Answer` for what is not a function (Form), has a `...` (NotTried), raises (Hint "exception"), runs
    longer than `seconds` (Hint "endless"), or returns None (Form).
    """
    if not callable(function):
        raise Form(f"Hand over a function, by its name and without calling it; this is {kind_of(function)}.")
    if is_stub(function):
        raise NotTried
    name = getattr(function, "__name__", "the function")
    try:
        result = run_limited(function, [_copied(argument) for argument in arguments], seconds)
    except NotImplementedError:
        raise NotTried from None
    except Stopped:
        message = (
            f"`{name}` was stopped: it still ran after {max(1, round(seconds))} s, and should need much less. "
            "Does a loop in it never end? Look at what must change so that it ends. If it trains: does it need so many "
            "steps?"
        )
        raise Hint("endless", message) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Hint("exception", f"`{name}` stopped with {described(error)}.{_own_line(function, error)}") from None
    if _holds_ellipsis(result):
        raise NotTried
    if result is None:
        raise Form(f"`{name}` returns None. Does each way through it end with `return` and the result?")
    return result


def run_limited(function: Callable, arguments: list, seconds: float):
    """What the function returns. Raises `Stopped` if it runs longer than `seconds`, else whatever it raises."""
    try:
        with _time_limit(seconds) as limit:
            result = function(*arguments)
    except KeyboardInterrupt:
        raise
    except BaseException:
        if limit.tries:
            raise Stopped from None
        raise
    if limit.tries:
        raise Stopped
    return result


def close(a, b, tolerance: float = 1e-6) -> bool:
    """Whether a and b have the same shape and the same numbers, within a tolerance that is absolute or relative."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=tolerance, atol=tolerance))


def kind_of(value) -> str:
    """The kind of a value in words, for messages: "a list", "None", "an int"."""
    if value is None:
        return "None"
    name = {"str": "text in quotes", "ndarray": "array"}.get(type(value).__name__, type(value).__name__)
    return name if name.startswith("text") else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _holds_ellipsis(value, depth: int = 0) -> bool:
    """Whether the value is `...`, or a list, tuple, dictionary or array that has one somewhere inside."""
    if isinstance(value, dict):
        value = list(value.values())
    elif isinstance(value, np.ndarray) and value.dtype == object:
        value = value.ravel().tolist()
    if isinstance(value, (list, tuple)) and depth < 9:
        return any(_holds_ellipsis(item, depth + 1) for item in value)
    return value is ...


def is_stub(function: Callable) -> bool:
    """Whether the function does nothing, or has a `...` in its code that is not in an index such as `x[..., 0]`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # e.g. a lambda inside an expression
        return False
    if not isinstance(tree.body[0], ast.FunctionDef):
        return False
    dots = {id(node) for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value is ...}
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            dots -= {id(part) for part in [node.slice, *getattr(node.slice, "elts", [])]}
    idle = [
        isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        for line in tree.body[0].body
    ]
    return bool(dots) or all(idle)


def _copied(argument):
    """A deep copy of data, so that a function that changes its arguments does not spoil the check."""
    return copy.deepcopy(argument) if isinstance(argument, (np.ndarray, list, tuple, dict, set)) else argument


def described(error: BaseException) -> str:
    """An exception in words: its name and the beginning of its message."""
    try:
        message = str(error)
    except Exception:
        message = ""
    return type(error).__name__ + (f": {textwrap.shorten(message, 300).rstrip('.')}" if message else "")


def _own_line(function: Callable, error: BaseException) -> str:
    """A sentence with the last line of the student's code before the error, or nothing."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    own = [place for place in traceback.extract_tb(error.__traceback__) if place.filename == file and place.line]
    return f" It happened in the line `{own[-1].line}`." if own else ""


class _Limited(io.TextIOBase):
    """Passes on what is printed, up to `MAX_PRINTED` characters."""

    def __init__(self, stream):
        self.stream, self.left = stream, MAX_PRINTED

    def write(self, text: str) -> int:
        if self.left > 0:
            self.stream.write(text[: self.left])
            self.left -= len(text)
            if self.left <= 0:
                self.stream.write("\n(What is printed from here on is left out.)\n")
        return len(text)

    def flush(self) -> None:
        self.stream.flush()
