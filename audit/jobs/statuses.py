"""How each job of the schedule stands now, and how its last runs went: a run that did not happen counts against it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from eventstore.queries.jobs import JobRunRow, last_runs
from eventstore.upkeep.schedule import scheduled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eventstore.upkeep.jobs import Job

RUNS: Final = 24
"""How many of a job's last runs are looked at."""
TO_BEGIN: Final = timedelta(minutes=10)
"""How long those who run the jobs of a new store have to begin."""
_BAD: Final = {"failed", "lost"}


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as it stands now.

    missing: runs that were due since the last one and did not happen, this one not counted; nobody has noted them yet. outcomes:
    of its last runs and of those, the oldest first, in the words of `audit.drawing.runs`. is_new: it never ran, and was not left out
    either.
    """

    job: Job
    last: JobRunRow | None
    due: datetime
    missing: int
    outcomes: Sequence[str]
    is_new: bool = False

    @property
    def missed(self) -> int:
        """Of its last runs: the number that every page says."""
        return self.outcomes.count("missed")

    @property
    def word(self) -> str:
        """What is to be said of it first."""
        if self.last is None:
            return "not due yet" if self.is_new else "never run"
        return "missed" if self.missing else self.last.outcome

    @property
    def is_in_order(self) -> bool:
        """Whether its last run went well, if one was due, and none was missed since."""
        return self.word in {"done", "running", "not due yet"}


def job_statuses(now: datetime) -> Sequence[JobStatus]:
    """Every job of the schedule."""
    jobs = scheduled()
    found = last_runs(list(jobs), RUNS)
    return [
        status_of(job, found.by_job.get(name, ()), now, found.store_made)
        for name, job in jobs.items()
    ]


def status_of(
    job: Job, rows: Sequence[JobRunRow], now: datetime, made: datetime | None = None
) -> JobStatus:
    """rows: the last of its runs, the newest first. made: when the store was."""
    due = job.due_at(now)
    last = rows[0] if rows else None
    # the run that is due now may still come: it is missed only when the next one is due
    missing = max(0, (due - last.until) // job.every - 1) if last else 0
    outcomes = _outcomes(rows, missing, job.every)
    is_new = last is None and made is not None and now < _owed_from(job, made)
    return JobStatus(job, last, due + job.every, missing, outcomes, is_new)


def _owed_from(job: Job, made: datetime) -> datetime:
    """From when on it is amiss that it never ran: as for every other run, when the first that was due is over."""
    return max(job.due_at(made) + 2 * job.every, made + TO_BEGIN)


def _outcomes(
    rows: Sequence[JobRunRow], missing: int, every: timedelta
) -> Sequence[str]:
    """A row stands for all runs that were missed in a row. The first of all belongs to a time at which nobody could run it yet, and is not late."""
    outcomes: list[str] = []
    first = rows[-1] if 0 < len(rows) < RUNS else None
    for row in reversed(rows):
        if row.outcome != "running":
            word = _word(row, every, may_be_late=row is not first)
            outcomes += [word] * min(row.runs, RUNS)
    outcomes += ["missed"] * min(missing, RUNS)
    return outcomes[-RUNS:]


def _word(row: JobRunRow, every: timedelta, *, may_be_late: bool) -> str:
    if row.outcome == "missed":
        return "missed"
    if row.outcome in _BAD:
        return "bad"
    is_late = row.started is not None and row.started - row.due > every / 2
    return "late" if is_late and may_be_late else "ok"
