"""How each job of the schedule stands now, and how its last runs went: a run that did not happen counts against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.queries.jobs import JobRunRow, last_runs
from eventstore.upkeep.schedule import scheduled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from eventstore.upkeep.jobs import Job

RUNS: Final = 24
"""How many of a job's last runs are looked at."""
_BAD: Final = {"failed", "lost"}


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as it stands now.

    missing: runs that were due since the last one and did not happen, this one not counted; nobody has noted them yet. outcomes:
    of its last runs and of those, the oldest first, in the words of `audit.drawing.runs`.
    """

    job: Job
    last: JobRunRow | None
    due: datetime
    missing: int
    outcomes: Sequence[str]

    @property
    def missed(self) -> int:
        """Of its last runs: the number that every page says."""
        return self.outcomes.count("missed")

    @property
    def word(self) -> str:
        """What is to be said of it first."""
        if self.last is None:
            return "never run"
        return "missed" if self.missing else self.last.outcome

    @property
    def is_in_order(self) -> bool:
        """Whether its last run went well, and none was missed since."""
        return self.word in {"done", "running"}


def job_statuses(now: datetime) -> Sequence[JobStatus]:
    """Every job of the schedule."""
    found = last_runs(list(scheduled()), RUNS)
    return [
        status_of(job, found.get(job.name, ()), now) for job in scheduled().values()
    ]


def status_of(job: Job, rows: Sequence[JobRunRow], now: datetime) -> JobStatus:
    """rows: the last of its runs, the newest first."""
    due = job.due_at(now)
    last = rows[0] if rows else None
    # the run that is due now may still come: it is missed only when the next one is due
    missing = max(0, (due - last.until) // job.every - 1) if last else 0
    outcomes = _outcomes(rows, missing, job.every)
    return JobStatus(job, last, due + job.every, missing, outcomes)


def _outcomes(
    rows: Sequence[JobRunRow], missing: int, every: timedelta
) -> Sequence[str]:
    """A row stands for all runs that were missed in a row."""
    outcomes: list[str] = []
    for row in reversed(rows):
        if row.outcome != "running":
            outcomes += [_word(row, every)] * min(row.runs, RUNS)
    outcomes += ["missed"] * min(missing, RUNS)
    return outcomes[-RUNS:]


def _word(row: JobRunRow, every: timedelta) -> str:
    if row.outcome == "missed":
        return "missed"
    if row.outcome in _BAD:
        return "bad"
    is_late = row.started is not None and row.started - row.due > every / 2
    return "late" if is_late else "ok"
