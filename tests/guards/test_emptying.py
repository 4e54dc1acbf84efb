"""What the quick way of emptying a database leaves behind is what Django's own leaves behind."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection

from eventstore.store import get_event_store
from tests.plugins.emptying import SMALL, Emptying, emptying, filled

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def emptied(transactional_db: None) -> Emptying:
    """The tests' database, which Django has just emptied."""
    flush = {"verbosity": 0, "interactive": False, "reset_sequences": False}
    call_command("flush", **flush)
    return emptying(DEFAULT_DB_ALIAS)


def rows(tables: Emptying) -> dict[str, list[str]]:
    """All of the database's."""
    found = {}
    with connection.cursor() as cursor:
        for name in tables.tables:
            cursor.execute(f'SELECT r::text FROM "{name}" r ORDER BY 1')  # noqa: S608
            found[name] = [row for (row,) in cursor.fetchall()]
    return found


def analysed() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= 0"
            " AND relnamespace = 'public'::regnamespace AND relname <> 'django_migrations'"
        )
        return {name for (name,) in cursor.fetchall()}


def people() -> None:
    """Rows that refer to each other, and to what is never empty."""
    ada = User.objects.create_user("ada")
    ada.groups.add(Group.objects.all()[0])
    ada.user_permissions.add(Permission.objects.all()[0])


def examples() -> None:
    """Events, in tables that are append only."""
    call_command("create_topics", stdout=StringIO())
    call_command("run_examples", "1", stdout=StringIO())
    get_event_store().close()


def many() -> None:
    """More rows than are deleted one by one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO eventstore_stream SELECT 'order.' || n, 2, 1, now(), now()"
            " FROM generate_series(1, 10000) n"
        )
        cursor.execute("SELECT pg_relation_size('eventstore_stream')")
        assert cursor.fetchone()[0] > SMALL


def analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE eventstore_record")


@pytest.mark.parametrize("fill", [people, examples, many, analyse])
def test_what_a_test_has_committed_is_gone_and_the_rest_stays(
    emptied: Emptying, fill: Callable[[], None]
) -> None:
    before = rows(emptied)
    fill()
    assert rows(emptied) != before or analysed()

    done = emptied()

    assert done
    assert rows(emptied) == before
    assert not analysed() - set(emptied.kept)
    with connection.cursor() as cursor:
        assert filled(cursor, emptied.tables) == set(emptied.kept)


def test_it_says_when_what_is_never_empty_has_changed(emptied: Emptying) -> None:
    Permission.objects.all()[0].delete()

    assert not emptied()
