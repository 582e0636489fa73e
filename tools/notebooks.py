"""Run notebooks, bring them into one canonical form, and check them.

Usage: python -m tools.notebooks execute [--retime] [NAME ...]   run them, store their outputs in canonical form
       python -m tools.notebooks tidy [NAME ...]                 canonical form without running them
       python -m tools.notebooks check NAME ...                  run the tests that are about them

A name is the beginning of a file name: 07 stands for notebook 07 and its solutions. Without one, all are meant.

The canonical form makes a diff show what changed: execution counts 1 to n, cell ids in words, no metadata but tags and
the lecture's ids, sorted keys; of a widget, which lives as long as its kernel, only the still figure. `execute`
replaces a notebook only when all its cells ran without an error. A cell tagged `timing` keeps its stored output until
its code changes (its metadata `timing_of` holds a hash of the code that was timed), because times differ in every run;
with --retime these cells get new outputs, too. The pictures that README.md shows are copied out of the notebooks.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets.config import Config

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
CELL_TIMEOUT = 120  # seconds
CELL_METADATA = {"tags", "lecture", "timing_of"}
README_PICTURES = {"faster.png": ("07_sequential_classifier.ipynb", "faster-plot")}  # in docs/: notebook, cell
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f-]+)?")  # what editors give to a new cell


def course_notebooks() -> list[Path]:
    """Every notebook of the course, in order, without the solutions."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def lecture_notebooks() -> list[Path]:
    """The notebooks that have a number and cover rows of the lecture: all but the glossary and the self-test."""
    return [path for path in course_notebooks() if path.name[:2].isdigit()]


def solutions() -> list[Path]:
    """Every notebook of worked solutions, in order."""
    return sorted((NOTEBOOKS / "solutions").glob("*.ipynb"))


def all_notebooks() -> list[Path]:
    """Every notebook of the course, then every one of solutions."""
    return course_notebooks() + solutions()


def name(path: Path) -> str:
    """A notebook's name within the folder: "02_perceptron_and_xor", or "solutions/02_perceptron_and_xor"."""
    return path.relative_to(NOTEBOOKS).with_suffix("").as_posix()


def find_notebooks(names: list[str]) -> list[Path]:
    """The notebooks, and their solutions, whose names begin with the numbers, e.g. "07"; ValueError for an unknown."""
    found = {name: [path for path in all_notebooks() if path.name.startswith(name)] for name in names}
    unknown = [name for name, paths in found.items() if not paths]
    if unknown:
        there = ", ".join(path.stem for path in course_notebooks())
        raise ValueError(f"There is no notebook {', '.join(unknown)}; there are: {there}.")
    return [path for paths in found.values() for path in paths]


def execute(notebook: nbformat.NotebookNode, folder: Path, env: dict[str, str] | None = None) -> nbformat.NotebookNode:
    """Run all cells in a fresh kernel, in the given folder, and return the notebook with its outputs.

    `env` is the kernel's environment; by default that of this process. A student's progress is neither read nor noted.

    Raises CellExecutionError at the first cell that fails, CellTimeoutError at one that takes over `CELL_TIMEOUT`.
    """
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        resources={"metadata": {"path": str(folder)}},
        kernel_name="python3",
        record_timing=False,
        config=Config({"KernelManager": {"transport_encryption": "auto"}}),  # else the kernel warns on stderr
    )
    return client.execute(env=(os.environ if env is None else env) | {"LECTURE_PROGRESS": "off"})


def code_hash(source: str) -> str:
    """Twelve digits that change when the code changes."""
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def normalized(notebook: nbformat.NotebookNode, stored: nbformat.NotebookNode | None = None) -> nbformat.NotebookNode:
    """The notebook in canonical form. Outputs of `timing` cells come from `stored` while their code is the same."""
    notebook = nbformat.from_dict(notebook)
    timed = {cell.id: cell for cell in stored.cells if "timing_of" in cell.metadata} if stored else {}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count, taken = 0, set()
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in CELL_METADATA and value}
        cell.id = _id_in_words(cell, taken)
        taken.add(cell.id)
        cell.source = cell.source.strip("\n")
        if cell.cell_type != "code":
            cell.pop("attachments", None)
            continue
        count += 1
        cell.execution_count = count
        if "timing" in cell.metadata.get("tags", []):
            code = code_hash(cell.source)
            if cell.id in timed and timed[cell.id].metadata["timing_of"] == code:
                cell.outputs = timed[cell.id].outputs
            cell.metadata["timing_of"] = code
        else:
            cell.metadata.pop("timing_of", None)
        cell.outputs = _merged_streams(cell.outputs)
        for output in cell.outputs:
            output.get("data", {}).pop(WIDGET_VIEW, None)
            if output.output_type == "execute_result":
                output.execution_count = count
    return nbformat.from_dict(notebook)


