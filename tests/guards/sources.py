"""The files that the guards look at: all that lie in the folders, whether git knows them or not."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
OURS = ("eventstore", "audit", "teddy_es", "scripts")


@cache
def python_files(*folders: str) -> tuple[Path, ...]:
    """Every Python file below these folders of the project."""
    return tuple(
        sorted(
            path
            for folder in folders
            for path in (ROOT / folder).rglob("*.py")
            if "__pycache__" not in path.parts
        )
    )


def name_of(path: Path) -> str:
    """A file's path as the lists of exceptions write it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text("utf-8"), str(path))
