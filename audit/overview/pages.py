"""Today: what waits, and whether the controls have run. Every part stands by itself: what cannot be known says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.html import format_html

from audit.access import Capability, viewer_of
from audit.columns.showing import show_list
from audit.columns.table import Empty, Heading, Panel
from audit.frame.looks import begin
from audit.frame.page import Shows
from audit.frame.parts import Part, part
from audit.looking import looks_at
from audit.overview import columns
from audit.overview.jobs import controls
from audit.overview.queue import queue
from eventstore.queries.overview import overview as look_over
from eventstore.queries.subscriptions import statuses

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from audit.access import Viewer
    from audit.overview.jobs import Control
    from audit.overview.queue import Queue
    from eventstore.queries.overview import Overview
    from eventstore.queries.subscriptions import SubscriptionStatus

VIOLATIONS: Final = "violations"  # as the projection is called


def overview(request: HttpRequest) -> HttpResponse:
    """Figures for everybody who may enter; the queue's heads for those who may see children, and have said what for."""
    viewer = viewer_of(request)
    jobs = part(lambda: controls(viewer.now))
    behind = part(lambda: _by_lag(statuses(viewer.now)))
    log = part(look_over)
    follows = _of_violations(behind)
    waiting = part(queue) if follows.found else Part(None, follows.reason)
    first: list[Panel[Any]] = []
    if viewer.may(Capability.SEE_CHILDREN):
        first = [_queue(waiting, _recorded(request, viewer, waiting))]
    return show_list(
        request,
        "Today",
        *first,
        _topics(log),
        intro=f"{viewer.now.astimezone(viewer.zone):%A %-d %B %Y}. Clocks follow the server, and stand still: reload for the next look.",
        template="audit/overview/overview.html",
        jobs_panel=_jobs(jobs),
        behind_panel=_behind(behind),
        queue=waiting,
        queue_lag=follows.found and follows.found.lag,
        soonest=_soonest(waiting, viewer.now),
        verification=_of_job(jobs, "verify"),
        jobs=jobs,
        missed=_missed(jobs),
        unwell=_unwell(jobs),
        behind=behind,
        overview=log,
    )


def _recorded(request: HttpRequest, viewer: Viewer, waiting: Part[Queue]) -> Part[Any]:
    """The heads name children: they are shown for a purpose, behind a record, or not at all."""
    if viewer.purpose is None:
        return Part(None, "Say what you look for, and it stands here: the button in the header.")  # fmt: skip
    if waiting.found is None:
        return Part(None, waiting.reason)
    heads = waiting.found.heads
    if not heads:  # nobody is shown
        return Part(heads)
    begin(request, Shows.LIST)
    children = {head.child_id for head in heads}
    said = part(lambda: looks_at(request, children, object="today"))
    return Part(None if said.reason else heads, said.reason)


def _of_violations(
    behind: Part[Sequence[SubscriptionStatus]],
) -> Part[SubscriptionStatus]:
    """How far the read model of violations is: nothing in it is no answer before it has begun."""
    if behind.found is None:
        return Part(None, behind.reason)
    found = next((how for how in behind.found if how.name == VIOLATIONS), None)
    return Part(found, "" if found else "Its read model has not begun to follow the log.")  # fmt: skip


def _soonest(waiting: Part[Queue], now: datetime) -> float | None:
    """Seconds until the next one is overdue, below zero if one is; None if there is none."""
    dues = [head.due_at for head in waiting.found.heads] if waiting.found else []
    return (min(dues) - now).total_seconds() if dues else None


def _of_job(jobs: Part[Sequence[Control]], name: str) -> Control | None:
    return next((one for one in jobs.found or () if one.status.job.name == name), None)


def _missed(jobs: Part[Sequence[Control]]) -> int:
    return sum(1 for one in jobs.found or () if one.missed)


def _unwell(jobs: Part[Sequence[Control]]) -> int:
    return sum(1 for one in jobs.found or () if not one.is_in_order and not one.missed)


def _by_lag(rows: Sequence[SubscriptionStatus]) -> Sequence[SubscriptionStatus]:
    return sorted(rows, key=lambda how: (-how.lag, how.name))


# ---- panels


def _queue(waiting: Part[Queue], heads: Part[Any]) -> Panel[Any]:
    return Panel(
        heading=Heading("queue-h", "Safety violations by time left to decide"),
        table=columns.QUEUE,
        rows=heads.found or (),
        unavailable=heads.reason,
        empty=Empty("Nothing waits", "Every safety violation that was detected is decided."),
    )  # fmt: skip


def _jobs(jobs: Part[Sequence[Control]]) -> Panel[Control]:
    return Panel(
        heading=Heading(
            "jobs-h", "Jobs are controls", "a run that did not happen counts against it"
        ),
        table=columns.JOBS,
        rows=jobs.found or (),
        unavailable=jobs.reason,
        below="audit/overview/legend.html",
    )


def _behind(behind: Part[Sequence[SubscriptionStatus]]) -> Panel[SubscriptionStatus]:
    sentence = format_html("They begin with <code>{}</code>", "manage.py subscriptions run")  # fmt: skip
    return Panel(
        heading=Heading("lag-h", "Behind the log", "subscriptions and read models"),
        table=columns.BEHIND,
        rows=behind.found or (),
        unavailable=behind.reason,
        empty=Empty("Nobody follows yet", sentence),
    )


def _topics(log: Part[Overview]) -> Panel[Any]:
    rows = log.found.topics if log.found else ()
    command = format_html("<code>{}</code>", "manage.py create_topics")
    return Panel(
        heading=Heading("top-h", "Topics of the log", str(len(rows))),
        table=columns.TOPICS,
        rows=rows,
        unavailable=log.reason,
        empty=Empty("No topics yet", format_html("They are created by {}", command)),
    )