def _merged_streams(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The outputs with neighboring texts of one stream joined: how a kernel cuts a stream is a matter of chance."""
    merged: list[nbformat.NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and merged and merged[-1].get("name") == output.name:
            merged[-1] = nbformat.v4.new_output("stream", name=output.name, text=merged[-1].text + output.text)
        else:
            merged.append(output)
    return merged


def _id_in_words(cell: nbformat.NotebookNode, taken: set[str]) -> str:
    """The cell's id; in place of an editor's random one, or one that is taken, the first words of its text."""
    if not RANDOM_ID.fullmatch(cell.id) and cell.id not in taken:
        return cell.id
    words = re.findall(r"[a-z]+[0-9]*", cell.source.lower())[:4] or ["cell"]
    name = "-".join(words)[:40]
    number = 2
    while name in taken:
        name = f"{'-'.join(words)[:40]}-{number}"
        number += 1
    return name


def to_text(notebook: nbformat.NotebookNode) -> str:
    """The bytes on disk, as text: sorted keys, an indent of one, a newline at the end."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook file as it is."""
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def picture(notebook: nbformat.NotebookNode, cell_id: str) -> bytes:
    """The PNG that a cell of the notebook shows."""
    outputs = next(cell.outputs for cell in notebook.cells if cell.id == cell_id)
    pictures = [
        re.search('data:image/png;base64,([^"]+)', output.get("data", {}).get("text/html", "")) for output in outputs
    ]
    return base64.b64decode(next(found[1] for found in pictures if found))


def write(path: Path, notebook: nbformat.NotebookNode) -> None:
    """Replace a notebook's file as a whole, and the pictures in docs/ that come from it."""
    new = path.with_suffix(".new")
    new.write_text(to_text(notebook), encoding="utf-8")
    os.replace(new, path)
    for picture_name, (file, cell_id) in README_PICTURES.items():
        if path == NOTEBOOKS / file:
            (NOTEBOOKS.parent / "docs" / picture_name).write_bytes(picture(notebook, cell_id))


def run(path: Path, retime: bool = False) -> None:
    """Execute a notebook's file and store it; the errors of `execute` leave it as it was."""
    stored = read(path)
    write(path, normalized(execute(nbformat.from_dict(stored), path.parent), None if retime else stored))


def tidy(path: Path) -> None:
    """Bring a notebook's file into canonical form without running it; it keeps its outputs.

    What was timed stays noted, so that a test asks for a new time if the code of a `timing` cell changed.
    """
    stored = read(path)
    neat = normalized(stored, stored)
    for before, cell in zip(stored.cells, neat.cells, strict=True):
        if timed := before.metadata.get("timing_of"):
            cell.metadata["timing_of"] = timed
    if to_text(neat) != path.read_text(encoding="utf-8"):
        write(path, neat)


def check(paths: list[Path]) -> int:
    """Run all tests that are about these notebooks, and the notebooks themselves with nbval; pytest's exit code."""
    about = [word for path in paths for word in (path.stem, f"{path.stem[:2]}-", f"[{path.stem[:2]}]")]
    tests = ["tests/test_project.py", "tests/notebooks/test_glossary.py", "tests/notebooks/test_rules.py",
             "tests/lecture_checks/test_exercises_of_notebooks.py", "tests/tools/publish/test_slides.py"]  # fmt: skip
    if any(path.stem == "self_test" for path in paths):
        tests.append("tests/lecture_checks/test_self_test.py")
    words = " or ".join(["test_project", "test_glossary", "test_self_test", *dict.fromkeys(about)])
    command = [sys.executable, "-m", "pytest", "-q", "--numprocesses=2", "--dist=loadscope", "-k", words]
    return subprocess.run([*command, *tests, *map(str, paths)], cwd=NOTEBOOKS.parent).returncode


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description="Run, tidy or check notebooks.")
    parser.add_argument("command", choices=["execute", "tidy", "check"])
    parser.add_argument("names", nargs="*", metavar="NAME", help="e.g. 07; all if none is named")
    parser.add_argument("--retime", action="store_true", help="time again what the cells tagged timing measure")
    chosen = parser.parse_args(arguments)
    try:
        paths = find_notebooks(chosen.names)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.command == "check" and not paths:
        print("Which notebook? Say NB=04.", file=sys.stderr)
        return 1
    if chosen.command == "check":
        return check(paths)
    for path in paths or all_notebooks():
        if chosen.command == "tidy":
            tidy(path)
            continue
        print(f"{name(path)} ...", end=" ", flush=True)
        began = time.perf_counter()
        try:
            run(path, chosen.retime)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            print(f"failed; the file is left as it was.\n{error}", file=sys.stderr)
            return 1
        print(f"{time.perf_counter() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
