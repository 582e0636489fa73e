"""Build a deck of slides from each notebook, in build/slides/, that needs no network and no other program.

Usage: python -m tools.publish.slides [--pdf] [NUMBER ...]   e.g. 07; all if none is named; --pdf prints the decks, too

A deck has no text of its own: `edit` chooses from the notebook by a few rules, and the metadata of the notebook's cells
overrules them. CONTRIBUTING.md, section "Slides", has both. reveal.js and MathJax come from installed packages.
"""

from __future__ import annotations

import ast
import html
import itertools
import math
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import distribution
from pathlib import Path
from string import Template

import nbformat
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tools import notebooks
from tools.publish import browser

DECKS = notebooks.NOTEBOOKS.parent / "build" / "slides"
ASSETS = {  # what lies beside the decks, once: name, package that brings it, end of its place in the package
    "reveal.js": ("sphinx-revealjs", "sphinx_revealjs/_static/revealjs/dist/reveal.js"),
    "reveal.css": ("sphinx-revealjs", "sphinx_revealjs/_static/revealjs/dist/reveal.css"),
    "notes.js": ("sphinx-revealjs", "sphinx_revealjs/_static/revealjs/plugin/notes/notes.js"),
    "reveal-license.txt": ("sphinx-revealjs", "sphinx_revealjs/_static/revealjs/LICENSE"),
    "mathjax.js": ("sphinx-mathjax-offline", "sphinx-mathjax-offline/static/mathjax/tex-svg.js"),
    "mathjax-license.txt": ("packaging", "licenses/LICENSE.APACHE"),  # the same license; its own package has no text
}
HERE = Path(__file__).parent
SLIDE_TYPES = ("slide", "subslide", "fragment", "skip", "notes", "-")  # JupyterLab's names for the slide type of a cell
ALLOWED_METADATA = {  # values of the keys of a cell's metadata "slide"; "show" may also be a list of beginnings
    "show": ("all",),
    "answer": (False,),
    "code": ("all", "hide"),
    "output": ("hide", "first"),
    "layout": ("rows", "columns", "below"),
}
MAX_SENTENCES = 3  # sentences of one text cell on a slide, unless its metadata name them
BLOCK_KINDS = {"question", "math", "list", "table", "box", "figure", "terms"}  # of blocks, as metadata may name them

BODY_WIDTH, BODY_HEIGHT = 1168, 606  # of what is below the running head of a slide, in pixels
# Sizes of letters in pixels; slides.css has them, too.
TEXT_SIZES = {"huge": 40, "large": 34, "medium": 29, "little": 26, "small": 24}
CODE_SIZES = {"huge": 32, "large": 27, "medium": 22, "little": 20, "small": 18}
LETTER_WIDTH, CODE_LETTER_WIDTH = 0.55, 0.605  # width of a letter, as a share of its size, in the widest usual fonts


@dataclass
class Item:
    """A piece of a slide: `lengths` of its lines or paragraphs in characters, and what it needs beside them, in lines.

    A `fragment` is shown on a click.
    """

    kind: str  # "text", one of BLOCK_KINDS, "code", "output", "exercise"
    html: str
    lengths: list[int] = field(default_factory=list)
    extra: float = 0.5
    fragment: bool = False
    aspect: float = 0  # width / height of a figure

    @property
    def is_code(self) -> bool:
        return self.kind in ("code", "exercise", "output")

    def height(self, text: float, code: float, width: float = BODY_WIDTH) -> float:
        """Pixels, about, with letters of these sizes; none for a figure, which takes what is left."""
        if self.kind == "output" and "<table" in self.html:
            return len(self.lengths) * (1.25 * min(code, 24) + 7) + 14
        if self.is_code:
            columns = (width - 41) / (CODE_LETTER_WIDTH * code)
            return sum(max(1, math.ceil(length / columns)) for length in self.lengths) * 1.36 * code + 26
        size = min(text, 26) if "<table" in self.html else text
        columns = width / (LETTER_WIDTH * size)
        return (sum(max(1, math.ceil(length / columns)) for length in self.lengths) * 1.32 + self.extra) * size


@dataclass
class Slide:
    """A slide; `below` means that it lies under the one before, and is passed over with the right arrow."""

    title: str = ""
    section: str = ""
    items: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)  # ids of the lecture
    layout: str = ""
    below: bool = False
    stated: bool = False  # by the metadata, so that it is not joined to the slide before

    @property
    def figure(self) -> Item | None:
        return next((piece for piece in self.items if piece.kind == "figure"), None)


# Text cells.


class _Renderer(IPythonRenderer):
    """Marks formulas as MathJax wants them, so that a dollar in a text stays one, and links decks to decks."""

    def inline_math(self, body):
        return rf"\({html.escape(body)}\)"

    def block_math(self, body):
        return rf"\[{html.escape(body)}\]"

    def codespan(self, text):
        short = ' class="short"' if len(text) <= 24 else ""  # stays in one line
        return super().codespan(text).replace("<code>", f"<code{short}>", 1)

    def link(self, text, url, title=None):
        if url.startswith(("http:", "https:")):
            return super().link(text, url, title)
        deck = re.fullmatch(r"([\w]+)\.ipynb(#.*)?", url)
        return f'<a href="{deck[1]}.html">{text}</a>' if deck else text


