"""A writer process: one thread, several, or coroutines, each drawing its own work."""

from __future__ import annotations

import asyncio
import json
import threading
from itertools import count, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.db import DatabaseError, connection

from eventstore.errors import EventStoreError, StreamNotFound
from eventstore.events import AppendResult
from eventstore.store import get_event_store
from teddy_es.faults.journal import Journal, Tail, facts
from teddy_es.faults.open_ends import open_ends
from teddy_es.faults.work import Proposal, Worker

if TYPE_CHECKING:
    from eventstore.store import EventStore
    from teddy_es.faults.work import Attempt

STYLES: Final = {"sync": 1, "threads": 32, "async": 200}
"""How a writer works, and how many workers it then has."""

# calls; then at what others handed over, and at what one has just written
_LOOK_EVERY: Final = 40


def write(
    stop: threading.Event,
    directory: str,
    slot: int,
    slots: int,
    generation: int,
    style: str,
    seed: str,
) -> None:
    """Append until told to stop; what the slot's former process left open comes first."""
    folder = Path(directory)
    desk = Desk(folder, slot, slots, generation)
    names = (f"w{slot}-{generation}-{n}" for n in range(STYLES[style]))
    workers = [
        Worker(name, seed, desk.journal, desk.hand_over, desk.heads) for name in names
    ]
    for proposal, worker in zip(desk.left_behind(), cycle(workers), strict=False):
        worker.waiting.append(proposal)
    store = get_event_store()
    if style == "async":
        asyncio.run(_all_coroutines(store, desk, workers, stop))
    else:
        _all_threads(store, desk, workers, stop)
    store.close()


class Desk:
    """A process's papers: its journal, what it hands to the neighbour, and what another neighbour handed to it."""

    def __init__(self, folder: Path, slot: int, slots: int, generation: int) -> None:
        self._folder = folder
        self._slot = slot
        self._generation = generation
        self.journal = Journal(folder / f"writer-{slot}-{generation}.ndjson")
        self.heads: dict[str, int] = {}
        self._calls = count(1)
        self._out = Journal(folder / f"handed-{slot}.ndjson")
        self._in = Tail(folder / f"handed-{(slot + 1) % slots}.ndjson", from_end=True)

    def is_time(self) -> bool:
        """To look, once in so many calls of the process's."""
        return next(self._calls) % _LOOK_EVERY == 0

    def hand_over(self, proposal: Proposal) -> None:
        """Let another process find out."""
        self._out.write(proposal.line("handed over"))

    def handed_to_us(self) -> list[Proposal]:
        """What another process could not find out."""
        return [Proposal.of(json.loads(line)) for line in self._in.lines()]

    def left_behind(self) -> list[Proposal]:
        """What the slot's former process did not live to see answered."""
        before = self._folder / f"writer-{self._slot}-{self._generation - 1}.ndjson"
        return open_ends(facts(before)) if before.exists() else []


def _all_threads(
    store: EventStore, desk: Desk, workers: list[Worker], stop: threading.Event
) -> None:
    threads = [
        threading.Thread(target=_work, args=(store, desk, worker, stop))
        for worker in workers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _work(store: EventStore, desk: Desk, worker: Worker, stop: threading.Event) -> None:
    while not stop.is_set():
        attempt = worker.next()
        answer: AppendResult | Exception
        try:
            answer = store.append(**attempt.arguments())
        except Exception as error:  # noqa: BLE001  (the journal is where it goes)
            answer = error
        worker.answered(attempt, answer)
        if desk.is_time():
            worker.waiting.extend(desk.handed_to_us())
            _read_own_write(store, desk, attempt, answer)
        if worker.pause_s:
            stop.wait(worker.pause_s)


async def _all_coroutines(
    store: EventStore, desk: Desk, workers: list[Worker], stop: threading.Event
) -> None:
    await asyncio.gather(*(_awork(store, desk, worker, stop) for worker in workers))


async def _awork(
    store: EventStore, desk: Desk, worker: Worker, stop: threading.Event
) -> None:
    while not stop.is_set():
        attempt = worker.next()
        answer: AppendResult | Exception
        try:
            answer = await store.aappend(**attempt.arguments())
        except Exception as error:  # noqa: BLE001  (the journal is where it goes)
            answer = error
        worker.answered(attempt, answer)
        if desk.is_time():
            worker.waiting.extend(desk.handed_to_us())
        if worker.pause_s:
            await asyncio.sleep(worker.pause_s)


def _read_own_write(
    store: EventStore, desk: Desk, attempt: Attempt, answer: AppendResult | Exception
) -> None:
    """What was acknowledged is readable: at once, or after the wait that a crash makes."""
    if not isinstance(answer, AppendResult):
        return
    try:
        version = store.stream_info(answer.stream_id).version
    except StreamNotFound:
        version = 0
    except (DatabaseError, EventStoreError):
        connection.close()
        return
    if version < answer.last_version:
        what = f"{attempt.name}: {answer.last_version} acknowledged, {version} read"
        desk.journal.write({"t": "wrong", "kind": "back", "what": what})
