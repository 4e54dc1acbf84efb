"""What the projections share: an event's place as rows have it, and rows that are written at once, however many."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
from psycopg.sql import SQL, Identifier

from eventstore.queries.connection import unchecked_cursor
from eventstore.queries.positions import packed_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.db.models import Model

    from eventstore.bus import Published

_AT_ONCE: Final = 2_000  # rows in a statement
# One parameter, however many rows and columns: a parameter for each value takes four times as long.
_PUT: Final = SQL(
    "INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %(rows)s::json)"
    " ON CONFLICT ({key}) DO UPDATE SET {changed}"
)


def own_id(event: Published) -> str:
    """What stands behind the dot of its stream."""
    return event.stream_id.partition(".")[2]


def place(event: Published) -> int:
    """Its position, packed."""
    return packed_of(event.position)


def occurred(event: Published) -> datetime:
    """When it happened, by its writer's clock. A subscription always hands that over."""
    if event.occurred_at is None:
        msg = "an event of the log says when it happened"
        raise TypeError(msg)
    return event.occurred_at


def put(model: type[Model], rows: Iterable[Model]) -> None:
    """Write these rows, each in the place of the one with its key. Within the search path that the projection was given."""
    statement, columns = _statement(model)
    values = [{name: getattr(row, name) for name in columns} for row in rows]
    with unchecked_cursor() as cursor:
        for first in range(0, len(values), _AT_ONCE):
            text = msgspec.json.encode(values[first : first + _AT_ONCE]).decode()
            cursor.execute(statement, {"rows": text})


@cache
def _statement(model: type[Model]) -> tuple[str, Sequence[str]]:
    """The model's statement and columns. Put together once, of the model's own names."""
    meta: Any = model._meta  # noqa: SLF001  (Django's public API, by its documentation)
    key = [field.column for field in meta.pk_fields]
    columns = [field.column for field in meta.local_concrete_fields]
    others = [name for name in columns if name not in key]
    made = _PUT.format(
        table=Identifier(meta.db_table),
        columns=SQL(", ").join(map(Identifier, columns)),
        key=SQL(", ").join(map(Identifier, key)),
        changed=SQL(", ").join(
            SQL("{name} = EXCLUDED.{name}").format(name=Identifier(name))
            for name in others
        ),
    )
    return made.as_string(), columns


def distinct(texts: Iterable[str]) -> list[str]:
    """Each once, in their order."""
    return [*dict.fromkeys(texts)]
