"""The purpose's page, and the same form in the place of a page that needs one: what for, then on to what was wanted."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from django.shortcuts import redirect
from django.urls import reverse

from audit.frame.leading import leads_somewhere
from audit.frame.showing import show
from audit.purpose import PurposeRefused, keep_purpose, purpose_from, purpose_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

_TEMPLATE = "audit/frame/purpose.html"
_OWN: Final = ("purpose", "reference")
_ALONG: Final = ("_purpose", "_reference")  # no form of a page has such names
_NOT_ALONG: Final = frozenset({"csrfmiddlewaretoken", *_ALONG})


def purpose(request: HttpRequest) -> HttpResponse:
    """Choose, by a POST; the next page is the one that was wanted."""
    if request.method != "POST":
        return _form(request, reverse("admin:index"), HTTPStatus.OK)
    wanted = request.POST.get("next", "")
    there = wanted if leads_somewhere(wanted) else reverse("admin:index")
    try:
        _choose(request, *_OWN)
    except PurposeRefused as refused:
        return _form(request, there, HTTPStatus.BAD_REQUEST, str(refused))
    return redirect(there)


def asked_for(request: HttpRequest) -> HttpResponse | None:
    """The form in the page's place, while no purpose is chosen. What another form had sent comes along, and goes on with the choice."""
    if purpose_of(request) is not None:
        return None
    refused = ""
    if _ALONG[0] in request.POST:
        try:
            _choose(request, *_ALONG)
        except PurposeRefused as error:
            refused = str(error)
        else:
            return None
    status = HTTPStatus.BAD_REQUEST if refused else HTTPStatus.FORBIDDEN
    there = request.get_full_path()
    if request.method != "POST":
        return _form(request, there, status, refused)
    return _form(request, there, status, refused, sent=_sent(request))


def _choose(request: HttpRequest, purpose: str, reference: str) -> None:
    """Raises `PurposeRefused`."""
    typed = request.POST
    keep_purpose(request, purpose_from(typed.get(purpose), typed.get(reference)))


def _sent(request: HttpRequest) -> Sequence[tuple[str, str]]:
    return [
        (name, text)
        for name, texts in request.POST.lists()
        for text in texts
        if name not in _NOT_ALONG
    ]


def _form(
    request: HttpRequest,
    there: str,
    status: HTTPStatus,
    refused: str = "",
    *,
    sent: Sequence[tuple[str, str]] | None = None,
) -> HttpResponse:
    """sent: what goes on with the choice, to the page for which it was meant."""
    names = _OWN if sent is None else _ALONG
    context = {
        "title": "What do you look for?",
        "wanted": there,
        "refused": refused,
        "goes_on": sent is not None,
        "sent": sent or (),
        "names": names,
        "chosen": request.POST.get(names[0], ""),
        "typed": request.POST.get(names[1], "")[:200] if refused else "",
    }
    return show(request, _TEMPLATE, context, status)
