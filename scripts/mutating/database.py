"""The database that tests are given, to be had again as it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg
from django.db import connections
from psycopg.sql import SQL, Identifier

if TYPE_CHECKING:
    from psycopg.sql import Composed

_DROPPED: Final = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
_COPIED: Final = SQL("CREATE DATABASE {} TEMPLATE {}")
_WHERE: Final = ("host", "port", "user", "password")


class Database:
    """A copy of it is kept; nobody may be connected meanwhile."""

    def __init__(self) -> None:
        [connection] = connections.all()
        params: dict[str, Any] = connection.get_connection_params()
        self._where = {key: params[key] for key in _WHERE if key in params}
        self._name = Identifier(params["dbname"])
        self._kept = Identifier(f"{params['dbname']}_kept")
        connections.close_all()
        self._do(_DROPPED.format(self._kept), _COPIED.format(self._kept, self._name))

    def renew(self) -> None:
        """Whoever is still connected is sent away."""
        self._do(_DROPPED.format(self._name), _COPIED.format(self._name, self._kept))

    def _do(self, *statements: Composed) -> None:
        with psycopg.connect(
            dbname="postgres", autocommit=True, **self._where
        ) as connection:
            for statement in statements:
                connection.execute(statement)
