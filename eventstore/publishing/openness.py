"""Which fields of an event may leave the store: those that its class of today knows, and knows as not sensitive.

Named are the fields that may, never those that may not: a name that nobody knows stays here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eventstore.registry.halves import Half

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.registry import EventType


@dataclass(frozen=True, slots=True)
class Openness:
    """Of one type of event. names: as they stand in data. withheld: the other fields' names, sorted.

    half: the open fields alone, with which a sealed event's clear part is compared.
    """

    names: frozenset[str]
    withheld: tuple[str, ...]
    half: Half

    def of(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that may leave."""
        return {name: value for name, value in data.items() if name in self.names}

    def fits(self, clear: Mapping[str, Any]) -> bool:
        """Whether these are open fields, all that there must be, each of its type."""
        return self.half.fits(clear)


@lru_cache(maxsize=1_000)
def openness(known: EventType) -> Openness:
    """Of a registered type."""
    fields = known.struct.__struct_encode_fields__
    return Openness(
        known.sensitive.symmetric_difference(fields),
        tuple(sorted(known.sensitive)),
        Half(known.name, known.struct, known.sensitive),
    )
