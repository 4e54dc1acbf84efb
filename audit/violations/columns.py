"""The queue and the record, in columns."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.html import format_html

from audit.columns import cells
from audit.columns.naming import named
from audit.columns.table import Column, Table
from audit.columns.urgency import left_cell, severity_chip
from audit.formats import duration, moment, thousands
from audit.violations import words

if TYPE_CHECKING:
    from audit.access import Viewer
    from audit.violations.queries import QueueRow
    from audit.violations.record import Record


_SAME_TIME: Final = timedelta(minutes=1)


def address(child_id: str, violation_id: str) -> str:
    """A violation's page."""
    return reverse(
        "admin:violation",
        kwargs={"child_id": child_id, "violation_id": violation_id},
    )


def _time_left(row: QueueRow, viewer: Viewer) -> str:
    return left_cell(words.left(row, viewer.now))


def _violation(row: QueueRow, _viewer: Viewer) -> str:
    return format_html(
        '<span>{}<br><span class="quiet mono">{}</span> {}</span>',
        cells.linked(
            words.said(row.category),
            address(row.child_id, row.violation_id),
            aria_label=f"{words.said(row.category)}, {row.violation_id}",
            is_main=True,
        ),
        row.violation_id,
        cells.was(f"found by {row.detector}"),
    )


def _severity(row: QueueRow, _viewer: Viewer) -> str:
    period = "no rule was in force" if row.period_s is None else duration(row.period_s)
    return cells.beside(severity_chip(row.severity), cells.was(f"decide in {period}"))


def _state(row: QueueRow, viewer: Viewer) -> str:
    besides = words.beside_state(row, viewer)
    return cells.beside(
        words.state_chip(row, viewer), cells.was(besides) if besides else ""
    )


def _decision(row: QueueRow, viewer: Viewer) -> str:
    if row.outcome is None:
        return cells.NOTHING
    who = named(row.decided_by, viewer)
    by = format_html("by {}", who)
    if row.agreed_by is not None:
        second = named(row.agreed_by, viewer)
        by = format_html("proposed by {}, agreed by {}", who, second)
    clause = row.clause or "no clause"
    return cells.beside(
        words.said(row.outcome), cells.was(format_html("{}, {}", clause, by))
    )


def _detected(row: QueueRow, viewer: Viewer) -> str:
    """When it was recorded, and when it happened where that is another time: the clock runs from the earlier."""
    recorded = moment(row.detected_at, viewer.zone, fraction=False)
    if abs(row.detected_at - row.detected_occurred_at) <= _SAME_TIME:
        return recorded
    happened = moment(row.detected_occurred_at, viewer.zone, fraction=False)
    return cells.beside(
        format_html("<span>happened {}</span>", happened),
        cells.was(format_html("recorded {}", recorded)),
    )


def _first_of(queue: bool) -> tuple[Column[QueueRow], ...]:  # noqa: FBT001
    return (
        Column("Time left" if queue else "Decided in time", _time_left),
        Column("Violation", _violation, heads_row=True),
        Column("Severity", _severity),
        Column(
            "Child",
            cells.link(
                lambda row: row.child_id,
                lambda row: reverse("admin:child", args=[row.child_id]),
                css="mono",
            ),
        ),
        Column("Detected", _detected),
    )


def _tone(row: QueueRow) -> str:
    return "bad" if row.is_open and "overdue_100" in row.levels else ""


QUEUE: Final[Table[QueueRow]] = Table(
    "Open safety violations, least time left first",
    (*_first_of(queue=True), Column("State", _state)),
    tone=_tone,
)


CLOSED: Final[Table[QueueRow]] = Table(
    "Closed safety violations, the newest decision first",
    (
        *_first_of(queue=False),
        Column("Decision", _decision),
        Column("Closed", cells.to_second(lambda row: row.decided_at), falls=True),
    ),
)


def _of(record: Record, number: int) -> str:
    share = percent(number, record.detected)
    return f"{thousands(number)} ({share} %)" if record.detected else "0"


def percent(number: int, of: int) -> int:
    """To the nearest; 0 and 100 are said of none and of all alone."""
    if number in {0, of}:
        return 100 if number else 0
    return min(max(round(number * 100 / of), 1), 99)


def _unknown(record: Record, _viewer: Viewer) -> str:
    return "0" if not record.unknown else cells.toned("warn", thousands(record.unknown))


RECORD: Final[Table[Record]] = Table(
    "How many were decided in time, by severity",
    (
        Column("Severity", lambda r, _: severity_chip(r.severity), heads_row=True),
        Column("Detected", cells.number(lambda r: r.detected), is_number=True),
        Column("In time", lambda r, _: _of(r, r.in_time), is_number=True),
        Column("Late", lambda r, _: _of(r, r.late), is_number=True),
        Column("Open, in time so far", cells.number(lambda r: r.open), is_number=True),
        Column("Unknown", _unknown, is_number=True),
    ),
    is_tight=True,
)
