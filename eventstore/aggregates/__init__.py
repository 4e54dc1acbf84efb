"""What application developers write: decide, record, evolve; pure."""

from __future__ import annotations

from eventstore.aggregates.aggregate import (
    Aggregate,
    DomainError,
    S,
    code_digest,
    refuse_clashes,
    refuse_unfit,
    replay,
)
from eventstore.aggregates.saving import Proposed

__all__ = [
    "Aggregate",
    "DomainError",
    "Proposed",
    "S",
    "code_digest",
    "refuse_clashes",
    "refuse_unfit",
    "replay",
]
