"""What a run does besides what it shows: the files that appear, and the attempts to use the network."""

from __future__ import annotations

from pathlib import Path

GUARD = Path(__file__).with_name("guard")
MAY_BE_WRITTEN = {"build", "__pycache__"}
OF_JUPYTER = {".jupyter", "jupyter", ".ipython", "matplotlib", ".ipynb_checkpoints"}  # not the notebook's doing


class SideEffects:
    """What happens once it is made: in some folders, and on the network in a Python that is started with its `env`."""

    def __init__(self, attempts: Path, *folders: Path):
        self.folders, self.attempts = folders, attempts
        self.env = {"PYTHONPATH": str(GUARD), "NETWORK_ATTEMPTS": str(attempts)}
        attempts.unlink(missing_ok=True)
        self._before = self._files()

    def _files(self) -> set[tuple[str, int]]:
        """Each file below the folders with the time of its last change, except what may be written."""
        return {
            (path.relative_to(folder).as_posix(), path.stat().st_mtime_ns)
            for folder in self.folders
            for path in folder.rglob("*")
            if path.is_file() and not (MAY_BE_WRITTEN | OF_JUPYTER) & set(path.relative_to(folder).parts)
        }

    def written(self) -> list[str]:
        """The files, relative to their folder, that have appeared or changed since."""
        return sorted({name for name, _ in self._files() - self._before})

    def network_attempts(self) -> list[str]:
        """A line for each attempt to reach another machine since."""
        return self.attempts.read_text().splitlines() if self.attempts.exists() else []
