"""Aggregates: loaded, cached, saved, decided anew."""

from __future__ import annotations

from eventstore.repository.repository import (
    AggregateRepository,
)

__all__ = [
    "AggregateRepository",
]
