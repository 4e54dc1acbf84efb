"""The problems that a call can answer with, status by status, as responses of the schema."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from eventstore.api.catalogue import catalogue
from eventstore.api.described import HEADERS
from eventstore.api.problems import MEDIA_TYPE, TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from http import HTTPStatus

    from eventstore.api.catalogue import Entry
    from eventstore.api.endpoint import Endpoint

# What a description takes where it fits: what can stand in the way of whoever …
# … reads what is folded
READING: Final = (
    "database-unfit",
    "index-incomplete",
    "log-misconfigured",
    "log-truncated",
    "log-unanswered",
    "log-unreadable",
    "mirror-diverged",
    "partition-set-aside",
    "store-unsealed",
    "unknown-rule-version",
)
# … is shown something of a person
SHOWING: Final = ("access-not-recorded",)
# … has something opened
OPENING: Final = ("key-store-unavailable",)

FACTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "commit_id": {"type": "string", "format": "uuid"},
    "current_version": {"type": "integer", "minimum": 0},
    "differs": {"type": "string"},
    "expected": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    "field": {"type": "string"},
    "header": {"type": "string"},
    "index": {"type": "integer", "minimum": 0},
    "limit": {"type": "integer", "minimum": 0},
    "month": {"type": "string"},
    "parameter": {"type": "string"},
    "reason": {"type": "string"},
    "scope": {"type": "string"},
    "size": {"type": "integer", "minimum": 0},
    "stream_id": {"type": "string"},
    "up_to": {"type": "string"},
}
"""What an answer can carry beside the members of RFC 9457."""

_OF_EVERY_CALL: Final = (
    "address-too-long",
    "headers-too-long",
    "internal-error",
    "malformed-body",
    "malformed-request",
    "not-acceptable",
    "unknown-parameter",
    "unsupported-header",
)
_OF_EVERY_CALL_WITH_A_TOKEN: Final = (
    "database-unanswered",
    "not-authenticated",
    "scope-missing",
    "too-many-requests",
)
_OF_EVERY_BODY: Final = (
    "body-too-large",
    "invalid-body",
    "unsupported-media-type",
)


def codes_of(view: Endpoint, method: str, *, has_path: bool) -> set[str]:
    """All that a call can answer with, of itself and as every call."""
    said = view.described[method]
    codes = {*said.problems, *_OF_EVERY_CALL}
    if view.scopes[method] is not None:
        codes.update(_OF_EVERY_CALL_WITH_A_TOKEN)
    if view.known.get(method):
        codes.add("invalid-parameter")
    if view.goes_by.get(method):
        codes.add("invalid-header")
    if has_path:
        codes.add("not-found")
    if said.body is not None:
        codes.update(_OF_EVERY_BODY)
    return codes


def responses(codes: Iterable[str]) -> dict[str, Any]:
    """By status, in the order of the statuses. Raises KeyError for a code that is none."""
    known = catalogue()
    entries = sorted((known[code] for code in codes), key=lambda e: (e.status, e.code))
    return {
        str(status.value): _response(status, list(same))
        for status, same in groupby(entries, key=lambda e: e.status)
    }


def problem_schema() -> dict[str, Any]:
    """Of a problem of any code."""
    text = {"type": "string"}
    return {
        "title": "Problem",
        "description": "RFC 9457. A program goes by `code`, a person by `detail` and `resolve`. docs/ERRORS.md lists all codes.",
        "type": "object",
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": text,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": text,
            "code": {"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$"},
            "resolve": text,
            **FACTS,
        },
        "required": ["type", "title", "status", "detail", "code", "resolve"],
    }


def problem_examples() -> dict[str, Any]:
    """One of each code."""
    return {code: _example(entry) for code, entry in catalogue().items()}


def _response(status: HTTPStatus, entries: list[Entry]) -> dict[str, Any]:
    told = [f"- `{entry.code}`: {entry.happened}" for entry in entries]
    # one shape for all, so that a generated client has one class; which codes these are stands beside it
    schema = {"$ref": "#/components/schemas/Problem"}
    shown = {e.code: {"$ref": f"#/components/examples/{e.code}"} for e in entries}
    found: dict[str, Any] = {
        "description": "\n".join(told),
        "content": {MEDIA_TYPE: {"schema": schema, "examples": shown}},
        "x-problem-codes": [entry.code for entry in entries],
    }
    if any(entry.comes_again for entry in entries):
        found["headers"] = {"Retry-After": HEADERS["Retry-After"]}
    return found


def _example(entry: Entry) -> dict[str, Any]:
    value = {
        "type": f"{TYPES}{entry.code}",
        "title": entry.title,
        "status": entry.status.value,
        "detail": entry.happened,
        "code": entry.code,
        "resolve": entry.resolve,
    }
    return {"value": value}
