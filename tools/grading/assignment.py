"""Build an nbgrader assignment from the exercises of a notebook and their solutions.

Usage: python -m tools.grading.assignment 04         (make assignment NB=04)

`build/assignments/04/` is then a course folder of nbgrader:

    source/04/04_assignment.ipynb    the instructor's version: worked answers, hidden tests, points
    release/04/04_assignment.ipynb   the students' version, made of it by nbgrader: stubs, no tests
    gradebook.db                     nbgrader's list of the cells
    assignment.json                  what `tools/grading/grade.py` needs

Nothing is written twice: texts and stubs come from the notebook, answers from its solutions, points from
`@exercise(points=...)`, and the hidden test of a cell is the check that its last line calls. nbgrader replaces answers
by one and the same line; a small step of our own puts the stub of each cell there instead.

Students need the course: they save the file in its folder `notebooks`, and the checks answer as always. An assignment
is built again when the notebook, its solutions or the packages that they use have changed.

Before it is finished, the worked answers are graded: all must get full points. This also shows which exercises can be
judged apart from the student's code (see `tools/grading/judging.py`).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat

from lecture_checks import registry
from tools import notebooks
from tools.grading import judging, sandbox

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "build" / "assignments"
INTRO = """# Assignment {number}: {title}

Put your answers in place of each `...` and run the cell: its last line checks them at once. You may try as often as you
like. Save this file in the folder `notebooks` of the course, and hand it in under its name, `{name}.ipynb`. You may add
cells. Cells without `...` are put back as they are here when it is graded."""
TEST = """# {points} when this is graded: the answer above is checked once more.
### BEGIN HIDDEN TESTS
verdict = {call}
assert verdict.status == "right", verdict
### END HIDDEN TESTS"""


class AssignmentError(Exception):
    """One sentence for the instructor: what is wrong and what to do next."""


def check_number(number: str | None) -> str:
    """The number in two digits. Raises AssignmentError for one that has no exercises."""
    known = registry.notebook_numbers()
    name = number.strip().zfill(2) if number else ""
    if name not in known:
        given = f"There are no exercises of a notebook {number!r}." if number else "Which notebook? Say NB=04."
        raise AssignmentError(f"{given} Notebooks with exercises: {', '.join(known)}.")
    return name


def version(number: str) -> str:
    """A hash that changes with anything an assignment is made of."""
    sources = [*notebooks.find_notebooks([number]), *sorted(ROOT.glob("lecture_*/**/*.py"))]
    own = [Path(__file__), Path(judging.__file__), ROOT / "data" / "SHA256SUMS"]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in [*sources, *own]]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def load(number: str, protected: bool = True) -> dict:
    """The assignment; built first when there is none, or when what it is made of has changed."""
    try:
        assignment = json.loads((BUILT / number / "assignment.json").read_text(encoding="utf-8"))
        if assignment["version"] == version(number) and Path(assignment["db"]).exists():
            return assignment
    except (OSError, ValueError, KeyError):
        pass
    return build(number, protected)


