"""Who follows the log: how far each subscription is, what it cannot get on with, and what people had it do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.html import format_html

from audit.access import Capability, may
from audit.columns.showing import show_list
from audit.columns.table import Empty, Heading, Pager, Panel
from audit.frame.showing import Step, wanted
from audit.projections.columns import VERSIONS
from audit.projections.loading import of_projections
from audit.subscriptions import columns
from eventstore.clock import SystemClock
from eventstore.projections.statuses import projection_of, projections_among
from eventstore.queries.subscriptions import (
    PartitionStatus,
    SubscriptionStatus,
    actions,
    parked_streams,
    partition_statuses,
    status_of,
    statuses,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from eventstore.projections.statuses import VersionStatus

_NO_STREAM_WAITS = Empty(
    "No stream waits",
    "If a handler fails on an event, a worker retries it, then parks its stream: it stands here.",
)
_NO_ACTIONS = Empty(
    "Nothing yet",
    "Whoever pauses, resets, replays or skips stands here with the reason.",
)


def subscriptions(request: HttpRequest) -> HttpResponse:
    """All of them, by name, and the versions of projections: figures, for everybody who may enter."""
    listed = statuses(SystemClock().now())
    nothing: Sequence[VersionStatus] = ()
    versions, are_loaded = of_projections(lambda: projections_among(listed), nothing)
    panels: list[Panel[Any]] = [_all(listed)]
    if versions:
        panels.append(_versions(versions))
    return show_list(
        request,
        "Subscriptions",
        *panels,
        intro="Durable consumers of the log: how far each has come, and which streams wait (a dead-letter queue per stream).",
        template="audit/subscriptions/subscriptions.html",
        projections_are_loaded=are_loaded,
    )


def subscription(request: HttpRequest, *, name: str) -> HttpResponse:
    """One: figures for everybody; streams, and what people did and why, for those who may act or see payloads."""
    status = status_of(name, SystemClock().now())
    operates = may(request.user, Capability.OPERATE)
    sees_streams = operates or may(request.user, Capability.SEE_PAYLOADS)
    projection, are_loaded = of_projections(lambda: projection_of(name), None)
    panels: list[Panel[Any]] = [_places(partition_statuses(name))]
    if sees_streams:
        panels = [_parked(request, name), *panels, _actions(name)]
    return show_list(
        request,
        name,
        *panels,
        template="audit/subscriptions/subscription.html",
        trail=[Step("Subscriptions", reverse("admin:subscriptions"))],
        status=status,
        state=columns.state_chip(status),
        projection=projection,
        is_read=projection == name,
        may_be_reset=operates and are_loaded and projection is None,
        operates=operates,
        sees_streams=sees_streams,
    )


def _all(rows: Sequence[SubscriptionStatus]) -> Panel[SubscriptionStatus]:
    sentence = format_html(
        "Name subscriptions in <code>{}</code>; they stand here as soon as <code>{}</code> has begun.",
        'EVENTSTORE["SUBSCRIPTIONS"]',
        "manage.py subscriptions run",
    )
    return Panel(
        label="Subscriptions",
        table=columns.SUBSCRIPTIONS,
        rows=rows,
        empty=Empty("No subscription has run yet", sentence),
    )


def _versions(rows: Sequence[VersionStatus]) -> Panel[VersionStatus]:
    return Panel(
        heading=Heading(
            "versions-h", "Projections", "by name and version; one of each is read"
        ),
        table=VERSIONS,
        rows=rows,
    )


def _parked(request: HttpRequest, name: str) -> Panel[Any]:
    listed = parked_streams(wanted(request), name)
    return Panel(
        heading=Heading(
            "parked-h",
            "Streams that wait",
            "by their place in the log; all other streams go on",
        ),
        table=columns.parked(name),
        rows=listed.rows,
        empty=_NO_STREAM_WAITS,
        pager=Pager(listed, later="Before", earlier="After") if listed.rows else None,
    )


def _places(rows: Sequence[PartitionStatus]) -> Panel[PartitionStatus]:
    return Panel(
        heading=Heading("places-h", "Partitions", str(len(rows))),
        table=columns.PLACES,
        rows=rows,
    )


def _actions(name: str) -> Panel[Any]:
    return Panel(
        heading=Heading(
            "did-h", "What people did to it", "newest first; kept for good"
        ),
        table=columns.ACTIONS,
        rows=actions(name),
        empty=_NO_ACTIONS,
    )
