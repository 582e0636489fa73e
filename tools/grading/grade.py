"""Grade a folder of handed-in assignments, in parallel, each in a process of its own that can harm nobody.

Usage: python -m tools.grading.grade FOLDER [NUMBER] [--jobs 2] [--seconds 180] [--memory 2048] [--weak]
       (make grade SUBMISSIONS=folder NB=04)

    FOLDER/<student>/04_*.ipynb         what was handed in; only read
    FOLDER/grades_04/<student>.json     the result of each, with a sentence for each exercise
    FOLDER/grades_04.csv                points for each exercise and student, made anew from these files

What one notebook does costs only itself: it gets the points of the exercises that were judged before, and the table
says what happened. A result is written as soon as it is known and as a whole, so that nothing is lost when this program
is killed; the next call goes on where it stopped. A notebook that was changed, or whose assignment was, is graded anew.

How a notebook is kept from the others, and where the limits of that are, stands in `sandbox.py` and `judging.py`.
Where no sandbox is possible, nothing is graded, unless --weak says that the notebooks are trusted;
the column `protection` of the table says how each was graded.
"""

from __future__ import annotations

import argparse
import csv
import fcntl
import hashlib
import io
import json
import os
import re
import sys
import threading
from pathlib import Path
from queue import Empty, SimpleQueue

from tools.grading import assignment as assignments
from tools.grading import judging, sandbox
from tools.grading.assignment import AssignmentError


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
        limits = sandbox.Limits(seconds=chosen.seconds, memory=chosen.memory * 2**20)
        return grade_folder(chosen.folder, chosen.number, limits, max(1, chosen.jobs), chosen.weak)
    except AssignmentError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped. What is graded is kept; the same command goes on from here.", file=sys.stderr)
    return 1


def grade_folder(name: str, number: str, limits: sandbox.Limits, jobs: int, weak: bool = False) -> int:
    """Grade what is not graded yet, and write the table. Returns 0, or 1 if something could not be graded."""
    folder = find_folder(name)
    reason = None if weak else sandbox.why_not()
    if reason:
        raise AssignmentError(
            f"Notebooks cannot be kept apart from the rest of this machine: {reason}. Grade on Linux, where user "
            "namespaces are permitted, or as root. Only if you trust all who handed in: make grade ... WEAK=yes."
        )
    if not weak and (open_to_all := [path for path in sandbox.shown() if folder.is_relative_to(path)]):
        raise AssignmentError(f"The notebooks that are graded can read {open_to_all[0]}. Move the folder elsewhere.")
    handed_in, number = submissions(folder, number)
    about = assignments.load(number, protected=not weak)
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
        protection = "weak" if weak else "sandbox"
        todo = [x for x in sorted(handed_in) if needs_grading(x, handed_in[x], results, about, limits, protection)]
        print(f"Assignment {number}: {len(handed_in)} students, {len(todo)} to grade.", flush=True)
        failed = _grade_all(todo, handed_in, results, about, limits, jobs, protection)
        table = folder / f"grades_{number}.csv"
        rows = write_table(table, handed_in, results, about)
    for student, problem in sorted(failed.items()):
        print(f"{student} could not be graded: {problem}. The same command tries it again.", file=sys.stderr)
    inside = [n for n in about["exercises"] if int(n) not in about["apart"]]
    print(f"{rows} rows in {table}.")
    if weak:
        print(
            "Protection: weak. Time and memory were limited, but code written for the purpose could have done anything."
        )
    else:
        print("Protection: each notebook had no network, and no files but its own and the course's.")
    if inside:
        print(f"Exercises {', '.join(inside)} were judged in the student's own process: code written for the purpose "
              "could give itself these points. Look at notebooks that surprise you.")  # fmt: skip
    return 1 if failed else 0


def find_folder(name: str) -> Path:
    """The folder of submissions. Raises AssignmentError where there is none."""
    if not name:
        raise AssignmentError("Which folder? Say SUBMISSIONS=folder; it holds a folder for each student.")
    folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        raise AssignmentError(f"There is no folder {name}. SUBMISSIONS names the one that holds a folder per student.")
    return folder


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


