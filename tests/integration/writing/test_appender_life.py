"""The appender's thread: a bounded queue, callers that give up, an end that drains, and death by an error."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from eventstore.database import connect
from eventstore.errors import AppendOutcomeUnknown, LogUnanswered, LogUnavailable
from eventstore.log.embedded import EmbeddedLog
from tests.plugins.kafka_logs import until
from tests.support.clocks import its_time_is_up_in_flight
from tests.support.worlds import FaultyStore, World, changed, versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.ports import Answer, Log, Proposal

dies = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)

# ---- the queue


def test_a_full_queue_makes_callers_wait_and_then_says_that_nothing_was_written(
    audited: World,
) -> None:
    here, stream, other = audited.store(capacity=1), audited.stream(), audited.stream(1)
    with audited.network.held_before_writing() as gate:
        first = here.submit(stream, [changed()], 0)
        gate.wait_until_reached()
        second = here.submit(stream, [changed()], 1)

        with pytest.raises(LogUnavailable) as full:
            here.append(other, [changed()], 0, timeout_s=0.1)

    assert "1 commits wait already" in str(full.value)
    assert [f.result(120).first_version for f in (first, second)] == [1, 2]
    assert audited.end(audited.place(other)) == 0


def test_coroutines_wait_for_room_without_stopping_their_loop(audited: World) -> None:
    here, stream = audited.store(capacity=1), audited.stream()

    async def work(gate: Any) -> list[int]:
        first = here.submit(stream, [changed()], "any")
        await asyncio.to_thread(gate.wait_until_reached)
        tasks = [
            asyncio.create_task(here.aappend(stream, [changed()], "any"))
            for _ in range(5)
        ]
        await asyncio.sleep(0)
        gate.open()
        return [
            first.result(120).first_version,
            *[r.first_version for r in await asyncio.gather(*tasks)],
        ]

    with audited.network.held_before_writing() as gate:
        found = asyncio.run(work(gate))

    assert sorted(found) == [1, 2, 3, 4, 5, 6]


def test_a_cancelled_task_that_was_still_queued_has_written_nothing(
    audited: World, here: FaultyStore
) -> None:
    stream, other = audited.stream(), audited.stream(1)

    async def work(gate: Any) -> None:
        await asyncio.to_thread(gate.wait_until_reached)
        task = asyncio.create_task(here.aappend(other, [changed()], 0))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with audited.network.held_before_writing() as gate:
        first = here.submit(stream, [changed()], 0)
        asyncio.run(work(gate))
    first.result(120)
    audited.fold(here)

    assert audited.end(audited.place(other)) == 0


def test_a_coroutine_whose_time_is_up_is_told_what_a_thread_is_told(
    audited: World, here: FaultyStore
) -> None:
    stream, other = audited.stream(), audited.stream(1)

    with audited.network.held_before_writing() as gate:
        assert its_time_is_up_in_flight(
            lambda seconds: asyncio.run(
                here.aappend(stream, [changed()], 0, timeout_s=seconds)
            )
        )
        gate.wait_until_reached()
        with pytest.raises(LogUnavailable):
            asyncio.run(here.aappend(other, [changed()], 0, timeout_s=0.1))
    audited.fold(here)

    assert audited.end(audited.place(stream)) == 1
    assert audited.end(audited.place(other)) == 0


def test_one_of_a_batch_that_is_refused_does_not_hold_up_the_others(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    with audited.network.held_before_writing() as gate:
        first = here.submit(stream, [changed()], 0)
        gate.wait_until_reached()
        batch = [here.submit(stream, [changed()], n) for n in (1, 9, 2)]
    first.result(120)

    outcomes = [future.exception(30) for future in batch]

    assert [type(o).__name__ for o in outcomes] == [
        "NoneType",
        "WrongExpectedVersion",
        "NoneType",
    ]
    assert versions(here, stream) == [1, 2, 3]


def test_the_same_commit_twice_in_one_batch_has_one_answer(
    audited: World, here: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    with audited.network.held_before_writing() as gate:
        first = here.submit(stream, [changed()], 0)
        gate.wait_until_reached()
        both = [here.submit(stream, [changed()], 1, commit_id=commit) for _ in "ab"]
    first.result(120)

    one, two = (future.result(120) for future in both)

    assert one.positions == two.positions
    assert versions(here, stream) == [1, 2]


# ---- the end


def test_closing_settles_what_waits(audited: World, here: FaultyStore) -> None:
    stream = audited.stream()
    futures = [here.submit(stream, [changed(n)], "any") for n in range(50)]

    assert here.close()

    assert [f.result(0).first_version for f in futures] == list(range(1, 51))


def test_what_comes_while_the_appender_drains_is_refused_and_never_written(
    audited: World, here: FaultyStore
) -> None:
    stream, other = audited.stream(), audited.stream(1)
    with ThreadPoolExecutor(1) as pool, audited.network.held_before_writing() as gate:
        first = here.submit(stream, [changed()], 0)
        gate.wait_until_reached()
        closed = pool.submit(here.close)
        until(lambda: here._appender._closing)

        with pytest.raises(LogUnavailable):
            here.append(other, [changed()], 0)
        with pytest.raises(LogUnanswered):
            here.outcome(uuid4(), other)
        gate.open()
        assert closed.result(120)

    assert first.result(0).first_version == 1
    assert audited.end(audited.place(other)) == 0


# ---- death


class DyingLog(EmbeddedLog):
    """An adapter with an error in it: raises where its port says that it must not."""

    def __init__(self, logs: list[DyingLog]) -> None:
        super().__init__(connect)
        self.closed = False
        self.first = not logs
        logs.append(self)

    def append(
        self, proposals: Sequence[Proposal], *, timeout_s: float
    ) -> Sequence[Answer]:
        """Die, if it is the first."""
        if self.first:
            msg = "an error of the adapter's"
            raise RuntimeError(msg)
        return super().append(proposals, timeout_s=timeout_s)

    def close(self) -> None:
        """See the port."""
        self.closed = True
        super().close()


class DyingStore(FaultyStore):
    """A store whose first thread dies at its first append."""

    def make_log(self) -> Log:
        """See `EventStore`."""
        self.logs: list[DyingLog] = getattr(self, "logs", [])
        return DyingLog(self.logs)


@dies
def test_a_thread_that_dies_fails_its_futures_and_the_next_append_starts_another(
    audited: World,
) -> None:
    here, stream = audited.store(of=DyingStore), audited.stream()

    with pytest.raises(AppendOutcomeUnknown) as died:
        here.append(stream, [changed()], 0)

    assert isinstance(died.value.__cause__, RuntimeError)
    assert here.append(stream, [changed()], 0).first_version == 1


@dies
def test_a_dying_thread_closes_its_own_log_and_not_its_successors(
    audited: World,
) -> None:
    here, stream = audited.store(of=DyingStore), audited.stream()
    assert isinstance(here, DyingStore)
    found: list[int] = []

    def at_once(
        _: object,
    ) -> None:  # in the dying thread, when its successor works already
        found.append(here.append(stream, [changed()], "any").first_version)

    future = here.submit(stream, [changed()], 0)
    future.add_done_callback(at_once)
    until(lambda: bool(found))

    first, second = here.logs
    until(lambda: first.closed)
    assert not second.closed
    assert here.append(stream, [changed()], 1).first_version == 2


@dies
def test_who_waited_in_the_queue_of_a_dying_thread_is_told_that_nothing_was_written(
    audited: World,
) -> None:
    here, stream = audited.store(of=DyingStore), audited.stream()

    futures = [here.submit(stream, [changed()], "any") for _ in range(3)]
    words = {type(future.exception(30)) for future in futures}

    assert words <= {AppendOutcomeUnknown, LogUnavailable, type(None)}
    accepted = sum(future.exception() is None for future in futures)
    assert versions(here, stream) == list(range(1, accepted + 1))
