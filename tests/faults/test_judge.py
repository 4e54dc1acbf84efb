"""The judge finds every fault that is planted in a journal, a log or a table; what is sound it finds sound."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import pytest

from teddy_es.faults.findings import ZEROS, Findings
from teddy_es.faults.judge import Judge, Place
from teddy_es.faults.ledger import Ledger
from teddy_es.faults.naive import Record, home

STREAM = "conversation.own"
PARTITIONS = 6
PLACE = Place("eventstore.conversation", home(STREAM, PARTITIONS))
MS = 1_700_000_000_000


def commit_id(name: str) -> str:
    """Always the same one for a name."""
    return str(uuid5(UUID(int=0), name))


@dataclass
class Scene:
    """Journals and a log that agree, for a test to spoil."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)

    def asked(self, name: str, expected: int | str = "any", count: int = 1) -> None:
        """A call of `append`; its commit is named like it up to the dash."""
        commit = commit_id(name.partition("-")[0])
        self.lines.append(
            {"t": "try", "a": name, "c": commit, "s": STREAM, "e": expected, "n": count, "m": "own, any"}
        )  # fmt: skip

    def asked_afresh(self, name: str, expected: int | str = "any") -> None:
        """A call that leaves the commit id to the store."""
        self.asked(name, expected)
        self.lines[-1]["c"] = None

    def told(self, name: str, word: str, **facts: Any) -> None:
        """The answer to a call."""
        self.lines.append({"t": "answer", "a": name, "is": word, **facts})

    def wrote(self, name: str, commit: str | None = None) -> int:
        """The call's record comes into the log; its offset. commit: the id that the store made."""
        asked = next(line for line in self.lines if line.get("a") == name)
        line = {**asked, "c": asked["c"] or commit}
        events = [
            {"event_id": commit_id(f"{line['c']} {n}"), "type": "TeddyReplied", "schema": 1,
             "occurred_at": "2026-11-23T09:00:00.123456Z", "correlation_id": None, "causation_id": None,
             "data": {"child_id": f"{name}_{n}", "text": ""}}
            for n in range(line["n"])
        ]  # fmt: skip
        self.log.append(
            {"v": 1, "commit_id": line["c"], "stream_id": STREAM, "expected": line["e"], "events": events}
        )  # fmt: skip
        return len(self.log) - 1

    def accepted(self, name: str, first: int, offset: int, count: int = 1) -> None:
        """The answer that an accepted call gets."""
        at = [f"{PLACE.topic}/{PLACE.partition}/{offset}/{n}" for n in range(count)]
        last = first + count - 1
        self.told(name, "accepted", first=first, last=last, at=at, ms=MS + offset)

    def feed(self, version: int) -> None:
        """The reader read so far."""
        self.lines.append({"t": "feed", "events": version, "heads": {STREAM: version}})

    def zeros(self) -> dict[str, int]:
        """What the judge says of it, without what is zero."""
        judge = Judge(Ledger.of(self.lines), Findings())
        records = [
            (offset, Record(MS + offset, STREAM.encode(), json.dumps(one).encode()))
            for offset, one in enumerate(self.log)
        ]
        for _ in judge.take(PLACE, PARTITIONS, records):
            pass
        judge.conclude()
        return {kind: n for kind, n in judge.findings.zeros.items() if n}


@pytest.fixture
def scene() -> Scene:
    """Two commits, of one and of two events; a refusal by the log, one before it, and one that was not written."""
    scene = Scene()
    scene.asked("one-1", 0)
    scene.accepted("one-1", 1, scene.wrote("one-1"))
    scene.asked("two-1", "any", 2)
    scene.accepted("two-1", 2, scene.wrote("two-1"), count=2)
    scene.asked("three-1", 1)
    scene.wrote("three-1")
    scene.told("three-1", "wrong-expected-version", head=3)
    scene.asked("four-1", "no_stream")
    scene.told("four-1", "wrong-expected-version", head=1)
    scene.asked("five-1")
    scene.told("five-1", "log-unavailable")
    scene.feed(3)
    return scene


def test_where_all_agree_all_is_zero(scene: Scene) -> None:
    assert scene.zeros() == {}


def test_a_retry_that_gets_the_first_answer_is_sound(scene: Scene) -> None:
    scene.asked("one-2", 0)
    scene.wrote("one-2")
    scene.accepted("one-2", 1, 0)

    assert scene.zeros() == {}


