"""The sandbox by itself, as root and through a user namespace.

It is tested where the machine allows one: always in CI, which runs on Linux.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest

from tools.grading import sandbox
from tools.grading.sandbox import ResourceLimits

ROOT = Path(__file__).resolve().parents[3]
NO_SANDBOX = None if os.environ.get("CI") else sandbox.why_not()
pytestmark = pytest.mark.skipif(bool(NO_SANDBOX), reason=f"no sandbox here: {NO_SANDBOX}")
LIMITS = ResourceLimits(seconds=6, memory=400 * 2**20)


def in_sandbox(work) -> tuple[int, str]:
    """The exit code, and what `work` returned, as text."""
    reader, writer = os.pipe()
    pid = sandbox.start(lambda: os.write(writer, str(work()).encode()), LIMITS, [writer])
    os.close(writer)
    code = sandbox.exit_code(pid, 60)
    with os.fdopen(reader) as said:
        return code, said.read()


def in_sandbox_of_nobody(work) -> tuple[int, str]:
    """The same for a user without rights, so in a user namespace; only root can try it."""
    if os.geteuid():
        pytest.skip("only root can become another user")
    shown = sandbox.shown()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            sandbox.shown = lambda: [path for path in shown if os.access(path, os.R_OK)]  # root's Python may be hidden
            os.write(writer, repr((sandbox.why_not(), *in_sandbox(work))).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader) as said:
        why_not, *result = eval(said.read())
    if why_not:
        pytest.skip(why_not)
    return tuple(result)


def refused(action) -> str:
    try:
        return f"done: {action()}"
    except OSError as error:
        return type(error).__name__


def inside() -> list:
    libc = ctypes.CDLL(None, use_errno=True)
    usr = b"/usr"
    return [
        sorted(os.listdir("/home")) if Path("/home").exists() else [],
        Path(ROOT / "README.md").exists(),
        (ROOT / "lecture_utils" / "from_scratch.py").exists(),
        refused(lambda: open("/usr/a-test", "w")),
        refused(lambda: open(ROOT / "data" / "a-test", "w")),
        libc.mount(None, usr, None, 32 | 4096, None),  # remount it writable
        libc.umount2(usr, 2),
        libc.unshare(0x10000000) or libc.unshare(0x00020000) or libc.mount(None, usr, None, 32 | 4096, None),
        refused(lambda: open("/usr/a-test", "w")),
        [pid for pid in os.listdir("/proc") if pid.isdigit()],
        Path("/proc/self/status").read_text().split("CapEff:\t")[1][:16].strip("0"),
        Path("/proc/self/status").read_text().split("NoNewPrivs:\t")[1][0],
        os.getuid(),
    ]


@pytest.mark.parametrize("run", [in_sandbox, in_sandbox_of_nobody])
def test_inside_the_sandbox(run):
    code, said = run(inside)
    home, readme, package, *changes, processes, rights, no_new_rights, user = eval(said)
    assert code == 0 and home == [] and not readme and package
    assert changes == ["OSError", "OSError", -1, -1, -1, "OSError"], "nothing can be written or mounted"
    assert processes == ["1"] and rights in ("", "1ffffffffff") and no_new_rights == "1" and user != 0


def test_exit_codes_and_limits():
    assert in_sandbox(lambda: 1) == (0, "1")
    assert in_sandbox(lambda: 1 / 0) == (1, "")
    assert in_sandbox(lambda: ctypes.string_at(0)) == (128 + signal.SIGSEGV, "")
    assert in_sandbox(lambda: resource.getrlimit(resource.RLIMIT_NPROC)[0]) == (0, str(LIMITS.threads))


def test_all_ends_with_the_child():
    """Also bubblewrap, and what the code inside has started and left."""

    def work():
        if os.fork() == 0:
            os.setsid()
        time.sleep(300)

    pid = sandbox.start(work, LIMITS)
    for _ in range(400):
        family = psutil.Process(pid).children(recursive=True)
        if len(family) == 4:  # bwrap, cat, and two from the fork inside
            break
        time.sleep(0.01)
    assert len(family) == 4
    assert sandbox.exit_code(pid, 0.1) is None
    os.kill(pid, signal.SIGKILL)
    assert sandbox.exit_code(pid, 60) == -signal.SIGKILL
    assert psutil.wait_procs(family, timeout=5)[1] == []


def test_without_bubblewrap_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: None)
    assert "sudo apt install bubblewrap" in sandbox.why_not()


def test_without_the_right_to_make_namespaces_it_says_what_bubblewrap_says(monkeypatch, tmp_path):
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert sandbox.why_not() == "bwrap: No permissions to create new namespace"
