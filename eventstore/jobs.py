"""Scheduled work, for who writes jobs of their own. It stands in `eventstore.upkeep.jobs`."""

from __future__ import annotations

from eventstore.upkeep.jobs import Counts, Job, JobOutcome, Jobs

__all__ = ["Counts", "Job", "JobOutcome", "Jobs"]
