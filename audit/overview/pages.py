"""Today: what waits, and whether the controls have run. Every part stands by itself: what cannot be known says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.urls import reverse
from django.utils.html import format_html

from audit.access import Capability, actor_of, viewer_of
from audit.columns.showing import show_list
from audit.columns.table import Empty, Heading, Panel
from audit.frame.looks import begin
from audit.frame.page import Shows
from audit.frame.parts import Part, part
from audit.jobs.statuses import RUNS, job_statuses
from audit.looking import looks_at
from audit.overview import columns
from audit.violations import words
from audit.violations.counting import capped, counts
from audit.violations.pages import NOT_KNOWN
from audit.violations.queries import queue_heads
from eventstore.queries.overview import overview as look_over
from eventstore.queries.subscriptions import statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.http import HttpRequest, HttpResponse

    from audit.access import Viewer
    from audit.jobs.statuses import JobStatus
    from audit.violations.counting import Counts
    from audit.violations.queries import QueueRow
    from eventstore.queries.overview import Overview
    from eventstore.queries.subscriptions import SubscriptionStatus

VIOLATIONS: Final = "violations"  # as the projection is called
HEADS: Final = 7
_Found = TypeVar("_Found")


def overview(request: HttpRequest) -> HttpResponse:
    """Figures for everybody who may enter; the queue's heads for those who may see children, and have said what for."""
    viewer = viewer_of(request)
    jobs = part(lambda: job_statuses(viewer.now))
    behind = part(lambda: _by_lag(statuses(viewer.now)))
    follows = _of_violations(behind)
    waiting = _if(follows, lambda: counts(actor_of(viewer.user), viewer.now))
    may_see = viewer.may(Capability.SEE_CHILDREN)
    heads = _if(follows, lambda: queue_heads(viewer, HEADS)) if may_see else None
    panels, more = (
        _for_officers(request, viewer, heads, waiting) if heads else _for_others()
    )
    return show_list(
        request,
        "Today",
        *panels,
        intro=f"{viewer.now.astimezone(viewer.zone):%A %-d %B %Y}. Clocks follow the server, and stand still: reload for the next look.",
        template="audit/overview/overview.html",
        behind_panel=_behind(behind),
        waiting=waiting,
        figures=_figures(waiting),
        queue_lag=follows.found and follows.found.lag,
        behind=behind,
        **_of_jobs(jobs),
        **more,
    )


def _for_officers(
    request: HttpRequest,
    viewer: Viewer,
    heads: Part[Sequence[QueueRow]],
    waiting: Part[Counts],
) -> tuple[list[Panel[Any]], dict[str, Any]]:
    first = heads.found[0] if heads.found else None
    soonest = words.left(first, viewer.now) if first else None
    shown = _recorded(request, viewer, heads)
    return [_queue(shown, is_whole=_is_whole(waiting))], {"soonest": soonest}


def _for_others() -> tuple[list[Panel[Any]], dict[str, Any]]:
    """What the log holds: whoever looks after it has no queue."""
    log = part(look_over)
    return [_topics(log)], {"overview": log}


def _recorded(
    request: HttpRequest, viewer: Viewer, heads: Part[Sequence[QueueRow]]
) -> Part[Sequence[QueueRow]]:
    """The heads name children: they are shown for a purpose, behind a record, or not at all."""
    if viewer.purpose is None:
        return Part(None, "Say what you look for, and it stands here: the button in the header.")  # fmt: skip
    if not heads.found:  # nobody is shown
        return heads
    begin(request, Shows.LIST)
    children = {head.child_id for head in heads.found}
    said = part(lambda: looks_at(request, children, object="today"))
    return Part(None, said.reason) if said.reason else heads


def _if(follows: Part[Any], ask: Callable[[], _Found]) -> Part[_Found]:
    return part(ask) if follows.found else Part(None, follows.reason)


def _of_violations(
    behind: Part[Sequence[SubscriptionStatus]],
) -> Part[SubscriptionStatus]:
    """How far the read model of violations is: nothing in it is no answer before it has begun."""
    if behind.found is None:
        return Part(None, behind.reason)
    found = next((how for how in behind.found if how.name == VIOLATIONS), None)
    return Part(found, "" if found else "Its read model has not begun to follow the log.")  # fmt: skip


def _is_whole(waiting: Part[Counts]) -> bool:
    """Whether the read models had all before the heads were read: a checkpoint passes what it parks, so that none to go is not yet all."""
    return waiting.found is not None and waiting.found.known_before is None


def _of_jobs(jobs: Part[Sequence[JobStatus]]) -> dict[str, Any]:
    new = sum(one.is_new for one in jobs.found or ())
    return {
        "jobs_panel": _jobs(jobs),
        "verification": _of_job(jobs, "verify"),
        "jobs": jobs,
        "missed": _missed(jobs),
        "unwell": _unwell(jobs),
        "new": new,
        "are_begun": new < len(jobs.found or ()),
        "looked_at": RUNS,
    }


def _of_job(jobs: Part[Sequence[JobStatus]], name: str) -> JobStatus | None:
    return next((one for one in jobs.found or () if one.job.name == name), None)


def _missed(jobs: Part[Sequence[JobStatus]]) -> int:
    return sum(one.missed for one in jobs.found or ())


def _unwell(jobs: Part[Sequence[JobStatus]]) -> int:
    return sum(1 for one in jobs.found or () if not one.is_in_order and not one.missed)


def _figures(waiting: Part[Counts]) -> dict[str, str]:
    """As they are said: of what was counted up to a bound, that there are more."""
    found = waiting.found
    names = ("open", "overdue", "second", "mine") if found else ()
    return {name: capped(getattr(found, name)) for name in names}


def _by_lag(rows: Sequence[SubscriptionStatus]) -> Sequence[SubscriptionStatus]:
    return sorted(rows, key=lambda how: (-how.lag, how.name))


# ---- panels


_NONE: Final = Empty(
    "Nothing waits", "Every safety violation that was detected is decided."
)


def _queue(heads: Part[Sequence[QueueRow]], *, is_whole: bool) -> Panel[QueueRow]:
    whole = format_html('<a href="{}">Whole queue</a>', reverse("admin:violations"))
    return Panel(
        heading=Heading("queue-h", "Safety violations by time left to decide", whole),
        table=columns.QUEUE,
        rows=heads.found or (),
        unavailable=heads.reason,
        empty=_NONE if is_whole else NOT_KNOWN,
    )


def _jobs(jobs: Part[Sequence[JobStatus]]) -> Panel[JobStatus]:
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
