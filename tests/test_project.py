"""The project's own files agree with each other."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.conftest import ROOT
from tools import notebooks

TEXTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "data" / "README.md"]
LOCKS = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt", ROOT / "tools" / "uv.txt"]


def pins(path) -> set[str]:
    """Each `name==version ; marker` of a lock."""
    return set(re.findall(r"^([a-z0-9][^\\\n]*==[^\\\n]*?) *\\?$", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_lock_pins_and_hashes_everything_and_names_no_index(path):
    text = path.read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins(path)) > 0
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text and "--index" not in text and "--find-links" not in text


def test_dev_lock_has_the_same_versions():
    def versions(path):
        return {tuple(re.split("==| ", pin)[:2]) for pin in pins(path)}

    names = {name for name, _ in versions(LOCKS[0])}
    shared = {(name, version) for name, version in versions(LOCKS[1]) if name in names}
    assert shared and shared <= versions(LOCKS[0])


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_direct_dependency_is_locked_and_has_a_reason(name):
    lines = (ROOT / f"{name}.in").read_text().splitlines()
    direct = [line for line in lines if re.match(r"[a-z]", line)]
    locked = {re.split(r"==| ", pin)[0] for pin in pins(ROOT / f"{name}.txt")}
    for line in direct:
        assert re.match(r"[a-z0-9-]+", line)[0] in locked, line
        assert "#" in line or line.startswith("tensorflow"), f"give the reason for: {line}"


def test_conda_takes_the_same_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, packages = environment["dependencies"]
    assert python in ("python=3.11", "python=3.12", "python=3.13") and pip == "pip"
    assert packages == {"pip": ["-r requirements.txt"]}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_the_texts_exist(path):
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE))
    for command, options in re.findall(r"(?:`|^)make ([a-z]+)([^`\n#]*)", path.read_text(), re.MULTILINE):
        assert command in targets, f"{path.name} names make {command}"
        for option in re.findall(r" ([A-Z]+)=", options):
            assert f"$({option})" in makefile, f"{path.name} names {option}="


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_in_the_texts_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", path.read_text()):
        assert (path.parent / target.split("#")[0]).exists(), f"{path.name} links to {target}"
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)\s]+)\)", path.read_text())) <= anchors


def test_readme_lists_every_notebook():
    readme = (ROOT / "README.md").read_text()
    for path in notebooks.course_notebooks():
        assert f"](notebooks/{path.name})" in readme


def test_readme_gives_the_minutes_that_the_notebooks_give():
    readme = (ROOT / "README.md").read_text()
    for path in notebooks.lecture_notebooks():
        opening = notebooks.read(path).cells[0].source
        minutes = " + ".join(re.findall(r"(\d+) minutes", opening))
        assert minutes and f"](notebooks/{path.name}) | {minutes} |" in readme


def test_readme_is_short_enough_to_be_read():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 100


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.png")), ids=lambda path: path.name)
def test_every_picture_is_shown(path):
    assert any(re.search(rf"!\[.+\]\((docs/)?{path.name}\)", text.read_text()) for text in TEXTS)


@pytest.mark.parametrize("name", notebooks.README_PICTURES)
def test_pictures_in_the_readme_are_those_of_the_notebooks(name):
    notebook, cell_id = notebooks.README_PICTURES[name]
    shown = notebooks.picture(notebooks.read(notebooks.NOTEBOOKS / notebook), cell_id)
    assert (ROOT / "docs" / name).read_bytes() == shown


def test_make_lists_its_commands():
    make = shutil.which("make")
    done = subprocess.run([make], cwd=ROOT, capture_output=True, text=True)
    assert {"make lab", "make test"} <= {re.split(r"\s{2,}", line)[0] for line in done.stdout.splitlines()}
    assert done.stderr == ""


def test_style():
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "."], ["format", "--check", "--exclude", "*.ipynb", "."]):
        done = subprocess.run([*ruff, *command], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_unknown_notebook_is_named_with_those_there_are(capsys):
    assert notebooks.main(["execute", "99"]) == 1
    assert "There is no notebook 99; there are: 00_start_here" in capsys.readouterr().err
