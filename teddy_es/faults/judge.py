"""Holds the answers that callers got against what the log says: a reading of its own, nothing of `eventstore.protocol.fold`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from teddy_es.faults.fold import Partition
from teddy_es.faults.open_ends import ERASED, NOT_WRITTEN, NOTHING_WRITTEN, UNKNOWN
from teddy_es.faults.said import subject_of
from teddy_es.faults.work import TYPES, are_of, attempt_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from teddy_es.faults.findings import Findings
    from teddy_es.faults.ledger import Call, Key, Ledger
    from teddy_es.faults.naive import Line, Record

_OF_THE_LINE: Final = ("t", "a", "c", "s", "mono")
_HOLDS_NOT: Final[dict[str, Callable[[int], bool]]] = {
    "any": lambda _head: False,
    "no_stream": lambda head: head > 0,
    "stream_exists": lambda head: head == 0,
}
# what can never hold again, as heads only grow: the only refusal without a record (rule 11)
_NEVER_AGAIN: Final = _HOLDS_NOT | {"stream_exists": lambda _head: False}


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The record that decided a commit: where it stands, and what the fold says of it."""

    place: Place
    offset: int
    count: int
    line: Line

    def answer(self) -> dict[str, Any]:
        """What a caller must be told of an accepted one."""
        first = self.line.first_version or 0
        where = f"{self.place.topic}/{self.place.partition}/{self.offset}"
        return {
            "is": "accepted", "first": first, "last": first + self.count - 1,
            "at": [f"{where}/{n}" for n in range(self.count)],
            "ms": self.line.recorded_at,
        }  # fmt: skip


