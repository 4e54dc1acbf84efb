"""Load, decide, save; and again if somebody else was faster. It stands in `eventstore.repository.retrying`."""

from __future__ import annotations

from eventstore.repository.retrying import ATTEMPTS, Pause, aretrying, retrying

__all__ = ["ATTEMPTS", "Pause", "aretrying", "retrying"]
