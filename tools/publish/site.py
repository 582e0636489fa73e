"""Build the site in build/site/: every notebook as a page, from what is stored in it; nothing is run, nothing fetched.

Usage: python -m tools.publish.site

The site has no text of its own. Its first page is the README's, its other pages are the notebooks, their solutions, and
the texts in docs/. "On the slide" lists, for each row of the lecture, the sections whose cells carry its number. Sphinx
reads a prepared copy of the notebooks, in which each heading and each term of the glossary has a label of its own, so
that a link that leads nowhere is an error. Any warning of Sphinx is one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from tools import notebooks
from tools.publish import slides

ROOT = notebooks.NOTEBOOKS.parent
BUILD = ROOT / "build"
DOCS = ROOT / "docs"
GUIDES = sorted(DOCS.glob("*.md"))
SPHINX_FILES = Path(__file__).parent / "sphinx"
HEADING = re.compile(r"^(#{1,6}) +(.+)$", re.MULTILINE)
FENCE = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)
ANCHOR = re.compile(r'<a id="([\w-]+)"></a>')
HEADING_LINK = re.compile(r"\]\(((?:\.\./|solutions/)?\w+\.ipynb)?#([^)\s]+)\)")


def label(stem: str, heading: str) -> str:
    """The label of a heading: the notebook's name and the heading's words, e.g. "04_backpropagation-1-nudge-a-weight".

    `heading` may be the text or Jupyter's anchor for it, in which spaces are hyphens.
    """
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)  # the text of a link
    return f"{stem}-{'-'.join(re.findall('[a-z0-9]+', plain.lower()))}"


def prepared(path: Path) -> nbformat.NotebookNode:
    """The notebook with a label before each heading and term, links that use them, and links to download it."""
    notebook, stem = notebooks.read(path), path.stem
    prefix = "solutions-" if path.parent != notebooks.NOTEBOOKS else ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts = FENCE.split(cell.source)  # what stands in a block of code stays as it is
            cell.source = "".join(part if part.startswith("```") else _labelled(part, stem, prefix) for part in parts)
    deck = f"slides/{stem}.html"
    up = "../../" if prefix else "../"
    links = [f'<a href="{up}downloads/{prefix}{path.name}" download="{path.name}">Notebook</a>']
    if not prefix and (BUILD / deck).exists():
        links.append(f'<a href="{up}{deck}">Slides</a>')
    first = notebook.cells[0]
    title, _, rest = first.source.partition("\n\n")
    first.source = f'{title}\n\n<p class="downloads">{" · ".join(links)}</p>\n\n{rest}'
    return notebook


def _labelled(text: str, stem: str, prefix: str) -> str:
    text = HEADING_LINK.sub(lambda link: f"](#{_target(link, stem, prefix)})", text)
    text = ANCHOR.sub(r"(\1)=\n", text)
    return HEADING.sub(lambda found: f"({prefix}{label(stem, found[2])})=\n{found[0]}", text)


def _target(link: re.Match, stem: str, prefix: str) -> str:
    file, fragment = link[1] or "", link[2]
    if fragment.startswith("term-"):
        return fragment
    to_solutions = "solutions-" if file.startswith("solutions/") or (prefix and not file.startswith("../")) else ""
    return to_solutions + label(Path(file).stem if file else stem, fragment)


def sections(path: Path) -> dict[str, tuple[str, str]]:
    """For each row of the lecture: heading and label of the section in which this notebook first treats it."""
    found: dict[str, tuple[str, str]] = {}
    heading = ""
    for cell in notebooks.read(path).cells:
        if cell.cell_type == "markdown":
            for _, text in HEADING.findall(FENCE.sub("", cell.source)):
                heading = text
        for row in cell.metadata.get("lecture", []):
            found.setdefault(row, (heading, label(path.stem, heading)))
    return found


def index_of_the_lecture() -> str:
    """The page "On the slide": a table from each row of the lecture to the sections that treat it."""
    rows: dict[str, list[str]] = {}
    for path in notebooks.course_notebooks():
        for row, (heading, target) in sections(path).items():
            rows.setdefault(row, []).append(f"{path.stem[:2]} · [{heading}](#{target})")
    lines = [f"| {row} | {'<br>'.join(places)} |" for row, places in sorted(rows.items())]
    return "\n".join(["# On the slide", "", "| lecture | notebook, section |", "| --- | --- |", *lines, ""])


def first_page() -> str:
    """README.md from its title to the table of notebooks, without how to install, and the order of all pages."""
    readme = for_the_site(ROOT / "README.md")
    opening, *sections = re.split(r"^(?=## )", readme, flags=re.MULTILINE)
    text = opening + next(section for section in sections if section.startswith("## The notebooks\n"))
    for caption, paths, more in (
        ("Notebooks", notebooks.course_notebooks(), ["on_the_slide"]),
        ("Solutions", notebooks.solutions(), []),
        ("For instructors", [], [f"docs/{path.stem}" for path in GUIDES]),
    ):
        entries = [f"{_short_title(path)} <notebooks/{notebooks.name(path)}>" for path in paths]
        text += "\n".join(["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, *more, "```", ""])
    return text


def for_the_site(path: Path) -> str:
    """A text of the project. Links to what is not on the site become plain words."""

    def on_the_site(link: re.Match) -> str:
        target = (path.parent / link[2]).resolve()
        kept = link[2].startswith(("http", "#")) or target.suffix == ".ipynb" or target.parent == DOCS
        return link[0] if kept else link[1]

    return re.sub(r"\[([^\]\[]*)\]\(([^)\s]*)\)", on_the_site, path.read_text(encoding="utf-8"))


def _short_title(path: Path) -> str:
    """For the list of pages: the number of a notebook and its title, without "Solutions" and the course's name."""
    title = notebooks.read(path).cells[0].source.splitlines()[0].removeprefix("# ")
    number = f"{path.stem[:2]} · " if path.stem[:2].isdigit() else ""
    title = title.removeprefix("Neural Networks and Keras: ").removeprefix("Solutions: ")
    return number + title[0].upper() + title[1:]


