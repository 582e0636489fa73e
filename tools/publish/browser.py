"""Chromium, and a JupyterLab for it to open, for tests, pictures, handouts and benchmarks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS_TO_START, SECONDS_TO_END = 60, 5


def chromium() -> str:
    """The path of the program; RuntimeError if there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise RuntimeError("There is no Chromium on this machine; on Debian: apt install chromium")
    return found


@contextmanager
def opened() -> Iterator[Any]:
    """Chromium without a window, driven by Playwright; RuntimeError if there is none."""
    from playwright.sync_api import sync_playwright

    program = chromium()
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])


@contextmanager
def jupyterlab(config: Path, home: Path, *options: str, **env: str) -> Iterator[str]:
    """Start JupyterLab with this configuration and home folder; gives the address, with its token, of a notebook in it.

    Raises RuntimeError, with what it printed, if it does not start.
    """
    command = [sys.executable, "-m", "jupyterlab", f"--config={config}", "--no-browser", "--port=0", *options]
    printed = home / "printed.txt"  # a file, not a pipe, which nobody would empty
    with printed.open("w") as file:
        server = subprocess.Popen(
            command, cwd=home, env=os.environ | {"HOME": str(home)} | env, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        give_up = time.monotonic() + SECONDS_TO_START
        while not (found := re.search(r"http://127\.0\.0\.1:\d+/\S+token=\w+\b", printed.read_text())):
            if server.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"JupyterLab did not start; it printed:\n{printed.read_text()}")
            time.sleep(0.2)
        yield found[0]
    finally:
        server.terminate()
        try:
            server.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:  # it waits for a kernel, which ends when its server is gone
            server.kill()
            server.wait()
