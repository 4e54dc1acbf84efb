"""The reads of a store. They stand in `eventstore.queries.reading`."""

from __future__ import annotations

from eventstore.queries.reading import Reading

__all__ = ["Reading"]
