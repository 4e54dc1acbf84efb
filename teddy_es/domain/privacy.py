"""What was done with a person's data as such. Stream: `privacy.{subject id}`.

About nobody in the sense of erasure: the proof that a person was forgotten must outlive the forgetting.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from eventstore.registry import Event
from teddy_es.domain.fields import Code, Count, Month

HoldScope = (
    Literal["all"]
    | Annotated[list[Month], msgspec.Meta(min_length=1, max_length=1_200)]
)


class ErasureCompleted(Event, frozen=True, kw_only=True):
    """The subject's keys were destroyed: so many keys, which covered so many events."""

    request: Code | None = None
    keys: Count
    events: Count


class HoldPlaced(Event, frozen=True, kw_only=True):
    """The law forbids to erase the subject's data, all of it or some months, until the hold is lifted."""

    hold_id: Code
    scope: HoldScope
    clause: Code


class HoldLifted(Event, frozen=True, kw_only=True):
    """The hold no longer binds."""

    hold_id: Code
    scope: HoldScope
    clause: Code
