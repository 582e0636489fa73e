"""Grading of what was handed in, end to end: good, wrong, broken and hostile notebooks, and 200 copies.

The sandbox is tested where the machine allows one: always in CI, which runs on Linux.
"""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from tools import notebooks
from tools.grading import assignment as assignments
from tools.grading import grade, sandbox, table
from tools.grading.coordinator import Worker
from tools.grading.sandbox import ResourceLimits

ROOT = Path(__file__).resolve().parents[3]
NO_SANDBOX = None if os.environ.get("CI") else sandbox.why_not()
pytestmark = pytest.mark.skipif(bool(NO_SANDBOX), reason=f"no sandbox here: {NO_SANDBOX}")
LIMITS = ResourceLimits(seconds=6, memory=400 * 2**20)
MARK = "marked-process-of-a-test"

GOOD = {
    1: "z = [-0.5, -1.5, 1.5, 0.5]\noutputs = [0, 0, 1, 1]",
    2: "w = [-1, -1, -1]\nb = 1.5",
    3: "wrong_case = (0, 0)\nb = -0.5\nsgn_outputs = [0, 1, 1, 1]",
    4: "w = [-1, -2]\nb = 2",
    5: "def probability(X, w, b):\n    return 1 / (1 + np.exp(-(X @ w + b)))",
}
WRONG = {
    1: "z = [0, -1, 2, 1]\noutputs = [0, 0, 1, 1]",
    2: "w = [1, 1, 1]\nb = -1.5",
    3: "wrong_case = (1, 1)\nb = -0.5\nsgn_outputs = [0, 1, 1, 1]",
    4: "w = [1, 2]\nb = -2",
    5: "def probability(X, w, b):\n    return X @ w + b",
}
FORGED = """z = outputs = w = b = 0
import builtins, gc, sys
from lecture_checks import core, expect
right = core.Verdict(1, "right", "Forged.")
for thing in gc.get_objects():
    if type(thing) is core.Exercise:
        thing.judge = lambda *_: "Forged."
core.Exercise.judge_answer = core.Exercise.__call__ = lambda *_, **__: right
core.close = check.close = np.allclose = np.isclose = lambda *_, **__: True
expect.array = lambda name, value, shape: np.zeros(shape)
core.Verdict.__init__ = lambda self, *_: self.__dict__.update(number=1, status="right", message="", hint=None)
sys.modules["nbgrader"] = sys.modules["tools.grading.judge"] = None
builtins.all = builtins.any = lambda _: True"""
SHOUTED = """import json, os
z = outputs = 0
for number in range(3, 256):
    for line in [{"exercise": n, "status": "right", "message": "Forged.", "points": 9} for n in range(1, 6)]:
        try:
            os.write(number, (json.dumps(line) + "\\n").encode())
        except OSError:
            pass
print("Exercise 1: right.")"""
LIED = """z = outputs = 0
import gc
(channel,) = [thing for thing in gc.get_objects() if type(thing).__name__ == "Channel"]
for n in range(1, 6):
    lie = {"exercise": n, "error": None, "status": "right", "message": "Forged.", "verdict": "right", "points": 9}
    channel.send(lie)
    channel.receive()"""
LOOKED = """import glob, os
seen = glob.glob("../*/*.ipynb") + glob.glob("../../*/*.ipynb") + glob.glob("SUBMISSIONS/*")
for file in ("SUBMISSIONS/good/01_assignment.ipynb", "SUBMISSIONS/grades_01.csv", "GRADEBOOK", "../good/01_x.ipynb"):
    try:
        seen.append(open(file).read()[:100])
    except OSError:
        pass
seen += [text for text in map(str, os.environ.values()) if "SUBMISSIONS" in text]
seen += [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
assert not seen, seen[:3]"""
WROTE = """import os
wrote = []
for file in ("SUBMISSIONS/grades_01.csv", "SUBMISSIONS/grades_01/good.json", "SUBMISSIONS/good/01_assignment.ipynb",
             "GRADEBOOK", "PROJECT/lecture_checks/notebook_01.py", np.__file__):
    try:
        open(file, "a").write("x")
        wrote.append(file)
    except OSError:
        pass
assert not wrote, wrote"""
CONNECTED = """import socket
for address in [("PORT-HOST", 1), ("1.1.1.1", 53), ("127.0.0.1", PORT)]:
    try:
        socket.create_connection(address, timeout=1)
    except OSError:
        continue
    raise ValueError(f"connected to {address}")"""
