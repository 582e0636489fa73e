"""The judge's process: the checks run here, and no code of the student ever does.

Whatever a student's code does to the checks, to NumPy or to Python, it does in its own process: a verdict can't be
forged. For an answer that had to be judged there, the judge passes on what the student's process says.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np

from lecture_checks import core, registry
from lecture_checks.limit import Stopped
from tools.grading.student import SLOWDOWN
from tools.grading.wire import Channel, decode


class Judge:
    """Judges the answers that come over the channel, and reports each verdict once.

    `seconds` limits a call of a student's function where the check sets no limit.
    """

    def __init__(self, channel: Channel, report: Channel, notebook: str, judged_apart: list[int], seconds: float):
        self.channel, self.report, self.judged_apart, self.seconds = channel, report, judged_apart, seconds
        self.checks = {check.number: check for check in registry.exercises(notebook)}
        self.limit: SimpleNamespace | None = None  # of the call that runs: its seconds, and how often it was stopped

    def run(self) -> None:
        core.limit_time_by(self.limit_time)
        done = set()
        while "end" not in (message := self.channel.receive()):
            number = message["exercise"]
            verdict = self.judge(number, message)
            if verdict["status"] != "right" and message.get("error"):
                verdict["message"] += f" {str(message['error'])[:500]}"
            if number not in done:
                self.report.send({"exercise": number} | verdict)
            done.add(number)
            self.channel.send({"next": True})
        self.report.send({"end": True})

    def judge(self, number: int, message: dict) -> dict:
        """Status and message of the verdict on an exercise."""
        if number in self.judged_apart and "answers" in message:
            answers, named = decode(message["answers"], self.remote), decode(message["named"], self.remote)
            verdict = self.checks[number].judge_answer(answers, named)
            return {"status": verdict.status, "message": verdict.message}
        if number not in self.judged_apart and "status" in message:
            return {key: str(message[key])[:1000] for key in ("status", "message")}
        return {"status": "form", "message": str(message.get("failed"))[:500]}

    def remote(self, description: dict) -> Callable:
        """A function that has the student's process call the one that is described."""

        def ask(*arguments, **named):
            if description["stub"]:
                raise NotImplementedError
            request = {"call": description["function"], "seconds": self.limit.seconds if self.limit else self.seconds}
            reply = self.channel.ask(request, arguments, named, self.remote)
            if "stopped" in reply:
                if self.limit:
                    self.limit.tries = 1
                raise Stopped
            if "error" in reply:
                raise _exception(str(reply["error"]), str(reply["message"])[:500])
            for place, data in reply.get("changed", []):  # as if the function had been called here
                if isinstance(arguments[place], list):
                    arguments[place][:] = decode(data, self.remote)
                elif isinstance(arguments[place], np.ndarray):
                    arguments[place][...] = decode(data, self.remote)
            return decode(reply["value"], self.remote)

        ask.__name__ = ask.__qualname__ = str(description["name"])[:100]
        return ask

    @contextmanager
    def limit_time(self, seconds: float) -> Iterator[SimpleNamespace]:
        """For `core.limit_time_by`: it is the student's process that watches the time."""
        self.limit = SimpleNamespace(seconds=seconds * SLOWDOWN, tries=0)
        try:
            yield self.limit
        finally:
            self.limit = None


def _exception(name: str, message: str) -> Exception:
    """What the student's function raised, as an exception of the same name."""
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = type(name[:100], (Exception,), {})
    try:
        return kind(message)
    except TypeError:  # such as UnicodeDecodeError, which needs five arguments
        return type(name, (Exception,), {})(message)
