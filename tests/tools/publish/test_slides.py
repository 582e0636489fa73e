"""Each deck builds, and says what its notebook says. What it looks like: test_slides_browser.py."""

from __future__ import annotations

import re
from decimal import Decimal

import nbformat
import pandas as pd
import pytest

from tools import notebooks
from tools.publish import browser, slides

DECKS = slides.find_decks([])
HEAD = "---\ntitle: A title\nlecture: L02\nminutes: 5\n---\n"


def text(source, name="text"):
    return nbformat.v4.new_markdown_cell(source, id=name)


def code(source, name="code", plain="", rich=""):
    data = {"text/plain": plain} | ({"text/html": rich} if rich else {})
    outputs = [nbformat.v4.new_output("display_data", data=data)] if plain or rich else []
    return nbformat.v4.new_code_cell(source, id=name, outputs=outputs)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of decks, with one of notebooks; the builder takes them for those of the course."""
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    monkeypatch.setattr(slides, "SOURCES", tmp_path)
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path / "notebooks")
    return tmp_path


@pytest.fixture
def deck(folder):
    """Write a deck with these words, and a notebook with these cells."""

    def write(words, *cells, answers=()):
        path = folder / "01_short.md"
        path.write_text(HEAD + words)
        for file, kept in (("01_short.ipynb", cells), ("solutions/01_short.ipynb", answers)):
            made = nbformat.v4.new_notebook(cells=list(kept))
            (folder / "notebooks" / file).write_text(notebooks.to_text(made))
        return path

    return write


def page(path):
    """What pandoc makes of a deck."""
    [made] = slides.build([path], path.parent / "built")
    return made.read_text()


# The decks of the course.


@pytest.mark.parametrize("path", DECKS, ids=lambda path: path.stem)
def test_deck_builds_and_its_links_lead_to_decks(path, tmp_path):
    """All that it takes from its notebook is there. Whether it fits on the slides: test_slides_browser.py."""
    [built] = slides.build([path], tmp_path)
    made = built.read_text()
    assert made.count("<section") == len(re.findall("^## ", path.read_text(), re.MULTILINE)) + 1
    assert not re.search(r"<p>(:::|@|\. \. \.)", made), "something was not understood"
    there = {f"{deck.stem}.html" for deck in DECKS}
    assert {link for link in re.findall('<a href="([^"#]+)', made) if not link.startswith("http")} <= there


def test_every_notebook_of_the_lecture_has_a_deck():
    assert [path.stem for path in DECKS] == [path.stem for path in notebooks.lecture_notebooks()]


APART = (
    r"^(?:lecture|minutes):[^\n]*|^(```+).*?^\1|^::: notes.*?^:::$|^@[^\n]*"  # of the head, code, notes, directives
    r"|\$\$.*?\$\$|(?<!\\)\$[^$\n]+\$|\]\((?:[^()]|\([^)]*\))*\)|\{[^}\n]*\}"  # formulas, addresses, attributes
)


def words_of(deck):
    """The deck's own words for the room, as (line, words), without what is APART."""
    words = re.sub(
        APART, lambda found: " " + "\n" * found[0].count("\n"), deck.read_text(), flags=re.DOTALL | re.MULTILINE
    )
    return enumerate(words.split("\n"), 1)


def numbers_in(words):
    """Each number, and its value; "1,491" and "1_491" are one, "L10" and "2nd" are none."""
    for found in re.finditer(r"(?<![\w.])\d+(?:[,_]\d{3})*(?:\.\d+)?(?!\w|\.\d)", words):
        yield found[0], Decimal(re.sub("[,_]", "", found[0]))


