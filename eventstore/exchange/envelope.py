"""An event as CloudEvents 1.0 JSON, the way this store writes it: its attributes in their one order, then its data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from eventstore.events import RecordedEvent, Sealed

JSON_DATA: Final = "application/json"


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whatever is left out is not written.

    withheld, problem: the names of the fields that are left out, with commas between, and what is the matter: of the real-time stream, and
    of an export of what another writer has not sealed. sealed…: of the real-time stream alone, the box of the fields that it leaves out.
    """

    specversion: str
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str | None = None
    correlationid: UUID | None = None
    causationid: UUID | None = None
    commitid: UUID | None = None
    schemaversion: int | None = None
    streamversion: int | None = None
    recordedtime: datetime | None = None
    logposition: str | None = None
    withheld: str | None = None
    problem: str | None = None
    sealedkey: str | None = None
    sealednonce: str | None = None
    sealedbox: str | None = None
    data: Any = msgspec.UNSET


def envelope_of(
    recorded: RecordedEvent,
    source: str,
    *,
    data: Any = msgspec.UNSET,
    datacontenttype: str | None = None,
    schema: int | None = None,
    withheld: str | None = None,
    problem: str | None = None,
) -> Envelope:
    """That of an event that was accepted. schema: its own if left out."""
    metadata = recorded.metadata
    return Envelope(
        specversion="1.0",
        id=metadata.event_id,
        source=source,
        type=metadata.event_type,
        subject=metadata.stream_id,
        time=metadata.timestamp.astimezone(UTC),
        datacontenttype=datacontenttype,
        correlationid=metadata.correlation_id,
        causationid=metadata.causation_id,
        commitid=recorded.commit_id,
        schemaversion=recorded.schema if schema is None else schema,
        streamversion=metadata.version,
        recordedtime=recorded.recorded_at.astimezone(UTC),
        logposition=str(recorded.position),
        withheld=withheld,
        problem=problem,
        data=data,
    )


def with_box(envelope: Envelope, sealed: Sealed) -> Envelope:
    """The same, and what is sealed of the event."""
    return msgspec.structs.replace(
        envelope,
        sealedkey=sealed.key,
        sealednonce=sealed.nonce,
        sealedbox=sealed.box,
    )


_ENCODER: Final = msgspec.json.Encoder()


def encode(envelope: Envelope) -> bytes:
    """One JSON object, UTF-8, without a line feed."""
    return _ENCODER.encode(envelope)
