"""Nothing is late unseen: every level that is due is raised once, by however many, however late, and whoever dies in between."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from audit.people.models import Violation
from audit.scheduled import ESCALATE
from audit.violations import escalation
from audit.violations.escalation import EscalationFailed, escalate
from eventstore.database import and_hang_up, connect
from eventstore.errors import LogUnavailable
from eventstore.store import EventStore, get_event_store
from eventstore.upkeep.jobs import JobOutcome, Jobs
from teddy_es.domain.violations import (
    SafetyViolationReopened,
    SafetyViolationResolved,
)
from tests.support.clocks import A_HANG_S, MovableClock
from tests.support.families import handle

if TYPE_CHECKING:
    from tests.support.families import Families

RESOLVED = SafetyViolationResolved(
    violation_id="v-1", officer="ada", outcome="confirmed"
)
REOPENED = SafetyViolationReopened(violation_id="v-1", officer="ada")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovableClock:
    """That the read model lies behind is another test's: here time goes on faster than it follows."""
    monkeypatch.setattr(escalation, "BEHIND", timedelta(days=365))
    return MovableClock()


def minutes(clock: MovableClock, ahead: float) -> MovableClock:
    clock.ahead = timedelta(minutes=ahead).total_seconds()
    return clock


def levels(stream: str = "child.c-1") -> list[tuple[str, str]]:
    return [
        (event.data["violation_id"], event.data["level"])
        for event in get_event_store().read(stream)
        if event.metadata.event_type == "SafetyViolationEscalated"
    ]


def test_each_level_is_raised_when_its_time_has_come(
    families: Families, clock: MovableClock
) -> None:
    families.detects("c-1", "v-1", severity="critical")
    handle("violations")
    raised = []

    for ahead in (7, 8, 8, 16, 22, 23, 99):
        raised.append(escalate(clock=minutes(clock, ahead))["levels"])
        handle("violations")

    assert raised == [0, 1, 0, 1, 0, 1, 0]
    assert [level for _, level in levels()] == [
        "overdue_50",
        "overdue_100",
        "overdue_150",
    ]


def test_who_comes_late_raises_all_that_are_due_together(
    families: Families, clock: MovableClock
) -> None:
    families.detects("c-1", "v-1", severity="critical")
    families.detects("c-1", "v-2", severity="low")
    families.detects("c-2", "v-1", severity="high")
    handle("violations")

    done = escalate(clock=minutes(clock, 70))

    assert done == {"violations": 2, "levels": 5}
    assert {one for one, _ in levels()} == {"v-1"}
    assert escalate(clock=clock) == {"violations": 0, "levels": 0}


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_run_is_bounded_and_the_next_goes_on(
    families: Families, clock: MovableClock, page: int, most: int
) -> None:
    for n in range(3):
        families.detects(f"c-{n}", "v-1", severity="critical")
    handle("violations")
    minutes(clock, 60)

    cases = [
        escalate(clock=clock, most=most, page=page)["violations"] for _ in range(4)
    ]

    assert sum(cases) == 3
    assert max(cases) == most
    assert all(len(levels(f"child.c-{n}")) == 3 for n in range(3))


def test_what_is_closed_is_raised_no_more_and_what_is_reopened_begins_anew(
    families: Families, clock: MovableClock
) -> None:
    families.detects("c-1", "v-1", severity="critical")
    handle("violations")
    families.happens("child.c-1", RESOLVED)
    assert escalate(clock=minutes(clock, 60))["levels"] == 0
    families.happens("child.c-1", REOPENED)

    # the read model still has the clock from before the decision: nothing is raised by that
    assert escalate(clock=minutes(clock, 60))["levels"] == 0
    handle("violations")
    assert escalate(clock=minutes(clock, 8))["levels"] == 1


def test_a_time_that_nobody_had_set_is_watched_from_when_the_log_took_it(
    families: Families, clock: MovableClock
) -> None:
    event = families.detects("c-1", "v-1", severity="critical")
    del event
    unset = datetime(1970, 1, 2, tzinfo=UTC)
    families.happens("child.c-1", REOPENED, occurred_at=unset)
    handle("violations")

    assert Violation.objects.get().due_at is None
    assert escalate(clock=minutes(clock, 16))["levels"] == 2


def test_two_workers_at_once_raise_a_level_once(
    families: Families, clock: MovableClock
) -> None:
    for n in range(3):
        families.detects("c-1", f"v-{n}", severity="critical")
    handle("violations")
    minutes(clock, 20)
    meet = Barrier(2)

    def work() -> Any:
        meet.wait(A_HANG_S)
        return escalate(clock=clock)

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(and_hang_up, work) for _ in range(2)]
        counts = [one.result(A_HANG_S) for one in both]

    assert sum(one["levels"] for one in counts) == 6
    assert sorted(levels()) == sorted(
        (f"v-{n}", level) for n in range(3) for level in ("overdue_50", "overdue_100")
    )


@pytest.mark.parametrize("is_written", [False, True])
def test_who_is_killed_between_has_raised_it_or_not_and_the_next_run_goes_on(
    families: Families,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_written: bool,
) -> None:
    for n in range(2):
        families.detects(f"c-{n}", "v-1", severity="critical")
    handle("violations")
    minutes(clock, 20)
    append = EventStore.append

    def dies(store: Any, *args: Any, **given: Any) -> Any:
        if is_written:
            append(store, *args, **given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(EventStore, "append", dies)
        with pytest.raises(KeyboardInterrupt):
            escalate(clock=clock)

    escalate(clock=clock)

    for n in range(2):
        assert [level for _, level in levels(f"child.c-{n}")] == [
            "overdue_50",
            "overdue_100",
        ]


def test_a_case_that_cannot_be_read_keeps_none_behind_it_away_and_is_said(
    families: Families, clock: MovableClock
) -> None:
    families.detects("c-1", "v-1", severity="critical")
    families.detects("c-2", "v-1", severity="critical")
    handle("violations")
    Violation.objects.filter(child_id="c-1").update(child_id="c-0")  # has no stream

    with pytest.raises(EscalationFailed):
        escalate(clock=minutes(clock, 20), page=1)

    assert len(levels("child.c-2")) == 2


def test_a_log_that_does_not_answer_ends_the_run(
    families: Families, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    families.detects("c-1", "v-1", severity="critical")
    handle("violations")

    reason = "it is down"

    def silent(*_: Any, **__: Any) -> Any:
        raise LogUnavailable(reason)

    monkeypatch.setattr(EventStore, "append", silent)
    with pytest.raises(LogUnavailable):
        escalate(clock=minutes(clock, 20))


def test_a_read_model_that_lies_behind_is_said(families: Families) -> None:
    families.detects("c-1", "v-1", severity="critical")
    clock = MovableClock()

    assert escalate(clock=minutes(clock, 4))["levels"] == 0
    with pytest.raises(EscalationFailed):
        escalate(clock=minutes(clock, 6))


def test_it_is_a_job_that_leaves_its_row(families: Families) -> None:
    families.detects("c-1", "v-1", severity="critical")
    handle("violations")

    assert Jobs(connect, MovableClock()).run(ESCALATE) is JobOutcome.DONE
