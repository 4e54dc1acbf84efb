"""Today says what waits and whether the controls have run; what is not known is not zero, and the queue's heads stand behind a record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audit.overview import pages
from audit.people.models import Violation
from audit.violations.counting import MOST_COUNTED, Counts
from eventstore.clock import SystemClock
from eventstore.errors import AccessNotRecorded, IndexIncomplete
from eventstore.models import Checkpoint, Partition, Subscription
from eventstore.queries.jobs import LastRuns
from eventstore.upkeep.schedule import scheduled
from tests.support.roles import client_as

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from audit.columns.table import ShownRow
    from tests.plugins.mirrored import Mirrored

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


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


@pytest.mark.parametrize(
    ("ago", "said"),
    [(timedelta(), "None due yet"), (3 * DAY, f"{len(scheduled())} not in order")],
)
def test_todays_tile_says_how_jobs_stand_that_never_ran(
    officer: Client,
    follows: None,
    monkeypatch: pytest.MonkeyPatch,
    ago: timedelta,
    said: str,
) -> None:
    none = LastRuns({}, SystemClock().now() - ago)
    monkeypatch.setattr("audit.jobs.statuses.last_runs", lambda *_: none)

    page = " ".join(text(officer).split())

    assert f'<dd class="value">{said}</dd>' in page
    assert page.count("Not due yet<") == (len(scheduled()) if not ago else 0)
    assert page.count("it has never run here") == (len(scheduled()) if ago else 0)
