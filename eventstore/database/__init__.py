"""Connections of the store's own, what a server must be, what its errors mean, columns as PostgreSQL's binary arrays."""

from __future__ import annotations

from eventstore.database.conditions import (
    Condition,
    Overtaken,
    condition_of,
    described,
    is_full,
    is_lost,
    is_replanned,
    is_silence,
    is_the_databases,
    is_trouble,
    kind_of,
    named,
    took_too_long,
    translated,
    word_of,
)
from eventstore.database.connections import (
    Connect,
    and_hang_up,
    connect,
    has_hung_up,
)

__all__ = [
    "Condition",
    "Connect",
    "Overtaken",
    "and_hang_up",
    "condition_of",
    "connect",
    "described",
    "has_hung_up",
    "is_full",
    "is_lost",
    "is_replanned",
    "is_silence",
    "is_the_databases",
    "is_trouble",
    "kind_of",
    "named",
    "took_too_long",
    "translated",
    "word_of",
]