def to_html(markdown: str) -> str:
    """HTML of a text with formulas."""
    renderer = _Renderer(escape=False, exclude_anchor_links=True)
    page = MarkdownWithMath(renderer=renderer).render(with_money(markdown)).strip()
    apart = r"<code.*?</code>|<[^>]*>|\\\[.*?\\\]|\\\((?:(?!\\\)).)*\\\)(?![.,;:?!)])"  # stays as it is
    # In one line: a formula and the period after it, a network as 2-4-3, a shape as (1, 8).
    whole = r"\\\((?:(?!\\\)).)*\\\)[.,;:?!)]+|\d+(?:-\d+){2,}|\(\d+, \d*\)"
    found = re.compile(f"({apart})|({whole})", re.DOTALL)
    return found.sub(lambda match: match[1] or f'<span class="whole">{match[2]}</span>', page)


def with_money(markdown: str) -> str:
    """The text with "$1,000" marked as money, so that no formula begins there."""
    return re.sub(r"(?<![\\$])\$(?=\d{1,3}(,\d{3})+(?:[\s.,;:?!)]|\Z))", r"\\$", markdown)


def inline(markdown: str) -> str:
    """HTML of one line or paragraph, without the paragraph; a number at its beginning does not make it a list."""
    return re.sub(r"^<p>|</p>$", "", to_html(re.sub(r"^(\d+)\. ", r"\1\. ", markdown)))


def blocks(source: str) -> list[str]:
    """The blocks of a text: parts between blank lines, where fences, lists and formulas stay in one piece."""
    found: list[str] = []
    for part in re.split(r"\n\s*\n", source.strip()):
        inside = found and (found[-1].count("```") % 2 or found[-1].count("$$") % 2)
        goes_on = found and is_list(found[-1]) and (part.startswith(" ") or is_list(part))
        if inside or goes_on:
            found[-1] += "\n\n" + part
        else:
            found.append(part)
    return [
        piece.strip()
        for block in found
        for piece in (re.split(r"(\$\$.+?\$\$)", block, flags=re.DOTALL) if kind_of_block(block) == "text" else [block])
        if piece.strip()
    ]


def is_list(block: str) -> bool:
    return bool(re.match(r"([-*+]|\d+\.) ", block))


def kind_of_block(block: str) -> str:
    """The kind of a block, seen from how it begins."""
    for kind, begins in {
        "heading": r"#+ ",
        "box": ">",
        "math": r"\$\$",
        "table": r"\|",
        "figure": r"!\[|<img",
        "fence": "```",
        "question": r"\*\*Before [^*]+:\*\*",
        "terms": r"\*\*Terms met",
    }.items():
        if re.match(begins, block):
            return kind
    return "list" if is_list(block) else "text"


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph. Formulas, code, links and what is in bold or brackets are never cut; a question to
    the reader is one piece, to the end of the paragraph."""
    text = " ".join(with_money(paragraph).split())
    text, *question = re.split(r"(?=\*\*Before [^*]+:\*\*)", text, maxsplit=1)
    kept: list[str] = []

    def keep(match: re.Match) -> str:
        kept.append(match.group())
        ends = "\x02" if re.search(r"[.!?][*\")]*$", match.group()) else ""  # the end of a sentence is within
        return f"\x00{len(kept) - 1}\x00{ends}"

    masked = re.sub(r"(?<!\\)\$[^$]+\$|`[^`]+`|\[[^\]]*\]\([^)]*\)|\*\*[^*]+\*\*|\([^()]*\)", keep, text)
    masked = re.sub(r"\b(e\.g|i\.e|vs|cf|approx)\. ", "\\1.\x01", masked)
    pieces = re.split(
        r"(?<=[.!?])(?<! [A-Z]\.) +(?=[A-Z\x00*\"(])|(?<=[.!?][\"*)]) +(?=[A-Z\x00*\"(])|(?<=\x02) +(?=[A-Z\x00*\"(])",
        masked,
    )
    for number in reversed(range(len(kept))):
        pieces = [piece.replace(f"\x00{number}\x00", kept[number]) for piece in pieces]
    return [piece.replace("\x01", " ").replace("\x02", "").strip() for piece in pieces + question if piece.strip()]


def visible_text(text: str) -> str:
    """About what is seen of a text."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\\(text|frac|mathrm|partial|begin|end|sqrt|hat|underbrace)\b", "", text)
    return re.sub(r"[*`$\\{}]", "", text)


