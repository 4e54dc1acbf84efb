"""Requests for a second person, in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import reverse

from audit.access import actor_of
from audit.columns import cells
from audit.columns.table import Column, Table
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
    return row.requested_by


def _left(row: WaitingRow, viewer: Viewer) -> str:
    seconds = (row.expires_at - viewer.now).total_seconds()
    return cells.toned("bad", "Over") if seconds <= 0 else duration(seconds)


WAITING: Final[Table[WaitingRow]] = Table(
    "Requests that wait for a second person, the oldest first",
    (
        Column("Asks for", _asked, heads_row=True),
        Column("About", cells.mono(lambda row: row.object)),
        Column("Asked by", _by),
        Column("Asked", cells.both(lambda row: row.requested_at)),
        Column("Time left", _left),
    ),
)
