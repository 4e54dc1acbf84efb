"""What every store answers at the edges of what can be asked: nothing is no wildcard, and the end is no beginning.

Part of `store_contract.EventStoreContract`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from eventstore.clock import SystemClock
from eventstore.errors import CutBeyondEnd, FutureInstant, InvalidStreamId
from eventstore.events import Cut, Expected, NewEvent, stream_type_of
from eventstore.testing.shop import OrderChanged, OrderPlaced

if TYPE_CHECKING:
    from eventstore.store import EventStore

PLACED = NewEvent(OrderPlaced(customer_id="customer-1"))
CHANGED = NewEvent(OrderChanged(quantity=1))


class BoundsContract:
    """The suite."""

    def test_a_cut_behind_the_end_of_the_log_is_refused_and_names_both(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [PLACED], Expected.NO_STREAM)
        _, cut = store.read_all()
        ends = store.catch_up(store.topics.places, timeout_s=30).offsets

        for place, end in ends.items():
            assert store.read_all(Cut(dict(cut.offsets) | {place: end}))[0] == []
            for beyond in (end + 1, end + 10**6):
                with pytest.raises(CutBeyondEnd) as refused:
                    store.read_all(Cut(dict(cut.offsets) | {place: beyond}))
                assert (refused.value.offset, refused.value.end) == (beyond, end)

    def test_no_types_and_no_limit_are_not_all_and_not_the_end(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [PLACED], Expected.NO_STREAM)

        with pytest.raises(ValueError, match="types names at least one"):
            store.read_all(types=[])
        for limit in (0, -1):
            with pytest.raises(ValueError, match="limit is 1 or more"):
                store.read_all(limit=limit)

    def test_versions_and_limits_below_zero_are_refused_at_once(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [PLACED], Expected.NO_STREAM)

        for wrong in ({"from_version": -1}, {"to_version": -1}, {"limit": -1}):
            with pytest.raises(ValueError, match="is 0 or more"):
                store.read(a_stream, **wrong)  # type: ignore[arg-type]
        for first, last in ((-1, None), (1, -1)):
            with pytest.raises(ValueError, match="is 0 or more"):
                store.history(a_stream, first, last)

    def test_what_is_no_stream_is_refused_before_the_instant_is_looked_at(
        self, store: EventStore, a_stream: str
    ) -> None:
        ahead = SystemClock().now() + timedelta(days=1)

        with pytest.raises(InvalidStreamId):
            store.version_as_of(stream_type_of(a_stream) + ".", ahead)
        with pytest.raises(FutureInstant):
            store.version_as_of(a_stream, ahead)

    def test_an_empty_span_of_versions_is_nothing_and_zero_is_before_the_first(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [PLACED, CHANGED], Expected.NO_STREAM)

        assert len(list(store.read(a_stream, 0))) == 2
        for first, last, limit in ((0, 0, None), (2, 1, None), (3, None, 1), (1, 2, 0)):
            for backwards in (False, True):
                found = store.read(
                    a_stream, first, last, backwards=backwards, limit=limit
                )
                assert list(found) == []
