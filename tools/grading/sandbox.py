"""Run a Python function in a process that can do no harm: code of strangers, such as what students hand in.

`start(work, limits)` forks. In the child, on Linux:

- the file system holds Python, the libraries, `lecture_utils`, `lecture_checks` and `data`, all read-only, and an empty
  folder in memory of limited size. No other file of the machine exists there;
- no network but a loopback of its own, no processes but its own (it is number 1), no memory shared with others;
- no rights: a user of its own when root starts it, else no capabilities; no way to gain any;
- limits on CPU time, memory, number of processes, open files and size of files.

Everything ends with the first process, and with the process that started it. `Watched` looks from outside at memory and
number of processes of the whole family, and ends it.

This is what bubblewrap and similar programs do, with the system's own calls (`unshare`, `pivot_root`, `mount_setattr`),
so that nothing has to be installed, and the child is a fork of a process that has imported everything. It needs
Linux 5.12 and a system that permits user namespaces, or root. `why_not()` says why it does not work here.

The *weak* mode (`weak=Weak(...)`) works on any system with `fork`. It keeps the limits, and refuses from within Python
what honest code does not need: the network, other programs, files outside. Code that knows how gets around that.

What is not guaranteed: a hole in the Linux kernel is a hole here too.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import resource
import signal
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
FAILED = 125  # exit code: the sandbox could not be set up; the reason is on the pipe

_NAMESPACES = 0x00020000 | 0x08000000 | 0x40000000  # mounts, IPC, network
_USER_NAMESPACE, _PROCESSES = 0x10000000, 0x20000000
_BIND, _RECURSIVE, _PRIVATE, _NO_SUID_DEV_EXEC = 4096, 16384, 1 << 18, 2 | 4 | 8
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOUNT_SETATTR = 442
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Limits:
    """What a process and its children may use together: seconds of time, bytes of memory and of files, processes."""

    seconds: float = 180.0
    memory: int = 2 * 2**30
    files: int = 256 * 2**20
    processes: int = 64
    threads: int = 512


@dataclass(frozen=True)
class Weak:
    """The weak mode: the folder to work in, and folders that must not be opened."""

    folder: str
    hidden: list[str]


class Watched:
    """A process started by `start`, with all its descendants."""

    def __init__(self, pid: int, limits: Limits):
        self.pid, self.limits, self.status = pid, limits, None
        self._shared = psutil.Process().memory_info().rss  # a fork shares these pages with us

    def running(self) -> bool:
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status is None

    def too_much(self) -> str | None:
        """ "out of memory" or "too many processes" if a limit is passed, else None."""
        family, used = self._family(), 0
        if len(family) > self.limits.processes:
            return "too many processes"
        for process in family:
            with suppress(psutil.Error):
                used += max(0, process.memory_info().rss - self._shared)
        return "out of memory" if used > self.limits.memory else None

    def end(self) -> None:
        """End the whole family, also those that left it and came to us (see `adopt_orphans`), and wait for it."""
        for _ in range(500):
            for process in self._family():
                with suppress(psutil.Error):
                    process.kill()
            for orphan in _orphans():
                with suppress(ChildProcessError):
                    os.waitpid(orphan.pid, os.WNOHANG)
            if not self.running() and not _orphans():
                return
            time.sleep(0.005)

    def _family(self) -> list[psutil.Process]:
        family = _orphans()
        with suppress(psutil.Error):
            family += [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
        return family


_started: set[int] = set()


def _orphans() -> list[psutil.Process]:
    """Descendants of processes that ended."""
    return [child for child in psutil.Process().children() if child.pid not in _started]


def adopt_orphans() -> None:
    """Descendants whose parent ends become our children, so that we can end them, too. Linux only."""
    if sys.platform == "linux":
        _libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def die_with_parent() -> None:
    """Be killed when the process that forked us ends, however it ends. Linux only."""
    if sys.platform == "linux":
        _libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG


def start(
    work: Callable[[], None],
    limits: Limits,
    keep: Iterable[int] = (),
    weak: Weak | None = None,
    alone: bool = True,
) -> Watched:
    """Fork and call `work` in the sandbox; of the open files only those numbered in `keep` stay open there.

    The exit code is 0 if `work` returned, 1 if it raised, 128 + n if signal n ended it, `FAILED` without a sandbox.
    With `alone=False`, which starts faster, it may see that other processes exist; for our own code with strange data.
    """
    pid = os.fork()
    if pid:
        _started.add(pid)
        return Watched(pid, limits)
    code = FAILED
    try:
        os.setsid()
        die_with_parent()
        _close_all_but(keep)
        if weak is None:
            code = _in_namespaces(work, limits, alone)
        else:
            _limit(limits)
            _restrict(weak)
            code = _call(work)
    except BaseException as error:
        _last_words(error)
    finally:
        os._exit(code)


def why_not() -> str | None:
    """Why there is no sandbox on this machine; None if there is one."""
    if sys.platform != "linux":
        return f"this is {platform.system()}, not Linux"
    if platform.machine() not in _PIVOT_ROOT:
        return f"the processor {platform.machine()} is not known"
    global _words
    reader, _words = os.pipe()
    try:
        child = start(lambda: None, Limits(), keep=[_words])
        while child.running():
            time.sleep(0.005)
    finally:
        os.close(_words)
        _words = None
    with os.fdopen(reader) as said:
        reason = said.read()
    return None if child.status == 0 else reason or f"a trial ended with the code {child.status}"


_words: int | None = None  # where a sandbox that cannot be set up says why


def _last_words(error: BaseException) -> None:
    if _words is not None:
        os.write(_words, str(error)[:500].encode())


def _call(work: Callable[[], None]) -> int:
    try:
        work()
        return 0
    except BaseException:
        return 1


def _close_all_but(keep: Iterable[int]) -> None:
    """Standard input, output and errors go nowhere; every other open file is closed, but for those to keep."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    last = 2
    for number in sorted(keep):
        os.closerange(last + 1, number)
        last = number
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))