def to_item(block: str, kind: str) -> Item:
    """What a block or a sentence looks like on a slide."""
    length = [len(visible_text(block))]
    if kind == "question":
        words = re.sub(r"^\*\*[^*]+:\*\*\s*", "", block)
        asked = f'<p class="question">{inline(words[:1].upper() + words[1:])}</p>'
        return Item(kind, asked, [len(visible_text(words)) + 6], 1.3)
    if kind == "text":
        return Item(kind, f"<p>{inline(block)}</p>", length, 0.15)
    if kind == "list":
        entries = re.split(r"\n(?=(?:[-*+]|\d+\.) )", block)
        return Item(kind, to_html(block), [len(visible_text(entry)) + 4 for entry in entries], 0.5 + 0.3 * len(entries))
    if kind == "math":
        tall = 2.6 if re.search(r"\\frac|\\sum|\\begin", block) else 1.6
        tall = 3.6 if r"\underbrace" in block else tall
        if r"\qquad" in block and r"\begin" not in block and len(visible_text(block)) > 80:  # too long for one line
            inner = block.strip("$\n").replace(r"\qquad", r"\\")
            block = rf"$$\begin{{gathered}}{inner}\end{{gathered}}$$"
        rows = max(part.count(r"\\") for part in block.split(r"\end"))
        return Item(kind, to_html(block), [], tall + 1.4 * rows)
    if kind == "table":
        cells = [[cell.strip().split("<br>") for cell in row.strip("|").split("|")] for row in block.splitlines()]
        rows = [[[len(visible_text(line)) for line in cell] for cell in row] for row in cells[:1] + cells[2:]]
        widest = [max(map(max, column)) for column in itertools.zip_longest(*rows, fillvalue=[0])]
        # Characters; columns that are narrow are not wrapped, the others share the rest.
        room = 74 - len(widest) * (2 if len(widest) <= 10 else 1)
        narrow = [width for width in widest if width <= room / len(widest)]
        share = max(1, (sum(widest) - sum(narrow)) / max(1, room - sum(narrow)))
        widths = [width if width in narrow else width / share for width in widest]
        needs = [
            [
                sum(max(1, math.ceil(line / max(1, width))) for line in cell)
                for cell, width in zip(row, widths, strict=False)
            ]
            for row in rows
        ]
        return Item(kind, to_html(block), [1] * sum(map(max, needs)), 0.5 + 0.25 * len(rows))
    if kind == "fence":
        code = "\n".join(block.splitlines()[1:-1])
        return code_item(code)
    return Item(kind, to_html(block), [len(visible_text(part)) + 10 for part in block.split("\n>\n")], 1.2)


def edit(
    source: str, show: list[str] | str | None = None, said: str = "", leads: bool = True
) -> Iterator[tuple[str, str]]:
    """(kind, text) of what a slide shows of a text cell, headings included, in order.

    Without `show`: questions, formulas, tables, lists and figures; of a paragraph the sentences that bring a term in
    bold and one that leads to what follows it (it ends with a colon or a comma, or a question comes next), three at
    most and none in brackets; of a cell with a heading, or with none of these, the first sentence, too; of "What you
    can do now", all sentences. `show` is "all", or a list of kinds and of beginnings of sentences: exactly what these
    name is shown, and a ValueError is raised for a name of nothing. What was `said` before is left out. `leads` is
    False where nothing is shown of the cell that follows.
    """
    closing = source.startswith("## What you can do now")
    pieces: list[tuple[str, str, bool]] = []  # kind, text, shown
    parts = blocks(source)
    for block in parts:
        kind = kind_of_block(block)
        if kind not in ("text", "question"):
            pieces.append((kind, block, kind not in ("box", "terms")))
            closing &= kind == "heading"
            continue
        cut = sentences(block)
        for sentence, after in itertools.zip_longest(cut, cut[1:]):
            if sentence == said:
                continue
            kind = "question" if kind_of_block(sentence) == "question" else "text"
            before = sentence.endswith((":", ",")) and (leads or after or block != parts[-1])
            before |= after is not None and kind_of_block(after) == "question"
            pieces.append((kind, sentence, kind == "question" or before or "**" in sentence or closing))
        closing = False
    if show is None:
        headed = any(kind == "heading" for kind, _, _ in pieces)
        pieces = [(kind, text, shown and not (kind == "text" and text[0] == "(")) for kind, text, shown in pieces]
        if headed or not (said or any(shown for _, _, shown in pieces)):
            first = next((place for place, (kind, _, _) in enumerate(pieces) if kind == "text"), None)
            pieces = [(kind, text, shown or place == first) for place, (kind, text, shown) in enumerate(pieces)]
        count = itertools.count()
        yield from (
            (kind, text) for kind, text, shown in pieces if shown and (kind != "text" or next(count) < MAX_SENTENCES)
        )
        return

    def named(name: str, kind: str, text: str) -> bool:
        return name in ("all", kind) or " ".join(text.split()).startswith(name)

    for name in [show] if show == "all" else show:
        if not said.startswith(name) and not any(named(name, kind, text) for kind, text, _ in pieces):
            raise ValueError(f"No sentence begins with {name!r}, and it is none of {', '.join(sorted(BLOCK_KINDS))}.")
    names = [show] if show == "all" else show
    for kind, text, _ in pieces:
        if kind == "heading" or any(named(name, kind, text) for name in names):
            yield kind, text


# Code cells.


def is_check(node: ast.AST) -> bool:
    """Whether it is an assert, or a loop of nothing else."""
    return isinstance(node, ast.Assert) or (isinstance(node, ast.For) and all(map(is_check, node.body)))