def test_an_unknown_outcome_that_was_found_out_is_sound(scene: Scene) -> None:
    scene.asked("six-1", "stream_exists")
    scene.told("six-1", "outcome-unknown")
    offset = scene.wrote("six-1")
    scene.asked("six-2", "stream_exists")
    scene.accepted("six-2", 4, offset)
    scene.feed(4)

    assert scene.zeros() == {}


def test_an_acknowledged_append_that_is_not_in_the_log_is_lost(scene: Scene) -> None:
    scene.asked("six-1")
    scene.accepted("six-1", 4, 3)

    assert scene.zeros() == {"lost": 1}


def test_a_commit_that_stands_under_two_ids_is_stored_twice(scene: Scene) -> None:
    scene.wrote("two-1")
    scene.log[-1]["commit_id"] = commit_id("another")
    for event in scene.log[-1]["events"]:
        event["event_id"] = commit_id(event["event_id"])
    scene.feed(5)

    assert scene.zeros() == {"twice": 1, "invented": 1}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"first": 2, "last": 2},
        {"at": [f"{PLACE.topic}/{PLACE.partition}/1/0"]},
        {"ms": MS + 1},
        {"is": "wrong-expected-version", "head": 1},
        {"is": "log-unavailable"},
        {"is": "event-id-reused"},
    ],
    ids=["versions", "position", "time", "refused", "not written", "id reused"],
)
def test_an_answer_that_the_log_contradicts_is_found(
    scene: Scene, spoilt: dict[str, Any]
) -> None:
    answer = next(line for line in scene.lines if line["t"] == "answer")
    answer |= spoilt

    assert scene.zeros() == {"contradicted": 1}


def test_acceptance_of_what_the_log_refused_is_found(scene: Scene) -> None:
    scene.asked("three-2", 1)
    scene.accepted("three-2", 2, 2)

    assert scene.zeros() == {"contradicted": 1}


@pytest.mark.parametrize(("expected", "head"), [(2, 3), ("no_stream", 3)])
def test_a_refusal_without_a_record_is_sound_where_it_can_never_hold_again(
    scene: Scene, expected: int | str, head: int
) -> None:
    scene.asked("six-1", expected)
    scene.told("six-1", "wrong-expected-version", head=head)

    assert scene.zeros() == {}


@pytest.mark.parametrize(
    ("expected", "head"), [(9, 3), (3, 3), ("stream_exists", 0), ("any", 3)]
)
def test_a_refusal_without_a_record_of_what_may_yet_hold_is_found(
    scene: Scene, expected: int | str, head: int
) -> None:
    scene.asked("six-1", expected)
    scene.told("six-1", "wrong-expected-version", head=head)

    assert scene.zeros() == {"contradicted": 1}


@pytest.mark.parametrize("head", [0, 99], ids=["would hold", "never was"])
def test_a_refusal_with_a_head_that_cannot_be_is_found(scene: Scene, head: int) -> None:
    answer = next(line for line in scene.lines if line.get("head") == 1)
    answer["head"] = head

    assert scene.zeros() == {"contradicted": 1}


@pytest.mark.parametrize("answer", ["outcome-unknown", None])
def test_an_outcome_that_nobody_found_out_is_left(
    scene: Scene, answer: str | None
) -> None:
    scene.asked("six-1")
    if answer:
        scene.told("six-1", answer)

    assert scene.zeros() == {"unresolved": 1}


def test_an_outcome_that_the_log_contradicts_is_found(scene: Scene) -> None:
    outcome = {"t": "outcome", "c": commit_id("one"), "s": STREAM}
    scene.lines.append(outcome | {"is": "wrong_expected_version"})

    assert scene.zeros() == {"contradicted": 1}


def test_a_record_of_nobodys_is_found(scene: Scene) -> None:
    scene.asked("six-1")
    scene.told("six-1", "outcome-unknown")
    scene.wrote("six-1")
    scene.lines = [line for line in scene.lines if line.get("a") != "six-1"]
    scene.feed(4)

    assert scene.zeros() == {"invented": 1}


def test_a_record_that_was_changed_is_found(scene: Scene) -> None:
    scene.log[1]["expected"] = "stream_exists"

    assert scene.zeros() == {"invented": 1}


@pytest.mark.parametrize("spoilt", ["order", "type", "id"])
def test_events_that_are_not_as_they_were_proposed_are_found(
    scene: Scene, spoilt: str
) -> None:
    events = scene.log[1]["events"]
    if spoilt == "order":
        events.reverse()
    elif spoilt == "type":
        events[1]["type"] = "ChildSpoke"
    else:
        asked = next(line for line in scene.lines if line["a"] == "two-1")
        asked["ids"] = [commit_id("given"), events[1]["event_id"]]

    assert scene.zeros() == {"invented": 1}


