"""Query parameters, said once: read from a request, refused by name, and listed in the schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus
from uuid import UUID

from django.core.exceptions import TooManyFieldsSent

from eventstore.api.problems import InvalidParameter, UnknownParameter
from eventstore.events import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django.http import QueryDict
    from rest_framework.request import Request

LONGEST: Final = 7_500  # characters of a value: of a cursor of the feed, which names each partition (`feed.asking`)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a call. parse: raises ValueError with what it can be. schema: of OpenAPI. default: where it is left out."""

    name: str
    parse: Callable[[str], Any]
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    default: Any = None
    example: Any = None


def query_of(request: Request) -> QueryDict:
    """The query; where Django counts more parameters than it reads, no call knows all of them. Raises `UnknownParameter`."""
    try:
        return request.query_params
    except TooManyFieldsSent:
        first = unquote_plus(request.META["QUERY_STRING"].partition("&")[0])
        msg = "The query has more parameters than any call knows."
        raise UnknownParameter(msg, parameter=first.partition("=")[0][:64]) from None


def read(query: QueryDict, known: Sequence[Parameter]) -> Mapping[str, Any]:
    """Every known parameter with its value. Raises `UnknownParameter`, `InvalidParameter`."""
    by_name = {parameter.name: parameter for parameter in known}
    for name in query:
        if name not in by_name:
            msg = f"This call knows no parameter {name[:64]!a}."
            raise UnknownParameter(msg, parameter=name[:64])
    return {name: _value(query.getlist(name), one) for name, one in by_name.items()}


def _value(values: Sequence[str], parameter: Parameter) -> Any:
    if not values:
        return parameter.default
    name = parameter.name
    if len(values) > 1:
        msg = f"The parameter {name} is there {len(values)} times."
        raise InvalidParameter(msg, parameter=name)
    if len(values[0]) > LONGEST or "\0" in values[0]:
        msg = f"The parameter {name} has a NUL in it or is longer than {LONGEST} characters."
        raise InvalidParameter(msg, parameter=name)
    try:
        return parameter.parse(values[0])
    except ValueError as error:
        msg = f"The parameter {name} must be {error}."
        raise InvalidParameter(msg, parameter=name) from error


# ---- what values can be


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number from one to another, in plain digits."""

    def parse(text: str) -> int:
        if (
            text.isascii()
            and text.isdecimal()
            and len(text) <= 19
            and least <= int(text) <= most
        ):
            return int(text)
        msg = f"a whole number from {least} to {most}"
        raise ValueError(msg)

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    """One of these words."""

    def parse(text: str) -> str:
        if text in words:
            return text
        msg = f"one of {', '.join(words)}"
        raise ValueError(msg)

    return parse


def uuid(text: str) -> UUID:
    """A UUID in its usual form."""
    try:
        found = UUID(text)
    except ValueError:
        found = None
    if found is None or str(found) != text.lower():
        msg = "a UUID, as in 0b6e8a3e-3f5c-4f0e-9a51-6d1f2c3b4a5d"
        raise ValueError(msg)
    return found


def instant(text: str) -> datetime:
    """A time with a zone, ISO 8601, in UTC: PostgreSQL takes no zone that is 16 hours away or more."""
    try:
        found = datetime.fromisoformat(text)
        written(found)  # at either end of the calendar there may be no such time in UTC
        found = found.astimezone(UTC)
    except ValueError:
        found = None
    if found is None:
        msg = "a time with its zone, as in 2026-11-23T09:00:00Z"
        raise ValueError(msg)
    return found
