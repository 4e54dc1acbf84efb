"""The databases that tests are given, to be had again as they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg
from django.db import connections
from psycopg.sql import SQL, Identifier, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg.sql import Composed

_DROPPED: Final = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
_COPIED: Final = SQL("CREATE DATABASE {} TEMPLATE {}")
_ENDED: Final = SQL(
    "SELECT pg_terminate_backend(pid, 10_000) FROM pg_stat_activity WHERE datname = {}"
)
_WHERE: Final = ("host", "port", "user", "password")


class Databases:
    """That of each alias; two aliases may share one."""

    def __init__(self) -> None:
        given = [one.get_connection_params() for one in connections.all()]
        connections.close_all()
        self._each = {one["dbname"]: _Database(one) for one in given}.values()

    def renew(self) -> None:
        """Whoever is still connected is sent away."""
        for one in self._each:
            one.renew()


class _Database:
    """A copy of it is kept; nobody may be connected meanwhile, so whoever is is sent away (the tests' own session on the keys)."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._where = {key: params[key] for key in _WHERE if key in params}
        self._name = Identifier(params["dbname"])
        self._kept = Identifier(f"{params['dbname']}_kept")
        ended = _ENDED.format(Literal(params["dbname"]))
        copied = _COPIED.format(self._kept, self._name)
        self._do(_DROPPED.format(self._kept), ended, copied)

    def renew(self) -> None:
        self._do(_DROPPED.format(self._name), _COPIED.format(self._name, self._kept))

    def _do(self, *statements: Composed) -> None:
        with psycopg.connect(
            dbname="postgres", autocommit=True, **self._where
        ) as connection:
            for statement in statements:
                connection.execute(statement)
