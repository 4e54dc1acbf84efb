"""How long one call may fold: to its deadline, and to the end of its share."""

from __future__ import annotations

import pytest

from eventstore.errors import LogUnanswered
from eventstore.indexer.share import Share, ShareSpent
from tests.support.clocks import StillClock


@pytest.fixture
def clock() -> StillClock:
    found = StillClock()
    found.ahead = 100.0
    return found


def test_without_an_end_it_lasts(clock: StillClock) -> None:
    share = Share(clock, None, None)
    clock.ahead += 1_000

    share.refuse_if_spent()


def test_a_share_is_spent_behind_its_seconds(clock: StillClock) -> None:
    share = Share(clock, 2.0, None)
    clock.ahead += 2
    share.refuse_if_spent()
    clock.ahead += 1

    with pytest.raises(ShareSpent, match="not folded in time"):
        share.refuse_if_spent()


def test_a_deadline_is_one_of_the_clocks_and_is_said_first(clock: StillClock) -> None:
    share = Share(clock, 2.0, 105.0)
    clock.ahead = 105
    with pytest.raises(ShareSpent):
        share.refuse_if_spent()
    clock.ahead = 106

    with pytest.raises(LogUnanswered) as refused:
        share.refuse_if_spent()
    assert not isinstance(refused.value, ShareSpent)
