"""Connections of the store's own, what a server must be, columns as PostgreSQL's binary arrays."""

from __future__ import annotations

from eventstore.database.connections import (
    TROUBLE,
    Connect,
    connect,
    has_hung_up,
    is_full,
    is_lost,
    is_trouble,
    named,
    told,
    took_too_long,
)

__all__ = [
    "TROUBLE",
    "Connect",
    "connect",
    "has_hung_up",
    "is_full",
    "is_lost",
    "is_trouble",
    "named",
    "told",
    "took_too_long",
]
