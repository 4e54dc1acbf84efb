"""What a running process looks at again: not within the minute, unless it has a doubt, and behind it what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from eventstore.errors import LogMisconfigured, LogTruncated
from eventstore.indexer.watch import LOOK_AGAIN, Watch
from tests.support.clocks import StillClock
from tests.support.worlds import World, record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.events import Place
    from eventstore.indexer.session import Session


@dataclass
class Watched:
    """A watch by a clock that stands still, over a place with two records."""

    world: World
    session: Session
    clock: StillClock = field(default_factory=StillClock)

    def __post_init__(self) -> None:
        stream = self.world.stream()
        self.place: Place = self.world.place(stream)
        for _ in range(2):
            self.world.foreign(self.place, record(stream), stream.encode())
        self.watch = Watch(self.world.topics, self.world.log, self.clock)

    def another_topic(self) -> None:
        """The row says that the topic was another."""
        self.world.query("UPDATE eventstore_partition SET topic_id = 'x' RETURNING 1")

    def topics(self) -> bool:
        """Whether a look finds nothing wrong."""
        try:
            self.watch.look_at_topics(self.session.connection())
        except LogMisconfigured:
            return False
        return True

    def beginning(self) -> str | None:
        """What a look finds wrong."""
        try:
            self.watch.look_at_beginning(self.place, 2)
        except LogTruncated as error:
            return error.found
        return None


@pytest.fixture
def watched(world: World) -> Iterator[Watched]:
    with world.store().indexer() as indexer:
        yield Watched(world, indexer.session)


def test_topics_are_looked_at_at_once_and_behind_a_minute(watched: Watched) -> None:
    assert watched.topics()
    watched.another_topic()

    found = [watched.topics()]
    watched.clock.ahead = LOOK_AGAIN
    found += [watched.topics()]
    watched.clock.ahead += 1
    found += [watched.topics(), watched.topics()]

    assert found == [True, True, False, False]


def test_a_doubt_has_them_looked_at_now(watched: Watched) -> None:
    assert watched.topics()
    watched.another_topic()

    watched.watch.doubt()

    assert not watched.topics()


def test_who_asks_for_a_look_gets_one(world: World) -> None:
    with world.store().indexer() as indexer:
        indexer.check_topics()
        world.query("UPDATE eventstore_partition SET topic_id = 'x' RETURNING 1")

        with pytest.raises(LogMisconfigured):
            indexer.check_topics()


def test_the_beginning_is_looked_at_at_once_and_behind_a_minute(
    watched: Watched,
) -> None:
    assert watched.beginning() is None
    watched.world.cut_log_before(watched.place, 1)

    found = [watched.beginning()]
    watched.clock.ahead = LOOK_AGAIN
    found += [watched.beginning()]
    watched.clock.ahead += 1
    found += [watched.beginning(), watched.beginning()]

    assert found == [None, None, *["it now holds offsets 1 to 1"] * 2]
