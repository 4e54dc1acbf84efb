"""The page of jobs: how each stands, what ran, what did not, and what is missing right now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from audit.jobs.statuses import job_statuses
from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.queries.jobs import LastRuns
from eventstore.upkeep.jobs import Job, Jobs
from eventstore.upkeep.schedule import scheduled
from tests.support.clocks import FixedClock, MovableClock
from tests.support.panels import rows

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import DjangoAssertNumQueries

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> MovableClock:
    """So long ago that the next days have passed, too."""
    clock = MovableClock()
    clock.ahead = -10 * DAY.total_seconds()
    return clock


@pytest.fixture
def jobs(transactional_db: None, clock: MovableClock) -> Jobs:
    return Jobs(connect, clock)


VERIFY = Job("verify", DAY, "everything", lambda: {"records": 1_234})


@pytest.mark.parametrize(
    ("ago", "said"), [(timedelta(), "not due yet"), (3 * DAY, "never run")]
)
def test_a_job_that_never_ran_says_so(
    officer: Client,
    jobs: Jobs,
    monkeypatch: pytest.MonkeyPatch,
    ago: timedelta,
    said: str,
) -> None:
    none = LastRuns({}, SystemClock().now() - ago)
    monkeypatch.setattr("audit.jobs.statuses.last_runs", lambda *_: none)

    text = officer.get("/admin/jobs/").text

    assert text.count(said) == len(scheduled())
    assert "No runs yet" in text


def test_runs_are_told_with_their_counts_and_gaps_with_theirs(
    officer: Client, jobs: Jobs, clock: MovableClock
) -> None:
    jobs.run(VERIFY)
    clock.ahead += 4 * DAY.total_seconds()
    jobs.run(VERIFY)

    page = officer.get("/admin/jobs/", {"job": "verify"})

    assert [row.outcome for row in rows(page, 1)] == [
        "done",
        "missed",
        "done",
    ]
    assert "missed</span>" in page.text
    assert " 3 runs" in page.text
    assert "1,234" in page.text.replace("\N{NARROW NO-BREAK SPACE}", ",")


def test_what_is_missing_now_is_counted_though_nothing_runs(
    jobs: Jobs, clock: MovableClock
) -> None:
    jobs.run(VERIFY)
    at = clock.now()

    missing = [
        {one.job.name: one.missing for one in job_statuses(at + n * DAY)}["verify"]
        for n in range(5)
    ]

    assert missing == [0, 0, 1, 2, 3]
    words = {one.job.name: one.word for one in job_statuses(at + 3 * DAY)}
    assert words.pop("verify") == "missed"
    assert "missed" not in words.values()


@pytest.mark.parametrize(
    ("missed", "said"), [(0, None), (1, "1 missed run"), (2, "2 missed runs")]
)
def test_how_many_runs_were_missed_is_one_number_on_both_pages(
    officer: Client, transactional_db: None, missed: int, said: str | None
) -> None:
    """Of a gap that the next run has noted; that one is tomorrow's, so that nothing is missed since."""
    clock = FixedClock(SystemClock().now() - missed * DAY)
    jobs = Jobs(connect, clock)
    jobs.run(VERIFY)
    clock.ahead += (missed + 1) * DAY.total_seconds()
    jobs.run(VERIFY)

    today = " ".join(officer.get("/admin/").text.split())
    listed = {one.job.name: one for one in rows(officer.get("/admin/jobs/"))}

    assert (f'<dd class="value">{said}</dd>' in today) == bool(said)
    assert (f", {missed} missed<" in today) == bool(said)
    assert "missed runs</dd>" not in today.replace(str(said), "")
    assert {one.missed for name, one in listed.items() if name != "verify"} == {0}
    assert listed["verify"].missed == missed


@pytest.mark.parametrize(
    ("query", "status"),
    [({"job": "nothing"}, 400), ({"after": "x"}, 400), ({"job": ""}, 200)],
)
def test_a_wrong_address_is_refused_kindly(
    officer: Client, jobs: Jobs, query: dict[str, str], status: int
) -> None:
    assert officer.get("/admin/jobs/", query).status_code == status


def test_nothing_can_be_changed_there(officer: Client, jobs: Jobs) -> None:
    assert officer.post("/admin/jobs/").status_code == 405


def test_the_page_needs_few_queries(
    officer: Client,
    jobs: Jobs,
    clock: MovableClock,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(5):
        jobs.run(VERIFY)
        clock.ahead += DAY.total_seconds()

    with django_assert_max_num_queries(8):
        officer.get("/admin/jobs/")
