"""What Today lists: the queue's heads, jobs as controls, who is behind, the topics of the log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.html import format_html

from audit import drawing
from audit.columns import cells
from audit.columns.table import Column, Table
from audit.formats import age, duration, thousands, utc_cell
from audit.violations import columns

if TYPE_CHECKING:
    from audit.access import Viewer
    from audit.jobs.statuses import JobStatus
    from audit.violations.queries import QueueRow
    from eventstore.queries.overview import TopicRow
    from eventstore.queries.subscriptions import SubscriptionStatus

# ---- the queue

QUEUE: Final[Table[QueueRow]] = replace(
    columns.QUEUE,
    columns=[one for one in columns.QUEUE.columns if one.label != "Detector"],
)

# ---- jobs


def _job(status: JobStatus, _viewer: Viewer) -> str:
    name = status.job.name
    return cells.beside(
        cells.linked(name, f"{reverse('admin:jobs')}?job={name}", css="mono", is_main=True),
        cells.was(f"every {duration(status.job.every.total_seconds())}"),
    )  # fmt: skip


def _last_runs(status: JobStatus, _viewer: Viewer) -> str:
    if not status.outcomes:
        return _none_yet(status)
    whole = len(status.outcomes)
    parts = [
        f"{status.outcomes.count(outcome)} {word}"
        for outcome, word in (("late", "late"), ("missed", "missed"), ("bad", "failed"))
        if outcome in status.outcomes
    ]
    said = f"{status.outcomes.count('ok')} of {whole} on time"
    return cells.beside(
        drawing.runs(status.outcomes), cells.was(", ".join([said, *parts]))
    )


def _none_yet(status: JobStatus) -> str:
    is_begun = status.last is not None  # the first one goes on
    if status.is_new or is_begun:
        return cells.was("none yet")
    return cells.unavailable("it has never run here")


_RESULTS: Final = {
    "done": ("good", "ok", "Ran"),
    "running": ("calm", "clock", "Running, begun"),
    "failed": ("bad", "no", "Failed"),
    "lost": ("bad", "no", "Its process died"),
    "missed": ("bad", "no", "Missed since"),
}


def _result(status: JobStatus, viewer: Viewer) -> str:
    last = status.last
    if last is None:
        tone, symbol = ("calm", "clock") if status.is_new else ("bad", "no")
        said = cells.chip(tone, symbol, status.word.capitalize(), css="toned")
        return cells.beside(said)
    tone, symbol, word = _RESULTS[status.word]
    at = last.ended or last.started or last.until
    counts = ", ".join(f"{thousands(n)} {name.replace('_', ' ')}" for name, n in last.counts.items())  # fmt: skip
    return cells.beside(
        cells.chip(tone, symbol, f"{word} {age(at, viewer.now)} ago", css="toned"),
        cells.was(last.error or counts) if last.error or counts else "",
    )


def _next(status: JobStatus, viewer: Viewer) -> str:
    return f"in {duration((status.due - viewer.now).total_seconds())}"


JOBS: Final[Table[JobStatus]] = Table(
    "Scheduled jobs with their last runs",
    (
        Column("Job and schedule", _job, heads_row=True),
        Column("Last runs, newest right", _last_runs),
        Column("Last result", _result),
        Column("Next due", _next),
    ),
    tone=lambda status: "" if status.is_in_order else "bad",
)

# ---- who is behind


def _to_go(status: SubscriptionStatus, viewer: Viewer) -> str:
    waits = status.oldest and cells.was(f"since {age(status.oldest, viewer.now)}")
    return cells.beside(thousands(status.lag), waits or "")


def _subscription(status: SubscriptionStatus, _viewer: Viewer) -> str:
    return format_html(
        '<span class="wrap">{}</span>',
        cells.linked(status.name, reverse("admin:subscription", args=[status.name])),
    )


BEHIND: Final[Table[SubscriptionStatus]] = Table(
    "Subscriptions and read models, by records to go",
    (
        Column("Who follows", _subscription, heads_row=True),
        Column("To go", _to_go, is_number=True),
        Column("Waiting", cells.number(lambda how: how.waiting), is_number=True),
    ),
    tone=lambda how: "bad" if how.parked else "warn" if how.paused else "",
    is_tight=True,
)  # fmt: skip

# ---- the log


def _last_recorded(topic: TopicRow, _viewer: Viewer) -> str:
    if topic.last_recorded_at is None:
        return format_html('<span class="quiet">{}</span>', "nothing yet")
    return utc_cell(topic.last_recorded_at)


TOPICS: Final[Table[TopicRow]] = Table(
    "Topics of the log",
    (
        Column("Topic", cells.mono(lambda topic: topic.topic), heads_row=True),
        Column(
            "Partitions", cells.text(lambda topic: topic.partitions), is_number=True
        ),
        Column(
            "Records folded", cells.number(lambda topic: topic.records), is_number=True
        ),
        Column("Last recorded, UTC", _last_recorded),
    ),
    is_tight=True,
)
