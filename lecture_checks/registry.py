"""What exercises there are: a module `notebook_NN` for each notebook that has some, and `self_test`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from lecture_checks.core import Exercise
from lecture_checks.store import SELF_TEST


def notebook_numbers() -> list[str]:
    """The numbers of the notebooks that have exercises: "01", "02", ..."""
    modules = sorted(module.name for module in iter_modules([str(Path(__file__).parent)]))
    return [name[-2:] for name in modules if name.startswith("notebook_")]


def exercises(notebook: str) -> list[Exercise]:
    """The exercises of a notebook, or the questions of the self-test, in order."""
    return of_module(import_module(module_name(notebook)))


def module_name(notebook: str) -> str:
    """The module with the checks of a notebook: "04", or `SELF_TEST`."""
    return f"lecture_checks.{notebook if notebook == SELF_TEST else f'notebook_{notebook}'}"


def of_module(module: ModuleType) -> list[Exercise]:
    """The exercises that a module defines, in order."""
    return sorted((x for x in vars(module).values() if isinstance(x, Exercise)), key=lambda x: x.number)
