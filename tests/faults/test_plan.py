"""The schedule comes from the seed alone; what nobody knows is gathered; too little tried is a failure."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from eventstore.errors import AppendOutcomeUnknown
from teddy_es.faults.journal import Journal
from teddy_es.faults.open_ends import open_ends
from teddy_es.faults.plan import EVERYWHERE, WITH_BROKERS, Fault, Wanted, schedule
from teddy_es.faults.work import Worker

if TYPE_CHECKING:
    from pathlib import Path


def first(seed: str, *, brokers: bool = True) -> list[Fault]:
    """The first faults of a schedule."""
    return list(islice(schedule(seed, brokers=brokers, pace_s=2), 200))


def test_the_same_seed_gives_the_same_faults_and_another_one_others() -> None:
    assert first("7") == first("7")
    assert first("7") != first("8")


def test_every_kind_comes_once_before_any_comes_again() -> None:
    kinds = EVERYWHERE | WITH_BROKERS

    assert {fault.kind for fault in first("7")[: len(kinds)]} == kinds.keys()


def test_without_brokers_no_broker_is_hurt() -> None:
    assert {f.kind for f in first("7", brokers=False)} == EVERYWHERE.keys()


@pytest.mark.parametrize(
    ("appends", "kills", "done", "lacks"),
    [
        (2, 1, {"log cut": 1}, []),
        (1, 1, {"log cut": 1}, ["1 appends, at least 2 were wanted."]),
        (2, 0, {"log cut": 1}, ["0 kills, at least 1 were wanted."]),
        (2, 1, {"log slow": 9}, ["no log cut."]),
    ],
)
def test_what_was_not_done_is_told(
    appends: int, kills: int, done: dict[str, int], lacks: list[str]
) -> None:
    wanted = Wanted(9, "7", 2, 1, until_enough=True, pace_s=1, kinds=["log cut"])

    assert wanted.lacks(appends, kills, done) == lacks


def a_call(name: str, commit: str, answer: str | None = None) -> list[dict[str, Any]]:
    """A call's lines in a journal."""
    asked = {"t": "try", "a": name, "c": commit, "s": "child.1", "e": "any", "n": 1, "m": "own, any"}  # fmt: skip
    return [asked, *([{"t": "answer", "a": name, "is": answer}] if answer else [])]


@pytest.mark.parametrize(
    ("answers", "is_open"),
    [
        (["accepted"], False),
        (["log-unavailable"], False),
        (["outcome-unknown"], True),
        ([None], True),
        (["outcome-unknown", "log-unavailable"], True),
        (["outcome-unknown", "wrong-expected-version"], False),
        ([None, "accepted"], False),
    ],
)
def test_a_commit_is_open_while_a_copy_may_exist_and_nobody_was_told(
    answers: list[str | None],
    is_open: bool,  # noqa: FBT001
) -> None:
    lines = [
        line for n, word in enumerate(answers) for line in a_call(str(n), "c", word)
    ]

    assert [asked.commit_id for asked in open_ends(lines)] == ["c"] * is_open


@pytest.mark.parametrize(
    ("answer", "is_open"),
    [("outcome-unknown", True), ("log-unavailable", False), (None, False)],
)
def test_a_commit_whose_id_the_store_made_is_open_once_somebody_was_told_the_id(
    answer: str | None,
    is_open: bool,  # noqa: FBT001
) -> None:
    lines = [line | {"c": None} for line in a_call("1", "c", answer)]
    if answer == "outcome-unknown":
        lines[-1]["c"] = "made"

    assert [asked.commit_id for asked in open_ends(lines)] == ["made"] * is_open


def test_most_workers_leave_the_commit_id_to_the_store_and_retry_with_what_they_are_told(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path / "w.ndjson")
    worker = Worker("w", "7", journal, lambda _asked: None, {})
    calls = [worker.next() for _ in range(200)]
    fresh = [call for call in calls if call.proposal.commit_id is None]

    for call in fresh:
        worker.answered(call, AppendOutcomeUnknown("made", call.proposal.stream_id))
    journal.close()

    assert 100 < len(fresh) < 180
    assert {asked.commit_id for asked in worker.waiting} == {"made"}
