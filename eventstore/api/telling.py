"""What the API tells of itself: its schema, a page of it, and what a problem's code means. None of it needs a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.response import Response

from eventstore.api.bodies import Json
from eventstore.api.catalogue import catalogue
from eventstore.api.described import Answer, Described, json_of
from eventstore.api.openapi.whole import whole
from eventstore.api.problems import TYPES, NotThere
from eventstore.api.public import Public

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request

GROUP: Final = "the API itself"


class ProblemType(msgspec.Struct, frozen=True):
    """What a problem's code means. facts: members of the answer that a program may go by. python: the same error in Python."""

    type: str
    code: str
    title: str
    status: int
    happened: str
    resolve: str
    facts: tuple[str, ...]
    has_retry_after: bool
    python: str | None


class SchemaView(Public):
    """`GET`: OpenAPI 3.1, as JSON (which is YAML, too). It is made once a process."""

    described: ClassVar[Mapping[str, Described]] = {
        "GET": Described(
            "get_schema",
            GROUP,
            "The schema of the API",
            "OpenAPI 3.1, with the JSON Schema of every event type's data among its components; `x-event-types` says which"
            " belongs to which type. The same as `docs/openapi.json`.",
            [Answer("application/json", {"type": "object"}, None)],
        )
    }

    def get(self, _request: Request) -> Response:
        """Bytes."""
        return Response(whole())


class DocsView(Public):
    """`GET`: a page of the schema, which a browser makes of it. All of it comes from here: no word goes to a third party."""

    renderer_classes = (TemplateHTMLRenderer,)  # type: ignore[assignment]
    described: ClassVar[Mapping[str, Described]] = {
        "GET": Described(
            "get_docs",
            GROUP,
            "The schema as a page",
            "For people: every call with its examples.",
            [Answer("text/html", {"type": "string"}, None)],
        )
    }

    def get(self, _request: Request) -> Response:
        """Names the files; the scripts do the rest."""
        return Response(template_name="eventstore_api/docs.html")

    def handle_exception(self, exc: Exception) -> Response:
        """A problem has one form, here too."""
        self.request.accepted_renderer = Json()
        self.request.accepted_media_type = Json.media_type
        response: Response = super().handle_exception(exc)
        return response


class ProblemView(Public):
    """`GET`: what a problem's `type` leads to."""

    described: ClassVar[Mapping[str, Described]] = {
        "GET": Described(
            "get_problem_type",
            GROUP,
            "What a problem's code means",
            "The same as `docs/ERRORS.md` says, for programs.",
            json_of(
                ProblemType,
                {
                    "type": f"{TYPES}wrong-expected-version",
                    "code": "wrong-expected-version",
                    "title": "Wrong expected version",
                    "status": 409,
                    "happened": "The stream has moved on since you read it: load it again and decide again.",
                    "resolve": "Read the stream from current_version on, decide again, and send it under a new"
                    " Idempotency-Key.",
                    "facts": ["stream_id", "current_version", "expected"],
                    "has_retry_after": False,
                    "python": "WrongExpectedVersion",
                },
            ),
        )
    }

    def get(self, _request: Request, code: str) -> Response:
        """404 for a code that no call answers with."""
        entry = catalogue().get(code)
        if entry is None:
            msg = "No call answers with this code."
            raise NotThere(msg)
        told: dict[str, Any] = {
            "type": f"{TYPES}{entry.code}",
            "code": entry.code,
            "title": entry.title,
            "status": entry.status.value,
            "happened": entry.happened,
            "resolve": entry.resolve,
            "facts": entry.facts,
            "has_retry_after": entry.comes_again,
            "python": entry.of_store or None,
        }
        return Response(told)
