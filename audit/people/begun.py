"""Children and conversations that began a moment ago: of what the read models have not handled yet, the log itself says whose it is.

It is asked about ids that the read models do not know, and only about streams that began since these last had everything. What is another's takes
the same questions as what is not there. Nor does it wait for a read model whether a violation was detected already.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from eventstore.errors import StreamNotFound
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.picked import first_commits
from eventstore.store import get_event_store
from teddy_es.domain.fields import is_code, is_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from eventstore.events import RecordedEvent

REGISTERED: Final = "ChildRegistered"
STARTED: Final = "ConversationStarted"
DETECTED: Final = "SafetyViolationDetected"
_ID: Final = "violation_id"
MOST: Final = 1_000  # events of a stream that are looked through; of a longer one the read models have to tell

# Index: the key. One snapshot: what is handled meanwhile is in neither of the two, and in the log behind that version.
_HANDLED: Final = """
SELECT coalesce(max(version), 0), coalesce(bool_or(violation_id = ANY(%(ids)s)), false)
  FROM people_violation WHERE child_id = %(child)s
"""


def children_of(
    parent: str, unknown: Collection[str], since: datetime | None, *, most: int = MOST
) -> set[str]:
    """Of these children, whom no read model knows, those whose streams begin with their registration by this parent, and name no other.

    since: `belonging.known_before`, asked before anything else was.
    """
    begun = _begun("child", unknown, REGISTERED, since)
    mine = [child for child, event in begun if event.data.get("parent_id") == parent]
    return {
        child for child in mine if _names(f"child.{child}", "parent_id", parent, most)
    }


def talks_of(unknown: Collection[str], since: datetime | None) -> dict[str, str]:
    """Of these conversations, which no read model knows, with which child each begins: no word yet of what comes behind."""
    begun = _begun("conversation", unknown, STARTED, since)
    return {talk: str(event.data.get("child_id")) for talk, event in begun}


def is_of(talk: str, child: str, *, most: int = MOST) -> bool:
    """Whether all of a conversation names this child alone."""
    return _names(f"conversation.{talk}", "child_id", child, most)


def is_detected_again(
    child: str, events: Sequence[tuple[str, Mapping[str, Any]]], *, begins: bool
) -> bool:
    """Whether one of these events detects a violation that this child, or an event before it, has already. begins: they may begin with the stream's first commit."""
    stream_id = f"child.{child}"
    ids = detected_by(events[_first(stream_id) if begins else 0 :])
    [(version, is_handled)] = unchecked_rows(_HANDLED, {"child": child, "ids": ids})
    return (
        len({*ids}) < len(ids)
        or bool(is_handled)
        or any(
            event.metadata.event_type == DETECTED and event.data.get(_ID) in ids
            for event in _behind(stream_id, version)
        )
    )


def detected_by(events: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """The ids of the violations that they detect. What can be no id is refused as that, and the database need not be asked."""
    found = [data.get(_ID) for kind, data in events if kind == DETECTED]
    return [one for one in found if isinstance(one, str) and is_code(one)]


def _first(stream_id: str) -> int:
    """How many events the first commit of the stream has; 0 where there is none."""
    events = _behind(stream_id, 0)
    first = next(events, None)
    if first is None:
        return 0
    return 1 + sum(
        1 for _ in takewhile(lambda one: one.commit_id == first.commit_id, events)
    )


def _behind(stream_id: str, version: int) -> Iterator[RecordedEvent]:
    try:
        yield from get_event_store().read(stream_id, from_version=version + 1)
    except StreamNotFound:
        return


def _begun(
    kind: str, ids: Collection[str], first: str, since: datetime | None
) -> Sequence[tuple[str, RecordedEvent]]:
    """Those that began so, each with its first event. One question, also of none, unless nothing waits to be handled."""
    if since is None:
        return []
    streams = [f"{kind}.{one}" for one in ids if is_id(one)]
    return [
        (event.metadata.stream_id.partition(".")[2], event)
        for event, *_ in first_commits(streams, since)
        if event.metadata.event_type == first
    ]


def _names(stream_id: str, field: str, person: str, most: int) -> bool:
    """Whether a field of the stream's events is this person wherever it is there, and the stream is no longer than that."""
    events = [*get_event_store().read(stream_id, limit=most + 1)]
    named = {event.data[field] for event in events if field in event.data}
    return len(events) <= most and named == {person}
