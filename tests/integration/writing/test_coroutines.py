"""What coroutines may ask of a store is what threads may ask: the same answers by the same code."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from eventstore.errors import InvalidStreamId, StreamNotFound
from eventstore.events import Cut, Place
from tests.support.worlds import changed

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db")

T = TypeVar("T")


def waited_for(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives, the connections of the thread that served it closed behind it."""

    async def whole() -> T:
        try:
            return await work
        finally:
            await sync_to_async(connections.close_all)()

    return asyncio.run(whole())


@pytest.fixture
def stream(store: EventStore) -> str:
    """A stream of three events in two commits."""
    topic = next(iter(store.topics.numbers))
    stream = f"{topic.removeprefix('eventstore.')}.awaited"
    store.append(stream, [changed(1), changed(2)], 0)
    store.append(stream, [changed(3)], 2)
    return stream


def test_aread_all_gives_what_read_all_gives_cut_by_cut(
    store: EventStore, stream: str
) -> None:
    async def page_by_page() -> tuple[list[int], Cut]:
        found: list[int] = []
        cut = Cut()
        while True:
            events, cut = await store.aread_all(cut, limit=2)
            if not events:
                return found, cut
            found += [event.data["quantity"] for event in events]

    found, cut = waited_for(page_by_page())

    assert found == [1, 2, 3]
    assert store.read_all(cut) == ([], cut)


def test_aread_all_takes_the_types_and_refuses_one_that_is_none(
    store: EventStore, stream: str
) -> None:
    events, _ = waited_for(store.aread_all(types=[stream.partition(".")[0]], limit=1))

    assert len(events) == 2  # a commit is never torn apart
    with pytest.raises(InvalidStreamId):
        waited_for(store.aread_all(types=["nothing"]))


def test_astream_info_gives_what_stream_info_gives(
    store: EventStore, stream: str
) -> None:
    info = waited_for(store.astream_info(stream))

    assert info == store.stream_info(stream)
    assert info.version == 3


def test_astream_info_of_a_stream_that_is_none_says_so(
    store: EventStore, stream: str
) -> None:
    with pytest.raises(StreamNotFound):
        waited_for(store.astream_info(f"{stream}-not"))


@pytest.mark.parametrize("named", [True, False])
def test_aoutcome_finds_what_became_of_a_commit_and_how_far_it_looked(
    store: EventStore, stream: str, *, named: bool
) -> None:
    commit = uuid4()
    store.append(stream, [changed(4)], 3, commit_id=commit)

    outcome = waited_for(store.aoutcome(commit, stream if named else None))

    (decided,) = outcome.decided
    assert (decided.commit.stream_id, decided.first_version) == (stream, 4)
    place = Place(decided.position.topic, decided.position.partition)
    assert outcome.up_to.offsets[place] == 3
    assert len(outcome.up_to.offsets) == (1 if named else 3)


def test_aoutcome_of_a_commit_that_nobody_proposed_is_nothing_so_far(
    store: EventStore, stream: str
) -> None:
    outcome = waited_for(store.aoutcome(uuid4(), stream, timeout_s=20))

    assert list(outcome.decided) == []
