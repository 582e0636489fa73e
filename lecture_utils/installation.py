"""Does this machine have what the course needs? `check()` answers in a table."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lecture_utils import datasets

if TYPE_CHECKING:
    import pandas as pd

PYTHON_VERSIONS = ("3.11", "3.12", "3.13")
LOCK = Path(__file__).resolve().parents[1] / "requirements.txt"
PACKAGES = ("tensorflow", "keras", "numpy", "pandas", "matplotlib", "scikit-learn", "pydot", "jupyterlab", "nbval")


def check() -> pd.DataFrame:
    """Compare this machine with what the course was tested with.

    Returns one row per requirement, with the columns `needed`, `found` and `ok` (bool): the versions of Python and of
    the packages a notebook imports, both data sets, and the program that draws model diagrams.
    """
    import pandas as pd

    python = platform.python_version()
    rows = {"Python": ("3.11 to 3.13", python, python.rpartition(".")[0] in PYTHON_VERSIONS)}
    needed = _locked_versions()
    for package in PACKAGES:
        found = _installed_version(package)
        rows[package] = (needed[package], found or "missing", found == needed[package])
    for name, load in (
        ("Fashion-MNIST", datasets.load_fashion_mnist),
        ("California housing", datasets.load_california_housing),
    ):
        rows[name] = ("verified", *_try(load, "verified"))
    rows["diagrams"] = ("a drawing program", *_try(_find_graph_program, "a drawing program"))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["needed", "found", "ok"])


def _find_graph_program() -> str:
    from lecture_utils import plotting  # not at the top: without Matplotlib, `check` should still say what is missing

    return plotting.graph_program()


def _try(function: Callable[[], Any], success: str) -> tuple[str, bool]:
    """The words for success and True, or the error's message and False."""
    try:
        function()
    except Exception as error:
        return str(error), False
    return success, True


def _installed_version(package: str) -> str | None:
    """The version of the package, or of the same package with "-cpu" in its name; None if it is missing."""
    for name in (package, f"{package}-cpu"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _locked_versions() -> dict[str, str]:
    """The version of each package that requirements.txt sets for this machine; of tensorflow-cpu as tensorflow."""
    from packaging.requirements import Requirement

    versions = {}
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            requirement = Requirement(line.rstrip("\\ "))
            if requirement.marker is None or requirement.marker.evaluate():
                versions[requirement.name.removesuffix("-cpu")] = str(requirement.specifier).removeprefix("==")
    return versions
