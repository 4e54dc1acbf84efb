"""Scheduled jobs: whether each has run when it was due, and every run."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from audit.frame.refusals import Refused
from audit.frame.showing import query_without_cursor, show, wanted
from eventstore.clock import SystemClock
from eventstore.queries.jobs import JobRunRow, latest_runs, runs
from eventstore.upkeep.schedule import SCHEDULE

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from eventstore.upkeep.jobs import Job


@dataclass(frozen=True, slots=True)
class Standing:
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


def jobs(request: HttpRequest) -> HttpResponse:
    """How each job stands, and the runs of all or of one, newest first."""
    name = request.GET.get("job") or None
    if name is not None and name not in SCHEDULE:
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "There is no such job.",
            f"There are: {', '.join(SCHEDULE)}.",
        )
    return show(
        request,
        "audit/jobs/jobs.html",
        {
            "title": "Jobs",
            "standings": standings(SystemClock().now()),
            "names": list(SCHEDULE),
            "job_name": name,
            "listed": runs(wanted(request), job=name),
            "query": query_without_cursor(request),
        },
    )


def standings(now: datetime) -> list[Standing]:
    """Every job of the schedule."""
    latest = latest_runs(list(SCHEDULE))
    return [_standing(job, latest.get(job.name), now) for job in SCHEDULE.values()]


def _standing(job: Job, last: JobRunRow | None, now: datetime) -> Standing:
    due = job.due_at(now)
    # the run that is due now may still come: it is missing only when the next one is due
    missing = 0 if last is None else (due - last.until) // job.every - 1
    return Standing(job, last, due + job.every, max(0, missing))