def needs_grading(
    student: str, files: list[Path], results: Path, about: dict, limits: sandbox.Limits, protection: str
) -> bool:
    """Whether there is one file, and no result yet for this content, this assignment, these limits."""
    if len(files) != 1:
        return False
    result = read_result(results, student)
    return not result or result["key"] != _key(about, limits, protection) or result["sha256"] != _sha256(files[0])


def read_result(results: Path, student: str) -> dict | None:
    try:
        result = json.loads((results / f"{student}.json").read_text(encoding="utf-8"))
        return result if {"key", "sha256", "exercises", "status", "reason"} <= set(result) else None
    except (OSError, ValueError, TypeError):
        return None


def _sha256(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def _key(about: dict, limits: sandbox.Limits, protection: str) -> str:
    """Results with another key were made under other conditions."""
    return hashlib.sha256(f"{about['version']} {limits} {protection}".encode()).hexdigest()[:16]


def _grade_all(
    todo: list[str], files: dict, results: Path, about: dict, limits: sandbox.Limits, jobs: int, protection: str
) -> dict[str, str]:
    """Grade with so many processes at once; returns the students that could not be graded, each with the reason."""
    queue: SimpleQueue = SimpleQueue()
    for student in todo:
        queue.put(student)
    failed: dict[str, str] = {}
    done = iter(range(1, len(todo) + 1))
    common = {"assignment": about, "limits": vars(limits), "protected": protection == "sandbox",
              "hidden": [str(results.parent), str(assignments.BUILT)]}  # fmt: skip

    def work() -> None:
        worker = None
        while True:
            try:
                student = queue.get_nowait()
            except Empty:
                break
            worker = worker or judging.Worker(
                about["number"], about["tensorflow"], str(assignments.BUILT / about["number"])
            )
            note = {"student": student, "key": _key(about, limits, protection), "protection": protection}
            job = {"notebook": str(files[student][0]), "result": str(results / f"{student}.json"), "about": note}
            try:
                result = worker.do(common | job)
            except RuntimeError as error:
                worker.close()
                worker, result = None, {"failed": str(error)}
            if "failed" in result:
                failed[student] = result["failed"]
            else:
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


def write_table(table: Path, handed_in: dict[str, list[Path]], results: Path, about: dict) -> int:
    """Write the CSV from the results, sorted by student; returns the number of rows."""
    exercises = about["exercises"]
    header = ["student", *[f"{n}. {x['title']} ({x['points']:g})" for n, x in exercises.items()]]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [*header, f"total ({sum(x['points'] for x in exercises.values()):g})", "status", "reason", "protection"]
    )
    for student in sorted(handed_in):
        files, result = handed_in[student], read_result(results, student)
        if len(files) != 1:
            several = f"There are {len(files)} notebooks: {', '.join(file.name for file in files)}. Keep one."
            status, reason = ("several files", several) if files else ("nothing handed in", "")
            points, protection = [0.0] * len(exercises), ""
        elif result is None:
            status, reason, points, protection = "not graded", "", [""] * len(exercises), ""
        else:
            points = [result["exercises"][n]["points"] for n in exercises]
            status, protection = result["status"], result["protection"]
            reason = " ".join([result["reason"], *_reasons(result)]).strip()
        total = sum(points) if "" not in points else ""
        numbers = [f"{x:g}" if x != "" else "" for x in [*points, total]]
        writer.writerow([_plain(student), *numbers, status, _plain(reason), protection])
    judging.write_whole(table, text.getvalue())
    return len(handed_in)


def _reasons(result: dict) -> list[str]:
    """Why points are missing: a sentence for each exercise that was tried and is not right."""
    if result["status"] == "unreadable":
        return []
    silent = ("right", "not reached")
    return [f"Exercise {n}: {x['message']}" for n, x in result["exercises"].items() if x["status"] not in silent]


def _plain(text: str) -> str:
    """One line, and nothing that a spreadsheet takes for a formula."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"'{line}" if line[:1] in ("=", "+", "-", "@") else line


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
