"""Who follows the log: how far each subscription is, what it cannot get on with, and what people had it do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from django.core.exceptions import ImproperlyConfigured

from audit.pages.frame import may_operate, may_see_payloads, page, show, wanted
from eventstore.clock import SystemClock
from eventstore.projections.standing import projection_of, projections_among
from eventstore.queries.subscriptions import (
    actions,
    parked_streams,
    partition_standings,
    standing,
    standings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.http import HttpRequest, HttpResponse

    from eventstore.projections.standing import VersionStanding

_Found = TypeVar("_Found")
_log = structlog.get_logger(__name__)


@page
def subscriptions(request: HttpRequest) -> HttpResponse:
    """All of them, by name, and the versions of projections: figures, for everybody who may enter."""
    found = standings(SystemClock().now())
    nothing: Sequence[VersionStanding] = ()
    versions, are_loaded = _of_projections(lambda: projections_among(found), nothing)
    return show(
        request,
        "audit/subscriptions.html",
        {
            "title": "Subscriptions",
            "standings": found,
            "versions": versions,
            "projections_are_loaded": are_loaded,
        },
    )


@page
def subscription(request: HttpRequest, *, name: str) -> HttpResponse:
    """One: figures for everybody; streams, and what people did and why, for those who may act or see payloads."""
    how = standing(name, SystemClock().now())
    operates, sees_payloads = may_operate(request), may_see_payloads(request)
    projection, are_loaded = _of_projections(lambda: projection_of(name), None)
    context: dict[str, Any] = {
        "title": name,
        "stopped": (),  # this page asks enough; the one before it names them
        "how": how,
        "projection": projection,
        "is_read": projection == name,
        "may_be_reset": operates and are_loaded and projection is None,
        "places": partition_standings(name),
        "operates": operates,
        "sees_payloads": sees_payloads,
        "sees_streams": operates or sees_payloads,
    }
    if context["sees_streams"]:
        context |= {
            "listed": parked_streams(wanted(request), name),
            "actions": actions(name),
        }
    return show(request, "audit/subscription.html", context)


def _of_projections(
    ask: Callable[[], _Found], otherwise: _Found
) -> tuple[_Found, bool]:
    """What is asked of their classes, and whether these could be loaded: figures are shown in any case."""
    try:
        return ask(), True
    except (ImproperlyConfigured, ImportError) as error:
        _log.warning(
            "the projections cannot be loaded",
            action="projections-unloadable",
            error=str(error),
        )
        return otherwise, False
