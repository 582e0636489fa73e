"""The second way in which every notebook is run: from top to bottom, stopping at the first error, cut off from the
network, in a copy of the project where every file that appears is seen. Its outputs are compared with those of the
first way, nbval's, in `tests/twice.py`."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tests import twice
from tests.conftest import ROOT
from tools import execute

GUARD = Path(__file__).with_name("guard")
MAY_BE_WRITTEN = ("build", "__pycache__")


class Run:
    """A notebook executed in a copy of the project, in an environment where it can be watched."""

    def __init__(self, notebook: nbformat.NotebookNode, project: Path, temporary: Path, folder="notebooks"):
        self.attempts_file = temporary / "network_attempts"
        home = temporary / "home"
        home.mkdir(parents=True)
        env = os.environ | {
            "HOME": str(home),
            "PYTHONPATH": str(GUARD),
            "NETWORK_ATTEMPTS": str(self.attempts_file),
            # Jupyter's, IPython's and Matplotlib's own caches are not the notebook's doing.
            "JUPYTER_RUNTIME_DIR": str(temporary / "jupyter"),
            "IPYTHONDIR": str(temporary / "ipython"),
            "MPLCONFIGDIR": str(temporary / "matplotlib"),
        }
        before = files(project) | files(home)
        self.notebook = execute.execute(nbformat.from_dict(notebook), project / folder, env=env)
        self.written = sorted((files(project) | files(home)) - before)

    @property
    def network_attempts(self) -> list[str]:
        return self.attempts_file.read_text().splitlines() if self.attempts_file.exists() else []


def files(folder: Path) -> set[tuple[str, int]]:
    """Each file below the folder with the time of its last change, but for what may be written."""
    return {
        (str(path.relative_to(folder)), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and not set(MAY_BE_WRITTEN) & set(path.relative_to(folder).parts)
    }


@pytest.fixture(scope="module", params=execute.all_notebooks(), ids=execute.name)
def run(request, project_copy, tmp_path_factory) -> Run:
    notebook = execute.read(request.param)
    done = Run(notebook, project_copy, tmp_path_factory.mktemp("run"), request.param.parent.relative_to(ROOT))
    for cell in done.notebook.cells:
        if cell.cell_type == "code" and "timing" not in cell.metadata.get("tags", []):
            twice.keep("guarded", execute.name(request.param), cell.id, cell.outputs)
    return done


def test_needs_no_network(run):
    assert run.network_attempts == []


def test_writes_only_to_build_and_temporary_folders(run):
    assert run.written == []


def small_notebook(*sources: str) -> nbformat.NotebookNode:
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    return execute.normalized(nbformat.v4.new_notebook(cells=cells))


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
    assert [name for name, _ in run.written] == ["notebooks/stray.txt", "x"]


def test_execution_stops_at_the_first_error(project_copy):
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute.execute(small_notebook("1 / 0", "print('reached')"), project_copy)


def test_magic_that_does_not_exist_is_an_error(project_copy):
    with pytest.raises(CellExecutionError, match="UsageError"):
        execute.execute(small_notebook("%no_such_magic"), project_copy)
