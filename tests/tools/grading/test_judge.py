"""The judge: answers that were sent get the same verdict as in the notebook."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lecture_checks import registry
from tests.lecture_checks import mistakes_01, mistakes_03
from tools.grading import coordinator
from tools.grading.audit_hook import AuditHookMode
from tools.grading.sandbox import ResourceLimits
from tools.grading.student import Cell, Shell


@pytest.mark.parametrize("answers", [mistakes_01, mistakes_03], ids=["01", "03"])
def test_judged_apart_as_in_the_notebook(answers, tmp_path):
    """All right and wrong answers of the tests of two notebooks get the same verdict, functions included."""
    number = answers.__name__[-2:]
    exercises = {x.__name__: x for x in registry.exercises(number)}
    for name_of_table in ("RIGHT", "WRONG"):
        table, start = getattr(answers, name_of_table), 0 if name_of_table == "RIGHT" else 1
        for place in range(max(map(len, table.values()))):
            cells = [Cell(f"from tests.lecture_checks.mistakes_{number} import {name_of_table} as answers")]
            direct = {}
            for name, given_answers in table.items():
                if place < len(given_answers):
                    exercise = exercises[name]
                    cells.append(Cell("", exercise.number, f"(answers[{name!r}][{place}][{start}:], {{}})"))
                    verdict = exercise.judge_answer(tuple(given_answers[place][start:]), {})
                    direct[exercise.number] = (verdict.status, verdict.message)
            status, reason, verdicts = run_in_fork(cells, {"judged_apart": list(direct), "number": number}, tmp_path)
            assert (status, reason) == ("graded", "")
            assert {n: (verdict["status"], verdict["message"]) for n, verdict in verdicts.items()} == direct


def run_in_fork(cells: list[Cell], assignment: dict, folder: Path) -> tuple:
    """`coordinator.run` ends all children and becomes the parent of orphans; so not in the process of the tests."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.environ["IPYTHONDIR"] = str(folder)  # IPython writes there when it starts, as before the real forks
            Shell.instance()
            found = coordinator.run(cells, assignment, ResourceLimits(), AuditHookMode(str(folder), []))
            os.write(writer, json.dumps(found).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        status, reason, verdicts = json.loads(said.read())
    os.waitpid(pid, 0)
    return status, reason, {int(n): verdict for n, verdict in verdicts.items()}
