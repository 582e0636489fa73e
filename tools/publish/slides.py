"""Build a deck from each file in slides/, in build/slides/, that needs no network and no other program.

Usage: python -m tools.publish.slides [--pdf | --watch] [NUMBER ...]   e.g. 07; all decks if none is named

--pdf prints the decks, too; --watch builds a deck again whenever it is saved. A deck is Markdown with lines that begin
with "@" and take something from its notebook; CONTRIBUTING.md, section "Slides", shows how to write one.
"""

from __future__ import annotations

import html
import re
import shlex
import shutil
import sys
import time
from functools import partial
from importlib.metadata import distribution
from pathlib import Path

import pypandoc
from nbformat import NotebookNode

from tools import notebooks
from tools.publish import browser

SOURCES = notebooks.NOTEBOOKS.parent / "slides"
DECKS = notebooks.NOTEBOOKS.parent / "build" / "slides"
HERE = Path(__file__).parent
ASSETS = {  # what lies beside the decks, once: name, package that brings it, end of its place in the package
    "reveal.js": ("sphinx-revealjs", "sphinx_revealjs/_static/revealjs/dist/reveal.js"),
    "reveal.css": ("sphinx-revealjs", "sphinx_revealjs/_static/revealjs/dist/reveal.css"),
    "notes.js": ("sphinx-revealjs", "sphinx_revealjs/_static/revealjs/plugin/notes/notes.js"),
    "reveal-license.txt": ("sphinx-revealjs", "sphinx_revealjs/_static/revealjs/LICENSE"),
    "mathjax.js": ("sphinx-mathjax-offline", "sphinx-mathjax-offline/static/mathjax/tex-svg.js"),
    "mathjax-license.txt": ("packaging", "licenses/LICENSE.APACHE"),  # the same license; its own package has no text
}
# Pandoc's Markdown without surprises: no "@" that cites, no "smart" quotes, no "~" and "^" that lower and raise.
MARKDOWN = "markdown-auto_identifiers-citations-fancy_lists-raw_tex-smart-subscript-superscript"
OPTIONS = [f"--template={HERE / 'slides.html'}", "--mathjax", "--slide-level=2", "--columns=9999", "--wrap=preserve"]


def find_decks(names: list[str]) -> list[Path]:
    """The decks whose names begin with the numbers, e.g. "07", or all of them; ValueError if there is none."""
    notebooks.find_notebooks(names)
    decks = [deck for deck in sorted(SOURCES.glob("*.md")) if not names or deck.stem.startswith(tuple(names))]
    if not decks:
        raise ValueError(f"There is no deck {' or '.join(names)} in {SOURCES.name}/.")
    return decks


# What a cell has for a slide; "" if it has nothing of this kind.
def text_of(cell: NotebookNode) -> str:
    """The text without headings, and without links to other notebooks."""
    text = re.sub(r"(?m)^#+ .*\n?", "", cell.source) if cell.cell_type == "markdown" else ""
    return re.sub(r"\[([^\]]*)\]\((?!http)[^)]*\)", r"\1", text).strip()


def code_of(cell: NotebookNode) -> str:
    """The code without checks and without alt texts, which are not for the room; if nothing is left, all of it."""
    source = cell.source if cell.cell_type == "code" else ""
    code = re.sub(r"(?m)^for .*:\n(?: +assert\b.*\n?)+", "", source)
    code = re.sub(r"(?m)^( *)assert\b.*(?:\n\1[ \])}].*)*\n?", "", code)
    code = re.sub(r'\balt=(?:f?"(?:[^"\\]|\\.)*"\s*)+', "alt=...", re.sub(r" *# noqa\b.*", "", code))
    return re.sub(r"\n{3,}", "\n\n", code).strip() or source


