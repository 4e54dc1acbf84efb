"""Aggregates: loaded, cached, saved, decided anew."""

from __future__ import annotations

from eventstore.repository.repository import (
    A,
    AggregateRepository,
    EventSourcingRepository,
)

__all__ = [
    "A",
    "AggregateRepository",
    "EventSourcingRepository",
]
