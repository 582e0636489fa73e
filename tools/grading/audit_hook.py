"""The weak mode: no sandbox, but a hook in Python that refuses what honest code does not need.

It works on any system with `fork`. Code that knows how gets around it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass

REFUSED = {
    "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec",
    "os.posix_spawn", "os.kill", "os.killpg", "ctypes.dlopen", "os.chmod",
}  # fmt: skip
WITH_A_PATH = {
    "open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree", "os.mkdir",
}  # fmt: skip


@dataclass(frozen=True)
class AuditHookMode:
    """Refuses the network, other programs, and what is in the hidden folders, and works in `folder`."""

    folder: str
    hidden: list[str]

    def install(self) -> None:
        """Once for all in this process: a hook can't be taken away."""
        hidden = [os.path.realpath(path) for path in self.hidden]

        def hook(event: str, arguments: tuple) -> None:
            if event in REFUSED:
                raise PermissionError(f"not allowed when this is graded: {event}")
            if event in WITH_A_PATH and isinstance(arguments[0], (str, bytes, os.PathLike)):
                path = os.path.realpath(os.fsdecode(arguments[0]))
                if any(path == folder or path.startswith(folder + os.sep) for folder in hidden):
                    raise PermissionError(f"not allowed when this is graded: {event} of {path}")

        os.chdir(self.folder)
        os.environ.update(HOME=self.folder, TMPDIR=self.folder)
        tempfile.tempdir = None
        sys.addaudithook(hook)