def printed_by(cell: NotebookNode) -> str:
    """The text that the cell printed, or that Jupyter shows for its last line."""
    text = ""
    for output in cell.get("outputs", []):
        rich, plain = (output.get("data", {}).get(kind, "") for kind in ("text/html", "text/plain"))
        if rich.startswith("<pre"):  # a table that is drawn with letters, as that of model.summary()
            plain, rich = html.unescape(re.sub("<[^>]+>", "", rich)), ""
        text += "" if rich else output.get("text", "") or f"{plain.rstrip()}\n"
    return text.rstrip()


def html_of(cell: NotebookNode, pattern: str) -> str:
    rich = "".join(output.get("data", {}).get("text/html", "") for output in cell.get("outputs", []))
    return "".join(re.findall(pattern, rich))


def table_of(cell: NotebookNode) -> str:
    """The table of a DataFrame, as HTML; the name of its rows stands above them, not in a row of its own."""
    table = re.sub(r' style="[^"]*"', "", html_of(cell, "(?s)<table.*?</table>"))
    name_of_rows = r"<th></th>((?:\s*<th>[^<]*</th>)+\s*)</tr>\s*<tr>\s*<th>([^<]+)</th>(?:\s*<th></th>)+\s*</tr>"
    return re.sub(name_of_rows, r"<th>\2</th>\1</tr>", table)


KINDS = {"text": text_of, "code": code_of, "printed text": printed_by, "table": table_of}
KINDS["figure"] = partial(html_of, pattern=r"<img\b[^>]*>")


def take(cells: dict[str, NotebookNode], kind: str, name: str) -> str:
    """What a cell has of a kind; ValueError, with the names of all cells that have any, if it has none."""
    if name in cells and (content := KINDS[kind](cells[name])):
        return content
    there = ", ".join(other for other, cell in cells.items() if KINDS[kind](cell)) or "none"
    raise ValueError(f"the notebook has no {kind} in a cell {name!r}; cells with {kind}: {there}.")


def cells_of(deck: Path) -> dict[str, NotebookNode]:
    """The cells of the deck's notebook by name; those of its solutions have names as "solved exercise-1"."""
    files = [("", f"{deck.stem}.ipynb"), ("solved ", f"solutions/{deck.stem}.ipynb")]
    return {
        prefix + cell.id: cell for prefix, file in files for cell in notebooks.read(notebooks.NOTEBOOKS / file).cells
    }


# Directives: each takes the cells and the words on its line, and returns Markdown.
def put_code(cells: dict, name: str, lines: str = "") -> str:
    """@code CELL [lines=2-4,7]"""
    shown = take(cells, "code", name)
    return block("python", cells[name].source if lines else shown, lines)


def put_output(cells: dict, name: str, lines: str = "") -> str:
    """@output CELL [lines=2-4,7]"""
    return block("{.output}", take(cells, "printed text", name), lines)


def put_table(cells: dict, name: str, rows: str = "", columns: str = "") -> str:
    """@table CELL [rows=2-4,7] [columns="loss,val loss"]"""
    shown = take(cells, "table", name)
    if rows or columns:
        parts = [re.findall("<t[hd].*?</t[hd]>", row) for row in re.findall("(?s)<tr.*?</tr>", shown)]
        names = [html.unescape(re.sub("<[^>]+>", "", cell)) for cell in parts[0]]
        wanted = columns.split(",") if columns else names[1:]
        if not {*wanted} <= {*names[1:]} or "colspan" in shown:
            raise ValueError(f"there are no columns {columns!r} to choose; there are: {', '.join(names[1:])}.")
        kept = [[row[place] for place in (0, *map(names.index, wanted))] for row in parts]
        shown = "".join(f"<tr>{''.join(row)}</tr>" for row in [kept[0], *chosen(kept[1:], rows, "rows")])
        shown = f"<table>{shown}</table>"
    return block("{=html}", f'<div class="output table">{shown}</div>')


def put_figure(cells: dict, name: str) -> str:
    """@figure CELL"""
    return block("{=html}", f'<div class="figure">{take(cells, "figure", name)}</div>')


