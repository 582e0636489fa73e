"""Notebooks run from top to bottom, stopping at the first error, cut off from the network, in a copy of the project
where every file that appears is seen. The outputs are compared with nbval's in `twice.py`. The notebooks of the course
run this way in JupyterLab, in `test_lab.py`; here run the solutions, and all where there is no Chromium.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tests.conftest import ROOT
from tests.notebooks import twice
from tests.notebooks.side_effects import SideEffects
from tools import notebooks
from tools.publish import browser


class Run:
    """A notebook executed in a copy of the project, in an environment where its side effects are seen."""

    def __init__(self, notebook: nbformat.NotebookNode, project: Path, temporary: Path, folder="notebooks"):
        home = temporary / "home"
        home.mkdir(parents=True)
        effects = SideEffects(temporary / "network_attempts", project, home)
        env = os.environ | effects.env | {"HOME": str(home)}
        self.notebook = notebooks.execute(nbformat.from_dict(notebook), project / folder, env=env)
        self.written, self.network_attempts = effects.written(), effects.network_attempts()


def to_run() -> list[Path]:
    """The notebooks whose second run is here."""
    try:
        browser.chromium()
    except RuntimeError:
        return notebooks.all_notebooks()
    return notebooks.solutions()


@pytest.fixture(scope="module", params=to_run(), ids=notebooks.name)
def run(request, project_copy, tmp_path_factory) -> Run:
    notebook = notebooks.read(request.param)
    done = Run(notebook, project_copy, tmp_path_factory.mktemp("run"), request.param.parent.relative_to(ROOT))
    done.status = "right" if request.param in notebooks.solutions() else "not tried yet"
    twice.keep_notebook("guarded", notebooks.name(request.param), done.notebook)
    return done


def test_needs_no_network(run):
    assert run.network_attempts == []


def test_writes_only_to_build_and_temporary_folders(run):
    assert run.written == []


def test_solutions_are_right_and_stubs_not_tried(run):
    """So says the check under each exercise."""
    for cell in run.notebook.cells:
        if re.fullmatch(r"exercise-\d+", cell.id):
            assert re.match(rf"\w+ \d+: {run.status}\.", cell.outputs[0].data["text/plain"])


def small_notebook(*sources: str) -> nbformat.NotebookNode:
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    return notebooks.normalized(nbformat.v4.new_notebook(cells=cells))


def test_network_use_is_noticed(project_copy, tmp_path):
    swallowed = """
import urllib.request
try:
    urllib.request.urlopen("http://example.org")
except OSError as error:
    print(error)
"""
    run = Run(small_notebook(swallowed), project_copy, tmp_path)
    assert run.network_attempts == ["socket.getaddrinfo example.org"]
    assert "the network is cut" in run.notebook.cells[0].outputs[0].text


def test_stray_files_are_noticed(project_copy, tmp_path):
    stray = project_copy / "notebooks" / "stray.txt"
    run = Run(small_notebook('open("stray.txt", "w").close()', "import pathlib; (pathlib.Path.home() / 'x').touch()"),
              project_copy, tmp_path)  # fmt: skip
    stray.unlink()
    assert run.written == ["notebooks/stray.txt", "x"]


def test_execution_stops_at_the_first_error(project_copy):
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        notebooks.execute(small_notebook("1 / 0", "print('reached')"), project_copy)


def test_magic_that_does_not_exist_is_an_error(project_copy):
    with pytest.raises(CellExecutionError, match="UsageError"):
        notebooks.execute(small_notebook("%no_such_magic"), project_copy)
