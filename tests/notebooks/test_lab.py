"""A student's first minute: `make lab`, in a real browser, with the internet cut, every notebook run to its end.

This is also the second run of each notebook of the course, see `twice.py`: nothing but the notebook itself is written,
no kernel asks for the network, and the outputs are those of nbval's run.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, fenced
from tests.notebooks import rules, twice
from tests.notebooks.side_effects import SideEffects
from tools import notebooks

pytestmark = pytest.mark.browser

TAB = ".lm-DockPanel-tabBar .lm-mod-current"
# What decides how sums are rounded, and what nbval's run has, too: the machine's settings for NumPy's matrix products,
# e.g. OPENBLAS_CORETYPE, and the number of TensorFlow's threads.
ROUNDING = {name: value for name, value in os.environ.items() if name.startswith(("OPENBLAS_", "TF_NUM_"))}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def attempts(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("network") / "attempts.txt"


@pytest.fixture(scope="module")
def printed(tmp_path_factory) -> Path:
    """What `make lab` writes to the terminal: a file, not a pipe, which nobody would empty while the tests run."""
    return tmp_path_factory.mktemp("terminal") / "printed.txt"


@pytest.fixture(scope="module")
def lab(chromium, project_copy, home, attempts, printed):
    """The address that `make lab` prints, in a copy of the project, with an empty home folder."""
    (project_copy / ".venv").symlink_to(Path(sys.prefix))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with printed.open("w") as file:
        server = subprocess.Popen(
            ["make", "lab", f"PORT={port}", "BROWSER=no"],
            cwd=project_copy,
            env={"PATH": os.environ["PATH"], "HOME": str(home)} | ROUNDING | SideEffects(attempts).env,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield address(printed, server, port)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=30)
        (project_copy / ".venv").unlink()


def address(printed: Path, server: subprocess.Popen, port: int) -> str:
    """The address with its token, as soon as `make lab` has printed it."""
    for _ in range(300):
        if found := re.search(rf"http://127\.0\.0\.1:{port}/\S+token=\w+\b", printed.read_text()):
            return found.group()
        if server.poll() is not None:
            break
        time.sleep(0.2)
    pytest.fail(f"make lab printed no address, but: {printed.read_text()}")


@pytest.fixture(scope="module")
def opened(chromium, lab):
    """JupyterLab in a page that reaches this machine only, and remembers what else was asked for and what failed."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = fenced(context.new_page(), r"(http|ws)s?://127\.0\.0\.1[:/]", console=False)
    page.goto(lab, wait_until="domcontentloaded")
    kernel(page, "Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    yield page
    context.close()


@pytest.fixture
def page(opened):
    """The page without an open notebook."""
    launcher, discard = opened.locator(TAB, has_text="Launcher"), opened.get_by_role("button", name="Discard")
    if opened.locator(TAB, has_text=".ipynb").count():
        opened.locator(TAB).locator(".lm-TabBar-tabCloseIcon").click()
        launcher.or_(discard).wait_for()
        if discard.is_visible():  # JupyterLab asks when something has changed
            discard.click()
        launcher.wait_for()
    opened.outside, opened.errors = [], []
    return opened


def test_the_terminal_shows_the_address_and_nothing_else(lab, printed):
    of_graders = "[NbGrader | WARNING] No nbgrader_config.py file found"  # students do not install it
    lines = [line for line in printed.read_text().splitlines() if line.strip() and not line.startswith(of_graders)]
    assert len(lines) == 5 and "To access the server" in lines[1] and lines[4].strip() == lab


WITH_CODE = [path.name for path in notebooks.course_notebooks() if rules.code_cells(notebooks.read(path))]


@pytest.mark.parametrize("name", WITH_CODE)
def test_notebook_opens_and_runs_in_jupyterlab(page, project_copy, home, attempts, name):
    path = project_copy / "notebooks" / name
    stored = notebooks.read(path)
    for cell in rules.code_cells(stored):
        cell.outputs, cell.execution_count = [], None  # so that what is seen afterward comes from this run
    path.write_text(notebooks.to_text(stored))
    effects = SideEffects(attempts, project_copy, home)

    page.locator(f".jp-DirListing-item[title*='{name}']").dblclick()
    page.locator(TAB, has_text=name).wait_for(timeout=60_000)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    kernel(page, "Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    choose(page, "Run", "Run All Cells")
    n_cells = len(rules.code_cells(stored))
    done = save_until_run(page, path)

    assert [cell.execution_count for cell in rules.code_cells(done)] == list(range(1, n_cells + 1))
    assert rules.no_errors(done) == []
    twice.keep_notebook("jupyterlab", path.stem, done)
    assert effects.written() == [f"notebooks/{name}"] and effects.network_attempts() == []
    if name[:2].isdigit():
        assert page.locator(".jp-Notebook img[alt]").count() > 0
    assert page.outside == [] and page.errors == []
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{path.stem}.png")
    choose(page, "Kernel", "Shut Down Kernel")  # all kernels together would need gigabytes
    kernel(page, "No Kernel | Unknown").wait_for()


def kernel(page, says):
    """The line about the kernel at the lower edge. To look for its words on the whole page takes seconds each time."""
    return page.locator(".jp-StatusBar-TextItem", has_text=says)


def choose(page, *names):
    """Click on these items of the menu, one after the other."""
    for name in names:
        page.locator(".lm-MenuBar-itemLabel, .lm-Menu-itemLabel", has_text=re.compile(f"^{name}$")).click()


def save_until_run(page, path):
    """The notebook as JupyterLab saves it, once all its cells have been run or a cell has failed.

    Looking at the page is not enough: JupyterLab draws only the cells in view. It is saved when the kernel is at rest
    twice in a row, not only between two cells, and once more when it changed after that, as its tab shows.
    """
    at_rest = kernel(page, "Python 3 (ipykernel) | Idle")
    saved = page.locator(f"{TAB}:not(.jp-mod-dirty)", has_text=path.name)
    rested = False
    for _ in range(600):
        page.wait_for_timeout(500)
        rested_before, rested = rested, at_rest.is_visible()
        if rested_before and rested:
            with page.expect_response(lambda answer: answer.request.method == "PUT" and path.name in answer.url):
                page.keyboard.press("Control+s")
            page.wait_for_timeout(100)
            done = notebooks.read(path)
            counts = [cell.execution_count for cell in rules.code_cells(done)]
            if (rules.no_errors(done) or None not in counts) and saved.is_visible():
                return done
    raise AssertionError(f"{path.name} had not run to its end within five minutes")


def test_project_copy_is_not_the_project(project_copy):
    assert project_copy != ROOT and not (project_copy / ".git").exists()
