"""A subscription's rows: made once, where it begins; who may take them over, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import SubscriptionSuperseded
from eventstore.events import MAX_OFFSET, Cut, Place
from eventstore.protocol.placement import place_of
from eventstore.subscriptions import Start, Subscription, names
from eventstore.subscriptions.registering import CutRefused, register
from tests.support.following import Orders, Totals, subscription

if TYPE_CHECKING:
    from collections.abc import Callable


pytestmark = pytest.mark.usefixtures("transactional_db")

ROWS = """
SELECT c.partition_id %% 512, c."cursor", c.first_time_from FROM eventstore_checkpoint c
 WHERE c.subscription = %s ORDER BY 1
"""


def rows(name: str = "totals") -> list[tuple[int, int, int]]:
    """Of each partition: where it begins, and from which offset on things happen for the first time."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [name])
        found: list[tuple[int, int, int]] = cursor.fetchall()
    return found


def made(**given: Any) -> Subscription:
    return subscription(Totals(), **given)


def filled(orders: Orders) -> tuple[Place, int]:
    """Two events in one partition; which, and how many records it then has."""
    orders.place("a")
    orders.change("a")
    return place_of(orders.stream("a"), 3), 2


@pytest.mark.parametrize(
    ("start", "past_is_live", "begins", "first_time"),
    [
        (Start.BEGINNING, True, 0, 0),
        (Start.BEGINNING, False, 0, 2),
        (Start.NOW, True, 2, 0),
        (Start.NOW, False, 2, 2),
        (1, True, 1, 0),
        (1, False, 1, 2),
    ],
)
def test_it_begins_where_it_says(
    orders: Orders,
    start: Start | int,
    begins: int,
    first_time: int,
    *,
    past_is_live: bool,
) -> None:
    place, _ = filled(orders)
    at = Cut({place: start}) if isinstance(start, int) else start

    register(made(start=at, past_is_live=past_is_live), SystemClock())

    expected = [(n, 0, 0) for n in range(3)]
    expected[place.partition] = (place.partition, begins, first_time)
    assert rows() == expected


def test_below_an_offset_nothing_happens_for_the_first_time(orders: Orders) -> None:
    filled(orders)

    register(made(), SystemClock(), first_time_from=MAX_OFFSET)

    assert rows() == [(n, 0, MAX_OFFSET) for n in range(3)]


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_a_cut_up_to_what_is_folded_is_taken(orders: Orders, offset: int) -> None:
    place, _ = filled(orders)

    register(made(start=Cut({place: offset})), SystemClock())

    assert rows()[place.partition][1] == offset


@pytest.mark.parametrize(
    "cut",
    [
        lambda place: {place: 3},
        lambda place: {Place(f"{place.topic}_other", 0): 0},
    ],
    ids=["beyond", "foreign"],
)
def test_a_cut_that_this_store_has_not_is_refused_to_who_is_new(
    orders: Orders, cut: Callable[[Place], dict[Place, int]]
) -> None:
    place, _ = filled(orders)
    wrong = made(start=Cut(cut(place)))

    with pytest.raises(CutRefused):
        register(wrong, SystemClock())
    assert rows() == []

    register(made(), SystemClock())
    register(wrong, SystemClock())  # it has begun: where it once began is nothing now
    assert rows() == [(n, 0, 0) for n in range(3)]


def test_newer_code_takes_over_and_older_is_refused(orders: Orders) -> None:
    for version in (1, 2, 2):
        register(made(version=version), SystemClock())

    with pytest.raises(SubscriptionSuperseded) as refused:
        register(made(version=1), SystemClock())
    assert (refused.value.version, refused.value.newest) == (1, 2)


def test_who_does_not_take_over_waits_for_its_version(orders: Orders) -> None:
    register(made(version=1), SystemClock())

    register(made(version=1, takes_over=False), SystemClock())
    with pytest.raises(SubscriptionSuperseded):
        register(made(version=2, takes_over=False), SystemClock())


def test_who_is_forgotten_while_its_rows_are_made_says_so(orders: Orders) -> None:
    held = 0

    def forget_before_the_second(
        execute: Any, sql: str, params: Any, many: Any, context: Any
    ) -> Any:
        nonlocal held
        if "eventstore_subscription" in sql and "FOR UPDATE" in sql:
            held += 1
            if held == 2:
                with connect() as other:
                    other.execute("DELETE FROM eventstore_subscription")
        return execute(sql, params, many, context)

    with (
        connection.execute_wrapper(forget_before_the_second),
        pytest.raises(ValueError, match="totals was forgotten"),
    ):
        register(made(), SystemClock())

    assert rows() == []


def test_newer_code_says_once_that_it_takes_over(
    orders: Orders, caplog: pytest.LogCaptureFixture
) -> None:
    for version in (1, 2, 2):
        register(made(version=version), SystemClock())

    assert caplog.text.count("newer code takes a subscription over") == 1
    with connection.cursor() as cursor:
        assert names.version_of(cursor, "totals") == 2
