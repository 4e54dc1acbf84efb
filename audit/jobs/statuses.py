"""How each job of the schedule stands now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventstore.queries.jobs import JobRunRow, latest_runs
from eventstore.upkeep.schedule import scheduled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from eventstore.upkeep.jobs import Job


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as it stands now. missing: runs that were due since the last one and did not happen, this one not counted."""

    job: Job
    last: JobRunRow | None
    due: datetime
    missing: int

    @property
    def word(self) -> str:
        """What is to be said of it first."""
        if self.last is None:
            return "never run"
        return "missing" if self.missing else self.last.outcome


def statuses(now: datetime) -> list[JobStatus]:
    """Every job of the schedule."""
    return statuses_by(latest_runs(list(scheduled())), now)


def statuses_by(latest: Mapping[str, JobRunRow], now: datetime) -> list[JobStatus]:
    """The same, where the last run of each is known."""
    return [_status(job, latest.get(job.name), now) for job in scheduled().values()]


def _status(job: Job, last: JobRunRow | None, now: datetime) -> JobStatus:
    due = job.due_at(now)
    # the run that is due now may still come: it is missing only when the next one is due
    missing = 0 if last is None else (due - last.until) // job.every - 1
    return JobStatus(job, last, due + job.every, max(0, missing))
