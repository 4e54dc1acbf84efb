"""What passes when the database is back is told by its SQLSTATE: the driver's classes put two of them elsewhere."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, InternalError
from django.http import HttpResponse
from django.test import RequestFactory
from psycopg import errors

from audit.trouble import DatabaseTrouble
from eventstore.database import is_trouble, translated
from eventstore.errors import DatabaseUnanswered

# Connection exceptions, a transaction's and an idle session's time-out, resources, an operator, the system, a standby.
ENDS = ("08", "25P03", "25P04", "53", "57P", "58", "25006", "40001", "40P01", "55P03")


@pytest.mark.parametrize(
    "kind",
    [
        found
        for found in vars(errors).values()
        if isinstance(found, type)
        and issubclass(found, psycopg.Error)
        and (found.sqlstate or "").startswith(ENDS)
    ],
    ids=lambda kind: f"{kind.sqlstate} {kind.__name__}",
)
def test_whatever_ends_a_session_passes(kind: type[psycopg.Error]) -> None:
    with pytest.raises(DatabaseUnanswered) as told, translated():
        raise kind

    assert told.value.kind == kind.__name__
    assert is_trouble(told.value)


@pytest.mark.parametrize("kind", [errors.UndefinedTable, errors.UniqueViolation])
def test_what_waiting_does_not_mend_does_not(kind: type[psycopg.Error]) -> None:
    with pytest.raises(kind), translated():
        raise kind

    assert not is_trouble(kind())


def within_djangos(error: psycopg.Error) -> DatabaseError:
    """As Django raises it: by a class that is the same for a broken invariant."""
    made = InternalError("see the cause")
    made.__cause__ = error
    return made


def test_djangos_error_is_judged_by_its_cause() -> None:
    assert is_trouble(within_djangos(errors.TransactionTimeout()))
    assert not is_trouble(within_djangos(errors.DataCorrupted()))


def test_a_page_whose_session_timed_out_says_come_again() -> None:
    error = within_djangos(errors.IdleInTransactionSessionTimeout())
    request = RequestFactory().get("/admin/")

    page = DatabaseTrouble(lambda _: HttpResponse()).process_exception(request, error)

    assert page is not None
    assert page.status_code == 503
