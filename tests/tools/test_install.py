"""Setting up: each thing that can go wrong gets one clear sentence, and the next call starts over."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tools import install


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project with locks."""
    (tmp_path / "requirements.txt").write_text("numpy==2.0\n")
    (tmp_path / "requirements-dev.txt").write_text("pytest==9.0\n")
    monkeypatch.setattr(install, "ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def installers(project, monkeypatch):
    """`installers(*arguments)` calls `main` and returns what it ran; stand-ins only create the environment's Python."""
    calls = []

    def run(command, env=None, show=False):
        calls.append(" ".join(map(str, command)))
        if "venv" in command:
            (project / ".venv/bin").mkdir(parents=True)
            shutil.copy(sys.executable, project / ".venv/bin/python")
        if "uv" in command and (project / "interrupt").exists():
            raise KeyboardInterrupt

    def main(*arguments):
        calls.clear()
        install.main(arguments)
        return "\n".join(calls)

    monkeypatch.setattr(install, "run", run)
    monkeypatch.setattr(install, "uv_environment", lambda venv: {})
    return main


def test_second_call_does_nothing_and_dev_comes_on_top(project, installers):
    first = installers()
    assert "-m venv" in first and "uv.txt" in first and "requirements-dev.txt" not in first
    assert installers() == ""
    second = installers("--dev")
    assert "requirements-dev.txt" in second and "-m venv" not in second
    assert installers() == installers("--dev") == ""
    (project / "requirements.txt").write_text("numpy==2.1\n")
    assert "requirements-dev.txt" in installers(), "a student's installation keeps what make test needs"


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_changed_lock_is_installed_again(project, installers, lock):
    installers("--dev")
    (project / lock).write_text("other==1.0\n")
    assert installers("--dev") != ""


def test_update_that_was_interrupted_starts_over(project, installers):
    installers()
    (project / "requirements.txt").write_text("numpy==2.1\n")
    (project / "interrupt").touch()
    with pytest.raises(SystemExit, match="The next call starts the installation again"):
        installers()
    (project / ".venv/half-installed").touch()
    (project / "interrupt").unlink()
    assert "-m venv" in installers() and not (project / ".venv/half-installed").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '["ab", 1]'])
def test_damaged_record_of_what_is_installed(project, installers, content):
    installers()
    (project / ".venv/installed.json").write_text(content)
    assert installers() != "" and json.loads((project / ".venv/installed.json").read_text())


def fake_python(folder, name, version):
    """A program that answers as a Python of this version."""
    (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
    (folder / name).chmod(0o755)
    return str(folder / name)


@pytest.mark.parametrize("version", ["3 10", "3 14", "2 7"])
def test_python_too_old_or_too_new(tmp_path, monkeypatch, version):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="needs Python 3.11 to 3.13; found is Python " + version.replace(" ", ".")):
        install.find_python(fake_python(tmp_path, "python3", version))


def test_another_python_on_the_path_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    fake_python(tmp_path, "python3.13", "")  # there, but does not start
    fake_python(tmp_path, "python3.12", "3 12")
    assert install.find_python(fake_python(tmp_path, "python3", "3 10")) == "python3.12"


@pytest.mark.parametrize(
    ("system", "machine", "fits"),
    [("Darwin", "x86_64", False), ("Linux", "riscv64", False), ("Linux", "i686", False)]
    + [("Linux", "x86_64", True), ("Linux", "aarch64", True), ("Darwin", "arm64", True), ("Windows", "AMD64", True)],
)
def test_machine_with_and_without_tensorflow(installers, monkeypatch, system, machine, fits):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    if fits:
        assert installers() != ""
    else:
        with pytest.raises(SystemExit, match=rf"TensorFlow has no build for this machine \({system}, {machine}\)"):
            installers()


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("error: failed to write to file: No space left on device (os error 28)", "The disk is full"),
        ("OSError: [Errno 122] Disk quota exceeded", "The disk is full"),
        ("error: Failed to fetch: dns error: failed to lookup address information", "cannot be reached"),
        ("NewConnectionError: Failed to establish a new connection: [Errno 111]", "cannot be reached"),
        ("Hash mismatch for `numpy==2.4.6`", "not the one in the lock file"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the one in the lock file"),
        ("The virtual environment was not created because ensurepip is not available", "python3-venv"),
        ("/usr/bin/python3: No module named venv", "python3-venv"),
        ("PermissionError: [Errno 13] Permission denied: '.venv'", "cannot be written to"),
        ("a\n" * 50 + "the real reason", "a\nthe real reason"),
    ],
)
def test_one_sentence_for_each_cause_and_the_last_words_without_one(output, sentence):
    assert sentence in install.cause(output)


def test_full_disk_is_noticed_before_anything_is_downloaded(installers, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: shutil._ntuple_diskusage(10**10, 10**10, 10**9))
    with pytest.raises(SystemExit, match=r"The disk is full\. Free about 4 GB"):
        installers()


def test_what_is_set_for_pip_counts_for_uv(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://mirror/simple")
    monkeypatch.setenv("PIP_PROXY", "http://proxy:3128")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    env = install.uv_environment(sys.prefix)
    assert (env["UV_DEFAULT_INDEX"], env["HTTPS_PROXY"]) == ("http://mirror/simple", "http://proxy:3128")


def test_without_a_network_the_real_installers_give_one_sentence(tmp_path):
    """The real thing, in a project of its own, with an index that nobody answers."""
    (tmp_path / "tools").mkdir()
    for name in ("tools/install.py", "tools/uv.txt", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    nobody = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))} | nobody
    command = [sys.executable, "tools/install.py"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert done.stderr.strip().startswith("The package index cannot be reached.")
    assert len(done.stderr.strip().splitlines()) == 1
    assert (tmp_path / ".venv").exists() and install.installed(str(tmp_path / ".venv")) == {}
