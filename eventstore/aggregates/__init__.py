"""What application developers write: decide, record, evolve; pure."""

from __future__ import annotations

from eventstore.aggregates.aggregate import (
    Aggregate,
    DomainError,
    code_digest,
    refuse_unfit,
    replay,
)

__all__ = [
    "Aggregate",
    "DomainError",
    "code_digest",
    "refuse_unfit",
    "replay",
]
