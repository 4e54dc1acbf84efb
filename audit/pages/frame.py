"""What all pages share: who may see them, that what is stored cannot be changed there, and how a refusal is said."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Final

import structlog
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.csrf import csrf_exempt

from eventstore.errors import EventStoreError
from eventstore.queries.keyset import BadCursor, Wanted
from eventstore.queries.stops import stopped

View = Callable[..., HttpResponse]
_log = structlog.get_logger(__name__)

OPERATE: Final = "eventstore.change_subscription"  # Django makes it with the table
_REFUSALS: Final = {
    HTTPStatus.BAD_REQUEST: ("This address is not right", "unknown"),
    HTTPStatus.FORBIDDEN: ("Not for this account", "lock"),
    HTTPStatus.NOT_FOUND: ("Nothing here", "unknown"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("Nothing can be changed here", "lock"),
    HTTPStatus.TOO_MANY_REQUESTS: ("Too many attempts", "lock"),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Not available just now", "unknown"),
}
_OTHER: Final = ("This page cannot be shown", "unknown")


class Refused(Exception):  # noqa: N818  (an answer, not a fault)
    """Why there is no page, in a sentence, and what to do instead. Never repeats what was asked."""

    def __init__(
        self,
        status: HTTPStatus,
        sentence: str,
        instead: str = "",
        *,
        allow: str = "GET, HEAD",
    ) -> None:
        self.status = status
        self.sentence = sentence
        self.instead = instead
        self.allow = allow  # the methods that are answered, where this one is not
        super().__init__(sentence)


def page(view: View) -> View:
    """A page for everybody who may enter the console. Reads only: every other method is refused, kindly."""

    # It changes nothing, so it needs no token; and without one a POST shall get the sentence, not "CSRF failed".
    return csrf_exempt(_refusing(view, _refuse_changes))


def asking_page(view: View) -> View:
    """A page that is asked by a POST with a token, so that what is asked for stands in no address."""

    def refuse(request: HttpRequest) -> None:
        if request.method not in {"GET", "HEAD", "POST"}:
            raise Refused(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "This address takes only the search form.",
                "Send the form of the search box.",
                allow="GET, HEAD, POST",
            )

    return _refusing(view, refuse)


def operating_page(view: View) -> View:
    """A page whose form has something done: for those who may; a POST with a token, which the site asks for."""

    def refuse(request: HttpRequest) -> None:
        refuse_all_but_operators(request)
        if request.method not in {"GET", "HEAD", "POST"}:
            raise Refused(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "This address takes only the form of this page.",
                "Send the form on this page.",
                allow="GET, HEAD, POST",
            )

    return _refusing(view, refuse)


def _refusing(view: View, refuse: Callable[[HttpRequest], None]) -> View:
    """A view behind a question. refuse: raises `Refused` for who or what is not answered."""

    @wraps(view)
    def refusing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        refuse(request)
        return view(request, *args, **kwargs)

    return refusing


def framed(view: View) -> View:
    """A view whose refusals and errors of the store are pages. The site puts it round every view that it has, Django's too."""

    @wraps(view)
    def framed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            _refuse_nul(request, kwargs)
            return view(request, *args, **kwargs)
        except Refused as refused:
            return refusal(request, refused)
        except BadCursor as error:
            return refusal(request, Refused(HTTPStatus.BAD_REQUEST, str(error)))
        except EventStoreError as error:
            _log.warning(
                "a page was not made",
                action="page-failed",
                code=error.code,
                error=str(error),
            )
            return refusal(request, _refused_by(error))

    return framed


def _refuse_nul(request: HttpRequest, kwargs: dict[str, Any]) -> None:
    """Raise `Refused` for an address with a character that PostgreSQL has no text with."""
    asked = [*kwargs.values(), *(v for _, vs in request.GET.lists() for v in vs)]
    if any("\0" in str(value) for value in asked):
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "This address holds a character that nothing here has in its name.",
        )


def payload_page(view: View) -> View:
    """A page about what persons did or said: for superusers, until roles exist (audit.W001)."""

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        refuse_all_but_superusers(request)
        return view(request, **kwargs)

    return page(guarded)


def refuse_all_but_superusers(request: HttpRequest) -> None:
    """Raise `Refused` unless the user is an active superuser."""
    if not may_see_payloads(request):
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "This page shows what persons did or said, and your account may not see that.",
            "Until roles exist, only superusers may. Ask one of them for what you need to know.",
        )


def refuse_all_but_operators(request: HttpRequest) -> None:
    """Raise `Refused` unless the user may have subscriptions do something."""
    if not may_operate(request):
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "Your account may not act on subscriptions.",
            f"You need the permission {OPERATE}, which a superuser can give you.",
        )


def may_operate(request: HttpRequest) -> bool:
    """Default deny; asks the database for those who are no superusers."""
    return bool(request.user.is_active and request.user.has_perm(OPERATE))


def may_see_payloads(request: HttpRequest) -> bool:
    """Default deny."""
    return bool(request.user.is_active and request.user.is_superuser)


def show(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    """Render a page in the console's frame; nobody's cache keeps it."""
    request.current_app = admin.site.name
    if (
        status is HTTPStatus.OK and "stopped" not in context
    ):  # a refusal asks nobody: the database may be why it is one
        context = {"stopped": stopped(), **context}
    answer = TemplateResponse(
        request,
        template,
        {**admin.site.each_context(request), **context},
        status=status,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The page that says no and what to do instead."""
    title, symbol = _REFUSALS.get(refused.status, _OTHER)
    context = {
        "title": title,
        "symbol": symbol,
        "sentence": refused.sentence,
        "instead": refused.instead,
    }
    answer = show(request, "audit/refused.html", context, refused.status)
    if refused.status is HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = refused.allow
    return answer


def wanted(request: HttpRequest) -> Wanted:
    """Which page of a list the address names. Raises `BadCursor` if it names two."""
    after, before = request.GET.get("after"), request.GET.get("before")
    if after is not None and before is not None:
        raise BadCursor
    return Wanted(after=after, before=before)


def query_without_cursor(request: HttpRequest) -> str:
    """The list's filters as the start of a query string: `type=…&`, or nothing."""
    kept = request.GET.copy()
    kept.pop("after", None)
    kept.pop("before", None)
    for name in [name for name, value in kept.items() if not value]:
        del kept[name]
    return f"{kept.urlencode()}&" if kept else ""


def _refused_by(error: EventStoreError) -> Refused:
    """The error in the words of its class: its own text may name hosts, topics and what was asked."""
    what = (type(error).__doc__ or "").partition("\n")[0]
    later = " Try again in a moment." if error.status == 503 else ""
    return Refused(
        HTTPStatus(error.status),
        what,
        f"The error's code is {error.code}.{later} The server's log has more; whoever runs this installation can read it.",
    )


def _refuse_changes(request: HttpRequest) -> None:
    if request.method not in {"GET", "HEAD"}:
        raise Refused(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "The mirror is a copy of the log and cannot be edited.",
            "To correct a fact, append an event that says so.",
        )
