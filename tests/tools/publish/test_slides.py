"""The slides say what the notebooks say, as the metadata of the cells want it. Looks: test_slides_browser.py."""

from __future__ import annotations

import html
import re

import nbformat
import pandas as pd
import pytest

from tools import notebooks
from tools.publish import browser, slides

IMAGE = '<img alt="a line that rises" width="{}" height="{}" src="data:image/png;base64,AAAA">'


def text(source, name="text", **metadata):
    return nbformat.v4.new_markdown_cell(source, id=name, metadata=metadata)


def code(source, printed="", image=(), name="code", **metadata):
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)] if printed else []
    if image:
        outputs.append(nbformat.v4.new_output("display_data", data={"text/html": IMAGE.format(*image)}))
    return nbformat.v4.new_code_cell(source, id=name, outputs=outputs, metadata=metadata)


def deck(*cells, answers=()):
    """The slides of a notebook with these cells after its title."""
    title = text("# A title\n\n**After this notebook you can**\n\n- do it.\n\n**Time:** 5 minutes to read", "title")
    solutions = nbformat.v4.new_notebook(cells=list(answers)) if answers else None
    return slides.slides_of(nbformat.v4.new_notebook(cells=[title, *cells]), solutions)


def shown(slide):
    """What a slide shows, as (kind, words, on a click) of each piece."""
    return [(p.kind, html.unescape(re.sub("<[^>]+>", "", p.html)).strip(), p.fragment) for p in slide.items]


# Texts.


def test_blocks_keep_lists_fences_and_formulas_in_one_piece():
    parts = [
        "One\nline.",
        "- a\n\n  more of a\n- b",
        "```\nx = 1\n\ny = 2\n```",
        "$$a\n\n= b$$",
        "> box",
        "| a |\n| - |",
    ]
    assert slides.blocks("\n\n".join(parts)) == parts
    assert [slides.kind_of_block(part) for part in parts] == ["text", "list", "fence", "math", "box", "table"]


@pytest.mark.parametrize(
    "sentences",
    [
        ["It is $x. Y$ today.", "And then?", "*Yes.*", "Good."],
        ["See [A. Bee](a.md).", "(In brackets. Two of them.)", "`a. B` is code."],
        ["One input is enough now: OR.", "**A term.**", "It ends, e.g. Here, later:"],
        ["Chapter 10 of a book by A. Author.", "The end."],
        ["First this.", "**Before you run it:** what comes? Say it."],
    ],
)
def test_sentences_are_cut_where_they_end(sentences):
    assert slides.sentences("\n".join(sentences)) == sentences


def test_without_metadata_headings_terms_leads_questions_and_formulas_are_shown(monkeypatch):
    source = "## 1. Part\n\nAn opening.\nIt has a **term**. More. Then:\n\n$$x$$\n\nGuess. "
    source += "**Before you run it:** what?\n\n> box"
    monkeypatch.setattr(slides, "MAX_SENTENCES", 4)
    assert list(slides.edit(source)) == [
        ("heading", "## 1. Part"),
        ("text", "An opening."),
        ("text", "It has a **term**."),
        ("text", "Then:"),
        ("math", "$$x$$"),
        ("text", "Guess."),
        ("question", "**Before you run it:** what?"),
    ]
    assert list(slides.edit("Nothing special. Nor here.")) == [("text", "Nothing special.")]
    assert list(slides.edit("Said. Nor here.", said="Said.")) == []
    assert list(slides.edit("**A term** said. **Another.**", said="**A term** said.")) == [("text", "**Another.**")]
    assert list(slides.edit("So. (A **term**.)")) == [("text", "So.")]
    assert list(slides.edit("So. Then:", leads=False)) == [("text", "So.")]
    assert len(list(slides.edit("**a** Be. " * 9))) == slides.MAX_SENTENCES


def test_metadata_name_what_is_shown():
    source = "## Part\n\nOne thing. Another\nthing. A third.\n\n$$x$$\n\n> A box"
    assert [words for _, words in slides.edit(source, ["Another thing", "box"])][1:] == ["Another thing.", "> A box"]
    assert len(list(slides.edit(source, "all"))) == 6
    assert list(slides.edit(source, [])) == [("heading", "## Part")]
    with pytest.raises(ValueError, match="No sentence begins with 'A fourth'"):
        list(slides.edit(source, ["One", "A fourth"]))


