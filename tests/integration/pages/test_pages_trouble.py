"""A page that cannot be made says so in the console's words, with a status that says whether to come again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import connection
from django.test import Client

from eventstore.database import connect
from eventstore.errors import (
    EventStoreError,
    IndexIncomplete,
    KeyStoreUnavailable,
    LogTruncated,
    LogUnanswered,
    LogUnavailable,
    OwnRecordMalformed,
    StreamNotFound,
    SubjectErased,
)
from eventstore.queries import browse
from scripts.launcher.ports import free_port
from tests.integration.pages.test_pages_policy import hold_to_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User

    from tests.plugins.mirrored import Mirrored

PAGES = ["/admin/", "/admin/events/", "/admin/streams/", "/admin/auth/user/"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (IndexIncomplete(), 503),
        (KeyStoreUnavailable(), 503),
        (LogUnanswered("broker-7.internal is silent"), 503),
        (LogUnavailable("broker-7.internal is silent"), 503),
        (LogTruncated("t.secret", 0, cursor=7, found="it is empty"), 503),
        (OwnRecordMalformed("t.secret", 0, 7), 500),
        (StreamNotFound("order.secret"), 404),
        (SubjectErased(), 410),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_an_error_of_the_store_is_a_page_with_its_status_and_code(
    officer: Client,
    mirrored: Mirrored,
    monkeypatch: pytest.MonkeyPatch,
    error: EventStoreError,
    status: int,
) -> None:
    def fails(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(browse, "events", fails)

    answer = officer.get("/admin/events/")

    assert answer.status_code == status
    assert error.code in answer.text
    assert (type(error).__doc__ or "").split("\n", maxsplit=1)[0][:20] in answer.text
    assert "internal" not in answer.text
    assert "secret" not in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    hold_to_policy(answer)


@pytest.fixture
def held(mirrored: Mirrored) -> Iterator[None]:
    """Somebody holds every table of the console, and nobody waits for long."""
    with connect() as other, other.transaction():
        other.execute(
            "LOCK TABLE eventstore_partition, eventstore_event, eventstore_stream"
        )
        with connection.cursor() as db:
            db.execute("SET LOCAL statement_timeout = 100")
        yield


@pytest.mark.parametrize("page", PAGES[:3])
def test_a_database_that_answers_too_late_is_unavailable(
    officer: Client, held: None, page: str
) -> None:
    answer = officer.get(page)

    assert answer.status_code == 503
    assert "The database did not answer" in answer.text
    assert "statement timeout" not in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    hold_to_policy(answer)


@pytest.fixture
def gone(transactional_db: None, superuser: User) -> Iterator[Client]:
    """A client that is logged in, and a database that has gone away since."""
    client = Client()
    client.force_login(superuser)
    there = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": str(free_port())}
    yield client
    connection.close()
    connection.settings_dict.update(there)


@pytest.mark.parametrize("page", PAGES)
def test_a_database_that_is_not_there_is_unavailable_even_to_who_is_logged_in(
    gone: Client, page: str
) -> None:
    answer = gone.get(page)

    assert answer.status_code == 503
    assert "The database did not answer" in answer.text
    assert "127.0.0.1" not in answer.text
    hold_to_policy(answer)


def test_what_is_not_the_databases_is_still_a_fault(
    officer: Client, mirrored: Mirrored, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_args: object, **_options: object) -> None:
        raise psycopg.DataError

    officer.raise_request_exception = False
    monkeypatch.setattr(browse, "events", fails)

    assert officer.get("/admin/events/").status_code == 500
