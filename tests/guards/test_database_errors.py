"""What the database's errors mean is known in one room; the others catch what it raises, or ask it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import psycopg
import pytest
from django import db
from psycopg import errors

from eventstore import errors as ours
from tests.guards.sources import OURS, name_of, python_files, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = "eventstore/database/"
# Who names them besides, and why. One that names none any more fails, too.
ALLOWED = {
    "teddy_es/bench/": "PostgreSQL and peers are measured without the store, by statements of the measurement's own",
    "teddy_es/faults/": "the campaign's processes catch what an application would; its injector has sessions of its own",
}


def names_of(module: object) -> set[str]:
    """Those of the errors that a module has."""
    return {
        name
        for name, found in vars(module).items()
        if isinstance(found, type) and issubclass(found, Exception)
    }


DRIVERS = names_of(psycopg) | names_of(errors)
DJANGOS = names_of(db)
STATES = {
    found.sqlstate
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, psycopg.Error) and found.sqlstate
}


def named(tree: ast.Module) -> Iterator[str]:
    """Every error of the driver or of Django's database layer that a file names, and every SQLSTATE."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            known = {"psycopg": DRIVERS | {"errors"}, "psycopg.errors": DRIVERS}
            known |= {"django.db": DJANGOS, "django.db.utils": DJANGOS}
            yield from (
                a.name for a in node.names if a.name in known.get(node.module or "", ())
            )
        elif isinstance(node, ast.Attribute):
            if node.attr == "sqlstate":
                yield "sqlstate"
            if isinstance(node.value, ast.Name) and node.value.id == "psycopg":
                yield from {node.attr} & (DRIVERS | {"errors"})
        elif isinstance(node, ast.Constant) and node.value in STATES:
            yield node.value


def test_one_room_names_the_databases_errors() -> None:
    found = {
        name_of(path): sorted(set(named(tree_of(path))))
        for path in python_files(*OURS)
        if "migrations" not in path.parts and not name_of(path).startswith(ROOM)
    }
    naming = {name for name, errors in found.items() if errors}
    strays = {
        name: found[name] for name in naming if not name.startswith(tuple(ALLOWED))
    }
    idle = {one for one in ALLOWED if not any(name.startswith(one) for name in naming)}

    assert not strays, (
        f"{strays}: catch what `eventstore.database.translated` raises, or ask `condition_of`; a condition that it does"
        " not know yet gets its line in eventstore/database/conditions.py."
    )
    assert not idle, f"{idle} names none any more: take the line out of ALLOWED."


@pytest.mark.parametrize(
    "line",
    [
        "from psycopg.errors import UniqueViolation",
        "from psycopg import errors",
        "from django.db import OperationalError",
        "import psycopg\ntry: ...\nexcept psycopg.Error: ...",
        "import psycopg\nx = psycopg.errors.LockNotAvailable",
        "x = error.sqlstate",
        "x = '25006'",
    ],
)
def test_a_planted_one_is_found(line: str) -> None:
    assert list(named(ast.parse(line)))


def test_no_room_keeps_a_list_of_errors_by_hand() -> None:
    branches = names_of(ours)
    lists = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(*OURS)
        for node in tree_of(path).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Tuple)
        if {e.id for e in node.value.elts if isinstance(e, ast.Name)} & branches
    ]

    assert not lists, (
        f"{lists}: catch a branch of `eventstore.errors`; if none fits, the tree lacks one."
    )


def test_the_fold_and_the_table_say_the_same_of_a_lost_race() -> None:
    [state] = [
        found
        for path in python_files("eventstore/migrations")
        for found in re.findall(r"ERRCODE = '(TE\w{3})'", path.read_text("utf-8"))
    ]

    assert f'"{state}": Condition.OVERTAKEN' in (
        python_files("eventstore/database")[0].parent / "conditions.py"
    ).read_text("utf-8")
