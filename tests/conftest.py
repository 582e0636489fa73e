"""What several test files share."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.publish import browser

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def project_copy(tmp_path_factory) -> Path:
    """A copy of the project's own files, without .venv and what was built, for tests that run notebooks in it."""
    copy = tmp_path_factory.mktemp("project") / "copy"
    leave_out = shutil.ignore_patterns(
        ".git", ".venv*", "build", "__pycache__", ".*_cache", ".hypothesis", ".ipynb_*", "my_progress*"
    )
    shutil.copytree(ROOT, copy, ignore=leave_out)
    return copy


@pytest.fixture
def run_python():
    """Run code in a fresh Python, from the project's folder; returns the finished process with its output as text."""

    def run(code: str, **env: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=os.environ | env, capture_output=True, text=True, timeout=120
        )

    return run


@pytest.fixture(scope="module")
def chromium():
    """A browser without a window. On a machine without Chromium, its tests fail in CI and are skipped elsewhere."""
    try:
        program = browser.chromium()
    except RuntimeError as error:
        pytest.fail(str(error)) if os.environ.get("CI") else pytest.skip(str(error))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-background-networking", "--disable-sync"]
        )
        yield opened
        opened.close()


def fenced(page, allowed: str, console: bool = True):
    """The page, fenced in: it may only ask for addresses that begin with `allowed`, a regular expression.

    `page.outside` lists what else it asked for, `page.errors` what went wrong in it.
    """
    page.outside, page.errors = [], []

    def route(route):
        if re.match(allowed, route.request.url):
            route.continue_()
        else:
            page.outside.append(route.request.url)
            route.abort()

    page.context.route("**/*", route)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    if console:
        page.on("console", lambda said: page.errors.append(_error_in_words(said)) if said.type == "error" else None)
    return page


def _error_in_words(said) -> str:
    return f"{said.text} {said.location['url']}"
