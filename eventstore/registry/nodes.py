"""The types that a class consists of, as msgspec describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator


def nodes_of(hint: Any) -> list[Any]:
    """Of an annotation or a class: itself and all that it holds, however deep."""
    nodes: dict[int, Any] = {}
    waiting: list[Any] = [msgspec.inspect.type_info(hint)]
    while waiting:
        node = waiting.pop()
        if id(node) not in nodes:
            nodes[id(node)] = node
            waiting.extend(_parts(node))
    return list(nodes.values())


def _parts(node: Any) -> Iterator[Any]:
    if isinstance(node, tuple | list):
        yield from node
    elif isinstance(node, msgspec.inspect.Type | msgspec.inspect.Field):
        for name in node.__struct_fields__:
            if name not in ("default", "default_factory", "extra", "extra_json_schema"):
                yield getattr(node, name)
