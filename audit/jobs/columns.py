"""Jobs of the schedule and their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.template.defaultfilters import floatformat

from audit.columns import cells
from audit.columns.table import Column, Table
from audit.formats import thousands
from audit.jobs.statuses import RUNS as RUNS_JUDGED

if TYPE_CHECKING:
    from audit.access import Viewer
    from audit.jobs.statuses import JobStatus
    from eventstore.queries.jobs import JobRunRow

_CHIPS: Final = {
    "done": ("good", "ok"),
    "running": ("calm", "clock"),
    "not due yet": ("calm", "clock"),
    "never run": ("bad", "high"),
    "failed": ("bad", "high"),
    "lost": ("bad", "high"),
}
_OTHERWISE: Final = ("warn", "high")


def _chip(word: str) -> str:
    return cells.chip(*_CHIPS.get(word, _OTHERWISE), word)


def _stands(one: JobStatus, _viewer: Viewer) -> str:
    return _chip(one.word)


def _outcome(run: JobRunRow, _viewer: Viewer) -> str:
    return cells.joined(
        _chip(run.outcome),
        f" ({run.error})" if run.error else "",
        f" {cells.counted(run.runs, 'run')}" if run.runs > 1 else "",
    )


def _seconds(run: JobRunRow, _viewer: Viewer) -> str:
    return cells.NOTHING if run.seconds is None else floatformat(run.seconds, 2)


def _counts(run: JobRunRow, _viewer: Viewer) -> str:
    counts = [f"{thousands(count)} {name}" for name, count in run.counts.items()]
    return ", ".join(counts) or cells.NOTHING


SCHEDULE: Final[Table[JobStatus]] = Table(
    "Jobs of the schedule",
    (
        Column(
            "Job",
            cells.link(lambda one: one.job.name, lambda one: f"?job={one.job.name}"),
            heads_row=True,
        ),
        Column("Stands", _stands),
        Column("About", cells.text(lambda one: one.job.scope)),
        Column(
            "Last due, UTC",
            cells.instant(lambda one: one.last.until if one.last else None),
        ),
        Column("Next due, UTC", cells.instant(lambda one: one.due)),
        Column(
            f"Missed of the last {RUNS_JUDGED}",
            cells.number(lambda one: one.missed),
            is_number=True,
        ),
    ),
)
RUNS: Final[Table[JobRunRow]] = Table(
    "Runs, latest first",
    (
        Column("Job", cells.text(lambda run: run.job), heads_row=True),
        Column("Outcome", _outcome),
        Column("Due, UTC", cells.instant(lambda run: run.due), falls=True),
        Column("Started, UTC", cells.instant(lambda run: run.started)),
        Column("Seconds", _seconds, is_number=True),
        Column("Counts", _counts),
    ),
)