STAYED = f"""import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/bin/sh", ["/bin/sh", "-c", "sleep 300; : {MARK}"])
    os._exit(0)"""
KILLED = """import os, signal
for pid in [os.getppid(), 1, -1, *range(2, 40)]:
    if pid != os.getpid():
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass"""
DEAF = "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\ntime.sleep(1000)"
BOMB = "import os\nwhile True:\n    try:\n        os.fork()\n    except BaseException:\n        pass"
CHILDREN = """import os, time
for _ in range(12):
    if os.fork() == 0:
        kept = [b"x" * 2**20 * 60]
        time.sleep(1000)
time.sleep(1000)"""
PRINTED = "import os\nfor _ in range(2000):\n    print('x' * 10**6)\n    os.write(1, b'x' * 10**6)"
FILLED = "with open('/tmp/full', 'wb') as file:\n    while True:\n        file.write(b'x' * 10**7)"

# name: (answers that are not good, points of the exercises, status, what the reason says)
KINDS = {
    "good": ({}, [1, 2, 2, 2, 2], "graded", "^$"),
    "wrong": (WRONG, [0, 0, 0, 0, 0], "graded", "bias belongs to them.*exactly where it should say 0.*weighted sum"),
    "partly": ({2: WRONG[2], 5: WRONG[5]}, [1, 0, 2, 2, 0], "graded", "^Exercise 2: It says 1.* Exercise 5: This is"),
    "untouched": (dict.fromkeys(GOOD), [0] * 5, "graded", "Put your answer in place of each"),
    "no-syntax": ({1: "z = (\noutputs = 1"}, [0, 2, 2, 2, 2], "graded", "The cell stopped with SyntaxError"),
    "raises": ({4: "w, b = 1 / 0, 2"}, [1, 2, 2, 0, 2], "graded", "Exercise 4: .*The cell stopped with ZeroDivision"),
    "crashes": ({3: "import ctypes\nctypes.string_at(0)"}, [1, 2, 0, 0, 0], "crashed", "SIGSEGV"),
    "exits": ({3: "print('right')\nimport os\nos._exit(0)"}, [1, 2, 0, 0, 0], "crashed", "ended itself .* code 0"),
    "quits": ({3: "raise SystemExit"}, [1, 2, 0, 2, 2], "graded", "Exercise 3: The cell stopped with SystemExit"),
    "loops": ({3: "while True:\n    pass"}, [1, 2, 0, 2, 2], "graded", "Exercise 3: The cell was stopped"),
    "loops-in-function": ({5: "def probability(X, w, b):\n    while True: pass"}, [1, 2, 2, 2, 0], "graded",
                          "`probability` was stopped: it still ran"),
    "hangs": ({3: DEAF}, [1, 2, 0, 0, 0], "timed out", "^It still ran after 6 s"),
    "memory": ({2: "x = np.ones(10**8)"}, [1, 0, 2, 2, 2], "graded", "MemoryError"),
    "memory-of-children": ({2: CHILDREN}, [1, 0, 0, 0, 0], "out of memory", "more than 400 MB"),
    "disk": ({2: FILLED}, [1, 0, 2, 2, 2], "graded", "Exercise 2: The cell stopped with OSError"),
    "forks": ({2: BOMB}, [1, 0, 0, 0, 0], "too many processes", "more than 64 processes"),
    "prints": ({1: PRINTED + "\n" + GOOD[1]}, [1, 2, 2, 2, 2], "graded", "^$"),
    "looks": ({2: LOOKED + "\n" + GOOD[2]}, [1, 2, 2, 2, 2], "graded", "^$"),
    "writes": ({2: WROTE + "\n" + GOOD[2]}, [1, 2, 2, 2, 2], "graded", "^$"),
    "connects": ({2: CONNECTED + "\n" + GOOD[2]}, [1, 2, 2, 2, 2], "graded", "^$"),
    "stays": ({2: STAYED + "\n" + GOOD[2]}, [1, 2, 2, 2, 2], "graded", "^$"),
    "kills": ({2: KILLED + "\n" + GOOD[2]}, [1, 2, 2, 2, 2], "graded", "^$"),
    "forges": ({1: FORGED, 2: "pass", 4: WRONG[4], 5: WRONG[5]}, [0, 0, 2, 0, 0], "graded", "single number.*single"),
    "shouts": ({1: SHOUTED}, [0] * 5, "crashed", "."),
    "lies": ({1: LIED}, [0] * 5, "", "."),
}  # fmt: skip


