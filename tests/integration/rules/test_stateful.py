"""Arbitrary interleavings of appends, folds, lost answers, late copies and lost folds, on real PostgreSQL.

Each seed is a whole history. Whatever happened, at its end the tables are the naive fold of the log, and no answer
that a caller was given is contradicted by it. A seed that fails stands in the test's name and repeats itself.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import pytest

from eventstore.errors import (
    AppendOutcomeUnknown,
    CommitIdReused,
    EventIdReused,
    EventStoreError,
    LogUnavailable,
    MirrorDiverged,
    WrongExpectedVersion,
)
from eventstore.events import AppendResult, NewEvent
from eventstore.testing.faulty_log import ALL, Network
from eventstore.testing.log_given import read_all
from teddy_es.faults import naive
from tests.support.audits import audit, folded
from tests.support.worlds import FaultyStore, World, changed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_IDS = UUID(int=0)
_STEPS = 30
_PATIENCE_S = 0.4  # short, so that there are unknown outcomes


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller was told of a commit: a result, or the error."""

    stream: str
    commit: UUID
    events: Sequence[UUID]
    expected: object
    answer: AppendResult | EventStoreError
    proposed: int  # copies that this call handed to the network


@dataclass(slots=True)
class History:
    """One run: three processes that share a network, two streams of one partition and one of another."""

    world: World
    rng: random.Random
    told: list[Told] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    commits: list[tuple[str, UUID, list[NewEvent], Any]] = field(default_factory=list)

    def run(self) -> None:
        """Make the history, then hold what was told against the log."""
        stores = [self.world.store() for _ in range(3)]
        streams = [
            self.world.stream(0, 0),
            self.world.stream(0, 1),
            self.world.stream(1),
        ]
        self.world.network.at_random(0.4, seed=self.rng.randrange(2**32), faults=ALL)
        self.world.network.between = self._fold_between_copies()
        for _ in range(_STEPS):
            self._step(self.rng.choice(stores), self.rng.choice(streams))
        while self.world.network.in_flight and self.rng.random() < 0.8:
            self._land()

    def _fold_between_copies(self) -> Callable[[], None]:
        """Some other process, which sees everything, may fold between two copies of a proposal."""
        other = self.world.store(network=Network())
        rng = random.Random(self.rng.randrange(2**32))  # noqa: S311

        def fold() -> None:
            if rng.random() < 0.7:
                self.world.fold(other)

        return fold

    def _step(self, store: FaultyStore, stream: str) -> None:
        dice = self.rng.random()
        if dice < 0.5:
            self._append(store, *self._a_commit(stream))
        elif dice < 0.65 and self.commits:
            self._append(store, *self.rng.choice(self.commits))
        elif dice < 0.75:
            self._land()
        elif dice < 0.85:
            self._lose(stream)
        elif dice < 0.95:
            self.world.fold(store)
        else:
            self.world.network.old_ends = 1

    def _a_commit(self, stream: str) -> tuple[str, UUID | None, list[NewEvent], Any]:
        """Mostly new, with what a caller may expect; sometimes an id that another stream or commit has."""
        rng, head = self.rng, self.seen.get(stream, 0)
        expected = rng.choice(
            [
                head,
                head,
                head,
                head + 1,
                max(0, head - 1),
                "any",
                "any",
                "no_stream",
                "stream_exists",
            ]
        )
        event = uuid5(_IDS, str(rng.randrange(4))) if rng.random() < 0.3 else None
        events = [
            changed(n, event if not n else None) for n in range(rng.choice([1, 1, 2]))
        ]
        if rng.random() < 0.4:
            return stream, None, events, expected  # ids of the store's own
        commit = uuid5(_IDS, f"c{rng.randrange(12)}")
        self.commits.append((stream, commit, events, expected))
        return stream, commit, events, expected

    def _append(
        self,
        store: FaultyStore,
        stream: str,
        commit: UUID | None,
        events: list[NewEvent],
        expected: Any,
    ) -> None:
        before = self.world.network.proposed
        answer: AppendResult | EventStoreError
        try:
            answer = store.append(
                stream, events, expected, commit_id=commit, timeout_s=_PATIENCE_S
            )
            self.seen[stream] = max(self.seen.get(stream, 0), answer.last_version)
            commit = answer.commit_id
        except EventStoreError as error:
            answer = error
        if commit is not None:
            ids = [e.event_id or uuid5(commit, str(n)) for n, e in enumerate(events)]
            self.told.append(
                Told(
                    stream,
                    commit,
                    ids,
                    expected,
                    answer,
                    self.world.network.proposed - before,
                )
            )

    def _land(self) -> None:
        flight = self.world.network.in_flight
        if flight:
            self.world.network.land(self.world.log, self.rng.randrange(len(flight)))

    def _lose(self, stream: str) -> None:
        place = self.world.place(stream)
        cursor = self.world.cursor(place)
        self.world.lose_folds(place, self.rng.randint(max(0, cursor - 4), cursor))


