"""An event as the API shows it: JSON, as bytes, for lists, streams and the feed alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from eventstore.sealing.opened import instant_as_written

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from eventstore.events import RecordedEvent, Withheld


class _Withheld(msgspec.Struct, omit_defaults=True, gc=False):
    reason: str
    at: msgspec.Raw | None = None
    request: str | None = None


class _Rendered(msgspec.Struct, omit_defaults=True, gc=False):
    """In the order in which it is read. Only what has a default may be left out."""

    event_id: UUID
    stream_id: str
    type: str
    schema: int
    version: int
    occurred_at: msgspec.Raw
    recorded_at: msgspec.Raw
    correlation_id: UUID | None
    causation_id: UUID | None
    commit_id: UUID
    position: str
    data: Any
    withheld: _Withheld | None = None
    problem: str | None = None


_ENCODER: Final = msgspec.json.Encoder()


def rendered(event: RecordedEvent) -> bytes:
    """One event: its metadata, the data that was opened, and why the rest was not. JSON in one line."""
    about = event.metadata
    return _ENCODER.encode(
        _Rendered(
            about.event_id,
            about.stream_id,
            about.event_type,
            event.schema,
            about.version,
            _instant(about.timestamp),
            _instant(event.recorded_at),
            about.correlation_id,
            about.causation_id,
            event.commit_id,
            str(event.position),
            event.data,
            None if event.withheld is None else _withheld(event.withheld),
            event.problem,
        )
    )


def page(events: Iterable[bytes], following: str | None) -> bytes:
    """A page of rendered events. following: the cursor behind it; None: there is none, as of a list that has ended."""
    after = _ENCODER.encode(following)
    return b'{"events":[' + b",".join(events) + b'],"next":' + after + b"}"


def _withheld(withheld: Withheld) -> _Withheld:
    at = None if withheld.at is None else _instant(withheld.at)
    return _Withheld(withheld.reason, at, withheld.request)


def _instant(instant: datetime) -> msgspec.Raw:
    """As it stands in a record, always with microseconds."""
    return msgspec.Raw(b'"' + instant_as_written(instant) + b'"')
