"""What every address answers when the database does not: a page that needs none, and a status that says come again."""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from django.shortcuts import render
from django.views.defaults import server_error

from eventstore.database import is_silence, named
from eventstore.errors import DatabaseUnfit

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

_log = structlog.get_logger(__name__)


class DatabaseTrouble:
    """Middleware. Session and user come from the database too, so that no page's own frame can be asked to say it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing of its own."""
        return self._get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        """See `unavailable`."""
        return unavailable(request, error)


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    """The page, if it is the database's silence; a middleware that asks the database itself answers with it."""
    return _unavailable(request, error) if _is_silence(error) else None


def broken(request: HttpRequest) -> HttpResponse:
    """What is answered when something raised. Sessions are saved outside of every view: a database that goes away until then is silence, too."""
    error = sys.exc_info()[1]
    if error is not None and _is_silence(error):
        return _unavailable(request, error)
    return server_error(request)


def _is_silence(error: BaseException) -> bool:
    return isinstance(error, DatabaseUnfit) or is_silence(error)


def _unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    _log.warning(
        "a page was not made", action="page-failed", error=type(error).__name__
    )
    said = str(error) if isinstance(error, DatabaseUnfit) else named(error)
    answer = render(
        request,
        "503.html",
        {"said": said and f"{said[0].upper()}{said[1:]}"},
        status=HTTPStatus.SERVICE_UNAVAILABLE,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
