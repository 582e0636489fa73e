"""Each deck in a real browser, opened from its file with the network cut: every slide fits and can be read."""

from __future__ import annotations

import re

import pytest

from tests.conftest import fenced
from tools import notebooks
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
    const place = Reveal.getIndices(slide), page = slide.querySelector(".page");
    Reveal.slide(place.h, place.v);
    const say = (kind, what) => wrong[kind].push(`slide ${number + 1}: ${what}`);
    const unseen = "mjx-assistive-mml, mjx-container *";
    const box = getComputedStyle(page), frame = page.getBoundingClientRect();
    const bottom = frame.bottom - parseFloat(box.paddingBottom), right = frame.right - parseFloat(box.paddingRight);
    for (const element of page.querySelectorAll("*")) {
      if (element.matches(unseen)) continue;
      const box = element.getBoundingClientRect();
      const over = Math.max(box.bottom - bottom, box.right - right, element.scrollWidth - element.clientWidth - 1);
      const inline = getComputedStyle(element).display === "inline";
      if ((inline ? Math.max(box.bottom - bottom, box.right - right) : over) >= 10) {
        say("overflow", `${element.tagName} by ${Math.round(over)} px`);
      }
    }
    const texts = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const parent = texts.currentNode.parentElement, words = texts.currentNode.data.trim();
      if (!words || parent.closest(unseen)) continue;
      const size = parseFloat(getComputedStyle(parent).fontSize), isCode = parent.closest("code, samp, pre, .output");
      if (size < (isCode ? 18 : 24)) say("letters", `${size} px: ${words.slice(0, 30)}`);
      if (!isCode && /\\[(\[]|\$\$/.test(words)) say("formulas", words.slice(0, 30));
    }
    for (const formula of page.querySelectorAll("mjx-container")) {
      const box = formula.getBoundingClientRect(), fault = formula.querySelector("[data-mml-node=merror], merror");
      if (fault || !box.width || !box.height) say("formulas", "not set");
      if (parseFloat(getComputedStyle(formula).fontSize) < 24) say("letters", "in a formula");
    }
    for (const image of page.querySelectorAll("img")) {
      const {width, height} = image.getBoundingClientRect();
      if (!image.naturalWidth || height < 150 || width < 150) say("pictures", `${width} x ${height} px`);
      if (!image.alt) say("pictures", "no alt text");
    }
    if (!page.innerText.trim()) say("empty", "no text");
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
    formulas = len(re.findall(r"\\\(|\\\[", re.sub(r"<(pre|code)\b.*?</\1>", "", deck.read_text(), flags=re.DOTALL)))
    if (is_set := page.locator("mjx-container").count()) != formulas:
        wrong["formulas"].append(f"{is_set} of {formulas} are set")
    wrong |= {"outside": page.outside, "errors": page.errors}
    return {kind: found for kind, found in wrong.items() if found}


@pytest.mark.parametrize("path", notebooks.lecture_notebooks(), ids=notebooks.name)
def test_every_slide_fits_and_can_be_read(page, folder, path):
    [deck] = slides.build([path], folder)
    assert deck.stat().st_size < 3_000_000
    assert problems(page, deck) == {}


# Each kind of fault, once on purpose.
FAULTS = [
    ("overflow", '<div class="body">', '<div class="body"><div style="height: 700px">x</div>'),
    ("overflow", '<div class="body">', '<div class="body"><div style="width: 1300px">x</div>'),
    ("letters", '<div class="body">', '<div class="body"><p style="font-size: 23px">x</p>'),
    ("letters", '<div class="body">', '<div class="body"><code style="font-size: 17px">x</code>'),
    ("formulas", '<div class="body">', r'<div class="body"><p class="output">\(x\)</p>'),
    ("formulas", '<div class="body">', r'<div class="body"><p>\(\frac\)</p>'),
    ("formulas", "</head>", "<style>mjx-container {display: none}</style></head>"),
    ("pictures", "data:image/png;base64,", "data:image/png;base64,AAAA"),
    ("pictures", "<img alt=", '<img style="height: 90px" alt='),
    ("pictures", "<img alt=", "<img title="),
    ("outside", "</head>", '<script src="https://example.org/x.js"></script></head>'),
    ("outside", "</head>", '<link rel="stylesheet" href="https://example.org/x.css"></head>'),
    ("errors", "</head>", "<script>console.error('wrong')</script></head>"),
    ("errors", "</head>", "<script>undefined.x</script></head>"),
]


@pytest.mark.parametrize(("kind", "old", "new"), FAULTS, ids=[f"{fault[0]}-{i}" for i, fault in enumerate(FAULTS)])
def test_fault_is_noticed(page, folder, kind, old, new):
    notebook = notebooks.read(notebooks.lecture_notebooks()[1])
    notebook.cells = notebook.cells[:10]
    short = folder / "01_short.ipynb"
    short.write_text(notebooks.to_text(notebook))
    [deck] = slides.build([short], folder)
    assert problems(page, deck) == {}
    assert old in deck.read_text()
    deck.write_text(deck.read_text().replace(old, new, 1))
    assert kind in problems(page, deck)


def test_answers_come_on_a_click_and_slides_have_numbers(page, folder):
    [deck] = slides.build(notebooks.lecture_notebooks()[1:2], folder)
    open_deck(page, deck)
    assert page.locator("h1").is_visible()
    page.keyboard.press("ArrowRight")
    output = page.locator("section.present .fragment").first
    assert not output.is_visible()
    page.keyboard.press("ArrowRight")
    output.wait_for(state="visible", timeout=5_000)
    assert re.sub(r"\s", "", page.locator(".slide-number").inner_text()).startswith("2/")


def test_speaker_view_shows_notes_and_time_without_a_network(page, folder):
    [deck] = slides.build(notebooks.lecture_notebooks()[1:2], folder)
    open_deck(page, deck, "#/1")
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    speaker.get_by_text("Only if it is dry").wait_for(timeout=20_000)
    assert speaker.get_by_text("Pacing").count() and page.outside == [] and page.errors == []


def test_handout_has_a_page_for_each_slide_and_no_notes(page, folder, chromium):
    [deck] = slides.build(notebooks.lecture_notebooks()[1:2], folder)
    open_deck(page, deck, "?print-pdf")
    page.locator(".pdf-page").last.wait_for(state="attached")
    n_slides = deck.read_text().count('<div class="page')
    assert page.locator(".pdf-page").count() == n_slides
    page.emulate_media(media="print")
    assert page.locator(".notes:visible, .speaker-notes-pdf").count() == 0
    assert page.locator(".stack .fade-out:visible").count() == 0 and page.locator(".stack").count() > 0
    printed = slides.print_deck(page, deck)
    assert len(re.findall(rb"/Type /Page\b", printed.read_bytes())) == n_slides
