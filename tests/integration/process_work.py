"""What other processes do in these tests: `python -m tests.integration.process_work TASK JSON`.

The JSON names the test's database and the event store's settings; the rest are the task's arguments.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings  # noqa: TID251  (stands in for a settings module of its own)

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Set Django up on the test's database and run the task."""
    task, given = sys.argv[1], json.loads(sys.argv[2])
    settings.DATABASES["default"]["NAME"] = given["database"]
    settings.EVENTSTORE = given["eventstore"]
    django.setup()
    TASKS[task](**given["arguments"])


def say(**facts: Any) -> None:
    """Tell the test something, a line each."""
    print(json.dumps(facts), flush=True)  # noqa: T201


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
    from tests.integration.worlds import changed

    waiting: deque[Any] = deque()
    for quantity in quantities:
        waiting.append(store.submit(stream, [changed(quantity)], "any"))
        if len(waiting) >= 20:
            waiting.popleft().result(60)
    for future in waiting:
        future.result(60)


def _append_exact(store: Any, stream: str, quantities: list[int]) -> None:
    """Load, decide, append with the version loaded; again if another was faster."""
    from eventstore.errors import StreamNotFound, WrongExpectedVersion
    from tests.integration.worlds import changed

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
    from tests.integration.worlds import changed

    store = get_event_store()
    for n in range(count):
        store.submit(stream, [changed(n)], "any")
    say(submitted=count)


def fork(stream: str) -> None:
    """Append before a fork, in both processes after it, and in the first when the second has ended."""
    from eventstore.store import get_event_store
    from tests.integration.worlds import changed, versions

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


TASKS: dict[str, Callable[..., None]] = {
    "append_many": append_many,
    "submit_and_end": submit_and_end,
    "submit_and_wait_for_sigterm": submit_and_wait_for_sigterm,
    "fork": fork,
}

if __name__ == "__main__":
    main()
