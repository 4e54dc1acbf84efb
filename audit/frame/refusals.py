"""No, said as a page: in a sentence, with what to do instead, and the status that machines understand."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.template.response import TemplateResponse

from audit.frame.showing import show
from eventstore.errors import EventStoreError
from eventstore.queries.keyset import BadCursor

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from audit.frame.page import View

_log = structlog.get_logger(__name__)

_REFUSALS: Final = {
    HTTPStatus.BAD_REQUEST: ("This address is not right", "unknown"),
    HTTPStatus.FORBIDDEN: ("Not for this account", "lock"),
    HTTPStatus.NOT_FOUND: ("Nothing here", "unknown"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("Nothing can be changed here", "lock"),
    HTTPStatus.TOO_MANY_REQUESTS: ("Too many attempts", "lock"),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Not available just now", "unknown"),
}
_OTHER: Final = ("This page cannot be shown", "unknown")


class PageRefused(Exception):  # noqa: N818  (an answer, not a fault)
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


def framed(view: View) -> View:
    """A view whose refusals and errors of the store are pages. The site puts it round every view that it has, Django's too."""

    @wraps(view)
    def framed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            _refuse_nul(request, kwargs)
            return _rendered(view(request, *args, **kwargs))
        except PageRefused as refused:
            return refusal(request, refused)
        except BadCursor as error:
            return refusal(request, PageRefused(HTTPStatus.BAD_REQUEST, str(error)))
        except EventStoreError as error:
            _log.warning(
                "a page was not made",
                action="page-failed",
                code=error.code,
                error=str(error),
            )
            return refusal(request, _refused_by(error))

    return framed


def refusal(request: HttpRequest, refused: PageRefused) -> HttpResponse:
    """The page that says no and what to do instead."""
    title, symbol = _REFUSALS.get(refused.status, _OTHER)
    context = {
        "title": title,
        "symbol": symbol,
        "sentence": refused.sentence,
        "instead": refused.instead,
    }
    answer = show(request, "audit/frame/refused.html", context, refused.status)
    if refused.status is HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = refused.allow
    return answer


def _rendered(answer: HttpResponse) -> HttpResponse:
    """What a template asks for only while it is written would otherwise be asked outside of the frame."""
    if isinstance(answer, TemplateResponse) and not answer.is_rendered:
        answer.render()
    return answer


def _refuse_nul(request: HttpRequest, kwargs: dict[str, Any]) -> None:
    """Raise `PageRefused` for an address with a character that PostgreSQL has no text with."""
    values = [*kwargs.values(), *(v for _, vs in request.GET.lists() for v in vs)]
    if any("\0" in str(value) for value in values):
        raise PageRefused(
            HTTPStatus.BAD_REQUEST,
            "This address holds a character that nothing here has in its name.",
        )


def _refused_by(error: EventStoreError) -> PageRefused:
    """The error in the words of its class: its own text may name hosts, topics and what was asked."""
    what = (type(error).__doc__ or "").partition("\n")[0]
    later = " Try again in a moment." if error.status == 503 else ""
    return PageRefused(
        HTTPStatus(error.status),
        what,
        f"The error's code is {error.code}.{later} The server's log has more; whoever runs this installation can read it.",
    )