def put_exercise(cells: dict, number: str) -> str:
    """@exercise NUMBER"""
    name = f"exercise-{number}"
    both = [take(cells, "code", each) for each in (name, f"solved {name}")]
    before, after = (block("python", re.sub(r"(?m)\s*^check\..*(\n.*)*\Z", "", each)) for each in both)
    first, then = "::: {.fragment .fade-out fragment-index=0}", "::: {.fragment fragment-index=0}"
    swap = "\n".join(["::: swap", first, before, ":::", then, after, ":::", ":::", ""])
    return f"{swap}\n{put_notes(cells, f'solved {name}-text')}"


def put_notes(cells: dict, *names: str) -> str:
    """@notes CELL [CELL ...]"""
    return "\n\n".join(["::: notes", *(take(cells, "text", name) for name in names), ":::"])


DIRECTIVES = {"@code": put_code, "@output": put_output, "@table": put_table, "@figure": put_figure,
              "@exercise": put_exercise, "@notes": put_notes}  # fmt: skip


def block(sort: str, text: str, lines: str = "") -> str:
    return "\n".join([f"````{sort}", *chosen(text.split("\n"), lines, "lines"), "````"])


def chosen(items: list, ranges: str, kind: str) -> list:
    """The items that "2-4,7" names, counted from 1; all of them for ""."""
    kept = []
    for part in (ranges or f"1-{len(items)}").split(","):
        span = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        first, last = (int(span[1]), int(span[2] or span[1])) if span else (0, 0)
        if not 1 <= first <= last <= len(items):
            raise ValueError(f"there are no {kind} {part}; there are {len(items)}. A choice is written as 2-4,7.")
        kept += items[first - 1 : last]
    return kept


def directed(line: str, cells: dict) -> str:
    """The Markdown that a line with a directive stands for."""
    name, *words = shlex.split(line)
    if name not in DIRECTIVES:
        raise ValueError(f"there is no {name}; there are: {', '.join(DIRECTIVES)}.")
    options = dict(word.split("=", 1) for word in words if "=" in word)
    try:
        return DIRECTIVES[name](cells, *(word for word in words if "=" not in word), **options)
    except TypeError as error:
        raise ValueError(f"write {DIRECTIVES[name].__doc__}") from error


HEAD = re.compile(r"---\ntitle: *(.+)\nlecture: *(.+)\nminutes: *(\d+)\n---\n")
PARTS = re.compile(  # a block of code, which stays as it is; the title of a section; that of a slide; a directive
    r"(?ms)^(?P<fence>```+).*?^(?P=fence)|^# (?P<section>[^\n]*)"
    r"|^## (?P<title>[^\n]*?) *(?:\{(?P<attributes>[^{}\n]*)\})? *$|^(?P<directive>@[^\n]*)"
)


def markdown_of(deck: Path) -> str:
    """A deck for pandoc: with a title slide, with what directives stand for, and each slide with its section."""
    cells, text, section = cells_of(deck), deck.read_text(encoding="utf-8"), ""
    if not (head := HEAD.match(text)):
        raise ValueError(f"{deck.name} has to begin with the lines ---, title: ..., lecture: ..., minutes: ..., ---.")

    def replaced(found: re.Match) -> str:
        nonlocal section
        if found["section"] is not None:
            section = re.sub(r'[*`$\\"]', "", found["section"])
            return ""
        if found["title"]:
            return f'## {found["title"]} {{{found["attributes"] or ""} section="{section}"}}'
        try:
            return f"\n{directed(found['directive'], cells)}\n" if found["directive"] else found[0]
        except ValueError as error:
            line = text[: head.end() + found.start()].count("\n") + 1
            raise ValueError(f"{deck.name}, line {line}, {found[0]}: {error}") from error

    title, lecture, minutes = head.groups()
    opening = f'## {title} {{.title ids="Notebook {deck.stem[:2]} · Lecture {lecture}" minutes={minutes}}}'
    return f"---\ntitle: |\n  {title}\n---\n\n{opening}\n\n{PARTS.sub(replaced, text[head.end() :])}"


