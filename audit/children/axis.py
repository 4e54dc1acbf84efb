"""What is asked of a child's facts: a page of its axis, either way, and how many stand in each step of a strip.

Each line of the axis is read along its own index, no further than a page: however long the history, and however rare
what is looked for. Tests hold each statement to its plan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence  # noqa: TC003  (the decoder asks for them)
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from audit.people.models import Lane
from eventstore.database.composing import composed
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.keyset import page as page_by_key

if TYPE_CHECKING:
    from audit.children.spans import Span, Strip
    from eventstore.queries.keyset import Key, Page, Wanted

LANES: Final[Sequence[str]] = tuple(lane.value for lane in Lane)
"""All of them, in the order in which the strip shows them."""


class Clock(StrEnum):
    """By which time the axis goes: when it happened, by its writer's clock, or when the log took it."""

    HAPPENED = "happened"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class FactRow:
    """See `audit.people.models.Fact`."""

    position: int
    lane: str
    kind: str
    version: int
    recorded_at: datetime
    occurred_at: datetime
    about: Mapping[str, Any]
    conversation_id: str | None

    def at(self, clock: Clock) -> datetime:
        """Its place on the axis."""
        return self.occurred_at if clock is Clock.HAPPENED else self.recorded_at


_COLUMNS: Final = "position, lane, kind, version, recorded_at, occurred_at, about::text, conversation_id"
_PAGE: Final = """
SELECT {columns} FROM unnest(%(lanes)s::text[]) of_it(name) CROSS JOIN LATERAL (
       SELECT * FROM people_fact
        WHERE child_id = %(child)s AND lane = of_it.name AND ({at}, position) {behind} (%(at)s, %(position)s)
          AND {at} {within} %(limit_at)s
        ORDER BY {at} {order}, position {order} LIMIT %(limit)s) near
 ORDER BY {at} {order}, position {order} LIMIT %(limit)s
"""
_COUNTS: Final = """
SELECT of_it.name, step.n, step.number FROM unnest(%(lanes)s::text[]) of_it(name) CROSS JOIN LATERAL (
       SELECT width_bucket({at}, %(edges)s::timestamptz[]) AS n, count(*) AS number FROM people_fact
        WHERE child_id = %(child)s AND lane = of_it.name AND {at} >= %(start)s AND {at} < %(end)s
        GROUP BY 1) step
"""
_ENDS: Final = """
SELECT min(first.at), max(last.at) FROM unnest(%(lanes)s::text[]) of_it(name)
  LEFT JOIN LATERAL (SELECT {at} AS at FROM people_fact WHERE child_id = %(child)s AND lane = of_it.name
                      ORDER BY {at}, position LIMIT 1) first ON true
  LEFT JOIN LATERAL (SELECT {at} AS at FROM people_fact WHERE child_id = %(child)s AND lane = of_it.name
                      ORDER BY {at} DESC, position DESC LIMIT 1) last ON true
"""
# By an index, each line for itself; a sort of what a child's folding takes. As one text: thousands of rows are read in one go.
_ALL: Final = composed(
    """
SELECT coalesce(json_agg(fact ORDER BY recorded_at, position), '[]')::text FROM (
       SELECT {columns} FROM people_fact WHERE child_id = %(child)s AND lane = ANY(%(lanes)s)) fact
""",
    columns=_COLUMNS.replace("about::text", "about"),
)
_AT: Final = {Clock.HAPPENED: "occurred_at", Clock.RECORDED: "recorded_at"}
# The axis falls: what comes onwards is earlier.
_EARLIER: Final = {"behind": "<", "within": ">=", "order": "DESC"}
_LATER: Final = {"behind": ">", "within": "<", "order": "ASC"}
_PAGES: Final = {
    (clock, onwards): composed(_PAGE, columns=_COLUMNS, at=_AT[clock], **way)
    for clock in Clock
    for onwards, way in ((True, _EARLIER), (False, _LATER))
}
_COUNTED: Final = {clock: composed(_COUNTS, at=_AT[clock]) for clock in Clock}
_ENDED: Final = {clock: composed(_ENDS, at=_AT[clock]) for clock in Clock}
_FIRST: Final = (
    0  # no event stands there, and no day: behind it is what is before its instant
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Of whom, from when to when, by which clock, which lines."""

    child_id: str
    span: Span
    clock: Clock = Clock.HAPPENED
    lanes: Sequence[str] = LANES


def facts(asked: Asked, wanted: Wanted) -> Page[FactRow]:
    """A page of the axis, the latest first. Raises `BadCursor`."""
    fetch = partial(_fetch, asked)
    return page_by_key(
        wanted,
        fetch,
        lambda row: (row.at(asked.clock), row.position),
        (datetime, int),
    )


def counts(asked: Asked, strip: Strip) -> Mapping[tuple[str, int], int]:
    """How many of each line in each step of the strip, by line and the step's number from 0 on; what is none is left out."""
    edges = strip.edges
    given = {
        "child": asked.child_id,
        "lanes": list(asked.lanes),
        "edges": edges,
        "start": edges[0],
        "end": edges[-1],
    }
    rows = unchecked_rows(_COUNTED[asked.clock], given)
    return {(lane, step - 1): number for lane, step, number in rows}


def all_facts(child_id: str, lanes: Sequence[str]) -> Sequence[FactRow]:
    """Every fact of these lines, in the order in which the log took them: what a state is folded from."""
    given = {"child": child_id, "lanes": list(lanes)}
    [(text,)] = unchecked_rows(_ALL, given)
    return _FACTS.decode(text)


_FACTS: Final = msgspec.json.Decoder(list[FactRow])


def ends(child_id: str, clock: Clock) -> tuple[datetime, datetime] | None:
    """When the first and the last fact stand on the axis; None if there is none."""
    given = {"child": child_id, "lanes": list(LANES)}
    [(first, last)] = unchecked_rows(_ENDED[clock], given)
    return None if first is None else (first, last)


def _fetch(
    asked: Asked, key: Key | None, *, onwards: bool, limit: int
) -> list[FactRow]:
    """From the start means: from the span's end. No key leads out of the span."""
    start, end = asked.span.start, asked.span.end
    at, position = key or (end, _FIRST)
    if onwards and at >= end:
        at, position = end, _FIRST
    if not onwards and at < start:
        at, position = start, -1
    given = {
        "child": asked.child_id,
        "lanes": list(asked.lanes),
        "at": at,
        "position": position,
        "limit_at": start if onwards else end,
        "limit": limit,
    }
    return [_row(row) for row in unchecked_rows(_PAGES[asked.clock, onwards], given)]


def _row(row: Sequence[Any]) -> FactRow:
    position, lane, kind, version, recorded_at, occurred_at, about, talk = row
    told: Mapping[str, Any] = json.loads(about)
    return FactRow(position, lane, kind, version, recorded_at, occurred_at, told, talk)
