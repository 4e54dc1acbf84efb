"""Beat asks for a job when it is due by the clock, whenever beat itself was started."""

from __future__ import annotations

import itertools
import pickle
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.upkeep.jobs import Job
from eventstore.upkeep.schedule import scheduled
from teddy_es.beat import LOOK, WhenDue
from teddy_es.celery import app

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = timedelta(seconds=1)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def asked(job: Job, begun: datetime, times: int) -> Iterator[datetime]:
    """When a beat that began then asks for it, as Celery's goes about it."""
    now = last = begun
    when = WhenDue(job, nowfun=lambda: now)
    while times:
        is_due, seconds = when.is_due(last)
        if is_due:
            last, times = now, times - 1
            yield now
        now += timedelta(seconds=seconds)


@given(
    st.datetimes(
        min_value=datetime(2020, 1, 1),  # noqa: DTZ001  (the zone is given beside it)
        max_value=datetime(2040, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    st.integers(1, 300),
)
def test_a_job_is_asked_for_a_moment_behind_each_time_at_which_it_is_due(
    begun: datetime, seconds: int
) -> None:
    every = timedelta(seconds=seconds)
    job = Job("any", every, "", dict)

    found = list(asked(job, begun, 20))

    came = sorted({job.due_at(one) for one in found})
    assert {b - a for a, b in itertools.pairwise(came)} <= {every}  # none is left out
    for due in came[:-1]:
        if due > begun:  # not before this beat
            assert due + min(SECOND, every / 10) in found
    for one, later in itertools.pairwise([begun, *found]):
        assert later - one <= LOOK + SECOND


def test_a_worker_whose_clock_is_a_little_slow_takes_it_for_the_same_time() -> None:
    job = Job("any", 30 * SECOND, "", dict)

    found = [job.due_at(one - SECOND / 2) for one in asked(job, NEW_YEAR, 3)]

    assert found == [NEW_YEAR + n * 30 * SECOND for n in (0, 1, 2)]


def test_a_clock_that_is_put_back_asks_no_sooner_and_no_less() -> None:
    job = Job("any", 30 * SECOND, "", dict)
    now = NEW_YEAR + 25 * SECOND
    when = WhenDue(job, nowfun=lambda: now)

    is_due, seconds = when.is_due(NEW_YEAR + 31 * SECOND)

    assert (is_due, seconds) == (False, 36)


@pytest.mark.parametrize("name", scheduled())
def test_every_job_of_the_schedule_is_asked_for_so(name: str) -> None:
    entry = app.conf.beat_schedule[name]

    when = pickle.loads(pickle.dumps(entry["schedule"]))  # noqa: S301  (our own)
    assert isinstance(when, WhenDue)
    assert when == entry["schedule"]
    assert when.run_every == min(scheduled()[name].every, LOOK)
