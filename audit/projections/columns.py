"""The versions of projections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.html import format_html

from audit.columns import cells
from audit.columns.table import Column, Table
from audit.formats import duration, thousands

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.access import Viewer
    from audit.columns.table import Cell
    from eventstore.projections.statuses import VersionStatus
    from eventstore.queries.subscriptions import SubscriptionStatus


def time_to_go(status: SubscriptionStatus) -> str:
    """Until it is up to date, if it is not and moves."""
    if not status.lag or status.paused:
        return cells.NOTHING
    if status.eta_s is None:
        return format_html('<span class="quiet">{}</span>', "stands still")
    return duration(status.eta_s)


def _name(one: VersionStatus, _viewer: Viewer) -> str:
    return format_html('<span class="wrap">{}</span>', one.name)


def _version(one: VersionStatus, _viewer: Viewer) -> str:
    if one.status is None:
        return f"version {one.version}"
    return cells.linked(
        f"version {one.version}",
        reverse("admin:subscription", args=[one.status.name]),
        aria_label=f"Version {one.version} of {one.name}",
    )


def _state(one: VersionStatus, _viewer: Viewer) -> str:
    if one.status is None:
        return cells.beside(format_html('<span class="quiet">{}</span>', one.state))
    tone, symbol = ("good", "ok") if one.is_read else ("info", "clock")
    if not one.has_code:
        tone, symbol = "warn", "high"
    return cells.beside(cells.chip(tone, symbol, one.state))


def _time_to_go(one: VersionStatus, _viewer: Viewer) -> str:
    return time_to_go(one.status) if one.status else cells.NOTHING


def _figure(of: Callable[[SubscriptionStatus], int]) -> Cell[VersionStatus]:
    return lambda one, _: thousands(of(one.status)) if one.status else cells.NOTHING


VERSIONS: Final[Table[VersionStatus]] = Table(
    "Versions of projections",
    (
        Column("Projection", _name, heads_row=True),
        Column("Version", _version),
        Column("State", _state),
        Column("Records to go", _figure(lambda how: how.lag), is_number=True),
        Column("Up to date in", _time_to_go, is_number=True),
        Column("Events handled", _figure(lambda how: how.handled), is_number=True),
        Column("Streams that wait", _figure(lambda how: how.waiting), is_number=True),
    ),
)
