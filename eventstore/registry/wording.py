"""What a validator says, without what it quotes: that may be a person's words."""

from __future__ import annotations

from typing import Final

_SCHEMAS: Final = 10_000  # nobody has as many


def other_schema(schema: object) -> str:
    """A number of a schema; of anything else that somebody gave for one only its kind."""
    if type(schema) is not int:
        return f"and this is a {type(schema).__name__}"
    return f"not {schema}" if 0 <= schema <= _SCHEMAS else "and this is another"


def without_value(message: str) -> str:
    """msgspec quotes the value where it is none of the listed ones, or no tag of a union's classes, and the name of an unknown field."""
    if message.startswith("Object contains unknown field"):
        return "it has a field that the type does not know"
    if not message.startswith(("Invalid enum value", "Invalid value")):
        return message
    _, at, path = message.rpartition(" - at ")
    return (
        f"Not one of the listed values{at}{path}"
        if at
        else "Not one of the listed values"
    )
