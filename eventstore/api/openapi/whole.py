"""The whole schema: drf-spectacular's generator over all addresses, and our components."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from drf_spectacular.generators import SchemaGenerator

from eventstore.api.openapi.components import TOKEN, event_types, schemas
from eventstore.api.openapi.operations import shapes_of
from eventstore.api.openapi.refusals import problem_examples


class Generator(SchemaGenerator):
    """Adds what the calls refer to."""

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002  (as its)
        """See `whole`."""
        found: dict[str, Any] = super().get_schema(request, public)  # type: ignore[no-untyped-call]
        shapes = {
            shape
            for _, _, method, view in self._get_paths_and_endpoints()  # type: ignore[no-untyped-call]
            for shape in shapes_of(view.described[method])
        }
        found["components"] = {
            "schemas": schemas(shapes),
            "examples": problem_examples(),
            "securitySchemes": TOKEN,
        }
        found["x-event-types"] = event_types()
        return found


@cache
def whole() -> bytes:
    """As JSON, the same bytes for the same code."""
    found = Generator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return msgspec.json.format(msgspec.json.encode(found), indent=1)