def notebook(number: str, change: dict[int, str | None], good: dict[int, str]) -> nbformat.NotebookNode:
    """The released notebook of an assignment, filled in with the good answers, but for the changed ones."""
    released = notebooks.read(assignments.release(number))
    for n, answer in (good | change).items():
        cell = cell_of(released, f"exercise-{n}")
        if answer is not None:
            cell.source = f"{answer}\n\n{cell.source.splitlines()[-1]}"
    return released


def cell_of(of_notebook: nbformat.NotebookNode, id: str) -> nbformat.NotebookNode:
    return next(cell for cell in of_notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == id)


def hand_in(
    folder: Path, student: str, content: nbformat.NotebookNode | str, name: str = "01_assignment.ipynb"
) -> Path:
    (folder / student).mkdir(parents=True, exist_ok=True)
    path = folder / student / name
    path.write_text(content if isinstance(content, str) else notebooks.to_text(content), encoding="utf-8")
    return path


def table_of(folder: Path, number: str = "01") -> dict[str, dict[str, str]]:
    with open(folder / f"grades_{number}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["student"] for row in rows] == sorted(row["student"] for row in rows)
    assert len({row["student"] for row in rows}) == len(rows)
    return {row["student"]: row for row in rows}


def points(row: dict[str, str]) -> list[float]:
    return [float(value) for name, value in row.items() if name[0].isdigit() or name.startswith("total")]


def run_grade(folder: Path, *options: str, **more) -> subprocess.Popen:
    """`make grade` as a program of its own, with the assignments of this test."""
    code = (
        "import sys; from pathlib import Path; from tools.grading import assignment, grade; "
        f"assignment.BUILT = Path({str(assignments.BUILT)!r}); sys.exit(grade.main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, str(folder), *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assignments, "BUILT", tmp_path_factory.mktemp("built"))
        assignments.build("01")
        yield assignments.BUILT


@pytest.fixture(scope="module")
def graded(built, tmp_path_factory):
    """A folder with a notebook of each kind, graded: the rows of its table."""
    import socket

    folder = tmp_path_factory.mktemp("handed") / "in"
    listening = socket.create_server(("127.0.0.1", 0))
    words = {"SUBMISSIONS": str(folder), "GRADEBOOK": str(built / "01" / "gradebook.db"), "PROJECT": str(ROOT),
             "PORT-HOST": socket.gethostname(), "PORT": str(listening.getsockname()[1])}  # fmt: skip
    for name, (change, *_) in KINDS.items():
        filled = notebook("01", change, GOOD)
        for cell in filled.cells:
            for word, value in words.items():
                cell.source = cell.source.replace(word, value)
        hand_in(folder, name, filled)
    edited = notebook("01", {1: WRONG[1]}, GOOD)
    cell_of(edited, "exercise-1-test").source = "pass"
    cell_of(edited, "exercise-2-test").metadata.nbgrader.points = 100
    cell_of(edited, "exercises-start").source = "np = None"
    hand_in(folder, "edited-tests", edited)
    fewer = notebook("01", {}, GOOD)
    gone = ("exercise-2", "exercise-3-test", "set-up")
    fewer.cells = [cell for cell in fewer.cells if cell.metadata.nbgrader.grade_id not in gone]
    hand_in(folder, "missing-cells", fewer)
    more = notebook("01", {5: "def probability(X, w, b):\n    return helper(X @ w + b)"}, GOOD)
    more.cells.insert(3, nbformat.v4.new_code_cell("def helper(z):\n    return 1 / (1 + np.exp(-z))\n%time 1 + 1"))
    hand_in(folder, "own-cells", more)
    hand_in(folder, "no-json", "{not json")
    hand_in(folder, "no-notebook", '{"cells": 3}')
    hand_in(folder, "deep", "[" * 200_000)
    hand_in(folder, "course-notebook", notebooks.read(notebooks.find_notebooks(["01"])[0]), "01_threshold.ipynb")
    hand_in(folder, "=1+1", notebook("01", {}, GOOD))
    hand_in(folder, "two-files", notebook("01", {}, GOOD))
    hand_in(folder, "two-files", notebook("01", {}, GOOD), "01_copy.ipynb")
    (folder / "nothing").mkdir()
    before = {path: path.read_bytes() for path in folder.rglob("*.ipynb")}
    assert grade.grade_folder(str(folder), "", LIMITS, 2) == 0
    assert {path: path.read_bytes() for path in folder.rglob("*.ipynb")} == before
    listening.close()
    return table_of(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_kind(kind, graded):
    _, expected, status, reason = KINDS[kind]
    row = graded[kind]
    assert re.search(reason, row["reason"]), row["reason"]
    assert points(row) == [*expected, sum(expected)], row["reason"]
    assert row["status"] == status or not status
    assert row["protection"] == "sandbox" and "\n" not in row["reason"]


@pytest.mark.parametrize(
    ("student", "expected", "status", "reason"),
    [
        ("edited-tests", [0, 2, 2, 2, 2], "graded", "Exercise 1: The sums are right up to one thing"),
        ("missing-cells", [1, 0, 2, 2, 2], "graded", "Exercise 2: The cell for the answer is missing"),
        ("own-cells", [1, 2, 2, 2, 2], "graded", ""),
        ("no-json", [0] * 5, "unreadable", "no notebook that can be read"),
        ("no-notebook", [0] * 5, "unreadable", "no notebook that can be read"),
        ("deep", [0] * 5, "unreadable", "no notebook that can be read"),
        ("course-notebook", [0] * 5, "unreadable", "This is not the notebook of assignment 01"),
        ("'=1+1", [1, 2, 2, 2, 2], "graded", ""),
        ("two-files", [0] * 5, "several files", "01_assignment.ipynb, 01_copy.ipynb. Keep one."),
        ("nothing", [0] * 5, "nothing handed in", ""),
    ],
)
def test_files(student, expected, status, reason, graded):
    row = graded[student]
    assert points(row) == [*expected, sum(expected)] and row["status"] == status and reason in row["reason"]


def test_nothing_is_left_running(graded):
    found = [p.info for p in psutil.process_iter(["cmdline"]) if MARK in " ".join(p.info["cmdline"] or [])]
    assert not found


def test_header(graded):
    names = list(graded["good"])
    assert names[:3] == ["student", "1. Four cases by hand (1)", "2. At most one (2)"]
    assert names[6:] == ["total (9)", "status", "reason", "protection"]


# Going on where it stopped.


def test_graded_again_only_what_changed(built, tmp_path, capsys):
    for student in ("same", "changed", "damaged"):
        hand_in(tmp_path, student, notebook("01", {}, GOOD))
    assert grade.main([str(tmp_path), "01", "--jobs", "1"]) == 0
    results = tmp_path / "grades_01"
    first = (results / "same.json").stat().st_mtime_ns
    hand_in(tmp_path, "changed", notebook("01", {2: WRONG[2]}, GOOD))
    hand_in(tmp_path, "new", notebook("01", WRONG, GOOD))
    (results / "damaged.json").write_text('{"half a fi')
    (tmp_path / "grades_01.csv").unlink()
    capsys.readouterr()
    assert grade.main([str(tmp_path), "01", "--jobs", "1"]) == 0
    assert "4 students, 3 to grade." in capsys.readouterr().out
    assert (results / "same.json").stat().st_mtime_ns == first
    assert {student: points(row)[-1] for student, row in table_of(tmp_path).items()} == {
        "same": 9, "changed": 7, "damaged": 9, "new": 0
    }  # fmt: skip
    files, about = [tmp_path / "same" / "01_assignment.ipynb"], assignments.load("01")
    for limits, assignment, protection, again in [
        (ResourceLimits(), about, "sandbox", False),
        (ResourceLimits(seconds=9.0), about, "sandbox", True),
        (ResourceLimits(), about | {"version": "another"}, "sandbox", True),
        (ResourceLimits(), about, "weak", True),
    ]:
        assert table.needs_grading("same", files, results, table.key(assignment, limits, protection)) == again


def test_killed_in_the_middle(built, tmp_path):
    """Nothing is lost, nothing goes on running, and the second call does the rest."""
    for n in range(8):
        slow = f"import time\ntime.sleep({8 if n == 2 else 0.5})\n" if n in (2, 5, 6, 7) else ""
        hand_in(tmp_path, f"s{n}", notebook("01", {1: slow + GOOD[1]}, GOOD))
    first = run_grade(tmp_path)
    for line in first.stdout:
        if line.startswith("[3/"):
            os.kill(first.pid, signal.SIGKILL)
            break
    first.communicate()
    for _ in range(40):  # forks of the judging processes have their command line, which names the folder
        if not (left := [p for p in psutil.process_iter(["cmdline"]) if str(built) in str(p.info["cmdline"])]):
            break
        time.sleep(0.1)
    assert left == []
    done = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "grades_01").glob("*.json")}
    assert 3 <= len(done) < 8 and not (tmp_path / "grades_01.csv").exists()
    second = run_grade(tmp_path)
    out, err = second.communicate()
    assert second.returncode == 0 and err == "" and f"8 students, {8 - len(done)} to grade." in out
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "grades_01").glob("*.json")}
    assert after | done == after and len(after) == 8
    assert [points(row)[-1] for row in table_of(tmp_path).values()] == [9] * 8
    assert list((tmp_path / "grades_01").glob("*.new")) + list((tmp_path / "grades_01").glob(".*.new")) == []


