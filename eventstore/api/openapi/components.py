"""The parts of the schema that its calls refer to: shapes of bodies and answers, the problem, and every event type's data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from eventstore.api.openapi.refusals import problem_schema
from eventstore.conf import registry

if TYPE_CHECKING:
    from collections.abc import Collection

    from eventstore.registry.event_type import EventType

REF: Final = "#/components/schemas/{name}"
TOKEN: Final = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Token …`, as `manage.py create_service_account` prints it once. The scope that a call needs is"
        " named beside it.",
    }
}


def schemas(shapes: Collection[type]) -> dict[str, Any]:
    """By name: what calls take and answer, and the data of every event type. Raises ValueError where two have one name."""
    types = list(registry().event_types())
    ordered = sorted(shapes, key=lambda shape: shape.__name__)
    wanted = [*ordered, *(known.struct for known in types)]
    _, found = msgspec.json.schema_components(wanted, ref_template=REF)
    if "Problem" in found or any("_" in name for name in found):
        # msgspec tells two of one name apart by their modules, which are nobody's business
        msg = f"two shapes of the API have one name: {sorted(found)}"
        raise ValueError(msg)
    for known in types:
        _mark(found[known.struct.__name__], known)
    found["Problem"] = problem_schema()
    return {name: as_ecma(found[name]) for name in sorted(found)}


def event_types() -> dict[str, Any]:
    """By name: the streams that an event type belongs to, its schema's number, and its data, for programs."""
    return {
        known.name: {
            "stream_type": known.stream_type,
            "schema": known.schema,
            "sensitive": sorted(known.sensitive),
            "data": {"$ref": REF.format(name=known.struct.__name__)},
        }
        for known in registry().event_types()
    }


def _mark(schema: dict[str, Any], known: EventType) -> None:
    """Say which fields are sealed."""
    for name in known.sensitive:
        field: dict[str, Any] = schema["properties"][name]
        field["x-sensitive"] = True
        said = field.get("description", "")
        field["description"] = f"{said} Sealed; shown with `pii:read` alone.".strip()


def as_ecma(schema: Any) -> Any:
    r"""Patterns as JSON Schema has them: Python's `\A` and `\Z` mean nothing there."""
    if isinstance(schema, dict):
        return {
            name: _pattern(value) if _is_pattern(name, value) else as_ecma(value)
            for name, value in schema.items()
        }
    return [as_ecma(one) for one in schema] if isinstance(schema, list) else schema


def _is_pattern(name: str, value: Any) -> bool:
    return name == "pattern" and isinstance(value, str)


def _pattern(pattern: str) -> str:
    return re.sub(r"\\Z$", "$", re.sub(r"^\\A", "^", pattern))