@dataclass
class Judge:
    """Takes the log partition by partition, then says what does not agree."""

    ledger: Ledger
    findings: Findings
    decided: dict[Key, Decision] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)
    verdicts: Counter[str] = field(default_factory=Counter)
    _accepted: Counter[Key] = field(default_factory=Counter)
    _adopted: dict[str, Key] = field(default_factory=dict)

    def take(
        self, place: Place, partitions: int, records: Iterable[tuple[int, Record]]
    ) -> Iterable[tuple[int, Record, Line, dict[str, Any] | None]]:
        """Judge a partition's records, each with its offset; gives each on with its line."""
        fold = Partition(place.topic, place.partition, partitions)
        for offset, record in records:
            line, content = fold.take(record)
            self.verdicts[line.verdict] += 1
            self._record(place, offset, line, content)
            yield offset, record, line, content
        self.heads |= {
            s: stream.head for s, stream in fold.streams.items() if stream.head
        }

    def _record(
        self, place: Place, offset: int, line: Line, content: dict[str, Any] | None
    ) -> None:
        where = f"{place.topic}/{place.partition}/{offset}"
        if content is None or "events" not in content:
            self.findings.add("invented", f"{where} is {line.verdict}")
            return
        key = content["stream_id"], content["commit_id"]
        if line.verdict not in ("malformed", "duplicate"):
            count = len(content["events"])
            self.decided[key] = Decision(place, offset, count, line)
        self._origin(where, key, line, content)

    def _origin(
        self, where: str, key: Key, line: Line, content: dict[str, Any]
    ) -> None:
        """Who wrote it, and was that call told that nothing was written?"""
        names = {attempt_of(event) for event in content["events"]}
        name = min(names)
        call = self.ledger.calls.get(name) if len(names) == 1 else None
        if call is None:
            self.findings.add("invented", f"{where} is nobody's call: {sorted(names)}")
            return
        if call.key[1] is None:  # the store made the id: the first record tells it
            self._adopted.setdefault(name, (call.key[0], key[1]))
        own = self._key(name, call)
        if line.verdict == "accepted":
            self._accepted[own] += 1
        proposed = (own, call.expected, call.count, call.event_ids)
        events = content["events"]
        ids = [event["event_id"] for event in events][: len(call.event_ids)]
        recorded = (key, content["expected"], len(events), ids)
        if proposed != recorded or not are_of(events, name, key[0]):
            self.findings.add("invented", f"{where} is not what {name} proposed")
        if call.word in NOTHING_WRITTEN:
            what = f"{name} was told that nothing was written: {where}"
            self.findings.add("contradicted", what)

    def _key(self, name: str, call: Call) -> Key:
        """As the caller knew it, else as its record has it."""
        return self._adopted.get(name, call.key)

    # ---- when the whole log was taken

    def conclude(self) -> None:
        """Hold every answer against the log."""
        for key, times in self._accepted.items():
            if times > 1:
                self.findings.add(
                    "twice", f"commit {key[1]} of {key[0]}: {times} times"
                )
        for name, call in self.ledger.calls.items():
            if call.answer is not None:
                self._answer(name, call, call.answer)
        for key, answer in self.ledger.outcomes:
            self._outcome(key, answer)
        for key in self.ledger.unknown() - self.ledger.settled():
            self.findings.add("unresolved", f"commit {key[1]} of {key[0]}")
        for kind, what in self.ledger.wrong:
            self.findings.add(kind, what)
        self._feed()

    def _answer(self, name: str, call: Call, answer: dict[str, Any]) -> None:
        decision = self.decided.get(self._key(name, call))
        verdict = decision.line.verdict if decision else None
        if answer.get("c", call.key[1]) != call.key[1]:
            self._contradicted(name, answer, f"commit {call.key[1]} was asked for")
        match answer["is"]:
            case "accepted":
                self._accepted_answer(name, decision, answer)
            case "wrong-expected-version":
                if verdict not in (None, "wrong_expected_version"):
                    self._contradicted(name, answer, verdict)
                self._plausible(name, call, answer["head"], written=bool(decision))
            case "event-id-reused":
                if verdict != "event_id_reused":
                    self._contradicted(name, answer, verdict)
            case word if word != UNKNOWN:
                self._refused(name, call, answer)

    def _refused(self, name: str, call: Call, answer: dict[str, Any]) -> None:
        """Told that nothing was written: of somebody erased, or because a server was away; anything else nobody should hear."""
        word = answer["is"]
        if word == ERASED and subject_of(call.key[0]) not in self.ledger.erasing:
            self._contradicted(name, answer, "nobody erased it")
        elif word not in NOTHING_WRITTEN:
            self.findings.add("unexpected", f"{name}: {word} {answer.get('said')}")

    def _accepted_answer(
        self, name: str, decision: Decision | None, answer: dict[str, Any]
    ) -> None:
        if decision is None:
            self.findings.add("lost", f"{name}: {answer['at'][0]} was acknowledged")
            return
        right = decision.answer()
        told = {field: answer[field] for field in right}
        if decision.line.verdict != "accepted" or told != right:
            self._contradicted(name, answer, f"{decision.line.verdict} {right}")

    def _plausible(self, name: str, call: Call, head: int, *, written: bool) -> None:
        """The head that the caller was told is one that the stream had, and refuses what it expected.

        written: the log refused it. Else the head must exclude that it ever holds again.
        """
        expected = call.expected
        if isinstance(expected, int):
            refuses = head != expected if written else head > expected
        else:
            refuses = (_HOLDS_NOT if written else _NEVER_AGAIN)[expected](head)
        if not refuses or head > self.heads.get(call.key[0], 0):
            basis = "by the log" if written else "without a record"
            what = f"{name}: expected {expected}, refused {basis} at head {head}"
            self.findings.add("contradicted", what)

    def _outcome(self, key: Key, answer: dict[str, Any]) -> None:
        decision = self.decided.get(key)
        if answer["is"] == NOT_WRITTEN:
            if decision is not None:
                found = decision.line.verdict
                self._contradicted(f"outcome of {key}", answer, found)
        elif answer["is"] == "accepted":
            self._accepted_answer(f"outcome of {key}", decision, answer)
        elif decision is None or decision.line.verdict != answer["is"]:
            right = decision.line.verdict if decision else None
            self._contradicted(f"outcome of {key}", answer, right)

    def _contradicted(self, name: str, answer: dict[str, Any], right: object) -> None:
        told = {k: v for k, v in answer.items() if k not in _OF_THE_LINE}
        self.findings.add(
            "contradicted", f"{name} was told {told}, the log says {right}"
        )

    def _feed(self) -> None:
        """What the reader got, from the beginning to the end, is all that was accepted."""
        if self.ledger.feed is None:
            self.findings.add("back", "the reader did not come to the feed's end")
            return
        read = self.ledger.feed["heads"]
        judged = {one for one in read if one.partition(".")[0] in TYPES}
        for stream_id in self.heads.keys() | judged:
            there, seen = self.heads.get(stream_id, 0), read.get(stream_id, 0)
            if there != seen:
                what = f"feed: {stream_id} ended at {seen}, the log has {there}"
                self.findings.add("back", what)
