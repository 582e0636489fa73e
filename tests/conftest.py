"""What several test files share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


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
    if CHROMIUM is None:
        reason = "there is no Chromium on this machine; on Debian: apt install chromium"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking", "--disable-sync"]
        )
        yield browser
        browser.close()
