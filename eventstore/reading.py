"""The reads of a store. They stand in `eventstore.queries.reading`."""

from __future__ import annotations

from eventstore.queries.reading import Reading, refuse_foreign, topics_of

__all__ = ["Reading", "refuse_foreign", "topics_of"]
