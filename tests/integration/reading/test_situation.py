"""What stands over every page, in one query: it is true of an empty store, and of one that is behind or has stopped."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from eventstore.database import connect
from eventstore.errors import VerificationFailed
from eventstore.queries.situation import situation
from eventstore.upkeep.jobs import Job, Jobs
from tests.support.clocks import MovableClock, StillClock
from tests.support.following import Orders, Totals, follow, follower, subscription

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.plugins.mirrored import Mirrored

pytestmark = pytest.mark.usefixtures("transactional_db")


def test_of_an_empty_store_nothing_is_claimed(transactional_db: None) -> None:
    now = situation()

    assert now.records == 0
    assert now.last_recorded_at is None
    assert now.verify_outcome is None
    assert now.verified_at is None
    assert (now.behind, now.behind_by, now.parked) == (None, 0, None)
    assert list(now.stopped) == []


def test_one_query_is_enough(transactional_db: None) -> None:
    situation()

    with CaptureQueriesContext(connection) as made:
        situation()

    assert len(made) == 1


def test_the_cut_tells_two_states_apart_and_nothing_else(mirrored: Mirrored) -> None:
    mirrored.commit()
    first, again = situation(), situation()
    mirrored.commit()

    assert first.cut == again.cut
    assert situation().cut != first.cut
    assert situation().records == 2


def test_who_is_furthest_behind_is_named(orders: Orders) -> None:
    orders.place("a", 3)
    follow(follower(subscription(Totals(), name="first"), MovableClock()))
    orders.place("b", 2)
    follow(follower(subscription(Totals(), name="second"), MovableClock()))

    assert (situation().behind, situation().behind_by) == ("first", 1)


def good() -> Mapping[str, int]:
    return {}


def bad() -> Mapping[str, int]:
    raise VerificationFailed(1)


@pytest.mark.parametrize("last", ["done", "failed"])
def test_the_last_verification_counts(transactional_db: None, last: str) -> None:
    clock = StillClock()
    jobs = Jobs(connect, clock)
    outcomes = (bad, good) if last == "done" else (good, bad)
    for work in outcomes:
        with suppress(VerificationFailed):
            jobs.run(Job("verify", timedelta(days=1), "all", work))
        clock.ahead += 24 * 3600
    jobs.run(Job("retention", timedelta(days=1), "keys", good))

    assert situation().verify_outcome == last
    assert situation().verified_at == clock.now() - timedelta(days=1)
