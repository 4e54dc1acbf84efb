"""Which types of events stand in the index, and what of them nobody can read by the classes of today.

Bounded however much there is. The index has the type of every event, and is read from one type to the next; the schema
stands in the record alone. So of each type a few commits are looked at: the first, the last, and some in between, evenly in
time. A schema that stands in others alone is not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from eventstore.database.composing import composed
from eventstore.events import stream_type_of
from eventstore.protocol.accepted import decode_accepted
from eventstore.protocol.positions import record_of_sql
from eventstore.registry import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.queries.rows import Cursor
    from eventstore.registry import Registry

PROBES: Final = 8  # commits with events of a type that are looked at, or one more
MOST: Final = 1_000  # types; foreign producers may write any name


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Events of one type in one schema, of one type of streams; schema and stream type are None where the mirror lacks the record.

    problem: as `Registry.problem_of` has it, or `UNKNOWN_STREAM_TYPE`.
    """

    event_type: str
    schema: int | None
    stream_type: str | None
    problem: Problem


def has_events(cursor: Cursor) -> bool:
    """Whether there is an index at all, which a migration makes, and this role may read it."""
    cursor.execute(_THERE)
    [[is_there]] = cursor.fetchall()
    return bool(is_there)


def written_types(cursor: Cursor, *, most: int = MOST) -> list[str]:
    """The names of the types in the index, in order; so many at most. A step of the index each, however many events."""
    cursor.execute(_TYPES, {"most": most})
    return [name for [name] in cursor.fetchall()]


def unreadable(
    cursor: Cursor, types: Registry, names: list[str], *, probes: int = PROBES
) -> Iterator[Unreadable]:
    """What nobody can read of these types: of a type, schema and type of streams none of those that were looked at."""
    for name in names:
        cursor.execute(_PROBES, {"type": name, "steps": max(1, probes - 1)})
        values = cursor.fetchall()
        unreadable_types = [
            one for [value] in values for one in _judged(types, name, value)
        ]
        unreadable_types.sort(key=_kind)
        for (schema, stream_type), alike in groupby(unreadable_types, _kind):
            problems = [problem for _, _, problem in alike]
            if (problem := problems[0]) and all(problems):
                yield Unreadable(name, schema or None, stream_type or None, problem)


def _kind(judged: tuple[int, str, Problem | None]) -> tuple[int, str]:
    return judged[:2]


def _judged(
    types: Registry, name: str, value: Any
) -> Iterator[tuple[int, str, Problem | None]]:
    """Schema, type of streams, and why nobody can read it, of each such event of a commit; 0 and nothing without a record."""
    if value is None:
        known = types.event_type_named(name)
        yield 0, "", None if known else Problem.UNKNOWN_TYPE
        return
    commit = decode_accepted(bytes(value))
    stream_type = stream_type_of(commit.stream_id)
    for event in commit.events:
        if event.type == name:
            problem = types.problem_of(stream_type, event)
            if stream_type not in types.stream_types:
                problem = Problem.UNKNOWN_STREAM_TYPE
            yield event.schema, stream_type, problem


# ---- below: how ------------------------------------------------------------------------------------------------------

_THERE: Final = """
SELECT count(*) = 2 FROM pg_class
 WHERE oid IN (to_regclass('eventstore_event'), to_regclass('eventstore_record')) AND has_table_privilege(oid, 'SELECT')
"""

# From each type to the next by the index: PostgreSQL has no such step of its own.
_TYPES: Final = """
WITH RECURSIVE known(name) AS (
    (SELECT event_type FROM eventstore_event ORDER BY event_type LIMIT 1)
     UNION ALL
    SELECT (SELECT e.event_type FROM eventstore_event e
             WHERE e.event_type > known.name ORDER BY e.event_type LIMIT 1)
      FROM known WHERE known.name IS NOT NULL
)
SELECT name FROM known WHERE name IS NOT NULL LIMIT %(most)s
"""

_PROBES: Final = composed(
    """
WITH ends AS (
    SELECT (SELECT recorded_at FROM eventstore_event WHERE event_type = %(type)s
             ORDER BY recorded_at, position LIMIT 1) AS first,
           (SELECT recorded_at FROM eventstore_event WHERE event_type = %(type)s
             ORDER BY recorded_at DESC, position DESC LIMIT 1) AS last
), events AS (
    SELECT found.position
      FROM ends, generate_series(0, %(steps)s) step,
           LATERAL (SELECT e.position FROM eventstore_event e
                     WHERE e.event_type = %(type)s
                       AND e.recorded_at >= ends.first + (ends.last - ends.first) * (step::float8 / %(steps)s)
                     ORDER BY e.recorded_at, e.position LIMIT 1) found
     UNION ALL
    (SELECT position FROM eventstore_event WHERE event_type = %(type)s
      ORDER BY recorded_at DESC, position DESC LIMIT 1)
), records AS (
    SELECT DISTINCT {record} AS position FROM events
)
SELECT (SELECT r.value FROM eventstore_record r WHERE r.position = records.position) FROM records ORDER BY records.position
""",
    record=record_of_sql("position"),
)
