"""Who looked at whose data, and why. Stream: `access.{id of who looked}`."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, get_args

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
    "statutory_report",
    "legal_process",
    "complaint",
    "breach_assessment",
    "rule_evaluation",
]
PURPOSES: Final = get_args(Purpose)
"""What data may be looked at for; nothing else is taken."""

MOST_SUBJECTS: Final = 5_000
"""Of one event. Each id has up to 100 characters, and a commit up to a million bytes."""

ACTOR: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
"""What the name of somebody who looks can be: behind `access.` it names their stream."""

Seen = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.:/-]{1,200}\Z")]
"""What was looked at: a stream's id, whose type stands before its own id, or a list's name."""


class DataAccessed(Event, frozen=True, kw_only=True):
    """Somebody was about to see data of these people; written before they saw it."""

    actor: Code
    actor_kind: ActorKind
    kind: Kind
    purpose: Purpose
    subjects: Annotated[list[Id], msgspec.Meta(max_length=10_000)]
    object: Seen | None = None
    reference: Code | None = None
