"""What is sealed is opened for handlers of a subscription with `opens`, and for no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from eventstore.errors import KeyStoreUnavailable
from eventstore.events import SEALED_AWAY, Expected, NewEvent, Withheld
from eventstore.queries.keyset import Wanted
from eventstore.queries.subscriptions import parked_streams
from eventstore.testing.memory_keys import MemoryKeys, keys_of_this_process
from eventstore.testing.shop import OrderPlaced
from tests.support.clocks import MovableClock
from tests.support.following import Orders, follow, follower, subscription

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from eventstore.bus import Published
    from eventstore.events import RecordedEvent
    from eventstore.ports import DataKey, Gone
    from eventstore.subscriptions import Subscription

pytestmark = pytest.mark.usefixtures("transactional_db")

REMARK = "Leave it with the neighbour"


@pytest.fixture
def whom(orders: Orders) -> str:
    """A customer of this test alone, with one order whose remark is sealed."""
    whom = f"customer of {orders.stream_type}"
    placed = NewEvent(OrderPlaced(customer_id=whom, remark=REMARK))
    orders.store.append(orders.stream("a"), [placed], Expected.NO_STREAM)
    return whom


def parked() -> list[Any]:
    """Streams that it cannot get on with."""
    return list(parked_streams(Wanted(), "totals").rows)


def one_by_one(handed: list[Any], **given: Any) -> Subscription:
    """Notes the events that it is handed."""

    def handle(event: Published) -> None:
        handed.append(event.event)

    return subscription(handle, **given)


def all_at_once(handed: list[Any], **given: Any) -> Subscription:
    """Notes the events of the batches that it is handed."""

    def handle(events: list[Published]) -> None:
        handed.extend(one.event for one in events)

    return subscription(None, batch_handler=handle, **given)


@pytest.mark.parametrize("made", [one_by_one, all_at_once])
@pytest.mark.parametrize(("opens", "remark"), [(True, REMARK), (False, SEALED_AWAY)])
def test_a_handler_gets_the_text_only_where_its_subscription_opens(
    whom: str,
    made: Any,
    opens: bool,  # noqa: FBT001  (a parameter of the test)
    remark: object,
) -> None:
    handed: list[OrderPlaced] = []

    follow(follower(made(handed, opens=opens)))

    assert [(one.customer_id, one.remark) for one in handed] == [(whom, remark)]


def test_nothing_is_opened_unless_it_is_asked_for(whom: str) -> None:
    handed: list[Any] = []

    follow(follower(one_by_one(handed)))

    found: list[tuple[object, object]] = [
        (one.customer_id, one.remark) for one in handed
    ]
    assert found == [(whom, SEALED_AWAY)]


@pytest.mark.parametrize("opens", [True, False])
def test_whoever_takes_what_the_log_holds_gets_the_text_only_where_it_opens(
    whom: str,
    opens: bool,  # noqa: FBT001  (a parameter of the test)
) -> None:
    handed: list[RecordedEvent] = []
    made = subscription(None, raw_handler=handed.extend, opens=opens)

    follow(follower(made))

    [recorded] = handed
    text = {"remark": REMARK} if opens else {}
    assert recorded.data == {"customer_id": whom} | text
    assert recorded.withheld == (None if opens else SEALED_AWAY)
    assert (REMARK in repr(recorded)) is opens


@pytest.mark.parametrize("opens", [True, False])
def test_of_who_was_erased_a_handler_hears_that_and_the_rest(
    orders: Orders,
    whom: str,
    opens: bool,  # noqa: FBT001  (a parameter of the test)
) -> None:
    handed: list[Any] = []
    keys_of_this_process().erase(whom, request="r-1")

    follow(follower(one_by_one(handed, opens=opens)))
    orders.change("a")
    follow(follower(one_by_one(handed, opens=opens)))

    placed, changed = handed
    assert placed.customer_id == whom
    assert isinstance(placed.remark, Withheld)
    assert placed.remark.reason == ("erased" if opens else "sealed")
    assert placed.remark.request == ("r-1" if opens else None)
    assert changed.quantity == 1


def test_what_is_tried_again_is_opened_anew(whom: str) -> None:
    handed: list[Any] = []
    clock, fails = MovableClock(), [ValueError()]

    def handle(event: Published) -> None:
        handed.append(event.event)
        for error in fails:
            raise error

    made = subscription(handle, opens=True, retries=[1])
    follow(follower(made, clock))
    assert len(parked()) == 1
    keys_of_this_process().erase(whom)
    fails.clear()
    clock.ahead += 1.1
    follow(follower(made, clock))  # another process: nothing is kept from before

    *before, after = (event.remark for event in handed)
    assert set(before) == {REMARK}
    assert isinstance(after, Withheld)
    assert after.reason == "erased"
    assert not parked()


def test_a_key_store_that_is_away_is_no_events_fault_and_waited_for(
    whom: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[Any] = []
    one = follower(one_by_one(handed, opens=True))

    def away(self: MemoryKeys, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        del self, ids
        msg = "it is away"
        raise KeyStoreUnavailable(msg)

    with monkeypatch.context() as patched:
        patched.setattr(MemoryKeys, "opening", away)
        with pytest.raises(KeyStoreUnavailable):
            one.round()
        assert (handed, parked()) == ([], [])

    follow(one)

    assert [event.remark for event in handed] == [REMARK]


def test_who_does_not_open_needs_no_key_store(
    whom: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[Any] = []

    def asked(*_: Any) -> Any:
        pytest.fail("the key ring was asked")

    monkeypatch.setattr(MemoryKeys, "opening", asked)
    follow(follower(one_by_one(handed)))

    assert [one.remark for one in handed] == [SEALED_AWAY]
