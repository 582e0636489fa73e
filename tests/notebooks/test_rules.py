"""Every notebook keeps every rule, and every rule notices when it is broken."""

from __future__ import annotations

import re

import nbformat
import pytest

from tests.notebooks import rules
from tools import notebooks

NOTEBOOKS = notebooks.all_notebooks()  # with the solutions

# The rows of the lecture that each notebook must prove.
LECTURE = {
    "00_start_here": ["L01", "L20", "L21"],
    "01_threshold_logic_unit": ["L02", "L03"],
    "02_perceptron_and_xor": ["L04", "L06", "L07"],
    "03_multilayer_perceptron": ["L05", "L08", "L09", "L15"],
    "04_backpropagation": ["L10", "L11", "L12"],
    "05_activation_functions": ["L13", "L14"],
    "06_outputs_and_losses": ["L16", "L17", "L18", "L19"],
    "07_sequential_classifier": [f"L{number}" for number in range(22, 36)],
    "08_sequential_regression": ["L36", "L37"],
    "09_functional_api": ["L38"],
    "10_several_inputs_and_outputs": ["L39", "L40", "L41"],
    "11_callbacks": ["L43"],
    "12_saving_and_loading": ["L42"],
    "13_hyperparameter_search": ["L44", "L45", "L46", "L47", "L48"],
    "14_scaling_the_search": ["L46"],
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=notebooks.name)
@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_notebook_keeps_rule(rule, path):
    assert rule(notebooks.read(path)) == []


def test_every_notebook_says_which_rows_it_proves():
    assert {path.stem for path in notebooks.lecture_notebooks()} == set(LECTURE)


@pytest.mark.parametrize("name", LECTURE)
def test_notebook_proves_its_rows_of_the_lecture(name):
    notebook = notebooks.read(notebooks.NOTEBOOKS / f"{name}.ipynb")
    assert rules.lecture_ids(notebook) == set(LECTURE[name])


def test_map_in_the_start_notebook_names_the_same_rows():
    """`00_start_here` shows the reader which rows of the lecture a notebook covers."""
    start = notebooks.read(notebooks.NOTEBOOKS / "00_start_here.ipynb")
    table = next(cell.source for cell in start.cells if cell.id == "map-text")
    for name, rows in LECTURE.items():
        line = next(line for line in table.splitlines() if f"{name[:2]} {name[3:].replace('_', ' ')}" in line.lower())
        named = re.findall(r"L\d\d", line)
        assert (named[0], named[-1]) == (rows[0], rows[-1])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=notebooks.name)
def test_links_between_files_lead_somewhere(path):
    sources = "\n".join(cell.source for cell in notebooks.read(path).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", sources):
        assert (path.parent / target.split("#")[0]).exists(), f"{target} does not exist"


# From here on: each rule is broken on purpose.


def good_notebook() -> nbformat.NotebookNode:
    """A small notebook that keeps every rule."""
    html = '<img alt="a line that rises" src="data:image/png;base64,AAAA">'
    figure = nbformat.v4.new_output("display_data", data={"text/html": html, "text/plain": "a line that rises"})
    printed = nbformat.v4.new_output("stream", name="stdout", text="2\n")
    cells = [
        nbformat.v4.new_markdown_cell("# Title", id="title"),
        nbformat.v4.new_code_cell("print(1 + 1)", id="sum", outputs=[printed], execution_count=1),
        nbformat.v4.new_code_cell("plotting.show(fig, alt=...)", id="plot", outputs=[figure], execution_count=2),
    ]
    return notebooks.normalized(nbformat.v4.new_notebook(cells=cells))


def test_good_notebook_keeps_every_rule():
    assert [rule.__name__ for rule in rules.RULES if rule(good_notebook())] == []


def set_source(notebook, source):
    notebook.cells[1].source = source


def set_output(notebook, **data):
    notebook.cells[1].outputs = [nbformat.v4.new_output("display_data", data=data)]


def set_tags(notebook, *tags, source="t = time.perf_counter()"):
    notebook.cells[1].metadata["tags"] = list(tags)
    notebook.cells[1].source = source


BREAKS = [
    (rules.execution_counts, lambda nb: nb.cells[1].update(execution_count=7)),
    (rules.execution_counts, lambda nb: nb.cells[2].update(execution_count=None)),
    (rules.canonical_form, lambda nb: nb.metadata.update(widgets={})),
    (rules.canonical_form, lambda nb: nb.cells[1].metadata.update(execution={"iopub.busy": "2026"})),
    (rules.canonical_form, lambda nb: nb.cells[1].update(id="0a1b2c3d")),
    (rules.canonical_form, lambda nb: nb.cells[1].update(id="plot")),
    (rules.no_errors, lambda nb: nb.cells[1].outputs.append(nbformat.v4.new_output("error", ename="KeyError"))),
    (rules.no_errors, lambda nb: nb.cells[1].outputs.append(nbformat.v4.new_output("stream", name="stderr", text="x"))),
    (rules.no_errors, lambda nb: set_output(nb, **{"text/plain": "a.py:1: DeprecationWarning: gone soon"})),
    (rules.no_absolute_paths, lambda nb: set_source(nb, 'open("/home/ada/data.csv")')),
    (rules.no_absolute_paths, lambda nb: set_output(nb, **{"text/plain": r"'C:\\\\Users\\\\ada'"})),
    (rules.small_outputs, lambda nb: set_output(nb, **{"text/plain": "x" * 300_001})),
    (rules.small_outputs, lambda nb: set_output(nb, **{"text/html": "<img src='data:image/gif," + "x" * 300_001})),
    (rules.alt_texts, lambda nb: set_output(nb, **{"image/png": "AAAA"})),
    (rules.alt_texts, lambda nb: set_output(nb, **{"text/html": "<img src='data:image/png;base64,AAAA'>"})),
    (rules.alt_texts, lambda nb: set_output(nb, **{"text/html": "<img alt='plot' src='data:image/png;base64,AAAA'>"})),
    (rules.alt_texts, lambda nb: nb.cells[0].update(source="![](figure.png)")),
    *[
        (rules.no_deprecated_calls, lambda nb, source=source: set_source(nb, source))
        for source in (
            "Flatten(input_shape=[28, 28])",
            "SGD(lr=1e-3)",
            "model.predict_classes(X)",
            "keras.wrappers.scikit_learn.KerasRegressor(build)",
            "tf.keras.Sequential()",
            "from tensorflow import keras",
            'model.save("my_model.h5")',
            "fetch_california_housing()",
            "keras.utils.plot_model(model)",
            "np.float(3)",
            "plt.show()",
        )
    ],
    (rules.short_cells, lambda nb: set_source(nb, "\n".join(["x = 1"] * 13))),
    (rules.timing_is_not_judged, lambda nb: set_tags(nb, "timing")),
    (
        rules.timing_is_not_judged,
        lambda nb: set_tags(nb, "timing", "nbval-ignore-output", source="assert seconds < 2"),
    ),
    (rules.no_lists_by_accident, lambda nb: nb.cells[0].update(source="Each has\n10. As many.\n\n270. A layer has")),
]


@pytest.mark.parametrize(
    ("rule", "break_it"), BREAKS, ids=[f"{rule.__name__}-{i}" for i, (rule, _) in enumerate(BREAKS)]
)
def test_rule_notices_when_it_is_broken(rule, break_it):
    notebook = good_notebook()
    break_it(notebook)
    assert rule(notebook) != []


def test_every_rule_is_broken_once():
    assert {rule for rule, _ in BREAKS} == set(rules.RULES)
