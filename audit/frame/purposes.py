"""The purpose's page, and the same form in the place of a page that needs one: what for, then on to what was wanted."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.shortcuts import redirect
from django.urls import reverse

from audit.frame.leading import leads_somewhere
from audit.frame.showing import show
from audit.purpose import PurposeRefused, keep_purpose, purpose_from, purpose_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

_TEMPLATE = "audit/frame/purpose.html"


def purpose(request: HttpRequest) -> HttpResponse:
    """Choose, by a POST; the next page is the one that was wanted."""
    if request.method != "POST":
        return _form(request, reverse("admin:index"), HTTPStatus.OK)
    wanted = request.POST.get("next", "")
    there = wanted if leads_somewhere(wanted) else reverse("admin:index")
    try:
        chosen = purpose_from(
            request.POST.get("purpose"), request.POST.get("reference")
        )
    except PurposeRefused as refused:
        return _form(request, there, HTTPStatus.BAD_REQUEST, str(refused))
    keep_purpose(request, chosen)
    return redirect(there)


def asked_for(request: HttpRequest) -> HttpResponse | None:
    """The form in the page's place, while no purpose is chosen. What a form had sent does not come along: the page says so."""
    if purpose_of(request) is not None:
        return None
    return _form(request, request.get_full_path(), HTTPStatus.FORBIDDEN)


def _form(
    request: HttpRequest, there: str, status: HTTPStatus, refused: str = ""
) -> HttpResponse:
    context = {
        "title": "What do you look for?",
        "wanted": there,
        "refused": refused,
        "is_lost": request.method == "POST" and not refused,
        "chosen": request.POST.get("purpose", ""),
        "typed": request.POST.get("reference", "")[:200] if refused else "",
    }
    return show(request, _TEMPLATE, context, status)
