"""A view that goes where others have moved the cursor: how far, with what it then knows, and who waits meanwhile (rule 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import psycopg
import pytest

from eventstore.errors import WrongExpectedVersion
from eventstore.indexer.following import Following
from eventstore.indexer.loading import Loader
from tests.support.worlds import World, changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.indexer.session import Session
    from eventstore.indexer.view import View

MOST = 2


@dataclass
class Behind:
    """A view of an empty place, and others who write there."""

    world: World
    session: Session
    view: View

    def others(self, *streams: str) -> list[tuple[str, UUID, UUID]]:
        """Append to each as some other process; stream, commit id, event id."""
        made = [(stream, uuid4(), uuid4()) for stream in streams]
        for stream, commit_id, event_id in made:
            self.world.stores[0].append(
                stream, [changed(event_id=event_id)], "any", commit_id=commit_id
            )
        return made

    def follows(self) -> bool:
        """Whether it gets to where they are."""
        return Following(self.session, most=MOST).follow(self.view)


@pytest.fixture
def behind(world: World) -> Iterator[Behind]:
    with world.store().indexer() as indexer:
        view = Loader(indexer.session).load(world.place(world.stream()))
        yield Behind(world, indexer.session, view)


@pytest.mark.parametrize("records", range(MOST + 2))
def test_it_goes_as_far_as_it_may(behind: Behind, records: int) -> None:
    stream = behind.world.stream()
    behind.others(*[stream] * records)

    follows = behind.follows()

    assert follows == (records <= MOST)
    assert behind.view.cursor == (records if follows else 0)
    assert behind.view.heads == ({stream: records} if 0 < records <= MOST else {})


def test_it_knows_of_each_stream_its_own_ids(behind: Behind) -> None:
    streams = behind.world.stream(), behind.world.stream(0, 1)
    behind.others(behind.world.stream(1))
    made = behind.others(*streams)

    assert behind.follows()

    assert behind.view.commits == {(stream, one) for stream, one, _ in made}
    assert behind.view.event_ids == {(stream, one) for stream, _, one in made}
    assert behind.view.heads == dict.fromkeys(streams, 1)


def test_a_refused_commit_is_known_and_moves_no_head(behind: Behind) -> None:
    stream, commit_id = behind.world.stream(), uuid4()
    behind.others(stream)
    with pytest.raises(WrongExpectedVersion):
        behind.world.stores[0].append(stream, [changed()], 7, commit_id=commit_id)

    assert behind.follows()

    assert behind.view.heads == {stream: 1}
    assert len(behind.view.event_ids) == 1
    assert (stream, commit_id) in behind.view.commits


def test_who_follows_holds_the_row_until_its_transaction_ends(behind: Behind) -> None:
    behind.others(behind.world.stream())
    asked = "SELECT id FROM eventstore_partition WHERE id = %s FOR UPDATE NOWAIT"

    assert behind.follows()

    with pytest.raises(psycopg.errors.LockNotAvailable):
        behind.world.query(asked, behind.view.partition_id)
    behind.session.rollback()
    assert behind.world.query(asked, behind.view.partition_id)


def test_it_follows_neither_back_nor_into_another_generation_nor_to_no_row(
    behind: Behind,
) -> None:
    partition = behind.view.partition_id
    behind.view.cursor = 1
    assert not behind.follows()
    behind.session.rollback()

    behind.view.cursor = 0
    behind.world.query(
        "UPDATE eventstore_partition SET generation = %s WHERE id = %s RETURNING 1",
        uuid4(),
        partition,
    )
    assert not behind.follows()
    behind.session.rollback()

    behind.view.partition_id = -1
    assert not behind.follows()