def prepare(source: Path) -> None:
    """Write all that Sphinx reads into the folder, which is emptied first."""
    shutil.rmtree(source, ignore_errors=True)
    (source / "_static").mkdir(parents=True)
    shutil.copy(SPHINX_FILES / "conf.py", source)
    shutil.copytree(SPHINX_FILES / "_templates", source / "_templates")
    shutil.copy(SPHINX_FILES / "site.css", source / "_static")
    for name in ("mathjax.js", "mathjax-license.txt"):
        slides.copy_asset(name, source / "_static")
    shutil.copytree(DOCS, source / "docs")
    for path in GUIDES:
        (source / "docs" / path.name).write_text(for_the_site(path), encoding="utf-8")
    downloads = source / "extra" / "downloads"
    downloads.mkdir(parents=True)
    for path in notebooks.all_notebooks():
        page = source / "notebooks" / path.relative_to(notebooks.NOTEBOOKS)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(notebooks.to_text(prepared(path)), encoding="utf-8")
        shutil.copy(path, downloads / page.relative_to(source / "notebooks").as_posix().replace("/", "-"))
    if (BUILD / "slides").exists():
        shutil.copytree(BUILD / "slides", source / "extra" / "slides", ignore=shutil.ignore_patterns("*.pdf"))
    (source / "index.md").write_text(first_page(), encoding="utf-8")
    (source / "on_the_slide.md").write_text(index_of_the_lecture(), encoding="utf-8")


def build(source: Path, site: Path) -> int:
    """Build the site with Sphinx from a prepared folder, instead of an older one; 0 if all went well."""
    shutil.rmtree(site, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "--builder=html", "--fail-on-warning", "--quiet", "--jobs=2"]
    return subprocess.run([*command, str(source), str(site)]).returncode


def main() -> int:
    source, site = BUILD / "site-source", BUILD / "site"
    prepare(source)
    failed = build(source, site)
    if not failed:
        print(f"The site is in {site.relative_to(ROOT).as_posix()}: open index.html in a browser.")
    return failed


if __name__ == "__main__":
    sys.exit(main())