def strange_numbers(deck, notebook):
    """Sentences about the numbers in a deck's words that stand nowhere in the notebook, in no text, code or output.

    Whole numbers up to 12 and years from 1900 to 2099 may stand anywhere, and "66 %" where the notebook has 0.66.
    """
    texts = [cell.source for cell in notebook.cells]
    for shown in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        texts += [shown.get("text", ""), *(str(part) for part in shown.get("data", {}).values())]
    everything = re.sub('data:image[^"]*', "", "\n".join(texts))
    there = {value for _, value in numbers_in(everything)}
    for pattern in (r"\d+\.\d+", r"\d+"):  # also the parts of "3-4", "30x" and "0.66"
        there |= {Decimal(part) for part in re.findall(pattern, everything)}
    return [
        f"{deck.name}, line {line}: {number} stands nowhere in its notebook."
        for line, words in words_of(deck)
        for number, value in numbers_in(words)
        if value not in there and not (value == int(value) and (value <= 12 or re.fullmatch(r"(19|20)\d\d", number)))
    ]


@pytest.mark.parametrize("path", DECKS, ids=lambda path: path.stem)
def test_numbers_on_the_slides_stand_in_the_notebook(path):
    assert strange_numbers(path, notebooks.read(notebooks.NOTEBOOKS / f"{path.stem}.ipynb")) == []


@pytest.mark.parametrize("path", DECKS, ids=lambda path: path.stem)
def test_rows_of_the_lecture_are_those_of_the_notebook(path):
    rows = {row for cell in slides.cells_of(path).values() for row in cell.metadata.get("lecture", [])}
    ends = re.findall(r"L(\d\d)(?: to L(\d\d))?", slides.HEAD.match(path.read_text())[2])
    named = {f"L{number:02}" for first, last in ends for number in range(int(first), int(last or first) + 1)}
    assert named == rows
    assert {row for ids in re.findall('lecture="([^"]*)"', path.read_text()) for row in ids.split()} <= rows


def test_number_that_stands_nowhere_is_named_with_its_line(deck):
    cells = [code("n = 1_491", plain="accuracy 0.8490 of [[784, 300]]"), text("Of 55,000 images, 66 %.")]
    words = "\n## 0.849 of 55,000\n\n1,491 steps, 66% in 12 of 2013, `784`.\n"
    for hidden in (
        "$x = 77$",
        "$$\n78\n$$",
        "```python\n79\n```",
        "::: notes\n80\n:::",
        "[a](81.html)",
        "@code code lines=82",
    ):
        words += f"\n{hidden}\n"
    path = deck(f"{words}\n## A {{text=83}}\n\nL84, and 2nd.\n", *cells)
    assert strange_numbers(path, nbformat.v4.new_notebook(cells=cells)) == []
    path = deck("\n## 0.85\n\nOf 1,490 steps, 13 and 67 %.\n", *cells)
    assert strange_numbers(path, nbformat.v4.new_notebook(cells=cells)) == [
        "01_short.md, line 7: 0.85 stands nowhere in its notebook.",
        "01_short.md, line 9: 1,490 stands nowhere in its notebook.",
        "01_short.md, line 9: 13 stands nowhere in its notebook.",
        "01_short.md, line 9: 67 stands nowhere in its notebook.",
    ]


# What a cell has.


def test_checks_and_alt_texts_are_left_out_of_the_code():
    source = "fig = draw()  # noqa: F401\nassert (fig\n        is not None)\n"
    source += "for x in y:\n    assert x\n    assert not z\n"
    source += "for x in y:\n    use(x)\n    assert x\n"
    source += 'show(fig, alt="a \\"long\\" "\n     f"text {x}")\nend()'
    assert slides.code_of(code(source)) == "fig = draw()\nfor x in y:\n    use(x)\nshow(fig, alt=...)\nend()"
    assert slides.code_of(code("assert x")) == "assert x"
    assert slides.code_of(text("x")) == ""


def test_printed_text_is_what_was_printed_or_shown():
    cell = code("x", plain="3\n")
    cell.outputs.insert(0, nbformat.v4.new_output("stream", name="stdout", text="1 < 2\n"))
    assert slides.printed_by(cell) == "1 < 2\n3"
    assert slides.printed_by(code("x", plain="\x1b[1ma", rich='<pre style="x"><b>a &lt; b</b>\n</pre>')) == "a < b"
    assert slides.printed_by(code("x", plain="Figure", rich="<img>")) == ""
    assert slides.printed_by(code("check.a()", plain="not tried", rich='<div role="status">not tried</div>')) == ""


