"""One event's sealed fields, opened under a key that is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from eventstore.events import Withheld
from eventstore.sealing.box import (
    Unopenable,
    associated_data,
    from_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from eventstore.ports import SealedEvent
    from eventstore.sealing.box import Cipher

UNOPENABLE: Final = Withheld("unopenable")
_DECODER: Final = msgspec.json.Decoder(dict[str, Any])
_ENCODER: Final = msgspec.json.Encoder()
_QUOTED: Final = 29  # bytes of an instant with microseconds, in quotes


def opened(
    cipher: Cipher, stream_id: str, commit_id: UUID, event: SealedEvent
) -> Mapping[str, Any] | Withheld:
    """The fields in the event's box; `Withheld` if it is not what was sealed under this key for this event."""
    sealed = event.sealed
    if sealed is None:
        return {}
    bound = associated_data(
        stream_id,
        commit_id,
        event.event_id,
        event.type,
        event.schema,
        sealed.key,
        instant_as_written(event.occurred_at),
    )
    try:
        text = cipher.open(from_text(sealed.nonce), from_text(sealed.box), bound)
        return _DECODER.decode(text)
    except (Unopenable, msgspec.MsgspecError, ValueError):
        return UNOPENABLE


def instant_as_written(instant: str | datetime) -> bytes:
    """Its text in the record. (`isoformat` takes longer than to open the box.)"""
    if isinstance(instant, str):
        return instant.encode()
    quoted = _ENCODER.encode(instant)
    return quoted[1:-1] if len(quoted) == _QUOTED else quoted[1:-2] + b".000000Z"