def copy_asset(name: str, folder: Path) -> None:
    """Copy one of ASSETS out of its installed package."""
    package, place = ASSETS[name]
    (found,) = (file for file in distribution(package).files if file.as_posix().endswith(place))
    shutil.copyfile(found.locate(), folder / name)


def build(decks: list[Path], folder: Path = DECKS, version: str = "") -> list[Path]:
    """Write the pages of the decks, the assets they share and a list of all pages; returns the decks' pages.

    A page with a version looks for newer ones. ValueError, with the deck and its line, for what is not in the notebook.
    """
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    for name in ASSETS:
        copy_asset(name, folder / "assets")
    shutil.copyfile(HERE / "slides.css", folder / "assets" / "slides.css")
    pages = [folder / f"{deck.stem}.html" for deck in decks]
    for deck, page in zip(decks, pages, strict=True):
        options = [*OPTIONS, f"--variable=version={version}"]
        made = pypandoc.convert_text(markdown_of(deck), "revealjs", MARKDOWN, options, verify_format=False)
        page.write_text(made, encoding="utf-8")
        newest = folder / "assets" / f"{deck.stem}.js"
        newest.write_text(f'newest = "{version}";') if version else newest.unlink(missing_ok=True)
    titles = {page: re.search("<title>(.*)</title>", page.read_text("utf-8"))[1] for page in folder.glob("[0-9]*.html")}
    links = [f'<li><a href="{page.name}">{page.stem[:2]} {titles[page]}</a></li>' for page in sorted(titles)]
    index = (HERE / "slides_index.html").read_text(encoding="utf-8").replace("$links", "\n".join(links))
    (folder / "index.html").write_text(index, encoding="utf-8")
    return pages


def watch(decks: list[Path], folder: Path = DECKS) -> None:
    """Build a deck again when it, its notebook or its look is saved; a page that is open then shows the new version."""
    saved = {}
    while True:
        for deck in decks:
            sources = [deck, *notebooks.NOTEBOOKS.rglob(f"{deck.stem}.ipynb"), *HERE.glob("slides*")]
            version = "-".join(f"{file.stat().st_mtime_ns:x}" for file in sources if file.exists())
            if version != saved.get(deck):
                saved[deck] = version
                try:
                    print(f"{time.strftime('%H:%M:%S')}  {build([deck], folder, version)[0]}", flush=True)
                except ValueError as error:
                    print(error, flush=True)
        time.sleep(0.3)


def print_decks(pages: list[Path]) -> list[Path]:
    """A PDF beside each deck's page: a sheet for each slide, with all that comes on clicks; without notes."""
    with browser.opened() as chromium:
        tab = chromium.new_page(viewport={"width": 1280, "height": 720})
        for page in pages:
            tab.goto(f"{page.as_uri()}?print-pdf", wait_until="load")
            tab.wait_for_function("window.Reveal && Reveal.isReady() && document.querySelector('.pdf-page')")
            options = {"prefer_css_page_size": True, "print_background": True, "tagged": True, "outline": True}
            tab.pdf(path=page.with_suffix(".pdf"), **options)
    return [page.with_suffix(".pdf") for page in pages]


def main(arguments: list[str]) -> int:
    try:
        decks = find_decks([name for name in arguments if not name.startswith("--")])
        if "--watch" in arguments:
            watch(decks)
        files = build(decks)
        if "--pdf" in arguments:
            files = print_decks(files)
    except KeyboardInterrupt:
        files = build(decks)  # without what looks for newer versions
    except (ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    for file in files:
        print(f"{file.relative_to(DECKS.parents[1])}  {file.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
