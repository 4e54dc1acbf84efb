"""An event as CloudEvents 1.0 JSON, the way this store writes it: its attributes in their one order, then its data."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

JSON_DATA: Final = "application/json"


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whatever is left out is not written.

    withheld, problem: of the real-time stream alone; the names of the fields that it leaves out, with commas between, and
    why it leaves out all of them.
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
    data: Any = msgspec.UNSET


_ENCODER: Final = msgspec.json.Encoder()


def encode(envelope: Envelope) -> bytes:
    """One JSON object, UTF-8, without a line feed."""
    return _ENCODER.encode(envelope)
