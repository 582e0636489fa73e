"""Take the pictures that docs/presenting.md shows: a slide, a page of the site, and a notebook that is presented live.

Usage: python -m tools.publish.pictures      after tools.publish.slides and tools.publish.site; needs Chromium

The live notebook runs in a copy of the project, as an instructor sees it: JupyterLab, Presentation Mode, Simple
Interface. The pictures are docs/slide.png, docs/page.png and docs/live.png.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools import notebooks
from tools.publish import browser, slides

ROOT = notebooks.NOTEBOOKS.parent
SIZE = {"width": 1280, "height": 720}
NOTEBOOK = "01_threshold_logic_unit"
PICTURED_CELL = "line-plot"  # the cell that the pictures show
LEFT_OUT = (".git", ".venv*", "build", "__pycache__", ".*_cache", ".hypothesis", ".ipynb_*", "my_progress*")


def save_picture(page: Any, name: str) -> None:
    """Save what the browser shows as docs/<name>.png."""
    page.screenshot(path=ROOT / "docs" / f"{name}.png")


def picture_slide(page: Any, alt: str) -> None:
    """The slide that shows the figure with this alt text."""
    page.goto((slides.DECKS / f"{NOTEBOOK}.html").as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    page.evaluate(
        """alt => { const image = [...document.querySelectorAll('section img')].find(image => image.alt === alt);
                    const at = Reveal.getIndices(image.closest('section')); Reveal.slide(at.h, at.v, 99); }""",
        alt,
    )
    page.wait_for_timeout(1000)
    save_picture(page, "slide")


def picture_page(page: Any, alt: str) -> None:
    """The page of the site, where it shows the figure."""
    page.goto((ROOT / "build" / "site" / "notebooks" / f"{NOTEBOOK}.html").as_uri())
    _scroll_to_figure(page, alt)
    save_picture(page, "page")


def picture_live(page: Any, alt: str) -> None:
    """The notebook in JupyterLab, run, as it is presented."""
    with _lab() as address:
        page.goto(address)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
        for *menus, entry in (
            ("View", "Appearance", "Presentation Mode"),
            ("View", "Appearance", "Simple Interface"),
            ("View", "Appearance", "Show Left Sidebar"),
            ("Run", "Run All Cells"),
        ):
            page.locator(".lm-MenuBar-item", has_text=menus[0]).click()
            for name in [*menus[1:], entry]:
                page.locator(".lm-Menu-item", has_text=re.compile(rf"^{name}")).last.click()
        page.wait_for_timeout(15_000)
        _scroll_to_figure(page, alt)
        save_picture(page, "live")


def _scroll_to_figure(page: Any, alt: str) -> None:
    image = page.locator(f"img[alt={alt!r}]").first
    for _ in range(60):  # JupyterLab draws a cell only when it comes into view
        if image.count():
            break
        page.mouse.move(640, 400)
        page.mouse.wheel(0, 400)
        page.wait_for_timeout(200)
    for _ in range(3):  # what comes into view may move the rest
        image.evaluate("image => image.scrollIntoView({block: 'end', behavior: 'instant'})")
        page.wait_for_timeout(1000)


@contextmanager
def _lab() -> Iterator[str]:
    """The address of the notebook in a JupyterLab that serves a copy of the project."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home, copy = Path(folder), Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
        # The packages for development add buttons to JupyterLab that nobody else has.
        (home / "labconfig").mkdir()
        (home / "labconfig" / "page_config.json").write_text('{"disabledExtensions": {"@jupyter/nbgrader": true}}')
        env = {"LECTURE_PROGRESS": "off", "JUPYTER_CONFIG_DIR": folder}
        with browser.jupyterlab(copy / "tools" / "jupyter_config.py", home, **env) as address:
            yield address.replace("00_start_here.ipynb", f"{NOTEBOOK}.ipynb")


def main() -> int:
    cells = notebooks.read(notebooks.NOTEBOOKS / f"{NOTEBOOK}.ipynb").cells
    html = next(cell for cell in cells if cell.id == PICTURED_CELL).outputs[0]["data"]["text/html"]
    alt = re.search('alt="([^"]+)"', html)[1]
    with browser.opened() as chromium:
        for picture in (picture_slide, picture_page, picture_live):
            picture(chromium.new_page(viewport=SIZE), alt)
    return 0


if __name__ == "__main__":
    sys.exit(main())
