"""The site is complete, leads nowhere that does not exist, and works in a browser without a network."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from tests.conftest import ROOT, watched
from tests.test_notebook_rules import LECTURE
from tools import build_site, execute

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
LOOKED_AT = ["notebooks/02_perceptron_and_xor", "index", "on_the_slide", "notebooks/07_sequential_classifier"]
LOOKED_AT += ["notebooks/glossary", "notebooks/solutions/04_backpropagation"]


def test_label_is_the_same_for_a_heading_and_for_jupyters_anchor():
    assert build_site.label("04_b", "1. Nudge a weight: $w_1$?") == build_site.label(
        "04_b", "1.-Nudge-a-weight:-$w_1$?"
    )
    assert build_site.label("04_b", "1. Nudge a [weight](x.ipynb)") == "04_b-1-nudge-a-weight"
    assert build_site.label("04_b", "A") != build_site.label("05_c", "A")


def test_headings_terms_and_links_get_labels(monkeypatch, tmp_path):
    source = (
        "# Title\n\nSee [loss](glossary.ipynb#term-loss) and [there](02_b.ipynb#1.-A-line) and [here](#My-part).\n\n"
        '## My part\n\n<a id="term-loss"></a>**loss**: an error.\n\n```python\n# no heading\n```\n'
    )
    path = tmp_path / "01_a.ipynb"
    path.write_text(execute.to_text(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source, id="a")])))
    monkeypatch.setattr(execute, "NOTEBOOKS", tmp_path)
    text = build_site.prepared(path).cells[0].source
    assert text.startswith('(01_a-title)=\n# Title\n\n<p class="downloads"><a href="../downloads/01_a.ipynb"')
    assert "[loss](#term-loss) and [there](#02_b-1-a-line) and [here](#01_a-my-part)" in text
    assert "(01_a-my-part)=\n## My part" in text and "(term-loss)=\n**loss**" in text
    assert "```python\n# no heading\n```" in text


def test_on_the_slide_has_every_row_of_every_notebook():
    page = build_site.index_of_the_lecture()
    for name, rows in LECTURE.items():
        for row in rows:
            line = next(line for line in page.splitlines() if line.startswith(f"| {row} |"))
            assert f"{name[:2]} · [" in line and f"](#{name}-" in line
    assert len(re.findall("^\\| L", page, re.MULTILINE)) == len({row for rows in LECTURE.values() for row in rows})


def test_first_page_is_the_readmes_without_installation():
    page = build_site.first_page()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert page.startswith(readme[:300]) and "make lab" not in page and ".venv" not in page
    for path in execute.all_notebooks():
        assert f"<notebooks/{execute.name(path)}>\n" in page


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
    build_site.prepare(folder / "source")
    assert build_site.build(folder / "source", folder / "site") == 0, "Sphinx warned, see above"
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html")) if not {"slides", "_static"} & set(path.parts)}


def test_every_notebook_has_a_page(site, pages):
    for path in execute.all_notebooks():
        page = site / "notebooks" / path.relative_to(execute.NOTEBOOKS).with_suffix(".html")
        assert page in pages
        download = next(link for link in pages[page].links if "/downloads/" in link)
        assert (page.parent / download).resolve().read_bytes() == path.read_bytes()


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
        (source / name).symlink_to(build_site.HERE / name)
    (source / "index.md").write_text("# Title\n\nTo [nowhere](#01_a-no-such-part).\n")
    assert build_site.build(source, tmp_path / "site") != 0
    assert "01_a-no-such-part" in capfd.readouterr().err


# In a browser.


class Visit:
    """A page in the browser, which may reach files only, and opens pages of the site by name."""

    def __init__(self, browser, site: Path, **options):
        self.site, self.context = site, browser.new_context(**options)
        self.page = watched(self.context.new_page(), r"(file|data|blob):")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.context.close()

    def open(self, name: str):
        self.page.goto((self.site / f"{name}.html").as_uri())
        self.page.evaluate("window.MathJax && MathJax.startup && MathJax.startup.promise")


@pytest.mark.browser
def test_pages_work_without_a_network_on_a_large_and_a_small_screen(chromium, site, pages):
    not_set = "[...document.querySelectorAll('.math')].filter(m => !m.querySelector('mjx-container svg')).length"
    with Visit(chromium, site) as visit:
        for path in pages:
            visit.page.set_viewport_size(DESK)
            visit.open(path.relative_to(site).with_suffix("").as_posix())
            assert visit.page.evaluate(not_set) == 0, f"{path.name}: a formula is not set"
            for size in (DESK, PHONE):
                visit.page.set_viewport_size(size)
                too_wide = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                assert too_wide <= 1, f"{path.name} is {too_wide} pixels wider than {size}"
        assert visit.page.outside == [] and visit.page.errors == []


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


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(chromium, site, scheme):
    from axe_playwright_python.sync_playwright import Axe

    with Visit(chromium, site, color_scheme=scheme, reduced_motion="reduce") as visit:
        for name in LOOKED_AT if scheme == "light" else LOOKED_AT[::3]:
            visit.open(name)
            found = Axe().run(visit.page).response["violations"]
            serious = [
                f"{name}: {rule['id']}: {rule['nodes'][0]['html'][:200]}"
                for rule in found
                if rule["impact"] in ("serious", "critical")
            ]
            assert serious == []
