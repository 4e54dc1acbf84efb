"""Whether a delay of the mirror needs a person, and what is told of it."""

from __future__ import annotations

import psycopg
import pytest

from eventstore.errors import (
    DatabaseUnanswered,
    EventStoreError,
    LogMisconfigured,
    LogUnanswered,
)
from eventstore.indexer.mirror import _needs_a_person, _told


def on_a_full_disk() -> DatabaseUnanswered:
    error = DatabaseUnanswered("it refuses")
    error.__cause__ = psycopg.errors.DiskFull()
    return error


@pytest.mark.parametrize(
    ("error", "needs_a_person", "told"),
    [
        (LogUnanswered("it is silent"), False, "it is silent"),
        (LogUnanswered("it refuses", word="log-refused"), True, "it refuses"),
        (DatabaseUnanswered("it is silent"), False, "it is silent"),
        (on_a_full_disk(), True, "it refuses"),
    ],
)
def test_what_waiting_cannot_help_needs_a_person(
    error: EventStoreError, told: str, *, needs_a_person: bool
) -> None:
    assert (_needs_a_person(error), _told(error)) == (needs_a_person, told)


def test_a_topic_that_is_not_as_it_must_be_needs_a_person() -> None:
    error = LogMisconfigured("eventstore.order", "it is not there", "Make it.")

    assert _needs_a_person(error)
    assert _told(error) == str(error)
