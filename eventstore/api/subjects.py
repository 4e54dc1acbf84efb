"""Whom events are about: what is recorded before they are shown, and what keeps them from who may not see those persons' data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventstore.conf import registry
from eventstore.errors import InvalidEvent
from eventstore.events import stream_type_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eventstore.events import RecordedEvent
    from eventstore.ports import Reach


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


def seen_by(reach: Reach, events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """Of events of streams that the reach covers, those that are about nobody else.

    One that is about another person may stand in a stream before the reach has heard of it: so it is asked of each event, not of streams alone.
    """
    others = others_in(reach, events)
    return [event for event in events if named_by(event) not in others]


def others_in(reach: Reach, events: Iterable[RecordedEvent]) -> set[str | None]:
    """Whom they name and the reach does not know. One question, if they name anybody."""
    if reach.sees_all:
        return set()
    return unknown_to(reach, map(named_by, events))


def unknown_to(reach: Reach, names: Iterable[str | None]) -> set[str | None]:
    """Those of these persons whom the reach does not know."""
    named = {name for name in names if name is not None}
    return {*(named - reach.knows(named) if named else ())}


def named_by(event: RecordedEvent) -> str | None:
    """See `named_in`."""
    about = event.metadata
    return named_in(about.stream_id, about.event_type, event.data)


def named_in(stream_id: str, event_type: str, data: Mapping[str, Any]) -> str | None:
    """Whom an event is about by its own words; None: it is about whom its stream is about, or about nobody.

    Of what nobody can read it is taken that it names the stream's own: where that is no person, no reach knows it.
    """
    known = registry().event_type_named(event_type)
    if known is None or known.stream_type != stream_type_of(stream_id):
        return stream_id.partition(".")[2]
    return subject_of(stream_id, event_type, data) if known.subject else None
