"""What the fold accepted, read again: fast, because it was judged when it was folded.

The mirror's bytes are exactly those that passed the grammar (`codec.decode`), so whoever reads them may leave the
grammar to the fold: a thousand readings need not ask a thousand times what was decided once. Both readings agree on
everything that the grammar takes; a property test holds them together.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from eventstore.events import Sealed


class AcceptedEvent(msgspec.Struct, frozen=True, gc=False):
    """One event of an accepted record, as `CommitEvent` has it, but for the instant."""

    event_id: UUID
    type: str
    schema: int
    occurred_at: datetime
    correlation_id: UUID | None
    causation_id: UUID | None
    data: dict[str, Any]
    sealed: Sealed | None = None


class AcceptedCommit(msgspec.Struct, frozen=True, gc=False):
    """What readers need of an accepted record: not what it expected, that was answered."""

    commit_id: UUID
    stream_id: str
    events: list[AcceptedEvent]


_DECODER: Final = msgspec.json.Decoder(AcceptedCommit)


def decode_accepted(value: bytes | str) -> AcceptedCommit:
    """The commit in an accepted record. Raises `msgspec.DecodeError` where it is none: no fold took such a record."""
    return _DECODER.decode(value)