def shown_code(source: str) -> str:
    """The code without its checks and without the alt texts of its figures: these are for readers, not for the room."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a line for IPython
        return source
    rows = [line.encode() for line in source.split("\n")]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "alt":
                    first, last = keyword.value.lineno - 1, keyword.value.end_lineno - 1
                    after = rows[last][keyword.value.end_col_offset :]
                    rows[first] = rows[first][: keyword.value.col_offset] + b"..." + after
                    rows[first + 1 : last + 1] = [None] * (last - first)
    for node in ast.walk(tree):
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            checks = [part for part in body if is_check(part)] if isinstance(body, list) else []
            if checks and (isinstance(node, ast.Module) or len(checks) < len(body)):
                for check in checks:
                    rows[check.lineno - 1 : check.end_lineno] = [None] * (check.end_lineno - check.lineno + 1)
    code = "\n".join(row.decode() for row in rows if row is not None)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" *# noqa\b.*", "", code)).strip()


def code_item(source: str) -> Item:
    body = highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip()
    return Item("code", f'<pre class="code"><code>{body}</code></pre>', [len(row) for row in source.split("\n")])


def width_of(cell: str) -> float:
    """About the width of a cell of a DataFrame, in sizes of its letters; names of columns and rows are bold."""
    words = html.unescape(re.sub("<[^>]+>", "", cell)).strip()
    width = sum(0.34 if letter in " .,:;'|()[]ijl-" else 0.64 for letter in words)
    return 1.1 + width * (1.1 if cell.startswith("<th") else 1)


def with_one_header(table: str) -> str:
    """The table of a DataFrame with the name of its rows above them, not in a row of its own under the header."""
    return re.sub(
        r"<th></th>((?:\s*<th>[^<]*</th>)+)\s*</tr>\s*<tr>\s*<th>([^<]+)</th>(?:\s*<th></th>)+\s*</tr>(?=\s*</thead>)",
        r"<th>\2</th>\1</tr>",
        table,
    )


def output_items(cell: nbformat.NotebookNode) -> list[Item]:
    """What a code cell printed and drew."""
    items: list[Item] = []
    text = ""
    for output in cell.outputs:
        data = output.get("data", {})
        rich = data.get("text/html", "")
        if rich.startswith("<pre"):  # a table that is drawn with letters, as that of model.summary()
            data, rich = {"text/plain": html.unescape(re.sub("<[^>]+>", "", rich))}, ""
        if picture := re.search(r"<img\b[^>]*>", rich):
            width, height = (int(re.search(rf'\b{side}="(\d+)"', picture[0])[1]) for side in ("width", "height"))
            shown = re.sub(r' (width|height)="\d+"', "", picture[0])
            items.append(Item("figure", f'<div class="figure">{shown}</div>', aspect=width / height))
        elif "<table" in rich:
            table = with_one_header(re.sub(r"<style.*?</style>| style=\"[^\"]*\"", "", rich, flags=re.DOTALL))
            rows = [re.findall(r"<t[hd].*?</t[hd]>", row, flags=re.DOTALL) for row in table.split("</tr>")[:-1]]
            wide = [[width_of(cell) for cell in row] for row in rows]
            across = math.ceil(sum(map(max, itertools.zip_longest(*wide, fillvalue=0))) / CODE_LETTER_WIDTH)
            items.append(Item("output", f'<div class="output table">{table}</div>', [across] * len(rows)))
        elif rich.startswith("<div role="):
            continue  # the answer of a check
        else:
            text += output.get("text", "") or data.get("text/plain", "").rstrip() + "\n"
    if text.strip():
        shown = f'<pre class="output"><samp>{html.escape(text.rstrip())}</samp></pre>'
        items.insert(0, Item("output", shown, [len(row) for row in text.rstrip().split("\n")]))
    return items


# Slides from cells.


def slides_of(notebook: nbformat.NotebookNode, answers: nbformat.NotebookNode | None = None) -> list[Slide]:
    """The deck of a notebook, its title slide left out; `answers` is the notebook of solutions."""
    deck: list[Slide] = []
    section, now = "", Slide()
    answer_of = {cell.id: cell for cell in answers.cells} if answers else {}
    cells = [cell for cell in notebook.cells[1:] if slide_type(cell) != "skip"]

    def begin(title: str = "", below: bool = False, stated: bool = False) -> None:
        """End the slide at work, and begin one with this title."""
        nonlocal now
        alone = not now.title and not now.stated and all(piece.kind == "text" for piece in now.items)
        before = deck[-2 if deck[-1].below and len(deck) > 1 else -1] if deck else None
        if alone and before and before.section == now.section and has_room(before, now.items):
            before.items = before.items + [replace(piece, fragment=True) for piece in now.items]
            before.notes = before.notes + now.notes
        elif now.items:
            deck.extend(arranged(now))
        notes = [] if now.items else now.notes
        now = Slide(title=title, section=section, below=below, stated=stated, notes=notes)

    said = due = ""  # the answer to a question, if it stands below it already, or else has to come next

    def asked() -> bool:
        return any(piece.kind == "question" for piece in now.items)

    def answered() -> bool:
        return any(piece.kind in ("output", "figure") for piece in now.items)

    for place, cell in enumerate(cells):
        kind, wish = slide_type(cell), cell.metadata.get("slide", {})
        if kind in ("slide", "subslide"):
            begin(below=kind == "subslide", stated=True)
        if exercise := re.fullmatch(r"(exercise-\d+)-text", cell.id):
            begin()
            if exercise[1] not in answer_of:
                raise ValueError(f"cell {exercise[1]} has no answer among the solutions.")
            stub = next(other for other in notebook.cells if other.id == exercise[1])
            deck.extend(exercise_slides(cell, stub, answer_of[cell.id], answer_of[exercise[1]]))
        elif cell.cell_type == "markdown":
            after = cells[place + 1] if place + 1 < len(cells) else None
            is_code = after is not None and after.cell_type == "code"
            leads = not is_code or bool(code_and_outputs(after, "**Before" in cell.source))
            try:
                chosen = list(edit(cell.source, wish.get("show"), said, leads)) if kind != "notes" else []
            except ValueError as error:
                raise ValueError(f"cell {cell.id}: {error}") from error
            if due and ("text", due) not in chosen:
                chosen.insert(0, ("text", due))
            for sort, text in chosen:
                if sort == "heading":
                    level, words = re.match(r"(#+) (.*)", text).groups()
                    section = inline(words) if len(level) == 2 else section
                    fresh = not now.items
                    begin(inline(words), now.below and fresh, now.stated and fresh)
                    continue
                later = kind == "fragment" or asked()
                for piece in pieces_of(text, sort):
                    now.items.append(replace(piece, fragment=piece.fragment or later))
            said = due = ""
            now.notes.append(to_html(re.sub(r"^#+ .*\n?", "", cell.source, flags=re.MULTILINE)))
        elif kind != "notes" and (pieces := code_and_outputs(cell, asked() and not answered())):
            later = len(pieces)
            if asked():  # what answers a question comes on a click: the output, or a check
                checks = len(pieces) == 1 and re.search(r"^\s*assert", cell.source, re.MULTILINE)
                later = 0 if checks else sum(piece.kind == "code" for piece in pieces)
            if wish.get("output") == "first":  # the question is about what is seen
                later = len(pieces)
            now.items += [
                replace(piece, fragment=kind == "fragment" or number >= later) for number, piece in enumerate(pieces)
            ]
            now.rows = now.rows + cell.metadata.get("lecture", [])
            now.layout = wish.get("layout", now.layout)
            after = cells[place + 1] if place + 1 < len(cells) else None
            goes_on = after and after.cell_type == "code" and slide_type(after) in ("-", "fragment")
            together = now.items + (code_and_outputs(after, True) if goes_on else [])
            said = due = answer_in(after) if after and asked() else ""
            if said and has_room(now, [to_item(said, "text")]):
                now.items.append(replace(to_item(said, "text"), fragment=True))
                due = ""
            else:
                said = ""
            if not goes_on or (cell.outputs and slide_type(after) == "-") or not fits(together, "medium", "small"):
                begin()
    begin()
    return deck


def pieces_of(text: str, kind: str) -> list[Item]:
    """A block or sentence as pieces of a slide: more than one where it is a list of misconceptions or a long table."""
    if kind == "list" and '*"' in text:
        return misconceptions(text)
    whole = to_item(text, kind)
    if kind == "table" and not fits([whole], "small", "small"):
        head, line, *rows = text.splitlines()
        half = math.ceil(len(rows) / 2)
        parts = ["\n".join([head, line, *part]) for part in (rows[:half], rows[half:])]
        return [piece for part in parts for piece in pieces_of(part, kind)]
    if kind == "list" and not fits([whole], "medium", "small"):
        entries = re.split(r"\n(?=(?:[-*+]|\d+\.) )", text)
        half = math.ceil(len(entries) / 2)
        parts = ["\n".join(part) for part in (entries[:half], entries[half:])]
        return [piece for part in parts for piece in pieces_of(part, kind)] if half < len(entries) else [whole]
    return [whole]


def has_room(slide: Slide, more: list[Item]) -> bool:
    """Whether the slide has room for more text."""
    together = [piece for piece in slide.items if piece.kind != "code" or not slide.figure] + more
    found = largest_sizes(together, slide.layout or ("columns" if slide.figure else ""))
    return found is not None


def answer_in(cell: nbformat.NotebookNode) -> str:
    """The first sentence of a text that follows a question and the code that settles it."""
    wish = cell.metadata.get("slide", {})
    if cell.cell_type != "markdown" or slide_type(cell) != "-" or kind_of_block(cell.source) != "text":
        return ""
    first = sentences(blocks(cell.source)[0])[0]
    if first.startswith("("):
        return ""
    show = wish.get("show")
    wanted = show is None or show == "all" or any(first.startswith(name) for name in show)
    return (
        first
        if wanted and wish.get("answer", True) and kind_of_block(first) == "text" and not first.endswith((":", ","))
        else ""
    )


def code_and_outputs(cell: nbformat.NotebookNode, asked: bool) -> list[Item]:
    """What a code cell shows. A cell that mainly checks shows nothing, unless it answers a question."""
    wish = cell.metadata.get("slide", {})
    outputs = [] if wish.get("output") == "hide" else output_items(cell)
    source = shown_code(cell.source)
    checks = re.search(r"^\s*assert\b", cell.source, re.MULTILINE)
    few = 2 * source.count("\n") < cell.source.count("\n") or re.search(r"^ +assert\b", cell.source, re.MULTILINE)
    mainly = checks and few and not re.search(r"^(def|class) ", source, re.MULTILINE)
    if wish.get("code") == "hide":
        source = ""
    elif wish.get("code") == "all" or (checks and not outputs and asked):
        source = cell.source
    elif mainly and not outputs and not cell.metadata.get("slideshow"):
        source = ""
    return ([code_item(source)] if source else []) + outputs


def slide_type(cell: nbformat.NotebookNode) -> str:
    """The slide type in the cell's metadata; without one, what CONTRIBUTING.md says."""
    if stated := cell.metadata.get("slideshow", {}).get("slide_type"):
        return stated
    if cell.id.startswith("setup-") or cell.id in ("exercises-text", "exercises-start", "progress", "next"):
        return "skip"
    if re.fullmatch(r"exercise-\d+", cell.id):
        return "skip"
    return "-"


