"""What every event store must say while its log does not answer. Subclass it, give a `store` fixture, and pytest runs it.

class TestMyStoreOnASilentLog(StoreSilenceContract):
    @pytest.fixture
    def store(self, network: Network) -> EventStore: ...  # as of `store_contract`, its `make_log` a `FaultyLog` on this network
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from eventstore.clock import SystemClock
from eventstore.errors import LogUnanswered, LogUnavailable, Refused, Retryable
from eventstore.events import Cut, Expected, NewEvent
from eventstore.opening import key_ring
from eventstore.testing.faulty_log import Network
from eventstore.testing.shop import OrderPlaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.events import AppendResult
    from eventstore.store import EventStore

Asked = tuple[str, UUID]  # a stream and the commit in it

PLACED = NewEvent(OrderPlaced(customer_id="customer-1"))
QUESTIONS: dict[str, Callable[[EventStore, Asked], object]] = {
    "outcome": lambda store, asked: store.outcome(asked[1], asked[0], timeout_s=5),
    "outcome of any stream": lambda store, asked: store.outcome(asked[1], timeout_s=5),
    "aoutcome": lambda store, asked: asyncio.run(store.aoutcome(asked[1], asked[0])),
    "catch_up": lambda store, _: store.catch_up(store.topics.places, timeout_s=5),
    "version_as_of": lambda store, asked: store.version_as_of(
        asked[0], SystemClock().now(), timeout_s=5
    ),
}
REPEATS: dict[str, Callable[[EventStore, Asked, NewEvent], AppendResult]] = {
    "append": lambda store, asked, event: store.append(
        asked[0], [event], Expected.ANY, commit_id=asked[1], timeout_s=5
    ),
    "aappend": lambda store, asked, event: asyncio.run(
        store.aappend(asked[0], [event], Expected.ANY, commit_id=asked[1], timeout_s=5)
    ),
    "submit_past": lambda store, asked, event: store.submit_past(
        asked[0], [event], commit_id=asked[1]
    ).result(5),
}


class StoreSilenceContract:
    """The suite: who asks is promised nothing; that nothing was written an append alone says."""

    @pytest.fixture
    def network(self) -> Network:
        """That of the store's log."""
        return Network()

    @pytest.fixture
    def asked(self, store: EventStore) -> Asked:
        """A stream with one commit that was accepted."""
        topic = next(iter(store.topics.numbers))
        stream_id = f"{topic.removeprefix('eventstore.')}.{uuid4()}"
        accepted = store.append(
            stream_id, [PLACED], Expected.NO_STREAM, commit_id=uuid4()
        )
        return stream_id, accepted.commit_id

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_who_asks_is_not_told_that_nothing_was_written(
        self, store: EventStore, network: Network, asked: Asked, question: str
    ) -> None:
        network.silent = True

        with pytest.raises(LogUnanswered) as told:
            QUESTIONS[question](store, asked)

        assert not isinstance(told.value, LogUnavailable | Refused)
        assert isinstance(told.value, Retryable)
        assert "nothing was written" not in str(told.value)

    def test_a_cut_that_nobody_can_judge_is_not_judged(
        self, store: EventStore, network: Network, asked: Asked
    ) -> None:
        beyond: dict[Any, int] = dict.fromkeys(store.topics.places, 1_000)
        network.silent = True

        with pytest.raises(Retryable) as told:
            store.read_all(Cut(beyond))

        assert not isinstance(told.value, Refused)

    def test_who_believes_the_answer_does_not_double_the_commit(
        self, store: EventStore, network: Network, asked: Asked
    ) -> None:
        stream_id, commit_id = asked
        network.silent = True
        try:
            store.outcome(commit_id, stream_id, timeout_s=5)
        except Refused:  # "nothing was written": a new commit is as good as the first
            commit_id = uuid4()
        except Retryable:
            pass
        network.be_good()

        again = store.append(stream_id, [PLACED], Expected.ANY, commit_id=commit_id)

        assert again.replayed
        assert len(list(store.read(stream_id))) == 1

    def test_an_append_says_that_nothing_was_written(
        self, store: EventStore, network: Network, asked: Asked
    ) -> None:
        stream_id, commit_id = asked[0], uuid4()
        network.silent = True

        with pytest.raises(LogUnavailable) as told:
            store.append(
                stream_id, [PLACED], Expected.ANY, commit_id=commit_id, timeout_s=0.3
            )
        network.be_good()

        assert isinstance(told.value, Refused)
        assert store.outcome(commit_id, stream_id).decided == []

    @pytest.mark.parametrize("again", REPEATS)
    def test_a_repeat_whose_keys_are_gone_says_that_nothing_was_written(
        self, store: EventStore, network: Network, asked: Asked, again: str
    ) -> None:
        whom, repeated = f"customer-{uuid4()}", (asked[0], uuid4())
        said = OrderPlaced(customer_id=whom, remark="what was said")
        event = NewEvent(
            said, correlation_id=uuid4(), occurred_at=SystemClock().now(), schema=1
        )
        first = REPEATS["append"](store, repeated, event)
        keys: Any = key_ring()
        keys.erase(whom)
        network.silent = True

        with pytest.raises(LogUnavailable):
            REPEATS[again](store, repeated, event)
        network.be_good()

        assert REPEATS[again](store, repeated, event).positions == first.positions
