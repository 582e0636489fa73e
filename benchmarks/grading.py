"""How many notebooks does `make grade` grade in a minute?

200 copies of the worked answers of notebooks 01 (no training) and 04 (trains a network), graded from the start of the
program to the finished table, on all cores. Beside it, in turn, `nbgrader autograde`, which runs one after the other
and without protection, with a few of the same files. Run it with `make bench`; nothing else should run meanwhile.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

COPIES, OF_NBGRADER = 200, 5


def seconds(command: list[str], folder: Path) -> float:
    env = os.environ | {"PYTHONPATH": str(ROOT), "LECTURE_PROGRESS": "off"}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", *command], cwd=folder, env=env, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    if not find_spec("nbgrader"):
        print("Grading is left out: nbgrader is not installed yet; `make test` and `make grade` do it.")
        return
    from tools.grading import assignment as assignments

    print(f"notebook  copies  seconds  a minute   nbgrader autograde ({OF_NBGRADER} copies), a minute")
    for number in ("01", "04"):
        about = assignments.load(number)
        worked = assignments.BUILT / number / "source" / number / f"{about['notebook']}.ipynb"
        with tempfile.TemporaryDirectory() as name:
            folder, course = Path(name) / "handed-in", Path(name) / "course"
            for n in range(COPIES):
                (folder / f"student-{n:03}").mkdir(parents=True)
                shutil.copy(worked, folder / f"student-{n:03}" / worked.name)
            shutil.copytree(assignments.BUILT / number, course)
            for n in range(OF_NBGRADER):
                place = course / "submitted" / f"student-{n}" / number
                place.mkdir(parents=True)
                shutil.copy(worked, place / worked.name)
            ours = seconds(["tools.grading.grade", str(folder), number], ROOT)
            full = f",{sum(x['points'] for x in about['exercises'].values())},graded,"
            rows = (folder / f"grades_{number}.csv").read_text().splitlines()[1:]
            assert len(rows) == COPIES and all(full in row for row in rows)
            theirs = seconds(["nbgrader", "autograde", number], course)
        print(f"{number:8} {COPIES:7} {ours:8.0f} {60 * COPIES / ours:9.0f}   {60 * OF_NBGRADER / theirs:9.0f}")


if __name__ == "__main__":
    main()
