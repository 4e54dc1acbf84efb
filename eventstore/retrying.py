"""Decide anew when somebody was faster: `eventstore.repository.retrying`."""

from __future__ import annotations

from eventstore.repository.retrying import (
    ATTEMPTS,
    A,
    Pause,
    T,
    aretrying,
    retrying,
)

__all__ = [
    "A",
    "ATTEMPTS",
    "Pause",
    "T",
    "aretrying",
    "retrying",
]
