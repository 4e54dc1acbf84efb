"""Clients whose servers are killed at random: whatever a client was told, the log has each commit once."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from eventstore.store import make_event_store
from teddy_es.bench.contestants import OURS
from teddy_es.bench.domain import texts
from teddy_es.bench.figures import Series
from teddy_es.bench.http.asking import CLIENTS
from teddy_es.bench.http.lines import Line
from teddy_es.bench.http.looking import grown, looked_at, middles
from teddy_es.bench.http.web import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teddy_es.bench.http.lines import Address, Answer
    from teddy_es.bench.http.web import Web
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

_AGAIN_S: Final = 0.1
_PARTS: Final = 10  # of the time, each with the middle of what the workers held
_SETTLED: Final = (200, 201)
_DONE: Final = (*_SETTLED, 404, 503)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. least, most: between two kills, longer than a worker takes to come up; look: between two looks at how much memory the workers hold."""

    least: float = 4.0
    most: float = 12.0
    look: float = 1.0


@dataclass(slots=True)
class Journal:
    """What a client was told. ambiguous: answers that did not come, or that said that nobody knows; resolved: by `/commits/{id}`."""

    stream: str
    acknowledged: list[str] = field(default_factory=list)
    ambiguous: int = 0
    resolved: int = 0


def killed(plan: Plan, world: World, pace: Pace = Pace()) -> Iterator[Series]:
    """For so many seconds a round. lost, double: commits; ambiguous: answers, all of them resolved.

    memory: MB of all workers, the middle of each tenth of the time; grown: from the first third to the last.
    """
    found = []
    for number in range(1, plan.rounds + 1):
        plan.tell(f"http/kill: round {number} of {plan.rounds}")
        plan.noise.listen()
        found.append(_round(world, plan.seconds, pace, f"killed-{number}"))
    for name, unit in (
        ("lost", "commits"),
        ("double", "commits"),
        ("ambiguous", "answers"),
        ("resolved", "answers"),
        ("kills", "kills"),
        ("accepted", "commits"),
        ("memory-grown", "MB"),
    ):
        values = tuple(one.counts[name] for one in found)
        yield Series(f"http/kill-{name}", OURS, unit, values)
    memory = tuple(mb for one in found for mb in one.memory)
    yield Series("http/kill-memory", OURS, "MB", memory)


@dataclass(frozen=True, slots=True)
class _Round:
    counts: dict[str, float]
    memory: tuple[float, ...]


def _round(world: World, seconds: float, pace: Pace, own: str) -> _Round:
    journals = [Journal(world.stream(f"{own}-{n}")) for n in range(CLIENTS)]
    stop = threading.Event()
    with served(world) as web, ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(_client, web.address, one, stop) for one in journals]
        try:
            with looked_at(web, world, pace.look, lambda _: None) as looks:
                kills = _kill(web, seconds, pace)
        finally:
            stop.set()
        for client in clients:
            client.result()  # what it did not expect is raised here
    lost, double, accepted = _judged(journals)
    memory = [one.memory_mb for one in looks]
    counts = {
        "lost": lost,
        "double": double,
        "ambiguous": sum(one.ambiguous for one in journals),
        "resolved": sum(one.resolved for one in journals),
        "kills": kills,
        "accepted": accepted,
        "memory-grown": grown(memory),
    }
    return _Round(counts, middles(memory, _PARTS))


def _kill(web: Web, seconds: float, pace: Pace) -> int:
    """At least one worker, at random moments."""
    chance, kills = random.Random(1), 0
    until = time.monotonic() + seconds
    while not kills or time.monotonic() < until:
        time.sleep(min(seconds, chance.uniform(pace.least, pace.most)))
        if workers := web.workers:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
                kills += 1
    return kills


def _client(address: Address, journal: Journal, stop: threading.Event) -> None:
    """One commit after another, each until it is known what became of it."""
    text = texts(journal.stream)
    with closing(Line(address)) as line:
        while not stop.is_set():
            event = {"type": "Happened", "data": {"text": text()}}
            commit_id = str(uuid4())
            body = {"expected_version": "any", "events": [event]}
            _until_known(line, journal, commit_id, body)
            journal.acknowledged.append(commit_id)


def _until_known(line: Line, journal: Journal, commit_id: str, body: Any) -> None:
    path = f"/api/v1/streams/{journal.stream}/events"
    while True:
        answer = _tried(line, path, body, commit_id)
        if answer is not None and answer.status in _SETTLED:
            return
        journal.ambiguous += 1
        became = _looked_up(line, commit_id)
        journal.resolved += 1
        if became:
            return


def _looked_up(line: Line, commit_id: str) -> bool:
    """Whether it was accepted. Not in the log: it is sent again, under the same id."""
    while True:
        answer = _tried(line, f"/api/v1/commits/{commit_id}")
        if answer is not None and answer.status in (200, 404):
            return answer.status == 200 and _is_accepted(json.loads(answer.body))
        time.sleep(_AGAIN_S)


def _is_accepted(outcome: Any) -> bool:
    return any(one["verdict"] == "accepted" for one in outcome["decided"])


def _tried(
    line: Line, path: str, body: Any = None, commit_id: str = ""
) -> Answer | None:
    """The answer; None if there was none. Raises RuntimeError for one that nobody expects."""
    try:
        if body is None:
            answer = line.get(path)
        else:
            answer = line.post(path, body, f"Idempotency-Key: {commit_id}\r\n")
    except OSError:
        time.sleep(_AGAIN_S)
        return None
    if answer.status not in _DONE:
        msg = f"{path} answered {answer.status}: {answer.body[:300]!r}"
        raise RuntimeError(msg)
    return answer


def _judged(journals: list[Journal]) -> tuple[int, int, int]:
    """Of all that was acknowledged: not in the log, more than once, and how many there are."""
    store, lost, double, accepted = make_event_store(), 0, 0, 0
    for journal in journals:
        there = Counter(str(event.commit_id) for event in store.read(journal.stream))
        lost += sum(one not in there for one in journal.acknowledged)
        double += sum(times > 1 for times in there.values())
        accepted += len(there)
    store.close()
    return lost, double, accepted
