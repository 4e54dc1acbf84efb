"""Runs of scheduled jobs, for people: newest first, and the last of each job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from eventstore.queries.connection import unchecked_cursor
from eventstore.queries.keyset import Key, Page, Wanted, page

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


_COLUMNS: Final = """
SELECT id, job, due, until, runs, started, ended, scope, counts::text, outcome, error FROM eventstore_jobrun
"""
# Indexes: eventstore_jobrun_newest (due DESC, id DESC) and eventstore_jobrun_job, with the job in front.
_OF_JOB: Final = "job = %(job)s"
_EARLIER: Final = "(due, id) < (%(due)s, %(id)s)"
_LATER: Final = "(due, id) > (%(due)s, %(id)s)"
# (of one job, onwards) → the order of the index that serves it: only the list of everything names the nulls
_NEWEST: Final = {
    (True, True): "due DESC, id DESC",
    (True, False): "due, id",
    (False, True): "due DESC NULLS LAST, id DESC NULLS LAST",
    (False, False): "due NULLS FIRST, id NULLS FIRST",
}
_LATEST: Final = """
SELECT run.* FROM unnest(%(jobs)s::text[]) WITH ORDINALITY wanted(job, n)
 CROSS JOIN LATERAL (
       SELECT id, job, due, until, runs, started, ended, scope, counts::text, outcome, error
         FROM eventstore_jobrun WHERE job = wanted.job ORDER BY due DESC, id DESC LIMIT 1) run
 ORDER BY wanted.n
"""


def runs(wanted: Wanted, *, job: str | None = None) -> Page[JobRunRow]:
    """Runs, newest first by the time they were due; of one job or of all. Raises `BadCursor`."""

    def fetch(key: Key | None, *, onwards: bool, limit: int) -> list[JobRunRow]:
        conditions = [
            *([_OF_JOB] if job else []),
            *([_EARLIER if onwards else _LATER] if key else []),
        ]
        where = ("WHERE", " AND ".join(conditions)) if conditions else ()
        order = _NEWEST[job is not None, onwards]
        sql = " ".join((_COLUMNS, *where, "ORDER BY", order, "LIMIT %(limit)s"))
        due, id_ = key or (None, None)
        return _rows(sql, {"job": job, "due": due, "id": id_, "limit": limit})

    return page(wanted, fetch, lambda row: (row.due, row.id), (datetime, int))


def latest_runs(jobs: Sequence[str]) -> Mapping[str, JobRunRow]:
    """The last run of each of these jobs that has any."""
    return {row.job: row for row in _rows(_LATEST, {"jobs": list(jobs)})}


def _rows(sql: str, given: Mapping[str, Any]) -> list[JobRunRow]:
    with unchecked_cursor() as db:
        db.execute(sql, given)
        return [_row(*row) for row in db.fetchall()]


def _row(*row: Any) -> JobRunRow:
    fields = dict(zip(JobRunRow.__slots__, row, strict=True))
    return JobRunRow(**fields | {"counts": json.loads(fields["counts"])})