def test_a_judging_process_that_dies_costs_one_try(built, tmp_path, monkeypatch, capsys):
    for student in ("a", "b"):
        hand_in(tmp_path, student, notebook("01", {}, GOOD))
    grade_one = Worker.grade

    def dies_once(self, notebook, *arguments):
        if notebook.parent.name == "a":
            self.process.kill()
        return grade_one(self, notebook, *arguments)

    monkeypatch.setattr(Worker, "grade", dies_once)
    assert grade.main([str(tmp_path), "--jobs", "1"]) == 1
    assert "a could not be graded" in capsys.readouterr().err
    assert [row["status"] for row in table_of(tmp_path).values()] == ["not graded", "graded"]
    monkeypatch.setattr(Worker, "grade", grade_one)
    assert grade.main([str(tmp_path)]) == 0
    assert [points(row)[-1] for row in table_of(tmp_path).values()] == [9, 9]


def test_two_calls_at_once(built, tmp_path, capsys):
    hand_in(tmp_path, "a", notebook("01", {1: "import time\ntime.sleep(2)\n" + GOOD[1]}, GOOD))
    first = run_grade(tmp_path)
    first.stdout.readline()
    assert grade.main([str(tmp_path)]) == 1
    assert "being graded already" in capsys.readouterr().err
    assert first.wait() == 0
    first.communicate()


