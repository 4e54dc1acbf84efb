"""Requests for a second person, in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import reverse

from audit.access import actor_of
from audit.columns import cells
from audit.columns.naming import named
from audit.columns.table import Column, Table
from audit.columns.urgency import left_cell, left_of, severity_chip
from audit.formats import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.access import Viewer
    from audit.approvals.queries import WaitingRow

_ASKS: Final[Mapping[str, str]] = {
    "close_violation": "Close a violation",
    "unmasked_export": "Export what was said",
    "erasure": "Erase a person’s data",
    "lift_hold": "Lift a legal hold",
    "auditor_grant": "Let an auditor in",
}


def _asked(row: WaitingRow, _viewer: Viewer) -> str:
    label = _ASKS.get(row.kind, row.kind)
    if row.kind != "close_violation":
        return label
    child_id, _, violation_id = row.object.partition(".")[2].partition("/")
    named = {"child_id": child_id, "violation_id": violation_id}
    return cells.linked(label, reverse("admin:violation", kwargs=named), is_main=True)


def _by(row: WaitingRow, viewer: Viewer) -> str:
    if row.requested_by == actor_of(viewer.user):
        return cells.chip("calm", "person", "You: somebody else has to answer")
    return named(row.requested_by, viewer)


def _ends(row: WaitingRow, viewer: Viewer) -> str:
    seconds = (row.expires_at - viewer.now).total_seconds()
    return cells.toned("bad", "Over") if seconds <= 0 else f"in {duration(seconds)}"


def _severity(row: WaitingRow, _viewer: Viewer) -> str:
    return severity_chip(row.urgency.severity) if row.urgency else _no_case(row)


def _left(row: WaitingRow, viewer: Viewer) -> str:
    """Of the case: that of the request says nothing of how urgent it is."""
    if row.urgency is None:
        return _no_case(row)
    due = row.urgency.due_at
    seconds = None if due is None else (due - viewer.now).total_seconds()
    return left_cell(left_of(seconds, row.urgency.period_s))


def _no_case(row: WaitingRow) -> str:
    return cells.unavailable() if row.kind == "close_violation" else cells.NOTHING


WAITING: Final[Table[WaitingRow]] = Table(
    "Requests that wait for a second person, the oldest first",
    (
        Column("Time left", _left),
        Column("Severity", _severity),
        Column("Asks for", _asked, heads_row=True),
        Column("About", cells.mono(lambda row: row.object)),
        Column("Asked by", _by),
        Column("Asked", cells.both(lambda row: row.requested_at)),
        Column("Request ends", _ends),
    ),
)
