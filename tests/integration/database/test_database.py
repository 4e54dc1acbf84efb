"""The event store's own connections, and what their library says on the way."""

from __future__ import annotations

import logging
from typing import NoReturn

import pytest
from psycopg.errors import DivisionByZero

from eventstore.database import connect

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _psycopg_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    """Others may have made it quieter: `eventsourcing` does, when it is imported."""
    caplog.set_level(logging.WARNING, "psycopg")


def test_a_statement_that_fails_in_a_pipeline_is_raised_and_what_it_stopped_is_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(DivisionByZero):
        fail_and_see_it()

    assert caplog.messages == []


def test_a_statement_that_fails_unseen_behind_another_error_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(LookupError):
        fail_unseen()

    [message] = caplog.messages
    assert "division by zero" in message


def fail_and_see_it() -> NoReturn:
    """As a fold that lost its race: the first statement fails, and others stand behind it."""
    with connect() as connection, connection.pipeline():
        connection.execute("SELECT 1 / 0")
        while True:  # until the answer to the first is here
            connection.execute("SELECT 1")


def fail_unseen() -> NoReturn:
    with connect() as connection, connection.pipeline():
        connection.execute("SELECT 1 / 0")
        raise LookupError
