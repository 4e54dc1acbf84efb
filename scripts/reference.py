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
# Whose root says what they are about, and hands on what stands in several files.
SPREAD = ("eventstore.errors",)
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
    """A module's docstring, and its public definitions."""
    tree = source_of(module)
    yield f"## `{module}`"
    yield prose(tree)
    parts = handed_on(tree) if module in SPREAD else []
    for node in [
        *tree.body,
        *(node for part in parts for node in source_of(part).body),
    ]:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield f"### `{signature(node)}`"
            yield prose(node)
            if isinstance(node, ast.ClassDef):
                yield from of_class(node)


def source_of(module: str) -> ast.Module:
    """A module as it is written: one that hands on another's names, and says nothing itself, is read there."""
    base = ROOT / module.replace(".", "/")
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    tree = ast.parse(path.read_text("utf-8"))
    handed = handed_on(tree)
    if (
        module not in SPREAD
        and handed
        and not any(isinstance(n, Definition) for n in tree.body)
    ):
        own = f"{module}.{module.rpartition('.')[2]}"  # as `registry.registry`
        return source_of(own if own in handed else handed[0])
    return tree


def handed_on(tree: ast.Module) -> list[str]:
    """The modules of eventstore from which a root takes the names that it hands on."""
    given = [
        n.module for n in tree.body if isinstance(n, ast.ImportFrom) and n.level == 0
    ]
    return [m for m in given if m and m.startswith("eventstore.")]


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
