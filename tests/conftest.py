"""What several test files share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
