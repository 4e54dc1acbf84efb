"""What a validator says, without what it quotes: that may be a person's words."""

from __future__ import annotations


def without_value(message: str) -> str:
    """msgspec quotes the value where it is none of the listed ones, and the name of an unknown field."""
    if message.startswith("Object contains unknown field"):
        return "it has a field that the type does not know"
    if not message.startswith("Invalid enum value"):
        return message
    _, at, path = message.rpartition(" - at ")
    return (
        f"Not one of the listed values{at}{path}"
        if at
        else "Not one of the listed values"
    )
