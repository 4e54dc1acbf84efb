"""Scheduled jobs: whether each has run when it was due, and every run."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.urls import reverse

from audit.columns.filters import Choice, Filters
from audit.columns.showing import show_list
from audit.columns.table import Empty, Pager, Panel
from audit.frame.refusals import PageRefused
from audit.frame.showing import query_without_cursor, wanted
from audit.jobs import columns
from audit.jobs.statuses import job_statuses
from eventstore.clock import SystemClock
from eventstore.queries.jobs import runs
from eventstore.upkeep.schedule import scheduled

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from eventstore.queries.jobs import JobRunRow

_EMPTY = Empty(
    "No runs yet",
    "A run appears when a worker has begun it, or when the next one finds that it was missed.",
)


def jobs(request: HttpRequest) -> HttpResponse:
    """How each job stands, and the runs of all or of one, newest first."""
    name = request.GET.get("job") or None
    if name is not None and name not in scheduled():
        raise PageRefused(
            HTTPStatus.BAD_REQUEST,
            "There is no such job.",
            f"There are: {', '.join(scheduled())}.",
        )
    return show_list(
        request,
        "Jobs",
        Panel(
            label="Schedule",
            table=columns.SCHEDULE,
            rows=job_statuses(SystemClock().now()),
        ),
        _runs(request, name),
        intro="What runs by itself, whether it did, and every run that did not happen.",
    )


def _runs(request: HttpRequest, name: str | None) -> Panel[JobRunRow]:
    listed = runs(wanted(request), job=name)
    return Panel(
        label="Runs",
        table=columns.RUNS,
        rows=listed.rows,
        filters=Filters(
            "Filter runs",
            [Choice("job", "job", "Job", name, list(scheduled()))],
            clear=reverse("admin:jobs") if name else "",
        ),
        empty=_EMPTY,
        pager=Pager(listed, query_without_cursor(request)),
    )
