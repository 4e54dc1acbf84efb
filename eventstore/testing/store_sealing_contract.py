"""What every event store must do with what is sensitive: none of it stands in the log, and who may opens it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from eventstore.errors import (
    CommitIdReused,
    CommitTooLarge,
    InvalidEvent,
    SubjectErased,
)
from eventstore.events import SEALED_AWAY, Expected, NewEvent, Withheld
from eventstore.opening import key_ring, opener
from eventstore.testing.shop import OrderChanged, OrderPlaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.ports import Opener
    from eventstore.store import EventStore

SECRET = "Zyzzyva-7141"  # noqa: S105  (what a customer said)


class SealingContract:
    """Sealed at the door, opened for who may. `may_open` and `erase` are those of the configured keys."""

    @pytest.fixture
    def may_open(self, store: EventStore) -> Opener:
        """The right to see what the store has sealed: by its own keys, as in memory, or by the configured ones."""
        of_the_store: Any = getattr(store, "opener", opener)
        may: Opener = of_the_store()
        return may

    @pytest.fixture
    def erase(self, store: EventStore) -> Callable[[str], object]:
        """Destroys all keys of a subject."""
        ring: Any = getattr(store, "keys", None) or key_ring()
        return lambda subject: ring.erase(subject)

    @pytest.fixture
    def whom(self) -> str:
        """A customer of whom nobody has heard."""
        return f"customer-{uuid4()}"

    def test_what_is_sensitive_is_read_by_who_may_and_by_nobody_else(
        self, store: EventStore, a_stream: str, whom: str, may_open: Opener
    ) -> None:
        placed = OrderPlaced(customer_id=whom, remark=SECRET)
        store.append(a_stream, [NewEvent(placed)], Expected.NO_STREAM)

        [closed] = store.read(a_stream)
        [opened] = store.read(a_stream, opener=may_open)

        assert closed.data == {"customer_id": whom}
        assert closed.sealed is not None
        assert closed.withheld == SEALED_AWAY
        assert SECRET not in repr(closed)
        assert opened.data == {"customer_id": whom, "remark": SECRET}
        assert (opened.withheld, opened.problem, closed.problem) == (None, None, None)

    def test_every_reading_opens_by_the_right_that_is_handed_in(
        self, store: EventStore, a_stream: str, whom: str, may_open: Opener
    ) -> None:
        placed = OrderPlaced(customer_id=whom, remark=SECRET)
        before = store.catch_up(store.topics.places, timeout_s=30)
        store.append(a_stream, [NewEvent(placed)], Expected.NO_STREAM)

        [marked] = store.history(a_stream)
        [whole] = store.history(a_stream, opener=may_open)
        [of_all], _ = store.read_all(before, opener=may_open)
        [closed], _ = store.read_all(before)

        assert isinstance(marked, OrderPlaced)
        assert marked.customer_id == whom
        assert repr(marked.remark) == "sealed"
        assert whole == placed
        assert of_all.data == {"customer_id": whom, "remark": SECRET}
        assert closed.data == {"customer_id": whom}

    def test_coroutines_seal_and_open_as_well(
        self, store: EventStore, a_stream: str, whom: str, may_open: Opener
    ) -> None:
        placed = OrderPlaced(customer_id=whom, remark=SECRET)

        async def work() -> Any:
            await store.aappend(a_stream, [NewEvent(placed)], Expected.NO_STREAM)
            read = await store.aread(a_stream, opener=may_open)
            await sync_to_async(connections.close_all)()
            return read

        [event] = asyncio.run(work())

        assert event.data["remark"] == SECRET

    def test_an_event_without_anything_sensitive_has_no_box(
        self, store: EventStore, a_stream: str, whom: str, may_open: Opener
    ) -> None:
        events = [
            NewEvent(OrderPlaced(customer_id=whom)),
            NewEvent(OrderChanged(quantity=2)),
        ]
        store.append(a_stream, events, Expected.NO_STREAM)

        for read in (store.read(a_stream), store.read(a_stream, opener=may_open)):
            assert [(e.sealed, e.withheld) for e in read] == [(None, None)] * 2
        assert next(store.history(a_stream)) == OrderPlaced(customer_id=whom)

    def test_a_repeat_is_told_apart_by_what_was_sealed(
        self, store: EventStore, a_stream: str, whom: str
    ) -> None:
        commit_id = uuid4()

        def append(remark: str) -> Any:
            placed = NewEvent(OrderPlaced(customer_id=whom, remark=remark))
            return store.append(
                a_stream, [placed], Expected.NO_STREAM, commit_id=commit_id
            )

        first, again = append(SECRET), append(SECRET)

        assert again.replayed
        assert again.positions == first.positions
        with pytest.raises(CommitIdReused) as other:
            append("another")
        assert (other.value.differs, other.value.index) == ("data", 0)

    def test_a_repeat_whose_key_is_gone_is_known_by_the_rest(
        self,
        store: EventStore,
        a_stream: str,
        whom: str,
        erase: Callable[[str], object],
    ) -> None:
        commit_id = uuid4()

        def append(customer_id: str, *more: NewEvent) -> Any:
            placed = NewEvent(OrderPlaced(customer_id=customer_id, remark=SECRET))
            return store.append(
                a_stream, [placed, *more], Expected.NO_STREAM, commit_id=commit_id
            )

        first = append(whom)
        erase(whom)

        again = append(whom)

        assert again.replayed
        assert again.positions == first.positions
        with pytest.raises(CommitIdReused):
            append(whom, NewEvent(OrderChanged(quantity=1)))

    def test_who_was_erased_is_read_as_erased_and_written_no_more(
        self,
        store: EventStore,
        a_stream: str,
        whom: str,
        may_open: Opener,
        erase: Callable[[str], object],
    ) -> None:
        placed = OrderPlaced(customer_id=whom, remark=SECRET)
        store.append(a_stream, [NewEvent(placed)], Expected.NO_STREAM)
        list(store.read(a_stream, opener=may_open))

        erase(whom)

        [event] = store.read(a_stream, opener=may_open)
        assert event.data == {"customer_id": whom}
        assert isinstance(event.withheld, Withheld)
        assert event.withheld.reason == "erased"
        [marked] = store.history(a_stream, opener=may_open)
        assert isinstance(marked, OrderPlaced)
        assert repr(marked.remark).startswith("erased on ")
        with pytest.raises(SubjectErased) as refused:
            store.append(a_stream, [NewEvent(placed)], 1)
        assert whom not in str(refused.value)
        without = store.append(a_stream, [NewEvent(OrderPlaced(customer_id=whom))], 1)
        assert without.last_version == 2

    def test_the_bound_of_a_record_is_on_the_sealed_one(
        self, store: EventStore, a_stream: str, whom: str
    ) -> None:
        fits_in_the_clear = OrderPlaced(customer_id=whom, remark="x" * 800_000)

        with pytest.raises(CommitTooLarge):
            store.append(a_stream, [NewEvent(fits_in_the_clear)], Expected.NO_STREAM)

    def test_what_json_cannot_hold_is_refused_before_it_is_sealed(
        self, store: EventStore, a_stream: str, whom: str
    ) -> None:
        for remark in ("a\0b", "\ud800", 2**53 + 1):
            placed = {"customer_id": whom, "remark": remark}
            with pytest.raises(InvalidEvent) as refused:
                store.append(a_stream, [NewEvent(placed, "OrderPlaced")], Expected.ANY)
            assert repr(remark) not in str(refused.value)
