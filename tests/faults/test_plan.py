"""The schedule comes from the seed alone; what nobody knows is gathered; too little tried is a failure."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from teddy_es.faults.open_ends import open_ends
from teddy_es.faults.plan import EVERYWHERE, WITH_BROKERS, Fault, schedule


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
