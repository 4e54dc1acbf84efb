"""Who follows the log: how far each subscription is, what it cannot get on with, and what people had it do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.pages.frame import may_operate, may_see_payloads, page, show, wanted
from eventstore.clock import SystemClock
from eventstore.queries.subscriptions import (
    actions,
    parked_streams,
    partition_standings,
    standing,
    standings,
)

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@page
def subscriptions(request: HttpRequest) -> HttpResponse:
    """All of them, by name: figures, for everybody who may enter."""
    return show(
        request,
        "audit/subscriptions.html",
        {"title": "Subscriptions", "standings": standings(SystemClock().now())},
    )


@page
def subscription(request: HttpRequest, *, name: str) -> HttpResponse:
    """One: figures for everybody; streams, and what people did and why, for those who may act or see payloads."""
    how = standing(name, SystemClock().now())
    operates, sees_payloads = may_operate(request), may_see_payloads(request)
    context: dict[str, Any] = {
        "title": name,
        "how": how,
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
