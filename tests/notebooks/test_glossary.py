"""The glossary: an entry for each term that a notebook names, and links both ways that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest

from tools import notebooks

GLOSSARY = notebooks.NOTEBOOKS / "glossary.ipynb"
ENTRY = re.compile(
    r'<a id="(?P<anchor>[^"]+)"></a>\*\*(?P<name>.+?)\*\*(?: \((?P<symbol>.+?)\))?: (?P<text>.+)\n'
    r"<small>Notebook (?P<met>.+)</small>",
    re.DOTALL,
)
SEE = re.compile(r"\*\*(?P<name>.+?)\*\*: see \[(?P<of>.+)\]\(#(?P<anchor>.+)\)\.")
LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
NUMBERS = [path.name[:2] for path in notebooks.lecture_notebooks()]


@dataclass(frozen=True)
class Entry:
    anchor: str
    name: str
    symbol: str | None
    text: str
    met: tuple[tuple[str, str], ...]  # the notebook's file and the heading's anchor, for each place


@cache
def texts(path) -> list[str]:
    """The text cells of a notebook."""
    return [cell.source for cell in notebooks.read(path).cells if cell.cell_type == "markdown"]


def paragraphs() -> Iterator[tuple[str, str]]:
    """Each paragraph of the glossary below its opening, with the letter that it stands under."""
    for source in texts(GLOSSARY)[1:]:
        heading, *below = source.split("\n\n")
        for paragraph in below:
            yield heading.removeprefix("## "), paragraph


def entries() -> list[Entry]:
    found = [match for _, paragraph in paragraphs() if (match := ENTRY.fullmatch(paragraph))]
    return [
        Entry(match["anchor"], match["name"], match["symbol"], " ".join(match["text"].split()),
              tuple(tuple(target.split("#")) for _, target in LINK.findall(match["met"])))
        for match in found
    ]  # fmt: skip


def terms_met(number: str) -> str:
    """The paragraph of a notebook that names its terms."""
    (path,) = notebooks.NOTEBOOKS.glob(f"{number}_*.ipynb")
    parts = [part for text in texts(path) for part in text.split("\n\n")]
    return next(part for part in parts if part.startswith("**Terms met:**"))


def anchor_of(heading: str) -> str:
    """The address that JupyterLab gives to a heading."""
    return heading.replace("`", "").strip().replace(" ", "-")


def headings(path) -> set[str]:
    return {anchor_of(heading) for text in texts(path) for heading in re.findall(r"^#{1,4} (.+)$", text, re.MULTILINE)}


def words(text: str) -> str:
    """A text in lower case without marks, to look for a word in it."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower())


def short(name: str) -> str:
    """A term without what stands in parentheses."""
    return re.sub(r" \(.*\)", "", name)


def sorting(name: str) -> str:
    return re.sub("[^a-z0-9 ]", "", re.sub("[-_]", " ", short(name).lower()))


ENTRIES = entries()
ANCHORS = [entry.anchor for entry in ENTRIES]
EACH_ENTRY = pytest.mark.parametrize("entry", ENTRIES, ids=ANCHORS)
EACH_NUMBER = pytest.mark.parametrize("number", NUMBERS)


def test_every_paragraph_is_an_entry_or_names_one():
    for _, paragraph in paragraphs():
        assert ENTRY.fullmatch(paragraph) or SEE.fullmatch(paragraph), paragraph
    assert len(ENTRIES) > 150 and len(set(ANCHORS)) == len(ANCHORS)


def test_entries_are_in_alphabetical_order_under_their_letters():
    names = [(letter, (ENTRY.fullmatch(text) or SEE.fullmatch(text))["name"]) for letter, text in paragraphs()]
    assert [name for _, name in names] == sorted((name for _, name in names), key=sorting)
    assert all(sorting(name)[0].upper() == letter for letter, name in names)


def test_other_names_lead_to_the_entry():
    by_anchor = {entry.anchor: entry.name for entry in ENTRIES}
    for _, paragraph in paragraphs():
        if match := SEE.fullmatch(paragraph):
            assert by_anchor[match["anchor"]] == match["of"]


def test_opening_leads_to_each_letter_and_each_symbol_of_the_notation():
    opening = texts(GLOSSARY)[0]
    targets = [target for _, target in LINK.findall(opening)]
    assert set(targets) <= {f"#{anchor}" for anchor in ANCHORS}
    letters = [(text, target) for text, target in LINK.findall(opening) if len(text) == 1]
    assert [letter for letter, _ in letters] == list(dict.fromkeys(letter for letter, _ in paragraphs()))
    name_of = {f"#{entry.anchor}": entry.name for entry in ENTRIES}
    assert all(sorting(name_of[target])[0].upper() == letter for letter, target in letters)
    (table,) = [text for text in texts(notebooks.NOTEBOOKS / "00_start_here.ipynb") if text.startswith("## Notation")]
    symbols = re.findall(r"^\| (\$.+?\$) \|", table, re.MULTILINE)
    named = " ".join(opening.split("**Symbols:**")[1].split())
    for symbol in symbols:
        assert f"{symbol} [" in named, symbol


def test_shapes_are_those_of_the_notation():
    (table,) = [text for text in texts(notebooks.NOTEBOOKS / "00_start_here.ipynb") if text.startswith("## Notation")]
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines() if row.startswith("| $")]
    shapes = {symbol: shape.removeprefix("as ") for symbol, _, shape, _ in rows if shape}
    found = {}
    for entry in ENTRIES:
        symbol, *shape = re.split(", (?:shape (?:as )?)?", entry.symbol or "", maxsplit=1)
        if shape:
            found[symbol] = shape[0]
    assert found == shapes


@EACH_ENTRY
def test_entry_is_short(entry):
    plain = re.sub(r"\$[^$]*\$|`[^`]*`", "x", entry.text)
    assert plain.endswith(".") and plain[0] in plain[0].upper()
    assert len(re.findall(r"[.!?](?=\s|$)", plain)) <= 2 and len(plain.split()) < 50


@EACH_ENTRY
def test_entry_leads_to_places_where_the_term_is_used(entry):
    assert [file for file, _ in entry.met] == sorted(file for file, _ in entry.met) != []
    for file, heading in entry.met:
        path = notebooks.NOTEBOOKS / file
        assert heading in headings(path), f"{file} has no heading {heading}"
        text, symbol = "\n".join(texts(path)), (entry.symbol or "").split(",")[0]
        named = f"#{entry.anchor})" in terms_met(file[:2]) or f"| {symbol} |" in text
        assert named or words(short(entry.name)).strip() in words(text), f"{file} does not use it"


@EACH_NUMBER
def test_terms_of_a_notebook_lead_to_their_entries_and_back(number):
    paragraph = terms_met(number)
    linked = LINK.findall(paragraph)
    assert linked and "*" not in LINK.sub("", paragraph.removeprefix("**Terms met:**")), "a term without a link"
    by_anchor = {entry.anchor: entry for entry in ENTRIES}
    for text, target in linked:
        file, anchor = target.split("#")
        assert file == GLOSSARY.name and text.startswith("*"), target
        assert number in [met[:2] for met, _ in by_anchor[anchor].met], f"{anchor} does not lead back to {number}"
        term = words(text).replace("to ", "").split()
        names = words(by_anchor[anchor].name).split()
        assert set(term) <= set(names), f"{text} leads to {by_anchor[anchor].name}"
