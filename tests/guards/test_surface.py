"""What users may import is what the list says, from where the reference says: nothing vanishes or becomes public in passing."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from scripts.reference import MODULES as DESCRIBED
from scripts.reference import PAGE, ROOTS, handed_on_by, tree_of

LIST = Path(__file__).parent / "surface.txt"
MODULES = (*DESCRIBED, *ROOTS)


def listed() -> set[str]:
    """The pinned names."""
    lines = LIST.read_text("utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def public_names(module: str) -> set[str]:
    """What a module hands on by `__all__`; else the classes, functions and constants that it defines, without those with an
    underscore."""
    names = {*handed_on_by(module)}
    for node in tree_of(module).body if not names else ():
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {f"{module}.{name}" for name in names if not name.startswith("_")}


@pytest.mark.parametrize("module", MODULES)
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

    assert not strays, f"{strays}: no module of scripts/reference.py."


@pytest.mark.parametrize("module", MODULES)
def test_every_pinned_name_is_imported_from_its_module(module: str) -> None:
    found = import_module(module)
    names = (name.rpartition(".") for name in listed())

    missing = [
        name for of, _, name in names if of == module and not hasattr(found, name)
    ]
    assert not missing, f"from {module} import {', '.join(missing)}: fails."


def test_whatever_the_reference_describes_is_imported_from_where_it_says() -> None:
    module, missing = "", []
    for line in PAGE.read_text("utf-8").splitlines():
        if heading := re.fullmatch(r"## `([\w.]+)`", line):
            module = heading[1]
        elif (name := re.match(r"### `(?:class )?(\w+)", line)) and not hasattr(
            import_module(module), name[1]
        ):
            missing.append(f"{module}.{name[1]}")

    assert not missing, (
        f"docs/REFERENCE.md describes {missing}, which nobody can import from there: hand them on (`__all__`)."
    )
