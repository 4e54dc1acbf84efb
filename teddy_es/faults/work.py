"""What the writers propose, drawn from a seed, and how they go on after each answer. Pure but for the journal."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from eventstore.errors import (
    AppendOutcomeUnknown,
    EventIdReused,
    EventStoreError,
    KeyStoreUnavailable,
    LogUnavailable,
    SubjectErased,
    WrongExpectedVersion,
)
from eventstore.events import AppendResult, NewEvent
from teddy_es.faults.said import sensitive_of, subject_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from teddy_es.faults.journal import Journal

SHARED: Final = 12  # streams that all writers write to
TYPES: Final = ("conversation", "child")
_LONG: Final = 2  # of them, to which half of what goes to shared streams goes: they grow past pages
_BEGINS: Final = 3  # events; so many begin something, so that a state depends on which event was the last of its kind
_OWN: Final = 8  # streams that a worker goes on with
_FRESH: Final = 0.7  # of the commits leave their id to the store, as most callers do
_TRIES: Final = 3  # of one worker for one commit, before others take over

# how often each way to propose is drawn
MODES: Final = {
    "new, no_stream": 26,
    "new, version 0": 6,
    "own, version": 28,
    "own, any": 8,
    "own, stream_exists": 6,
    "own, stale version": 1,
    "own, event id again": 1,
    "shared, any": 14,
    "shared, stream_exists": 5,
    "shared, version": 4,
    "shared, no_stream": 1,
}
_SIZES: Final = {(1, 1): 80, (2, 5): 14, (6, 20): 5, (21, 50): 1}


@dataclass(frozen=True)
class Proposal:
    """One commit, whoever proposes it how often.

    commit_id, event_ids: only where they are not left to the store, or it has told them. label, padding: of the first
    call that may have written it: whoever proposes it again proposes the same data (rule 14).
    """

    commit_id: str | None
    stream_id: str
    expected: int | str
    count: int
    mode: str
    event_ids: list[str] | None = None
    tries: int = 0
    label: str | None = None
    padding: int | None = None

    def line(self, attempt: str) -> dict[str, Any]:
        """As the journal has it."""
        line = {
            "t": "try", "a": attempt, "c": self.commit_id, "s": self.stream_id,
            "e": self.expected, "n": self.count, "m": self.mode,
        }  # fmt: skip
        if self.label:
            line |= {"o": self.label, "p": self.padding}
        return line | ({"ids": self.event_ids} if self.event_ids else {})

    @classmethod
    def of(cls, line: dict[str, Any]) -> Proposal:
        """From the journal of somebody else."""
        return cls(
            *(line["c"], line["s"], line["e"], line["n"], line["m"], line.get("ids")),
            label=line.get("o"),
            padding=line.get("p"),
        )


@dataclass(frozen=True)
class Attempt:
    """One call of `append`. Its name stands in every event, so that a record tells which call wrote it first."""

    name: str
    proposal: Proposal
    timeout_s: float
    padding: int

    @property
    def written(self) -> Proposal:
        """The proposal as whoever goes on with it has to repeat it."""
        proposal = self.proposal
        if proposal.label is not None:
            return proposal
        return replace(proposal, label=self.name, padding=self.padding)

    def line(self) -> dict[str, Any]:
        """As the journal has it."""
        return self.written.line(self.name)

    def arguments(self) -> dict[str, Any]:
        """Of `append`."""
        proposal = self.proposal
        event_ids = proposal.event_ids or ()
        ids = [*event_ids, *repeat(None, proposal.count - len(event_ids))]
        kind = proposal.stream_id.split(".")[0]
        return {
            "stream_id": proposal.stream_id,
            "events": [self._event(kind, n, id_) for n, id_ in enumerate(ids)],
            "expected": proposal.expected,
            "commit_id": UUID(proposal.commit_id) if proposal.commit_id else None,
            "timeout_s": self.timeout_s,
        }

    def _event(self, kind: str, number: int, event_id: str | None) -> NewEvent:
        name = f"{self.written.label}_{number}"
        given_id = UUID(event_id) if event_id else None
        event_type = type_of(kind, self.proposal.count, number)
        about = {"child_id": subject_of(self.proposal.stream_id)}
        open_ones = {
            "ChildRegistered": {"parent_id": name},
            "SafetyViolationClaimed": {"violation_id": name, "officer": "nobody"},
            "ConversationStarted": {**about, "language": name},
            "TeddyReplied": {**about, "model": name},
        }[event_type]
        hidden = sensitive_of(event_type, name, self.written.padding or 0)
        return NewEvent({**open_ones, **hidden}, event_type, event_id=given_id)


def type_of(kind: str, count: int, number: int) -> str:
    """Of the event of this number in a commit of so many: whoever proposes it again proposes the same."""
    begins = number == 0 and count >= _BEGINS
    if kind == "child":
        return "ChildRegistered" if begins else "SafetyViolationClaimed"
    return "ConversationStarted" if begins else "TeddyReplied"


def shared(number: int) -> str:
    """The id of one of the streams that all write to."""
    return f"{TYPES[number % 2]}.shared-{number}"


def attempt_of(event: dict[str, Any]) -> str:
    """The name of the call that wrote an event, from the event as it stands in the log; of another's, anything."""
    return label_of(event).rpartition("_")[0]


def are_of(events: Sequence[dict[str, Any]], attempt: str, stream_id: str) -> bool:
    """Whether events of the log are a call's: each of its type, in the order in which it named them."""
    kind = stream_id.partition(".")[0]
    labels = [(event["type"], label_of(event)) for event in events]
    return labels == [
        (type_of(kind, len(events), n), f"{attempt}_{n}") for n in range(len(events))
    ]


