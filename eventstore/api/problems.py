"""What the API refuses by itself, and every refusal as problem details (RFC 9457): one form, one list of codes.

What the store refuses comes from its own errors, with the same code and status. docs/ERRORS.md lists both.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rest_framework.exceptions import APIException

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE: Final = "application/problem+json"
TYPES: Final = "/api/v1/problems/"


class ApiProblem(APIException):
    """A refusal of the API itself. facts: members of the answer beside the standard ones; nothing of a person.

    resolve: a call, a command or a page that helps. carries: the names of its facts. comes_again: it says how long to wait.
    headers: of the answer, beside those that every refusal of its kind has.
    """

    code: ClassVar[str]
    status: ClassVar[HTTPStatus]
    resolve: ClassVar[str]
    carries: ClassVar[tuple[str, ...]] = ()
    comes_again: ClassVar[bool] = False

    def __init__(
        self, detail: str, *, retry_after: int | None = None, **facts: Any
    ) -> None:
        self.status_code = self.status.value
        self.facts: Mapping[str, Any] = facts
        self.headers: Mapping[str, str] = {}
        self.wait = retry_after  # DRF's name: the header Retry-After
        super().__init__(detail, self.code)


class MalformedRequest(ApiProblem):
    """What came is no HTTP request that the server takes, or is sent to a host that it does not answer for."""

    code = "malformed-request"
    status = HTTPStatus.BAD_REQUEST
    resolve = (
        "Send HTTP/1.1, to the host that whoever runs this installation has named."
    )


class AddressTooLong(ApiProblem):
    """The first line of the request is longer than the server takes."""

    code = "address-too-long"
    status = HTTPStatus.REQUEST_URI_TOO_LONG
    resolve = (
        "Ask for less at a time: of the feed fewer `types`, of a list fewer parameters."
    )


class HeadersTooLong(ApiProblem):
    """The headers of the request are more, or longer, than the server takes."""

    code = "headers-too-long"
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    resolve = "Send the headers that the call goes by, and no others."


class UnknownParameter(ApiProblem):
    """The query has a parameter that this call does not know."""

    code = "unknown-parameter"
    status = HTTPStatus.BAD_REQUEST
    carries = ("parameter",)
    resolve = "Leave the parameter out: docs/API.md lists those of each call. A filter that is not supported is never passed over."


class InvalidParameter(ApiProblem):
    """A parameter's value is none that it can have, or the parameter is there twice."""

    code = "invalid-parameter"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    carries = ("parameter",)
    resolve = "Put the value right: docs/API.md says what the parameter can be."


class UnsupportedHeader(ApiProblem):
    """The request has a header that asks for something which this call does not do."""

    code = "unsupported-header"
    status = HTTPStatus.BAD_REQUEST
    carries = ("header",)
    resolve = "Leave the header out: docs/API.md lists those that the call goes by."


class InvalidHeader(ApiProblem):
    """A header's value is none that it can have."""

    code = "invalid-header"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    carries = ("header",)
    resolve = "Put the value right: docs/API.md says what the header can be."


class BadCursor(ApiProblem):
    """A cursor that this list has not given out, or one that was changed."""

    code = "bad-cursor"
    status = HTTPStatus.BAD_REQUEST
    resolve = "Take a cursor as an answer of this very list gave it, with the same filters and the same account; or begin without one."


class MalformedBody(ApiProblem):
    """The body is no JSON that could be taken, or the call takes none."""

    code = "malformed-body"
    status = HTTPStatus.BAD_REQUEST
    carries = ("reason",)
    resolve = (
        "Send one JSON object in UTF-8: no name twice, no NUL, no lone surrogate, finite numbers, at most 64 levels;"
        " and none to a call that takes none."
    )


class BodyTooLarge(ApiProblem):
    """The body is larger than the call takes."""

    code = "body-too-large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    carries = ("size", "limit")
    resolve = "Split it into several commits, or keep the large part elsewhere."


