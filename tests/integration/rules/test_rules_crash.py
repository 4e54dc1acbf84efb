"""Rule 16: what was acknowledged is read after a crash of the database, or nothing is."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from eventstore.database import connect
from eventstore.errors import (
    DatabaseUnanswered,
    IndexIncomplete,
    LogUnanswered,
    UnknownRuleVersion,
)
from eventstore.indexer.mark import complete
from eventstore.indexer.mirror import Mirror
from eventstore.queries.completeness import completed_by
from eventstore.repository import AggregateRepository
from eventstore.testing.shop_orders import Order
from eventstore.upkeep.rebuild import refold, reset
from teddy_es import health
from tests.support.connections import Line
from tests.support.worlds import FaultyStore, World, changed, versions

if TYPE_CHECKING:
    from collections.abc import Iterator


MARK = "SELECT count(*) FROM eventstore_indexcomplete"


def is_marked(world: World) -> bool:
    return bool(world.query(MARK)[0][0])


def crash(world: World, stream: str, cursor: int) -> None:
    """What a crash does: folds go back, the mark is gone, no connection lives on."""
    world.lose_folds(world.place(stream), cursor)
    with connect() as other:
        other.execute("TRUNCATE eventstore_indexcomplete")
    connection.close()


@pytest.fixture
def stream(audited: World, here: FaultyStore) -> str:
    """A stream at version 3, all of it acknowledged."""
    stream = audited.stream()
    for n in range(3):
        here.append(stream, [changed()], n)
    return stream


@pytest.fixture
def nobody(here: FaultyStore) -> Iterator[None]:
    """The log does not answer, so that nobody can complete the index."""

    def fails() -> None:
        reason = "broker-7.internal is silent"
        raise LogUnanswered(reason)

    before = completed_by(fails)
    yield
    completed_by(before)


# ---- reads


def test_a_new_connection_folds_to_the_logs_end_before_it_reads(
    audited: World, here: FaultyStore, stream: str
) -> None:
    crash(audited, stream, 1)

    assert versions(here, stream) == [1, 2, 3]
    assert is_marked(audited)


@pytest.mark.usefixtures("nobody")
def test_reads_are_refused_while_nobody_can_complete_the_index(
    audited: World, here: FaultyStore, stream: str
) -> None:
    crash(audited, stream, 1)

    with pytest.raises(IndexIncomplete, match=r"Retry in a moment.*is silent"):
        here.stream_info(stream)
    with pytest.raises(IndexIncomplete):
        versions(here, stream)
    with pytest.raises(IndexIncomplete):
        here.read_all()
    assert audited.cursor(audited.place(stream)) == 1


def test_a_connection_looks_once(here: FaultyStore, stream: str) -> None:
    here.stream_info(stream)  # once a process: the numbers of the stream types
    connection.close()

    with CaptureQueriesContext(connection) as first:
        here.stream_info(stream)
    with CaptureQueriesContext(connection) as second:
        here.stream_info(stream)

    # was the store made before fields were sealed, is the mark there, and what was asked for; then that alone
    assert (len(first), len(second)) == (3, 1)


def test_a_read_in_a_callers_transaction_folds_first_too(
    audited: World, here: FaultyStore, stream: str
) -> None:
    crash(audited, stream, 1)

    with transaction.atomic():
        assert versions(here, stream) == [1, 2, 3]


def test_a_snapshot_that_is_older_than_the_folding_reads_nothing(
    audited: World, here: FaultyStore, stream: str
) -> None:
    crash(audited, stream, 1)

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(IndexIncomplete):
            here.stream_info(stream)

    assert versions(here, stream) == [1, 2, 3]


def test_many_readers_at_once_all_wait_for_the_same_folding(
    audited: World, here: FaultyStore, stream: str
) -> None:
    crash(audited, stream, 0)
    seen: list[int] = []

    def read() -> None:
        try:
            seen.append(here.stream_info(stream).version)
        finally:
            connection.close()

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()

    assert seen == [3] * 8


def test_a_callback_in_the_appenders_thread_is_refused_at_once_and_stops_nobody(
    audited: World, here: FaultyStore, stream: str
) -> None:
    told: list[str] = []
    before = completed_by(here.complete_index)

    def read(_: object) -> None:
        crash(audited, stream, 4)
        try:
            here.stream_info(stream)
        except IndexIncomplete as error:
            told.append(error.cause)
        finally:
            connection.close()

    future = here.submit(stream, [changed()], 3)
    future.add_done_callback(read)
    future.result(120)
    here.append(stream, [changed()], 4)
    completed_by(before)

    assert told in ([], ["the appender's own thread cannot wait for itself"])
    assert versions(here, stream) == [1, 2, 3, 4, 5]


# ---- who sets the mark, and when not


def test_folds_on_a_connection_that_ended_meanwhile_are_not_called_complete(
    audited: World, stream: str
) -> None:
    line = Line()
    store = audited.store(line=line.connect)
    crash(audited, stream, 1)
    line.after = ("eventstore_indexcomplete", lambda: line.made[-1].close())

    with store.indexer() as indexer, pytest.raises(DatabaseUnanswered):
        complete(indexer)

    assert line.happened
    assert not is_marked(audited)


def test_views_of_what_a_rebuild_emptied_do_not_call_it_complete(
    audited: World, here: FaultyStore, stream: str
) -> None:
    place = audited.place(stream)
    with here.indexer() as indexer:
        indexer.catch_up(audited.topics.places)
        with connect() as other:
            reset(other)

        assert complete(indexer)

    assert audited.cursor(place) == audited.end(place) == 3
    assert is_marked(audited)


def test_the_mirror_sets_it_so_that_readers_need_not(
    audited: World, here: FaultyStore, stream: str
) -> None:
    crash(audited, stream, 1)
    mirror = Mirror(here.make_indexer, threading.Event())

    with here.indexer() as indexer:
        mirror.round(indexer)

    assert is_marked(audited)
    assert audited.cursor(audited.place(stream)) == 3


def test_a_mirror_that_has_nothing_to_fold_sets_it_too(
    audited: World, here: FaultyStore, stream: str
) -> None:
    mirror = Mirror(here.make_indexer, threading.Event())
    with here.indexer() as indexer:
        mirror.round(indexer)
        crash(audited, stream, 3)

        mirror.round(indexer)

    assert is_marked(audited)


def test_a_stopped_partition_keeps_the_index_incomplete(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    store = world.store()
    stopped, other = world.stream(0), world.stream(1)
    store.append(other, [changed()], 0)
    world.foreign(world.place(stopped), b'{"v":1,"activate":2}', None)
    crash(world, other, 0)
    mirror = Mirror(store.make_indexer, threading.Event())

    with store.indexer() as indexer:
        mirror.round(indexer)
        with pytest.raises(UnknownRuleVersion):
            complete(indexer)

    assert not is_marked(world)
    assert world.cursor(world.place(other)) == 1
    with pytest.raises(IndexIncomplete, match="update the code"):
        store.stream_info(other)


def test_a_rebuild_takes_the_mark_away_until_it_has_finished(
    audited: World, here: FaultyStore, stream: str, nobody: None
) -> None:
    with here.indexer() as indexer:
        reset(indexer.connection())
        assert not is_marked(audited)
        indexer.close()
        refold(indexer, progress=lambda *_: None, stopped=lambda: True)
        assert not is_marked(audited)
        connection.close()
        with pytest.raises(IndexIncomplete):
            here.stream_info(stream)

    call_command("rebuild_index", "--resume", "--json")

    assert is_marked(audited)
    assert versions(here, stream) == [1, 2, 3]


def test_a_rebuild_from_end_to_end_leaves_the_mark(audited: World, stream: str) -> None:
    crash(audited, stream, 1)

    call_command("rebuild_index", "--json")

    assert is_marked(audited)


# ---- who says so


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("page", ["events/", "streams/"])
def test_a_page_says_that_the_index_is_not_complete(
    audited: World, stream: str, officer: Client, page: str
) -> None:
    crash(audited, stream, 1)

    answer = officer.get(f"/admin/{page}")

    assert answer.status_code == 503
    assert "index-incomplete" in answer.text
    assert "internal" not in answer.text


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("command", [["read_stream"], ["export_events", "--stream"]])
def test_a_command_says_it_in_a_line(
    audited: World, stream: str, command: list[str]
) -> None:
    crash(audited, stream, 1)

    with pytest.raises(CommandError, match="catching up") as said:
        call_command(*command, stream)

    assert "\n" not in str(said.value)


def ready() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/readyz")
    return answer.status_code, json.loads(answer.content)


def test_not_ready_until_the_index_is_complete_and_asking_completes_it(
    audited: World, here: FaultyStore, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    health.forget()
    monkeypatch.setattr(health, "get_event_store", lambda: here)
    crash(audited, stream, 1)

    def silent() -> None:
        reason = "broker-7.internal is silent"
        raise LogUnanswered(reason)

    before = completed_by(silent)
    red = ready()
    completed_by(before)
    green = ready()
    health.forget()

    assert red[0] == 503
    assert (red[1]["database"], red[1]["index"]) == ("ok", "index-incomplete")
    assert red[1]["lag"]["records"] == 2
    assert "internal" not in json.dumps(red[1])
    assert (green[0], green[1]["index"]) == (200, "ok")
    assert is_marked(audited)


# ---- what a process remembers of its own


def test_an_aggregate_that_is_cached_beyond_its_streams_head_is_loaded_anew(
    audited: World, here: FaultyStore
) -> None:
    topic = next(iter(audited.topics.numbers))
    order_class: type[Order] = type(
        "Order", (Order,), {"stream_type": topic.partition(".")[2]}
    )
    orders = AggregateRepository(order_class, here)
    order = order_class("one")
    order.place("customer-1")
    orders.save(order)
    for quantity in (7, 8):
        order.change(quantity)
        orders.save(order)
    audited.lose_folds(audited.place(order.stream_id), 1)

    loaded = orders.load("one")

    assert (loaded.version, loaded.state.quantity) == (1, 0)
    audited.fold(audited.store())
    again = orders.load("one")
    assert (again.version, again.state.quantity) == (3, 8)
