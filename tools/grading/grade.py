"""Grade a folder of submissions, in parallel, each in a process of its own that can do no harm.

Usage: python -m tools.grading.grade FOLDER [NUMBER] [--jobs 2] [--seconds 180] [--memory 2048] [--weak]
       (make grade SUBMISSIONS=folder NB=04)

    FOLDER/<student>/04_*.ipynb         what was handed in; only read
    FOLDER/grades_04/<student>.json     the result of each, with a sentence for each exercise
    FOLDER/grades_04.csv                points for each exercise and student, written again from these files

A notebook that crashes or hangs keeps the points of the exercises before, and the table says what happened. Each
result is written as soon as it is known, so nothing is lost when this program is killed, and the next call goes on from
there. A notebook is graded again when it has changed, or its assignment.

How a notebook is kept from doing harm, and where the limits of that are, is said in `sandbox.py` and `coordinator.py`.
Where no sandbox is possible, nothing is graded, unless --weak says that the notebooks are trusted. The column
`protection` of the table says how each was graded.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import sys
import threading
from pathlib import Path

from tools.grading import assignment as assignments
from tools.grading import sandbox, table
from tools.grading.assignment import AssignmentError
from tools.grading.coordinator import Worker
from tools.grading.sandbox import ResourceLimits


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make grade SUBMISSIONS=folder", description="Grade handed-in assignments.")
    parser.add_argument("folder", nargs="?", default="")
    parser.add_argument("number", nargs="?", default="", help="of the notebook; needed if the folder has several")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)) if sys.platform == "linux" else 2)
    parser.add_argument("--seconds", type=float, default=180.0, help="for each notebook")
    parser.add_argument("--memory", type=int, default=2048, help="in MB, for each notebook")
    parser.add_argument("--weak", action="store_true", help="grade without a sandbox: for notebooks that you trust")
    chosen = parser.parse_args(arguments)
    try:
        limits = ResourceLimits(seconds=chosen.seconds, memory=chosen.memory * 2**20)
        return grade_folder(chosen.folder, chosen.number, limits, max(1, chosen.jobs), chosen.weak)
    except AssignmentError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped. What is graded is kept; the same command goes on from here.", file=sys.stderr)
    return 1


def grade_folder(name: str, number: str, limits: ResourceLimits, jobs: int, weak: bool = False) -> int:
    """Grade what is not graded yet, and write the table. Returns 0, or 1 if something could not be graded."""
    folder = find_folder(name)
    if not weak:
        _check_protection(folder)
    handed_in, number = submissions(folder, number)
    assignment = assignments.load(number, protected=not weak)
    protection = "weak" if weak else "sandbox"
    note = {"key": table.key(assignment, limits, protection), "protection": protection}
    results = folder / f"grades_{number}"
    results.mkdir(exist_ok=True)
    os.chmod(results, 0o700)
    with open(results / ".lock", "w") as lock, assignments.in_use(number):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AssignmentError("These notebooks are being graded already, by another command.") from None
        for left_over in results.glob(".*.new"):
            left_over.unlink()
        todo = {student: files[0] for student, files in sorted(handed_in.items())
                if table.needs_grading(student, files, results, note["key"])}  # fmt: skip
        print(f"Assignment {number}: {len(handed_in)} students, {len(todo)} to grade.", flush=True)
        hidden = [str(folder), str(assignments.BUILT)] if weak else None
        failed = _grade_all(todo, results, note, assignment, limits, jobs, hidden)
        file = folder / f"grades_{number}.csv"
        rows = table.write_table(file, handed_in, results, assignment["exercises"])
    for student, problem in sorted(failed.items()):
        print(f"{student} could not be graded: {problem}. The same command tries it again.", file=sys.stderr)
    print(f"{rows} rows in {file}.")
    if weak:
        print("Protection: weak. Time and memory were limited, but code written for the purpose "
              "could have done anything.")  # fmt: skip
    else:
        print("Protection: each notebook had no network, and no files but its own and the course's.")
    inside = [n for n in assignment["exercises"] if int(n) not in assignment["judged_apart"]]
    if inside:
        print(f"Exercises {', '.join(inside)} were judged in the student's own process: code written for the purpose "
              "could give itself these points. Look at results that surprise you.")  # fmt: skip
    return 1 if failed else 0


def find_folder(name: str) -> Path:
    """The folder of submissions. Raises AssignmentError where there is none."""
    if not name:
        raise AssignmentError("Which folder? Say SUBMISSIONS=folder; it holds a folder for each student.")
    folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        raise AssignmentError(f"There is no folder {name}. SUBMISSIONS names the one that holds a folder per student.")
    return folder


def _check_protection(folder: Path) -> None:
    """Raises AssignmentError where notebooks would not be kept from the rest of the machine, and from each other."""
    if reason := sandbox.why_not():
        raise AssignmentError(
            f"Notebooks can't be kept from the rest of this machine: {reason}. "
            "Only if you trust all who handed in: make grade ... WEAK=yes."
        )
    if open_to_all := [path for path in sandbox.shown() if folder.is_relative_to(path)]:
        raise AssignmentError(f"The notebooks that are graded can read {open_to_all[0]}. Move the folder elsewhere.")


def submissions(folder: Path, number: str) -> tuple[dict[str, list[Path]], str]:
    """The files that each student handed in, by the name of the student's folder, and the number of the assignment."""
    students = sorted(
        path for path in folder.iterdir() if path.is_dir() and not re.match(r"\.|grades_\d\d$", path.name)
    )
    files = {path.name: sorted(path.glob("[0-9][0-9]_*.ipynb")) for path in students}
    found = sorted({file.name[:2] for of_one in files.values() for file in of_one})
    if not found:
        raise AssignmentError(f"No notebook was handed in: {folder} should hold files <student>/NN_*.ipynb.")
    if not number and len(found) > 1:
        raise AssignmentError(
            f"There are notebooks of several assignments: {', '.join(found)}. Choose one, NB={found[0]}."
        )
    number = assignments.check_number(number or found[0])
    if number not in found:
        raise AssignmentError(f"There is no notebook {number}_*.ipynb in {folder}; there are: {', '.join(found)}.")
    return {student: [file for file in of_one if file.name[:2] == number] for student, of_one in files.items()}, number


def _grade_all(todo: dict[str, Path], results: Path, note: dict, assignment: dict, limits: ResourceLimits, jobs: int,
               hidden: list[str] | None) -> dict[str, str]:  # fmt: skip
    """Grade with that many workers; returns the students that could not be graded, each with the reason."""
    number, failed = assignment["number"], {}
    students, done = iter(todo), iter(range(1, len(todo) + 1))  # of all threads together

    def work() -> None:
        worker = None
        for student in students:
            worker = worker or Worker(number, assignment["tensorflow"], str(assignments.BUILT / number))
            try:
                result = worker.grade(todo[student], assignment, limits, hidden)
            except RuntimeError as error:
                failed[student] = str(error)
                worker.close()
                worker = None
                continue
            table.write_result(results, student, note | result)
            points = sum(exercise["points"] for exercise in result["exercises"].values())
            print(f"[{next(done)}/{len(todo)}] {student}: {points:g} points, {result['status']}", flush=True)
        if worker:
            worker.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(jobs, len(todo)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
