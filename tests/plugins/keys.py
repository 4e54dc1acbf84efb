"""The key store's database: made with the other one, and emptied after each test that left something in it.

The store writes to it by connections of its own, which really commit, also where a test rolls back what it wrote elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from django.db import connections
from django.test.utils import setup_databases, teardown_databases

from eventstore.database import connect, has_hung_up
from eventstore.keys import configured
from eventstore.keys.router import ALIAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from pytest_django import DjangoDbBlocker

SMALL: Final = 64 * 1024  # bytes: as of the other database's tables

_SIZE: Final = "SELECT greatest(pg_relation_size('keys_subject'), pg_relation_size('keys_datakey'), pg_relation_size('keys_mark'))"
_DELETED: Final = """
    WITH keys AS (DELETE FROM keys_datakey), subjects AS (DELETE FROM keys_subject) DELETE FROM keys_mark
"""
_TRUNCATED: Final = "TRUNCATE keys_datakey, keys_subject, keys_mark"


class KeyTables:
    """A session of the tests' own on the key store, from the first test that may have written to it."""

    def __init__(self) -> None:
        self.is_made = False
        self._connection: psycopg.Connection[Any] | None = None

    def empty(self) -> None:
        """What holds nothing is not touched."""
        if self._connection is None or has_hung_up(self._connection):
            self.close()  # a test has ended sessions
            self._connection = connect(ALIAS)
        [size] = self._connection.execute(_SIZE).fetchone() or [0]
        if size:
            self._connection.execute(_TRUNCATED if size > SMALL else _DELETED)

    def close(self) -> None:
        """Before the database goes."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


_tables = KeyTables()


@pytest.fixture(scope="session")
def keys_as_given() -> str:
    """The name of the key store's database, before one is made for tests."""
    return _name()


@pytest.fixture(scope="session")
def django_db_setup(
    keys_as_given: str,  # asked before the next one makes what it makes
    django_db_setup: None,
    request: pytest.FixtureRequest,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """pytest-django's, which makes what tests name; few name the keys."""
    with django_db_blocker.unblock():
        made: Any = []
        keep = request.config.getvalue("reuse_db")
        if _name() == keys_as_given:
            # by default it would be made after the other, which is there
            connections[ALIAS].settings_dict["TEST"]["DEPENDENCIES"] = []
            only: Any = [ALIAS]
            made = setup_databases(0, interactive=False, keepdb=keep, aliases=only)
    _tables.is_made = True
    yield
    _tables.is_made = False
    _tables.close()
    if not keep:  # as pytest-django does with the other one
        with django_db_blocker.unblock():
            teardown_databases(made, verbosity=0)


def _name() -> str:
    return str(connections[ALIAS].settings_dict["NAME"])


@pytest.fixture(autouse=True)
def _keys_are_nobodys_heritage() -> Iterator[None]:
    """Who is erased in one test is nobody in the next; nor is a key in memory that no table has any more, or a session."""
    yield
    forget_keys()


def forget_keys() -> None:
    """Have the key store be a new one, of which no process has kept anything."""
    configured.reset()
    if _tables.is_made:
        _tables.empty()
