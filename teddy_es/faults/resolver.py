"""When all is well again: finds out what became of every commit of which nobody knows."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from eventstore.protocol.fold import Verdict
from eventstore.store import get_event_store
from teddy_es.faults.journal import Journal, facts
from teddy_es.faults.open_ends import (
    ERASED,
    NOT_WRITTEN,
    NOTHING_WRITTEN,
    UNKNOWN,
    open_ends,
)
from teddy_es.faults.work import Attempt, Proposal, told

if TYPE_CHECKING:
    import threading

    from eventstore.events import AppendResult
    from eventstore.store import EventStore

_TRIES: Final = 5
_AT_ONCE: Final = 8


def resolve(stop: threading.Event, directory: str, seed: str) -> None:
    """Ask for the outcome, or propose again: half and half; what is not decided yet is proposed in any case."""
    folder = Path(directory)
    journals = chain.from_iterable(map(facts, sorted(folder.glob("writer-*.ndjson"))))
    left = open_ends(journals)
    journal, store = Journal(folder / "resolver.ndjson"), get_event_store()
    dice = random.Random(f"{seed} resolver")
    journal.write({"t": "open", "n": len(left)})

    def settle(number: int, proposal: Proposal, *, is_asked: bool) -> None:
        if stop.is_set() or (is_asked and _is_told(store, journal, proposal)):
            return
        _propose(store, journal, proposal, f"r-{number}")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        settled = [
            pool.submit(settle, number, proposal, is_asked=dice.random() < 0.5)
            for number, proposal in enumerate(left, 1)
        ]
    for one in settled:
        one.result()
    store.close()


def _propose(
    store: EventStore, journal: Journal, proposal: Proposal, name: str
) -> None:
    """Again and again until the log says what became of it."""
    for tries in range(_TRIES):
        attempt = Attempt(f"{name}-{tries}", proposal, 10, 40)
        word = _proposed(store, journal, attempt)
        if word == ERASED:
            _look(store, journal, proposal)
        if word == ERASED or word not in (UNKNOWN, *NOTHING_WRITTEN):
            return


def _is_told(store: EventStore, journal: Journal, proposal: Proposal) -> bool:
    decided = store.outcome(
        UUID(proposal.commit_id), proposal.stream_id, timeout_s=30
    ).decided
    for line in decided:
        answer = (
            told(line.result(replayed=True))
            if line.verdict is Verdict.ACCEPTED
            else {"is": line.verdict.word}
        )
        journal.write(
            {"t": "outcome", "c": proposal.commit_id, "s": proposal.stream_id, **answer}
        )
    return bool(decided)


def _look(store: EventStore, journal: Journal, proposal: Proposal) -> None:
    """Nobody can propose it any more, so what the log does not have by now it never has."""
    if not _is_told(store, journal, proposal):
        about = {"c": proposal.commit_id, "s": proposal.stream_id}
        journal.write({"t": "outcome", **about, "is": NOT_WRITTEN})


def _proposed(store: EventStore, journal: Journal, attempt: Attempt) -> str:
    journal.write(attempt.line())
    answer: AppendResult | Exception
    try:
        answer = store.append(**attempt.arguments())
    except Exception as error:  # noqa: BLE001  (the journal is where it goes)
        answer = error
    journal.write({"t": "answer", "a": attempt.name, **told(answer)})
    return str(told(answer)["is"])
