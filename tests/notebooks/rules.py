"""The rules that every notebook keeps. Each rule takes a notebook and returns what is wrong with it, as sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import nbformat

from tools import notebooks

MAX_OUTPUT_BYTES = 300_000
MAX_LINES = 12
NOT_CANONICAL = (
    "not in canonical form; run: make tidy, or, if the code of a cell tagged timing has changed, make execute"
)
FIGURE = re.compile(r"<img\b|!\[|data:image")

# A call of an older Keras, TensorFlow, NumPy or pandas, and what is written today.
DEPRECATED = {
    r"\binput_shape\s*=": "keras.Input(shape=...)",
    r"\blr\s*=": "learning_rate=",
    r"\.predict_classes\b": "model.predict(X).argmax(axis=1)",
    r"keras\.wrappers\.scikit_learn|\bscikeras\b": "lecture_utils.search",
    r"\btf\.keras\b(?!\.layers\.Dense is )|from tensorflow(\.python)?(\.| import )keras": "import keras",
    r"\.fit_generator\b|\.predict_generator\b": "fit, predict",
    r"\.save\([^)]*\.h5": 'model.save("name.keras")',
    r"fetch_california_housing|keras\.datasets": "lecture_utils.datasets",
    r"\bplot_model\(": "plotting.show_graph(keras.utils.model_to_dot(model), alt=...)",
    r"\bnp\.(float|int|bool|object)\b(?!_)": "the Python type",
    r"plt\.show\(\)": "plotting.show(figure, alt=...)",
}
ABSOLUTE_PATH = re.compile(r"(?<![\w.:/<])/(?:home|root|tmp|usr|opt|var|etc|mnt|Users)/|\b[A-Z]:\\\\")


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _texts(output: nbformat.NotebookNode) -> Iterator[str]:
    """All texts of an output, pictures left out."""
    for text in [output.get("text", ""), *output.get("data", {}).values(), *output.get("traceback", [])]:
        yield re.sub(
            r"data:image/(?:png|gif);base64,[A-Za-z0-9+/=]+", "", text if isinstance(text, str) else json.dumps(text)
        )


def execution_counts(notebook: nbformat.NotebookNode) -> list[str]:
    """Code cells were run once, from top to bottom: their counts are 1 to n."""
    counts = [cell.execution_count for cell in code_cells(notebook)]
    return [] if counts == list(range(1, len(counts) + 1)) else [f"execution counts are {counts}"]


def canonical_form(notebook: nbformat.NotebookNode) -> list[str]:
    """The notebook is as `make tidy` writes it, which also gives each cell an id in words."""
    ids = [cell.id for cell in notebook.cells]
    if len(set(ids)) < len(ids):
        return ["two cells have the same id"]
    as_written = notebooks.to_text(notebooks.normalized(notebook, notebook))
    return [] if as_written == notebooks.to_text(notebook) else [NOT_CANONICAL]


def no_errors(notebook: nbformat.NotebookNode) -> list[str]:
    """No output is an error, none went to stderr, none holds a warning."""
    wrong = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                wrong.append(f"cell {cell.id}: {output.get('ename', 'stderr')}")
            wrong += [
                f"cell {cell.id}: a warning" for text in _texts(output) if re.search(r"\b\w*Warning\b|WARN", text)
            ]
    return wrong


def no_absolute_paths(notebook: nbformat.NotebookNode) -> list[str]:
    """Neither code nor output names a folder that only one machine has."""
    wrong = [
        f"cell {cell.id}: an absolute path in the source"
        for cell in notebook.cells
        if ABSOLUTE_PATH.search(cell.source)
    ]
    for cell in code_cells(notebook):
        if any(ABSOLUTE_PATH.search(text) for output in cell.outputs for text in _texts(output)):
            wrong.append(f"cell {cell.id}: an absolute path in the output")
    return wrong


def small_outputs(notebook: nbformat.NotebookNode) -> list[str]:
    """The outputs of a notebook take less than 300 KB; so does each animation and each demonstration, by itself."""
    sizes: dict[str, int] = {}
    for cell in code_cells(notebook):
        for output in cell.outputs:
            text = json.dumps(output)
            own = "data:image/gif" in text or re.search(r"^demonstrations\.", cell.source, re.MULTILINE)
            name = f"the pictures of cell {cell.id}" if own else "outputs"
            sizes[name] = sizes.get(name, 0) + len(text)
    return [
        f"{name} take {size:,} bytes; allowed are {MAX_OUTPUT_BYTES:,}"
        for name, size in sizes.items()
        if size >= MAX_OUTPUT_BYTES
    ]


class _Images(HTMLParser):
    """Collects the alt text of each `<img>`; None where there is no such attribute."""

    def __init__(self):
        super().__init__()
        self.alts: list[str | None] = []

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.alts.append(dict(attrs).get("alt"))


def alt_texts(notebook: nbformat.NotebookNode) -> list[str]:
    """Each figure has an alt text of at least four words, in outputs and in text cells."""
    wrong = []
    for cell in notebook.cells:
        alts: list[str | None] = []
        for source in [cell.source] if cell.cell_type == "markdown" else []:
            alts += re.findall(r"!\[([^\]]*)\]\(", source)
            alts += _alts_in_html(source)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if any(kind.startswith("image/") for kind in data):
                wrong.append(f"cell {cell.id}: a figure without alt text; show it with plotting.show")
            alts += _alts_in_html(data.get("text/html", ""))
        wrong += [f"cell {cell.id}: alt text {alt!r} says too little" for alt in alts if len((alt or "").split()) < 4]
    return wrong


def _alts_in_html(text: str) -> list[str | None]:
    parser = _Images()
    parser.feed(text)
    return parser.alts


def no_deprecated_calls(notebook: nbformat.NotebookNode) -> list[str]:
    """No code cell holds a call that the libraries have given up. (Slides' old calls are quoted in text cells.)"""
    return [
        f"cell {cell.id}: {match.group()!r}; today: {today}"
        for cell in code_cells(notebook)
        for pattern, today in DEPRECATED.items()
        if (match := re.search(pattern, cell.source))
    ]


def short_cells(notebook: nbformat.NotebookNode) -> list[str]:
    """A code cell has at most 12 lines: one idea a cell."""
    lengths = {cell.id: len(cell.source.splitlines()) for cell in code_cells(notebook)}
    return [f"cell {name} has {length} lines" for name, length in lengths.items() if length > MAX_LINES]


def timing_is_not_judged(notebook: nbformat.NotebookNode) -> list[str]:
    """A `timing` cell is never judged: it holds no assert, and nbval does not compare its output."""
    timed = [cell for cell in code_cells(notebook) if "timing" in cell.metadata.get("tags", [])]
    return [
        f"cell {cell.id}: an assert in a cell tagged timing"
        for cell in timed
        if re.search(r"^\s*assert\b", cell.source, re.MULTILINE)
    ] + [
        f"cell {cell.id}: tagged timing, but not nbval-ignore-output"
        for cell in timed
        if "nbval-ignore-output" not in cell.metadata.tags
    ]


def no_lists_by_accident(notebook: nbformat.NotebookNode) -> list[str]:
    """No paragraph begins with a number such as "270. A layer", which Markdown takes for a list that begins at 270."""
    return [
        f"cell {cell.id}: {match.group()!r} makes a list"
        for cell in notebook.cells
        if cell.cell_type == "markdown" and (match := re.search(r"(?<![^\n]\n)^\d{2,}[.)] .{,20}", cell.source, re.M))
    ]


RULES = (
    execution_counts,
    canonical_form,
    no_errors,
    no_absolute_paths,
    small_outputs,
    alt_texts,
    no_deprecated_calls,
    short_cells,
    timing_is_not_judged,
    no_lists_by_accident,
)


def lecture_ids(notebook: nbformat.NotebookNode) -> set[str]:
    """The rows of the lecture that the notebook's code cells prove."""
    return {row for cell in code_cells(notebook) for row in cell.metadata.get("lecture", [])}
