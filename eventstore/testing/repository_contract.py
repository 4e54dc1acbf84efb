"""What every repository must do, whatever its store. Subclass it, give `orders` and `store` fixtures, and pytest runs it.

class TestMyRepository(RepositoryContract):
    @pytest.fixture
    def store(self) -> EventStore: ...      # or a MemoryEventStore; of the types of `eventstore.testing.shop`

    @pytest.fixture
    def order_class(self) -> type[Order]: ...  # whose stream_type is the store's
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from eventstore.bus import EventBus, Published
from eventstore.context import correlated
from eventstore.errors import (
    AppendOutcomeUnknown,
    FutureInstant,
    LogUnavailable,
    StreamNotFound,
    VersionNotFound,
    WrongExpectedVersion,
)
from eventstore.events import AppendResult, Expected, NewEvent
from eventstore.repository import AggregateRepository
from eventstore.repository.retrying import aretrying, retrying
from eventstore.testing.shop import OrderChanged, OrderPlaced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from eventstore.store import EventStore
    from eventstore.testing.shop_orders import Order

Orders = AggregateRepository["Order"]


class Fickle:
    """A store that fails as told, before or after the commit reached the log."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.lose_answer = False
        self.unavailable = False
        self.meanwhile: Callable[[], None] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Any,
        *,
        commit_id: UUID | None = None,
    ) -> AppendResult:
        """As the store, but for what it was told."""
        if self.unavailable:
            msg = "told to be"
            raise LogUnavailable(msg)
        if self.meanwhile:
            self.meanwhile()
        result = self._store.append(stream_id, events, expected, commit_id=commit_id)
        if self.lose_answer:
            self.lose_answer = False
            raise AppendOutcomeUnknown(str(commit_id), stream_id)
        return result


