"""What turns a function that judges an answer into a check that never raises and answers in a sentence.

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
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from lecture_checks import store
from lecture_checks.limit import Limit, Stopped

MAX_PRINTED = 2000  # characters that a check lets a student's function print


class Answer(Exception):
    """A check ends early: status and message of its verdict."""

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
    """What a check answers. `status` is "not tried", "form", "hint", "wrong" or "right"; `hint` the id of the hint."""

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
    """A check with what is known of its exercise: number, title, promise, kind, points and notebook ("02")."""

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
        """The verdict on an answer; also noted in the student's progress. Only stopping the cell raises."""
        verdict = self._verdict(answer, named)
        note = "" if verdict.status == "not tried" else store.record(self.notebook, self.number, verdict.status)
        return Verdict(self.number, verdict.status, f"{verdict.message} {note}".strip(), verdict.hint, self.what)

    def _verdict(self, answer: tuple, named: dict) -> Verdict:
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
            message = f"This answer could not be checked ({_described(error)}). The check is called as {needed}."
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


def exercises(module: ModuleType) -> list[Exercise]:
    """The exercises of a module `notebook_NN`, in order."""
    return sorted((x for x in vars(module).values() if isinstance(x, Exercise)), key=lambda x: x.number)


def call(function: Callable, *arguments, seconds: float = 1):
    """What the student's function returns for copies of the arguments.

    Raises an `Answer` for what is not a function (Form), has a `...` (NotTried), raises (Hint "exception"), runs
    longer than `seconds` (Hint "endless"), or returns None (Form).
    """
    if not callable(function):
        raise Form(f"Hand over a function, by its name and without calling it; this is {kind_of(function)}.")
    if _is_stub(function):
        raise NotTried
    name = getattr(function, "__name__", "the function")
    try:
        with Limit(seconds) as limit:
            result = next(_apart(function, [_copied(argument) for argument in arguments]))
    except NotImplementedError:
        raise NotTried from None
    except Stopped:
        pass
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
            error = error.__cause__  # Python wraps it on its way out of `_apart`
        raise Hint("exception", f"`{name}` stopped with {_described(error)}.{_own_line(function, error)}") from None
    if limit.tries:
        message = (
            f"`{name}` was stopped: it still ran after {max(1, round(seconds))} s, and should need much less. "
            "Does a loop in it never end? Look at what must change so that it ends. If it trains: does it need so many "
            "steps?"
        )
        raise Hint("endless", message)
    if _holds_ellipsis(result):
        raise NotTried
    if result is None:
        raise Form(f"`{name}` returns None. Does each way through it end with `return` and the result?")
    return result


def close(a, b, tolerance: float = 1e-6) -> bool:
    """Whether a and b have the same shape and the same numbers, up to the tolerance, absolute or relative."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=tolerance, atol=tolerance))


def kind_of(value) -> str:
    """The kind of a value in words, for messages: "a list", "None", "an int"."""
    if value is None:
        return "None"
    name = {"str": "text in quotes", "ndarray": "array"}.get(type(value).__name__, type(value).__name__)
    return name if name.startswith("text") else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _holds_ellipsis(value, depth: int = 0) -> bool:
    """Whether a `...` stands in the value or in a list, tuple, dictionary or array in it."""
    if isinstance(value, dict):
        value = list(value.values())
    elif isinstance(value, np.ndarray) and value.dtype == object:
        value = value.ravel().tolist()
    if isinstance(value, (list, tuple)) and depth < 9:
        return any(_holds_ellipsis(item, depth + 1) for item in value)
    return value is ...


def _is_stub(function: Callable) -> bool:
    """Whether the function's code still has a `...`, but for one in an index such as `x[..., 0]`, or does nothing."""
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


def _apart(function: Callable, arguments: list) -> Iterator:
    """Call the function within a generator, which has its own record of the exceptions being handled.

    After code that was stopped inside an `except`, that record is not always cleared, and each later error of the
    notebook would be shown as if it had come from there.
    """
    yield function(*arguments)


def _copied(argument):
    """A deep copy of data, so that a function that changes what it is given does not spoil the check."""
    return copy.deepcopy(argument) if isinstance(argument, (np.ndarray, list, tuple, dict, set)) else argument


def _described(error: BaseException) -> str:
    """An exception in words: its name and its message, if it is not too long."""
    try:
        message = str(error)
    except Exception:
        message = ""
    return type(error).__name__ + (f": {textwrap.shorten(message, 300).rstrip('.')}" if message else "")


def _own_line(function: Callable, error: BaseException) -> str:
    """The last line of the student's code on the way to the error, as a sentence; or nothing."""
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
