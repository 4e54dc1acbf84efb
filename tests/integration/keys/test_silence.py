"""A key store that is down, frozen, held up or of another make: `KeyStoreUnavailable`, in bounded time, and on as soon as it is back."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from eventstore.database import connect
from eventstore.database.connections import connect_impatiently
from eventstore.errors import KeyStoreUnavailable
from eventstore.keys.sessions import Sessions
from eventstore.keys.store import KeyStore
from eventstore.testing.key_ring_contract import a_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.keys import Process


def test_a_session_that_the_server_ended_is_replaced(process: Process) -> None:
    key = process.ring.sealing([a_name()])[a_name()]
    with connect("keys") as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    assert process.ring.fresh([key.id]) == {key.id: key}


def test_a_server_that_is_frozen_is_not_waited_for(transactional_db: None) -> None:
    sessions = Sessions(connect=lambda: connect_impatiently("keys", patience_s=0.3))
    store = KeyStore(sessions)
    store.mark()
    [(_, session)] = sessions._idle
    backend = session.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(KeyStoreUnavailable):
            store.mark()
    finally:
        os.kill(backend, signal.SIGCONT)

    assert session.closed
    assert store.mark() == ""
    store.close()


def test_who_was_let_go_of_keeps_no_session(transactional_db: None) -> None:
    made: list[psycopg.Connection[Any]] = []

    def connected() -> psycopg.Connection[Any]:
        made.append(connect("keys"))
        return made[-1]

    store = KeyStore(Sessions(connect=connected))
    store.mark()
    assert [one.closed for one in made] == [False]

    store.close()
    assert [one.closed for one in made] == [True]

    store.mark()  # an appender that had it before goes on
    assert [one.closed for one in made] == [True, True]


def test_an_answer_that_is_there_counts_however_late_it_is_fetched(
    transactional_db: None,
) -> None:
    with connect_impatiently("keys", patience_s=0.0001) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_lock_that_somebody_holds_is_not_waited_for_for_ever(
    processes: Callable[..., Process],
) -> None:
    ring = processes().ring
    ring.sealing([a_name()])
    with connect("keys") as connection, connection.transaction():
        connection.execute("SELECT FROM keys_subject FOR UPDATE")

        with pytest.raises(KeyStoreUnavailable, match="LockNotAvailable"):
            ring.sealing([a_name(month="2026-12")])

    assert ring.sealing([a_name(month="2026-12")])


def test_a_server_that_is_not_there_is_unavailable() -> None:
    def refuse() -> psycopg.Connection[object]:
        return psycopg.connect("host=/nowhere dbname=keys")

    store = KeyStore(Sessions(connect=refuse))
    for ask in (lambda: store.of_ids([uuid4()]), lambda: store.living([a_name()])):
        with pytest.raises(KeyStoreUnavailable, match="OperationalError"):
            ask()


def test_what_is_remembered_goes_on_while_the_store_is_away(
    processes: Callable[..., Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = processes()
    key = process.ring.sealing([a_name()])[a_name()]

    def away() -> None:
        raise KeyStoreUnavailable

    sessions = process.ring._store.sessions
    sessions.close()
    monkeypatch.setattr(sessions, "_connect", away)

    assert process.ring.opening([key.id]) == {key.id: key}
    assert process.ring.sealing([a_name()]) == {a_name(): key}
    with pytest.raises(KeyStoreUnavailable):
        process.ring.sealing([a_name("p-2")])


def test_sessions_are_durable_and_have_their_limits(process: Process) -> None:
    with process.store.sessions.session() as session:
        row = session.execute(
            "SELECT current_setting('synchronous_commit'), current_setting('lock_timeout'),"
            " current_setting('statement_timeout'), current_setting('transaction_timeout'),"
            " current_setting('plan_cache_mode')"
        ).fetchone()

    assert row == ("on", "3s", "4s", "10s", "force_custom_plan")


def test_no_more_sessions_are_kept_than_a_few(process: Process) -> None:
    sessions = process.store.sessions

    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(sessions.session())

    assert len(sessions._idle) == 4


def test_a_session_on_which_something_went_wrong_is_not_used_again(
    process: Process,
) -> None:
    def begin_and_fail() -> None:
        with process.store.sessions.session() as session:
            begun.append(session)
            session.execute("BEGIN")
            raise ZeroDivisionError

    begun: list[psycopg.Connection[Any]] = []
    with pytest.raises(ZeroDivisionError):
        begin_and_fail()

    assert begun[0].closed
    assert process.store.mark() == ""


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_process_has_so_many_sessions_at_a_time_and_the_next_who_asks_waits_for_one(
    transactional_db: None, most: int
) -> None:
    sessions = Sessions(most=most, patience_s=120)
    with ExitStack() as held:
        for _ in range(most):
            held.enter_context(sessions.session())
        impatient = Sessions(most=most, patience_s=0.01)
        impatient._places = sessions._places
        with (
            pytest.raises(KeyStoreUnavailable, match=f"all {most} sessions"),
            impatient.session(),
        ):
            pass
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(KeyStore(sessions).mark)
            held.close()
            assert waiting.result(120) == ""
    sessions.close()


def test_a_forked_process_waits_for_nobody_who_stayed_behind(
    transactional_db: None,
) -> None:
    sessions = Sessions(most=1, patience_s=0.01)
    [_, places] = sessions._places
    places.acquire()
    sessions._places = os.getpid() + 1, places

    with sessions.session() as session:
        assert session.execute("SELECT 1").fetchone() == (1,)
    sessions.close()


def test_keys_are_minted_and_opened_with_one_session(
    processes: Callable[..., Process],
) -> None:
    process = processes(sessions=1)

    names = [a_name(f"p-{n}") for n in range(3)]
    keys = process.ring.sealing(names)

    ids = [one.id for one in keys.values()]
    assert process.ring.fresh(ids) == {one.id: one for one in keys.values()}
