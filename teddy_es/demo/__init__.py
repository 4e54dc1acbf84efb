"""Data to try the store with: real conversations as a file, and households around them with all that can happen to a child."""

from __future__ import annotations

from teddy_es.demo.talks import (
    SOURCE,
    Conversation,
    DatasetMissing,
    conversations,
    demo_lines,
    events_of,
    importable,
)

__all__ = [
    "SOURCE",
    "Conversation",
    "DatasetMissing",
    "conversations",
    "demo_lines",
    "events_of",
    "importable",
]
