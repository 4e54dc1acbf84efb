"""Whom events are about: what is recorded before they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventstore.conf import registry
from eventstore.errors import InvalidEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eventstore.events import RecordedEvent


def subjects_in(events: Iterable[RecordedEvent]) -> set[str]:
    """The persons' ids. An event whose type nobody knows, or that names nobody, is about whom its stream is about."""
    found = (
        subject_of(e.metadata.stream_id, e.metadata.event_type, e.data) for e in events
    )
    return {subject for subject in found if subject is not None}


def subject_of(stream_id: str, event_type: str, data: Mapping[str, Any]) -> str | None:
    """None: nobody."""
    known = registry().event_type_named(event_type)
    own = stream_id.partition(".")[2]
    if known is None:
        return own
    try:
        return known.subject_of(stream_id, data)
    except InvalidEvent:
        return own
