"""Two versions of a projection compared with each other on one cut: counts, checksums, sampled rows.

The one that is read stands still only while the other catches up and the snapshot is taken; what takes long is done in
the snapshot, while both may go on.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import connections
from psycopg.sql import SQL, Composed, Identifier, Literal

from eventstore.errors import ProjectionNotReady
from eventstore.projections.identifying import (
    described,
    given_columns,
    is_known,
    key_of,
    models_of,
)
from eventstore.projections.schemas import (
    columns_of,
    current_schema,
    schema_of,
    table_of,
)
from eventstore.projections.statuses import version_read
from eventstore.queries.connection import atomic, unchecked_cursor
from eventstore.subscriptions.checkpoints import hold_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from django.db.models import Model

    from eventstore.projections.building import Building, Built

_SAMPLE: Final = 100
_SHOWN: Final = 5

_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# Whatever the order of the rows: a sum over all of them.
_TOTALS: Final = SQL(
    "SELECT count(*), coalesce(sum(hashtextextended(ROW({columns})::text, 0)::numeric), 0) FROM {table} t"
)
_ANY: Final = SQL("SELECT EXISTS (SELECT FROM {table} WHERE {column} IS NOT NULL)")
_SAMPLED: Final = SQL(
    "WITH sampled AS (SELECT * FROM {new} n ORDER BY hashtextextended(ROW({new_key})::text, 1) LIMIT {sample})"
    " SELECT ROW({sampled_key})::text, o IS NULL, ROW({old_columns}) IS DISTINCT FROM ROW({sampled_columns})"
    " FROM sampled LEFT JOIN {old} o ON ROW({old_key}) = ROW({sampled_key})"
)


@dataclass(frozen=True, slots=True)
class TableDifference:
    """What two versions of a table hold. columns: those that both have, without a number given by the database.

    sampled: rows of the new one that were looked for in the old one by their key; missing, changed: of those.
    examples: keys of such rows. Empty where the model has no key but that number.
    unknown: columns that lead to rows which have none: nobody can say whether they lead to the same ones, so it is not
    the same. Give the model that they lead to a unique constraint.
    """

    table: str
    old_rows: int
    new_rows: int
    is_same: bool
    columns: Sequence[str]
    added: Sequence[str]
    removed: Sequence[str]
    sampled: int = 0
    missing: int = 0
    changed: int = 0
    examples: Sequence[str] = ()
    unknown: Sequence[str] = ()


def compare(
    building: Building, stopped: Callable[[], bool] = lambda: False
) -> Sequence[TableDifference]:
    """Bring the build to the cut of the version that is read, and compare. Raises `ProjectionNotReady` for parked streams."""
    with ThreadPoolExecutor(1, "projection") as beside:
        try:
            with on_one_cut(building, beside, stopped):
                beside.submit(_begin_snapshot).result()
            return beside.submit(_differences, building).result()
        finally:
            beside.submit(connections.close_all).result()


@contextmanager
def on_one_cut(
    building: Building, beside: Executor, stopped: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """A transaction in which both versions stand at the same cut.

    beside: a thread, whose connection brings the build there while this one has the other version stand still. Raises
    `ProjectionNotReady` for parked streams, or if stopped.
    """
    name = building.projection.name
    before = version_read(name)
    building.run(stopped)  # as near as can be while the other goes on
    with atomic(durable=True):
        with unchecked_cursor() as cursor:
            hold_all(cursor, name)
        if version_read(name) != before:  # then these are not the rows that it found
            msg = "somebody switched it meanwhile"
            raise ProjectionNotReady(name, msg)
        _refuse(building, beside.submit(building.run, stopped).result())
        yield


def _refuse(building: Building, built: Built) -> None:
    if not built.is_complete:
        msg = "the build was stopped before it had caught up"
        raise ProjectionNotReady(built.name, msg)
    if built.parked:
        msg = f"{built.parked} streams of the build are parked: see `manage.py subscriptions show {building.subscription.name}`"
        raise ProjectionNotReady(built.name, msg)


def _begin_snapshot() -> None:
    """A transaction of this thread that sees everything as it is now, until its connection is closed."""
    connection = connections["default"]
    connection.set_autocommit(False)
    with connection.cursor() as cursor:
        cursor.execute(_SNAPSHOT)
        cursor.execute("SELECT 1")


def _differences(building: Building) -> list[TableDifference]:
    projection = building.projection
    old, new = current_schema(), schema_of(projection.name, projection.version)
    return [_difference(model, old, new) for model in models_of(projection.models)]


def _difference(model: type[Model], old: str, new: str) -> TableDifference:
    table = table_of(model)
    was, now = columns_of(old, table), columns_of(new, table)
    generated = given_columns(model)
    both = [name for name in now if name in was and name not in generated]
    unknown = [name for name in both if _is_unknown(model, name, old, new)]
    known = [name for name in both if name not in unknown]
    old_rows, old_sum = _totals(model, old, known) if was else (0, 0)
    new_rows, new_sum = _totals(model, new, known)
    sampled = _sampled(model, old, new, known) if was else []
    different = [row for row in sampled if row[1] or row[2]]
    is_same = (old_rows, old_sum) == (new_rows, new_sum) and set(was) == set(now)
    return TableDifference(
        table,
        old_rows,
        new_rows,
        is_same and not unknown,
        known,
        [name for name in now if name not in was],
        [name for name in was if name not in now],
        len(sampled),
        sum(row[1] for row in sampled),
        sum(row[2] and not row[1] for row in sampled),
        [row[0] for row in different[:_SHOWN]],
        unknown,
    )


def _is_unknown(model: type[Model], column: str, *schemas: str) -> bool:
    """Whether it leads to rows of which nobody knows in the other build which they are; not where it leads nowhere."""
    if is_known(model, column):
        return False
    places = (Identifier(schema, table_of(model)) for schema in schemas)
    conditions = (_ANY.format(table=at, column=Identifier(column)) for at in places)
    return any(_rows(statement, None)[0][0] for statement in conditions)


def _totals(model: type[Model], schema: str, columns: Sequence[str]) -> tuple[int, int]:
    statement = _TOTALS.format(
        columns=_described(model, columns, schema, "t"),
        table=Identifier(schema, table_of(model)),
    )
    [(rows, total)] = _rows(statement, None)
    return rows, int(total)


def _sampled(
    model: type[Model], old: str, new: str, columns: Sequence[str]
) -> list[tuple[Any, ...]]:
    key = key_of(model, columns)
    if not key:
        return []
    statement = _SAMPLED.format(
        new=Identifier(new, table_of(model)),
        old=Identifier(old, table_of(model)),
        new_key=_described(model, key, new, "n"),
        sampled_key=_described(model, key, new, "sampled"),
        old_key=_described(model, key, old, "o"),
        old_columns=_described(model, columns, old, "o"),
        sampled_columns=_described(model, columns, new, "sampled"),
        sample=Literal(_SAMPLE),
    )
    return _rows(statement, None)


def _described(
    model: type[Model], columns: Sequence[str], schema: str, of: str
) -> Composed:
    return SQL(", ").join(described(model, name, schema, of) for name in columns)


def _rows(statement: Any, parameters: Any) -> list[tuple[Any, ...]]:
    with unchecked_cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
