"""A key store that is put back has keys again that were destroyed: they are destroyed again before anybody reads.

The drill of docs/OPERATIONS.md, 'The key store was put back'.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from structlog.testing import capture_logs

from eventstore.clock import SystemClock
from eventstore.conf import registry
from eventstore.database import and_hang_up, connect
from eventstore.errors import KeyStoreUnavailable, LogUnavailable, SubjectErased
from eventstore.events import Cut, Withheld
from eventstore.keys.configured import key_ring, key_store
from eventstore.ports import Gone
from eventstore.privacy.configured import (
    deciding,
    destroying,
    erasing,
    replaying,
    retention,
    shelf,
)
from eventstore.privacy.undead import Replaying, _told_behind, _told_by
from eventstore.queries.told import streams_told
from eventstore.store import get_event_store
from eventstore.upkeep.schedule import finish_erasures
from tests.integration.privacy.conftest import SECRET, backup, begin_anew, put_back
from tests.plugins.kafka_logs import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.privacy.conftest import Shop

APPEND_S = 10  # an append's time-out
WHO = {"request": "r-1", "requested_by": "ada", "approved_by": "bo"}


def living(subject: str) -> int:
    return sum(row.destroyed_at is None for row in key_store().rows(subject))


def test_what_rose_is_destroyed_before_the_first_read(shop: Shop) -> None:
    shop.say("c-1")
    shop.say("c-2", order="o-2")
    kept = backup()
    erasing().erase("c-1", **WHO)

    put_back(kept)
    assert living("c-1") == 1

    assert isinstance(shop.heard()[0], Withheld)
    assert living("c-1") == 0
    assert shop.heard("o-2") == [SECRET]
    assert deciding().lineage("c-1").keys.popitem()[1].destroyed.rose == 1  # type: ignore[attr-defined]


def test_a_month_that_was_over_is_over_again(shop: Shop) -> None:
    shop.say("c-1", "2020-01")
    shop.say("c-1", "2090-01")
    kept = backup()
    retention().run()

    put_back(kept)

    gone, there = shop.heard()
    assert gone.reason == "expired"
    assert there == SECRET
    with pytest.raises(SubjectErased):
        shop.say("c-1", "2020-01")


def test_a_store_that_has_lost_its_tombstones_asks_the_log_before_it_mints(
    shop: Shop,
) -> None:
    shop.say("c-1")
    erasing().erase("c-1", **WHO)

    put_back([])

    with pytest.raises(SubjectErased):
        shop.say("c-1", "2026-09")
    assert living("c-1") == 0


def test_the_mark_of_a_store_is_put_back_with_its_rows(shop: Shop) -> None:
    """Or else what was destroyed since the backup would be behind the mark."""
    shop.say("c-1")
    shop.say("c-2", order="o-2")
    finish_erasures()
    kept = backup()
    erasing().erase("c-1", **WHO)
    finish_erasures()
    assert key_store().mark() != dict(kept)["keys_mark"][0][1]

    put_back(kept)

    assert isinstance(shop.heard()[0], Withheld)


@pytest.mark.parametrize("mark", ["", "nonsense", "eventstore.order_x/0:7"])
def test_a_mark_that_is_of_no_use_has_all_of_the_log_read(
    shop: Shop, mark: str
) -> None:
    shop.say("c-1")
    kept = backup()
    erasing().erase("c-1", **WHO)
    put_back(kept)
    key_store().move_mark(mark)

    assert isinstance(shop.heard()[0], Withheld)


def test_readers_are_told_to_wait_until_it_is_done(shop: Shop) -> None:
    for n in range(4):
        shop.say(f"c-{n}", order=f"o-{n}")
    kept = backup()
    for n in range(4):
        erasing().erase(f"c-{n}", **{**WHO, "request": f"r-{n}"})
    put_back(kept)
    impatient = Replaying(
        get_event_store(), destroying(), shelf(), registry(), SystemClock(), page=1
    )

    with pytest.raises(KeyStoreUnavailable, match="destroyed again"):
        impatient.refuse_undead(patience_s=-1.0)
    assert sum(living(f"c-{n}") for n in range(4)) > 0

    for _ in range(1_000):  # each goes on where the one before has stopped
        try:
            impatient.refuse_undead(patience_s=-1.0)
        except KeyStoreUnavailable:
            continue
        break
    assert sum(living(f"c-{n}") for n in range(4)) == 0


def test_a_second_look_costs_nothing_and_finds_nothing(shop: Shop) -> None:
    shop.say("c-1")
    erasing().erase("c-1", **WHO)

    first, second = replaying().run(), replaying().run()

    assert first.risen == second.risen == 0
    assert (first.subjects, second.subjects) == (1, 0)


def test_an_order_that_was_killed_before_it_was_carried_out_is_finished_by_the_job(
    shop: Shop,
) -> None:
    shop.say("c-1")
    destroying().order_erasure("c-1", **WHO)
    begin_anew()

    # whoever reads meanwhile has it carried out, and leaves the mark for the job
    assert isinstance(shop.heard()[0], Withheld)
    assert deciding().lineage("c-1").erasures == ()
    finish_erasures()

    [erasure] = deciding().lineage("c-1").erasures
    assert (erasure.keys, erasure.events) == (1, 1)
    assert replaying().run().subjects == 0


def test_the_key_store_alone_does_not_say_that_it_was_put_back(shop: Shop) -> None:
    """What is compared is the log with the store: the store's own rows look as they always did."""
    shop.say("c-1")
    erasing().erase("c-1", **WHO)
    with connect("keys") as keys:
        row = keys.execute("SELECT count(*) FROM keys_mark").fetchone()

    assert row is not None
    assert shop.told("c-1").count("CustomerKeyDestroyed") == 1