@dataclass(slots=True)
class Truth:
    """What the log decided of each commit id in each stream, by the naive fold."""

    decided: dict[tuple[str, str], tuple[naive.Line, str, int, dict[str, Any]]] = field(
        default_factory=dict
    )

    @classmethod
    def of(cls, world: World) -> Truth:
        """Read all of it."""
        truth = cls()
        for place in world.topics.places:
            records = read_all(world.log, place)
            lines = folded(place, records)
            for offset, (record, line) in enumerate(zip(records, lines, strict=True)):
                commit = naive.read(record.key, record.value)
                assert commit is not None
                key = (commit["stream_id"], commit["commit_id"])
                truth.decided.setdefault(key, (line, str(place), offset, commit))
        return truth

    def contradicts(self, told: Told) -> str | None:
        """Why an answer that was given cannot have been right; None if it was."""
        found = self.decided.get((told.stream, str(told.commit)))
        if isinstance(getattr(told.answer, "__cause__", None), MirrorDiverged):
            return "a fold ran into its own rows"
        if isinstance(told.answer, AppendOutcomeUnknown):
            return None if told.proposed else "unknown, but nothing was ever proposed"
        if isinstance(told.answer, LogUnavailable):
            return None
        if found is None:
            # the pre-check's word leaves no record
            early = isinstance(told.answer, WrongExpectedVersion) and not told.proposed
            return None if early else "the log has no such commit"
        line, place, offset, commit = found
        same = [e["event_id"] for e in commit["events"]] == [
            str(i) for i in told.events
        ]
        if isinstance(told.answer, AppendResult):
            at = told.answer.positions[0]
            told_at = (
                told.answer.first_version,
                f"{at.topic}/{at.partition}",
                at.offset,
            )
            right = told_at == (line.first_version, place, offset)
            return None if same and right else f"accepted, the log says {found}"
        if isinstance(told.answer, CommitIdReused):
            return "the events are the same" if same else None
        # an expectation or events of its own make it another commit, which the pre-check may have refused
        if not same or commit["expected"] != told.expected:
            return None
        return (
            None
            if WORDS.get(type(told.answer)) == line.verdict
            else f"the log says {found}"
        )


WORDS = {
    WrongExpectedVersion: "wrong_expected_version",
    EventIdReused: "event_id_reused",
}


@pytest.mark.parametrize("seed", range(25))
def test_no_interleaving_makes_the_database_or_an_answer_differ_from_the_log(
    world: World, seed: int
) -> None:
    history = History(world, random.Random(seed))  # noqa: S311  (repeatable, not secret)

    history.run()

    audit(world)
    truth = Truth.of(world)
    wrong = [(told, why) for told in history.told if (why := truth.contradicts(told))]
    assert not wrong, f"seed {seed}: {wrong[0]}"
    assert any(isinstance(told.answer, AppendResult) for told in history.told)
