"""Whoever stands beyond the index asks the log how far it has come, and not at each look."""

from __future__ import annotations

import pytest

from eventstore.events import Place
from eventstore.queries.ends import LogEnds
from tests.support.clocks import StillClock

HERE, THERE = Place("eventstore.a", 0), Place("eventstore.a", 1)


def test_an_answer_is_good_for_what_lies_before_it() -> None:
    asked: list[Place] = []

    def ask(place: Place) -> int:
        asked.append(place)
        return 5

    ends = LogEnds(StillClock())

    assert [ends.reach(HERE, offset, ask) for offset in (1, 5, 4)] == [5, 5, 5]
    assert asked == [HERE]
    assert ends.reach(THERE, 1, ask) == 5
    assert ends.reach(HERE, 6, ask) == 5  # beyond what was said: it may have grown
    assert asked == [HERE, THERE, HERE]


@pytest.mark.parametrize(("later_s", "asks"), [(0.9, 1), (1.0, 2), (1.1, 2)])
def test_an_answer_grows_old_for_a_log_may_be_cut_off(
    later_s: float, asks: int
) -> None:
    clock, said = StillClock(), [5, 2, 1]
    ends = LogEnds(clock, 1.0)
    ends.reach(HERE, 5, lambda _: said.pop(0))

    clock.ahead = later_s

    assert ends.reach(HERE, 5, lambda _: said.pop(0)) == (5 if asks == 1 else 2)
    assert len(said) == 3 - asks