def misconceptions(block: str) -> list[Item]:
    """A list of `*"a claim"* and the answer`: the claims are put to the room, each answer comes on a click."""
    found = []
    for entry in re.split(r"\n(?=[-*+] )", block):
        claim, answer = re.match(r'[-*+] (\*".*?"\*)(.*)', " ".join(entry.split())).groups()
        shown = f'<p class="claim">{inline(claim)}</p><p class="answer fragment">{inline(answer)}</p>'
        found.append(Item("text", shown, [len(claim) + 8, len(answer) + 4]))
    return found


def exercise_slides(text, stub, worked, answer) -> list[Slide]:
    """An exercise as a question to the room; its stub turns into the answer on a click."""
    source = re.sub(r"\s*\([Pp]romise \d(?:[^()]|\(\))*\)", "", text.source)
    heading, *body = blocks(source)
    notes = [to_html("\n\n".join(body)), to_html(re.sub(r"^#+ .*\n?", "", worked.source, flags=re.MULTILINE))]
    if show := text.metadata.get("slide", {}).get("show"):
        body = [words for kind, words in edit(source, show) if kind != "heading"]
    title = inline(re.sub("^#+ ", "", heading))

    def code(cell):
        return code_item(shown_code(re.sub(r"(?m)^check\..*(\n.*)*\Z", "", cell.source)))

    before, after = code(stub), code(answer)
    both = (
        f'<div class="stack"><div class="fragment fade-out" data-fragment-index="0">{before.html}</div>'
        f'<div class="fragment" data-fragment-index="0">{after.html}</div></div>'
    )
    lines = itertools.zip_longest(before.lengths, after.lengths, fillvalue=0)
    box = Item("exercise", both, [max(pair) for pair in lines])
    columns = ((BODY_WIDTH - 36) / 2 - 41) / (CODE_LETTER_WIDTH * CODE_SIZES["small"])
    wrapped = max(box.lengths, default=0) > columns  # where it stands beside the text
    pieces = [to_item(block, kind_of_block(block)) for block in body if block]
    for cut in range(len(pieces) + 1):  # as much of the text as there is room for stands with the code
        said, together = pieces[:cut], [*pieces[cut:], box]
        tables = any(piece.kind == "table" for piece in together)
        narrow = not wrapped and not tables and largest_sizes(together, "columns")
        layout = "columns" if narrow and not fits(together, "small", "small") else ""
        if layout or fits(together, "small", "small") or cut == len(pieces):
            first = [Slide(title, "", said, notes[:1])] if said else []
            return [*first, Slide(title, "", together, notes[len(first) :], layout=layout)]


