"""What is asked before any page's view is called: whether this method is answered, and whether this account may."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.views.decorators.csrf import csrf_exempt

from audit.access import RULES, Capability, may
from audit.frame.looks import NothingRecorded, begin
from audit.frame.page import READS
from audit.frame.purposes import asked_for
from audit.frame.refusals import PageRefused

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from audit.frame.page import Page, Shows, View


def answering(page: Page) -> View:
    """The page's view behind these questions; its attribute `page` says whose it is."""

    @wraps(page.view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        _refuse_method(request, page)
        refuse_without(request, page.capability)
        if page.shows is None:
            return page.view(request, *args, **kwargs)
        return _recorded(page, page.shows, request, *args, **kwargs)

    # What changes nothing needs no token; and without one a POST shall get the sentence, not "CSRF failed".
    view = csrf_exempt(answer) if page.post is None else answer
    vars(view)["page"] = page
    return view


def _recorded(
    page: Page, shows: Shows, request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:
    """A page that shows persons' data: for a purpose, and never without a record. Raises `NothingRecorded`, in production too."""
    asked = asked_for(request)
    if asked is not None:
        return asked
    looks = begin(request, shows)
    answer = page.view(request, *args, **kwargs)
    if answer.status_code == HTTPStatus.OK and not looks.recorded:
        raise NothingRecorded(page.name)
    return answer


def refuse_without(request: HttpRequest, capability: Capability) -> None:
    """Raise `PageRefused` unless the user has the capability."""
    if not may(request.user, capability):
        rule = RULES[capability]
        raise PageRefused(HTTPStatus.FORBIDDEN, rule.sentence, rule.instead)


def _refuse_method(request: HttpRequest, page: Page) -> None:
    answered = ["GET", "HEAD"] if page.post is None else ["GET", "HEAD", "POST"]
    if request.method not in answered:
        sentence, instead = READS if page.post is None else page.post.refusal
        raise PageRefused(
            HTTPStatus.METHOD_NOT_ALLOWED, sentence, instead, allow=", ".join(answered)
        )
