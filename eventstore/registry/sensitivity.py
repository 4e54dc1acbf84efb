"""Which fields of a class are sensitive: the one answer, for what is sealed, what is masked and what may leave the store."""

from __future__ import annotations

from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from eventstore.registry.nodes import nodes_of


def sensitive_fields(kind: type[Any]) -> frozenset[str]:
    """The top-level fields, named as data has them, that are annotated with `SENSITIVE` or hold such a field at any depth.

    kind: a struct, a dataclass, a TypedDict, a named tuple. Such a field is sealed, and withheld, as a whole.
    """
    hints = get_type_hints(kind, include_extras=True)
    found = {name for name, hint in hints.items() if _is_sensitive(hint, set())}
    if not issubclass(kind, msgspec.Struct):
        return frozenset(found)
    return frozenset(
        field.encode_name
        for field in msgspec.structs.fields(kind)
        if field.name in found or _is_inspected(field.type)
    )


def _is_inspected(hint: Any) -> bool:
    """Whether msgspec itself finds it: it sees through aliases, new types and type variables."""
    return any(
        isinstance(node, msgspec.inspect.Metadata)
        and (node.extra or {}).get("sensitive")
        for node in nodes_of(hint)
    )


def _is_sensitive(hint: Any, seen: set[Any]) -> bool:
    """Whether an annotation says so, itself or a part of it, or what has fields within it has a sensitive one."""
    extras = getattr(hint, "__metadata__", ())
    if any(
        isinstance(meta, msgspec.Meta) and (meta.extra or {}).get("sensitive")
        for meta in extras
    ):
        return True
    kind = get_origin(hint) or hint
    if isinstance(kind, type) and _has_fields(kind) and kind not in seen:
        seen.add(kind)
        inner = get_type_hints(kind, include_extras=True).values()
        if any(_is_sensitive(part, seen) for part in inner):
            return True
    return any(_is_sensitive(part, seen) for part in get_args(hint))


def _has_fields(kind: type) -> bool:
    """Its own or inherited."""
    return any(vars(base).get("__annotations__") for base in kind.__mro__)
