"""What the campaign's events say in confidence, and of whom: the same whoever proposes it, and so what the judge holds boxes against."""

from __future__ import annotations

from typing import Final
from zlib import crc32

SUBJECTS: Final = 24  # persons whom conversations are about
ERASABLE: Final = (*(f"child-{n}" for n in range(0, SUBJECTS, 2)), "shared-3")


def sensitive_of(event_type: str, label: str, padding: int) -> dict[str, str]:
    """What of an event is sealed: the same whoever proposes it, and no other's."""
    said = f"{label} {'x' * padding}"
    return {
        "ChildRegistered": {"name": said},
        "ConversationStarted": {"device_id": f"{label}-device"},
        "TeddyReplied": {"text": said},
    }.get(event_type, {})


def subject_of(stream_id: str) -> str:
    """Whom a stream's events are about: a child's own stream about itself, a conversation about one of some children."""
    kind, _, own = stream_id.partition(".")
    return own if kind == "child" else f"child-{crc32(own.encode()) % SUBJECTS}"
