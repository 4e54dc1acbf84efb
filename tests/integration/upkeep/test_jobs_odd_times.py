"""Jobs whose interval was changed, clocks that were set, and what a run that ends in an odd way leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from eventstore.upkeep.jobs import Job, JobOutcome, Jobs
from tests.integration.upkeep.test_jobs import (
    HOUR,
    clock,
    failing,
    hourly,
    jobs,
    rows,
    told,
)

if TYPE_CHECKING:
    from tests.support.clocks import MovableClock

__all__ = ["clock", "jobs"]  # fixtures

DAY = timedelta(days=1)


def every(interval: timedelta) -> Job:
    return Job("count", interval, "nothing", dict)


def at_hour(clock: MovableClock, hour: int) -> None:
    now = clock.now()
    clock.ahead += (now.replace(hour=hour) - now).total_seconds()


def test_a_longer_interval_does_not_run_again_what_was_run_since(
    jobs: Jobs, clock: MovableClock
) -> None:
    at_hour(clock, 15)
    jobs.run(hourly())

    assert jobs.run(every(DAY)) is None
    clock.ahead += DAY.total_seconds()
    assert jobs.run(every(DAY)) is JobOutcome.DONE
    assert jobs.run(every(DAY)) is None
    assert told() == [("done", 1), ("done", 1)]


def test_a_shorter_interval_has_missed_nothing_of_the_time_before_it(
    jobs: Jobs, clock: MovableClock
) -> None:
    at_hour(clock, 0)
    for _ in range(2):
        jobs.run(every(DAY))
        clock.ahead += DAY.total_seconds()
    clock.ahead += 15 * HOUR.total_seconds() - DAY.total_seconds()

    assert jobs.run(hourly()) is JobOutcome.DONE

    assert told() == [("done", 1)] * 3


def test_a_clock_that_is_set_back_has_nothing_run_again(
    jobs: Jobs, clock: MovableClock
) -> None:
    for _ in range(3):
        jobs.run(hourly())
        clock.ahead += HOUR.total_seconds()
    clock.ahead -= 2 * HOUR.total_seconds()

    assert jobs.run(hourly()) is None
    assert told() == [("done", 1)] * 3


def test_a_clock_that_was_far_ahead_for_a_while_stops_no_job(
    jobs: Jobs, clock: MovableClock
) -> None:
    jobs.run(hourly())
    clock.ahead += 1_000 * HOUR.total_seconds()
    jobs.run(hourly())
    clock.ahead -= 999 * HOUR.total_seconds()

    assert jobs.run(hourly()) is JobOutcome.DONE
    assert jobs.run(hourly()) is None


def test_the_last_row_of_each_job_is_never_forgotten(
    jobs: Jobs, clock: MovableClock
) -> None:
    jobs.run(hourly())
    clock.ahead += HOUR.total_seconds()
    jobs.run(hourly())
    jobs.run(hourly("other"))
    clock.ahead += 100 * HOUR.total_seconds()

    assert jobs.forget(50 * HOUR) == 1
    assert told("count") == told("other") == [("done", 1)]
    jobs.run(hourly("other"))
    assert told("other") == [("done", 1), ("missed", 99), ("done", 1)]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SystemExit(3), "SystemExit 3"),
        (SystemExit(), "SystemExit 0"),
        (SystemExit("a secret"), "SystemExit 1"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_a_run_that_ends_its_process_says_with_what(
    jobs: Jobs, error: BaseException, said: str
) -> None:
    with pytest.raises(type(error)):
        jobs.run(failing(error))

    (row,) = rows()
    assert (row.outcome, row.error) == ("failed", said)


def test_a_code_that_belongs_to_somebody_else_is_not_told(jobs: Jobs) -> None:
    class ForeignError(Exception):
        def __init__(self) -> None:
            self.code = 404

    with pytest.raises(ForeignError):
        jobs.run(failing(ForeignError()))

    assert rows()[0].error == "ForeignError"
