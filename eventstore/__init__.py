"""The event store's core: any domain could use it. Its rooms are in docs/ARCHITECTURE.md."""

from __future__ import annotations
