"""What other processes do in these tests: `python -m tests.support.process_work TASK JSON`.

The JSON names the test's database and the event store's settings; the rest are the task's arguments.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import django
from django.conf import settings  # noqa: TID251  (stands in for a settings module of its own)

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Set Django up on the test's database and run the task."""
    task, given = sys.argv[1], json.loads(sys.argv[2])
    settings.DATABASES["default"] |= given["database"]
    settings.DATABASES["keys"] |= given["database"] | {"NAME": given["keys"]}
    settings.EVENTSTORE = given["eventstore"]
    settings.ALLOWED_HOSTS = ["testserver"]  # Django's test client
    know_rules(given["arguments"].pop("rules", 1))
    django.setup()
    TASKS[task](**given["arguments"])


def know_rules(version: int) -> None:
    """Be code of so many rule versions; the next one judges as version 1 does."""
    from eventstore.protocol import fold

    setattr(fold, "KNOWN_RULE_VERSION", version)  # noqa: B010  (it is Final)
    assert fold.fold.__kwdefaults__ is not None
    fold.fold.__kwdefaults__["known"] = version


def say(**facts: Any) -> None:
    """Tell the test something, a line each."""
    sys.stdout.write(json.dumps(facts) + "\n")  # in one piece: several threads speak
    sys.stdout.flush()


def build_until_killed(writes: int) -> None:
    """Build snapshots that are due, in small batches, and be killed behind the topic's n-th write, before any row of it."""
    from random import Random

    from eventstore.clock import SystemClock
    from eventstore.snapshots.builder.batch import Bounds
    from eventstore.snapshots.builder.run import Snapshotter
    from eventstore.store import get_event_store
    from eventstore.testing.faulty_log import FaultyLog, Network

    left = [writes]

    def die() -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    store = get_event_store()
    snapshotter = Snapshotter(
        store,
        SystemClock(),
        Random(writes),  # noqa: S311  (repeatable)
        make_log=lambda: FaultyLog(store.make_log(), Network(after_write=die)),
        bounds=Bounds(snapshots=7),
    )
    say(more=snapshotter.build_due().more)


def append_many(stream: str, count: int, mode: str, writer: int) -> None:
    """Append so often: blindly, or by load, decide, retry with exact versions."""
    from eventstore.store import get_event_store

    store = get_event_store()
    say(ready=True)
    sys.stdin.readline()  # both start at once
    {"any": _append_any, "exact": _append_exact}[mode](
        store, stream, [writer * 1_000_000 + n for n in range(count)]
    )
    say(done=True)


def _append_any(store: Any, stream: str, quantities: list[int]) -> None:
    """Some twenty on their way at any time, as a server with as many threads has."""
    from tests.support.worlds import changed

    waiting: deque[Any] = deque()
    for quantity in quantities:
        waiting.append(store.submit(stream, [changed(quantity)], "any"))
        if len(waiting) >= 20:
            waiting.popleft().result(120)
    for future in waiting:
        future.result(120)


def _append_exact(store: Any, stream: str, quantities: list[int]) -> None:
    """Load, decide, append with the version loaded; again if another was faster."""
    from eventstore.errors import StreamNotFound, WrongExpectedVersion
    from tests.support.worlds import changed

    for quantity in quantities:
        while True:
            try:
                head = store.stream_info(stream).version
            except StreamNotFound:
                head = 0
            try:
                store.append(stream, [changed(quantity)], head)
            except WrongExpectedVersion:
                continue
            break


def submit_and_end(stream: str, count: int) -> None:
    """Leave commits in the queue and come to the end of the program."""
    _submit(stream, count)