def _limit(limits: Limits) -> None:
    """Limits that the system keeps for each process: they stop it at once, where `Watched` needs a moment."""
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


def _in_namespaces(work: Callable[[], None], limits: Limits, alone: bool) -> int:
    """Leave the machine for namespaces of our own and work there; with `alone`, as process 1 of its own processes."""
    user, group, root = os.geteuid(), os.getegid(), os.geteuid() == 0
    own = 100_000 + os.getpid() if root else None  # a user that nothing belongs to
    flags = _NAMESPACES | (_PROCESSES if alone else 0) | (0 if root else _USER_NAMESPACE)
    _system("unshare", flags)
    if not root:
        for name, text in {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}.items():
            Path(f"/proc/self/{name}").write_text(text)
    if alone and (first := os.fork()):
        code = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
        return code if code >= 0 else 128 - code
    code = FAILED
    try:
        die_with_parent()
        _limit(limits)
        _loopback_up()
        _leave_files(limits, alone)
        _leave_rights(own, limits)
        die_with_parent()  # forgotten when the user changes
        code = _call(work)
    except BaseException as error:
        _last_words(error)
    finally:
        os._exit(code)


def _system(name: str, *arguments, number: int | None = None) -> None:
    """A call of the C library, or the system call of that number; OSError if it fails."""
    call = _libc.syscall if number else getattr(_libc, name)
    numbers = [number] if number else []
    given = [ctypes.c_long(x) if isinstance(x, int) else x for x in [*numbers, *arguments]]
    if call(*given) == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"{name} failed: {os.strerror(error)}")


def _mount(source: str | None, target: Path, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [None if x is None else str(x).encode() for x in (source, target, kind)]
    _system("mount", *encoded, flags, None if data is None else data.encode())


def shown() -> list[Path]:
    """The folders of the machine that can be read inside."""
    own = [ROOT / "lecture_utils", ROOT / "lecture_checks", ROOT / "data"]
    system = [Path(name) for name in ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime")]
    python = [Path(sys.base_prefix), Path(sys.prefix), Path(sys.prefix).resolve()]
    python += [Path(name) for name in sys.path if name.endswith("-packages")]
    found: list[Path] = []
    for path in [*system, *python, *own]:
        if path.exists() and not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return found


def _leave_files(limits: Limits, alone: bool) -> None:
    """Build a small file system in memory, show in it what is needed, read-only, and forget all others."""
    inside = Path("/sys")  # exists everywhere, and nothing that we need lies below
    _mount(None, Path("/"), None, _RECURSIVE | _PRIVATE)
    devices = [Path("/dev") / name for name in ("null", "zero", "random", "urandom")]
    visible = [(path, inside / path.relative_to("/")) for path in [*shown(), *devices]]
    _mount("tmpfs", inside, "tmpfs", 2 | 4, f"size={limits.files},nr_inodes=20000,mode=755")
    for path, target in visible:
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() and path.is_dir() and path.parent == Path("/"):  # /lib -> usr/lib
            target.symlink_to(os.readlink(path))
            continue
        target.mkdir() if path.is_dir() else target.touch()
        _mount(path, target, None, _BIND | _RECURSIVE)
        if path not in devices:  # a device stays writable
            read_only = struct.pack("QQQQ", 1 | 2, 0, 0, 0)
            _system(
                "mount_setattr", -100, str(target).encode(), 0x8000, read_only, len(read_only), number=_MOUNT_SETATTR
            )
    for name in ("proc", "tmp", str(ROOT / "notebooks").lstrip("/"), str(ROOT / "build").lstrip("/")):
        (inside / name).mkdir(parents=True, exist_ok=True)
        (inside / name).chmod(0o777)
    if alone:
        _mount("proc", inside / "proc", "proc", _NO_SUID_DEV_EXEC)
    os.chdir(inside)
    _system("pivot_root", b".", b".", number=_PIVOT_ROOT[platform.machine()])
    _system("umount2", b".", 2)
    os.chdir(ROOT / "notebooks")
    os.environ.update(HOME="/tmp", TMPDIR="/tmp")
    tempfile.tempdir = None


def _leave_rights(user: int | None, limits: Limits) -> None:
    """Become a user that nothing belongs to, or give up all capabilities; and never gain any again."""
    resource.setrlimit(resource.RLIMIT_NPROC, (limits.threads, limits.threads))
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    header, none = struct.pack("Ii", 0x20080522, 0), bytes(24)
    _system("capset", header, none)
    _libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    _libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, lost with the change of user: /proc/self stays readable


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1 | 64))  # SIOCSIFFLAGS, up and running


def _restrict(weak: Weak) -> None:
    """Refuse, from within Python, what honest code does not need. For machines without namespaces."""
    away = [os.path.realpath(path) for path in weak.hidden]
    refused = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "subprocess.Popen", "os.system",
               "os.exec", "os.posix_spawn", "os.kill", "os.killpg", "ctypes.dlopen", "os.chmod")  # fmt: skip
    opens = ("open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree", "os.mkdir")

    def refuse(event, arguments):
        if event in refused:
            raise PermissionError(f"not allowed when this is graded: {event}")
        if event in opens and isinstance(arguments[0], (str, bytes, os.PathLike)):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if any(path == folder or path.startswith(folder + os.sep) for folder in away):
                raise PermissionError(f"not allowed when this is graded: {event} of {path}")

    os.chdir(weak.folder)
    os.environ.update(HOME=weak.folder, TMPDIR=weak.folder)
    tempfile.tempdir = None
    sys.addaudithook(refuse)
