"""Run a Python function in a process that can do no harm: code of strangers, such as what students hand in.

`start(work, limits)` forks, and the child goes into a sandbox that bubblewrap makes for it alone (the program `bwrap`,
of Linux; it needs root or the right to create user namespaces):

- the file system holds Python, the libraries, `lecture_utils`, `lecture_checks` and `data`, all read-only, and two
  empty folders in memory of limited size. No other file of the machine exists there;
- no network but a loopback of its own, no memory shared with others, and no processes but its own;
- no rights: a user that nothing belongs to when root starts it, else no capabilities; and no way to gain any;
- limits on CPU time, memory, number of processes, open files and size of files.

bubblewrap starts a program, and a Python that it starts would import everything again, which takes longer than to grade
most notebooks. So it starts `cat`, and the child, a fork of a process that has imported everything, joins the
namespaces of this `cat` (`setns`), apart from that of processes: it gets a new one.

All of it ends with the child, and the child with the process that started it. Not guaranteed: a hole in the Linux
kernel is a hole here, too. `AuditHookMode` does without a sandbox.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tools.grading.audit_hook import AuditHookMode

ROOT = Path(__file__).resolve().parents[2]
FAILED = 125  # exit code: the sandbox could not be set up
MOUNT, UTS, IPC, USER, PROCESSES, NET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
NO_SUID_DEV_EXEC = 2 | 4 | 8  # for a mount
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class ResourceLimits:
    """What a notebook may use: seconds of time, bytes of memory and of a file, processes, threads."""

    seconds: float = 180.0
    memory: int = 2 * 2**30
    files: int = 256 * 2**20
    processes: int = 64
    threads: int = 512


def start(
    work: Callable[[], None], limits: ResourceLimits, keep: Iterable[int] = (), audit: AuditHookMode | None = None
) -> int:
    """Fork, and call `work` in a sandbox. Of the open files, only those numbered in `keep` stay open there.

    Returns the id of the process.
    """
    pid = os.fork()
    if pid:
        return pid
    code = FAILED
    try:
        os.setsid()
        die_with_parent()
        _close_all_but(keep)
        if audit is None:
            code = _work_in_sandbox(work, limits)
        else:
            _limit(limits)
            audit.install()
            code = _result_of(work)
    finally:
        os._exit(code)


def exit_code(pid: int, seconds: float) -> int | None:
    """0 if `work` returned, 1 if it raised, 128 + n if signal n ended it, `FAILED`, or None if it still runs then."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    return None


def why_not() -> str | None:
    """Why there is no sandbox on this machine; None if there is one."""
    if sys.platform != "linux":
        return f"this is {platform.system()}, not Linux"
    if not shutil.which("bwrap"):
        return "bubblewrap is missing. Install it: sudo apt install bubblewrap (or dnf, pacman, zypper)"
    trial = subprocess.run([*_bubblewrap(ResourceLimits()), "true"], capture_output=True, text=True)
    if trial.returncode:
        return trial.stderr.strip() or f"bubblewrap ended with the code {trial.returncode}"
    code = exit_code(start(lambda: None, ResourceLimits()), seconds=60)
    return f"a trial ended with the code {code}" if code else None


def exceeded(limits: ResourceLimits) -> str | None:
    """ "out of memory" or "too many processes" if all descendants of this process together pass a limit, else None."""
    descendants = psutil.Process().children(recursive=True)
    if len(descendants) > limits.processes:
        return "too many processes"
    shared, used = psutil.Process().memory_info().rss, 0  # a fork shares these pages with us
    for process in descendants:
        with suppress(psutil.Error):
            used += max(0, process.memory_info().rss - shared)
    return "out of memory" if used > limits.memory else None


def end_descendants() -> None:
    """Kill all descendants of this process, and wait until they are gone (see `adopt_orphans`)."""
    for _ in range(1000):
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                process.kill()
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return  # none is left
        time.sleep(0.005)


def adopt_orphans() -> None:
    """Descendants whose parent ends become our children, so that we can end them, too. Linux only."""
    if sys.platform == "linux":
        _libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def die_with_parent() -> None:
    """Be killed when the process that forked us ends, however it ends. Linux only."""
    if sys.platform == "linux":
        _libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG


