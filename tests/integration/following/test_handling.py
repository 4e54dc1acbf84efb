"""Handing events over: all at once, one by one where one fails, and to an early end where it takes long."""

from __future__ import annotations

from asyncio import CancelledError
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from eventstore.context import Correlation, current
from eventstore.protocol.positions import first_of
from eventstore.subscriptions import Subscription, TryLater, Unreadable
from eventstore.subscriptions.delivery import Delivery
from eventstore.subscriptions.handling import (
    ENDED,
    HandlerBroke,
    HandlingResult,
    handle,
    one_by_one,
)
from tests.support.clocks import StillClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.registry import Problem

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HOW = [handle, one_by_one]


def event(
    n: int, stream: str = "a", record: int | None = None, problem: Problem | None = None
) -> Delivery:
    """The n-th of its partition, in a commit of its own or in the one at `record`."""
    position = first_of(7, n) if record is None else first_of(7, record) + n
    ids = UUID(int=n + 1), UUID(int=100 + n)
    return Delivery(position, stream, n, "OrderPlaced", *ids, NOW, n, problem)


@dataclass
class Handler:
    """Notes what it is handed and under which ids, takes so long for each, and fails of some."""

    fails: dict[int, BaseException] = field(default_factory=dict)
    seconds: float = 0.0
    clock: StillClock = field(default_factory=StillClock)
    handed: list[Any] = field(default_factory=list)
    ids: list[Correlation] = field(default_factory=list)

    def __call__(self, one: Any) -> None:
        """Handle it."""
        self.handed.append(one)
        self.ids.append(current())
        self.clock.ahead += self.seconds
        if error := self.fails.get(one):
            raise error

    async def later(self, one: Any) -> None:
        """The same as a coroutine."""
        self(one)

    def subscription(self, **given: Any) -> Subscription:
        """One with this handler."""
        handlers = {} if {"handler", "batch_handler"} & {*given} else {"handler": self}
        return Subscription(**{"name": "totals", **handlers, **given})


def failed(result: HandlingResult) -> dict[str, tuple[int, str]]:
    """By stream: at which of its versions, and of what."""
    return {
        stream: (delivery.version, failure.error)
        for stream, (delivery, failure) in result.failed.items()
    }


@pytest.mark.parametrize("how", HOW)
def test_each_is_handed_over_in_its_order_with_its_own_ids(how: Any) -> None:
    handler = Handler()

    result = how(handler.subscription(), handler.clock, [event(0), event(1, "b")])

    assert (handler.handed, result.handled, result.stopped_at) == ([0, 1], 2, None)
    assert handler.ids == [
        Correlation(UUID(int=100 + n), UUID(int=n + 1)) for n in (0, 1)
    ]


def test_a_coroutine_function_is_handed_each_with_its_own_ids() -> None:
    handler = Handler()

    result = handle(
        handler.subscription(handler=handler.later), handler.clock, [event(0), event(1)]
    )

    assert (handler.handed, result.handled) == ([0, 1], 2)
    assert [one.causation_id for one in handler.ids] == [UUID(int=1), UUID(int=2)]


@pytest.mark.parametrize("count", [1, 2])
def test_a_batch_is_handed_over_whole_and_caused_only_by_one_alone(count: int) -> None:
    handler = Handler(seconds=9)
    events = [event(n) for n in range(count)]

    def batch(some: Sequence[Any]) -> None:
        handler.handed.append([*some])
        handler.ids.append(current())

    result = handle(handler.subscription(batch_handler=batch), handler.clock, events)

    assert (handler.handed, result.handled) == ([[*range(count)]], count)
    alone = Correlation(UUID(int=100), UUID(int=1))
    assert handler.ids == [alone if count == 1 else Correlation()]


def test_nothing_is_handed_over_where_nothing_is_ready() -> None:
    handler = Handler()

    assert handle(handler.subscription(), handler.clock, []) == HandlingResult()
    assert handler.handed == []


def test_one_that_fails_stops_its_stream_and_no_other() -> None:
    handler = Handler(fails={1: ValueError()})
    events = [event(0), event(1, "b"), event(2, "b"), event(3)]

    result = handle(handler.subscription(), handler.clock, events)

    assert handler.handed == [0, 1, 0, 1, 3]  # all at once, then one by one
    assert (result.handled, failed(result)) == (2, {"b": (1, "ValueError")})


@pytest.mark.parametrize(
    ("unreadable", "skipped", "told"),
    [(Unreadable.SKIP, 1, {}), (Unreadable.PARK, 0, {"a": (0, "ill-typed")})],
)
@pytest.mark.parametrize("how", HOW)
def test_what_cannot_be_read_is_skipped_or_stops_its_stream(
    how: Any, unreadable: Unreadable, skipped: int, told: dict[str, tuple[int, str]]
) -> None:
    handler = Handler()
    ill_typed: Any = "ill_typed"
    events = [event(0, problem=ill_typed), event(1), event(2, "b")]
    subscription = handler.subscription(unreadable=unreadable)

    result = how(subscription, handler.clock, events)

    assert handler.handed == ([1, 2] if skipped else [2])
    assert (result.handled, result.skipped) == (len(handler.handed), skipped)
    assert failed(result) == told


