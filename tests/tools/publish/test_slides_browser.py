"""Each deck in a real browser, opened from its file with the network cut: every slide fits and can be read."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT, fenced
from tools.publish import slides

pytestmark = pytest.mark.browser

# Walks through a deck, everything on each slide shown, and returns what is wrong, by kind.
WALK = r"""async () => {
  const wrong = {overflow: [], letters: [], formulas: [], pictures: [], empty: []};
  const style = document.head.appendChild(document.createElement("style"));
  style.textContent = ".fragment {opacity: 1 !important; visibility: visible !important}";
  const images = [...document.images];
  await Promise.all(images.map((image) => image.decode().catch(() => null)));
  for (const [number, slide] of Reveal.getSlides().entries()) {
    const place = Reveal.getIndices(slide);
    Reveal.slide(place.h, place.v);
    const say = (kind, what) => wrong[kind].push(`slide ${number + 1}: ${what}`);
    const unseen = "mjx-assistive-mml, mjx-container *, .notes, .notes *";
    const box = getComputedStyle(slide), frame = slide.getBoundingClientRect();
    const bottom = frame.bottom - parseFloat(box.paddingBottom), right = frame.right - parseFloat(box.paddingRight);
    for (const element of slide.querySelectorAll("*")) {
      if (element.matches(unseen)) continue;
      const box = element.getBoundingClientRect();
      const over = Math.max(box.bottom - bottom, box.right - right, element.scrollWidth - element.clientWidth - 1);
      const inline = getComputedStyle(element).display === "inline";
      if ((inline ? Math.max(box.bottom - bottom, box.right - right) : over) >= 10) {
        say("overflow", `${element.tagName} by ${Math.round(over)} px`);
      }
    }
    const texts = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const parent = texts.currentNode.parentElement, words = texts.currentNode.data.trim();
      if (!words || parent.closest(unseen)) continue;
      const size = parseFloat(getComputedStyle(parent).fontSize), isCode = parent.closest("code, samp, pre, .output");
      if (size < (isCode ? 18 : 24)) say("letters", `${size} px: ${words.slice(0, 30)}`);
      if (!isCode && /\\[(\[]|\$\$/.test(words)) say("formulas", words.slice(0, 30));
    }
    for (const formula of slide.querySelectorAll(":scope > :not(.notes) mjx-container")) {
      const box = formula.getBoundingClientRect(), fault = formula.querySelector("[data-mml-node=merror], merror");
      if (fault || !box.width || !box.height) say("formulas", "not set");
      if (parseFloat(getComputedStyle(formula).fontSize) < 24) say("letters", "in a formula");
    }
    for (const image of slide.querySelectorAll("img")) {
      const {width, height} = image.getBoundingClientRect();
      if (!image.naturalWidth || height < 150 || width < 150) say("pictures", `${width} x ${height} px`);
      if (!image.alt) say("pictures", "no alt text");
    }
    if (!slide.innerText.trim()) say("empty", "no text");
  }
  return wrong;
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("slides")


@pytest.fixture
def page(chromium):
    """A page without a network, which remembers what was asked for beyond the files here, and what went wrong."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page = fenced(context.new_page(), r"(file|data|blob|about):")
    yield page
    context.close()


def open_deck(page, deck, query=""):
    page.goto(deck.as_uri() + query, wait_until="load")
    page.wait_for_function("window.Reveal && Reveal.isReady()", timeout=60_000)


def problems(page, deck) -> dict[str, list[str]]:
    """What is wrong with a deck, by kind; kinds without a fault are left out."""
    open_deck(page, deck)
    wrong = page.evaluate(WALK)
    formulas = len(
        re.findall(r"\\\(|\\\[", re.sub(r"<(pre|code|script)\b.*?</\1>", "", deck.read_text(), flags=re.DOTALL))
    )
    if (is_set := page.locator("mjx-container").count()) != formulas:
        wrong["formulas"].append(f"{is_set} of {formulas} are set")
    wrong |= {"outside": page.outside, "errors": page.errors}
    return {kind: found for kind, found in wrong.items() if found}


@pytest.mark.parametrize("path", slides.find_decks([]), ids=lambda path: path.stem)
def test_every_slide_fits_and_can_be_read(page, folder, path):
    [deck] = slides.build([path], folder)
    assert deck.stat().st_size < 3_000_000
    assert problems(page, deck) == {}


# Each kind of fault, once on purpose, on the first slide or in the first figure.
FAULTS = [
    ("overflow", "</h2>", '</h2><div style="height: 700px">x</div>'),
    ("overflow", "</h2>", '</h2><div style="width: 1300px">x</div>'),
    ("letters", "</h2>", '</h2><p style="font-size: 23px">x</p>'),
    ("letters", "</h2>", '</h2><code style="font-size: 17px">x</code>'),
    ("formulas", "</h2>", r'</h2><p class="output">\(x\)</p>'),
    ("formulas", "</h2>", r"</h2><p>\(\frac\)</p>"),
    ("formulas", "</head>", "<style>mjx-container {display: none}</style></head>"),
    ("pictures", "data:image/png;base64,", "data:image/png;base64,AAAA"),
    ("pictures", "<img alt=", '<img style="height: 90px" alt='),
    ("pictures", "<img alt=", "<img title="),
    ("outside", "</head>", '<script src="https://example.org/x.js"></script></head>'),
    ("outside", "</head>", '<link rel="stylesheet" href="https://example.org/x.css"></head>'),
    ("errors", "</head>", "<script>console.error('wrong')</script></head>"),
    ("errors", "</head>", "<script>undefined.x</script></head>"),
]
WORDS = """---
title: What can a single neuron decide?
lecture: L02, L03
minutes: 25
---

- one thing

@notes title

# 1. Part

## A question with $x$. {lecture="L02"}

::: question
What comes?
:::

. . .

@output and

. . .

That, and $y$.

::: notes
Say it slowly.
:::

## A figure

@figure line-plot

## Its code {.below}

@code line-plot

## Exercise {.text-small}

@exercise 1
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A deck of notebook 01 with one slide of each kind, in a folder of its own."""
    path = tmp_path / "01_threshold_logic_unit.md"
    path.write_text(WORDS)
    return path


def built(path):
    [deck] = slides.build([path], path.parent)
    return deck


@pytest.mark.parametrize(("kind", "old", "new"), FAULTS, ids=[f"{fault[0]}-{i}" for i, fault in enumerate(FAULTS)])
def test_fault_is_noticed(page, written, kind, old, new):
    deck = built(written)
    assert problems(page, deck) == {}
    assert old in deck.read_text()
    deck.write_text(deck.read_text().replace(old, new, 1))
    assert kind in problems(page, deck)


def test_answers_come_on_clicks_and_slides_have_numbers(page, written):
    open_deck(page, built(written))
    assert page.locator(".title h2").is_visible()
    page.keyboard.press("ArrowRight")
    first, second = page.locator("section.present .fragment").all()
    assert not first.is_visible()
    page.keyboard.press("ArrowRight")
    first.wait_for(state="visible", timeout=5_000)
    assert not second.is_visible()
    assert re.sub(r"\s", "", page.locator(".slide-number").inner_text()) == "2/5"


def test_code_of_a_figure_lies_below_it(page, written):
    open_deck(page, built(written), "#/2")
    title = page.locator("section.slide.present h2")
    assert title.inner_text() == "A figure"
    page.keyboard.press("ArrowDown")
    assert title.inner_text() == "Its code"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    assert title.inner_text() == "Exercise"


def test_letters_are_as_large_as_there_is_room_unless_a_class_says_so(page, written):
    words, wide = "word " * 180, f"{'`' * 3}\n{'x' * 90}\n{'`' * 3}"
    for number, body in enumerate(("One.", words, words * 3, wide)):
        written.write_text(f"{written.read_text()}\n## Size {number}\n\n{body}\n")
    deck = built(written)
    open_deck(page, deck)
    classes = page.evaluate("Reveal.getSlides().slice(-5).map((slide) => slide.className)")
    expected = ["text-small", "text-huge", "text-medium", "text-small", "code-little"]
    assert [name in found.split() for name, found in zip(expected, classes, strict=True)] == [True] * 5, classes
    assert set(problems(page, deck)) == {"overflow"}


def test_what_belongs_together_stays_in_one_line(page, written):
    written.write_text(f"{written.read_text()}\n## Lines\n\nA 4-3-2 network of (2, 5), $x$. And `a b`, (4, ).\n")
    open_deck(page, built(written))
    last = page.locator("section.slide").last
    assert "4\u20113\u20112 network of (2,\u00a05), " in last.locator("p").text_content()
    assert last.locator("span.whole").text_content().endswith(".") and last.locator("code.whole").count() == 1


def test_speaker_view_shows_notes_and_time_without_a_network(page, written):
    open_deck(page, built(written), "#/1")
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    speaker.get_by_text("Say it slowly").wait_for(timeout=20_000)
    assert speaker.get_by_text("Pacing").count() and page.outside == [] and page.errors == []


def test_handout_has_a_page_for_each_slide_and_no_notes(page, written, run_python):
    deck = built(written)
    open_deck(page, deck, "?print-pdf")
    page.locator(".pdf-page").last.wait_for(state="attached")
    assert page.locator(".pdf-page").count() == 5
    page.emulate_media(media="print")
    assert page.locator(".notes:visible, .speaker-notes-pdf").count() == 0
    assert page.locator(".swap .fade-out:visible").count() == 0 and page.locator(".swap").count() > 0
    code = (
        f"from pathlib import Path; from tools.publish import slides; print(slides.print_decks([Path({str(deck)!r})]))"
    )
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(rb"/Type /Page\b", deck.with_suffix(".pdf").read_bytes())) == 5


def test_watched_deck_shows_what_is_saved(page, written):
    code = "from pathlib import Path; from tools.publish import slides; slides.watch([Path({0!r})], Path({0!r}).parent)"
    with subprocess.Popen(
        [sys.executable, "-c", code.format(str(written))], cwd=ROOT, stdout=subprocess.PIPE
    ) as watching:
        try:
            assert b"01_threshold_logic_unit.html" in watching.stdout.readline()
            open_deck(page, written.with_suffix(".html"), "#/1")
            written.write_text(written.read_text().replace("What comes?", "@gone\n"))
            assert b"there is no @gone" in watching.stdout.readline()
            written.write_text(written.read_text().replace("@gone", "What is new?"))
            page.locator(".present .question", has_text="What is new?").wait_for(state="visible", timeout=20_000)
        finally:
            watching.terminate()
    assert page.errors == []
