"""How a handler ended its transaction: it took too long, ended it itself, or lost a session, which may be the server's doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from eventstore.subscriptions import Subscription, handling
from eventstore.subscriptions.delivery import Delivery
from eventstore.subscriptions.handling import (
    ENDED,
    LOST,
    SEVERAL,
    TIMED_OUT,
    HandlerBroke,
)
from tests.support.clocks import StillClock


@dataclass
class Raw:
    """The driver's connection."""

    closed: bool = False
    broken: bool = False


@dataclass
class Session:
    """Django's."""

    connection: Raw | None
    closed_in_transaction: bool = False
    needs_rollback: bool = False


OPEN, CLOSED, BROKEN = Raw(), Raw(closed=True), Raw(closed=True, broken=True)
TOO_LONG = psycopg.errors.IdleInTransactionSessionTimeout()


@pytest.mark.parametrize(
    ("session", "error", "is_late", "told"),
    [
        (Session(OPEN), ValueError(), False, None),
        (Session(OPEN), ValueError(), True, None),
        (Session(OPEN, needs_rollback=True), ValueError(), False, ENDED),
        (Session(OPEN, closed_in_transaction=True), ValueError(), False, ENDED),
        (Session(None), ValueError(), False, ENDED),
        (Session(CLOSED), ValueError(), False, ENDED),
        (Session(BROKEN, closed_in_transaction=True), ValueError(), False, ENDED),
        (Session(BROKEN), ValueError(), False, LOST),
        (Session(BROKEN), ValueError(), True, TIMED_OUT),
        (Session(None), ValueError(), True, TIMED_OUT),
        (Session(BROKEN), TOO_LONG, False, TIMED_OUT),
    ],
)
def test_it_is_told_by_the_session(
    session: Session,
    error: Exception,
    told: str | None,
    *,
    is_late: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handling, "connection", session)

    assert handling._how_it_broke(error, is_late=is_late) == told


def event(n: int) -> Delivery:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return Delivery(n, "a", n, "OrderPlaced", UUID(int=n), None, now, n)


@pytest.mark.parametrize(("seconds", "code"), [(59, LOST), (60, TIMED_OUT)])
@pytest.mark.parametrize("events", [1, 2])
def test_late_is_who_took_as_long_as_he_may(
    seconds: int, code: str, events: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StillClock()
    clock.ahead = 1_000

    def lose(*_: Any) -> int:
        clock.ahead += seconds
        raise ValueError

    monkeypatch.setattr(handling, "connection", Session(BROKEN))
    monkeypatch.setattr(handling, "_call_in_a_savepoint", lose)
    made = Subscription(name="totals", handler=print, timeout_s=60)

    with pytest.raises(HandlerBroke) as broke:
        handling._call(made, clock, [event(n + 1) for n in range(events)])

    assert (broke.value.code, broke.value.position) == (
        code,
        1 if events == 1 else SEVERAL,
    )
    assert isinstance(broke.value.__cause__, ValueError)


def test_what_did_not_break_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> int:
        raise KeyError

    monkeypatch.setattr(handling, "connection", Session(OPEN))
    monkeypatch.setattr(handling, "_call_in_a_savepoint", fail)
    made = Subscription(name="totals", handler=print)

    with pytest.raises(KeyError):
        handling._call(made, StillClock(), [event(1)])
    assert handling._call(made, StillClock(), []) == 0