def test_an_answer_that_no_caller_should_get_is_found(scene: Scene) -> None:
    scene.asked("six-1")
    scene.told("six-1", "mirror-diverged", said="…")

    assert scene.zeros() == {"unexpected": 1}


def test_what_the_reader_saw_is_counted(scene: Scene) -> None:
    scene.lines.append({"t": "wrong", "kind": "back", "what": "…"})

    assert scene.zeros() == {"back": 1}


@pytest.mark.parametrize("version", [2, 4], ids=["missed", "too much"])
def test_a_feed_that_does_not_end_where_the_log_does_is_found(
    scene: Scene, version: int
) -> None:
    scene.feed(version)

    assert scene.zeros() == {"back": 1}


def test_a_reader_that_never_came_to_the_end_is_found(scene: Scene) -> None:
    scene.lines = [line for line in scene.lines if line["t"] != "feed"]

    assert scene.zeros() == {"back": 1}


def test_a_finding_belongs_to_one_of_the_zeros() -> None:
    findings = Findings()

    with pytest.raises(KeyError):
        findings.add("something else", "…")
    assert findings.zeros == dict.fromkeys(ZEROS, 0)


# ---- calls that leave the commit id to the store


def test_a_fresh_call_whose_writer_was_killed_may_be_in_the_log_or_not(
    scene: Scene,
) -> None:
    scene.asked_afresh("six-1")
    scene.asked_afresh("seven-1")
    scene.wrote("six-1", commit_id("made"))
    scene.feed(4)

    assert scene.zeros() == {}


def test_a_fresh_call_that_the_log_refused_is_sound(scene: Scene) -> None:
    scene.asked_afresh("six-1", 9)
    scene.wrote("six-1", commit_id("made"))
    scene.told("six-1", "wrong-expected-version", head=3)

    assert scene.zeros() == {}


def test_a_fresh_call_that_was_retried_under_the_id_it_was_told_is_sound(
    scene: Scene,
) -> None:
    scene.asked_afresh("six-1")
    offset = scene.wrote("six-1", commit_id("made"))
    scene.told("six-1", "outcome-unknown", c=commit_id("made"))
    scene.asked("made-2")
    scene.accepted("made-2", 4, offset)
    scene.feed(4)

    assert scene.zeros() == {}


def test_a_fresh_call_that_was_acknowledged_and_is_not_in_the_log_is_lost(
    scene: Scene,
) -> None:
    scene.asked_afresh("six-1")
    scene.accepted("six-1", 4, 3)
    scene.lines[-1]["c"] = commit_id("made")

    assert scene.zeros() == {"lost": 1}


@pytest.mark.parametrize("acknowledged", [True, False])
def test_a_fresh_call_that_stands_under_two_ids_is_stored_twice(
    scene: Scene,
    acknowledged: bool,  # noqa: FBT001
) -> None:
    scene.asked_afresh("six-1")
    offset = scene.wrote("six-1", commit_id("made"))
    scene.wrote("six-1", commit_id("made again"))
    if acknowledged:
        scene.accepted("six-1", 4, offset)
        scene.lines[-1]["c"] = commit_id("made")
    scene.feed(5)

    assert scene.zeros() == {"twice": 1, "invented": 1}


def test_a_fresh_call_whose_outcome_nobody_found_out_is_left(scene: Scene) -> None:
    scene.asked_afresh("six-1")
    scene.told("six-1", "outcome-unknown", c=commit_id("made"))

    assert scene.zeros() == {"unresolved": 1}


@pytest.mark.parametrize("word", ["log-unavailable", "event-id-reused"])
def test_a_fresh_call_that_was_answered_otherwise_than_the_log_says_is_found(
    scene: Scene, word: str
) -> None:
    scene.asked_afresh("six-1")
    scene.wrote("six-1", commit_id("made"))
    scene.told("six-1", word)
    scene.feed(4)

    assert scene.zeros() == {"contradicted": 1}


def test_an_answer_about_another_commit_than_was_asked_for_is_found(
    scene: Scene,
) -> None:
    answer = next(line for line in scene.lines if line["t"] == "answer")
    answer["c"] = commit_id("another")

    assert scene.zeros() == {"contradicted": 1}
