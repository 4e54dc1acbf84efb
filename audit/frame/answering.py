"""What is asked before any page's view is called: whether this method is answered, and whether this account may."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.views.decorators.csrf import csrf_exempt

from audit.access import RULES, Capability, may
from audit.frame.page import READS
from audit.frame.refusals import PageRefused

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from audit.frame.page import Page, View


def answering(page: Page) -> View:
    """The page's view behind these questions; its attribute `page` says whose it is."""

    @wraps(page.view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        _refuse_method(request, page)
        refuse_without(request, page.capability)
        return page.view(request, *args, **kwargs)

    # What changes nothing needs no token; and without one a POST shall get the sentence, not "CSRF failed".
    view = csrf_exempt(answer) if page.post is None else answer
    vars(view)["page"] = page
    return view


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
