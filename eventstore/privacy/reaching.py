"""Every place that may hold something of a person: found by the register, counted, and reached as the register says.

The list is the register's, never this file's. A place about persons that nobody can count from here is in the report all
the same, and says so; a guard fails where one could be counted and is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from eventstore.blind.forgetting import digests_under, remove_digests
from eventstore.clock import SystemClock
from eventstore.conf import conf, places, registry
from eventstore.database import connect
from eventstore.places import Kind, Reach
from eventstore.privacy.destroying import SEALED_EVENTS
from eventstore.projections.statuses import projections
from eventstore.queries.subject_rows import count_by, count_rows
from eventstore.queries.subjects import About, about
from eventstore.snapshots.dropping import drop

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from uuid import UUID

    from eventstore.places import Place

EMBEDDED: Final = "embedded"
_NO_CODE: Final = re.compile(r"[^A-Za-z0-9_.:/-]+")


@dataclass(frozen=True, slots=True)
class Found:
    """A place, and how much of the person's is there. count: None where it cannot be counted from here."""

    place: str
    what: str
    reach: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """found: each kind of place that may hold something of the person. nothing: those that hold nothing of anybody."""

    about: About
    found: Sequence[Found]
    nothing: Sequence[str] = field(default=())

    def counts(self) -> dict[str, int]:
        """As an event can say them: names of places as codes."""
        return {
            _NO_CODE.sub("-", one.place)[:100]: one.count
            for one in self.found
            if one.count is not None
        }


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known when places are counted."""

    subject: str
    about: About
    keys: int
    rows: Mapping[str, int]
    digests: int


# By the place's name in the register. What is sealed in the log, its mirror and its feeds is the same records.
COUNTERS: Final[Mapping[str, Callable[[_Seen], int]]] = {
    "eventstore_record": lambda seen: seen.about.records,
    "eventstore_stream": lambda seen: len(seen.about.streams),
    "eventstore_event": lambda seen: seen.about.events,
    "eventstore_snapshot": lambda seen: seen.rows["eventstore_snapshot"],
    "eventstore_snapshotfailure": lambda seen: seen.rows["eventstore_snapshotfailure"],
    "eventstore_parkedstream": lambda seen: seen.rows["eventstore_parkedstream"],
    "eventstore_subscriptionaction": lambda seen: seen.rows[
        "eventstore_subscriptionaction"
    ],
    "eventstore_blinddigest": lambda seen: seen.digests,
    "eventstore_logrecord": lambda seen: (
        seen.about.records + seen.rows["eventstore_snapshot"]
        if conf.LOG == EMBEDDED
        else 0
    ),
    "eventstore.*": lambda seen: seen.about.records,
    "snapshots.*": lambda seen: seen.rows["eventstore_snapshot"],
    "events.*": lambda seen: seen.about.events if conf.PUBLISH else 0,
    "keys_subject": lambda seen: int(seen.keys > 0),
    "keys_datakey": lambda seen: seen.keys,
}


def look(subject: str, keys: Collection[UUID]) -> Report:
    """What exists where. keys: of the subject, as far as they are to go."""
    found = about(subject, frozenset(map(str, keys)), registry())
    rows = count_rows(found.streams)
    seen = _Seen(subject, found, len(keys), rows, digests_under(keys))
    listed = [_found(place, seen) for place in places().about_subjects()]
    return Report(found, [*listed, *_projections()], _nothing())


def reach(subject: str, keys: Sequence[UUID]) -> Mapping[str, int]:
    """Count what is there, and take out what the end of the keys leaves behind: digests, and snapshots, which are made anew of what remains."""
    report = look(subject, keys)
    with connect() as connection:
        drop(connection, keys)
    remove_digests(keys)
    return report.counts() | {SEALED_EVENTS: report.about.sealed}


def uncounted() -> set[str]:
    """Tables and topics about persons for which nobody has said how they are counted. Files lie elsewhere."""
    return {
        place.name
        for place in places().about_subjects()
        if place.kind is not Kind.FILE
        and place.name not in COUNTERS
        and not place.column
    }


def _found(place: Place, seen: _Seen) -> Found:
    reached = str(place.reach or Reach.STAYS)
    return Found(place.name, place.what, reached, _counted(place, seen))


def _counted(place: Place, seen: _Seen) -> int | None:
    if count := COUNTERS.get(place.name):
        return count(seen)
    if place.column:
        return count_by(place.name, place.column, seen.subject)
    return None


def _projections() -> list[Found]:
    """Their rows are the application's: each version's handler is told, that of one that is built beside it, too."""
    return [
        Found(
            f"projection {one.name} version {one.version}",
            "rows of the application" + ("" if one.is_read else ", not read yet"),
            str(Reach.TOLD),
            None,
        )
        for one in projections(SystemClock().now())
    ]


def _nothing() -> list[str]:
    return [place.name for place in places().places if not place.is_about_subjects]
