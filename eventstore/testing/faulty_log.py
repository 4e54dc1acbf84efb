"""A Log that does on command what a real network does to one: the log underneath stays a real one.

    network = Network()
    network.then(ANSWER_LOST)                       the next proposal is written, and nobody hears of it
    log = FaultyLog(EmbeddedLog(connect), network)

Several logs may share one network: what one of them left in flight lands by anybody's hand. It keeps the port's
contract, with `Unknown` where that may be said, but for `old_ends`, which is what a deposed leader does, and
for `WHOLE_BYTES`: each proposal meets a fault of its own.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from eventstore.errors import LogTruncated, LogUnanswered
from eventstore.ports import (
    Answer,
    Appended,
    Batch,
    Extent,
    Log,
    LogRecord,
    NotWritten,
    Proposal,
    Topic,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from eventstore.events import Place

_SILENT: Final = "nobody is reached"
_WAIT_S: Final = 30.0  # longer than any test; a closed gate must not hang the run


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one proposal: copies that are written at once, copies left in flight, and the answer.

    answered: the offset of the last copy written is told; else `Unknown`, or `NotWritten` if `refused`.
    """

    name: str
    written: int = 1
    late: int = 0
    answered: bool = True
    refused: bool = False


FINE: Final = Fault("fine")
ANSWER_LOST: Final = Fault("answer lost", answered=False)
PROPOSAL_LOST: Final = Fault("proposal lost", written=0, answered=False)
REFUSED: Final = Fault("refused", written=0, answered=False, refused=True)
TWICE: Final = Fault("twice", written=2)
THRICE: Final = Fault("thrice", written=3)
TWICE_AND_LOST: Final = Fault("twice, answer lost", written=2, answered=False)
COPY_LATE: Final = Fault("a copy lands late", late=1)
LATE: Final = Fault("lands late or never", written=0, late=1, answered=False)

ALL: Final = (
    FINE, ANSWER_LOST, PROPOSAL_LOST, REFUSED, TWICE, THRICE, TWICE_AND_LOST, COPY_LATE, LATE,
)  # fmt: skip


class Gate:
    """Holds who comes to it until it is opened."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._open = threading.Event()

    def wait_until_reached(self) -> None:
        """Return once somebody stands at the gate. Raises TimeoutError if nobody comes."""
        if not self._reached.wait(_WAIT_S):
            msg = "nobody came to the gate"
            raise TimeoutError(msg)

    def open(self) -> None:
        """Let everybody through from now on."""
        self._open.set()

    def pass_through(self) -> None:
        """Wait for the gate to open. Raises TimeoutError if nobody opens it."""
        self._reached.set()
        if not self._open.wait(_WAIT_S):
            msg = "nobody opened the gate"
            raise TimeoutError(msg)


@dataclass(slots=True)
class Network:
    """The script of what goes wrong, and the copies in flight.

    between: called after each copy of a proposal but the last; after_write: after the last, before the answer.
    clock_off_ms: the log dates by a clock that is so far ahead. old_ends: so many reads and look-ups see the log `hidden` records shorter than it is.
    silent: nobody is reached: nothing is written, and no question answered.
    """

    between: Callable[[], None] | None = None
    after_write: Callable[[], None] | None = None
    old_ends: int = 0
    hidden: int = 1
    clock_off_ms: int = 0
    silent: bool = False
    in_flight: list[Proposal] = field(default_factory=list)
    proposed: int = 0
    _dates: dict[tuple[Place, int], int] = field(default_factory=dict)
    _script: deque[Fault] = field(default_factory=deque)
    _chances: tuple[random.Random, Sequence[Fault], float] | None = None
    _before: Gate | None = None
    _behind: Gate | None = None

    def then(self, *faults: Fault) -> None:
        """The next proposals meet these, one each; those behind them the random ones, if any, or none."""
        self._script.extend(faults)

    def at_random(
        self, chance: float, seed: int, faults: Sequence[Fault] = ALL
    ) -> None:
        """Each proposal that is not scripted meets one of the faults with this chance."""
        self._chances = random.Random(seed), faults, chance

    def be_good(self) -> None:
        """Nothing goes wrong any more. What is in flight stays there."""
        self._script.clear()
        self._chances = None
        self.old_ends = 0
        self.silent = False

    def next_fault(self) -> Fault:
        """What the next proposal meets."""
        self.proposed += 1
        if self._script:
            return self._script.popleft()
        if self._chances is not None:
            rng, faults, chance = self._chances
            if rng.random() < chance:
                return rng.choice(faults)
        return FINE

    def date(self, place: Place, answer: Answer) -> Answer:
        """An answer by the log's clock; the record keeps that time."""
        if isinstance(answer, Appended) and self.clock_off_ms:
            dated = answer.recorded_at + self.clock_off_ms
            self._dates[place, answer.offset] = dated
            return replace(answer, recorded_at=dated)
        return answer

    def dated(self, place: Place, record: LogRecord) -> LogRecord:
        """A record with the time that it was given."""
        given = self._dates.get((place, record.offset), record.recorded_at)
        return replace(record, recorded_at=given)

    def land(self, log: Log, index: int = 0) -> Answer:
        """A copy in flight arrives, by a log that is not faulty."""
        return log.append([self.in_flight.pop(index)], timeout_s=10)[0]

    @contextmanager
    def held_before_writing(self) -> Iterator[Gate]:
        """Appends stop before anything is written, until the gate is opened or the block left."""
        self._before = gate = Gate()
        try:
            yield gate
        finally:
            self._before = None
            gate.open()

    @contextmanager
    def held_before_answering(self) -> Iterator[Gate]:
        """Appends stop when everything is written and nothing answered."""
        self._behind = gate = Gate()
        try:
            yield gate
        finally:
            self._behind = None
            gate.open()

    def refuse_silence(self) -> None:
        """Raise `LogUnanswered` where nobody is reached."""
        if self.silent:
            raise LogUnanswered(_SILENT)

    def pass_before(self) -> None:
        """Called by a log that is about to write."""
        if self._before is not None:
            self._before.pass_through()

    def pass_behind(self) -> None:
        """Called by a log that has written."""
        if self._behind is not None:
            self._behind.pass_through()