def submit_and_wait_for_sigterm(stream: str, count: int) -> None:
    """Leave commits in the queue and be told to stop, as servers are: SIGTERM becomes an orderly exit."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _submit(stream, count)
    signal.pause()


def _submit(stream: str, count: int) -> None:
    from eventstore.store import get_event_store
    from tests.support.worlds import changed

    store = get_event_store()
    for n in range(count):
        store.submit(stream, [changed(n)], "any")
    say(submitted=count)


def fork(stream: str) -> None:
    """Append before a fork, in both processes after it, and in the first when the second has ended."""
    from eventstore.store import get_event_store
    from tests.support.worlds import changed, versions

    store = get_event_store()
    store.append(stream, [changed()], 0)
    versions(store, stream)  # Django's connection is open, too
    pid = os.fork()
    if not pid:
        result = store.append(stream, [changed()], "any")
        say(forked=result.first_version)
        sys.exit(0)
    store.append(stream, [changed()], "any")
    _, status = os.waitpid(pid, 0)
    last = store.append(stream, [changed()], "any")
    say(status=status, last=last.first_version, versions=list(versions(store, stream)))


def append_through_a_crash(stream: str, count: int) -> None:
    """Append from eight threads, each commit again under its id until it is decided; then say what is there."""
    from django.core.management import call_command
    from django.db import connection

    from eventstore.store import get_event_store

    _migrate()
    connection.close()
    call_command("create_topics", stdout=sys.stderr)
    store = get_event_store()
    with ThreadPoolExecutor(8) as pool:
        told = list(
            pool.map(partial(_append_until_decided, store, stream), range(count))
        )
    store.catch_up(store.topics.places, timeout_s=30)
    events = list(store.read(stream))
    say(
        told=sorted(told),
        read=[[e.metadata.version, e.data["quantity"]] for e in events],
    )


def prepare() -> None:
    """Tables and topics."""
    from django.core.management import call_command

    _migrate()
    call_command("create_topics", stdout=sys.stderr)
    say(prepared=True)


def _migrate() -> None:
    from django.core.management import call_command

    for alias in settings.DATABASES:
        call_command("migrate", database=alias, verbosity=0, interactive=False)


def append_and_wait(stream: str) -> None:
    """Append one commit, say its version when it is acknowledged, and live on."""
    from eventstore.store import get_event_store
    from tests.support.worlds import changed

    result = get_event_store().append(stream, [changed()], "any")
    say(acknowledged=result.last_version)
    sys.stdin.readline()


def read_twice(stream: str) -> None:
    """Read on a new connection: while nobody completes the index, and as the store does."""
    from django.db import connection

    from eventstore.errors import IndexIncomplete
    from eventstore.queries.completeness import completed_by
    from eventstore.store import get_event_store

    as_ever = completed_by(lambda: None)
    try:
        say(version=get_event_store().stream_info(stream).version)
    except IndexIncomplete as error:
        say(refused=error.code)
    connection.close()
    completed_by(as_ever)
    say(version=get_event_store().stream_info(stream).version)


def _append_until_decided(store: Any, stream: str, quantity: int) -> list[int]:
    from eventstore.errors import AppendOutcomeUnknown, LogUnavailable
    from tests.support.worlds import changed

    commit = uuid4()
    while True:
        try:
            result = store.append(
                stream, [changed(quantity)], "any", commit_id=commit, timeout_s=2
            )
        except (AppendOutcomeUnknown, LogUnavailable):
            continue
        say(decided=quantity)
        return [result.first_version, quantity]


def rebuild_and_stand_still() -> None:
    """What `rebuild_index` does, up to its first partition; then wait to be killed."""
    from eventstore.store import get_event_store
    from eventstore.upkeep.rebuild import refold, reset

    def stand_still(_place: object, moved: int) -> None:
        say(folded=moved)
        signal.pause()

    with get_event_store().indexer() as indexer:
        reset(indexer.connection())
        refold(indexer, progress=stand_still)


def obey(*, completes: bool = True) -> None:
    """Do what each line of the input says, and tell what came of it. completes: the index, before a read of it."""
    from eventstore.queries.completeness import completed_by
    from tests.support import process_orders

    if not completes:
        completed_by(lambda: None)
    for line in sys.stdin:
        say(**process_orders.answer(**json.loads(line)))


def command(name: str, arguments: list[str] | None = None) -> None:
    """A command of manage.py's."""
    from django.core.management import call_command

    call_command(name, *(arguments or []))


def job(ahead: float) -> None:
    """Run a job that never ends, on a clock that is so far ahead."""
    from datetime import timedelta
    from threading import Event

    from eventstore.database import connect
    from eventstore.upkeep.jobs import Job, Jobs
    from tests.support.clocks import MovableClock

    def work() -> dict[str, int]:
        say(running=True)
        Event().wait()
        return {}

    clock = MovableClock()
    clock.ahead = ahead
    Jobs(connect, clock).run(Job("count", timedelta(hours=1), "nothing", work))


def build_and_be_killed(at: str) -> None:
    """Build the snapshots that are due, and be killed at a place between two steps."""
    from tests.support.killed_builders import build

    build(at)


def publish_and_be_killed(writes: int) -> None:
    """Publish events, and be killed between an acknowledgement and the commit."""
    from tests.support.killed_publishers import publish

    publish(writes)


def follow(**given: Any) -> None:
    """Follow the log, with a handler that kills its process, or hangs."""
    from tests.support import following_process

    following_process.follow(**given)


def keys(**given: Any) -> None:
    """Mint or erase, and be killed between two steps."""
    from tests.support.killed_keys import work

    work(**given)


def answer_calls() -> None:
    """Be a web process: answer calls of the HTTP API by their tokens, one for each line."""
    from django.test import Client

    for line in sys.stdin:
        order = json.loads(line)
        headers = {"Authorization": f"Token {order['token']}"}
        answer = Client().get(order["where"], headers=headers)
        say(status=answer.status_code)


TASKS: dict[str, Callable[..., None]] = {
    "append_many": append_many,
    "submit_and_end": submit_and_end,
    "submit_and_wait_for_sigterm": submit_and_wait_for_sigterm,
    "fork": fork,
    "append_through_a_crash": append_through_a_crash,
    "prepare": prepare,
    "append_and_wait": append_and_wait,
    "read_twice": read_twice,
    "obey": obey,
    "rebuild_and_stand_still": rebuild_and_stand_still,
    "command": command,
    "job": job,
    "build_until_killed": build_until_killed,
    "build_and_be_killed": build_and_be_killed,
    "publish_and_be_killed": publish_and_be_killed,
    "follow": follow,
    "keys": keys,
    "answer_calls": answer_calls,
}

if __name__ == "__main__":
    main()