def test_last_section_shows_what_was_learned_and_not_its_terms():
    source = "## What you can do now\n\nThis. And that.\n\n**Terms met:** *a*, b.\n\n`lecture_utils` has it."
    assert [words for _, words in slides.edit(source)][1:] == ["This.", "And that."]


def test_formulas_are_marked_for_mathjax_and_links_lead_to_decks():
    assert slides.to_html("a $x<1$ for \\$5 and $6") == r"<p>a \(x&lt;1\) for $5 and $6</p>"
    assert slides.inline("So $x$ or $y$.") == r'So \(x\) or <span class="whole">\(y\).</span>'
    assert slides.to_html("$1,000 off, of $2,500.") == "<p>$1,000 off, of $2,500.</p>"
    assert slides.sentences("Off by $1,000. So $x$ and $2,500.") == ["Off by \\$1,000.", "So $x$ and \\$2,500."]
    assert slides.to_html("$$x\n= y$$") == "<p>\\[x\n= y\\]</p>"
    assert (
        slides.inline("[there](02_b.ipynb), [solved](solutions/02_b.ipynb)") == '<a href="02_b.html">there</a>, solved'
    )
    assert slides.inline("1. A decision") == "1. A decision"


def test_names_of_networks_and_shapes_stay_in_one_line():
    whole = '<span class="whole">{}</span>'.format
    assert slides.inline("a 2-4-3 network of (1, 8)") == f"a {whole('2-4-3')} network of {whole('(1, 8)')}"
    for kept in ("$(1, 8)$", "`(1, 8)`", "[there](https://example.org/a_1-2-3)", "12 - 3", "-1.5"):
        assert "whole" not in slides.inline(f"a {kept} b")


def test_height_of_a_table_counts_the_lines_of_its_cells():
    head = "| a | b |\n| - | - |\n"
    assert len(slides.to_item(head + "| x | y |", "table").lengths) == 2
    assert len(slides.to_item(head + "| x | y<br>z |", "table").lengths) == 3
    assert len(slides.to_item(head + "| x | " + "word " * 30 + "|", "table").lengths) == 4
    parts = slides.pieces_of(head + "| x | y |\n" * 24, "table")
    assert len(parts) == 2 and all(part.html.count("<th>") == 2 for part in parts)


# Code.


def test_checks_and_alt_texts_are_left_out_of_the_code():
    source = "fig = draw()  # noqa: F401\nassert (fig\n        is not None)\n"
    source += "for x in y:\n    for a in x:\n        assert a\n"
    source += "for x in y:\n    use(x)\n    assert x\n"
    source += 'show(fig, alt="a long "\n     "text")\nend()'
    assert slides.shown_code(source) == "fig = draw()\nfor x in y:\n    use(x)\nshow(fig, alt=...)\nend()"
    assert slides.shown_code("%timeit x") == "%timeit x"


def test_output_is_text_table_or_figure():
    def kinds(html="", plain="plain"):
        output = nbformat.v4.new_output("display_data", data={"text/html": html, "text/plain": plain})
        cell = nbformat.v4.new_code_cell(outputs=[output])
        return [(piece.kind, re.sub("<[^>]+>", "", piece.html)) for piece in slides.output_items(cell)]

    assert kinds() == [("output", "plain")]
    assert kinds("<div><style>b {}</style><table><tr><td>1</td></tr></table></div>") == [("output", "1")]
    assert kinds('<pre style="x"><b>a &lt; b</b>\n</pre>', "\x1b[1ma") == [("output", "a &lt; b")]
    assert kinds('<div role="status">not tried</div>') == []
    [figure] = slides.output_items(code("x", image=(300, 150)))
    assert figure.kind == "figure" and figure.aspect == 2 and 'alt="a line that rises"' in figure.html


def test_name_of_the_rows_of_a_table_stands_above_them():
    table = pd.DataFrame({"a": [1], "b": [2]}, index=pd.Index(["x"], name="row"))
    [piece] = slides.output_items(nbformat.v4.new_code_cell(outputs=[as_output(table)]))
    assert re.findall("<th>(.*?)</th>", piece.html) == ["row", "a", "b", "x"] and piece.html.count("</tr>") == 2
    [piece] = slides.output_items(nbformat.v4.new_code_cell(outputs=[as_output(table.reset_index(drop=True))]))
    assert re.findall("<th>(.*?)</th>", piece.html) == ["", "a", "b", "0"]