def test_200_copies(built, tmp_path):
    """Each is right and appears once."""
    assignments.build("00")
    good = notebook("00", {}, {1: "z = 1.5"})
    wrong = notebook("00", {}, {1: "z = 1"})
    for n in range(200):
        hand_in(tmp_path, f"student-{n:03}", wrong if n % 50 == 7 else good, "00_assignment.ipynb")
    assert grade.grade_folder(str(tmp_path), "00", ResourceLimits(), 2) == 0
    rows = table_of(tmp_path, "00")
    assert list(rows) == [f"student-{n:03}" for n in range(200)]
    assert [points(row) for row in rows.values()] == [[0, 0] if n % 50 == 7 else [1, 1] for n in range(200)]
    assert {row["status"] for row in rows.values()} == {"graded"}


# Errors, and the weak mode.


def test_folder_errors(built, tmp_path, capsys):
    def said(*arguments: str) -> str:
        assert grade.main(list(arguments)) == 1
        return capsys.readouterr().err

    assert "Say SUBMISSIONS=folder" in said("")
    assert "There is no folder" in said(str(tmp_path / "away"))
    assert "No notebook was handed in" in said(str(tmp_path))
    hand_in(tmp_path, "a", "{}", "01_x.ipynb")
    assert "no exercises of a notebook '77'" in said(str(tmp_path), "77")
    assert "no notebook 02_*.ipynb" in said(str(tmp_path), "2")
    hand_in(tmp_path, "b", "{}", "02_x.ipynb")
    assert "several assignments: 01, 02. Choose one, NB=01" in said(str(tmp_path))
    assert not (tmp_path / "grades_01.csv").exists()


