"""What was done with a person's data as such. Stream: `privacy.{subject id}`.

About nobody in the sense of erasure: the proof that a person was forgotten must outlive the forgetting.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import msgspec

from eventstore.registry import Event
from teddy_es.domain.fields import Code, Count, Month, MonthOrAll

HoldScope = (
    Literal["all"]
    | Annotated[list[Month], msgspec.Meta(min_length=1, max_length=1_200)]
)
HoldKind = Literal["statutory", "law_enforcement", "litigation", "internal"]
KeyId = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"
    ),
]
Commitment = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Why = Literal["erasure", "retention", "undead", "order"]


class KeyMinted(Event, frozen=True, kw_only=True):
    """A key was made for the subject's data of a class and a month (`all`: of its snapshots), before anything was sealed with it.

    commitment: SHA-256 of the key, in hexadecimal digits: no other key can be said to have been this one.
    """

    key_id: KeyId
    retention_class: Code
    month: MonthOrAll
    commitment: Commitment


class DestructionOrdered(Event, frozen=True, kw_only=True):
    """Keys are to be destroyed, and no hold stood against it: from here on it goes on to its end.

    keys: their ids; absent for an erasure, which takes all that the subject has.
    """

    why: Why
    request: Code | None = None
    requested_by: Code | None = None
    approved_by: Code | None = None
    keys: Annotated[list[KeyId], msgspec.Meta(max_length=10_000)] | None = None


class KeyDestroyed(Event, frozen=True, kw_only=True):
    """The key is gone, and with it whatever was sealed with it. `undead`: it had come back with a restored key store."""

    key_id: KeyId
    why: Why
    request: Code | None = None


class ErasureCompleted(Event, frozen=True, kw_only=True):
    """The subject's keys were destroyed: so many keys, which covered so many events. found: place → what was there, counted."""

    request: Code | None = None
    keys: Count
    events: Count
    requested_by: Code | None = None
    approved_by: Code | None = None
    found: dict[Code, Count] | None = None


class HoldPlaced(Event, frozen=True, kw_only=True):
    """The law forbids to erase the subject's data, all of it or some months, until the hold is lifted.

    floor: before this day it may not be lifted; when the day is past it binds all the same.
    """

    hold_id: Code
    scope: HoldScope
    clause: Code
    kind: HoldKind | None = None
    floor: datetime.date | None = None
    requested_by: Code | None = None


class HoldLifted(Event, frozen=True, kw_only=True):
    """The hold no longer binds."""

    hold_id: Code
    scope: HoldScope
    clause: Code
    kind: HoldKind | None = None
    floor: datetime.date | None = None
    requested_by: Code | None = None
    approved_by: Code | None = None