def label_of(event: dict[str, Any]) -> str:
    """The name that an event bears in the log."""
    data = event["data"]
    fields = ("model", "language", "violation_id", "parent_id", "child_id")
    return str(next((data[name] for name in fields if name in data), None))


class Worker:
    """One thread's or coroutine's work: `next` gives a call to make, `answered` takes what came of it.

    heads: what the process has heard of the streams that all share.
    """

    def __init__(
        self,
        name: str,
        seed: str,
        journal: Journal,
        hand_over: Callable[[Proposal], None],
        heads: dict[str, int],
    ) -> None:
        self.name = name
        self.pause_s = 0.0
        self.waiting: deque[Proposal] = deque()
        self._random = random.Random(f"{seed} {name}")
        self._journal = journal
        self._hand_over = hand_over
        self._heads = heads
        self._own: dict[str, int] = {}
        self._same_ids = [self._uuid(), self._uuid()]
        self._count = 0

    def next(self) -> Attempt:
        """The next call; it stands in the journal already."""
        proposal = self.waiting.popleft() if self.waiting else self._drawn()
        self._count += 1
        patience = self._random.choices((0.3, 2.0, 5.0), (5, 60, 35))[0]
        padding = self._random.randrange(40, 500)
        attempt = Attempt(f"{self.name}-{self._count}", proposal, patience, padding)
        self._journal.write(attempt.line())
        return attempt

    def answered(self, attempt: Attempt, answer: AppendResult | Exception) -> None:
        """Write down what was answered, and decide how to go on."""
        self._journal.write({"t": "answer", "a": attempt.name, **told(answer)})
        self.pause_s = 0.0
        proposal = replace(attempt.proposal, tries=attempt.proposal.tries + 1)
        if isinstance(answer, AppendResult):
            self._learn(proposal.stream_id, answer.last_version)
        elif isinstance(answer, WrongExpectedVersion):
            self._learn(proposal.stream_id, answer.current_version)
        elif isinstance(answer, AppendOutcomeUnknown):
            written = replace(attempt.written, tries=proposal.tries)
            self._go_on(replace(written, commit_id=answer.commit_id), unknown=True)
        elif isinstance(answer, LogUnavailable | KeyStoreUnavailable):
            self._go_on(proposal, unknown=False)

    def _learn(self, stream_id: str, head: int) -> None:
        known = self._own if stream_id in self._own else self._heads
        known[stream_id] = max(head, known.get(stream_id, 0))

    def _go_on(self, proposal: Proposal, *, unknown: bool) -> None:
        """Try again, or leave an unknown outcome to another process."""
        self.pause_s = self._random.uniform(0.05, 0.4)
        if proposal.tries < _TRIES and self._random.random() < 0.7:
            self.waiting.append(proposal)
        elif unknown:
            self._hand_over(replace(proposal, tries=0))

    # ---- drawing

    def _drawn(self) -> Proposal:
        mode = self._random.choices(list(MODES), list(MODES.values()))[0]
        if mode.startswith("own") and not self._own:
            mode = "new, no_stream"
        where, _, manner = mode.partition(", ")
        if manner == "event id again":  # accepted once, then never again
            again = f"child.{self.name}-again"
            return Proposal(self._uuid(), again, "any", 2, mode, self._same_ids)
        streams = {"new": self._new, "own": self._mine, "shared": self._shared}
        stream_id = streams[where]()
        low, high = self._random.choices(list(_SIZES), list(_SIZES.values()))[0]
        count = self._random.randint(low, high)
        commit_id = None if self._random.random() < _FRESH else self._uuid()
        expected = self._expectation(stream_id, manner)
        return Proposal(commit_id, stream_id, expected, count, mode)

    def _expectation(self, stream_id: str, manner: str) -> int | str:
        head = self._own.get(stream_id, self._heads.get(stream_id, 0))
        numbers = {"version 0": 0, "version": head, "stale version": max(0, head - 1)}
        return numbers.get(manner, manner)

    def _new(self) -> str:
        kind = self._random.choices(TYPES, (70, 30))[0]
        stream_id = f"{kind}.{self.name}-{self._count}"
        if len(self._own) >= _OWN:
            del self._own[self._mine()]
        self._own[stream_id] = 0
        return stream_id

    def _mine(self) -> str:
        return self._random.choice(list(self._own))

    def _shared(self) -> str:
        most = _LONG if self._random.random() < 0.5 else SHARED
        return shared(self._random.randrange(most))

    def _uuid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))


def told(answer: AppendResult | Exception) -> dict[str, Any]:
    """An answer in the journal's words."""
    if isinstance(answer, AppendResult):
        return {
            "is": "accepted", "c": str(answer.commit_id), "first": answer.first_version,
            "last": answer.last_version,
            "at": [str(position) for position in answer.positions],
            "ms": round(answer.recorded_at.timestamp() * 1000),
        }  # fmt: skip
    if isinstance(answer, WrongExpectedVersion):
        return {"is": answer.code, "head": answer.current_version}
    if isinstance(answer, AppendOutcomeUnknown):
        return {"is": answer.code, "c": answer.commit_id}
    if isinstance(answer, EventStoreError):
        expected = isinstance(
            answer,
            LogUnavailable | EventIdReused | SubjectErased | KeyStoreUnavailable,
        )
        return {"is": answer.code} | ({} if expected else {"said": str(answer)})
    return {"is": f"error {type(answer).__name__}", "said": str(answer)}
