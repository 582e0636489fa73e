"""The site is complete, leads nowhere that does not exist, and works in a browser without a network."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from tests.conftest import ROOT, fenced
from tests.notebooks.test_rules import LECTURE
from tools import notebooks
from tools.publish import site as site_builder

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
COLOR_RULES = ["color-contrast", "link-in-text-block"]  # of axe, those that a dark page can break alone


def test_label_is_the_same_for_a_heading_and_for_jupyters_anchor():
    assert site_builder.label("04_b", "1. Nudge a weight: $w_1$?") == site_builder.label(
        "04_b", "1.-Nudge-a-weight:-$w_1$?"
    )
    assert site_builder.label("04_b", "1. Nudge a [weight](x.ipynb)") == "04_b-1-nudge-a-weight"
    assert site_builder.label("04_b", "A") != site_builder.label("05_c", "A")


def test_headings_terms_and_links_get_labels(monkeypatch, tmp_path):
    source = (
        "# Title\n\nSee [loss](glossary.ipynb#term-loss) and [there](02_b.ipynb#1.-A-line) and [here](#My-part).\n\n"
        '## My part\n\n<a id="term-loss"></a>**loss**: an error.\n\n```python\n# no heading\n```\n'
    )
    path = tmp_path / "01_a.ipynb"
    path.write_text(notebooks.to_text(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source, id="a")])))
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path)
    text = site_builder.prepared(path).cells[0].source
    assert text.startswith('(01_a-title)=\n# Title\n\n<p class="downloads"><a href="../downloads/01_a.ipynb"')
    assert "[loss](#term-loss) and [there](#02_b-1-a-line) and [here](#01_a-my-part)" in text
    assert "(01_a-my-part)=\n## My part" in text and "(term-loss)=\n**loss**" in text
    assert "```python\n# no heading\n```" in text


def test_on_the_slide_has_every_row_of_every_notebook():
    page = site_builder.index_of_the_lecture()
    for name, rows in LECTURE.items():
        for row in rows:
            line = next(line for line in page.splitlines() if line.startswith(f"| {row} |"))
            assert f"{name[:2]} · [" in line and f"](#{name}-" in line
    assert len(re.findall("^\\| L", page, re.MULTILINE)) == len({row for rows in LECTURE.values() for row in rows})


def test_first_page_is_the_readmes_without_installation():
    page = site_builder.first_page()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert page.startswith(readme[:300]) and "make lab" not in page and ".venv" not in page
    for path in notebooks.all_notebooks():
        assert f"<notebooks/{notebooks.name(path)}>\n" in page
    assert "Where the rest is" not in page and "| [04 How does" in page


def test_links_to_what_is_not_on_the_site_become_words(tmp_path, monkeypatch):
    monkeypatch.setattr(site_builder, "DOCS", tmp_path / "docs")
    text = "[a](notebooks/04_b.ipynb) [d](docs/d.md) ![p](docs/p.png) [w](https://example.org) [t](#top)"
    gone = " [l](LICENSE) [c](CONTRIBUTING.md) [s](notebooks/solutions) [`x.py`](tools/x.py)"
    (tmp_path / "README.md").write_text(text + gone)
    assert site_builder.for_the_site(tmp_path / "README.md") == text + " l c s `x.py`"


class Page(HTMLParser):
    """What a page offers and where it leads: ids, links, what it loads, and pictures without an alt text."""

    def __init__(self, path: Path):
        super().__init__()
        self.ids, self.links, self.loads, self.bare = set(), set(), set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids.add(given.get("id"))
        if tag == "a" and given.get("href"):
            self.links.add(given["href"])
        if tag in ("script", "img", "iframe") or (tag == "link" and given.get("rel") == "stylesheet"):
            self.loads.add(given.get("src") or given.get("href") or "")
        if tag == "img" and not given.get("alt"):
            self.bare.append(given.get("src", "")[:80])


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    site_builder.prepare(folder / "source")
    assert site_builder.build(folder / "source", folder / "site") == 0, "Sphinx warned, see above"
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html")) if not {"slides", "_static"} & set(path.parts)}


def test_every_notebook_has_a_page(site, pages):
    for path in notebooks.all_notebooks():
        page = site / "notebooks" / path.relative_to(notebooks.NOTEBOOKS).with_suffix(".html")
        assert page in pages
        download = next(link for link in pages[page].links if "/downloads/" in link)
        assert (page.parent / download).resolve().read_bytes() == path.read_bytes()


def test_every_text_for_instructors_has_a_page(site, pages):
    for path in (ROOT / "docs").glob("*.md"):
        page = site / "docs" / f"{path.stem}.html"
        assert page in pages and f"docs/{path.stem}.html" in pages[site / "index.html"].links


def test_pages_load_nothing_from_elsewhere(pages):
    for path, page in pages.items():
        assert [source for source in page.loads if re.match(r"(https?:)?//", source)] == [], path


def test_links_lead_somewhere(pages):
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link) or link in ("#", ""):
                continue
            file, _, fragment = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.exists(), f"{path.name}: {link}"
            assert not fragment or target not in pages or fragment in pages[target].ids, f"{path.name}: {link}"


def test_pictures_have_alt_texts(pages):
    assert {path.name: page.bare for path, page in pages.items() if page.bare} == {}


def test_a_link_that_leads_nowhere_is_an_error(tmp_path, capfd):
    source = tmp_path / "source"
    (source / "_static").mkdir(parents=True)
    (source / "extra").mkdir()
    for name in ("conf.py", "_templates"):
        (source / name).symlink_to(site_builder.SPHINX_FILES / name)
    (source / "index.md").write_text("# Title\n\nTo [nowhere](#01_a-no-such-part).\n")
    assert site_builder.build(source, tmp_path / "site") != 0
    assert "01_a-no-such-part" in capfd.readouterr().err


# In a browser.


class Visit:
    """A page in the browser, which may reach files only, and opens pages of the site by name."""

    def __init__(self, browser, site: Path, **options):
        self.site, self.context = site, browser.new_context(**options)
        self.page = fenced(self.context.new_page(), r"(file|data|blob):")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.context.close()

    def open(self, name: str):
        self.page.goto((self.site / f"{name}.html").as_uri())
        self.page.evaluate("window.MathJax && MathJax.startup && MathJax.startup.promise")


# To judge each word of each page takes axe minutes. This marks the first three of each look (color, letters, ground,
# color around) on all pages together; `seen` counts them.
MARK = """seen => {
    const grounds = new Map([[null, ""]]);
    const ground = box => {
        if (!grounds.has(box)) {
            const {backgroundColor, backgroundImage, opacity} = getComputedStyle(box);
            const own = `${backgroundColor} ${backgroundImage} ${opacity}`;
            grounds.set(box, ground(box.parentElement) + (own === "rgba(0, 0, 0, 0) none 1" ? "" : own));
        }
        return grounds.get(box);
    };
    document.querySelectorAll("details").forEach(details => { details.open = true; });
    for (const box of document.body.querySelectorAll("*")) {
        const says = [...box.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
        const shown = box.checkVisibility({visibilityProperty: true}) && box.getBoundingClientRect().width > 1;
        if (!says || !shown) continue;
        const {color, fontSize, fontWeight} = getComputedStyle(box);
        const around = getComputedStyle(box.parentElement).color;
        const look = [box.tagName, color, fontSize, fontWeight, ground(box), around].join();
        seen[look] = (seen[look] || 0) + 1;
        if (seen[look] <= 3) box.setAttribute("data-judge", "");
    }
    return seen;
}"""
# Takes out what axe only counts: the strokes of formulas, and the colors of the words of code that have no mark.
THIN_OUT = """() => {
    document.querySelectorAll("mjx-container svg").forEach(formula => formula.replaceChildren());
    const words = document.querySelectorAll("pre span:not([data-judge], :has(*))");
    words.forEach(word => word.replaceWith(word.textContent));
    document.body.normalize();
}"""
WORDS_TO_JUDGE = "axe.configure({rules: [{id: 'color-contrast', selector: '[data-judge]'}]})"


# The page's script follows the browser a little later, if it has one.
FOLLOWED = "scheme => matchMedia(`(prefers-color-scheme: ${scheme})`).matches && "
FOLLOWED += "[undefined, scheme].includes(document.documentElement.dataset.theme)"


def switch(page, scheme: str) -> None:
    """Show the page in the light or the dark scheme."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(FOLLOWED, arg=scheme)


def barriers(page, seen: dict[str, dict[str, int]]) -> dict[str, list[str]]:
    """What keeps people from using the page, as axe-core sees it: by all rules in the light, by those of color in the
    dark. `seen` counts the looks that it has met in each scheme. The page is then no longer what it was."""
    from axe_playwright_python.sync_playwright import Axe

    found = {"light": [], "dark": []}
    new_looks = {}
    for scheme in ("dark", "light"):
        switch(page, scheme)
        known, seen[scheme] = set(seen[scheme]), page.evaluate(MARK, seen[scheme])
        new_looks[scheme] = seen[scheme].keys() - known
    page.evaluate(THIN_OUT)
    page.evaluate(Axe().axe_script)
    page.evaluate(WORDS_TO_JUDGE)
    for scheme, only in (("light", {}), ("dark", {"runOnly": COLOR_RULES})):
        if only and not new_looks[scheme]:
            continue
        switch(page, scheme)
        options = {"resultTypes": ["violations"], "preload": False, **only}  # style sheets are not fetched again
        rules = page.evaluate("options => axe.run(options)", options)["violations"]
        serious = [rule for rule in rules if rule["impact"] in ("serious", "critical")]
        found[scheme] = [f"{rule['id']}: {node['html'][:200]}" for rule in serious for node in rule["nodes"]]
    return found


@pytest.fixture(scope="module")
def faults(chromium, site, pages) -> dict[str, list[str]]:
    """What a browser finds wrong with the pages, by the kind of fault. Each page is loaded once for all."""
    not_set = "[...document.querySelectorAll('.math')].filter(m => !m.querySelector('mjx-container svg')).length"
    found = {kind: [] for kind in ("formula", "width", "light", "dark")}
    seen = {"light": {}, "dark": {}}
    with Visit(chromium, site, reduced_motion="reduce") as visit:
        page = visit.page
        for name in (path.relative_to(site).with_suffix("").as_posix() for path in pages):
            page.set_viewport_size(DESK)
            visit.open(name)
            if page.evaluate(not_set):
                found["formula"].append(name)
            for size in (PHONE, DESK):
                page.set_viewport_size(size)
                if (too_wide := page.evaluate("document.documentElement.scrollWidth - window.innerWidth")) > 1:
                    found["width"].append(f"{name} is {too_wide} pixels wider than {size}")
            for scheme, there in barriers(page, seen).items():
                found[scheme] += [f"{name}: {barrier}" for barrier in there]
        return found | {"outside": page.outside, "errors": page.errors}


@pytest.mark.browser
def test_pages_work_without_a_network(faults):
    assert faults["outside"] == [] and faults["errors"] == [] and faults["formula"] == []


@pytest.mark.browser
def test_pages_fit_a_large_and_a_small_screen(faults):
    assert faults["width"] == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(faults, scheme):
    assert faults[scheme] == []


@pytest.mark.browser
def test_a_pale_word_is_noticed_in_the_scheme_that_has_it(chromium, tmp_path):
    dark = "body { background: black; color: white } .k { color: #222 }"
    style = f"<style>body {{ background: white }} @media (prefers-color-scheme: dark) {{ {dark} }}</style>"
    words = " ".join(f"<span class='k'>{word}</span> <span>x</span>" for word in ("for", "in", "if", "else"))
    main = f"<main><h1>A</h1><pre>{words}</pre></main>"
    (tmp_path / "pale.html").write_text(f"<html lang='en'><title>A</title>{style}{main}")
    with Visit(chromium, tmp_path) as visit:
        visit.open("pale")
        pale = [f'color-contrast: <span class="k" data-judge="">{word}</span>' for word in ("for", "in", "if")]
        seen = {"light": {}, "dark": {}}
        assert barriers(visit.page, seen) == {"light": [], "dark": pale}
        assert visit.page.inner_text("pre") == "for x in x if x else x"
        visit.open("pale")
        assert barriers(visit.page, seen) == {"light": [], "dark": []}  # a look is judged once


@pytest.mark.browser
def test_requests_to_elsewhere_and_errors_are_noticed(chromium, tmp_path):
    (tmp_path / "bad.html").write_text("<img src='https://example.org/a.png' alt=''><script>throw Error('hm')</script>")
    with Visit(chromium, tmp_path) as visit:
        visit.open("bad")
        assert visit.page.outside == ["https://example.org/a.png"] and any("hm" in error for error in visit.page.errors)


@pytest.mark.browser
def test_search_finds_the_perceptron(chromium, site):
    with Visit(chromium, site) as visit:
        visit.open("index")
        visit.page.keyboard.press("Control+k")
        visit.page.keyboard.type("perceptron\n")
        for name in ("02_perceptron_and_xor", "glossary"):  # the results appear one after the other
            visit.page.wait_for_selector(f"#search-results li a[href*='{name}']")
        assert visit.page.outside == [] and visit.page.errors == []


@pytest.mark.browser
def test_keys_and_links_lead_to_the_neighbors(chromium, site):
    with Visit(chromium, site) as visit:
        visit.open("notebooks/02_perceptron_and_xor")
        for step, name in (("next", "03_multilayer_perceptron"), ("prev", "02_perceptron_and_xor")):
            visit.page.click(f".prev-next-area a.{'right-next' if step == 'next' else 'left-prev'}")
            visit.page.wait_for_url(f"**/{name}.html")
