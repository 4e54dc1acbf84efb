"""Scheduled work, for who writes jobs of their own: `eventstore.upkeep.jobs`."""

from __future__ import annotations

from eventstore.upkeep.jobs import (
    Counts,
    Job,
    JobOutcome,
    Jobs,
    logger,
)

__all__ = [
    "Counts",
    "Job",
    "JobOutcome",
    "Jobs",
    "logger",
]