def test_without_a_sandbox_nothing_is_graded(built, tmp_path, capsys, monkeypatch):
    hand_in(tmp_path, "a", notebook("01", {}, GOOD))
    monkeypatch.setattr(sandbox, "why_not", lambda: "unshare failed: Operation not permitted")
    assert grade.main([str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert "unshare failed" in err and "WEAK=yes" in err and len(err.splitlines()) == 1
    assert not (tmp_path / "grades_01").exists()


def test_a_folder_that_graded_notebooks_can_read_is_refused(built, monkeypatch, tmp_path, capsys):
    hand_in(tmp_path, "a", notebook("01", {}, GOOD))
    shown = [*sandbox.shown(), tmp_path.parent]
    monkeypatch.setattr(sandbox, "shown", lambda: shown)
    assert grade.main([str(tmp_path)]) == 1
    assert "Move the folder elsewhere" in capsys.readouterr().err


def test_weak_mode(built, tmp_path, capsys):
    opens = f"open({str(tmp_path / 'good' / '01_assignment.ipynb')!r})\n"
    kinds = {
        "good": {},
        "opens": {2: opens + GOOD[2]},
        "connects": {2: "import socket\nsocket.create_connection(('127.0.0.1', 9))\n" + GOOD[2]},
        "starts": {2: "import subprocess\nsubprocess.run(['true'])\n" + GOOD[2]},
        "hangs": {2: DEAF},
        "stays": {2: STAYED.replace("os.execv", "print") + "\n" + GOOD[2]},
        "memory": {2: "x = np.ones(10**8)\n" + GOOD[2]},
    }
    for name, change in kinds.items():
        hand_in(tmp_path, name, notebook("01", change, GOOD))
    assert grade.main([str(tmp_path), "--weak", "--seconds", "4", "--memory", "400"]) == 0
    assert "Protection: weak" in capsys.readouterr().out
    rows = table_of(tmp_path)
    assert {row["protection"] for row in rows.values()} == {"weak"}
    got = {name: points(row)[:-1] for name, row in rows.items()}
    refused = [1, 0, 2, 2, 2]
    assert got == {
        "good": [1, 2, 2, 2, 2], "opens": refused, "connects": refused, "starts": refused, "hangs": [1, 0, 0, 0, 0],
        "stays": [1, 2, 2, 2, 2], "memory": refused,
    }  # fmt: skip
    assert "not allowed when this is graded: open" in rows["opens"]["reason"]
    assert "not allowed when this is graded: socket." in rows["connects"]["reason"]