@contextmanager
def in_use(number: str, how: int = fcntl.LOCK_SH) -> Iterator[None]:
    """While an assignment is in use, nobody builds it anew."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with open(BUILT / f".{number}.lock", "w") as lock:
        fcntl.flock(lock, how)
        yield


def build(number: str, protected: bool = True, worker: judging.Worker | None = None) -> dict:
    """Build the folder of the assignment anew, and return what `assignment.json` says.

    Raises AssignmentError if a worked answer does not get its points, or nbgrader fails.
    """
    with in_use(number, fcntl.LOCK_EX), tempfile.TemporaryDirectory(dir=BUILT, prefix=".new-") as folder:
        place = Path(folder) / number
        notebook, assignment = _source(number)
        source = place / "source" / number / f"{assignment['notebook']}.ipynb"
        source.parent.mkdir(parents=True)
        source.write_text(notebooks.to_text(notebook), encoding="utf-8")
        assignment |= {"version": version(number), "db": str(place / "gradebook.db")}
        _generate(place, number)
        own = worker or judging.Worker(number, assignment["tensorflow"])
        try:
            assignment["apart"] = _judged_apart(assignment, source, protected, own)
        finally:
            if not worker:
                own.close()
        assignment["db"] = str(BUILT / number / "gradebook.db")
        judging.write_whole(place / "assignment.json", json.dumps(assignment, indent=1) + "\n")
        shutil.rmtree(BUILT / number, ignore_errors=True)
        os.replace(place, BUILT / number)
    return assignment


def release(number: str) -> Path:
    """The notebook for the students."""
    return BUILT / number / "release" / number / f"{number}_assignment.ipynb"


def _source(number: str) -> tuple[nbformat.NotebookNode, dict]:
    """nbgrader's source notebook, and what is to know of its exercises."""
    path, solutions = notebooks.find_notebooks([number])
    stubs = {cell.id: cell for cell in notebooks.read(path).cells}
    answers = {cell.id: cell for cell in notebooks.read(solutions).cells}
    title = stubs["title"].source.splitlines()[0].lstrip("# ")
    name = f"{number}_assignment"
    begin = re.search(r"^reproducible\.start\(.*\)$", answers["exercises-start"].source, re.MULTILINE)
    start = begin.group() if begin else "reproducible.start(seed=42)"
    set_up = 'import sys\n\nsys.path.insert(0, "..")  # the folder with lecture_utils\n'
    set_up += f"from lecture_utils import reproducible\n\n{start}"
    cells = [
        _cell("markdown", "intro", INTRO.format(number=number, title=title, name=name), locked=True),
        _cell("code", "set-up", set_up, locked=True),
        _cell("code", "exercises-start", stubs["exercises-start"].source, locked=True),
    ]
    exercises = {}
    for exercise in registry.exercises(number):
        id = f"exercise-{exercise.number}"
        stub = stubs[id].source
        call = stub.splitlines()[-1]
        points = "1 point" if exercise.points == 1 else f"{exercise.points} points"
        answer = _cell("code", id, answers[id].source, solution=True)
        answer.metadata["stub"] = stub
        test = TEST.format(points=points, call=call)
        cells += [
            _cell("markdown", f"{id}-text", stubs[f"{id}-text"].source, locked=True),
            answer,
            _cell("code", f"{id}-test", test, locked=True, grade=True, points=exercise.points),
        ]
        exercises[str(exercise.number)] = {
            "title": exercise.title, "points": exercise.points, "answers": judging.answers_of(call),
        }  # fmt: skip
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel), {
        "number": number,
        "notebook": name,
        "module": f"lecture_checks.notebook_{number}",
        "tensorflow": "tensorflow=True" in start,
        "start": [set_up, stubs["exercises-start"].source],
        "exercises": exercises,
    }


def _cell(kind: str, id: str, source: str, **nbgrader) -> nbformat.NotebookNode:
    new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    settings = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3} | nbgrader
    return new(source, id=id, metadata={"nbgrader": {"grade_id": id} | settings})


def _generate(place: Path, number: str) -> None:
    """Let nbgrader make the students' version and its list of the cells."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.converters import GenerateAssignment
    from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor
    from traitlets.config import Config

    class PutStubs(NbGraderPreprocessor):
        def preprocess_cell(self, cell, resources, index):
            cell.source = cell.metadata.pop("stub", cell.source)
            return cell, resources

    programs = str(Path(sys.executable).parent)  # nbgrader calls alembic by its name
    os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", "")])
    config = Config()
    config.CourseDirectory.root = str(place)
    steps = GenerateAssignment.preprocessors.default_args[0]
    config.GenerateAssignment.preprocessors = [PutStubs if step is ClearSolutions else step for step in steps]
    result = NbGraderAPI(config=config).generate_assignment(number)
    if not result["success"]:
        raise AssignmentError(f"nbgrader could not build assignment {number}:\n{result.get('log')}")


def _judged_apart(assignment: dict, source: Path, protected: bool, worker: judging.Worker) -> list[int]:
    """Grade the worked answers, apart and, where that fails, not. Returns which are right when judged apart."""
    apart = [int(number) for number in assignment["exercises"]]
    while True:
        job = {"notebook": str(source), "limits": vars(sandbox.Limits(seconds=600)), "protected": protected}
        try:
            result = worker.do(job | {"assignment": assignment | {"apart": apart}, "hidden": []})
        except RuntimeError as error:
            result = {"failed": error}
        if "failed" in result:
            raise AssignmentError(f"The worked answers could not be graded: {result['failed']}.")
        wrong = {int(number): x for number, x in result["exercises"].items() if x["status"] != "right"}
        for number, found in wrong.items():
            if number not in apart:
                said = f"{found['message']} {result['reason']}".strip()
                raise AssignmentError(f"The worked answer of exercise {number} in the solutions is not right: {said}")
        if not wrong:
            return apart
        apart = [number for number in apart if number not in wrong]


def main(arguments: list[str]) -> int:
    try:
        number = check_number(arguments[0] if arguments else None)
        assignment = build(number, protected=sandbox.why_not() is None)
    except AssignmentError as error:
        print(error, file=sys.stderr)
        return 1
    total = sum(exercise["points"] for exercise in assignment["exercises"].values())
    print(f"Assignment {number}: {len(assignment['exercises'])} exercises, {total} points.")
    print(f"For the students: {release(number).relative_to(ROOT)}")
    inside = [n for n in assignment["exercises"] if int(n) not in assignment["apart"]]
    if inside:
        print(
            f"Judged in the student's own process (networks, layers and files cannot be sent out): {', '.join(inside)}."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