class InvalidBody(ApiProblem):
    """The body is JSON, but not what the call takes."""

    code = "invalid-body"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    carries = ("field",)
    resolve = "Put the named field right, or leave it out if there is none of this name: docs/API.md."


class ExpectationsDisagree(ApiProblem):
    """`If-Match` and `expected_version` say different things."""

    code = "expectations-disagree"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    resolve = "Say in one place what the commit expects."


class NotAuthenticated(ApiProblem):
    """There is no token, or it is none that is valid."""

    code = "not-authenticated"
    status = HTTPStatus.UNAUTHORIZED
    resolve = "Send `Authorization: Token …`. `manage.py service_accounts rotate NAME` prints a new token."
    auth_header = "Token"  # DRF's name: the header WWW-Authenticate


class ScopeMissing(ApiProblem):
    """The token's account may not do this."""

    code = "scope-missing"
    status = HTTPStatus.FORBIDDEN
    carries = ("scope",)
    resolve = (
        "`manage.py service_accounts change NAME --scopes …` says what an account may."
    )


class NotAllowed(ApiProblem):
    """The token's account may not append this here."""

    code = "not-allowed"
    status = HTTPStatus.FORBIDDEN
    carries = ("reason",)
    resolve = 'Append to streams of your own household, and what is its to say: docs/API.md, "What a token may".'


class NotThere(ApiProblem):
    """There is nothing here that this token may see."""

    code = "not-found"
    status = HTTPStatus.NOT_FOUND
    resolve = "Look at the id again, and at the end of the address: no slash stands there. What a token may not see answers the same."


class CommitNotInLog(ApiProblem):
    """No commit of this id that this token may see is in the log, up to its end as it was read for this answer."""

    code = "commit-not-in-log"
    status = HTTPStatus.NOT_FOUND
    carries = ("up_to",)
    resolve = "This is not final: a copy may be on its way. Send the commit again under the same Idempotency-Key, which settles it."


class NoState(ApiProblem):
    """Streams of this type have no aggregate here, so there is no state of them."""

    code = "no-state"
    status = HTTPStatus.NOT_FOUND
    resolve = "Read the stream's events: `GET /streams/{stream_id}/events`."


class MethodNotAllowed(ApiProblem):
    """The address is right, the method is not."""

    code = "method-not-allowed"
    status = HTTPStatus.METHOD_NOT_ALLOWED
    resolve = "The header Allow names the methods."


class NotAcceptable(ApiProblem):
    """The call cannot answer in a form that the request accepts."""

    code = "not-acceptable"
    status = HTTPStatus.NOT_ACCEPTABLE
    resolve = "Send `Accept: application/json`, or leave the header out."


class UnsupportedMediaType(ApiProblem):
    """The body is in a form that the call does not take."""

    code = "unsupported-media-type"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    resolve = "Send `Content-Type: application/json`."


class TooManyRequests(ApiProblem):
    """The token asks more often than it may, or too many unknown tokens came from this address."""

    code = "too-many-requests"
    status = HTTPStatus.TOO_MANY_REQUESTS
    comes_again = True
    resolve = "Wait as long as Retry-After says."


class TooManyFollowers(ApiProblem):
    """As many followers wait for events as this process lets wait."""

    code = "too-many-followers"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    comes_again = True
    resolve = "Come again after Retry-After, or ask without `wait`."


class TooManyExports(ApiProblem):
    """As many copies are being made as this process makes at a time."""

    code = "too-many-exports"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    comes_again = True
    resolve = "Come again after Retry-After, and take copies one after the other."


class ReadModelsBehind(ApiProblem):
    """The answer would lack what was written last: the read models have not handled it yet."""

    code = "read-models-behind"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    comes_again = True
    resolve = "Come again after Retry-After. If it stays so, whoever runs this installation looks at `manage.py subscriptions list`."


class InternalError(ApiProblem):
    """An error of this code; the log has it under the answer's correlation id."""

    code = "internal-error"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    resolve = "Report it with the header X-Correlation-ID. A POST may have been accepted: `GET /commits/{commit_id}` tells."
