"""How the jobs of the schedule stand: what ran, what was late, what was missed; a new store does not accuse itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audit.jobs.statuses import TO_BEGIN, job_statuses, status_of
from eventstore.database import connect
from eventstore.queries.jobs import JobRunRow, last_runs
from eventstore.upkeep.jobs import Job, Jobs
from eventstore.upkeep.schedule import scheduled
from tests.support.clocks import FixedClock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
A_MOMENT = timedelta(microseconds=1)


def run(outcome: str, due: datetime, **fields: Any) -> JobRunRow:
    given: dict[str, Any] = {
        "id": 1, "job": "j", "due": due, "until": due, "runs": 1, "started": due, "ended": due,
        "scope": "s", "counts": {}, "outcome": outcome, "error": None,
    }  # fmt: skip
    return JobRunRow(**given | fields)


def never_run(made: datetime, now: datetime, every: timedelta = DAY) -> str:
    return status_of(Job("j", every, "s", dict), (), now, made).word


def drawn(rows: Sequence[JobRunRow], now: datetime = NOW) -> Sequence[str]:
    return status_of(Job("j", HOUR, "s", dict), rows, now).outcomes


def test_runs_are_drawn_oldest_first_and_what_did_not_happen_is_drawn_too() -> None:
    rows = [
        run("running", NOW),
        run("done", NOW - HOUR, started=NOW - HOUR / 4),
        run("missed", NOW - 4 * HOUR, runs=3, started=None),
        run("failed", NOW - 5 * HOUR),
        run("lost", NOW - 6 * HOUR),
        run("done", NOW - 7 * HOUR),
    ]

    assert drawn(rows, NOW + 2 * HOUR) == [
        *("ok", "bad", "bad", "missed", "missed", "missed", "late", "missed"),
    ]


def test_the_first_run_of_all_is_for_a_time_before_the_job_was_known_and_not_late() -> (
    None
):
    """A new store's worker runs a daily job at once, for the midnight before; of the rows before the oldest that is shown nobody knows."""
    late = [
        run("done", NOW - n * HOUR, started=NOW - n * HOUR + HOUR) for n in range(25)
    ]

    assert drawn(late[:1]) == ["ok"]
    assert drawn(late[:2]) == ["ok", "late"]
    assert drawn(late[:23]) == ["ok", *["late"] * 22]
    assert drawn(late[:24]) == ["late"] * 24
    assert drawn([run("failed", NOW)]) == ["bad"]


def test_a_job_that_never_ran_is_not_due_until_its_first_time_since_the_store_was_made_is_over() -> (
    None
):
    made = NOW.replace(hour=22)
    over = NOW.replace(hour=0) + 2 * DAY

    assert never_run(made, made) == "not due yet"
    assert never_run(made, over - A_MOMENT) == "not due yet"
    assert never_run(made, over) == "never run"


def test_a_new_store_has_time_to_begin_with_what_runs_often() -> None:
    every = timedelta(seconds=10)

    assert never_run(NOW, NOW + TO_BEGIN - A_MOMENT, every) == "not due yet"
    assert never_run(NOW, NOW + TO_BEGIN, every) == "never run"


@pytest.mark.usefixtures("transactional_db")
def test_a_new_store_does_not_accuse_itself() -> None:
    """The tests' store has just been made, as for whoever opens the console for the first time."""
    made = last_runs(["a job"], 1).store_made
    assert made is not None
    at = made + A_MOMENT

    found = job_statuses(at)

    assert {one.word for one in found} == {"not due yet"}
    assert all(one.is_in_order for one in found)
    assert {one.word for one in job_statuses(at + 3 * DAY)} == {"never run"}


def test_a_thousand_missed_runs_fill_the_strip_and_no_more() -> None:
    assert drawn([run("missed", NOW, runs=1_000)]) == ["missed"] * 24
    assert drawn([run("done", NOW)], NOW + 10**6 * HOUR) == ["missed"] * 24
    assert drawn([]) == []


@pytest.mark.usefixtures("transactional_db")
def test_each_job_comes_with_its_own_runs() -> None:
    clock = FixedClock(NOW.replace(hour=0, minute=1))
    work: Mapping[str, int] = {"n": 1}
    for _ in range(3):
        Jobs(connect, clock).run(Job("verify", timedelta(days=1), "s", lambda: work))
        clock.ahead += 24 * 3600

    found = {one.job.name: one for one in job_statuses(clock.now())}

    assert found.keys() == scheduled().keys()
    assert found["verify"].outcomes.count("ok") == 3
    assert found["retention"].outcomes == []
