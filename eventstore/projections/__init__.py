"""Read models that follow the log: tables which can be built anew beside those that are read, compared, and switched."""

from __future__ import annotations

from eventstore.projections.projection import Projection

__all__ = ["Projection"]
