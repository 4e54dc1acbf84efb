"""By whose clocks times stand beside UTC."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.shortcuts import redirect

from audit.access import viewer_of
from audit.frame.leading import leads_somewhere
from audit.frame.refusals import PageRefused
from audit.frame.showing import show
from audit.zones import keep_zone, zone_names

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def time_zone(request: HttpRequest) -> HttpResponse:
    """Choose the zone for this session, and go back to where one was."""
    if request.method == "POST":
        return _chosen(request)
    return show(
        request,
        "audit/preferences/time_zone.html",
        {
            "title": "My time zone",
            "chosen": str(viewer_of(request).zone),
            "zones": zone_names(),
            "next": _next(request.GET.get(REDIRECT_FIELD_NAME, "")),
        },
    )


def _chosen(request: HttpRequest) -> HttpResponse:
    if not keep_zone(request, request.POST.get("zone", "")):
        raise PageRefused(
            HTTPStatus.BAD_REQUEST,
            "There is no such time zone.",
            "Choose one of the list, as Europe/Berlin.",
        )
    return redirect(
        _next(request.POST.get(REDIRECT_FIELD_NAME, "")) or "admin:time_zone"
    )


def _next(address: str) -> str:
    return address if leads_somewhere(address) else ""