def as_output(table: pd.DataFrame) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", data={"text/html": table._repr_html_()})


# Slides.


def test_question_comes_first_then_code_then_on_clicks_output_and_answer():
    question = text("**Before you run it:** how much is it?", "a")
    [slide] = deck(question, code("print(1 + 1)", "2"), text("It is 2. More.", "b"))
    assert shown(slide) == [
        ("question", "How much is it?", False),
        ("code", "print(1 + 1)", False),
        ("output", "2", True),
        ("text", "It is 2.", True),
    ]
    assert "More." in slide.notes[-1] or any("More." in note for note in slide.notes)


def test_answer_without_room_comes_first_on_the_next_slide():
    question = text("**Before you run it:** how much is it?", "a")
    slide, other = deck(question, code("f()", "1\n" * 13), text("It is 1. **More** of it.", "b"))
    assert [piece.kind for piece in slide.items] == ["question", "code", "output"]
    assert [words for _, words, _ in shown(other)] == ["It is 1.", "More of it."]


def test_sentence_after_an_output_is_no_answer_where_metadata_say_so():
    question = text("**Before you run it:** how much is it?", "a")
    after = text("Next thing. More.", "b", slide={"answer": False})
    slide, other = deck(question, code("print(1 + 1)", "2"), after, code("f()", "3", name="c"))
    assert len(slide.items) == 3 and shown(other)[0] == ("text", "Next thing.", False)


def test_check_is_shown_only_where_it_answers_a_question():
    check = code("x = 2\nassert x == 2")
    assert deck(text("Words.", "a"), check)[0].items[-1].kind == "text"
    assert deck(text("Words.", "a"), code("for x in y:\n    z = x\n    assert z"))[0].items[-1].kind == "text"
    assert deck(text("Words.", "a"), code("def f():\n    return 2\n\nassert f() == 2"))[0].items[-1].kind == "code"
    [slide] = deck(text("**Before you run it:** what is x?", "a"), check)
    assert shown(slide)[1] == ("code", "x = 2\nassert x == 2", True)
    question = text("**Before you run it:** what is x?", "a")
    assert [piece.kind for piece in deck(question, code("x", "2", name="b"), check)[0].items] == [
        "question",
        "code",
        "output",
    ]
    [slide] = deck(text("Words.", "a"), code("x = 2\nassert x == 2", slide={"code": "all"}))
    assert shown(slide)[1] == ("code", "x = 2\nassert x == 2", False)


def test_heading_begins_a_slide_and_names_the_section():
    first, second = deck(text("## 1. Part\n\nOne.", "a"), text("### Piece\n\nTwo.", "b"))
    assert (first.title, first.section) == ("1. Part", "1. Part")
    assert (second.title, second.section) == ("Piece", "1. Part")


def test_slide_types():
    words = text("Some words.", "a")
    kinds = {kind: deck(words, code("f()", "1", slideshow={"slide_type": kind})) for kind in slides.SLIDE_TYPES}
    assert [len(kinds[kind]) for kind in ("slide", "subslide", "fragment", "-")] == [2, 2, 1, 1]
    assert kinds["subslide"][1].below and not kinds["slide"][1].below
    assert [piece.fragment for piece in kinds["fragment"][0].items] == [False, True, True]
    for kind in ("skip", "notes"):
        assert [piece.kind for slide in kinds[kind] for piece in slide.items] == ["text"]
    spoken = deck(text("Shown.", "a"), text("Only spoken.", "b", slideshow={"slide_type": "notes"}), code("f()", "1"))
    assert not any("spoken" in words for _, words, _ in shown(spoken[0])) and "spoken" in spoken[0].notes[1]
    unseen = deck(text("Shown.", "a"), text("Left out.", "b", slideshow={"slide_type": "skip"}), code("f()", "1"))
    assert len(unseen[0].notes) == 1


def test_set_up_and_frame_of_exercises_are_left_out():
    names = ("setup-start", "exercises-start", "progress")
    assert deck(*[code("f()", "1", name=name) for name in names], text("**Next:** more.", "next")) == []


