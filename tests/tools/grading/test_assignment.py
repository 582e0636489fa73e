"""Assignments of nbgrader, built from the exercises of every notebook, and what the worked answers get."""

from __future__ import annotations

import functools
import json
import re
import sys

import nbformat
import pytest

from lecture_checks import registry
from tools import notebooks
from tools.grading import assignment as assignments
from tools.grading import sandbox
from tools.grading.coordinator import Worker
from tools.grading.sandbox import ResourceLimits

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="grading needs fork")
NUMPY = ["00", "01", "02", "03", "04", "05", "06"]  # TensorFlow makes the others slow
WITH_TENSORFLOW = "12"
PROTECTED = sandbox.why_not() is None


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Assignments are built in a folder of their own; nbgrader asks for the version of its tables only once."""
    import nbgrader.api

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assignments, "BUILT", tmp_path_factory.mktemp("built"))
        patch.setattr(nbgrader.api, "get_alembic_version", functools.cache(nbgrader.api.get_alembic_version))
        yield assignments.BUILT


class Recorded(Worker):
    """A process that grades, and its last result."""

    def grade(self, *arguments) -> dict:
        self.last = super().grade(*arguments)
        return self.last

    def points(self) -> list[float]:
        assert self.last["status"] == "graded", self.last
        return [exercise["points"] for exercise in self.last["exercises"].values()]


@pytest.fixture(scope="module")
def worker():
    """One process for all notebooks without TensorFlow: it imports each notebook's checks when it needs them."""
    worker = Recorded("00", tensorflow=False)
    yield worker
    worker.close()


def build_and_grade(number: str, worker: Recorded) -> dict:
    """Build an assignment, which grades the worked answers, then grade the students' version as it is."""
    about = assignments.build(number, PROTECTED, worker)
    expected = [exercise.points for exercise in registry.exercises(number)]
    assert worker.points() == expected
    worker.grade(assignments.release(number), about, ResourceLimits(), None if PROTECTED else [])
    assert worker.points() == [0] * len(expected)
    assert {exercise["status"] for exercise in worker.last["exercises"].values()} == {"not tried"}
    return about


@pytest.mark.parametrize("number", NUMPY)
def test_worked_answers_get_all_points_and_the_untouched_release_none(number, built, worker):
    about = build_and_grade(number, worker)
    assert about["judged_apart"] == [exercise.number for exercise in registry.exercises(number)], "all are judged apart"


def test_an_assignment_with_tensorflow(built):
    worker = Recorded(WITH_TENSORFLOW, tensorflow=True)
    try:
        about = build_and_grade(WITH_TENSORFLOW, worker)
    finally:
        worker.close()
    assert about["judged_apart"] == [1], "the other answers are networks, layers and files"


@pytest.mark.parametrize("number", registry.notebook_numbers())
def test_source_has_answers_tests_and_points(number):
    source, about = assignments._source(number)
    nbformat.validate(source)
    cells = {cell.id: cell for cell in source.cells}
    (notebook, solutions) = [
        {cell.id: cell for cell in notebooks.read(path).cells} for path in notebooks.find_notebooks([number])
    ]
    for exercise in registry.exercises(number):
        id = f"exercise-{exercise.number}"
        assert cells[id].source == solutions[id].source and cells[id].metadata.stub == notebook[id].source
        test = cells[f"{id}-test"]
        assert test.metadata.nbgrader.points == exercise.points and f"check.{exercise.__name__}(" in test.source
        assert list(cells).index(f"{id}-test") == list(cells).index(id) + 1
        assert about["exercises"][str(exercise.number)]["answers"].endswith(", {})")
    assert about["tensorflow"] == ("tensorflow=True" in solutions["exercises-start"].source)


def test_release_has_stubs_and_neither_answers_nor_tests(built, worker):
    assignments.load("01") if (built / "01").exists() else assignments.build("01", PROTECTED, worker)
    released = notebooks.read(assignments.release("01"))
    notebook = {cell.id: cell for cell in notebooks.read(notebooks.find_notebooks(["01"])[0]).cells}
    text = json.dumps(released)
    assert "HIDDEN" not in text and "SOLUTION" not in text and "verdict" not in text and '"stub"' not in text
    for number in range(1, 6):
        (stub,) = [cell for cell in released.cells if cell.id == f"exercise-{number}"]
        assert stub.source == notebook[stub.id].source and "..." in stub.source
        (test,) = [cell for cell in released.cells if cell.id == f"exercise-{number}-test"]
        assert test.source.startswith("#") and len(test.source.splitlines()) == 1
        assert test.metadata.editable is False and test.metadata.nbgrader.locked
    intro = released.cells[0].source
    assert "What can a single neuron decide?" in intro and "`01_assignment.ipynb`" in intro


def test_nbgrader_finds_no_fault_with_the_release(built, worker):
    """`nbgrader validate` would run it; here its own check of the cells' metadata, on both versions."""
    from nbgrader.preprocessors import CheckCellMetadata

    assignments.load("01") if (built / "01").exists() else assignments.build("01", PROTECTED, worker)
    for version in ("source", "release"):
        notebook = notebooks.read(built / "01" / version / "01" / "01_assignment.ipynb")
        CheckCellMetadata().preprocess(notebook, {})


def test_built_again_only_when_something_changed(built, worker, monkeypatch):
    assignments.build("00", PROTECTED, worker)
    calls = []
    monkeypatch.setattr(assignments, "build", lambda *arguments: calls.append(arguments) or {})
    assert assignments.load("00")["number"] == "00" and not calls
    monkeypatch.setattr(assignments, "version", lambda number: "another")
    assignments.load("00")
    (built / "00" / "assignment.json").write_text("{damaged")
    assignments.load("00")
    assert len(calls) == 2


def test_a_wrong_worked_answer_is_told_and_the_old_assignment_stays(built, worker, monkeypatch):
    assignments.build("00", PROTECTED, worker)
    before = (built / "00" / "assignment.json").read_text()
    source = assignments._source

    def with_a_mistake(number):
        notebook, about = source(number)
        (cell,) = [cell for cell in notebook.cells if cell.id == "exercise-1"]
        cell.source = "z = 17\ncheck.weighted_sum(z)"
        return notebook, about

    monkeypatch.setattr(assignments, "_source", with_a_mistake)
    with pytest.raises(assignments.AssignmentError, match="answer of exercise 1 in the solutions is not right: Multi"):
        assignments.build("00", PROTECTED, worker)
    assert (built / "00" / "assignment.json").read_text() == before
    assert [path.name for path in built.iterdir() if path.name.startswith(".new")] == []


@pytest.mark.parametrize(
    ("given", "message"),
    [(None, "Say NB=04"), ("", "Say NB=04"), ("99", "no exercises of a notebook '99'"), ("x", "'x'")],
)
def test_unknown_number(given, message, capsys):
    with pytest.raises(assignments.AssignmentError, match=re.escape(message)) as raised:
        assignments.check_number(given)
    assert "00, 01, 02" in str(raised.value)
    assert assignments.main([given] if given else []) == 1
    assert capsys.readouterr().err == f"{raised.value}\n"


def test_number_with_one_digit():
    assert assignments.check_number("4") == "04"


def test_answers_of_a_call():
    assert assignments.answers_of("check.line(w, b)") == "((w, b, ), {})"
    assert assignments.answers_of("check.line([1, w], b=2 * c)") == "(([1, w], ), {'b': 2 * c})"
    assert eval(assignments.answers_of("check.line()")) == ((), {})