def test_the_appenders_own_thread_does_not_wait_for_itself_where_it_finds_them(
    shop: Shop,
) -> None:
    shop.say("c-1")
    kept = backup()
    erasing().erase("c-1", **WHO)
    put_back(kept)
    [row] = key_store().rows("c-1")

    # it opens boxes where a commit is repeated
    job = shop.store._appender.call(lambda _indexer: key_ring().opening([row.id]))

    [gone] = job.result(APPEND_S - 1).values()
    assert isinstance(gone, Gone)
    assert living("c-1") == 0
    until(lambda: shop.told("c-1").count("CustomerKeyDestroyed") == 2)


def test_a_log_that_cannot_be_told_behind_it_is_no_trouble_of_who_may_not_wait() -> (
    None
):
    def tell() -> None:
        msg = "away"
        raise LogUnavailable(msg)

    with capture_logs() as lines:
        _told_behind(tell)

    assert [(one["action"], one["cause"]) for one in lines] == [
        ("undead-keys-untold", "log-unavailable")
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_only_what_the_log_says_of_ends_is_read(shop: Shop, limit: int) -> None:
    for n in range(3):
        shop.say(f"c-{n}", order=f"o-{n}")
    erasing().erase("c-1", **WHO)
    erasing().erase("c-2", **{**WHO, "request": "r-2"})
    topics, names = _told_by(registry())

    found: list[str] = []
    cut = Cut()
    while True:
        streams, reached = streams_told(cut, topics, names, limit)
        found += streams
        if not streams:
            break
        assert str(reached) != str(cut)
        cut = reached

    stream_of = registry().privacy.stream_of  # type: ignore[union-attr]
    assert set(found) == {stream_of("c-1"), stream_of("c-2")}
    assert streams_told(reached, topics, names, limit) == ((), reached)
    shop.store.refuse_cut(reached)


def test_beside_what_was_only_minted_the_mark_moves_to_the_end(shop: Shop) -> None:
    shop.say("c-1")

    replayed = replaying().run()

    assert (replayed.subjects, replayed.is_all) == (0, True)
    topics, names = _told_by(registry())
    assert streams_told(Cut.parse(key_store().mark()), topics, names, 1)[0] == ()
    assert key_store().mark()


def test_who_reads_in_an_old_transaction_is_not_told_that_nothing_ended(
    shop: Shop,
) -> None:
    shop.say("c-1")
    kept = backup()
    with old_transaction():
        erasing_elsewhere("c-1")
        put_back(kept)
        [row] = key_store().rows("c-1")
        [found] = key_ring().opening([row.id]).values()

    assert isinstance(found, Gone)
    assert living("c-1") == 0


def test_a_person_who_is_new_in_a_repeatable_read_transaction_gets_a_key(
    shop: Shop,
) -> None:
    with old_transaction():
        shop.say("c-1")

    assert shop.heard() == [SECRET]


@contextmanager
def old_transaction() -> Iterator[None]:
    """Of the caller's, in which every statement sees what the first one saw."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM eventstore_record")
        yield


def erasing_elsewhere(subject: str) -> None:
    """As another process does."""
    with ThreadPoolExecutor(1) as pool:
        erase = partial(erasing().erase, subject, **WHO)
        pool.submit(partial(and_hang_up, erase)).result()
