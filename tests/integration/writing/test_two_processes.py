"""Two real processes append to one stream at once, on both logs: nothing lost, nothing double, no holes.

Each appends 1,000 times: blindly ("any"), and by load, decide, append with the version loaded, again until it fits
("exact"). On Kafka the exact mode runs 200 each by default, for a contended round trip to a broker is slow; all of
it with TEDDY_TEST_APPENDS=1000 (half a minute).
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from eventstore.conf import conf
from tests.support.processes import a_process, heard

if TYPE_CHECKING:
    from eventstore.store import EventStore

GIVEN = os.environ.get("TEDDY_TEST_APPENDS")  # noqa: TID251


def how_many(log: str, mode: str) -> int:
    return int(GIVEN or (200 if (log, mode) == ("kafka", "exact") else 1_000))


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize("mode", ["any", "exact"])
def test_two_processes_append_to_one_stream_at_once(
    store: EventStore, mode: str
) -> None:
    topic = next(iter(store.topics.numbers))
    stream = f"{topic.removeprefix('eventstore.')}.contended"
    each = how_many(conf.LOG, mode)

    with ExitStack() as running:
        both = [
            running.enter_context(
                a_process("append_many", stream=stream, count=each, mode=mode, writer=n)
            )
            for n in (1, 2)
        ]
        for process in both:
            assert heard(process) == {"ready": True}
        for process in both:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in both:
            assert heard(process) == {"done": True}
            assert process.wait(120) == 0

    events = list(store.read(stream))
    assert [e.metadata.version for e in events] == list(range(1, 2 * each + 1))
    written = sorted(e.data["quantity"] for e in events)
    assert written == [w * 1_000_000 + n for w in (1, 2) for n in range(each)]
    for writer in (1, 2):  # each one's own in its own order
        own = [
            e.data["quantity"]
            for e in events
            if e.data["quantity"] // 1_000_000 == writer
        ]
        assert own == sorted(own)
