"""Several processes share a subscription: whoever is killed, hangs or is older code, each event is handled once, in order."""

from __future__ import annotations

import random
import threading
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.subscriptions import worker as workers
from eventstore.subscriptions.follower import Follower
from tests.plugins.kafka_logs import until
from tests.support.following import (
    MAKE,
    Orders,
    Totals,
    seen,
    subscription,
)
from tests.support.processes import a_process, heard, told
from tests.support.servers import Database, a_server

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings


KILLS = 12
MOST = 30  # events until a process is killed

pytestmark = pytest.mark.usefixtures("transactional_db", "table")


@contextmanager
def a_worker(name: str = "totals", **given: Any) -> Iterator[workers.Worker]:
    """One in this process."""
    made = subscription(Totals(name), **given)
    follower = Follower(made, SystemClock(), random.Random(1))  # noqa: S311  (repeatable)
    worker = workers.Worker([follower], connect, SystemClock())
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=[stop])
    thread.start()
    try:
        yield worker
    finally:
        stop.set()
        thread.join()


def go_on(process: subprocess.Popen[str]) -> None:
    """Have a handler that hangs go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def has_ended(processes: list[subprocess.Popen[str]]) -> bool:
    """Whether any of them has."""
    return bool(ended(processes))


def ended(processes: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    """Those of them."""
    return [one for one in processes if one.poll() is not None]


def in_order(orders: dict[str, int]) -> dict[str, list[int]]:
    """What is to be seen of streams with so many events."""
    return {name: list(range(1, number + 1)) for name, number in orders.items()}


def test_two_processes_that_are_killed_in_their_batches_lose_and_double_nothing(
    orders: Orders,
) -> None:
    chance = random.Random(7)  # noqa: S311  (repeatable)
    placed: dict[str, int] = {}
    killed = 0

    def start(running: ExitStack) -> subprocess.Popen[str]:
        at = chance.randint(2, MOST) if killed < KILLS else 0
        given: dict[str, Any] = {"seed": chance.randrange(1_000), "kill_at": at}
        return running.enter_context(a_process("follow", **given))

    with ExitStack() as running:
        both = [start(running), start(running)]
        while killed < KILLS:
            behind = sum(placed.values()) - sum(map(len, seen().values()))
            while behind < 2 * MOST:  # so that one of them comes to its end
                name, number = f"o{len(placed)}", chance.randint(1, 9)
                orders.place(name, number)
                placed[name], behind = number, behind + number
            until(partial(has_ended, both))
            dead = ended(both)
            killed += len(dead)
            both = [one for one in both if one not in dead]
            both += [start(running) for _ in dead]
        until(lambda: sum(map(len, seen().values())) >= sum(placed.values()))

    assert seen() == in_order(placed)


def test_what_a_dead_worker_held_another_takes_over(orders: Orders) -> None:
    names = orders.names_everywhere(4)
    for name in names:
        orders.place(name, 2)
    with a_process("follow", hang_at=1) as process:
        held = heard(process)["hangs"].partition(".")[2]

        with a_worker():
            until(lambda: len(seen()) >= 4)
            assert held not in seen()
            process.kill()  # -9
            until(lambda: len(seen()) == len(names))

    assert seen() == in_order(dict.fromkeys(names, 2))


def test_an_event_arrives_because_the_database_tells(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_SLOWLY", 3_600.0)
    with a_worker() as worker:
        until(worker.waker.listens.is_set)
        orders.place("a")
        until(lambda: seen() == {"a": [1]})
        orders.change("a")
        until(lambda: seen() == {"a": [1, 2]})


def test_a_partition_that_is_made_while_it_runs_is_followed(orders: Orders) -> None:
    """By `create_topics`, when a process of new code is there before it."""
    orders.place("a")
    with a_worker() as worker:
        until(worker.waker.listens.is_set)
        until(lambda: seen() == {"a": [1]})
        with connect() as connection:
            connection.execute('DELETE FROM eventstore_checkpoint WHERE "cursor" = 0')

        names = [f"o{n}" for n in range(12)]
        for name in names:
            orders.place(name)
        until(lambda: len(seen()) == 1 + len(names))

    assert seen() == {"a": [1], **{name: [1] for name in names}}


def test_the_return_of_the_database_ends_the_pause_of_who_had_lost_it(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_FIRST_PAUSE", 3_600.0)
    orders.place("a")
    with a_worker() as worker:
        until(worker.waker.listens.is_set)
        until(lambda: "a" in seen())
        end_sessions("eventstore follow totals")

        def arrives() -> bool:
            last = orders.change("a").last_version
            return last - 1 in seen()["a"]

        until(arrives)
        until(lambda: len(seen()["a"]) == orders.change("a").last_version - 1)

    assert seen()["a"] == list(range(1, len(seen()["a"]) + 1))


def end_sessions(application_name: str) -> None:
    """Those of the test's database that go by this name."""
    with connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            [application_name],
        )


