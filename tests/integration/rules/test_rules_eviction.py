"""Rule 8 under bounded memory: what a view has forgotten is looked up, and nothing stays fresh over it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore.indexer.entries import Own
from eventstore.protocol.codec import decode
from eventstore.protocol.fold import Entry, Judged
from tests.support.worlds import World, changed, record, versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.events import Place
    from eventstore.indexer.indexer import Indexer
    from eventstore.indexer.view import View


class Folding:
    """One process's indexer on one partition, whose view may keep little."""

    def __init__(self, world: World, indexer: Indexer, place: Place) -> None:
        self.world, self.indexer, self.place = world, indexer, place

    @property
    def view(self) -> View:
        self.indexer.cursor(self.place)
        return self.indexer._views[self.place]

    def fold(
        self, stream: str, value: bytes, *, fresh_since: int | None = None
    ) -> Judged:
        """Write the record and fold it, as one that this process has just produced."""
        offset = self.world.foreign(self.place, value, stream.encode())
        [there] = self.world.log.read(self.place, offset).records
        key = stream.encode()
        entry = Entry(offset, there.recorded_at, key, value, decode(key, value))
        [judged] = self.indexer.advance(
            self.place, offset + 1, [Own(entry, fresh_since)]
        )
        return judged


@pytest.fixture
def folding(audited: World) -> Iterator[Folding]:
    """At the end the database must be the fold of the log."""
    store = audited.store()
    with store.indexer() as indexer:
        yield Folding(audited, indexer, audited.place(audited.stream()))


@pytest.mark.parametrize("max_ids", [0, 1, 50_000])
def test_an_id_that_was_fresh_before_an_eviction_is_looked_up_after_it(
    folding: Folding, max_ids: int
) -> None:
    stream = folding.world.stream()
    value = record(stream, commit_id=str(uuid4()))
    before = folding.view.serial
    folding.view.max_ids = max_ids

    first = folding.fold(stream, value, fresh_since=before)
    copy = folding.fold(stream, value, fresh_since=before)

    assert first.verdict.word == "accepted"
    assert copy.verdict.word == "duplicate"
    assert (folding.view.serial != before) == (max_ids < 2)


def test_an_event_id_that_was_evicted_is_found_again(folding: Folding) -> None:
    stream = folding.world.stream()
    folding.view.max_ids = 0
    value = record(stream)

    folding.fold(stream, value, fresh_since=folding.view.serial)
    forgotten = (set(folding.view.commits), set(folding.view.event_ids))
    commit_id = decode(stream.encode(), value).commit_id  # type: ignore[union-attr]
    again = value.replace(str(commit_id).encode(), str(uuid4()).encode())
    reused = folding.fold(stream, again)

    assert forgotten == (set(), set())
    assert reused.verdict.word == "event_id_reused"


@pytest.mark.parametrize("max_heads", [0, 1, 100_000])
def test_heads_that_were_evicted_are_looked_up_again(
    folding: Folding, max_heads: int
) -> None:
    one, other = (folding.world.stream(n=n) for n in range(2))
    folding.view.max_heads = max_heads
    kept = []

    verdicts = []
    for stream, expected in [(one, 0), (other, 0), (one, 1), (other, 0), (one, 2)]:
        judged = folding.fold(stream, record(stream, expected=expected))
        verdicts.append(judged.verdict.word)
        kept.append(len(folding.view.heads))

    refused = "wrong_expected_version"
    assert verdicts == ["accepted", "accepted", "accepted", refused, "accepted"]
    assert max(kept) == min(2, max_heads)


@pytest.mark.parametrize("max_bytes", [0, 1, 400, 64_000_000])
def test_a_process_whose_views_may_keep_little_folds_the_same(
    audited: World, max_bytes: int
) -> None:
    store = audited.store()
    streams = [audited.stream(partition, n) for partition in range(3) for n in range(2)]
    with store.indexer() as indexer:
        indexer._views.max_bytes = max_bytes
        for version in range(4):
            ends = {}
            for stream in streams:
                place = audited.place(stream)
                value = record(stream, expected=version)
                ends[place] = audited.foreign(place, value, stream.encode()) + 1
            for place, end in ends.items():
                indexer.advance(place, end)
        sizes = [view.size for view in indexer._views.values()]

    assert [versions(store, s) for s in streams] == [[1, 2, 3, 4]] * len(streams)
    assert sum(sizes) <= max_bytes


def test_an_appender_whose_views_may_keep_nothing_answers_the_same(
    audited: World,
) -> None:
    store, stream = audited.store(), audited.stream()
    store._appender.call(lambda one: setattr(one._views, "max_bytes", 0)).result(120)

    first = store.append(stream, [changed()], 0, commit_id=(same := uuid4()))
    second = store.append(stream, [changed()], 1)
    again = store.append(stream, [changed()], 0, commit_id=same)

    assert again.replayed
    assert [first.last_version, second.last_version, again.last_version] == [1, 2, 1]
