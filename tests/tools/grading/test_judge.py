"""The judge: answers that were sent get the same verdict as in the notebook."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lecture_checks import registry
from tests.lecture_checks.test_exercises_of_notebooks import all_answers
from tools.grading import coordinator
from tools.grading.audit_hook import AuditHookMode
from tools.grading.sandbox import ResourceLimits
from tools.grading.student import Cell, Shell


@pytest.mark.parametrize("number", ["01", "03"])
def test_judged_apart_as_in_the_notebook(number, tmp_path):
    """All right and wrong answers of the tests of two notebooks get the same verdict, functions included."""
    exercises, answers = {x.__name__: x for x in registry.exercises(number)}, all_answers(number)
    start = f"from {all_answers.__module__} import all_answers; answers = all_answers({number!r})"
    for place in range(max(map(len, answers.values()))):
        cells, direct = [Cell(start)], {}
        for name, of_one in answers.items():
            if place < len(of_one):
                exercise = exercises[name]
                cells.append(Cell("", exercise.number, f"(answers[{name!r}][{place}], {{}})"))
                verdict = exercise.judge_answer(of_one[place], {})
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
