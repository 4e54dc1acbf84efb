"""Accepted commits in mirror, index and heads, put there as a fold does, without a log and inside a test's transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from eventstore.conf import conf, registry
from eventstore.events import (
    Commit,
    CommitEvent,
    Expected,
    Place,
    Position,
    instant_of,
    pack,
    to_milliseconds,
    written,
)
from eventstore.models import Event, IndexComplete, Partition, Record, Stream
from eventstore.protocol.codec import encode
from eventstore.protocol.fold import Verdict
from eventstore.protocol.hashing import record_hash
from eventstore.protocol.placement import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def an_event(type: str = "ConversationStarted", **fields: Any) -> CommitEvent:  # noqa: A002  (a record's word)
    """An event with defaults; keywords that are no field of it become its data."""
    own = {
        name: fields.pop(name)
        for name in ("event_id", "correlation_id", "causation_id", "sealed", "schema")
        if name in fields
    }
    data = fields.pop("data", None) or fields or {"child_id": "child-1"}
    given: dict[str, Any] = {
        "event_id": uuid4(),
        "type": type,
        "schema": 1,
        "occurred_at": written(START - timedelta(days=3)),
        "correlation_id": None,
        "causation_id": None,
        "data": data,
    }
    return CommitEvent(**given | own)


class Mirrored:
    """The tables of one test. Each commit is recorded a second after the one before it."""

    def __init__(self) -> None:
        IndexComplete.objects.get_or_create(id=1)  # no log, so there is no more to fold
        self.now = START
        self.heads: dict[str, int] = {}
        self.offsets: dict[Place, int] = {}

    def commit(
        self,
        stream_id: str = "conversation.conv-1",
        *events: CommitEvent,
        commit_id: UUID | None = None,
    ) -> Sequence[Position]:
        """Accept one commit; its events' positions."""
        commit = Commit(
            commit_id or uuid4(), stream_id, Expected.ANY, events or (an_event(),)
        )
        place = place_of(stream_id, conf.PARTITIONS)
        offset = self.offsets.get(place, 0)
        self.offsets[place] = offset + 1
        self.now += timedelta(seconds=1)
        first = self.heads.get(stream_id, 0) + 1
        self.heads[stream_id] = first + len(commit.events) - 1
        positions = [
            Position(place.topic, place.partition, offset, n)
            for n in range(len(commit.events))
        ]
        self._record(commit, place, offset, first)
        self._events(commit, positions, first)
        self._head(stream_id, place)
        return positions

    def commits(self, count: int, stream_id: str = "conversation.conv-1") -> None:
        """So many commits of one event each."""
        for _ in range(count):
            self.commit(stream_id)

    def _record(self, commit: Commit, place: Place, offset: int, first: int) -> None:
        key, value = commit.stream_id.encode(), encode(commit)
        Record.objects.create(
            position=_packed(place, offset),
            recorded_at=self.now,
            verdict=Verdict.ACCEPTED.value,
            head=first - 1,
            commit_id=commit.commit_id,
            stream_id=commit.stream_id,
            first_version=first,
            event_count=len(commit.events),
            key=key,
            value=value,
            hash=record_hash(place, offset, to_milliseconds(self.now), key, value),
        )

    def _events(
        self, commit: Commit, positions: Sequence[Position], first: int
    ) -> None:
        Event.objects.bulk_create(
            Event(
                position=_packed(
                    Place(position.topic, position.partition),
                    position.offset,
                    position.index,
                ),
                event_id=event.event_id,
                stream_id=commit.stream_id,
                version=first + position.index,
                event_type=event.type,
                occurred_at=instant_of(event.occurred_at),
                recorded_at=self.now,
                correlation_id=event.correlation_id,
                causation_id=event.causation_id,
            )
            for event, position in zip(commit.events, positions, strict=True)
        )

    def _head(self, stream_id: str, place: Place) -> None:
        Stream.objects.update_or_create(
            stream_id=stream_id,
            defaults={
                "version": self.heads[stream_id],
                "last_recorded_at": self.now,
            },
            create_defaults={
                "type_number": _number(place),
                "version": self.heads[stream_id],
                "first_recorded_at": self.now,
                "last_recorded_at": self.now,
            },
        )
        Partition.objects.update_or_create(
            id=_number(place) * 512 + place.partition,
            defaults={
                "topic": place.topic,
                "partition": place.partition,
                "partitions": conf.PARTITIONS,
                "topic_id": "test",
                "generation": uuid4(),
                "cursor": self.offsets[place],
                "last_recorded_at": to_milliseconds(self.now),
            },
        )


@pytest.fixture
def mirrored(db: None) -> Mirrored:
    """Empty tables, ready for commits."""
    return Mirrored()


def _packed(place: Place, offset: int, index: int = 0) -> int:
    return pack(_number(place), place.partition, offset, index)


def _number(place: Place) -> int:
    numbers: Mapping[str, int] = {
        kind.topic: kind.number for kind in registry().stream_types.values()
    }
    return numbers[place.topic]


@pytest.fixture
def tampering(db: None) -> None:
    """What no trigger lets anybody do, until the test's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('session_replication_role', 'replica', true)")
