"""What is refused before any call is asked: what came is no request, or was sent to a host that is none of ours. Problem details all the same."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.http import HttpResponse
from django.views import defaults

from eventstore.api.answering import members_of
from eventstore.api.problems import (
    MEDIA_TYPE,
    AddressTooLong,
    HeadersTooLong,
    MalformedRequest,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from eventstore.api.problems import ApiProblem

API: Final = "/api/"
_BY_STATUS: Final[Mapping[HTTPStatus, type[ApiProblem]]] = {
    one.status: one for one in (AddressTooLong, HeadersTooLong, MalformedRequest)
}


def no_request(status: HTTPStatus) -> tuple[HTTPStatus, str, bytes]:
    """What the server answers to what is none: status, media type, body. Nothing of it is repeated."""
    kind = _BY_STATUS.get(status, MalformedRequest)
    problem = kind("The server does not take what was sent.")
    return kind.status, MEDIA_TYPE, msgspec.json.encode(members_of(problem))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's `handler400`: a problem below `/api/`, a page elsewhere."""
    if not request.path.startswith(API):
        page: Any = defaults.bad_request(request, exception)
        answer: HttpResponse = page
        return answer
    status, media_type, body = no_request(HTTPStatus.BAD_REQUEST)
    return HttpResponse(
        body,
        status=status,
        content_type=media_type,
        headers={"Cache-Control": "no-store"},
    )
