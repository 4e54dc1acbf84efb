"""The commit ids under which the log is told of keys: each derived of what it tells, so that who repeats it writes it once."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

_MINTED: Final = UUID("5d0c1a52-3b7e-5c0a-9a43-6f1d6f0a1c01")
_DESTROYED: Final = UUID("5d0c1a52-3b7e-5c0a-9a43-6f1d6f0a1c02")
_COMPLETED: Final = UUID("5d0c1a52-3b7e-5c0a-9a43-6f1d6f0a1c04")
_REQUEST: Final = UUID("5d0c1a52-3b7e-5c0a-9a43-6f1d6f0a1c05")


def commit_of_minted(key_id: UUID) -> UUID:
    """Of the commit that says that the key was made."""
    return uuid5(_MINTED, str(key_id))


def commit_of_destroyed(key_id: UUID, again: str = "") -> UUID:
    """Of the commit that says that the key is gone. again: when it was destroyed, where it had come back."""
    return uuid5(_DESTROYED, f"{key_id}/{again}" if again else str(key_id))


def commit_of_completed(subject: str, request: str) -> UUID:
    """Of the commit that says that the erasure is done."""
    return uuid5(_COMPLETED, f"{subject}/{request}")


def correlation_of(request: str) -> UUID:
    """Of all events that a request had: by it they are found, whoever they are about."""
    return uuid5(_REQUEST, request)
