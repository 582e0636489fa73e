"""The houses keep apart: arrows run one way and never in a circle, what is private stays so, one name is one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter

import pytest

from tests.conftest import ROOT

HOUSES = ("lecture_utils", "lecture_checks", "tools")  # each may use those before it
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for house in HOUSES
    for path in sorted((ROOT / house).rglob("*.py"))
}
# Names that mean the same in each module that has them, and verbs that are called with their module: `store.read`.
SHARED_NAMES = {
    "main",
    "ROOT",
    "WIDGET_VIEW",
    "HERE",
    "BUILD",
    "build",
    "check",
    "read",
    "run",
    "show",
    "start",
    "write",
}

DOCUMENTED = {"os._exit", "sys._current_frames"}  # in spite of their names, and there are no others for these things


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Each import in a module, also those within functions: the full name of what is imported, its name here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, alias.asname or alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", alias.asname or alias.name) for alias in node.names)


def module_of(name: str) -> str | None:
    """The module of the project that an imported name is, or is a part of."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or None


def uses(module: str) -> set[str]:
    """The modules of the project that a module imports."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    return {found for name, _ in imports(tree) if (found := module_of(name))} - {module}


@pytest.mark.parametrize("module", MODULES)
def test_arrows_run_one_way(module):
    house = module.split(".")[0]
    later = HOUSES[HOUSES.index(house) + 1 :]
    assert [name for name in uses(module) if name.split(".")[0] in later] == []


def test_no_imports_in_a_circle():
    TopologicalSorter({module: uses(module) for module in MODULES}).prepare()  # raises CycleError, which names them


def private_uses(source: str) -> list[str]:
    """Names with one leading underscore that a module takes from another: imported, or as an attribute of a module."""
    tree = ast.parse(source)
    imported = dict((here, name) for name, here in imports(tree))
    found = [name for name in imported.values() if any(is_private(part) for part in name.split("."))]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            owner = node.value
            while isinstance(owner, ast.Attribute):
                owner = owner.value
            if isinstance(owner, ast.Name) and owner.id in imported:
                found.append(ast.unparse(node))
    return [name for name in found if name not in DOCUMENTED]


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize("module", MODULES)
def test_no_private_name_of_another_module(module):
    """Neither of the project nor of a library, which may change it without a word."""
    assert private_uses(MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    ["from lecture_checks.core import _f", "from lecture_checks import core\ncore._f()", "import a._b.c",
     "import numpy as np\nnp.random._generator"],
)  # fmt: skip
def test_private_names_are_noticed(source):
    assert private_uses(source) != []


def public_names(module: str) -> set[str]:
    """The functions, classes and constants that a module defines for others."""
    names = set()
    for node in ast.parse(MODULES[module].read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {name for name in names if not name.startswith("_")} - SHARED_NAMES


def test_one_name_is_one_thing():
    """The checks of the notebooks are left out: each has its own data."""
    of_name = defaultdict(list)
    for module in MODULES:
        if not module.startswith(("lecture_checks.notebook_", "lecture_checks.self_test", "tools.publish.sphinx")):
            for name in public_names(module):
                of_name[name].append(module)
    assert {name: modules for name, modules in of_name.items() if len(modules) > 1} == {}
