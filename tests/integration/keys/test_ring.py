"""The ring on its tables: who is first, what is believed, how long it is remembered."""

from __future__ import annotations

import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore.database import connect
from eventstore.errors import KeyStoreUnavailable, SubjectErased
from eventstore.keys.lineage import Past
from eventstore.keys.rows import Tombstone
from eventstore.ports import Gone
from eventstore.sealing.box import commitment_of
from eventstore.testing.key_ring_contract import a_name
from tests.plugins.kafka_logs import until
from tests.support.clocks import StillClock
from tests.support.keys import KEK, OLDER_KEK, a_provider
from tests.support.processes import a_process, heard

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from tests.support.keys import Process, TheLog

AT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
STATES = a_name("p-1", "snapshot", "all")


def change(statement: str, *values: object) -> None:
    """As somebody who may write to the key store's tables."""
    with connect("keys") as connection:
        connection.execute(statement, values)


# ---- minting


def test_the_log_knows_a_key_before_it_is_given_to_anybody(
    process: Process, log: TheLog
) -> None:
    key = process.ring.sealing([a_name()])[a_name()]

    told = log.minted[key.id]
    assert (told.name, told.commitment) == (a_name(), commitment_of(key.secret))
    [row] = process.store.rows("p-1")
    assert row.in_log


def test_two_processes_that_mint_at_once_get_one_key_and_the_log_one_word(
    processes: Callable[..., Process], log: TheLog
) -> None:
    first, second = processes(), processes()
    names = [a_name(month=f"2026-{month:02}") for month in range(1, 13)]

    with ThreadPoolExecutor(2) as pool:
        rings = [first.ring, second.ring] * 6
        found = list(pool.map(lambda ring: ring.sealing(names), rings))

    assert all(one == found[0] for one in found)
    assert {key.id for key in found[0].values()} == set(log.minted)


def test_names_in_any_order_do_not_wait_for_each_other_in_a_circle(
    processes: Callable[..., Process],
) -> None:
    names = [a_name(f"p-{n}") for n in range(40)]
    rings = [processes().ring for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        asked = [(rings[n], names[:: 1 if n % 2 else -1]) for n in range(4)]
        found = list(pool.map(lambda one: one[0].sealing(one[1]), asked))

    assert all(one == found[0] for one in found)


def test_more_names_than_one_statement_takes_are_all_minted(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventstore.keys.ring.AT_ONCE", 3)
    names = [a_name(f"p-{n}") for n in range(7)]

    keys = process.ring.sealing(names)

    assert process.ring.fresh([key.id for key in keys.values()]) == {
        key.id: key for key in keys.values()
    }


def test_a_key_of_which_the_log_was_not_told_is_told_of_by_the_next_who_asks(
    process: Process, log: TheLog
) -> None:
    def unknown() -> None:
        msg = "it is not known whether the log knows a new key"
        raise KeyStoreUnavailable(msg)

    log.after_minted = unknown
    with pytest.raises(KeyStoreUnavailable):
        process.ring.sealing([a_name()])
    log.after_minted = lambda: None

    assert process.ring.sealing([a_name()])[a_name()].id in log.minted


# ---- minting against destroying


def test_an_erasure_waits_for_who_mints_and_takes_that_key_too(
    processes: Callable[..., Process], log: TheLog
) -> None:
    minting, erasing = processes(), processes()
    is_told, may_go_on = Event(), Event()

    def held_up() -> None:
        is_told.set()
        assert may_go_on.wait(60)

    log.before_minted = held_up
    with ThreadPoolExecutor(1) as pool:
        minted = pool.submit(minting.ring.sealing, [a_name()])
        assert is_told.wait(60)
        rows = erasing.store.erase("p-1", at=AT, request="r-1")
        may_go_on.set()
        with pytest.raises(SubjectErased):
            minted.result(60)

    assert [row.why for row in rows] == ["erasure"]
    assert not minting.ring.held([a_name()])


def test_who_mints_waits_for_an_erasure_that_holds_the_subject(
    processes: Callable[..., Process],
) -> None:
    ring = processes().ring
    ring.sealing([a_name()])
    with connect("keys") as connection, ThreadPoolExecutor(1) as pool:
        with connection.transaction():
            connection.execute(
                "UPDATE keys_subject SET erased_at = now(), request = 'r-1' WHERE subject = 'p-1'"
            )
            minted = pool.submit(ring.sealing, [a_name(month="2026-12")])
            with connect("keys") as looking:
                until(lambda: _waits(looking))
        with pytest.raises(SubjectErased):
            minted.result(60)


def _waits(looking: psycopg.Connection[object]) -> bool:
    row = looking.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    return row != (0,)


def test_many_who_mint_and_one_who_erases_end_with_no_living_key(
    processes: Callable[..., Process],
) -> None:
    rings = [processes().ring for _ in range(4)]
    store = processes().store

    def mint(n: int) -> object:
        try:
            return rings[n % 4].sealing([a_name(month=f"2026-{n % 12 + 1:02}")])
        except SubjectErased as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        minted = [pool.submit(mint, n) for n in range(48)]
        pool.submit(store.erase, "p-1", at=AT, request="r-1").result(60)
        for one in minted:
            one.result(60)

    assert all(row.destroyed_at is not None for row in store.rows("p-1"))


def test_two_erasures_at_once_end_in_the_same_state(
    processes: Callable[..., Process],
) -> None:
    stores = [processes().store for _ in range(4)]
    processes().ring.sealing([a_name(), a_name(month="2026-12")])

    with ThreadPoolExecutor(4) as pool:
        asked = range(4)
        found = list(
            pool.map(lambda n: stores[n].erase("p-1", at=AT, request=f"r-{n}"), asked)
        )

    assert all(rows == found[0] for rows in found)
    erased = stores[0].erased("p-1")
    assert erased is not None
    assert {row.request for row in found[0]} == {erased[1]}


# ---- what is believed


def test_a_key_whose_commitment_the_log_does_not_have_is_never_used(
    processes: Callable[..., Process], log: TheLog
) -> None:
    key = processes().ring.sealing([a_name()])[a_name()]
    log.minted[key.id] = log.minted[key.id]._replace(commitment=bytes(32))
    ring = processes().ring

    assert ring.opening([key.id]) == {key.id: Gone("unopenable")}
    with pytest.raises(KeyStoreUnavailable):
        ring.sealing([a_name()])


def test_a_key_that_the_log_never_heard_of_opens_nothing(
    processes: Callable[..., Process], log: TheLog
) -> None:
    key = processes().ring.sealing([a_name()])[a_name()]
    log.minted.clear()

    assert processes().ring.opening([key.id]) == {key.id: Gone("unopenable")}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE keys_datakey SET commitment = repeat('x', 32)::bytea WHERE id = %s",
        "UPDATE keys_datakey SET wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20)) WHERE id = %s",
        "UPDATE keys_datakey SET subject = 'p-2' WHERE id = %s",
        "UPDATE keys_datakey SET month = '2027-01' WHERE id = %s",
        "UPDATE keys_datakey SET retention_class = 'other' WHERE id = %s",
    ],
)
def test_a_row_that_somebody_changed_opens_nothing(
    processes: Callable[..., Process], statement: str
) -> None:
    key = processes().ring.sealing([a_name()])[a_name()]

    change(statement, key.id)

    assert processes().ring.opening([key.id]) == {key.id: Gone("unopenable")}