class FaultyLog:
    """`eventstore.ports.Log` over another one and a network that is not to be trusted."""

    def __init__(self, log: Log, network: Network) -> None:
        self.kind = log.kind
        self._log = log
        self._network = network

    def append(
        self, proposals: Sequence[Proposal], *, timeout_s: float
    ) -> Sequence[Answer]:
        """See the port; those of one call meet one fault each."""
        if self._network.silent:
            return [NotWritten(_SILENT)] * len(proposals)
        self._network.pass_before()
        answers: list[Answer] = []
        faults = [self._network.next_fault() for _ in proposals]
        if all(fault is FINE for fault in faults):
            answers += self._write(proposals, timeout_s)
            self._call(self._network.after_write)
        else:
            answers += [
                self._suffer(proposal, fault, timeout_s)
                for proposal, fault in zip(proposals, faults, strict=True)
            ]
        self._network.pass_behind()
        return answers

    def read(self, place: Place, offset: int, *, max_bytes: int = 4_000_000) -> Batch:
        """See the port; for an old end, what a follower shows that lags behind."""
        self._network.refuse_silence()
        if self._network.old_ends > 0:
            self._network.old_ends -= 1
            end = self._log.extents([place])[place].end - self._network.hidden
            if offset > end:
                found = f"it now holds offsets 0 to {end - 1}"
                raise LogTruncated(
                    place.topic, place.partition, cursor=offset, found=found
                )
            if offset == end:
                return Batch([], offset)
        batch = self._log.read(place, offset, max_bytes=max_bytes)
        records = [self._network.dated(place, record) for record in batch.records]
        return replace(batch, records=records)

    def extents(self, places: Iterable[Place]) -> Mapping[Place, Extent]:
        """See the port."""
        self._network.refuse_silence()
        extents = self._log.extents(places)
        if self._network.old_ends > 0:
            self._network.old_ends -= 1
            hidden = self._network.hidden
            return {p: replace(e, end=e.end - hidden) for p, e in extents.items()}
        return extents

    def topics(self, names: Iterable[str]) -> Mapping[str, Topic]:
        """See the port."""
        self._network.refuse_silence()
        return self._log.topics(names)

    def create(self, names: Iterable[str], *, partitions: int) -> None:
        """See the port."""
        self._network.refuse_silence()
        self._log.create(names, partitions=partitions)

    def close(self) -> None:
        """See the port."""
        self._log.close()

    def _write(
        self, proposals: Sequence[Proposal], timeout_s: float
    ) -> Sequence[Answer]:
        answers = self._log.append(proposals, timeout_s=timeout_s)
        return [
            self._network.date(proposal.place, answer)
            for proposal, answer in zip(proposals, answers, strict=True)
        ]

    def _suffer(self, proposal: Proposal, fault: Fault, timeout_s: float) -> Answer:
        answer: Answer = NotWritten("the network refused it")
        for copy in range(fault.written):
            if copy:
                self._call(self._network.between)
            answer = self._write([proposal], timeout_s)[0]
        if fault.written:
            self._call(self._network.after_write)
        self._network.in_flight += [proposal] * fault.late
        if (
            fault.answered
            or fault.refused
            or not isinstance(answer, Appended | NotWritten)
        ):
            return answer
        return Unknown(f"the network lost the answer ({fault.name})")

    @staticmethod
    def _call(hook: Callable[[], None] | None) -> None:
        if hook is not None:
            hook()
