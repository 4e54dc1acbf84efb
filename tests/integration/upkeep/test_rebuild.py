"""`rebuild_index` makes mirror, index and heads anew from the log alone, and ends in the same bytes."""

from __future__ import annotations

import json
from contextlib import contextmanager
from hashlib import sha256
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from eventstore.testing.faulty_log import TWICE
from eventstore.upkeep.rebuild import refold, reset
from tests.support.audits import audit
from tests.support.worlds import FaultyStore, World, changed, record, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eventstore.events import Place
    from eventstore.indexer.indexer import Indexer

TABLES = {
    "record": "position",
    "event": "position",
    "stream": 'stream_id COLLATE "C"',
}


@pytest.fixture
def history(audited: World, here: FaultyStore) -> int:
    """Whatever a log can hold, in three partitions; how many records."""
    for partition in range(3):
        stream, commit, event = audited.stream(partition), uuid4(), uuid4()
        here.append(stream, [changed(1, event), changed()], 0, commit_id=commit)
        audited.network.then(TWICE)
        here.append(stream, [changed()], 2)
        place, key = audited.place(stream), stream.encode()
        for value in (
            record(stream, expected=1),
            record(stream, commit_id=str(commit)),
            _of_another_domain(stream, str(event)),
            _of_another_domain(stream, str(uuid4())),
            b"no json",
        ):
            audited.foreign(place, value, key)
        audited.foreign(place, record(audited.stream((partition + 1) % 3)), key)
        audited.foreign(place, b'{"v":1,"activate":7}', None)
    audited.fold(here)
    return sum(audited.end(place) for place in audited.topics.places)


def _of_another_domain(stream: str, event_id: str) -> bytes:
    """An event that our registry cannot read."""
    fields = json.loads(record(stream))
    fields["events"][0] |= {"event_id": event_id, "type": "Unheard", "data": {"x": 0.5}}
    return json.dumps(fields).encode()


def digests(world: World) -> dict[str, str]:
    """Every byte of every row, and where the cursors stand."""
    found = {
        name: world.query(f"SELECT t::text FROM eventstore_{name} t ORDER BY {order}")  # noqa: S608
        for name, order in TABLES.items()
    }
    found["partition"] = world.query(
        'SELECT id, topic, partition, partitions, topic_id, "cursor", last_recorded_at, rule_version'
        "  FROM eventstore_partition ORDER BY id"
    )
    return {
        name: sha256(repr(rows).encode()).hexdigest() for name, rows in found.items()
    }


def rows(world: World, table: str) -> int:
    return int(world.query(f"SELECT count(*) FROM eventstore_{table}")[0][0])  # noqa: S608


def run(*args: str) -> dict[str, Any]:
    said = StringIO()
    call_command("rebuild_index", *args, "--json", stdout=said)
    found: dict[str, Any] = json.loads(said.getvalue())
    return found


@contextmanager
def indexing(store: FaultyStore) -> Iterator[Indexer]:
    indexer = store.make_indexer()
    try:
        yield indexer
    finally:
        indexer.close()
        indexer.log.close()


# ---- the same bytes


def test_the_history_has_every_verdict_a_log_without_activation_can_have(
    audited: World, history: int
) -> None:
    verdicts = audited.query(
        "SELECT DISTINCT verdict FROM eventstore_record ORDER BY 1"
    )

    assert verdicts == [(1,), (2,), (3,), (4,), (5,)]
    assert rows(audited, "record") == history


def test_it_ends_in_the_same_bytes(audited: World, history: int) -> None:
    before = digests(audited)
    generations = "SELECT generation FROM eventstore_partition"
    old = set(audited.query(generations))

    told = run()

    assert told["offsets"] == history
    assert digests(audited) == before
    assert not old & set(audited.query(generations))


def test_what_was_changed_lost_or_added_behind_the_folds_back_is_put_right(
    audited: World, history: int
) -> None:
    before = digests(audited)
    for change in (
        "UPDATE eventstore_record SET verdict = 3, head = 17 WHERE verdict = 4",
        "DELETE FROM eventstore_record WHERE verdict = 2",
        "DELETE FROM eventstore_event WHERE version = 1",
        "UPDATE eventstore_stream SET version = 99",
        "UPDATE eventstore_partition SET last_recorded_at = 0",
    ):
        audited.query(f"{change} RETURNING 1")

    run()

    assert digests(audited) == before


