"""Opening what is sealed: a right that is handed in. That a piece of code asks for the configured opener is the right."""

from __future__ import annotations

from eventstore.opening.configured import key_ring, opener, sealer
from eventstore.opening.opener import KeyOpener
from eventstore.opening.recorder import Access, record, recorded_opener

__all__ = [
    "Access",
    "KeyOpener",
    "key_ring",
    "opener",
    "record",
    "recorded_opener",
    "sealer",
]