def test_a_handler_that_hangs_loses_what_it_held_and_does_no_harm_when_it_goes_on(
    orders: Orders,
) -> None:
    orders.place("a", 3)
    with a_process("follow", hang_at=2, timeout_s=2.0) as process:
        heard(process)
        with a_worker():
            until(lambda: "a" in seen())
        go_on(process)
        orders.change("a")
        until(lambda: 4 in seen()["a"])

    assert seen() == {"a": [1, 2, 3, 4]}


def test_newer_code_waits_for_the_turn_of_the_older_which_then_ends(
    orders: Orders,
) -> None:
    orders.place("a", 3)
    with a_process("follow", writes_as="old", hang_at=2) as process:
        heard(process)
        with a_worker("new", version=2):
            until(lambda: waiting_for_locks() == 1)
            orders.change("a")
            go_on(process)
            assert heard(process) == {"ended": {"totals": "subscription-superseded"}}
            until(lambda: "a" in seen("new"))
            orders.change("a")
            until(lambda: 5 in seen("new")["a"])

    assert (seen("old"), seen("new")) == ({"a": [1, 2, 3]}, {"a": [4, 5]})


def waiting_for_locks() -> int:
    """Sessions of the test's database that wait for another one's."""
    with connect() as connection:
        [(number,)] = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
    return int(number)


def test_when_postgresql_is_back_it_tells_again(
    tmp_path: Path, settings: Settings
) -> None:
    stream_type = f"order_{uuid4().hex[:8]}"
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "embedded",
        "REGISTRY": f"tests.shops.{stream_type}",
        "AGGREGATES": [],
        "SUBSCRIPTIONS": [],
        "PROJECTIONS": [],
        "KEYS": "eventstore.testing.memory_keys.keys_of_this_process",
        "PARTITIONS": 3,
    }
    database = a_server(tmp_path)
    try:
        with a_process("prepare", database=database.settings) as process:
            heard(process)
        with psycopg.connect(database.server.url) as own:
            own.execute(MAKE)
        told_across_a_crash(database, f"{stream_type}.a")
    finally:
        database.server.stop()


def told_across_a_crash(database: Database, stream: str) -> None:
    given: dict[str, Any] = {"slowly": 3_600.0, "tells": True}
    with a_process("follow", database=database.settings, **given) as follower:
        assert heard(follower) == {"listens": True}
        for version in (1, 2):
            with a_process("obey", database=database.settings) as writer:
                assert told(writer, "append", stream=stream) == {"done": version}
            assert heard(follower) == {"handled": version}
            if version == 1:
                until(lambda: database.ask("SELECT count(*) FROM follow_seen") == 1)
                database.kill_the_server()
                assert heard(follower) == {"listens": True}

        until(lambda: database.ask("SELECT count(*) FROM follow_seen") == 2)
