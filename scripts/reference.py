"""`python -m scripts.reference` writes docs/REFERENCE.md out of the docstrings of what users import.

It reads the source and imports nothing, so it needs no settings and no database. A guard compares the page.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "REFERENCE.md"
# What users are told to import from; tests/guards/test_surface.py pins their names, and imports each.
MODULES = (
    "eventstore.service",
    "eventstore.repository",
    "eventstore.retrying",
    "eventstore.aggregates",
    "eventstore.bus",
    "eventstore.context",
    "eventstore.snapshots.store",
    "eventstore.snapshots.snapshot",
    "eventstore.subscriptions.subscription",
    "eventstore.subscriptions.waiting",
    "eventstore.subscriptions.operating",
    "eventstore.projections.projection",
    "eventstore.store",
    "eventstore.reading",
    "eventstore.registry",
    "eventstore.events",
    "eventstore.errors",
    "eventstore.jobs",
    "eventstore.testing.scenario",
    "eventstore.testing.memory",
    "teddy_es.domain.child",
    "teddy_es.domain.conversation",
    "teddy_es.domain.parent",
)
# Roots that hand on what stands above under the file that it is in: users may import it from here, too.
ROOTS = ("eventstore.projections", "eventstore.snapshots", "eventstore.subscriptions")
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def page() -> str:
    """All modules, in the order in which one meets them."""
    parts = [
        "# Reference",
        "What users import, with its docstrings. Written by `python -m scripts.reference`; not to be edited by hand. What"
        " waits has its twin for coroutines: `load`, `aload`.",
        *(part for module in MODULES for part in of_module(module)),
    ]
    return "\n\n".join(parts) + "\n"


def of_module(module: str) -> Iterator[str]:
    """A module's docstring, and its public definitions: its own, or those that it hands on, from the files they are in."""
    handed_on = handed_on_by(module)
    files = sources_of(module) if handed_on else [module]
    yield f"## `{module}`"
    yield max((prose(tree_of(name)) for name in (module, files[0])), key=len)
    for node in (node for file in files for node in tree_of(file).body):
        if isinstance(node, Definition) and is_public(node.name, handed_on):
            yield f"### `{signature(node)}`"
            yield prose(node)
            if isinstance(node, ast.ClassDef):
                yield from of_class(node)


def is_public(name: str, handed_on: frozenset[str]) -> bool:
    """Whether users may import it."""
    return name in handed_on if handed_on else not name.startswith("_")


def handed_on_by(module: str) -> frozenset[str]:
    """What its `__all__` says; empty for a module that has none."""
    for node in tree_of(module).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return frozenset(ast.literal_eval(node.value))
    return frozenset()


def sources_of(module: str) -> list[str]:
    """The modules from which a root takes what it hands on, in its order."""
    taken = (
        node.module
        for node in tree_of(module).body
        if isinstance(node, ast.ImportFrom) and node.module
    )
    return [name for name in taken if name.startswith("eventstore.")]


def tree_of(module: str) -> ast.Module:
    """Of a module, or of a package's root."""
    return ast.parse(path_of(module).read_text("utf-8"))


def path_of(module: str) -> Path:
    """The file of a module or of a package's root."""
    base = ROOT / module.replace(".", "/")
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def of_class(node: ast.ClassDef) -> Iterator[str]:
    """A line for each public method that says something of its own."""
    for method in node.body:
        if not isinstance(method, Definition) or method.name.startswith("_"):
            continue
        text = prose(method)
        if says_something(text):
            first, _, rest = text.partition("\n\n")
            more = "\n\n  " + rest.replace("\n", "\n  ") if rest else ""
            yield f"- **`{signature(method)}`**: {first}{more}"


def says_something(text: str) -> bool:
    """Whether it is more than a word of where to look: at the port, or at the twin."""
    return bool(text) and not text.startswith("See `") and "for coroutines" not in text


def signature(node: Definition) -> str:
    """As it is called: names and defaults, without types, which the source has."""
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}"
    if any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list):
        return node.name
    return f"{node.name}({', '.join(parameters(node.args))})"


def parameters(given: ast.arguments) -> Iterator[str]:
    """Those that a caller gives."""
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    for argument, default in zip(positional, defaults, strict=True):
        if argument.arg not in {"self", "cls"}:
            yield with_default(argument, default)
    if given.vararg:
        yield f"*{given.vararg.arg}"
    elif given.kwonlyargs:
        yield "*"
    for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        yield with_default(argument, default)


def with_default(argument: ast.arg, default: ast.expr | None) -> str:
    """`name` or `name=default`."""
    return argument.arg + (f"={ast.unparse(default)}" if default else "")


def prose(node: Definition | ast.Module) -> str:
    """The docstring, examples in it as code."""
    lines = (ast.get_docstring(node) or "").splitlines()
    return "\n".join(line.rstrip() for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
