"""Scheduled jobs: each run is a row, and so is each that did not happen; nobody runs one twice, and a dead worker's is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from eventstore.database import connect
from eventstore.errors import VerificationFailed
from eventstore.queries.jobs import last_runs, runs
from eventstore.queries.keyset import Wanted
from eventstore.upkeep import schedule
from eventstore.upkeep.jobs import Job, JobOutcome, Jobs
from tests.support.clocks import MovableClock
from tests.support.processes import a_process, heard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_django.fixtures import Settings

    from eventstore.queries.jobs import JobRunRow
    from eventstore.store import EventStore
    from eventstore.upkeep.jobs import Counts

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> MovableClock:
    """Early in an hour, so that no test runs over its end."""
    clock = MovableClock()
    now = clock.now()
    clock.ahead = (now.replace(minute=1, second=0) - now).total_seconds()
    return clock


@pytest.fixture
def jobs(transactional_db: None, clock: MovableClock) -> Jobs:
    return Jobs(connect, clock)


def hourly(name: str = "count", counts: Counts | None = None) -> Job:
    return Job(name, HOUR, "nothing", lambda: counts or {"things": 3})


def failing(error: BaseException) -> Job:
    def fail() -> Counts:
        raise error

    return Job("count", HOUR, "nothing", fail)


def rows(job: str | None = None) -> Sequence[JobRunRow]:
    return runs(Wanted(), job=job).rows


def told(job: str | None = None) -> list[tuple[str, int]]:
    """Outcome and number of runs of each row, newest first."""
    return [(row.outcome, row.runs) for row in rows(job)]


@given(st.datetimes(timezones=st.just(UTC)), st.integers(1, 10**6))
def test_a_job_is_due_at_every_multiple_of_its_interval(
    now: datetime, seconds: int
) -> None:
    every = timedelta(seconds=seconds)

    due = Job("any", every, "", dict).due_at(now)

    assert due <= now < due + every
    assert (due - datetime(1970, 1, 1, tzinfo=UTC)) % every == timedelta(0)


def test_a_run_is_a_row_that_says_what_was_done(
    jobs: Jobs, clock: MovableClock
) -> None:
    assert jobs.run(hourly()) is JobOutcome.DONE

    (row,) = rows()
    assert (row.job, row.outcome, row.counts, row.error) == (
        "count",
        "done",
        {"things": 3},
        None,
    )
    assert row.due == row.until == hourly().due_at(clock.now())
    assert row.seconds is not None
    assert last_runs(["count", "other"], 1).by_job == {"count": [row]}


def test_what_was_done_for_its_time_is_not_done_again_unless_a_person_asks(
    jobs: Jobs,
) -> None:
    jobs.run(hourly())

    assert jobs.run(hourly()) is None
    assert jobs.run(hourly(), again=True) is JobOutcome.DONE
    assert told() == [("done", 1), ("done", 1)]


def test_a_run_that_failed_says_of_what_and_is_tried_again_when_it_is_due(
    jobs: Jobs, clock: MovableClock
) -> None:
    with pytest.raises(VerificationFailed):
        jobs.run(failing(VerificationFailed(2)))
    assert jobs.run(hourly()) is None
    with pytest.raises(ZeroDivisionError):
        jobs.run(failing(ZeroDivisionError("a secret")), again=True)
    clock.ahead += HOUR.total_seconds()

    assert jobs.run(hourly()) is JobOutcome.DONE
    assert [(row.outcome, row.error) for row in rows()] == [
        ("done", None),
        ("failed", "ZeroDivisionError"),
        ("failed", "verification-failed"),
    ]


def test_runs_that_did_not_happen_are_one_row_that_counts_them(
    jobs: Jobs, clock: MovableClock
) -> None:
    jobs.run(hourly())
    clock.ahead += HOUR.total_seconds()
    jobs.run(hourly())
    clock.ahead += 5 * HOUR.total_seconds()

    jobs.run(hourly())

    assert told() == [("done", 1), ("missed", 4), ("done", 1), ("done", 1)]
    late, missed, before, _ = rows()
    assert missed.due == before.due + HOUR
    assert missed.until == late.due - HOUR
    assert missed.started is None


def test_a_time_that_came_while_it_was_at_work_was_not_missed(
    jobs: Jobs, clock: MovableClock
) -> None:
    def long() -> Counts:
        clock.ahead += 3 * HOUR.total_seconds()
        return {}

    jobs.run(Job("count", HOUR, "nothing", long))
    clock.ahead += HOUR.total_seconds()

    jobs.run(hourly())

    assert told() == [("done", 1), ("done", 1)]


def test_a_job_that_is_new_has_missed_nothing(jobs: Jobs) -> None:
    jobs.run(hourly())

    assert told() == [("done", 1)]


def test_of_many_that_run_a_job_at_once_one_does_it(
    jobs: Jobs, clock: MovableClock
) -> None:
    begin, calls = Barrier(4), []

    def work() -> Counts:
        calls.append(1)
        return {}

    def attempt(_: int) -> JobOutcome | None:
        begin.wait(120)
        return Jobs(connect, clock).run(Job("once", HOUR, "", work))

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(attempt, range(4)))

    assert found.count(JobOutcome.DONE) == 1
    assert len(calls) == 1
    assert told("once") == [("done", 1)]


def test_a_job_that_runs_elsewhere_is_left_alone(
    jobs: Jobs, clock: MovableClock
) -> None:
    running, go_on = Event(), Event()

    def work() -> Counts:
        running.set()
        go_on.wait(120)
        return {}

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(jobs.run, Job("long", HOUR, "", work))
        assert running.wait(120)
        clock.ahead += HOUR.total_seconds()

        assert jobs.run(hourly("long")) is None
        assert jobs.run(hourly("another")) is JobOutcome.DONE
        go_on.set()
        assert first.result(120) is JobOutcome.DONE


def test_a_run_whose_process_was_killed_is_lost_and_the_next_one_goes_ahead(
    jobs: Jobs, clock: MovableClock
) -> None:
    with a_process("job", ahead=clock.ahead) as worker:
        assert heard(worker) == {"running": True}
        assert told() == [("running", 1)]
        worker.kill()
        worker.wait()

    # the lock goes when the server has noticed that its client is gone
    with closing(connect()) as waiting:
        waiting.execute(
            "SELECT pg_advisory_lock(hashtext('eventstore job'), hashtext('count'))"
        )
    assert jobs.run(hourly()) is JobOutcome.DONE

    assert told() == [("done", 1), ("lost", 1)]
    assert rows()[1].ended is not None


def test_rows_of_what_went_well_are_forgotten_and_the_others_stay(
    jobs: Jobs, clock: MovableClock
) -> None:
    jobs.run(hourly())
    with pytest.raises(ValueError, match="no"):
        jobs.run(failing(ValueError("no")), again=True)
    clock.ahead += 100 * HOUR.total_seconds()
    jobs.run(hourly())

    assert jobs.forget(50 * HOUR) == 1
    assert told() == [("done", 1), ("missed", 99), ("failed", 1)]


def test_each_job_of_the_schedule_runs_on_an_empty_store(
    embedded_store: EventStore,
) -> None:
    for job in schedule.SCHEDULE.values():
        assert schedule.jobs().run(job) is JobOutcome.DONE

    assert {row.job for row in rows()} == set(schedule.SCHEDULE)


OWN = Job("own", HOUR, "what is the project's", lambda: {"things": 1})
SAME = Job("own", HOUR, "another thing", lambda: {"things": 2})


def test_a_projects_own_job_stands_in_the_schedule(settings: Settings) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "JOBS": [f"{__name__}.OWN"]}

    assert schedule.scheduled() == {**schedule.SCHEDULE, "own": OWN}


@pytest.mark.parametrize("paths", [["HOUR"], ["no_such_thing"], ["OWN", "SAME"]])
def test_what_is_no_job_or_has_anothers_name_is_refused(
    settings: Settings, paths: list[str]
) -> None:
    named = [f"{__name__}.{path}" for path in paths]
    settings.EVENTSTORE = {**settings.EVENTSTORE, "JOBS": named}

    with pytest.raises(ImproperlyConfigured):
        schedule.scheduled()


def test_a_verification_that_finds_something_fails(embedded_store: EventStore) -> None:
    with connection.cursor() as db:
        db.execute(
            "INSERT INTO eventstore_stream VALUES ('order_x.1', 1, 4, now(), now())"
        )

    with pytest.raises(VerificationFailed):
        schedule.jobs().run(schedule.SCHEDULE["verify"])

    assert rows("verify")[0].error == "verification-failed"


@pytest.mark.parametrize("job", [None, "count"])
@pytest.mark.parametrize("wanted", [Wanted(), Wanted(size=2)])
def test_runs_are_paged_by_their_index(
    jobs: Jobs, clock: MovableClock, job: str | None, wanted: Wanted
) -> None:
    for _ in range(5):
        jobs.run(hourly())
        clock.ahead += HOUR.total_seconds()

    first = runs(wanted, job=job)
    seen = list(first.rows)
    cursor = first.next
    while cursor:
        page = runs(Wanted(after=cursor, size=wanted.size), job=job)
        seen += page.rows
        cursor = page.next

    assert len(seen) == 5
    assert [row.due for row in seen] == sorted((r.due for r in seen), reverse=True)
