"""What a call says of itself beside its scope and parameters, as data: the schema is made of it, so no call is there without it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """One form of an answer. shape: a msgspec Struct, or a JSON Schema where there is none; example: what a caller would see."""

    media_type: str
    shape: type | Mapping[str, Any]
    example: Any


@dataclass(frozen=True, slots=True)
class Body:
    """What a call takes. examples: name → body."""

    shape: type
    examples: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Described:
    """A method of a call.

    operation: its name in generated clients, for good. group: under which it is listed. words: what a caller must know, in
    Markdown. answers: the forms of the answer when all went well, the first is the usual one; none: the answer is empty.
    problems: codes that it can answer beside those that every call can (`eventstore.api.openapi.refusals`). sends: headers of the
    answer, by their names in `HEADERS`. also: other statuses that are no problem, as 304.
    """

    operation: str
    group: str
    summary: str
    words: str
    answers: Sequence[Answer]
    status: int = 200
    body: Body | None = None
    problems: Sequence[str] = ()
    sends: Sequence[str] = ()
    also: Mapping[int, str] = field(default_factory=dict)
    path: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Variables of the address that are not among `PATH`: name → schema with description and example."""
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Where to go on from the answer: another operation → its parameters, as runtime expressions of OpenAPI."""


def json_of(shape: type, example: Any) -> Sequence[Answer]:
    """The usual: one form, JSON."""
    return (Answer(JSON, shape, example),)


STREAM_ID_PATTERN: Final = r"^[a-z][a-z0-9_]{0,62}\.[A-Za-z0-9_.:-]{1,128}$"
_UUID: Final = {"type": "string", "format": "uuid"}

PATH: Final[Mapping[str, Mapping[str, Any]]] = {
    "stream_id": {
        "type": "string",
        "pattern": STREAM_ID_PATTERN,
        "description": "`{type}.{id}` of a stream.",
        "example": "order.order-123",
    },
    "commit_id": {
        **_UUID,
        "description": "A commit's id: the Idempotency-Key that it was sent with.",
        "example": "0b6e8a3e-3f5c-4f0e-9a51-6d1f2c3b4a5d",
    },
    "code": {
        "type": "string",
        "pattern": "^[a-z]+(-[a-z]+)*$",
        "description": "The `code` of a problem.",
        "example": "wrong-expected-version",
    },
}
"""Variables of addresses."""

REQUEST_HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "Idempotency-Key": {
        "type": "string",
        "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",  # no `format`: generated clients cannot send a UUID in a header
        "description": "The commit's id. The same commit sent again under it gets the first answer; left out, one is made, and"
        " a retry after a lost answer may write twice.",
        "example": "0b6e8a3e-3f5c-4f0e-9a51-6d1f2c3b4a5d",
    },
    "If-Match": {
        "type": "string",
        "pattern": '^"[0-9]{1,16}"$',
        "description": "The stream's version, in quotes: takes the place of `expected_version`.",
        "example": '"4"',
    },
    "If-None-Match": {
        "type": "string",
        "description": "An ETag that the caller has: 304 if it is still the stream's.",
        "example": '"4"',
    },
    "Last-Event-ID": {
        "type": "string",
        "description": "The cursor behind the last event that was handled, as a browser's EventSource sends it; it wins over `after`.",
    },
}
"""Headers of `Endpoint.goes_by`, where a call goes by them."""

HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ETag": {
        "description": "The stream's version, in quotes.",
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    },
    "Location": {
        "description": "Where to ask what became of it: `/commits/{commit_id}`.",
        "schema": {"type": "string"},
    },
    "Link": {
        "description": "The next page, and the one before where there is one (RFC 8288).",
        "schema": {"type": "string"},
    },
    "Idempotent-Replayed": {
        "description": "`true`: the commit was decided before, and this is the first answer again.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {
        "description": "Seconds to wait before the call is made again.",
        "schema": {"type": "integer", "minimum": 1},
    },
}
"""Headers of answers. None of them is always there but where the call's words say so."""