def test_figure_stands_beside_short_code_or_above_long_code():
    short, long = "draw()\nshow(fig)", "draw(" + "x, " * 30 + ")\nshow(fig)"
    [beside] = deck(code(short, image=(400, 400)))
    assert beside.layout == "columns"
    for source, size, wish in (
        (long, (400, 400), {}),
        (short, (800, 300), {}),
        (short, (400, 400), {"layout": "below"}),
    ):
        figure, below = deck(code(source, image=size, slide=wish))
        assert figure.items[0].kind == "figure" and below.items[0].kind == "code" and below.below and not figure.below
    [alone] = deck(code(long, image=(400, 400), slide={"code": "hide"}))
    assert [piece.kind for piece in alone.items] == ["figure"]
    [no_output] = deck(code("f()", "1", slide={"output": "hide"}))
    assert [piece.kind for piece in no_output.items] == ["code"]


@pytest.mark.parametrize(("wish", "waits"), [({}, True), ({"output": "first"}, False)])
def test_output_waits_for_the_click_unless_the_question_is_about_it(wish, waits):
    [slide] = deck(text("**Before you move it:** what is it?", "a"), code("draw()", image=(800, 300), slide=wish))[:1]
    assert [piece.fragment for piece in slide.items if piece.kind == "figure"] == [waits]


@pytest.mark.parametrize(
    ("sentence", "title"),
    [
        ("It is so.", "It is so"),
        ("See:", "See"),
        ("Why?", "Why?"),
        ("A. It is.", "A. It is."),
        ("It is $x$.", r"It is \(x\)"),
    ],
)
def test_sentence_becomes_a_title(sentence, title):
    slide = slides.Slide(items=[slides.to_item(sentence, "text"), slides.code_item("f()")])
    assert f"<h2>{title}</h2>" in re.sub("</?span[^>]*>", "", slides.section_html(slide))


def test_too_much_text_is_split_and_the_notes_go_with_the_first_part():
    many = " ".join(f"**Word {number}** means " + "something " * 24 + "here." for number in range(9))
    parts = deck(text(many, "a", slide={"show": "all"}), code("f()", "1"))
    assert len(parts) > 2 and all(slides.fits(part.items, "medium", "small") for part in parts)
    assert parts[0].notes and not any(part.notes for part in parts[1:]) and not any(part.below for part in parts)
    type_ = {"slide_type": "subslide"}
    assert all(part.below for part in deck(text(many, "a", slide={"show": "all"}, slideshow=type_), code("f()", "1")))
    assert sum(len(part.items) for part in parts) == 9 + 2


def test_exercise_is_a_question_with_its_answer_on_a_click():
    stub = [text("### Exercise 1. Add\n\n**By hand.** Add. (Promise 1: add.)", "exercise-1-text")]
    stub.append(code("x = ...\ncheck.add(x)", name="exercise-1"))
    worked = [text("## Exercise 1. Add\n\nSo.", "exercise-1-text"), code("x = 2\ncheck.add(x)", name="exercise-1")]
    [slide] = deck(*stub, answers=worked)
    assert slide.title == "Exercise 1. Add" and "So." in slide.notes[1]
    question, box = slide.items
    assert "Promise" not in question.html and "check" not in box.html
    stub_html, answer_html = box.html.split("</div>")[:2]
    assert "fade-out" in stub_html and "..." in stub_html and 'class="fragment"' in answer_html and ">2<" in answer_html
    stub[0].metadata["slide"] = {"show": ["**By hand"]}
    stub[0].source += " Mind the sign."
    [slide] = deck(*stub, answers=worked)
    assert "Mind" not in slide.items[0].html and "Mind" in slide.notes[0]
    with pytest.raises(ValueError, match="cell exercise-1 has no answer"):
        deck(*stub, answers=worked[:1])


def test_last_sentences_of_a_long_exercise_stand_with_its_code():
    long = "### Exercise 1. Add\n\n" + "\n\n".join("word " * 150 for _ in range(2)) + "\n\nWhat is asked."
    stub = [text(long, "exercise-1-text"), code("x = ...\n" * 12, name="exercise-1")]
    first, second = deck(*stub, answers=[text("So.", "exercise-1-text"), code("x = 2\n" * 12, name="exercise-1")])
    assert len(first.items) == 2 and [piece.kind for piece in second.items] == ["text", "exercise"]
    assert "asked" in second.items[0].html and "So." in second.notes[0]