def test_two_rows_that_were_exchanged_open_nothing(
    processes: Callable[..., Process],
) -> None:
    keys = processes().ring.sealing([a_name(), a_name("p-2")])
    one, other = (key.id for key in keys.values())

    change(
        "UPDATE keys_datakey k SET wrapped = o.wrapped, commitment = o.commitment FROM keys_datakey o"
        " WHERE (k.id, o.id) IN ((%s, %s), (%s, %s))",
        *(one, other, other, one),
    )

    found = processes().ring.opening([one, other])
    assert set(found.values()) == {Gone("unopenable")}


def test_a_key_encryption_key_that_is_missing_is_named(
    processes: Callable[..., Process],
) -> None:
    key = processes(provider=a_provider(OLDER_KEK)).ring.sealing([a_name()])[a_name()]

    with pytest.raises(KeyStoreUnavailable, match=r"local\.[0-9a-f]{16} is missing"):
        processes().ring.opening([key.id])
    assert processes(provider=a_provider(KEK, OLDER_KEK)).ring.opening([key.id]) == {
        key.id: key
    }


# ---- a store that was put back


def test_a_store_that_has_forgotten_an_erasure_is_told_before_the_first_key(
    process: Process, log: TheLog
) -> None:
    log.pasts["p-1"] = Past(erased=(AT, "r-1"))

    with pytest.raises(SubjectErased):
        process.ring.sealing([a_name()])

    assert process.store.erased("p-1") == (AT, "r-1")


def test_a_store_that_has_forgotten_a_month_is_told_before_the_first_key(
    process: Process, log: TheLog
) -> None:
    gone = Tombstone(uuid4(), a_name(), AT, "retention")
    log.pasts["p-1"] = Past(destroyed=[gone])

    with pytest.raises(SubjectErased) as refused:
        process.ring.sealing([a_name()])

    assert refused.value.month == "2026-11"
    assert process.ring.opening([gone.id]) == {gone.id: Gone("retention", AT)}
    assert process.store.ended_untold() == []
    assert process.ring.sealing([a_name(month="2026-12")])


