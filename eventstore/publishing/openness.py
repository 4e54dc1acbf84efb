"""Which fields of an event may leave the store: those that its class of today knows, and knows as not sensitive.

Named are the fields that may, never those that may not: a name that nobody knows stays here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import msgspec

from eventstore.registry import sensitive_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.registry import EventType


@dataclass(frozen=True, slots=True)
class Openness:
    """Of one type of event. names: as they stand in data. withheld: the other fields' names, sorted.

    half: a class of the open fields alone, with which a sealed event's clear part is compared.
    """

    names: frozenset[str]
    withheld: tuple[str, ...]
    half: type[msgspec.Struct]

    def of(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that may leave."""
        return {name: value for name, value in data.items() if name in self.names}

    def fits(self, clear: Mapping[str, Any]) -> bool:
        """Whether these are open fields, all that there must be, each of its type."""
        try:
            msgspec.convert(clear, self.half)
        except msgspec.ValidationError:
            return False
        return True


@lru_cache(maxsize=1_000)
def openness(known: EventType) -> Openness:
    """Of a registered type."""
    hints = get_type_hints(known.struct, include_extras=True)
    fields = msgspec.structs.fields(known.struct)
    kept = {
        field.name
        for field in fields
        if field.name in known.sensitive or _holds_sensitive(hints[field.name], set())
    }
    half = [field for field in fields if field.name not in kept]
    return Openness(
        frozenset(field.encode_name for field in half),
        tuple(sorted(field.encode_name for field in fields if field.name in kept)),
        _class_of(known.name, half),
    )


def _holds_sensitive(hint: Any, seen: set[Any]) -> bool:
    """Whether what has fields within it has a sensitive one: a struct, generic or not, a dataclass, a TypedDict, a named tuple."""
    kind = get_origin(hint) or hint
    if isinstance(kind, type) and _has_fields(kind) and kind not in seen:
        seen.add(kind)
        inner = get_type_hints(kind, include_extras=True).values()
        if sensitive_fields(kind) or any(_holds_sensitive(p, seen) for p in inner):
            return True
    return any(_holds_sensitive(part, seen) for part in get_args(hint))


def _has_fields(kind: type) -> bool:
    """Its own or inherited."""
    return any(vars(base).get("__annotations__") for base in kind.__mro__)


def _class_of(
    name: str, fields: list[msgspec.structs.FieldInfo]
) -> type[msgspec.Struct]:
    made = [(field.name, field.type, _declared(field)) for field in fields]
    return msgspec.defstruct(name, made, kw_only=True, forbid_unknown_fields=True)


def _declared(field: msgspec.structs.FieldInfo) -> Any:
    name = field.encode_name
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(name=name, default_factory=field.default_factory)
    if field.default is not msgspec.NODEFAULT:
        return msgspec.field(name=name, default=field.default)
    return msgspec.field(name=name)