def height_of(items: list[Item], text: str, code: str, width: float = BODY_WIDTH) -> float:
    """Pixels that the pieces take at these sizes, with the gaps between them."""
    return sum(
        piece.height(TEXT_SIZES[text], CODE_SIZES[code], width) + 14 for piece in items if piece.kind != "figure"
    )


def fits(items: list[Item], text: str, code: str) -> bool:
    """Whether the pieces have room under a title of one line, a figure being 330 pixels high or more."""
    figures = sum(piece.kind == "figure" for piece in items)
    return height_of(items, text, code) + 330 * figures <= BODY_HEIGHT - 66


def halves(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """The pieces for the left and the right column: what answers stands at the right."""
    right = [piece for piece in items if piece.kind in ("figure", "output", "exercise")]
    return [piece for piece in items if piece not in right], right


def largest_sizes(items: list[Item], layout: str = "", title_lines: int = 1) -> tuple[str, str] | None:
    """The largest sizes of text and of code, as names, at which the pieces have room; None if there are none."""
    room = BODY_HEIGHT - 20 - 46 * title_lines
    figure = any(piece.kind == "figure" for piece in items)
    width, parts = ((BODY_WIDTH - 36) / 2, halves(items)) if layout == "columns" else (BODY_WIDTH, (items,))
    widest = max([length for piece in items if piece.is_code for length in piece.lengths], default=0)
    mixed = any(piece.is_code for piece in items) and not all(piece.is_code for piece in items)  # of like sizes
    pairs = itertools.product(enumerate(TEXT_SIZES), enumerate(CODE_SIZES))
    for (big, text), (large, code) in sorted(
        pairs, key=lambda pair: (max(pair[0][0], pair[1][0]), pair[0][0] + pair[1][0])
    ):
        taken = max(height_of(part, text, code, width) for part in parts) + 330 * (figure and layout != "columns")
        columns = (width - 41) / (CODE_LETTER_WIDTH * CODE_SIZES[code])
        whole = widest <= columns or code == "small"  # else lines are wrapped
        alike = abs(big - large) <= 2 or not mixed
        if taken <= room and whole and alike and not (figure and big < (1 if layout == "columns" else 2)):
            return text, code
    return None


def grouped(items: list[Item]) -> list[list[Item]]:
    """The pieces in groups that have room on a slide each."""
    groups: list[list[Item]] = []
    for piece in items:
        if not groups or not fits([*groups[-1], piece], "medium", "small"):
            groups.append([])
        groups[-1].append(piece)
    return groups


def arranged(slide: Slide) -> list[Slide]:
    """The slide, or the slides into which it is split so that each has room; the code may go below what it shows."""
    items, figure, below = slide.items, slide.figure, []
    code = [piece for piece in items if piece.kind == "code"]
    shown = [piece for piece in items if piece.kind in ("output", "figure")]
    if figure and not slide.layout and code and figure.aspect <= 1.5:
        beside = largest_sizes(items, "columns")
        slide.layout = "columns" if beside and CODE_SIZES[beside[1]] >= 22 else ""
    crowded = figure or (shown and not fits(code + shown, "small", "small"))
    if code and (slide.layout == "below" or (crowded and not slide.layout)):
        items = [piece for piece in items if piece.kind != "code"]
        parts = grouped([replace(piece, fragment=False) for piece in code])
        below = [Slide(slide.title, slide.section, part, rows=slide.rows, below=True) for part in parts]
    if figure and slide.layout in ("", "below"):
        over = (
            BODY_HEIGHT - 66 - height_of(items, "medium", "medium")
        )  # what is left for it under the text, and beside it
        beside = min(BODY_HEIGHT - 66, (BODY_WIDTH - 36) / 2 / figure.aspect)
        small = beside < 340 and over < 340  # better a slide of its own
        slide.layout = "columns" if beside > over and len(items) > 1 and not small else "rows"
    if slide.layout == "columns" or fits(items, "medium", "small"):
        return [replace(slide, items=items), *below]
    # Too much for one slide: first what is said, then the question or the lead with the code and what it shows.
    first = next((n for n, piece in enumerate(items) if piece.kind in ("code", "output", "figure")), len(items))
    said, rest = items[:first], items[first:]
    while rest and said and fits([said[-1], *rest], "medium", "small") and said[-1].kind in ("question", "text"):
        rest.insert(0, said.pop())
    if fits(items, "small", "small") and height_of(said, "medium", "small") < 130:
        return [replace(slide, items=items), *below]
    groups = grouped(said) + ([rest] if rest else [])
    groups = [[replace(group[0], fragment=False), *group[1:]] for group in groups]  # none is empty before the click
    parts = [replace(slide, items=group, notes=[]) for group in groups]
    parts[0].notes = slide.notes
    return [*parts, *below]


# HTML.


def section_html(slide: Slide) -> str:
    """A slide as a `<section>` of reveal.js."""
    title, items = slide.title, list(slide.items)
    spare = len(halves(items)[0] if slide.layout == "columns" else items) > 1
    if not title and spare and items[0].kind == "text" and not items[0].fragment and items[0].lengths[0] < 100:
        title = re.sub("</?(p|strong)>", "", items.pop(0).html)
        dispensable = "[:,]" if re.search(r"[.?!] ", title) else "[.:,]"
        title = re.sub(rf"{dispensable}((</\w+>)*)$", r"\1", title)  # a formula at the end stands in a tag of its own
    title = title or slide.section

    def shown(pieces):
        return "".join(f'<div class="fragment">{p.html}</div>' if p.fragment else p.html for p in pieces)

    body = shown(items)
    if slide.layout == "columns":
        body = '<div class="columns">' + "".join(f"<div>{shown(half)}</div>" for half in halves(items)) + "</div>"
    text, code = largest_sizes(items, slide.layout, 1 + (len(re.sub("<[^>]+>", "", title)) > 50)) or ("small", "small")
    notes = f'<aside class="notes">{"".join(slide.notes)}</aside>' if slide.notes else ""
    return (
        f'<section><div class="page text-{text} code-{code}">'
        f"<header><span>{slide.section if slide.section != title else ''}</span>"
        f'<span class="lecture">{" ".join(dict.fromkeys(slide.rows))}</span></header>'
        f'<h2>{title}</h2><div class="body">{body}</div></div>{notes}</section>'
    )


def title_of(notebook: nbformat.NotebookNode) -> str:
    """The title of a notebook, as HTML."""
    return inline(re.match(r"# (.*)", notebook.cells[0].source)[1])


def title_html(notebook: nbformat.NotebookNode, stem: str) -> str:
    """The title slide: the question, the number, the rows of the lecture, and the promises."""
    source = notebook.cells[0].source
    title = title_of(notebook)
    rows = sorted({row for cell in notebook.cells for row in cell.metadata.get("lecture", [])})
    promises = next((block for block in blocks(source) if is_list(block)), "")
    lead = next((inline(block) for block in blocks(source) if block.startswith("**After")), "")
    in_row = [list(run) for _, run in itertools.groupby(enumerate(rows), lambda pair: int(pair[1][1:]) - pair[0])]
    ranges = [run[0][1] + (f" to {run[-1][1]}" if len(run) > 1 else "") for run in in_row]
    ids = f"Notebook {stem[:2]} · Lecture {', '.join(ranges)}"
    notes = to_html(re.sub(r"^# .*\n", "", source))
    said = [to_item(lead, "text"), to_item(promises, "list")] if promises else []
    taken = 110 + 69 * math.ceil(len(title) / 32)
    size = next((size for size in ("medium", "small") if height_of(said, size, "small", 1100) + taken <= 720), "small")
    return (
        f'<section><div class="page title text-{size}"><p class="ids">{ids}</p><h1>{title}</h1>'
        f'<p>{lead}</p>{to_html(promises)}</div><aside class="notes">{notes}</aside></section>'
    )


def deck_html(path: Path) -> str:
    """The deck of a notebook file, as one page that needs the folder `assets` beside it."""
    notebook = notebooks.read(path)
    worked = path.parent / "solutions" / path.name
    answers = notebooks.read(worked) if worked.exists() else None
    stacks: list[list[str]] = [[title_html(notebook, path.stem)]]
    for slide in slides_of(notebook, answers):
        if slide.below:
            stacks[-1].append(section_html(slide))
        else:
            stacks.append([section_html(slide)])
    sections = "\n".join(stack[0] if len(stack) == 1 else f"<section>{''.join(stack)}</section>" for stack in stacks)
    source = notebook.cells[0].source
    minutes = int(re.search(r"(\d+) minutes", source)[1])
    title = re.sub("<[^>]+>", "", title_of(notebook))
    page = Template((HERE / "slides.html").read_text(encoding="utf-8"))
    return page.substitute(title=title, sections=sections, seconds=60 * minutes)


def copy_asset(name: str, folder: Path) -> None:
    """Copy one of ASSETS out of its installed package."""
    package, place = ASSETS[name]
    (found,) = (file for file in distribution(package).files if file.as_posix().endswith(place))
    shutil.copyfile(found.locate(), folder / name)


def build(paths: list[Path], folder: Path = DECKS) -> list[Path]:
    """Write the decks of the notebooks, the assets they share and a list of all decks; returns the decks' files.

    Raises ValueError, with the name of the notebook, where metadata name what is not there.
    """
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    for name in ASSETS:
        copy_asset(name, folder / "assets")
    shutil.copyfile(HERE / "slides.css", folder / "assets" / "slides.css")
    decks = []
    for path in paths:
        try:
            page = deck_html(path)
        except ValueError as error:
            raise ValueError(f"{path.name}, {error}") from error
        decks.append(folder / f"{path.stem}.html")
        decks[-1].write_text(page, encoding="utf-8")
    all_decks = sorted(folder.glob("[0-9]*.html"))
    titles = {deck: re.search("<title>(.*)</title>", deck.read_text(encoding="utf-8"))[1] for deck in all_decks}
    links = [f'<li><a href="{deck.name}">{deck.stem[:2]} {title}</a></li>' for deck, title in titles.items()]
    index = Template((HERE / "slides_index.html").read_text(encoding="utf-8"))
    (folder / "index.html").write_text(index.substitute(links="\n".join(links)), encoding="utf-8")
    return decks


def print_decks(decks: list[Path]) -> list[Path]:
    """A PDF beside each deck; needs Chromium. Returns the files."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser.chromium(), args=["--no-sandbox"])
        printed = [print_deck(opened.new_page(viewport={"width": 1280, "height": 720}), deck) for deck in decks]
        opened.close()
    return printed


def print_deck(page, deck: Path) -> Path:
    """The PDF of a deck, beside it: a page for each slide, everything on it shown, without the notes.

    `page` is an open page of a browser that Playwright drives.
    """
    page.goto(f"{deck.as_uri()}?print-pdf", wait_until="load")
    page.wait_for_function("window.Reveal && Reveal.isReady() && document.querySelector('.pdf-page')")
    printed = deck.with_suffix(".pdf")
    page.pdf(path=printed, prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
    return printed


def main(arguments: list[str]) -> int:
    names = [name for name in arguments if name != "--pdf"]
    try:
        courses = notebooks.lecture_notebooks()
        paths = [path for path in notebooks.find_notebooks(names) if path in courses] or courses
        files = build(paths)
        if "--pdf" in arguments:
            files = print_decks(files)
    except (ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    for file in files:
        print(f"{file.relative_to(DECKS.parents[1])}  {file.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