class RepositoryContract:
    """The suite."""

    @pytest.fixture
    def fickle(self, store: EventStore) -> Fickle:
        """The store, which can be told to fail."""
        return Fickle(store)

    @pytest.fixture
    def bus(self) -> EventBus:
        """Nobody listens yet."""
        return EventBus()

    @pytest.fixture
    def orders(self, fickle: Fickle, order_class: type[Order], bus: EventBus) -> Orders:
        """The repository under test."""
        return AggregateRepository(order_class, fickle, bus=bus)

    @pytest.fixture
    def order(self, order_class: type[Order], orders: Orders) -> Order:
        """One that was placed and saved."""
        order = order_class(str(uuid4()))
        order.place("customer-1")
        orders.save(order)
        return order

    # ---- loading and saving

    def test_what_was_saved_is_loaded(self, orders: Orders, order: Order) -> None:
        order.change(3)
        order.change(5)

        result = orders.save(order)

        assert result is not None
        assert (result.first_version, result.last_version) == (2, 3)
        assert not order.is_changed
        again = orders.load(order.aggregate_id)
        assert (again.version, again.state) == (3, order.state)
        assert not again.is_changed

    def test_saving_without_a_decision_appends_nothing(
        self, orders: Orders, order: Order
    ) -> None:
        assert orders.save(order) is None
        assert orders.load(order.aggregate_id).version == 1

    def test_what_never_happened_is_not_found(
        self, orders: Orders, order: Order
    ) -> None:
        with pytest.raises(StreamNotFound):
            orders.load("nobody")
        assert not orders.exists("nobody")
        assert orders.exists(order.aggregate_id)

    def test_two_that_begin_the_same_stream_do_not_both_win(
        self, orders: Orders, order_class: type[Order]
    ) -> None:
        one = order_class(str(uuid4()))
        other = order_class(one.aggregate_id)
        one.place("c-1")
        other.place("c-2")
        orders.save(one)

        with pytest.raises(WrongExpectedVersion):
            orders.save(other)

    # ---- conflicts

    def test_after_a_conflict_the_aggregate_still_holds_what_it_recorded(
        self, orders: Orders, order: Order
    ) -> None:
        stale = orders.load(order.aggregate_id)
        order.change(2)
        orders.save(order)
        stale.change(9)

        for _ in range(2):
            with pytest.raises(WrongExpectedVersion) as refused:
                orders.save(stale)
            assert refused.value.current_version == 2
        assert stale.recorded == (OrderChanged(quantity=9),)
        assert orders.load(order.aggregate_id).state.quantity == 2

    def test_a_decision_is_made_anew_until_nobody_was_faster(
        self, orders: Orders, order: Order
    ) -> None:
        seen: list[int] = []
        waited: list[float] = []

        def decide(now: Order) -> int:
            seen.append(now.version)
            if len(seen) < 3:  # somebody is faster, twice
                faster = orders.load(order.aggregate_id)
                faster.change(len(seen))
                orders.save(faster)
            now.change(now.state.quantity + 10)
            return now.state.quantity

        quantity = retrying(
            orders, order.aggregate_id, decide, random=Random(1), pause=waited.append
        )

        assert (seen, quantity, len(waited)) == ([1, 2, 3], 12, 2)
        assert orders.load(order.aggregate_id).state.quantity == 12

    def test_a_decision_is_not_made_anew_for_ever(
        self, orders: Orders, order: Order
    ) -> None:
        def outrun(now: Order) -> None:
            faster = orders.load(order.aggregate_id)
            faster.change(1)
            orders.save(faster)
            now.change(2)

        with pytest.raises(WrongExpectedVersion):
            retrying(
                orders, order.aggregate_id, outrun, attempts=3, pause=lambda _: None
            )
        assert orders.load(order.aggregate_id).version == 4

    def test_many_at_once_lose_no_decision(self, orders: Orders, order: Order) -> None:
        def add_one(_: int) -> None:
            retrying(
                orders,
                order.aggregate_id,
                lambda now: now.change(now.state.quantity + 1),
                attempts=200,
            )
            connections.close_all()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(add_one, range(12)))

        assert orders.load(order.aggregate_id).state.quantity == 12

    # ---- outcomes that nobody knows

    def test_after_an_unknown_outcome_save_can_be_called_again(
        self, orders: Orders, order: Order, fickle: Fickle
    ) -> None:
        order.change(3)
        fickle.lose_answer = True
        with pytest.raises(AppendOutcomeUnknown):
            orders.save(order)

        result = orders.save(order)

        assert result is not None
        assert result.replayed
        assert not order.is_changed
        assert orders.load(order.aggregate_id).version == 2

    def test_what_was_recorded_after_an_unknown_outcome_is_saved_behind_it(
        self, orders: Orders, order: Order, fickle: Fickle
    ) -> None:
        order.change(3)
        fickle.lose_answer = True
        with pytest.raises(AppendOutcomeUnknown):
            orders.save(order)
        order.change(4)

        result = orders.save(order)

        assert result is not None
        assert result.first_version == 3
        again = orders.load(order.aggregate_id)
        assert (again.version, again.state.quantity) == (3, 4)

    def test_what_was_not_written_is_saved_when_the_log_is_back(
        self, orders: Orders, order: Order, fickle: Fickle
    ) -> None:
        order.change(3)
        fickle.unavailable = True
        with pytest.raises(LogUnavailable):
            orders.save(order)
        fickle.unavailable = False

        orders.save(order)

        assert orders.load(order.aggregate_id).version == 2

    def test_an_unknown_outcome_stays_one_while_the_log_is_away(
        self, orders: Orders, order: Order, fickle: Fickle, store: EventStore
    ) -> None:
        order.change(3)
        fickle.lose_answer = True
        with pytest.raises(AppendOutcomeUnknown):
            orders.save(order)
        fickle.unavailable = True
        with pytest.raises(LogUnavailable):
            orders.save(order)
        fickle.unavailable = False

        result = orders.save(order)

        assert result is not None
        assert result.replayed
        assert store.stream_info(order.stream_id).version == 2

    # ---- one aggregate, saved by two

    def test_of_two_threads_that_save_one_aggregate_one_is_refused(
        self, orders: Orders, order: Order, fickle: Fickle
    ) -> None:
        refused: list[BaseException | None] = []

        def meanwhile() -> None:
            fickle.meanwhile = None
            order.change(4)
            with ThreadPoolExecutor(1) as pool:
                refused.append(pool.submit(orders.save, order).exception())

        order.change(3)
        fickle.meanwhile = meanwhile

        orders.save(order)

        assert [type(error) for error in refused] == [RuntimeError]
        assert not order.is_changed
        again = orders.load(order.aggregate_id)
        assert (again.version, again.state.quantity) == (3, 4)

    def test_of_two_tasks_that_save_one_aggregate_one_is_refused(
        self, store: EventStore, order_class: type[Order], order: Order, bus: EventBus
    ) -> None:
        orders = AggregateRepository(order_class, store, bus=bus)
        heard: list[Published] = []
        bus.subscribe(heard.append)
        order.change(3)

        async def work() -> list[object]:
            saves = orders.asave(order), orders.asave(order)
            given = await asyncio.gather(*saves, return_exceptions=True)
            await sync_to_async(connections.close_all)()
            return list(given)

        accepted, refused = asyncio.run(work())

        assert isinstance(accepted, AppendResult)
        # a store that never waits has done with one before the other begins
        assert refused is None or isinstance(refused, RuntimeError)
        assert len(heard) == 1
        assert store.stream_info(order.stream_id).version == 2

    # ---- the past

    def test_every_version_that_there_was_can_be_loaded(
        self, orders: Orders, order: Order
    ) -> None:
        for quantity in range(2, 25):
            order.change(quantity)
        orders.save(order)

        for version in range(2, 25):
            then = orders.load(order.aggregate_id, version=version)
            assert (then.version, then.state.quantity) == (version, version)
        with pytest.raises(VersionNotFound) as refused:
            orders.load(order.aggregate_id, version=25)
        assert refused.value.current_version == 24

    def test_what_was_known_at_a_time_is_loaded(
        self, orders: Orders, order: Order, store: EventStore
    ) -> None:
        times = []
        for quantity in range(2, 9):
            order.change(quantity)
            result = orders.save(order)
            assert result is not None
            times.append(result.recorded_at)

        for at in times:
            known = max(
                e.metadata.version
                for e in store.read(order.stream_id)
                if e.recorded_at <= at
            )
            assert orders.load(order.aggregate_id, as_of=at).version == known
        first = next(iter(store.read(order.stream_id))).recorded_at
        with pytest.raises(StreamNotFound):
            orders.load(order.aggregate_id, as_of=first - timedelta(milliseconds=1))

    def test_the_future_and_two_questions_at_once_are_refused(
        self, orders: Orders, order: Order, store: EventStore
    ) -> None:
        recorded_at = store.stream_info(order.stream_id).last_recorded_at
        with pytest.raises(FutureInstant):
            orders.load(order.aggregate_id, as_of=recorded_at + timedelta(hours=1))
        with pytest.raises(ValueError, match="not both"):
            orders.load(order.aggregate_id, as_of=recorded_at, version=1)
        with pytest.raises(ValueError, match="1 or more"):
            orders.load(order.aggregate_id, version=0)

    # ---- the cache

    def test_what_another_has_saved_is_seen_at_the_next_load(
        self, orders: Orders, order: Order, store: EventStore
    ) -> None:
        orders.load(order.aggregate_id)
        store.append(order.stream_id, [NewEvent(OrderChanged(quantity=7))], 1)

        assert orders.load(order.aggregate_id).state.quantity == 7

    def test_nobody_changes_what_another_will_load(
        self, orders: Orders, order: Order
    ) -> None:
        orders.load(order.aggregate_id).change(99)

        assert orders.load(order.aggregate_id).state.quantity == 0

    def test_a_small_cache_forgets_and_finds_again(
        self, fickle: Fickle, order_class: type[Order]
    ) -> None:
        orders = AggregateRepository(order_class, fickle, cache=2)
        ids = [str(uuid4()) for _ in range(5)]
        for number, one in enumerate(ids):
            order = order_class(one)
            order.place(f"customer-{number}")
            orders.save(order)

        found = [orders.load(one).state.customer_id for one in ids]

        assert found == [f"customer-{number}" for number in range(5)]

    # ---- correlation and the bus

    def test_ids_of_the_context_reach_the_events(
        self, orders: Orders, order: Order, store: EventStore
    ) -> None:
        story, cause, other = uuid4(), uuid4(), uuid4()
        order.change(1)
        with correlated(story, cause):
            orders.save(order)
        order.change(2)
        with correlated(story, cause):
            orders.save(order, correlation_id=other)
        order.change(3)
        orders.save(order)

        _, one, two, three = (e.metadata for e in store.read(order.stream_id))

        assert (one.correlation_id, one.causation_id) == (story, cause)
        assert (two.correlation_id, two.causation_id) == (other, cause)
        assert (three.correlation_id, three.causation_id) == (three.event_id, None)

    def test_handlers_hear_of_what_was_accepted_and_of_nothing_else(
        self, orders: Orders, order: Order, bus: EventBus, store: EventStore
    ) -> None:
        heard: list[Published] = []
        bus.subscribe(heard.append, OrderChanged)
        stale = orders.load(order.aggregate_id)
        order.change(1)
        order.change(2)
        orders.save(order)
        stale.change(3)
        with pytest.raises(WrongExpectedVersion):
            orders.save(stale)

        events = list(store.read(order.stream_id))[1:]

        assert [h.event for h in heard] == [OrderChanged(quantity=n) for n in (1, 2)]
        assert [h.event_id for h in heard] == [e.metadata.event_id for e in events]
        assert [h.position for h in heard] == [e.position for e in events]
        assert [h.correlation_id for h in heard] == [
            e.metadata.correlation_id for e in events
        ]

    def test_what_a_handler_appends_is_caused_by_what_it_heard(
        self, orders: Orders, order: Order, bus: EventBus, store: EventStore
    ) -> None:
        follow_up = f"{order.stream_id}-b"
        bus.subscribe(
            lambda _: store.append(  # type: ignore[arg-type, return-value]
                follow_up, [NewEvent(OrderPlaced(customer_id="c"))], Expected.ANY
            ),
            OrderChanged,
        )
        order.change(1)
        orders.save(order)

        cause = list(store.read(order.stream_id))[-1].metadata
        (effect,) = (e.metadata for e in store.read(follow_up))

        assert effect.causation_id == cause.event_id
        assert effect.correlation_id == cause.correlation_id

    def test_a_handler_that_fails_fails_nobody_else(
        self, orders: Orders, order: Order, bus: EventBus
    ) -> None:
        heard: list[Published] = []

        def fail(_: Published) -> None:
            raise RuntimeError

        bus.subscribe(fail)
        bus.subscribe(heard.append)
        order.change(1)

        assert orders.save(order) is not None
        assert len(heard) == 1

    # ---- coroutines

    def test_coroutines_load_decide_and_save_by_the_same_rules(
        self, store: EventStore, order_class: type[Order], bus: EventBus, order: Order
    ) -> None:
        orders = AggregateRepository(order_class, store, bus=bus)
        heard: list[int] = []

        async def hear(event: Published) -> None:
            heard.append(event.version)

        async def work() -> tuple[int, bool]:
            bus.subscribe(hear)
            await asyncio.gather(
                *(
                    aretrying(
                        orders,
                        order.aggregate_id,
                        lambda now: now.change(now.state.quantity + 1),
                        attempts=200,
                    )
                    for _ in range(5)
                )
            )
            loaded = await orders.aload(order.aggregate_id)
            exists = await orders.aexists("nobody")
            await sync_to_async(connections.close_all)()
            return loaded.state.quantity, exists

        assert asyncio.run(work()) == (5, False)
        assert sorted(heard) == [2, 3, 4, 5, 6]
