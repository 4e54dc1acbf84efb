"""Statements that are put together of the code's own constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL

if TYPE_CHECKING:
    from typing import LiteralString


def composed(statement: LiteralString, **parts: str) -> str:
    """The statement with each `{part}` put in, where a module is loaded: columns, or an expression that another room gives.

    Never for what is known only at run time: values are parameters, `%(name)s`, and stay as they are. Raises KeyError
    for a part that is not given.
    """
    known = {name: SQL(part) for name, part in parts.items()}
    return SQL(statement).format(**known).as_string()
