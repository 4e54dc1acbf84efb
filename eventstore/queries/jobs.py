"""Runs of scheduled jobs, for people: newest first, and the last of each job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from eventstore.database.composing import composed
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.keyset import Listing, Page, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class JobRunRow:
    """A run, or all those from `due` to `until` that were missed. Times are None for what did not happen (yet)."""

    id: int
    job: str
    due: datetime
    until: datetime
    runs: int
    started: datetime | None
    ended: datetime | None
    scope: str
    counts: Mapping[str, int]
    outcome: str
    error: str | None

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()


_COLUMNS: Final = (
    "id, job, due, until, runs, started, ended, scope, counts::text, outcome, error"
)
# Of the migrations there are some dozens. Index: eventstore_jobrun_job.
_LATEST: Final = composed(
    """
SELECT made.at, run.* FROM (SELECT min(applied) at FROM django_migrations WHERE app = 'eventstore') made
 CROSS JOIN unnest(%(jobs)s::text[]) WITH ORDINALITY wanted(job, n)
  LEFT JOIN LATERAL (
       SELECT {columns} FROM eventstore_jobrun WHERE job = wanted.job ORDER BY due DESC, id DESC LIMIT %(each)s) run ON true
 ORDER BY wanted.n, run.due DESC, run.id DESC
""",
    columns=_COLUMNS,
)


def runs(wanted: Wanted, *, job: str | None = None) -> Page[JobRunRow]:
    """Runs, newest first by the time they were due; of one job or of all. Raises `BadCursor`."""
    among = [_OF_JOB] if job else []
    return _RUNS.page(wanted, unchecked_rows, among, {"job": job}, of_all=job is None)


@dataclass(frozen=True, slots=True)
class LastRuns:
    """Of the jobs that have any, the newest first. store_made: when the tables of this installation were: before that nobody could run a job."""

    by_job: Mapping[str, Sequence[JobRunRow]]
    store_made: datetime | None


def last_runs(jobs: Sequence[str], each: int) -> LastRuns:
    """The last so many rows of each of these jobs."""
    by_job: dict[str, list[JobRunRow]] = {}
    found = unchecked_rows(_LATEST, {"jobs": list(jobs), "each": each})
    for _, *run in found:
        if run[0] is not None:
            by_job.setdefault(run[1], []).append(_row(*run))
    return LastRuns(by_job, found[0][0] if found else None)


def _row(*row: Any) -> JobRunRow:
    fields = dict(zip(JobRunRow.__slots__, row, strict=True))
    return JobRunRow(**fields | {"counts": json.loads(fields["counts"])})


# Indexes: eventstore_jobrun_newest (due DESC, id DESC) and eventstore_jobrun_job, with the job in front.
_RUNS: Final = Listing(
    composed("SELECT {columns} FROM eventstore_jobrun", columns=_COLUMNS),
    {"due": datetime, "id": int},
    _row,
    lambda row: (row.due, row.id),
    falls=True,
)
_OF_JOB: Final = "job = %(job)s"
