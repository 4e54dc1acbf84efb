"""From a mirrored record to its events: each with its own version and position, and as unchangeable as if made by hand."""

from __future__ import annotations

from copy import copy
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from pickle import dumps, loads
from uuid import UUID

import pytest

from eventstore.events import EventMetadata, Position, RecordedEvent, pack
from eventstore.protocol.codec import encode
from eventstore.queries.rows import recorded_events
from tests.unit.records import a_commit, an_event

THEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def the_events() -> list[RecordedEvent]:
    """Two of one record, then one of another place."""
    two = encode(a_commit(an_event(1), an_event(2))).decode()
    one = encode(a_commit(an_event(3))).decode()
    rows = [(pack(2, 3, 4711), THEN, 7, two), (pack(3, 0, 2**38 - 1), THEN, 1, one)]
    return [event for events in recorded_events(rows) for event in events]


def test_each_event_has_its_version_and_its_position() -> None:
    first, second, other = the_events()

    assert [e.metadata.version for e in (first, second, other)] == [7, 8, 1]
    assert first.position == Position("eventstore.conversation", 3, 4711, 0)
    assert second.position == Position("eventstore.conversation", 3, 4711, 1)
    assert other.position == Position("eventstore.parent", 0, 2**38 - 1, 0)
    assert first.problem == "unknown_type"
    assert first.commit_id == second.commit_id


def test_metadata_that_was_read_is_metadata_like_any_other() -> None:
    read = the_events()[0].metadata
    made = EventMetadata(**{name: getattr(read, name) for name in read.__slots__})

    assert type(read) is EventMetadata
    assert read == made
    assert hash(read) == hash(made)
    assert repr(read) == repr(made)
    assert loads(dumps(read)) == copy(read) == made  # noqa: S301  (our own)
    with pytest.raises(FrozenInstanceError):
        read.event_id = UUID(int=0)  # type: ignore[misc]


def test_what_was_read_cannot_be_changed() -> None:
    event = the_events()[0]

    with pytest.raises(AttributeError):
        event.schema = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        event.position.offset = 2  # type: ignore[misc]
