"""docs/SETTINGS.md and the code name the same settings: both ways."""

from __future__ import annotations

import ast
import re

from eventstore.conf import conf as eventstore_conf
from teddy_es.conf import TeddySettings
from tests.guards.sources import ROOT, tree_of

PAGE = (ROOT / "docs" / "SETTINGS.md").read_text("utf-8")
ENVIRONMENT, _, EVENTSTORE = PAGE.partition("## `EVENTSTORE`")
ROW = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)


def environment_of_settings() -> set[str]:
    """The variables that teddy_es/settings.py reads: `env.str("NAME", …)` and its like."""
    return {
        node.args[0].value
        for node in ast.walk(tree_of(ROOT / "teddy_es" / "settings.py"))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


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


def test_no_variable_stands_on_the_page_twice() -> None:
    for part in (ENVIRONMENT, EVENTSTORE):
        rows = ROW.findall(part)
        assert len(rows) == len(set(rows)), f"docs/SETTINGS.md: twice among {rows}."
