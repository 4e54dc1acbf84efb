"""What users may import is what the list says: nothing vanishes in passing, nothing becomes public in passing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.guards.sources import ROOT, tree_of

LIST = Path(__file__).parent / "surface.txt"
# The modules that users are told to import from; those that are not there yet are not looked at.
MODULES = (
    "eventstore.aggregates",
    "eventstore.bus",
    "eventstore.errors",
    "eventstore.events",
    "eventstore.registry",
    "eventstore.repository",
    "eventstore.service",
    "eventstore.projections",
    "eventstore.snapshots",
    "eventstore.store",
    "eventstore.subscriptions",
)


def path_of(module: str) -> Path:
    """The file of a module or of a package's root."""
    base = ROOT / module.replace(".", "/")
    return base.with_suffix(".py") if not base.is_dir() else base / "__init__.py"


def listed() -> set[str]:
    """The pinned names."""
    lines = LIST.read_text("utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def public_names(module: str) -> set[str]:
    """Classes, functions and constants that a module itself defines, or a package's root hands on, without those with an
    underscore."""
    names: set[str] = set()
    for node in tree_of(path_of(module)).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.ImportFrom) and path_of(module).stem == "__init__":
            names |= {given.asname or given.name for given in node.names}
    names -= {"annotations"}
    return {f"{module}.{name}" for name in names if not name.startswith("_")}


@pytest.mark.parametrize("module", [m for m in MODULES if path_of(m).exists()])
def test_public_names_are_the_pinned_ones(module: str) -> None:
    pinned = {name for name in listed() if name.rpartition(".")[0] == module}
    found = public_names(module)

    assert found == pinned, (
        f"{module} has become another. Gone: {sorted(pinned - found)}; users import these: put them back, or say in"
        f" CHANGELOG.md what to do. New: {sorted(found - pinned)}; give them an underscore, or add them to"
        " tests/guards/surface.txt."
    )


def test_the_list_names_known_modules_only() -> None:
    strays = {name for name in listed() if name.rpartition(".")[0] not in MODULES}

    assert not strays, f"{strays}: no module of MODULES in {Path(__file__).name}."
