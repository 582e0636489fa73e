"""Every notebook runs twice in a full run, and must show the same both times, pictures and trained numbers included.

One run is nbval's, cell by cell; the other is JupyterLab's in `test_lab.py`, or that of `test_execution.py`
where it does not run. Two processes may do them, so each keeps its outputs in a folder, and at the very end they are
compared. A notebook that ran once only is not compared; that is an error when everything was to be run.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from tools import notebooks

FOLDER = "NOTEBOOK_RUNS"  # the environment variable that names the folder


def keep(run: str, notebook: str, cell: str, outputs: list[dict[str, Any]], updated: bool = False) -> None:
    """Keep the outputs of a cell; `updated` if it changed them later, which nbval does not follow."""
    folder = Path(os.environ[FOLDER], notebook, cell)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / run).write_text(json.dumps({"outputs": outputs, "updated": updated}))


def keep_notebook(run: str, name: str, notebook: nbformat.NotebookNode) -> None:
    """Keep the outputs of all its cells but those that show times."""
    for cell in notebook.cells:
        if _is_compared(cell):
            keep(run, name, cell.id, cell.outputs)


def _is_compared(cell: nbformat.NotebookNode) -> bool:
    return cell.cell_type == "code" and "timing" not in cell.metadata.get("tags", [])


def compared(folder: Path, names: list[str]) -> tuple[list[str], list[str]]:
    """Of the notebooks with these names: those that ran twice, and a line for each cell that showed two things."""
    twice, different = [], []
    for name in names:
        cells = [cell for cell in sorted((folder / name).glob("*")) if len(list(cell.iterdir())) == 2]
        twice += [name] if cells else []
        for cell in cells:
            runs = [json.loads(file.read_text()) for file in sorted(cell.iterdir(), reverse=True)]  # nbval first
            kept = [_comparable(run["outputs"], any(run["updated"] for run in runs)) for run in runs]
            if kept[0] != kept[1]:
                different.append(f"{name}, cell {cell.name}: {_first_difference(*kept)}")
    return twice, different


def _comparable(outputs: list[dict[str, Any]], updated: bool) -> list[nbformat.NotebookNode]:
    """The outputs in canonical form, without those that may have been updated."""
    cell = nbformat.v4.new_code_cell(id="cell", outputs=[nbformat.from_dict(output) for output in outputs])
    (cell,) = notebooks.normalized(nbformat.v4.new_notebook(cells=[cell])).cells
    return [output for output in cell.outputs if not (updated and output.output_type == "display_data")]


def _first_difference(first: list[Any], second: list[Any]) -> str:
    if len(first) != len(second):
        return f"{len(first)} and {len(second)} outputs"
    pair = next((a, b) for a, b in zip(first, second, strict=True) if a != b)
    a, b = (output.get("text") or str(output.get("data", {}).get("text/plain", "")) for output in pair)
    return f"{a[:200]!r} and {b[:200]!r}" if a != b else "the same text, but another picture or table"


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # pytest itself, not one of its worker processes, which inherit the variable
        config.notebook_runs = tempfile.TemporaryDirectory(prefix="notebook-runs-")
        os.environ[FOLDER] = config.notebook_runs.name
    receive = IPyNbFile.get_kernel_message

    def noting_updates(self: IPyNbFile, *arguments: Any, **named: Any) -> dict[str, Any]:
        message = receive(self, *arguments, **named)
        self.updated = getattr(self, "updated", False) or message["msg_type"] in ("update_display_data", "clear_output")
        return message

    IPyNbFile.get_kernel_message = noting_updates


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    if not isinstance(item, IPyNbCell):
        return (yield)
    item.parent.updated = False
    result = yield
    if _is_compared(item.cell) and item.parent.path.is_relative_to(notebooks.NOTEBOOKS):
        keep("nbval", notebooks.name(item.parent.path), item.cell.id, item.test_outputs, item.parent.updated)
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workerinput"):
        return
    names = [notebooks.name(path) for path in notebooks.all_notebooks()]
    twice, different = compared(Path(config.notebook_runs.name), names)
    config.notebook_runs.cleanup()
    if (
        session.exitstatus == 0
        and config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and not config.option.keyword
    ):
        with_code = [notebooks.name(path) for path in notebooks.all_notebooks() if _has_code(path)]
        different += [f"{name}: did not run twice" for name in with_code if name not in twice]
    config.said = [f"{len(twice)} notebooks ran twice", *different]
    if different:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _has_code(path: Path) -> bool:
    return any(cell.cell_type == "code" for cell in notebooks.read(path).cells)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    n_twice, *different = getattr(config, "said", [""])
    if n_twice and not n_twice.startswith("0"):
        terminalreporter.section(f"{n_twice}, {'NOT with the same outputs' if different else 'with the same outputs'}")
    for line in different:
        terminalreporter.write_line(line, red=True)
