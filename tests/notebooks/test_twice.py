"""The comparison of the two runs of every notebook notices what differs, in a small project of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.conftest import ROOT
from tests.notebooks import twice
from tools import notebooks


def stream(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def table(text: str, html: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", data={"text/plain": text, "text/html": html})


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [
        ([stream("a"), stream("b")], [stream("ab")], None),  # how a kernel cuts a stream is chance
        ([stream("1")], [stream("2")], "10, cell c: '1' and '2'"),
        ([stream("1")], [], "10, cell c: 1 and 0 outputs"),
        ([table("t", "<img 1>")], [table("t", "<img 2>")], "10, cell c: the same text, but another picture or table"),
    ],
)
def test_differences_are_named(tmp_path, monkeypatch, first, second, line):
    monkeypatch.setenv(twice.FOLDER, str(tmp_path))
    twice.keep("nbval", "10", "c", first)
    assert twice.compared(tmp_path, ["10"]) == ([], [])  # ran once only
    twice.keep("guarded", "10", "c", second)
    assert twice.compared(tmp_path, ["10"]) == (["10"], [line] if line else [])


def test_lines_that_were_updated_are_left_out_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv(twice.FOLDER, str(tmp_path))
    twice.keep("nbval", "10", "c", [table("starts", ""), stream("1")], updated=True)
    twice.keep("guarded", "10", "c", [table("done", ""), stream("1")])
    assert twice.compared(tmp_path, ["10"])[1] == []
    twice.keep("guarded", "10", "c", [table("done", ""), stream("2")])
    assert twice.compared(tmp_path, ["10"])[1] == ["10, cell c: '1' and '2'"]


def small_project(folder: Path, second: str) -> None:
    """A project with a notebook of one cell that prints "hm", and a test that says that its second run did `second`."""
    for name in (
        "conftest.py",
        "pyproject.toml",
        "tests/notebooks/twice.py",
        "tests/notebooks/nbval_sanitize.cfg",
        "tools/notebooks.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    cell = nbformat.v4.new_code_cell("print('hm')", id="cell", metadata={"tags": ["nbval-ignore-output"]})
    text = nbformat.v4.new_markdown_cell("# Nothing to run", id="text")
    (folder / "notebooks").mkdir()
    for name, only in (("01_small", cell), ("glossary", text)):
        notebook = notebooks.normalized(nbformat.v4.new_notebook(cells=[only]))
        (folder / "notebooks" / f"{name}.ipynb").write_text(notebooks.to_text(notebook))
    (folder / "tests" / "test_small.py").write_text(
        f"from tests.notebooks import twice\n\n\ndef test():\n    {second}\n"
    )


@pytest.mark.parametrize(
    ("second", "arguments", "code", "said"),
    [
        ("printed hm", [], 0, "1 notebooks ran twice, with the same outputs"),
        ("printed ha", ["-n2", "--dist=loadscope"], 1, "01_small, cell cell: 'hm\\n' and 'ha\\n'"),
        ("was not done", [], 1, "01_small: did not run twice"),
        ("was not done", ["notebooks", "tests"], 0, "2 passed"),  # somebody asks for a part
    ],
    ids=["same", "different", "once", "part"],
)
def test_a_whole_run(tmp_path, second, arguments, code, said):
    output = json.dumps([stream(f"{second.split()[-1]}\n")])
    small_project(tmp_path, "pass" if "not" in second else f"twice.keep('guarded', '01_small', 'cell', {output})")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", twice.FOLDER))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == code and said in done.stdout, done.stdout + done.stderr
