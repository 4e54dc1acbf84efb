"""The schema for whoever makes cases of it by chance: it hits what there is, and events that a type would take, far more often.

It allows nothing that the schema itself does not.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SOME: Final[Mapping[str, str]] = {
    "stream_id": r"^(child\.child|conversation\.conv|parent\.parent)-[1-3]$",
    "child_id": "^child-[1-3]$",
    "parent_id": "^parent-[1-3]$",
}
_SLOW: Final = ("wait",)  # seconds, of every case
_NOBODYS: Final = ("privacy", "access", "approval")  # nobody appends these over HTTP


def narrowed(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy."""
    found = deepcopy(schema)
    for operations in found["paths"].values():
        for operation in operations.values():
            _narrow(operation["parameters"])
            for response in operation["responses"].values():
                _allow_no_other_code(response)
    schemas = found["components"]["schemas"]
    schemas["ProposedEvent"] = {
        "oneOf": list(_events(schemas["ProposedEvent"], found["x-event-types"]))
    }
    return found


def _narrow(parameters: list[dict[str, Any]]) -> None:
    parameters[:] = [one for one in parameters if one["name"] not in _SLOW]
    for one in parameters:
        if one["in"] == "path" and one["name"] in _SOME:
            one["schema"] = {**one["schema"], "pattern": _SOME[one["name"]]}


def _allow_no_other_code(response: dict[str, Any]) -> None:
    if codes := response.get("x-problem-codes"):
        for content in response["content"].values():
            only = {"properties": {"code": {"enum": codes}}}
            content["schema"] = {"allOf": [content["schema"], only]}


def _events(
    proposed: Mapping[str, Any], types: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for name, known in types.items():
        if known["stream_type"] not in _NOBODYS:
            fields = {**proposed["properties"], "type": {"const": name}}
            yield {**proposed, "properties": {**fields, "data": known["data"]}}
