"""Storing notebooks: one canonical form, times kept, and nothing lost when a cell fails."""

from __future__ import annotations

import nbformat
import pytest

from tests.notebooks import rules
from tools import notebooks


def notebook(*cells) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(cells=list(cells))


def code(source: str, name: str, *tags: str, text: str = "") -> nbformat.NotebookNode:
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)] if text else []
    return nbformat.v4.new_code_cell(source, id=name, metadata={"tags": list(tags)}, outputs=outputs, execution_count=5)


def test_normalized_numbers_cells_and_drops_what_editors_add():
    messy = notebook(code("1", "one"), nbformat.v4.new_markdown_cell("text", id="text"), code("\n2\n", "two"))
    messy.metadata["widgets"] = {"state": {}}
    messy.cells[0].metadata["collapsed"] = True
    messy.cells[0].metadata["lecture"] = ["L01"]
    neat = notebooks.normalized(messy)
    assert [cell.get("execution_count") for cell in neat.cells] == [1, None, 2]
    assert neat.cells[0].metadata == {"lecture": ["L01"]} and neat.cells[2].source == "2"
    assert "widgets" not in neat.metadata
    assert notebooks.to_text(notebooks.normalized(neat)) == notebooks.to_text(neat)


def test_pieces_of_one_stream_are_joined():
    cell = code("print(1); print(2)", "two-lines")
    pieces = [("stdout", "1\n"), ("stdout", "2\n"), ("stderr", "3\n"), ("stdout", "4\n")]
    cell.outputs = [nbformat.v4.new_output("stream", name=name, text=text) for name, text in pieces]
    neat = notebooks.normalized(notebook(cell)).cells[0]
    assert [(output.name, output.text) for output in neat.outputs] == [
        ("stdout", "1\n2\n"),
        ("stderr", "3\n"),
        ("stdout", "4\n"),
    ]


@pytest.mark.parametrize("random_id", ["0a1b2c3d", "0a1b2c3d-1234-4bcd-9abc-0123456789ab"])
def test_random_ids_become_words(random_id):
    neat = notebooks.normalized(notebook(code("print(1)", random_id), code("print(1)", "5e6f7a8b"), code("x", "mine")))
    assert [cell.id for cell in neat.cells] == ["print", "print-2", "mine"]


def test_timing_cell_keeps_its_output_until_its_code_changes():
    stored = notebooks.normalized(notebook(code("measure()", "time", "timing", text="1.0 s")))
    again = notebooks.normalized(notebook(code("measure()", "time", "timing", text="1.1 s")), stored)
    changed = notebooks.normalized(notebook(code("measure(2)", "time", "timing", text="2.0 s")), stored)
    retimed = notebooks.normalized(notebook(code("measure()", "time", "timing", text="1.1 s")))
    assert [nb.cells[0].outputs[0].text for nb in (again, changed, retimed)] == ["1.0 s", "2.0 s", "1.1 s"]


def test_failing_notebook_is_left_as_it_was(tmp_path, monkeypatch, capsys):
    path = tmp_path / "01_fails.ipynb"
    path.write_text(notebooks.to_text(notebook(code("x = 1", "good"), code("x / 0", "bad"))))
    before = path.read_bytes()
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path)
    assert notebooks.main(["execute", "01"]) == 1
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["01_fails.ipynb"]
    assert "the file is left as it was" in capsys.readouterr().err


def test_executing_twice_gives_the_same_file(tmp_path, monkeypatch):
    path = tmp_path / "01_works.ipynb"
    path.write_text(
        notebooks.to_text(notebook(code("import time; print(time.time())", "now", "timing"), code("6 * 7", "sum")))
    )
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path)
    texts = []
    for _ in range(2):
        assert notebooks.main(["execute"]) == 0
        texts.append(path.read_text())
    assert texts[0] == texts[1] and '"42"' in texts[0]


def test_tidy_keeps_outputs_and_runs_nothing(tmp_path, monkeypatch):
    path = tmp_path / "01_edited.ipynb"
    edited = notebook(code("1 / 0", "0a1b2c3d", text="from before"), code("measure(2)", "time", "timing", text="1.0 s"))
    edited.cells[1].metadata["timing_of"] = "the code before"
    path.write_text(notebooks.to_text(edited))
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path)
    assert notebooks.main(["tidy", "01"]) == 0
    neat = notebooks.read(path)
    assert [cell.id for cell in neat.cells] == ["cell", "time"]
    assert [(cell.execution_count, cell.outputs[0].text) for cell in neat.cells] == [(1, "from before"), (2, "1.0 s")]
    assert rules.canonical_form(neat) == [rules.NOT_CANONICAL], "the time is that of other code"
    neat.cells[1].metadata["timing_of"] = notebooks.code_hash("measure(2)")
    assert rules.canonical_form(neat) == []


def test_tidy_leaves_a_tidy_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "01_tidy.ipynb"
    path.write_text(notebooks.to_text(notebooks.normalized(notebook(code("1", "one", text="1")))))
    before = path.stat()
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path)
    assert notebooks.main(["tidy"]) == 0
    assert path.stat() == before


@pytest.mark.parametrize(("command", "said"), [(["check"], "NB=04"), (["check", "99"], "there are: 00_start")])
def test_check_needs_a_notebook(command, said, capsys):
    assert notebooks.main(command) == 1
    assert said in capsys.readouterr().err
