"""The student's process: the cells of a notebook run here, one after the other, and nobody trusts what it says.

After the cell of an exercise, the answers go to the judge, who may then ask to call the functions among them. Answers
that can't be sent (see `wire`) are judged here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from lecture_checks import core, registry
from lecture_checks.limit import Limit, Stopped
from tools.grading.wire import Channel, decode, encode

#: Several notebooks are graded at once, so a check's time limits are stretched by this factor.
SLOWDOWN = 3


@dataclass(frozen=True)
class Cell:
    """A cell to run; after that of an exercise, `answers` is the expression to judge: "((w, b), {})"."""

    source: str
    exercise: int | None = None
    answers: str = ""


class Shell(InteractiveShell):
    """IPython, which understands all that a notebook may hold. Shows no errors, and keeps nothing that is printed."""

    def __init__(self, **settings):
        super().__init__(config=Config({"HistoryManager": {"enabled": False}}), colors="nocolor", **settings)
        self.history_manager.outputs = _KeepsNothing()

    def showtraceback(self, *_, **__) -> None:
        pass

    showsyntaxerror = showtraceback


class _KeepsNothing(dict):
    def __missing__(self, key):
        return []


def run_notebook(cells: list[Cell], notebook: str, judged_apart: list[int], channel: Channel, seconds: float) -> None:
    """Run the cells, each for that many seconds at most, and hand over the answers. `notebook` is "04"."""
    shell = Shell.instance()
    checks = {check.number: check for check in registry.exercises(notebook)}
    core.answer_later()
    error = None
    for cell in cells:
        error = _run(shell, cell.source, seconds) or (None if cell.exercise else error)
        if not cell.exercise:
            continue
        functions: list = []
        message = {"exercise": cell.exercise, "error": error}
        apart = cell.exercise in judged_apart
        try:
            with Limit(seconds * (1 if apart else SLOWDOWN)) as limit:
                answers, named = eval(cell.answers, shell.user_ns)
                if apart:
                    message |= {"answers": encode(answers, functions), "named": encode(named, functions)}
                else:
                    verdict = checks[cell.exercise].judge_answer(answers, named)
                    message |= {"status": verdict.status, "message": verdict.message}
        except KeyboardInterrupt:
            raise
        except BaseException as failed:
            why = "The check was stopped: it took too long." if limit.tries else error or f"{core.described(failed)}."
            message |= {"failed": why, "error": None}
        channel.send(message)
        _serve(channel, functions)
    channel.send({"end": True})


def _run(shell: Shell, source: str, seconds: float) -> str | None:
    """Run a cell as a notebook does. Returns what went wrong, in a sentence."""
    try:
        with Limit(seconds) as limit:
            result = shell.run_cell(source, store_history=False)
            error = result.error_before_exec or result.error_in_exec
    except BaseException as raised:
        error = raised
    if limit.tries:
        return f"The cell was stopped: it still ran after {seconds:g} s."
    return f"The cell stopped with {core.described(error)}." if error else None


def _serve(channel: Channel, functions: list) -> None:
    """Call the student's functions as the judge asks, until the judge is done with this exercise."""

    def function_of_judge(description: dict) -> Callable:
        def ask(*arguments, **named):
            reply = channel.ask({"call": description["function"]}, arguments, named, function_of_judge)
            return decode(reply["value"], function_of_judge)

        return ask

    def answer(request: dict) -> dict:
        arguments = decode(request["arguments"], function_of_judge)
        result = functions[request["call"]](*arguments, **decode(request["named"], function_of_judge))
        return {"value": encode(result, functions), "changed": _changed(arguments, request["arguments"]["tuple"])}

    while "next" not in (request := channel.receive()):
        if "call" not in request:
            continue  # an answer that nobody waits for any more
        try:
            reply = core.run_limited(answer, [request], request["seconds"])
        except Stopped:
            reply = {"stopped": True}
        except BaseException as error:
            reply = {"error": type(error).__name__, "message": str(error)[:500]}
        channel.send(reply)


def _changed(arguments: tuple, sent: list) -> list:
    """Place and value of each list and array that the function changed, except those that hold functions."""
    changed = []
    for place, (argument, before) in enumerate(zip(arguments, sent, strict=True)):
        if isinstance(argument, (list, np.ndarray)):
            functions: list = []
            now = encode(argument, functions)
            if now != before and not functions:
                changed.append([place, now])
    return changed