def test_the_command_says_when_the_index_is_complete(
    audited: World, history: int
) -> None:
    said = StringIO()

    call_command("rebuild_index", stdout=said)

    assert f"{history} offsets folded in " in said.getvalue()
    assert "the index is complete." in said.getvalue()


def test_it_does_not_begin_where_topics_are_not_as_they_were(
    world: World,
) -> None:
    world.store().append(world.stream(), [changed()], 0)
    world.query(
        "UPDATE eventstore_logtopic SET topic_id = gen_random_uuid() RETURNING 1"
    )

    with pytest.raises(CommandError, match="created again"):
        run()

    assert rows(world, "record") == 1


# ---- a log that lost something


def _shorter(world: World, place: Place) -> None:
    world.replace_log(place, [])


def _begun_later(world: World, place: Place) -> None:
    world.cut_log_before(place, 1)


def _other_records(world: World, place: Place) -> None:
    stream = world.stream()
    world.replace_log(place, [(stream.encode(), record(stream))] * 2)


@pytest.mark.parametrize("lose", [_shorter, _begun_later, _other_records])
def test_what_only_the_mirror_still_has_is_not_thrown_away_unless_one_insists(
    world: World, lose: Callable[[World, Place], None]
) -> None:
    here, stream = world.store(), world.stream()
    for n in range(2):
        here.append(stream, [changed()], n)
    before = digests(world)
    lose(world, world.place(stream))

    with pytest.raises(CommandError, match="The log lost"):
        run()

    assert digests(world) == before


def test_who_insists_gets_what_the_log_still_holds(world: World) -> None:
    here, stream = world.store(), world.stream()
    here.append(stream, [changed(), changed()], 0)
    place = world.place(stream)
    world.replace_log(place, [(stream.encode(), record(stream))])

    told = run("--trust-log")

    assert told["offsets"] == 1
    assert versions(world.store(), stream) == [1]
    audit(world)


# ---- interrupted


def test_interrupted_it_goes_on_where_it_was(audited: World, history: int) -> None:
    before = digests(audited)
    done: list[int] = []
    with indexing(audited.store()) as indexer:
        reset(indexer.connection())
        refold(
            indexer,
            progress=lambda _place, moved: done.append(moved),
            stopped=lambda: bool(done),
        )
    assert rows(audited, "record") == sum(done) < history

    told = run("--resume")

    assert told["offsets"] == history - sum(done)
    assert digests(audited) == before
    assert run("--resume")["offsets"] == 0


def test_interrupted_and_begun_again_it_ends_in_the_same_bytes(
    audited: World, history: int
) -> None:
    before = digests(audited)
    with indexing(audited.store()) as indexer:
        reset(indexer.connection())

    told = run()

    assert told["offsets"] == history
    assert digests(audited) == before


# ---- others go on meanwhile


def test_a_process_with_an_old_view_appends_rightly_after_it(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    here.append(stream, [changed()], 0)

    run()
    result = here.append(stream, [changed()], 1)

    assert result.first_version == 2
    assert versions(here, stream) == [1, 2]


def test_a_process_with_an_old_view_appends_rightly_to_an_emptied_index(
    audited: World, here: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    here.append(stream, [changed()], 0, commit_id=commit)
    with indexing(audited.store()) as indexer:
        reset(indexer.connection())

    again = here.append(stream, [changed()], 0, commit_id=commit)
    result = here.append(stream, [changed()], 1)

    assert (again.first_version, result.first_version) == (1, 2)
    assert run("--resume")["offsets"] == 0


def test_processes_that_append_while_it_folds_lose_and_double_nothing(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    streams = [audited.stream(partition) for partition in range(3)]
    for stream in streams:
        here.append(stream, [changed()], 0)
        there.append(stream, [changed()], 1)
    heads = dict.fromkeys(streams, 2)

    def append_everywhere(_place: Place, _moved: int) -> None:
        for store in (here, there):
            for stream in streams:
                assert store.append(
                    stream, [changed()], heads[stream]
                ).first_version == (heads[stream] + 1)
                heads[stream] += 1

    with indexing(audited.store()) as indexer:
        reset(indexer.connection())
        refold(indexer, progress=append_everywhere)

    for stream in streams:
        assert versions(here, stream) == list(range(1, heads[stream] + 1))
    assert min(heads.values()) > 2
