"""How long does a demonstration take from a slider to its picture? Milliseconds, median and slowest.

First in Python: the value is set, and the new picture with its alt text is ready to be sent. Then, if Chromium and
Playwright are there (`make test` installs the second), in JupyterLab: from the press of an arrow key until the browser
has decoded the picture. Less than 150 is our aim. Run it with `make bench`; nothing else should run on the machine.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import nbformat
import numpy as np

from lecture_utils import demonstrations, from_scratch, reproducible
from tools import notebooks
from tools.publish import browser

ROOT = Path(__file__).resolve().parents[1]
NAMES = [
    "threshold_logic_unit",
    "xor_network",
    "backpropagation_step",
    "learning_rate",
    "saturation",
    "classifier_threshold",
]
PRESSES = 20
# Notes the time from each key press until the next picture can be painted.
NOTE_TIMES = """() => {
    window.times = [];
    document.addEventListener("keydown", () => { window.pressed = performance.now(); }, true);
    new MutationObserver(async changes => {
        const images = changes.flatMap(change => [...change.addedNodes]).filter(node => node.nodeName === "IMG");
        if (!images.length || !window.pressed) return;
        const pressed = window.pressed;
        await images[0].decode();
        window.times.push(performance.now() - pressed);
    }).observe(document.body, {childList: true, subtree: true});
}"""


def labels_and_scores() -> tuple[np.ndarray, np.ndarray]:
    """Labels (5000,) and scores (5000,), as many as notebook 07 has."""
    rng = np.random.default_rng(0)
    y_true = (rng.random(5_000) < 0.1).astype(int)
    return y_true, from_scratch.logistic(1.5 * rng.normal(size=5_000) + 4 * y_true - 2.5)


def in_python(name: str) -> list[float]:
    """Milliseconds for each move of a slider to its ends and back."""
    demonstration = getattr(demonstrations, name)(*(labels_and_scores() if name == "classifier_threshold" else ()))
    times = []
    for control in demonstration.controls.values():
        here = control.value
        for value in (getattr(control, "min", here), getattr(control, "max", here), here):
            began = time.perf_counter()
            control.value = value
            times.append(1000 * (time.perf_counter() - began))
    return [
        milliseconds for milliseconds in times if milliseconds > 1
    ]  # nothing is drawn if the slider was there already


def in_browser() -> dict[str, list[float]]:
    """The same for arrow keys, in JupyterLab."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="demonstrations-") as home:
        folder = Path(home, "notebooks")
        folder.mkdir()
        start = f"import sys\nsys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'benchmarks')!r}]\n"
        start += "import demonstrations as bench\nfrom lecture_utils import demonstrations, reproducible\n"
        start += "reproducible.start(seed=42)"
        for name in NAMES:
            call = f"demonstrations.{name}({'*bench.labels_and_scores()' if name == 'classifier_threshold' else ''})"
            cells = [nbformat.v4.new_code_cell(source) for source in (start, call)]
            (folder / f"{name}.ipynb").write_text(
                notebooks.to_text(notebooks.normalized(nbformat.v4.new_notebook(cells=cells)))
            )
        config = ROOT / "tools" / "jupyter_config.py"
        with (
            browser.jupyterlab(config, Path(home), f"--ServerApp.root_dir={home}") as address,
            sync_playwright() as playwright,
        ):
            opened = playwright.chromium.launch(executable_path=browser.chromium(), args=["--no-sandbox"])
            times = {
                name: pressed(opened, address.replace("00_start_here.ipynb?", f"{name}.ipynb?reset&")) for name in NAMES
            }
            opened.close()
    return times


def pressed(opened, address: str) -> list[float]:
    """Milliseconds from each press of an arrow key in the first number field to its picture."""
    page = opened.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(address, wait_until="domcontentloaded")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    field = page.get_by_role("spinbutton").first
    field.wait_for(timeout=60_000)
    page.evaluate(NOTE_TIMES)
    field.focus()
    for number, key in zip(range(PRESSES), itertools.cycle(["ArrowDown", "ArrowUp"]), strict=False):
        page.keyboard.press(key)
        page.wait_for_function(f"window.times.length > {number}", timeout=10_000)
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{re.search('([a-z_]+).ipynb', address)[1]}.png")
    times = page.evaluate("window.times")
    page.close()
    return times[2:]  # the first ones warm up


def main() -> None:
    reproducible.start(seed=42)
    tables = {"in Python": {name: in_python(name) for name in NAMES}}
    if importlib.util.find_spec("playwright"):
        tables["in JupyterLab"] = in_browser()
    else:
        print("Playwright is not installed, so JupyterLab is not measured.")
    print(f"{'milliseconds: median, slowest':32}" + "".join(f"{place:>20}" for place in tables))
    for name in NAMES:
        numbers = [f"{statistics.median(times[name]):.0f}, {max(times[name]):.0f}" for times in tables.values()]
        print(f"{name:32}" + "".join(f"{number:>20}" for number in numbers))


if __name__ == "__main__":
    main()
