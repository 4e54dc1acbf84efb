"""Pages name what is there: rooms, other pages; and nobody has forgotten to fill something in."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.guards.sources import OURS, ROOT, name_of, python_files

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "tests").rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
    ]
)
ARCHITECTURE = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")


def rooms_of_the_contract() -> set[str]:
    """The rooms of the exhaustive import contract that are there, and those that it leaves out."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contract = next(
        c for c in settings["tool"]["importlinter"]["contracts"] if c["id"] == "rooms"
    )
    named = {
        name.strip(" ()")
        for layer in contract["layers"]
        for name in re.split(r"[|:]", layer)
    } | set(contract["exhaustive_ignores"])
    folder = ROOT / "eventstore"
    return {n for n in named if (folder / n).is_dir() or (folder / f"{n}.py").exists()}


def rooms_of_the_page() -> list[str]:
    """The rooms that the first column of the table names, with or without their folder's name."""
    cells = re.findall(r"^\| (`eventstore/[^|]*) \|", ARCHITECTURE, re.MULTILINE)
    names = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    return [re.sub(r"^eventstore/|\.py$|/$", "", name) for name in names]


def test_every_room_has_its_place_in_the_architectures_table() -> None:
    documented, there = set(rooms_of_the_page()), rooms_of_the_contract()

    assert documented == there, (
        f"docs/ARCHITECTURE.md, 'Where things are', lacks {sorted(there - documented)}: say what each does. It has"
        f" {sorted(documented - there)}, which no contract of pyproject.toml knows."
    )


def test_no_room_stands_in_the_table_twice() -> None:
    assert len(rooms_of_the_page()) == len(set(rooms_of_the_page()))


def starts_of_the_page() -> list[tuple[str, str]]:
    """Where reading begins, by the table's third column: a name, and the cell with the rooms that it should be in."""
    rows = re.findall(r"^\| (`eventstore/[^|]*) \|[^|]*\|([^|]*)\|", ARCHITECTURE, re.M)
    return [
        (name, cell) for cell, third in rows for name in re.findall(r"`([^`]+)`", third)
    ]


def is_in(name: str, cell: str) -> bool:
    """Whether one of the cell's rooms has the file, or defines the name."""
    folder = ROOT / "eventstore"
    rooms = [
        re.sub(r"^eventstore/", "", room) for room in re.findall(r"`([^`]+)`", cell)
    ]
    paths = [
        path
        for room in rooms
        for path in (
            (folder / room).rglob("*.py") if room.endswith("/") else [folder / room]
        )
    ]
    if name.endswith(".py"):
        return (ROOT / name).exists() or any(
            path.as_posix().endswith(f"/{name}") for path in paths
        )
    last = re.escape(name.rpartition(".")[2])
    defined = re.compile(rf"^\s*(?:class|(?:async )?def) {last}\b", re.MULTILINE)
    return any(defined.search(path.read_text("utf-8")) for path in paths)


def test_where_reading_begins_is_in_the_room_of_its_row() -> None:
    strays = {
        name: cell for name, cell in starts_of_the_page() if not is_in(name, cell)
    }

    assert not strays, (
        f"docs/ARCHITECTURE.md, 'start reading at': {strays} has no such file or name."
    )


def test_what_the_page_says_is_in_a_file_is_there() -> None:
    said = re.findall(
        r"((?:`[\w.]+`(?:,| and)? ?)+) ?in `((?:eventstore|audit)/[\w/]+\.py)`",
        ARCHITECTURE,
    )
    missing = [
        f"{name} in {file}"
        for names, file in said
        for name in re.findall(r"`([\w.]+)`", names)
        if name.rpartition(".")[2] not in (ROOT / file).read_text("utf-8")
    ]

    assert said
    assert not missing, f"docs/ARCHITECTURE.md says that there is {missing}."


def test_every_folder_of_the_project_has_its_place_in_the_table() -> None:
    folders = ["audit", "teddy_es", "templates", "tests", "scripts", "deploy"]
    folders += ["examples"]

    missing = [name for name in folders if f"`{name}/`" not in ARCHITECTURE]
    assert not missing, f"docs/ARCHITECTURE.md lacks {missing}."


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_nothing_is_left_to_fill_in(page: Path) -> None:
    left = re.findall(r"^[A-Z][A-Z_]*$", page.read_text("utf-8"), re.MULTILINE)

    assert not left, f"{name_of(page)} still says {left} where something is to stand."


def test_every_page_that_is_named_is_there() -> None:
    known = {page.name for page in PAGES}
    texts = [*PAGES, *python_files(*OURS, "tests"), ROOT / "pyproject.toml"]
    missing = {
        f"{name_of(path)}: {name}"
        for path in texts
        for name in re.findall(r"\b([A-Za-z0-9_-]+\.md)\b", path.read_text("utf-8"))
        if name not in known
    }

    assert not missing, f"Named, and not in the repository: {sorted(missing)}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))

    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing, f"{name_of(page)} links to {missing}."