def test_name_of_the_rows_of_a_table_stands_above_them():
    table = pd.DataFrame({"a": [1], "b": [2]}, index=pd.Index(["x"], name="row"))
    made = slides.table_of(code("x", rich=table._repr_html_()))
    assert re.findall("<th>(.*?)</th>", made) == ["row", "a", "b", "x"] and made.count("</tr>") == 2
    made = slides.table_of(code("x", rich=table.reset_index(drop=True)._repr_html_()))
    assert re.findall("<th>(.*?)</th>", made) == ["", "a", "b", "0"]


def test_text_for_the_notes_has_no_headings_and_no_links_to_files():
    source = "## 1. Part\n\nSee [there](02_b.ipynb#x), and [a paper](https://example.org).\n\n### More\n\nEnd."
    assert slides.text_of(text(source)) == "See there, and [a paper](https://example.org).\n\n\nEnd."


# Decks.


def test_slides_have_a_title_slide_their_section_and_their_rows(deck):
    words = '- do it\n\n# 1. "A" $x$ part\n\n## One {lecture="L02"}\n\n```python\n## no title\n# no section\n```\n'
    made = page(deck(f"{words}\n## Two\n"))
    opening, one, two = re.findall("<section.*?</section>", made, re.DOTALL)
    assert 'data-ids="Notebook 01 · Lecture L02" data-minutes="5"' in opening and "<li>do it</li>" in opening
    assert 'data-lecture="L02" data-section="1. A x part"' in one and "## no title" in re.sub("<[^>]*>", "", one)
    assert 'data-section="1. A x part"' in two and "data-lecture" not in two and "<title>A title</title>" in made


def test_directives_take_what_they_name(deck):
    table = pd.DataFrame({"loss": [1, 2], "val loss": [3, 4]}, index=["x", "y"])
    cells = [
        code("a = 1\nb = 2\nassert a", "two", plain="r\ns\nt"),
        code("t", "table", rich=table._repr_html_()),
        code("f", "figure", rich='<img alt="a line" src="data:,">'),
        text("## Head\n\nTo say.", "words"),
    ]
    lines = [
        "@code two",
        "@code two lines=2-3",
        "@output two",
        "@output two lines=1,3",
        "@figure figure",
        "@notes words",
    ]
    lines += ["@table table", "@table table rows=2", '@table table columns="val loss" rows=1']
    made = re.findall(
        "<section.*?</section>",
        page(deck("\n".join(f"## {n}\n\n{line}" for n, line in enumerate(lines)), *cells)),
        re.DOTALL,
    )
    seen = [" ".join(re.sub("<[^>]*>", " ", slide).split()[1:]) for slide in made[1:]]
    assert seen[:4] == ["a = 1 b = 2", "b = 2 assert a", "r s t", "r t"]
    assert '<div class="figure"><img alt="a line" src="data:,"></div>' in made[5]
    assert '<aside class="notes">\n<p>To say.</p>\n</aside>' in made[6]
    assert seen[6:] == ["loss val loss x 1 3 y 2 4", "loss val loss y 2 4", "val loss x 3"]


def test_exercise_is_a_stub_that_turns_into_its_answer(deck):
    stub = [text("### Exercise 1. Add\n\nAdd.", "exercise-1-text"), code("x = ...\n\ncheck.add(\n  x)", "exercise-1")]
    worked = [text("## Exercise 1. Add\n\nSo.", "exercise-1-text"), code("x = 2\n\ncheck.add(x)", "exercise-1")]
    made = page(deck("## Exercise 1\n\n@exercise 1\n", *stub, answers=worked))
    before, after = re.search('<div class="swap">(.*)<aside class="notes">\\s*<p>So.</p>', made, re.DOTALL)[1].split(
        "</pre>"
    )[:2]
    assert 'class="fragment fade-out" data-fragment-index="0"' in before and "..." in before
    assert 'class="fragment" data-fragment-index="0"' in after and ">2<" in after and "check" not in before + after
    with pytest.raises(ValueError, match="no code in a cell 'solved exercise-1'"):
        slides.markdown_of(deck("## Exercise 1\n\n@exercise 1\n", *stub))


