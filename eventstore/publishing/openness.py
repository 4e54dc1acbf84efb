"""Which fields of an event may leave the store: those that its class of today knows, and knows as not sensitive.

Named are the fields that may, never those that may not: a name that nobody knows stays here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

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
    fields = msgspec.structs.fields(known.struct)
    half = [field for field in fields if field.encode_name not in known.sensitive]
    return Openness(
        frozenset(field.encode_name for field in half),
        tuple(sorted(known.sensitive)),
        _class_of(known.name, half),
    )


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
