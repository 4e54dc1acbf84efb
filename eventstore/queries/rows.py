"""From a row of the mirror to the events that it holds."""

from __future__ import annotations

from dataclasses import make_dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from eventstore.conf import registry
from eventstore.errors import UnreadableEvent
from eventstore.events import (
    MAX_OFFSET,
    SEALED_AWAY,
    Commit,
    EventMetadata,
    Position,
    RecordedEvent,
    Withheld,
    stream_type_in,
    stream_type_of,
    unpack,
)
from eventstore.protocol.accepted import decode_accepted
from eventstore.protocol.codec import decode
from eventstore.protocol.positions import RECORD, first_of, partition_in
from eventstore.queries.positions import position_of
from eventstore.registry import Problem
from eventstore.registry.registry import fault_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from eventstore.ports import Opener
    from eventstore.protocol.accepted import AcceptedCommit, AcceptedEvent
    from eventstore.registry import Event, Registry


class Cursor(Protocol):
    """The part of a database cursor that queries need: Django's and psycopg's both have it."""

    def execute(self, query: Any, params: Any = None, /) -> Any:
        """Run a statement."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows of it."""


def commit_of(key: bytes, value: bytes) -> Commit:
    """The commit in the bytes of a record that the fold did not call malformed."""
    content = decode(key, value)
    if not isinstance(content, Commit):
        msg = "the mirror holds bytes that are no commit under a verdict for one"
        raise TypeError(msg)
    return content


def recorded_events(
    rows: Iterable[tuple[Any, ...]],
    types: Registry | None = None,
    opener: Opener | None = None,
) -> Iterator[list[RecordedEvent]]:
    """The events of accepted records, record by record.

    A row begins with `ACCEPTED_RECORD`, its value as bytes from a cursor whose results are binary, else as text, for bytes
    would travel in hexadecimal digits, twice as long. types: the configured ones, if left out. opener: opens what is sealed; None: it stays closed.
    """
    types, topic, stream_type, partition = types or registry(), "", "", 0
    first = end = 0
    for row, commit in decoded(rows, opener):
        packed = row[0]
        if not first <= packed < end:  # as a rule the rows are of one place
            place_id = partition_in(packed)
            first, end = first_of(place_id), first_of(place_id, MAX_OFFSET)
            number, partition, _, _ = unpack(packed)
            topic = types.topic_numbered(number)
            stream_type = stream_type_in(topic)  # that of all its streams (rule 2)
        place = topic, partition, (packed - first) // RECORD
        yield _recorded(types, stream_type, commit, place, row[1], row[2], opener)


def domain_events(
    rows: Iterable[tuple[Any, ...]],
    *,
    first: int,
    last: int,
    opener: Opener | None = None,
) -> Iterator[list[Event]]:
    """The events of accepted records as their classes of today, record by record; rows and opener as above.

    Outside of the versions `first` to `last` they are not looked at: whatever stands there. Raises `UnreadableEvent`.
    """
    types = registry()
    for row, commit in decoded(rows, opener):
        packed, first_version = row[0], row[2]
        stream_type = stream_type_of(commit.stream_id)
        made: list[Any] = []
        for version, event in enumerate(commit.events, first_version):
            read_event = (
                types.read(stream_type, event, opened_by(opener, commit, event))
                if first <= version <= last
                else None
            )
            if isinstance(read_event, Problem):
                raise UnreadableEvent(
                    commit.stream_id,
                    version,
                    event_type=event.type,
                    position=str(position_of(packed + version - first_version)),
                    problem=read_event,
                )
            made.append(read_event)
        yield made


def opened_by(
    opener: Opener | None, commit: AcceptedCommit, event: AcceptedEvent
) -> Mapping[str, Any] | Withheld:
    """What was in an event's box, or why it stays closed; as `Registry.read` takes it."""
    if opener is None:
        return SEALED_AWAY
    if event.sealed is None:
        return {}
    return opener.open(commit.stream_id, commit.commit_id, event)


def prepare(opener: Opener, commits: Iterable[AcceptedCommit]) -> None:
    """Have a page's keys fetched at once."""
    opener.prepare(
        {
            event.sealed.key
            for commit in commits
            for event in commit.events
            if event.sealed is not None
        }
    )


def decoded(
    rows: Iterable[tuple[Any, ...]], opener: Opener | None
) -> Iterator[tuple[tuple[Any, ...], AcceptedCommit]]:
    """Each row with the commit in it; with an opener a page whole, its keys fetched at once."""
    if opener is None:
        return ((row, decode_accepted(row[3])) for row in rows)
    page = [(row, decode_accepted(row[3])) for row in rows]
    prepare(opener, (commit for _, commit in page))
    return iter(page)


def _recorded(
    types: Registry,
    stream_type: str,
    commit: AcceptedCommit,
    place: tuple[str, int, int],
    recorded_at: datetime,
    version: int,
    opener: Opener | None,
) -> list[RecordedEvent]:
    """One of the loops that everything read goes through: what stands in it is there for its speed."""
    stream_id = commit.stream_id
    topic, partition, offset = place
    read, secret, made = types.read, types.sensitive.get, []
    for index, event in enumerate(commit.events):
        data: Mapping[str, Any] = event.data
        hidden, withheld, problem = secret(event.type), None, None
        if event.sealed is not None or (hidden and not hidden.isdisjoint(data)):
            data, problem, withheld = _shown(types, stream_type, commit, event, opener)
        elif (value := read(stream_type, event)).__class__ is Problem:
            problem = fault_in(value)
            if problem is Problem.UNKNOWN_TYPE and opener is None:
                data, withheld = {}, SEALED_AWAY
        metadata: Any = _Unfrozen(
            event.event_id,
            stream_id,
            event.type,
            version + index,
            event.occurred_at,
            event.correlation_id,
            event.causation_id,
        )
        metadata.__class__ = EventMetadata
        recorded = RecordedEvent(
            metadata,
            data,
            event.schema,
            Position(topic, partition, offset, index),
            recorded_at,
            commit.commit_id,
            event.sealed,
            problem,
            withheld,
        )
        made.append(recorded)
    return made


def _shown(
    types: Registry,
    stream_type: str,
    commit: AcceptedCommit,
    event: AcceptedEvent,
    opener: Opener | None,
) -> tuple[Mapping[str, Any], Problem | None, Withheld | None]:
    """Of an event with something sensitive: the data that may be seen, why it cannot be read, and why the rest stays closed."""
    found = opened_by(opener, commit, event)
    problem = fault_in(types.read(stream_type, event, found))
    hidden = types.sensitive.get(event.type, frozenset())
    if (
        problem is Problem.UNKNOWN_TYPE
    ):  # nobody knows which of its fields are somebody's
        hidden = frozenset(event.data)
    in_clear = not hidden.isdisjoint(event.data)
    if problem is None and in_clear:
        problem = Problem.SENSITIVE_IN_CLEAR
    if not isinstance(found, Withheld):
        return {**event.data, **found}, problem, None
    if not in_clear:
        return event.data, problem, found
    clear = {name: v for name, v in event.data.items() if name not in hidden}
    return clear, problem, found


# A frozen dataclass, which callers are promised, sets each field by `object.__setattr__`: three times as long as all of this.
_Unfrozen: Final = make_dataclass("_Unfrozen", EventMetadata.__slots__, slots=True)
