"""Who looked at whose data, and why. Stream: `access.{id of who looked}`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from eventstore.registry import Event
from teddy_es.domain.fields import Code, Id

ActorKind = Literal["officer", "service"]
Kind = Literal["list", "view", "reveal", "export"]
Purpose = Literal[
    "safety_review",
    "parent_request",
    "regulator",
    "quality_sample",
    "incident",
    "audit",
]


class DataAccessed(Event, frozen=True, kw_only=True):
    """Somebody was about to see data of these people; written before they saw it."""

    actor: Code
    actor_kind: ActorKind
    kind: Kind
    purpose: Purpose
    subjects: Annotated[list[Id], msgspec.Meta(max_length=10_000)]
    object: Code | None = None
    reference: Code | None = None
