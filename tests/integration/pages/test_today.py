"""Today says what waits and whether the controls have run; what is not known is not zero, and the queue's heads stand behind a record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audit.jobs.statuses import job_statuses, status_of
from audit.overview import pages
from audit.people.models import Violation
from audit.violations.counting import MOST_COUNTED, Counts
from eventstore.database import connect
from eventstore.errors import AccessNotRecorded, IndexIncomplete
from eventstore.models import Checkpoint, Partition, Subscription
from eventstore.queries.jobs import JobRunRow
from eventstore.upkeep.jobs import Job, Jobs
from eventstore.upkeep.schedule import scheduled
from tests.support.clocks import FixedClock
from tests.support.roles import client_as

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from django.test import Client

    from audit.columns.table import ShownRow
    from tests.plugins.mirrored import Mirrored

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def violation(n: int, severity: str, ago: timedelta, **fields: Any) -> Violation:
    """Detected so long ago, and not decided."""
    given = {
        "child_id": f"child-{n}",
        "violation_id": f"case-{n}",
        "category": "stranger_contact",
        "severity": severity,
        "detector": "d-1",
        "state": "detected",
        "detected_at": NOW - ago,
        "detected_occurred_at": NOW - ago,
        "detected_position": n,
        "version": 1,
        "act_version": 1,
        "began_at": NOW - ago,
        "period_s": 3600,
        "due_at": NOW - ago + HOUR,
        "queue_at": NOW - ago + HOUR,
    }
    return Violation.objects.create(**given | fields)


@pytest.fixture
def follows(mirrored: Mirrored) -> None:
    """Somebody follows the log for the violations' read model, and has come to its end."""
    mirrored.commit("conversation.a")
    Subscription.objects.create(
        name="violations", version=1, wants="all", made_at=NOW, born="{}"
    )
    for place in Partition.objects.all():
        Checkpoint.objects.create(
            subscription="violations",
            partition_id=place.pk,
            version=1,
            cursor=place.cursor,
            moved_at=NOW,
        )


# ---- jobs


def run(outcome: str, due: datetime, **fields: Any) -> JobRunRow:
    given: dict[str, Any] = {
        "id": 1, "job": "j", "due": due, "until": due, "runs": 1, "started": due, "ended": due,
        "scope": "s", "counts": {}, "outcome": outcome, "error": None,
    }  # fmt: skip
    return JobRunRow(**given | fields)


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
    assert not found["retention"].is_in_order


# ---- the page


def text(client: Client) -> str:
    answer = client.get("/admin/")
    assert answer.status_code == 200
    return answer.text


def test_before_the_read_model_has_begun_nothing_is_said_to_be_zero(
    officer: Client, mirrored: Mirrored
) -> None:
    said = text(officer)

    assert "Its read model has not begun to follow the log." in said
    assert "Nothing waits" not in said


def test_nothing_waits_is_said_only_of_a_read_model_that_follows(
    officer: Client, follows: None, recorder: list[dict[str, Any]]
) -> None:
    assert "Nothing waits" in text(officer)
    assert recorder == []  # nobody was shown


def test_a_read_model_that_is_behind_says_how_far(
    officer: Client, follows: None, mirrored: Mirrored
) -> None:
    mirrored.commit("conversation.a")

    assert "has 1 record to go" in " ".join(text(officer).split())


def test_the_heads_are_recorded_before_they_are_shown(
    officer: Client, follows: None, recorder: list[dict[str, Any]]
) -> None:
    violation(1, "critical", HOUR)
    violation(2, "low", HOUR)

    said = text(officer)

    assert "child-1" in said
    assert "Stranger contact" in said
    [look] = recorder
    assert look["kind"] == "list"
    assert sorted(look["subjects"]) == ["child-1", "child-2"]


def test_without_a_purpose_no_child_is_named_and_the_rest_stands(
    follows: None, recorder: list[dict[str, Any]]
) -> None:
    violation(1, "critical", HOUR)

    said = text(client_as("compliance_officer", purpose=None))

    assert "child-1" not in said
    assert "Say what you look for" in said
    assert "Jobs are controls" in said
    assert recorder == []


@pytest.mark.parametrize("role", ["operator", None])
def test_who_may_not_see_children_gets_figures_alone(
    staff: Client, follows: None, role: str | None
) -> None:
    violation(1, "critical", HOUR)

    said = text(client_as(role) if role else staff)

    assert "child-1" not in said
    assert "case-1" not in said
    assert "1 overdue" in " ".join(said.split())


def test_heads_that_cannot_be_recorded_are_not_shown_and_the_rest_is(
    officer: Client, follows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    violation(1, "critical", HOUR)

    def fails(*_args: object) -> None:
        raise AccessNotRecorded("the log is silent")  # noqa: EM101  (a reason)

    monkeypatch.setattr("audit.looking.record", fails)

    said = text(officer)

    assert "child-1" not in said
    assert "could not be written down" in said
    assert "Jobs are controls" in said


@pytest.mark.parametrize("name", ["queue_heads", "counts", "job_statuses", "statuses"])
def test_a_part_that_cannot_be_made_says_so_and_the_others_stand(
    officer: Client, follows: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fails(*_args: object, **_options: object) -> Iterator[ShownRow]:
        raise IndexIncomplete

    monkeypatch.setattr(pages, name, fails)

    said = text(officer)

    assert "unavailable" in said.lower()
    assert (IndexIncomplete.__doc__ or "").partition("\n")[0][:40] in said
    assert said.count('<section class="panel"') == 3


def test_whoever_looks_after_the_log_sees_what_it_holds(
    staff: Client, follows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "eventstore.conversation" in text(staff)

    def fails() -> None:
        raise IndexIncomplete

    monkeypatch.setattr(pages, "look_over", fails)

    assert text(staff).count("unavailable.") == 1


def test_one_that_waits_is_a_link_to_its_case(officer: Client, follows: None) -> None:
    violation(1, "critical", 2 * HOUR)

    said = text(officer)

    assert 'href="/admin/violations/child-1/case/case-1/"' in said
    assert "Overdue" in said


def test_what_is_counted_up_to_a_bound_says_so_of_each_figure(
    officer: Client, follows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = MOST_COUNTED
    found = Counts(
        open=most + 1, mine=most, second=most + 1, closed=0, overdue=most + 1
    )
    monkeypatch.setattr(pages, "counts", lambda *_: found)

    said = " ".join(text(officer).split())

    assert "10,000+ overdue, 10,000+ wait for a second person, 10,000 yours" in said
    assert "10,001" not in said
