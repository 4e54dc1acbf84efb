"""The columns of the list of children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import reverse

from audit.columns import cells
from audit.columns.table import Column, Table

if TYPE_CHECKING:
    from audit.access import Viewer
    from audit.children.lists import ChildListed


def _parent(row: ChildListed, _viewer: Viewer) -> str:
    if row.parent_id is None:
        return cells.chip("warn", "unknown", "Never registered")
    return cells.was(row.parent_id, css="mono")


def _open(row: ChildListed, _viewer: Viewer) -> str:
    if not row.open_violations:
        return "0"
    return cells.chip("bad", "high", f"{row.open_violations} open")


def _registered(row: ChildListed, viewer: Viewer) -> str:
    if row.registered_at is None:
        return cells.NOTHING
    return cells.moment_or_unknown(row.registered_at, viewer)


CHILDREN: Final[Table[ChildListed]] = Table(
    "Children",
    (
        Column(
            "Child",
            cells.link(
                lambda row: row.child_id,
                lambda row: reverse("admin:child", args=[row.child_id]),
                css="mono",
                is_main=True,
            ),
            heads_row=True,
        ),
        Column("Open violations", _open),
        Column("Parent", _parent),
        Column("Language", cells.text(lambda row: row.language or cells.NOTHING)),
        Column("Registered", _registered),
        Column("Known since", cells.both(lambda row: row.known_at), falls=True),
    ),
)