def shown() -> list[Path]:
    """The files and folders of the machine that can be read in the sandbox."""
    own = [ROOT / "lecture_utils", ROOT / "lecture_checks", ROOT / "data"]
    system = [Path(name) for name in ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime")]
    python = [Path(sys.base_prefix), Path(sys.prefix), Path(sys.prefix).resolve()]
    python += [Path(name) for name in sys.path if name.endswith("-packages")]
    found: list[Path] = []
    for path in [*system, *python, *own]:
        if path.exists() and not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return found


def _bubblewrap(limits: ResourceLimits) -> list[str]:
    """The command that makes a sandbox; what runs in it is to be added."""
    words = ["bwrap", "--unshare-ipc", "--unshare-uts", "--unshare-net", "--die-with-parent", "--cap-drop", "ALL"]
    for folder in ("/tmp", ROOT / "notebooks"):
        words += ["--perms", "0777", "--size", limits.files, "--tmpfs", folder]
    devices = [Path("/dev") / name for name in ("null", "zero", "random", "urandom")]
    for path in [*shown(), *devices]:
        for parent in reversed(path.parents):
            words += ["--perms", "0755", "--dir", parent]
        if path.is_symlink() and path.parent == Path("/"):  # /lib -> usr/lib
            words += ["--symlink", os.readlink(path), path]
        else:
            words += ["--dev-bind" if path in devices else "--ro-bind", path, path]
    return [str(word) for word in [*words, "--proc", "/proc", "--remount-ro", "/"]]


def _work_in_sandbox(work: Callable[[], None], limits: ResourceLimits) -> int:
    """Have bubblewrap make a sandbox, fork into it, and return the exit code of `start`."""
    command = [*_bubblewrap(limits), "sh", "-c", "echo $$; exec cat"]  # says its process id, and stays
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    inside = os.pidfd_open(int(keeper.stdout.readline()))
    root = os.geteuid() == 0
    _system("setns", inside, MOUNT | IPC | UTS | NET | (0 if root else USER))
    _system("unshare", PROCESSES)  # our child is number 1 there, and all others end with it
    die_with_parent()  # forgotten when the user changes, also below
    user = 100_000 + os.getpid() if root else None  # nothing belongs to this one
    if child := os.fork():
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        keeper.kill()
        keeper.wait()
        return code if code >= 0 else 128 - code
    code = FAILED
    try:
        die_with_parent()
        for number in (inside, keeper.stdin.fileno(), keeper.stdout.fileno()):
            os.close(number)
        _system("mount", b"proc", b"/proc", b"proc", ctypes.c_ulong(NO_SUID_DEV_EXEC), None)
        os.chdir(ROOT / "notebooks")
        os.environ.update(HOME="/tmp", TMPDIR="/tmp")
        tempfile.tempdir = None
        _limit(limits)
        _leave_rights(user, limits)
        die_with_parent()
        code = _result_of(work)
    finally:
        os._exit(code)


def _system(name: str, *arguments) -> None:
    """A call of the C library that has no function in Python 3.11. OSError if it fails."""
    if getattr(_libc, name)(*arguments) == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"{name} failed: {os.strerror(error)}")


def _leave_rights(user: int | None, limits: ResourceLimits) -> None:
    """Become a user that nothing belongs to, or give up all capabilities; and never gain any again."""
    resource.setrlimit(resource.RLIMIT_NPROC, (limits.threads, limits.threads))
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _system("capset", struct.pack("Ii", 0x20080522, 0), bytes(24))
    _libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    _libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, lost with the change of user: /proc/self stays readable


def _limit(limits: ResourceLimits) -> None:
    """Limits that the system keeps for each process: they stop it at once, where `exceeded` needs a moment."""
    data = psutil.Process().memory_info()
    bounds = {
        "RLIMIT_CPU": int(limits.seconds * 4) + 1,  # several threads may use several cores
        "RLIMIT_DATA": getattr(data, "data", data.rss) + limits.memory,
        "RLIMIT_FSIZE": limits.files,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 256,
    }
    for name, bound in bounds.items():
        resource.setrlimit(getattr(resource, name), (bound, bound))


def _close_all_but(keep: Iterable[int]) -> None:
    """Standard input, output and errors go nowhere; every other open file is closed, except those to keep."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    last = 2
    for number in sorted(keep):
        os.closerange(last + 1, number)
        last = number
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))


def _result_of(work: Callable[[], None]) -> int:
    try:
        work()
        return 0
    except BaseException:
        return 1
