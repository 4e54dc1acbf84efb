"""From a row of the mirror to the events that it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from eventstore.accepted import decode_accepted
from eventstore.codec import decode
from eventstore.conf import registry
from eventstore.events import Commit, EventMetadata, Position, RecordedEvent, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


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
) -> Iterator[list[RecordedEvent]]:
    """The events of accepted records, record by record.

    A row begins with position, recorded_at, first_version, and the value as text: bytes would travel in hexadecimal
    digits, twice as long, and an accepted record is UTF-8.
    """
    types = registry()
    for packed, recorded_at, first_version, value, *_ in rows:
        number, partition, offset, _ = unpack(packed)
        topic, commit = types.topic_numbered(number), decode_accepted(value)
        stream_id, stream_type = commit.stream_id, commit.stream_id.partition(".")[0]
        yield [
            RecordedEvent(
                EventMetadata(
                    event.event_id,
                    stream_id,
                    event.type,
                    first_version + index,
                    event.occurred_at,
                    event.correlation_id,
                    event.causation_id,
                ),
                event.data,
                event.schema,
                Position(topic, partition, offset, index),
                recorded_at,
                commit.commit_id,
                event.sealed,
                types.problem_of(stream_type, event),
            )
            for index, event in enumerate(commit.events)
        ]
