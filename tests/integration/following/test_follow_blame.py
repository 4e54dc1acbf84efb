"""What a handler raises is the event's fault, and parks its stream, or nobody's, and then all wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected, DiskFull, LockNotAvailable

from eventstore import errors
from eventstore.subscriptions.failures import passes
from eventstore.subscriptions.subscription import TryLater

if TYPE_CHECKING:
    import psycopg

NOBODYS = (
    TryLater(),
    errors.AppendOutcomeUnknown("c", "order.1"),
    errors.DatabaseUnfit("It is too old.", "Update it.", id="eventstore.E011"),
    errors.IndexIncomplete(),
    errors.KeyStoreUnavailable(),
    errors.LogMisconfigured("eventstore.order", "it is not there", "Make it."),
    errors.LogTruncated("eventstore.order", 3, cursor=9, found="it ends at 5"),
    errors.LogUnanswered("it is silent"),
    errors.LogUnavailable("the queue is full"),
    errors.LogUnreadable("eventstore.order", 3, 7),
    errors.MirrorDiverged("eventstore.order", 3, 7),
    errors.PartitionSetAside("eventstore.order", 3),
    errors.ProjectionNotReady("overview", "it is being built"),
    errors.UnknownRuleVersion("eventstore.order", 3, 7, 2),
)
THE_EVENTS = (
    ValueError(),
    errors.InvalidEvent("field x"),
    errors.OwnRecordMalformed("eventstore.order", 3, 7),
    errors.StreamNotFound("order.1"),
    errors.StreamParked("letters", "order.1", version=3, error="ValueError"),
    errors.SubjectErased(),
    errors.SubscriptionBehind("letters", position="eventstore.order/3/7/0", records=5),
    errors.UnreadableEvent(
        "order.1",
        3,
        event_type="X",
        position="eventstore.order/3/7/0",
        problem="ill_typed",
    ),
    errors.WrongExpectedVersion("order.1", expected=4, current_version=5),
)


def as_django_raises(error: psycopg.Error) -> OperationalError:
    """Django's error round the driver's."""
    raised = OperationalError()
    raised.__cause__ = error
    return raised


@pytest.mark.django_db
@pytest.mark.parametrize("error", NOBODYS, ids=lambda e: type(e).__name__)
def test_what_would_meet_every_event_parks_none(error: Exception) -> None:
    connection.ensure_connection()

    assert passes(error)


def test_without_a_connection_nothing_is_an_events_fault() -> None:
    connection.close()

    assert passes(ValueError())


@pytest.mark.django_db
@pytest.mark.parametrize("error", THE_EVENTS, ids=lambda e: type(e).__name__)
def test_what_another_event_might_not_meet_parks_its_stream(error: Exception) -> None:
    connection.ensure_connection()

    assert not passes(error)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [DeadlockDetected, LockNotAvailable, DiskFull])
def test_what_django_says_of_the_server_parks_none(kind: type[psycopg.Error]) -> None:
    connection.ensure_connection()

    assert passes(as_django_raises(kind()))


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [DeadlockDetected, LockNotAvailable])
def test_a_lock_on_a_session_of_the_handlers_own_parks(
    kind: type[psycopg.Error],
) -> None:
    connection.ensure_connection()

    assert not passes(kind())


@pytest.mark.django_db
def test_what_a_handler_makes_of_djangos_error_is_its_own_word() -> None:
    connection.ensure_connection()
    said = ValueError()
    said.__cause__ = as_django_raises(LockNotAvailable())

    assert not passes(said)


@pytest.mark.django_db(transaction=True)
def test_on_a_session_that_is_lost_nothing_is_an_events_fault() -> None:
    ends = "SELECT pg_terminate_backend(pg_backend_pid())"
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute(ends)

    assert connection.connection is not None
    assert passes(ValueError())
    connection.close()
