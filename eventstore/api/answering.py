"""How an error becomes an answer: problem details, whoever raised it. `EXCEPTION_HANDLER` of the API's views, asked by drf-standardized-errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions

from eventstore.api import problems
from eventstore.api.problems import MEDIA_TYPE, TYPES, ApiProblem
from eventstore.api.resolving import facts_of, resolving
from eventstore.database import is_trouble
from eventstore.errors import (
    AccessNotRecorded,
    DatabaseUnanswered,
    EventStoreError,
    NotFound,
    Retryable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.response import Response

_log = structlog.get_logger(__name__)
RETRY_AFTER_S: Final = 1

_OF_DRF: Final[Mapping[type[exceptions.APIException], type[ApiProblem]]] = {
    exceptions.ParseError: problems.MalformedBody,
    exceptions.NotAuthenticated: problems.NotAuthenticated,
    exceptions.AuthenticationFailed: problems.NotAuthenticated,
    exceptions.PermissionDenied: problems.ScopeMissing,
    exceptions.NotFound: problems.NotThere,
    exceptions.MethodNotAllowed: problems.MethodNotAllowed,
    exceptions.NotAcceptable: problems.NotAcceptable,
    exceptions.UnsupportedMediaType: problems.UnsupportedMediaType,
    exceptions.Throttled: problems.TooManyRequests,
    exceptions.ValidationError: problems.InvalidBody,
}


class StoreProblem(ApiProblem):
    """An error of the store as an answer: its code, its status, its message, which names nobody."""

    def __init__(self, error: EventStoreError) -> None:
        self.code = error.code  # type: ignore[misc]  # (of this object)
        self.status = HTTPStatus(error.status)  # type: ignore[misc]
        self.resolve = resolving(error.code)  # type: ignore[misc]
        again = RETRY_AFTER_S if _passes(error) else None
        super().__init__(str(error), retry_after=again, **facts_of(error))


class ProblemHandler(ExceptionHandler):
    """Makes an `ApiProblem` of whatever was raised, so that one formatter serves all."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """See above."""
        if isinstance(exc, NotFound):
            # what is foreign answers the same, to the byte
            return problems.NotThere("There is nothing here that this token may see.")
        if isinstance(exc, EventStoreError):
            return StoreProblem(exc)
        if is_trouble(exc):
            return StoreProblem(DatabaseUnanswered("the database does not answer"))
        return super().convert_known_exceptions(exc)

    def convert_unhandled_exceptions(self, exc: Exception) -> exceptions.APIException:
        """What nobody expected says nothing of what was in it."""
        if isinstance(exc, ApiProblem):
            return exc
        if isinstance(exc, exceptions.APIException):
            return _of_drf(exc)
        return problems.InternalError(
            "Something went wrong here; nothing of it is said, for it may name somebody."
        )

    def should_not_handle(self, exc: Exception) -> bool:
        """Nothing: a page with a traceback is no problem details."""
        return False

    def get_headers(self, exc: exceptions.APIException) -> dict[str, str]:
        """With those that the refusal itself brings."""
        headers: dict[str, str] = super().get_headers(exc)
        return headers | dict(getattr(exc, "headers", {}))

    def get_response(
        self, exc: exceptions.APIException, data: dict[str, Any]
    ) -> Response:
        """With the media type of problem details."""
        response: Response = super().get_response(exc, data)
        response.content_type = MEDIA_TYPE
        return response

    def report_exception(
        self, exc: exceptions.APIException, response: Response
    ) -> None:
        """An error of our own is logged with its kind; one that was foreseen is a refusal and no error."""
        if isinstance(exc, problems.InternalError):
            _log.error(
                "a call of the API failed",
                action="api-call-failed",
                error=type(self.exc).__name__,
                exc_info=self.exc,
            )
            super().report_exception(exc, response)


class ProblemFormatter(ExceptionFormatter):
    """The members of RFC 9457, the code, what helps, the facts that the error carries, and what the call tells in every answer."""

    def run(self) -> dict[str, Any]:
        """See above."""
        problem = cast("ApiProblem", self.exc)
        return {**members_of(problem), **self._told(), **problem.facts}

    def _told(self) -> Mapping[str, Any]:
        """What is not there, or not for this token, answers the same to the byte."""
        if isinstance(self.exc, problems.NotThere):
            return {}
        told: Mapping[str, Any] = getattr(self.context["view"], "told", {})
        return told


def members_of(problem: ApiProblem) -> dict[str, Any]:
    """Those that every refusal has."""
    return {
        "type": f"{TYPES}{problem.code}",
        "title": title_of(problem.code),
        "status": problem.status_code,
        "detail": str(problem.detail),
        "code": problem.code,
        "resolve": problem.resolve,
    }


def _passes(error: BaseException) -> bool:
    """Whether it does by itself. That a look could not be recorded does, if what kept it from being recorded does."""
    if isinstance(error, AccessNotRecorded) and error.__cause__ is not None:
        return _passes(error.__cause__)
    return isinstance(error, Retryable)


def title_of(code: str) -> str:
    """A code in words: the same for every occurrence, as RFC 9457 wants it."""
    return code.replace("-", " ").capitalize()


def _of_drf(exc: exceptions.APIException) -> ApiProblem:
    made = next(
        (made for kind, made in _OF_DRF.items() if isinstance(exc, kind)),
        problems.InternalError,
    )
    wait = getattr(exc, "wait", None)
    again = None if wait is None else max(1, round(wait))
    return made(str(exc.detail), retry_after=again)