def test_clicks_questions_formulas_and_money(deck):
    words = "## One\n\n::: question\nWhat?\n:::\n\n. . .\n\nIt is $x<1$.\n\n"
    made = page(deck(words + 'For $1,000 or $2,500: 5~6, 2^3, @you, "so".\n'))
    assert re.search(r'<div class="question">\s*(<p>)?What', made)
    assert (
        made.index("What?")
        < made.index('<div class="fragment">')
        < made.index(r'<span class="math inline">\(x&lt;1\)</span>')
    )
    assert 'For $1,000 or $2,500: 5~6, 2^3, @you, "so".' in made


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("@figure gone", "the notebook has no figure in a cell 'gone'; cells with figure: drawn."),
        ("@figure two", "the notebook has no figure in a cell 'two'; cells with figure: drawn."),
        ("@table two", "the notebook has no table in a cell 'two'; cells with table: none."),
        ("@notes two", "the notebook has no text in a cell 'two'; cells with text: none."),
        ("@code two lines=2-3", "there are no lines 2-3; there are 2. A choice is written as 2-4,7."),
        ("@code two lines=a", "there are no lines a; there are 2. A choice is written as 2-4,7."),
        ("@codes two", "there is no @codes; there are: @code, @output, @table, @figure, @exercise, @notes."),
        ("@code two line=2", "write @code CELL [lines=2-4,7]"),
        ("@figure", "write @figure CELL"),
    ],
)
def test_what_is_not_there_is_named_with_the_line_and_what_there_is(deck, line, said):
    cells = [code("a\nb", "two", plain="1"), code("f", "drawn", rich="<img>")]
    with pytest.raises(ValueError) as error:
        slides.markdown_of(deck(f"\n## One\n\n{line}\n", *cells))
    assert str(error.value) == f"01_short.md, line 9, {line}: {said}"


def test_column_that_is_not_there_is_named_with_those_there_are(deck):
    table = code("t", "table", rich=pd.DataFrame({"a": [1], "b": [2]})._repr_html_())
    with pytest.raises(ValueError, match=r"no columns 'c' to choose; there are: a, b\."):
        slides.markdown_of(deck("@table table columns=c", table))


def test_deck_without_a_head_is_reported(deck):
    path = deck("")
    path.write_text("# No head\n")
    with pytest.raises(ValueError, match=r"01_short\.md has to begin with the lines ---, title: "):
        slides.markdown_of(path)


# The command.


def test_build_writes_decks_beside_one_copy_of_the_assets(tmp_path):
    decks = slides.build(DECKS[1:3], tmp_path)
    assert [deck.stem for deck in decks] == [path.stem for path in DECKS[1:3]]
    assert {path.name for path in (tmp_path / "assets").iterdir()} == {*slides.ASSETS, "slides.css"}
    index = (tmp_path / "index.html").read_text()
    assert re.findall(r'<a href="([^"]+)">', index) == [deck.name for deck in decks]
    assert "01 What can a single neuron decide?" in index
    for made in (deck.read_text() for deck in decks):
        for address in re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', made):
            assert address.startswith("data:image/") or (tmp_path / address).exists()


def test_command_names_what_is_wrong(deck, capsys, monkeypatch):
    monkeypatch.setattr(slides, "DECKS", slides.SOURCES / "build" / "slides")
    deck("@code gone", code("x"))
    assert slides.main(["99"]) == 1
    assert "There is no notebook 99; there are: 01_short" in capsys.readouterr().err
    (notebooks.NOTEBOOKS / "glossary.ipynb").write_text("")
    assert slides.main(["glossary"]) == 1
    assert "There is no deck glossary in" in capsys.readouterr().err
    assert slides.main(["01"]) == 1
    assert "01_short.md, line 6, @code gone: the notebook has no code" in capsys.readouterr().err


def test_printing_without_chromium_says_what_to_do(monkeypatch):
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="apt install chromium"):
        browser.chromium()
