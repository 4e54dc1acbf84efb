"""docs/SETTINGS.md and the code name the same settings: both ways."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from eventstore.conf import conf as eventstore_conf
from teddy_es.conf import TeddySettings
from teddy_es.environment import is_for_others
from tests.guards.sources import ROOT, name_of, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (ROOT / "docs" / "SETTINGS.md").read_text("utf-8")
ENVIRONMENT, _, EVENTSTORE = PAGE.partition("## `EVENTSTORE`")
ROW = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)
OURS = re.compile(r"\bTEDDY_[A-Z0-9_]*[A-Z0-9]\b")
WRONG_ON_PURPOSE = "tests/unit/test_settings.py"


def environment_of_settings() -> set[str]:
    """The variables that teddy_es/settings.py reads: `env.text("NAME", …)` and its like."""
    return {
        node.args[0].value
        for node in ast.walk(tree_of(ROOT / "teddy_es" / "settings.py"))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def texts() -> Iterator[tuple[str, str]]:
    """Name and content of every file in which a variable may stand."""
    folders = ("eventstore", "audit", "teddy_es", "scripts", "tests", "docs", "deploy")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    for path in (*paths, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "teddy"):
        kept = path.is_file() and not {"__pycache__", ".env"} & set(path.parts)
        if kept and name_of(path) != WRONG_ON_PURPOSE:
            yield name_of(path), path.read_text("utf-8", errors="ignore")


def test_every_variable_has_its_row_and_every_row_its_variable() -> None:
    documented, read = set(ROW.findall(ENVIRONMENT)), environment_of_settings()

    assert documented == read, (
        f"docs/SETTINGS.md lacks {sorted(read - documented)}: write what each does, its default and who needs it."
        f" It has {sorted(documented - read)}, which teddy_es/settings.py does not read: take them out."
    )


def test_every_setting_of_the_event_store_has_its_row() -> None:
    documented, known = set(ROW.findall(EVENTSTORE)), set(eventstore_conf.names())

    assert documented == known, (
        f"docs/SETTINGS.md, `EVENTSTORE`, lacks {sorted(known - documented)} and has"
        f" {sorted(documented - known)} too many."
    )


def test_the_projects_own_settings_come_from_variables_of_the_page() -> None:
    names = {name for name in vars(TeddySettings) if name.isupper()}

    assert names <= environment_of_settings(), (
        f"{sorted(names - environment_of_settings())} of teddy_es/conf.py: read them in teddy_es/settings.py."
    )


def test_no_file_names_a_variable_that_would_be_refused() -> None:
    known = environment_of_settings()
    for name, text in texts():
        named = set(OURS.findall(text))
        refused = {n for n in named - known if not is_for_others(n)}
        assert not refused, (
            f"{name} names {sorted(refused)}, which teddy_es/settings.py refuses: read it there, or, if it is for"
            " the launcher or the tests alone, let it through in teddy_es/environment.py."
        )


def test_no_variable_stands_on_the_page_twice() -> None:
    for part in (ENVIRONMENT, EVENTSTORE):
        rows = ROW.findall(part)
        assert len(rows) == len(set(rows)), f"docs/SETTINGS.md: twice among {rows}."
