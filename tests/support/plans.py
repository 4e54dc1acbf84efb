"""Ground on which a plan hangs on nothing but what its test says: tables that nobody has filled, and nobody has counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from psycopg.sql import SQL, Identifier, Literal

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

_OURS: Final = """
    SELECT relname FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname ~ '^(eventstore|people)_' ORDER BY relname
"""
_HOLDS: Final = SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
# New files: what earlier tests had written and taken back is gone from tables and indexes, and so is the count of their rows.
_EMPTY: Final = SQL("TRUNCATE {}")
_UNCOUNT: Final = (
    "SELECT pg_clear_relation_stats('public', name) FROM unnest(%s::text[]) name"
)
_FORGET: Final = """
    SELECT pg_clear_attribute_stats(schemaname, tablename, attname, inherited)
      FROM pg_stats WHERE schemaname = 'public' AND tablename = ANY (%s)
"""


def as_new(db: CursorWrapper) -> None:
    """Have the planner find each of the store's empty tables as migrations left it, whatever was tested before.

    What a transaction took back keeps its room in the files, and what ANALYZE counted within it stays counted; the planner goes by
    both. Call it before the tables are filled: what is counted then goes with the transaction, or with the next call.
    """
    db.execute(_OURS)
    ours = [name for (name,) in db.fetchall()]
    holds = [_HOLDS.format(Literal(name), Identifier(name)) for name in ours]
    db.execute(SQL(" UNION ALL ").join(holds))
    empty = sorted(set(ours) - {name for (name,) in db.fetchall()})
    db.execute(_EMPTY.format(SQL(", ").join(map(Identifier, empty))))
    db.execute(_UNCOUNT, [empty])  # TRUNCATE does, but not twice in a transaction
    db.execute(_FORGET, [empty])