@pytest.mark.parametrize(("width", "layout"), [(40, "columns"), (60, "")])  # there it would be wrapped
def test_code_of_an_exercise_stands_beside_its_text_unless_it_is_wide(width, layout):
    stub = [text("### Exercise 1. Add\n\n" + "word " * 120, "exercise-1-text"), code("x = ...", name="exercise-1")]
    worked = [text("So.", "exercise-1-text"), code("x" * width + "\n" + "y\n" * 13, name="exercise-1")]
    assert deck(*stub, answers=worked)[-1].layout == layout


def test_misconceptions_are_put_to_the_room():
    [slide] = deck(text('## Common misconceptions\n\n- *"It is so."* No,\n  it is not.\n- *"And so?"* Yes.', "close"))
    assert [words for _, words, _ in shown(slide)] == ['"It is so."No, it is not.', '"And so?"Yes.']
    assert all('<p class="answer fragment">' in piece.html for piece in slide.items)


def test_title_slide_has_the_rows_of_the_lecture_and_the_promises():
    title = text("# What?\n\n**After this notebook you can**\n\n- do it;\n\n**Time:** 5 minutes", "title")
    rows = [code("f()", name=f"c{row}", lecture=[row]) for row in ("L03", "L02", "L04", "L46")]
    page = slides.title_html(nbformat.v4.new_notebook(cells=[title, *rows]), "07_name")
    assert "Notebook 07 · Lecture L02 to L04, L46" in page and "<h1>What?</h1>" in page and "do it;" in page


def test_letters_are_as_large_as_there_is_room_and_never_too_small():
    little, much = [slides.code_item("f()")], [slides.code_item("f()\n" * 18)]
    assert slides.largest_sizes(little) == ("huge", "huge")
    assert slides.largest_sizes(much)[1] == "small" and slides.largest_sizes(much * 2) is None
    assert min(slides.TEXT_SIZES.values()) >= 24 and min(slides.CODE_SIZES.values()) >= 18
    css = (slides.HERE / "slides.css").read_text()
    for kind, variable, table in (("text", "--text", slides.TEXT_SIZES), ("code", "--mono-size", slides.CODE_SIZES)):
        for size, pixels in table.items():
            assert f".{kind}-{size} {{ {variable}: {pixels}px; }}" in css


# Decks.


def test_build_writes_decks_beside_one_copy_of_the_assets(tmp_path):
    first, second = notebooks.lecture_notebooks()[1:3]
    decks = slides.build([first, second], tmp_path)
    assert [deck.name for deck in decks] == [f"{first.stem}.html", f"{second.stem}.html"]
    assert {path.name for path in (tmp_path / "assets").iterdir()} == {*slides.ASSETS, "slides.css"}
    index = (tmp_path / "index.html").read_text()
    assert re.findall(r'<a href="([^"]+)">', index) == [deck.name for deck in decks]
    assert "01 What can a single neuron decide?" in index
    for page in (deck.read_text() for deck in decks):
        for address in re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', page):
            assert address.startswith("data:image/") or (tmp_path / address).exists()


def test_metadata_that_name_nothing_are_reported_with_the_notebook(tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[text("# T\n\n5 minutes", "title"), text("A.", "a", slide={"show": ["B"]})]
    )
    path = tmp_path / "01_wrong.ipynb"
    path.write_text(notebooks.to_text(notebook))
    with pytest.raises(ValueError, match=r"01_wrong\.ipynb, cell a: No sentence begins with 'B'"):
        slides.build([path], tmp_path / "out")


def test_command_names_the_notebooks_there_are(capsys):
    assert slides.main(["99"]) == 1
    assert "There is no notebook 99; there are: 00_start_here" in capsys.readouterr().err


def test_printing_without_chromium_says_what_to_do(monkeypatch):
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="apt install chromium"):
        browser.chromium()


@pytest.mark.parametrize("path", notebooks.lecture_notebooks(), ids=lambda path: path.stem)
def test_deck_builds(path):
    """Every sentence that a cell's metadata name for the slides is there. Whether it fits: test_slides_browser.py."""
    assert "<section" in slides.deck_html(path)
