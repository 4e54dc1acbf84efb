"""From the schema that an event was written in to the one that today's code reads: one step at a time, pure.

The log is never rewritten. A step takes the fields of schema n and gives those of schema n + 1; whoever raises a type's
schema registers the step with it. What is wrong with the steps is found at the start, not when an old event is met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from hashlib import sha256
from typing import Any

from eventstore.registry.digests import parts_of
from eventstore.registry.halves import AskedForMore, ClearHalf

Fields = Mapping[str, Any]
Upcast = Callable[[dict[str, Any]], Fields]
"""Takes a copy of the fields, all the way down, which it may change and give back."""


class Upcasters:
    """The steps of one domain: (event type, schema that it starts from) → function."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, int], Upcast] = {}
        self._twice: list[tuple[str, int]] = []

    def register(self, name: str, from_schema: int, upcast: Upcast) -> None:
        """Add a step. A second one from the same schema is kept out, and told by `problems`."""
        if (name, from_schema) in self._steps:
            self._twice.append((name, from_schema))
            return
        self._steps[name, from_schema] = upcast

    def reach(self, name: str, written: int, wanted: int) -> bool:
        """Whether there is a step from each schema to the next, from the one it was written in to the wanted one."""
        return written <= wanted and all(
            (name, schema) in self._steps for schema in range(written, wanted)
        )

    def raised(self, name: str, fields: Fields, written: int, wanted: int) -> Fields:
        """The fields in the wanted schema. The given ones stay as they are. Raises KeyError where a step is missing, and
        whatever a step raises."""
        fields = deepcopy(dict(fields))
        for schema in range(written, wanted):
            fields = self._steps[name, schema](dict(fields))
        return fields

    def raised_half(
        self, name: str, clear: Fields, written: int, wanted: int
    ) -> Fields:
        """The same of the clear fields alone, where others are sealed. Raises `AskedForMore` where a step looks for one that is not there."""
        fields: Fields = deepcopy(dict(clear))
        for schema in range(written, wanted):
            half = ClearHalf(fields)
            fields = dict(self._steps[name, schema](half))
            if half.asked:  # also if the step made nothing of it
                raise AskedForMore
        return fields

    def problems(self, current: Mapping[str, int]) -> list[str]:
        """What is wrong with the steps, in words; current: event type → the schema that it is written in now."""
        problems = [
            f"{name} has two upcasters from schema {schema}"
            for name, schema in self._twice
        ]
        for name, schema in sorted(self._steps):
            if name not in current:
                problems.append(f"an upcaster is for {name}, which is no event type")
            elif schema < 1:
                problems.append(
                    f"{name} has an upcaster from schema {schema}; the first is 1"
                )
            elif schema >= current[name]:
                problems.append(
                    f"{name} has an upcaster from schema {schema}, but is written in schema {current[name]}"
                )
        for name, schema in sorted(current.items()):
            problems += [
                f"{name} has no upcaster from schema {missing} to {missing + 1}"
                for missing in range(1, schema)
                if (name, missing) not in self._steps
            ]
        return problems

    def digest(self, names: set[str]) -> str:
        """SHA-256, in hexadecimal digits, of the steps of these types: their source, with that of what they call and
        import in their own packages, and what they were made with. Raises OSError without source."""
        digest = sha256()
        for (name, schema), upcast in sorted(
            self._steps.items(), key=lambda one: one[0]
        ):
            if name in names:
                digest.update(f"{name}/{schema}/".encode())
                for part in parts_of(upcast):
                    digest.update(part)
        return digest.hexdigest()
