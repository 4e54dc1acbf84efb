"""Who is asked after others has its own share of the patience, and what they did not use."""

from __future__ import annotations

import pytest

from teddy_es.asking import Turns

SHARES = {"database": 0.5, "log": 0.25, "keys": 0.25}


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("used", "patience"),
    [
        ({}, {"database": 4.0, "log": 4.0, "keys": 4.0}),
        ({"database": 1.0}, {"database": 4.0, "log": 4.0, "keys": 4.0}),
        ({"database": 3.0}, {"database": 4.0, "log": 3.0, "keys": 4.0}),
        ({"database": 3.0, "log": 3.0}, {"database": 4.0, "log": 3.0, "keys": 2.0}),
        ({"database": 4.0, "log": 2.0}, {"database": 4.0, "log": 2.0, "keys": 2.0}),
    ],
    ids=["all-at-once", "early", "half", "all-of-what-was-left", "all-of-their-own"],
)
def test_what_one_leaves_the_next_may_take_and_nobody_gets_less_than_its_share(
    used: dict[str, float], patience: dict[str, float]
) -> None:
    clock = Clock()
    turns = Turns(SHARES, 8.0, clock)

    found = {}
    for what in SHARES:
        found[what] = turns.patience_of(what)
        clock.now += used.get(what, 0.0)

    assert found == patience


def test_who_is_asked_too_late_has_its_share_all_the_same() -> None:
    clock = Clock()
    turns = Turns(SHARES, 8.0, clock)
    clock.now += 60.0

    assert turns.patience_of("keys") == 2.0
