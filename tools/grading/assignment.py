"""Build an nbgrader assignment from the exercises of a notebook and their solutions.

Usage: python -m tools.grading.assignment 04         (make assignment NB=04)

`build/assignments/04/` is then a course folder of nbgrader:

    source/04/04_assignment.ipynb    the instructor's version: worked answers, hidden tests, points
    release/04/04_assignment.ipynb   the students' version, which nbgrader makes of it: stubs, no tests
    gradebook.db                     nbgrader's list of the cells
    assignment.json                  what `grade.py` needs

Nothing is written twice: texts and stubs come from the notebook, answers from its solutions, points from
`@exercise(points=...)`, and the hidden test of a cell is the check that its last line calls. nbgrader would replace
every answer by the same line; a small step of our own puts the stub of each cell there instead.

Before it is finished, the worked answers are graded: all must get full points. This also shows which exercises can be
judged apart from the student's code (see `coordinator.py`).
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import nbformat

from lecture_checks import registry
from tools import notebooks
from tools.grading import sandbox
from tools.grading.coordinator import Worker
from tools.grading.sandbox import ResourceLimits

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "build" / "assignments"
INTRO = """# Assignment {number}: {title}

Write your answers instead of the `...` and run the cell: its last line checks them at once. You may try as often as you
like. Save this file in the folder `notebooks` of the course, and hand it in under its name, `{name}.ipynb`. You may add
cells. Cells without `...` are put back as they are here when it is graded."""
SET_UP = """import sys

sys.path.insert(0, "..")  # the folder with lecture_utils
from lecture_utils import reproducible

{start}"""
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
    sources = [*notebooks.find_notebooks([number]), ROOT / "data" / "SHA256SUMS"]
    sources += sorted([*ROOT.glob("lecture_*/**/*.py"), *Path(__file__).parent.glob("*.py")])
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sources]
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
    """While an assignment is in use, nobody builds it again."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with open(BUILT / f".{number}.lock", "w") as lock:
        fcntl.flock(lock, how)
        yield


def build(number: str, protected: bool = True, worker: Worker | None = None) -> dict:
    """Build the folder of the assignment, also if there is one, and return what `assignment.json` says.

    Raises AssignmentError if a worked answer does not get its points, or nbgrader fails.
    """
    with in_use(number, fcntl.LOCK_EX), tempfile.TemporaryDirectory(dir=BUILT, prefix=".new-") as folder:
        place = Path(folder) / number
        notebook, assignment = _source(number)
        source = place / "source" / number / f"{assignment['notebook']}.ipynb"
        source.parent.mkdir(parents=True)
        source.write_text(notebooks.to_text(notebook), encoding="utf-8")
        _generate(place, number)
        assignment |= {"version": version(number), "db": str(place / "gradebook.db")}
        with nullcontext(worker) if worker else closing(Worker(number, assignment["tensorflow"])) as grader:
            assignment["judged_apart"] = _judged_apart(assignment, source, protected, grader)
        assignment["db"] = str(BUILT / number / "gradebook.db")
        (place / "assignment.json").write_text(json.dumps(assignment, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(BUILT / number, ignore_errors=True)
        os.replace(place, BUILT / number)
    return assignment


def release(number: str) -> Path:
    """The notebook for the students."""
    return BUILT / number / "release" / number / f"{number}_assignment.ipynb"


def answers_of(call: str) -> str:
    """What the last line of a stub hands to its check, as an expression: "check.line(w, b)" gives "((w, b, ), {})"."""
    expression = ast.parse(call, mode="eval").body
    given = "".join(f"{ast.unparse(argument)}, " for argument in expression.args)
    named = ", ".join(f"{word.arg!r}: {ast.unparse(word.value)}" for word in expression.keywords)
    return f"(({given}), {{{named}}})"


def _source(number: str) -> tuple[nbformat.NotebookNode, dict]:
    """nbgrader's source notebook, and what is to know of its exercises."""
    path, solutions = notebooks.find_notebooks([number])
    stubs = {cell.id: cell.source for cell in notebooks.read(path).cells}
    answers = {cell.id: cell.source for cell in notebooks.read(solutions).cells}
    title = stubs["title"].splitlines()[0].lstrip("# ")
    name = f"{number}_assignment"
    begin = re.search(r"^reproducible\.start\(.*\)$", answers["exercises-start"], re.MULTILINE)
    start = begin.group() if begin else "reproducible.start(seed=42)"
    set_up = SET_UP.format(start=start)
    cells = [
        _cell("markdown", "intro", INTRO.format(number=number, title=title, name=name), locked=True),
        _cell("code", "set-up", set_up, locked=True),
        _cell("code", "exercises-start", stubs["exercises-start"], locked=True),
    ]
    exercises = {}
    for exercise in registry.exercises(number):
        id = f"exercise-{exercise.number}"
        call = stubs[id].splitlines()[-1]
        points = "1 point" if exercise.points == 1 else f"{exercise.points} points"
        answer = _cell("code", id, answers[id], solution=True)
        answer.metadata["stub"] = stubs[id]
        test = TEST.format(points=points, call=call)
        cells += [
            _cell("markdown", f"{id}-text", stubs[f"{id}-text"], locked=True),
            answer,
            _cell("code", f"{id}-test", test, locked=True, grade=True, points=exercise.points),
        ]
        about = {"title": exercise.title, "points": exercise.points, "answers": answers_of(call)}
        exercises[str(exercise.number)] = about
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel), {
        "number": number,
        "notebook": name,
        "tensorflow": "tensorflow=True" in start,
        "start": [set_up, stubs["exercises-start"]],
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


def _judged_apart(assignment: dict, source: Path, protected: bool, worker: Worker) -> list[int]:
    """Grade the worked answers, apart and, where that fails, not. Returns which are right when judged apart."""
    apart, limits = [int(number) for number in assignment["exercises"]], ResourceLimits(seconds=600)
    while True:
        try:
            result = worker.grade(source, assignment | {"judged_apart": apart}, limits, None if protected else [])
        except RuntimeError as error:
            raise AssignmentError(f"The worked answers could not be graded: {error}.") from None
        wrong = {int(number): x for number, x in result["exercises"].items() if x["status"] != "right"}
        for number in set(wrong) - set(apart):
            said = f"{wrong[number]['message']} {result['reason']}".strip()
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
    inside = [n for n in assignment["exercises"] if int(n) not in assignment["judged_apart"]]
    if inside:
        print(f"Judged in the student's own process (networks, layers and files can't be sent out): "
              f"{', '.join(inside)}.")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
