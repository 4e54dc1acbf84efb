"""A call as an operation of the schema. drf-spectacular finds the calls by the addresses; what they are they say themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from drf_spectacular.openapi import AutoSchema

from eventstore.api.described import (
    HEADERS,
    JSON,
    PATH,
    REQUEST_HEADERS,
    Answer,
)
from eventstore.api.openapi.components import REF
from eventstore.api.openapi.refusals import codes_of, responses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drf_spectacular.plumbing import ComponentRegistry

    from eventstore.api.described import Described
    from eventstore.api.endpoint import Endpoint

_VARIABLE: Final = re.compile(r"\{(\w+)\}")


class Operations(AutoSchema):
    """`DEFAULT_SCHEMA_CLASS`. It asks no serializer: there is none."""

    view: Endpoint  # type: ignore[override]  # of no other kind

    def get_operation(
        self,
        path: str,
        path_regex: str,
        path_prefix: str,
        method: str,
        registry: ComponentRegistry,
    ) -> dict[str, Any]:
        """Raises KeyError for a call that says nothing of itself, of a variable of its address, or of a header."""
        said = self.view.described[method]
        variables = _VARIABLE.findall(path)
        found: dict[str, Any] = {
            "operationId": said.operation,
            "summary": said.summary,
            "description": said.words,
            "tags": [said.group],
            "security": _security(self.view, method),
            "parameters": list(_parameters(self.view, method, variables)),
        }
        if said.body is not None:
            found["requestBody"] = _body(said)
        codes = codes_of(self.view, method, has_path=bool(variables))
        found["responses"] = {**_answers(said), **responses(codes)}
        return found


def shapes_of(said: Described) -> set[type]:
    """The shapes that a description refers to."""
    found = {one.shape for one in said.answers if isinstance(one.shape, type)}
    return found if said.body is None else {*found, said.body.shape}


def _security(view: Endpoint, method: str) -> list[Mapping[str, Any]]:
    scopes = [view.scopes[method], view.instead.get(method)]
    return [{"token": [str(scope)]} for scope in scopes if scope is not None]


def _parameters(
    view: Endpoint, method: str, variables: list[str]
) -> Iterator[Mapping[str, Any]]:
    said = view.described[method]
    for name in variables:
        yield _parameter(name, "path", {**PATH, **said.path}[name], is_required=True)
    for one in view.known.get(method, ()):
        told: dict[str, Any] = {**one.schema, "description": one.description}
        if one.default is not None:
            told["default"] = one.default
        if one.example is not None:
            told["example"] = one.example
        yield _parameter(one.name, "query", told)
    for name in view.goes_by.get(method, ()):
        yield _parameter(name, "header", REQUEST_HEADERS[name])


def _parameter(
    name: str, where: str, told: Mapping[str, Any], *, is_required: bool = False
) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "in": where, "required": is_required}
    schema = dict(told)
    for member in ("description", "example"):
        if member in schema:
            found[member] = schema.pop(member)
    return {**found, "schema": schema}


def _body(said: Described) -> dict[str, Any]:
    assert said.body is not None  # noqa: S101  (asked by the caller)
    examples = {name: {"value": one} for name, one in said.body.examples.items()}
    schema = _schema(said.body.shape)
    return {
        "required": True,
        "content": {JSON: {"schema": schema, "examples": examples}},
    }


def _answers(said: Described) -> dict[str, Any]:
    found: dict[str, Any] = {"description": said.summary}
    if said.answers:
        found["content"] = {one.media_type: _content(one) for one in said.answers}
    if said.sends:
        found["headers"] = {name: HEADERS[name] for name in said.sends}
    if said.links:
        found["links"] = {
            operation: {"operationId": operation, "parameters": dict(given)}
            for operation, given in said.links.items()
        }
    also = {str(status): {"description": words} for status, words in said.also.items()}
    return {str(said.status): found, **also}


def _content(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = {"schema": _schema(answer.shape)}
    if answer.example is not None:
        found["example"] = answer.example
    return found


def _schema(shape: type | Mapping[str, Any]) -> Mapping[str, Any]:
    return (
        {"$ref": REF.format(name=shape.__name__)} if isinstance(shape, type) else shape
    )
