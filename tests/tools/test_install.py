"""Setting up: each thing that can go wrong gets one clear sentence, and the next call starts afresh."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tools import install

LOCKS = {"requirements.txt": "numpy==2.0\n", "requirements-dev.txt": "pytest==9.0\n"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project with locks, and a record of the installers that were called in it."""
    for name, text in LOCKS.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(install, "ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def calls(project, monkeypatch):
    """Stand-ins for the installers: they note what they were called with, and create the environment's Python."""
    calls = []

    def run(command, env=None, show=False):
        calls.append(" ".join(map(str, command)))
        if "venv" in command:
            (project / ".venv/bin").mkdir(parents=True)
            shutil.copy(sys.executable, project / ".venv/bin/python")

    monkeypatch.setattr(install, "run", run)
    monkeypatch.setattr(install, "uv_environment", lambda venv: {})
    return calls


def fake_python(folder: Path, name: str, version: str) -> str:
    """A program that answers as a Python of this version."""
    program = folder / name
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return str(program)


def test_first_call_installs_and_second_does_nothing(project, calls):
    assert install.main([]) == 0
    assert [word in " ".join(calls) for word in ("venv", "uv.txt", "requirements.txt")] == [True] * 3
    assert "requirements-dev.txt" not in " ".join(calls)
    calls.clear()
    assert install.main([]) == 0
    assert calls == []


def test_dev_comes_on_top_and_is_kept(project, calls):
    install.main([])
    calls.clear()
    assert install.main(["--dev"]) == 0
    assert "requirements-dev.txt" in " ".join(calls) and "-m venv" not in " ".join(calls)
    (project / "requirements.txt").write_text("numpy==2.1\n")
    calls.clear()
    assert install.main([]) == 0
    assert "requirements-dev.txt" in " ".join(calls)


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_changed_lock_is_installed_again(project, calls, lock):
    install.main(["--dev"])
    calls.clear()
    (project / lock).write_text("other==1.0\n")
    assert install.main(["--dev"]) == 0
    assert calls != []


def test_installation_that_was_broken_off_starts_afresh(project, calls, monkeypatch):
    def break_off(command, env=None, show=False):
        calls.append(" ".join(map(str, command)))
        if "uv" in command:
            raise KeyboardInterrupt

    record = install.run
    install.main([])  # a whole installation, then an update that breaks off
    (project / "requirements.txt").write_text("numpy==2.1\n")
    monkeypatch.setattr(install, "run", break_off)
    assert install.main([]) == 1
    (project / ".venv/half-installed").touch()
    calls.clear()
    monkeypatch.setattr(install, "run", record)
    assert install.main([]) == 0
    assert "venv" in calls[0] and not (project / ".venv/half-installed").exists()


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_damaged_record_of_what_is_installed(project, calls, content):
    install.main([])
    record = project / ".venv/installed.json"
    record.write_text(content)
    calls.clear()
    assert install.main([]) == 0
    assert calls != [] and json.loads(record.read_text())


@pytest.mark.parametrize("version", ["3 10", "3 14", "2 7"])
def test_python_too_old_or_too_new(tmp_path, monkeypatch, version):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(install.InstallError) as error:
        install.find_python(fake_python(tmp_path, "python3", version))
    assert "needs Python 3.11 to 3.13" in str(error.value) and version.replace(" ", ".") in str(error.value)


def test_another_python_on_the_path_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    fake_python(tmp_path, "python3.13", "")  # there, but does not start
    fake_python(tmp_path, "python3.12", "3 12")
    assert install.find_python(fake_python(tmp_path, "python3", "3 10")) == "python3.12"


@pytest.mark.parametrize(("system", "machine"), [("Darwin", "x86_64"), ("Linux", "riscv64"), ("Linux", "i686")])
def test_machine_without_tensorflow(system, machine):
    with pytest.raises(install.InstallError, match="TensorFlow"):
        install.check_platform(system, machine)


@pytest.mark.parametrize(
    ("system", "machine"), [("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"), ("Windows", "AMD64")]
)
def test_machine_with_tensorflow(system, machine):
    install.check_platform(system, machine)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("error: failed to write to file: No space left on device (os error 28)", "The disk is full"),
        ("OSError: [Errno 122] Disk quota exceeded", "The disk is full"),
        ("error: Failed to fetch: dns error: failed to lookup address information", "cannot be reached"),
        (
            "NewConnectionError: Failed to establish a new connection: [Errno 111] Connection refused",
            "cannot be reached",
        ),
        ("Hash mismatch for `numpy==2.4.6`", "not the one in the lock file"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the one in the lock file"),
        ("The virtual environment was not created because ensurepip is not available", "python3-venv"),
        ("PermissionError: [Errno 13] Permission denied: '.venv'", "cannot be written to"),
    ],
)
def test_one_sentence_for_each_cause(output, sentence):
    assert sentence in install.cause(output)


def test_unknown_cause_shows_the_last_words():
    assert install.cause("a\n" * 50 + "the real reason").endswith("the real reason")


def test_full_disk_is_noticed_before_anything_is_downloaded(project, calls, monkeypatch, capsys):
    monkeypatch.setattr("shutil.disk_usage", lambda path: shutil._ntuple_diskusage(10**10, 10**10, 10**9))
    assert install.main([]) == 1
    assert "The disk is full. Free about 4 GB" in capsys.readouterr().err
    assert calls == []


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
