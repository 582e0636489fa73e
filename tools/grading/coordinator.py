"""Grade one notebook after the other: read it, start the processes that run and judge it, and watch them.

    coordinator --- forks ---> student   the notebook's cells run here, in a sandbox
                \\-- forks ---> judge     the checks run here, in another sandbox; no code of the student ever does

The student's process sends its answers to the judge as data (see `wire`), and only the judge speaks with the
coordinator. Networks and layers of Keras, and files, can't be sent. Exercises with such answers, known from the
solutions when the assignment is built (all that are not in its list `judged_apart`), are judged in the student's
process. There, code that was written for the purpose can forge its verdict on these exercises, and on these only.
Results say which they are. The checks themselves are no secret: students have `lecture_checks`.

`Worker` starts this file as a program. It imports everything once and then forks a coordinator for each notebook. It
never reads what was handed in, so that no fork has data of another student in its memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib import import_module
from multiprocessing import Pipe
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearOutput, DeduplicateIds, OverwriteCells
from sqlalchemy.exc import SQLAlchemyError

from lecture_checks import core, registry
from lecture_utils import reproducible
from tools.grading import sandbox, student
from tools.grading.audit_hook import AuditHookMode
from tools.grading.judge import Judge
from tools.grading.sandbox import ResourceLimits
from tools.grading.student import Cell
from tools.grading.wire import Channel

ROOT = Path(__file__).resolve().parents[2]
MAX_NOTEBOOK = 10 * 2**20  # bytes
MAX_CELLS = 500
CELL_SHARE = 1 / 3  # of the time of a notebook that one cell may take before it is stopped
NO_MORE_JOBS = 3  # exit code
POLL, LOOK = 0.05, 0.15  # seconds between looks at the judge's report, and at memory and processes


class Unreadable(Exception):
    """What was handed in cannot be graded; the message says why."""


def read_submission(text: bytes, assignment: dict) -> tuple[list[Cell], set[int]]:
    """The cells to run, and the numbers of the exercises whose cell is missing.

    nbgrader puts back everything that was not the student's to change. What is run: our own first cells, then the
    student's cells in their order.
    """
    if len(text) > MAX_NOTEBOOK:
        raise Unreadable(f"The file is too large ({len(text) / 2**20:.0f} MB).")
    try:
        notebook = nbformat.reads(text.decode("utf-8"), as_version=4)
        nbformat.validate(notebook)
    except Exception as error:
        raise Unreadable(f"The file is no notebook that can be read ({type(error).__name__}).") from None
    exercises = {f"exercise-{number}": int(number) for number in assignment["exercises"]}
    if not any(cell.metadata.get("nbgrader", {}).get("grade_id") in exercises for cell in notebook.cells):
        raise Unreadable(
            f"This is not the notebook of assignment {assignment['number']}: none of the cells for answers is in it."
        )
    if len(notebook.cells) > MAX_CELLS:
        raise Unreadable(f"The notebook has {len(notebook.cells)} cells; more than {MAX_CELLS} are not run.")
    resources = {"nbgrader": {"notebook": assignment["notebook"], "assignment": assignment["number"],
                              "db_url": f"sqlite:///{assignment['db']}"}}  # fmt: skip
    try:
        for step in (ClearOutput, DeduplicateIds, OverwriteCells):
            notebook, resources = step().preprocess(notebook, resources)
    except SQLAlchemyError:
        raise  # the list of the cells is not there: not the student's fault
    except Exception as error:
        raise Unreadable(f"nbgrader cannot read the notebook ({core.described(error)}).") from None
    cells, missing = [Cell(source) for source in assignment["start"]], set(exercises.values())
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or (about.get("locked") and about.get("grade_id")):
            continue
        number = exercises.get(about.get("grade_id"))
        missing.discard(number)
        cells.append(Cell(cell.source, number, assignment["exercises"][str(number)]["answers"] if number else ""))
    return cells, missing


def grade(text: bytes, assignment: dict, limits: ResourceLimits, audit: AuditHookMode | None = None) -> dict:
    """The result of what was handed in: status, reason, and for each exercise status, message and points."""
    began = time.monotonic()
    status, reason, verdicts, missing = "graded", "", {}, set()
    try:
        cells, missing = read_submission(text, assignment)
        status, reason, verdicts = run(cells, assignment, limits, audit)
    except Unreadable as error:
        status, reason = "unreadable", str(error)
    exercises = {}
    for number, about in assignment["exercises"].items():
        message = reason or "The cells of this exercise were not reached."
        verdict = verdicts.get(int(number), {"status": "not reached", "message": message})
        if int(number) in missing:
            verdict = {"status": "missing", "message": "The cell for the answer is missing in the notebook."}
        points = float(about["points"]) if verdict["status"] == "right" else 0.0
        exercises[number] = verdict | {
            "points": points, "of": about["points"], "judged apart": int(number) in assignment["judged_apart"],
        }  # fmt: skip
    return {"status": status, "reason": reason, "exercises": exercises, "seconds": round(time.monotonic() - began, 2)}


def run(cells: list[Cell], assignment: dict, limits: ResourceLimits, audit: AuditHookMode | None) -> tuple:
    """Start student and judge, watch both, and return status, reason and the verdicts by number."""
    reasons = {
        "timed out": f"It still ran after {limits.seconds:g} s.",
        "out of memory": f"It took more than {limits.memory / 2**20:.0f} MB.",
        "too many processes": f"It started more than {limits.processes} processes.",
    }
    sandbox.adopt_orphans()
    students_end, judges_end = Pipe()
    report, reports_end = Pipe(duplex=False)
    notebook, apart = assignment["number"], assignment["judged_apart"]

    def as_student() -> None:
        student.run_notebook(cells, notebook, apart, Channel(students_end), limits.seconds * CELL_SHARE)

    def as_judge() -> None:
        Judge(Channel(judges_end), Channel(reports_end), notebook, apart, limits.seconds).run()

    pid = sandbox.start(as_student, limits, [students_end.fileno()], audit)
    sandbox.start(as_judge, limits, [judges_end.fileno(), reports_end.fileno()], audit)
    for end in (students_end, judges_end, reports_end):
        end.close()
    reported, verdicts, problem = Channel(report), {}, None
    looked = time.monotonic()
    deadline = looked + limits.seconds
    try:
        while True:
            if report.poll(0 if problem else POLL):
                message = reported.receive()
                if "end" in message:
                    return "graded", "", verdicts
                verdicts[message.pop("exercise")] = message
            elif problem:
                return problem, reasons[problem], verdicts
            elif time.monotonic() > deadline:
                problem = "timed out"
            elif time.monotonic() > looked + LOOK:
                problem, looked = sandbox.exceeded(limits), time.monotonic()
    except EOFError:  # the judge has ended in the middle, most likely because the student's process has
        code = sandbox.exit_code(pid, deadline - time.monotonic())
    finally:
        sandbox.end_descendants()
    if code == sandbox.FAILED:
        raise RuntimeError("The sandbox could not be set up.")
    return "crashed", _how_it_ended(code), verdicts


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "The process sent what makes no sense."
    if 0 <= code <= 128:
        return f"The process ended itself in the middle, with the code {code}."
    number = -code if code < 0 else code - 128
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return f"The process was ended by {name}."


class Worker:
    """A process that grades one notebook after the other, for one assignment."""

    def __init__(self, number: str, tensorflow: bool, built: str = ""):
        """`built` is the folder of the assignment, if there is one yet: the first notebook then takes less long."""
        kept = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
        env = {name: os.environ[name] for name in kept if name in os.environ}
        env |= {"LECTURE_PROGRESS": "off", "MPLBACKEND": "Agg", "HOME": "/nonexistent"}
        command = [sys.executable, "-m", "tools.grading.coordinator", number, "tensorflow" if tensorflow else "", built]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=ROOT, text=True
        )

    def grade(self, notebook: Path, assignment: dict, limits: ResourceLimits, hidden: list[str] | None = None) -> dict:
        """The result for a file. `hidden` is for the weak mode: folders that must not be opened.

        Raises RuntimeError when it could not be graded; then this worker may have ended.
        """
        job = {"notebook": str(notebook), "assignment": assignment, "limits": vars(limits), "hidden": hidden}
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            said = self.process.stderr.read().strip().splitlines()
            raise RuntimeError(said[-1] if said else "the process that grades was ended")
        result = json.loads(answer)
        if "failed" in result:
            raise RuntimeError(result["failed"])
        return result

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            with suppress(OSError):
                pipe.close()


def _do(line: str) -> None:
    """Do the job that a worker was given, and print the result as a line of JSON."""
    job = json.loads(line)
    try:
        text = Path(job["notebook"]).read_bytes()
        with tempfile.TemporaryDirectory(prefix="graded-") as folder:
            audit = None if job["hidden"] is None else AuditHookMode(folder, job["hidden"])
            result = grade(text, job["assignment"], ResourceLimits(**job["limits"]), audit)
        result["sha256"] = hashlib.sha256(text).hexdigest()
    except Exception as error:
        result = {"failed": core.described(error)}
    print(json.dumps(result), flush=True)


def main(number: str, tensorflow: str, built: str) -> None:
    """Import everything, and once do what takes longer the first time; then fork a coordinator for each job."""
    sandbox.die_with_parent()
    if tensorflow:
        reproducible.import_tensorflow_quietly()
    registry.exercises(number)
    import_module("matplotlib.pyplot")
    student.Shell.instance()
    if built:  # with the students' version, which is ours
        assignment = json.loads(Path(built, "assignment.json").read_text(encoding="utf-8"))
        read_submission(next(Path(built).glob("release/*/*.ipynb")).read_bytes(), assignment)
    while True:
        select.select([0], [], [])
        pid = os.fork()
        if pid == 0:
            sandbox.die_with_parent()
            with open(0, "rb", buffering=0, closefd=False) as jobs:  # without a buffer: the next job is for the next
                line = jobs.readline()
            if line:
                _do(line.decode())
            os._exit(0 if line else NO_MORE_JOBS)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code == NO_MORE_JOBS:
            return
        if code:
            print(json.dumps({"failed": f"the coordinator ended with the code {code}"}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
