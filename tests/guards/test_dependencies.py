"""Whoever adds a dependency says why this one, under what licence, and what else was looked at."""

from __future__ import annotations

import re
import tomllib

from tests.guards.sources import ROOT

PAGE = (ROOT / "docs" / "DEPENDENCIES.md").read_text("utf-8")
ROW = re.compile(r"^\| `([a-z0-9-]+)` \|(.*)\|$", re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def dependencies() -> set[str]:
    """The names of all dependencies, of all extras too, as PyPI writes them."""
    wanted = list(PROJECT["dependencies"])
    for extra in PROJECT["optional-dependencies"].values():
        wanted += extra
    return {re.split(r"[\[<>=!~; ]", name)[0].lower() for name in wanted}


def test_every_dependency_has_its_row_and_every_row_its_dependency() -> None:
    documented, declared = {name for name, _ in ROW.findall(PAGE)}, dependencies()

    assert documented == declared, (
        f"docs/DEPENDENCIES.md lacks {sorted(declared - documented)}: say why, the licence, what else was looked at."
        f" It has {sorted(documented - declared)}, which pyproject.toml does not: take them out."
    )


def test_every_row_is_filled_in() -> None:
    for name, row in ROW.findall(PAGE):
        cells = [cell.strip() for cell in row.split("|")]
        assert len(cells) == 3, f"docs/DEPENDENCIES.md: {name} needs three cells."
        assert all(cells), f"docs/DEPENDENCIES.md: {name} has an empty cell."