def test_nothing_is_looked_up_while_destructions_are_to_be_carried_out(
    process: Process, log: TheLog
) -> None:
    log.is_undead = True
    for ask in (
        lambda: process.ring.sealing([a_name()]),
        lambda: process.ring.opening([uuid4()]),
    ):
        with pytest.raises(KeyStoreUnavailable):
            ask()
    assert process.store.erase("p-1", at=AT, request="r-1") == []

    log.is_undead = False
    assert process.ring.sealing([a_name("p-2")])


def test_the_log_is_asked_of_undead_keys_once_a_session(
    process: Process, log: TheLog
) -> None:
    for n in range(5):
        process.ring.sealing([a_name(f"p-{n}")])

    assert log.gate_asked == 1


def test_what_rose_is_buried_and_said(process: Process) -> None:
    key = process.ring.sealing([a_name()])[a_name()]
    states = process.ring.sealing([STATES])[STATES]
    unknown = Tombstone(uuid4(), a_name("p-2"), AT, "retention")
    rose = Tombstone(key.id, a_name(), AT, "undead", "r-1")

    assert process.store.bury([rose, unknown]) == {key.id, states.id}

    anew = process.ring.sealing([STATES])[STATES]
    assert process.store.bury([rose, unknown]) == set()
    assert process.ring.fresh([anew.id]) == {anew.id: anew}
    assert process.ring.opening([key.id]) == {key.id: Gone("undead", AT, "r-1")}
    assert process.store.tombstones() == 3
    untold = {row.id for row in process.store.ended_untold()}
    assert untold == {key.id, states.id, unknown.id}
    process.store.end_told(untold)
    assert process.store.ended_untold() == []


def test_the_mark_stays_where_it_was_put(process: Process) -> None:
    assert process.store.mark() == ""

    process.store.move_mark("eventstore.privacy/0/7")
    process.store.move_mark("eventstore.privacy/0/8")

    assert process.store.mark() == "eventstore.privacy/0/8"


# ---- what is remembered


def test_a_key_is_remembered_for_less_than_a_minute_from_when_it_was_asked_for(
    processes: Callable[..., Process],
) -> None:
    clock = StillClock()
    reading, erasing = processes(clock=clock), processes()
    key = reading.ring.sealing([a_name()])[a_name()]
    erasing.store.erase("p-1", at=AT, request="r-1")

    clock.ahead = 57.9
    assert reading.ring.held([a_name()]) == {a_name(): key}
    assert reading.ring.opening([key.id]) == {key.id: key}

    clock.ahead = 58.0  # and the second that an opener uses it without asking
    assert reading.ring.held([a_name()]) is None
    assert isinstance(reading.ring.opening([key.id])[key.id], Gone)


def test_who_asks_past_what_is_remembered_sees_an_erasure_at_once(
    processes: Callable[..., Process],
) -> None:
    reading, erasing = processes(), processes()
    key = reading.ring.sealing([a_name()])[a_name()]
    erasing.store.erase("p-1", at=AT, request="r-1")

    assert isinstance(reading.ring.fresh([key.id])[key.id], Gone)
    assert isinstance(reading.ring.opening([key.id])[key.id], Gone)


def test_what_is_remembered_is_bounded(processes: Callable[..., Process]) -> None:
    process = processes(most=3)
    names = [a_name(f"p-{n}") for n in range(8)]

    keys = process.ring.sealing(names)

    assert len(process.cache) == 3
    assert process.ring.opening([key.id for key in keys.values()]) == {
        key.id: key for key in keys.values()
    }


def test_a_key_that_was_asked_for_before_an_erasure_is_not_remembered_after_it(
    process: Process,
) -> None:
    key = process.ring.sealing([a_name()])[a_name()]
    asked = process.cache.asking()
    process.store.erase("p-1", at=AT, request="r-1")

    process.cache.keep({key.id: key}, asked)

    assert process.ring.held([a_name()]) is None
    assert isinstance(process.ring.opening([key.id])[key.id], Gone)


# ---- nothing is said


def test_no_secret_stands_in_what_is_said(process: Process, log: TheLog) -> None:
    key = process.ring.sealing([a_name()])[a_name()]
    log.minted.clear()

    said = [repr(process.ring), repr(process.cache), repr(process.store)]
    try:
        process.cache.clear()
        process.ring.sealing([a_name()])
    except KeyStoreUnavailable:
        said.append(traceback.format_exc())
    for secret in (
        repr(key.secret)[2:-1],
        key.secret.hex(),
        key.secret.decode("latin1"),
    ):
        assert not any(secret in one for one in said)


def test_a_forked_process_uses_no_session_of_its_parent(
    transactional_db: None,
) -> None:
    with a_process("keys", do="fork", step="", told=[]) as process:
        forked, parent = heard(process), heard(process)

    assert (forked["opened"], parent["opened"]) == (True, True)
    assert forked["sessions"] != parent["sessions"]
