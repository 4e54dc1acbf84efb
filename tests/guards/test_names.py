"""What a text names is there: files by their path, modules and what is in them by their dotted name."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING

from tests.guards.sources import OURS, ROOT, name_of, python_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = re.compile(
    r"(?<![\w./-])(?:eventstore|audit|teddy_es|scripts|tests)/[\w/]+\.py\b"
)
DOTTED = re.compile(r"(?<![\w.])(?:eventstore|audit|teddy_es)(?:\.\w+){2,}")
# Made by whoever reads, or by the test that names it.
NOT_OURS = {
    "CONTRIBUTING.md": {"audit/topics/pages.py"},
    "docs/EVENT_SOURCING_GUIDE.md": {"tests/test_paper.py", "tests/test_golden.py"},
    "tests/guards/test_imports.py": {"eventstore/new_room.py"},
}


def texts() -> list[Path]:
    """Code, pages, contracts."""
    pages = (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "pyproject.toml",
    )
    found = [*python_files(*OURS, "tests"), *pages, ROOT / "tests" / "README.md"]
    return [path for path in found if name_of(path) != "tests/guards/test_names.py"]


def is_there(name: str) -> bool:
    """Whether a dotted name is a module's, or of something in one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:end])
        if base.is_dir() or base.with_suffix(".py").exists():
            found: object = (
                import_module(".".join(parts[:end])) if parts[end:] else None
            )
            for part in parts[end:]:
                if not hasattr(found, part):
                    return False
                found = getattr(found, part)
            return True
    return False


def strays() -> Iterator[str]:
    for path in texts():
        text, allowed = path.read_text("utf-8"), NOT_OURS.get(name_of(path), set())
        missing = {name for name in FILE.findall(text) if not (ROOT / name).exists()}
        missing |= {name for name in DOTTED.findall(text) if not is_there(name)}
        yield from (f"{name_of(path)}: {name}" for name in sorted(missing - allowed))


def test_every_file_and_module_that_a_text_names_is_there() -> None:
    found = list(strays())

    assert not found, f"Named, and not there; say where it is now: {found}"