@pytest.mark.parametrize("how", HOW)
def test_what_is_no_events_fault_is_raised(how: Any) -> None:
    handler = Handler(fails={1: TryLater()})

    with pytest.raises(TryLater):
        how(handler.subscription(), handler.clock, [event(0), event(1), event(2, "b")])

    assert handler.handed == [0, 1]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(
    ("error", "told"),
    [(SystemExit(3), "HandlerExited"), (CancelledError(), "HandlerCancelled")],
)
def test_a_handler_that_wants_to_end_more_than_its_event_has_failed_of_it(
    how: Any, error: BaseException, told: str
) -> None:
    handler = Handler(fails={0: error})

    result = how(handler.subscription(), handler.clock, [event(0)])

    assert failed(result) == {"a": (0, told)}


@pytest.mark.parametrize("how", HOW)
def test_a_handler_that_rolls_back_in_silence_has_failed(how: Any) -> None:
    def rolls_back(_one: object) -> None:
        transaction.set_rollback(True)

    handler = Handler()
    subscription = handler.subscription(handler=rolls_back)

    assert failed(how(subscription, handler.clock, [event(0)])) == {
        "a": (0, "HandlerRolledBack")
    }


@pytest.mark.parametrize("how", HOW)
def test_of_one_that_fails_nothing_stays(how: Any) -> None:
    def writes(one: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO written VALUES (%s)", [one])
        if one == 1:
            raise ValueError

    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE written (n int) ON COMMIT DROP")
        events = [event(0), event(1, "b"), event(2)]

        how(Handler().subscription(handler=writes), StillClock(), events)

        cursor.execute("SELECT n FROM written ORDER BY n")
        assert cursor.fetchall() == [(0,), (2,)]


# ---- what is known to have ended a transaction is not tried


def test_whom_we_know_is_not_tried_and_the_others_are() -> None:
    handler, cause = Handler(), ValueError()
    known, bare = (
        HandlerBroke(first_of(7, 1), ENDED),
        HandlerBroke(first_of(7, 3), ENDED),
    )
    known.__cause__ = cause
    events = [event(0), event(1, "b"), event(2, "b"), event(3, "c"), event(4)]

    result = one_by_one(
        handler.subscription(),
        handler.clock,
        events,
        late={first_of(7, 1): known, first_of(7, 3): bare},
    )

    assert (handler.handed, result.handled) == ([0, 4], 2)
    assert failed(result) == {"b": (1, ENDED), "c": (3, ENDED)}


def test_the_line_at_which_it_was_found_out_is_told() -> None:
    broke = HandlerBroke(first_of(7, 0), ENDED)
    try:
        raise ValueError
    except ValueError as error:
        broke.__cause__ = error
    late = {first_of(7, 0): broke}

    result = one_by_one(Handler().subscription(), StillClock(), [event(0)], late=late)

    [(_, failure)] = result.failed.values()
    assert failure.place.startswith(f"{__name__}:")


# ---- where it takes long


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(
    ("seconds", "handled"), [(0.5, 3), (0.6, 2), (1.0, 2), (2.0, 1)]
)
def test_it_ends_behind_the_commit_in_which_a_second_has_passed(
    how: Any, seconds: float, handled: int
) -> None:
    handler = Handler(seconds=seconds)
    events = [event(n) for n in range(5)]

    result = how(handler.subscription(), handler.clock, events)

    assert (result.handled, handler.handed) == (handled, [*range(handled)])
    assert result.stopped_at == events[handled]


@pytest.mark.parametrize("how", HOW)
def test_a_commit_is_handed_over_whole_however_long_it_takes(how: Any) -> None:
    handler = Handler(seconds=2)
    events = [*(event(n, record=0) for n in range(3)), event(3, record=1)]

    result = how(handler.subscription(), handler.clock, events)

    assert (result.handled, result.stopped_at) == (3, events[3])


def test_what_is_behind_an_early_end_was_not_looked_at() -> None:
    handler = Handler(seconds=2)
    ill_typed: Any = "ill_typed"
    events = [
        event(0, "x", problem=ill_typed),
        event(1),
        event(2, "y", problem=ill_typed),
        event(3),
        event(4, "z", problem=ill_typed),
    ]

    result = handle(
        handler.subscription(unreadable=Unreadable.SKIP), handler.clock, events
    )

    assert (result.handled, result.skipped) == (1, 2)
    assert result.stopped_at == events[3]
