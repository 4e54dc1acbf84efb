"""What officers do about a violation: behind the version that they saw, with whoever was quicker told, and two persons where that takes two."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from audit.approvals import asking, finishing
from audit.people.models import Approval, Violation
from audit.scheduled import DEEDS, finish_approvals
from audit.violations import acts
from audit.violations.acts import Case, Decided, Overtaken
from audit.violations.unasked import ask_for_all
from eventstore.database import and_hang_up
from eventstore.store import get_event_store
from teddy_es.domain import errors
from teddy_es.domain.approval import approval_of
from teddy_es.domain.child import ChildProfileUpdated
from teddy_es.domain.violations import SafetyViolationEscalated
from tests.support.clocks import A_HANG_S, MovableClock
from tests.support.families import handle

if TYPE_CHECKING:
    from tests.support.families import Families

CASE = Case("c-1", "v-1")
YES = Decided("confirmed", "s.4", "what I saw")


def names(stream: str = "child.c-1") -> list[str]:
    return [event.metadata.event_type for event in get_event_store().read(stream)]


def last(stream: str = "child.c-1") -> Any:
    return [*get_event_store().read(stream)][-1]


def test_each_act_is_an_event_behind_the_version_that_was_seen(
    families: Families,
) -> None:
    seen = families.detects("c-1", "v-1", severity="low").last_version
    seen = acts.claim(CASE, "ada", seen=seen).last_version
    seen = acts.acknowledge(CASE, "ada", seen=seen, note="n").last_version
    seen = acts.give_back(CASE, "ada", seen=seen).last_version
    seen = acts.decide(CASE, "bo", YES, seen=seen).last_version
    acts.reopen(CASE, "cy", seen=seen, note="again")

    assert [name.removeprefix("SafetyViolation") for name in names()] == [
        *("Detected", "Claimed", "Acknowledged", "Released", "Resolved"),
        "Reopened",
    ]
    assert last().data == {"violation_id": "v-1", "officer": "cy"}
    assert last().sealed is not None


def test_who_decides_has_seen_it(families: Families) -> None:
    seen = families.detects("c-1", "v-1", severity="medium").last_version

    acts.decide(CASE, "ada", YES, seen=seen)

    assert names()[1:] == ["SafetyViolationAcknowledged", "SafetyViolationResolved"]


def test_somebody_who_was_quicker_is_told_and_nothing_is_recorded(
    families: Families,
) -> None:
    seen = families.detects("c-1", "v-1", severity="low").last_version
    acts.claim(CASE, "ada", seen=seen)

    with pytest.raises(Overtaken) as told:
        acts.decide(CASE, "bo", YES, seen=seen)

    [done] = told.value.done
    assert (done.metadata.event_type, done.data["officer"]) == (
        "SafetyViolationClaimed",
        "ada",
    )
    assert len(names()) == 2


def test_what_is_nobodys_act_or_about_something_else_is_in_nobodys_way(
    families: Families,
) -> None:
    seen = families.detects("c-1", "v-1").last_version
    families.happens("child.c-1", ChildProfileUpdated(changes={"name": "M"}))
    families.detects("c-1", "v-2")
    acts.claim(Case("c-1", "v-2"), "bo", seen=3)
    clock = SafetyViolationEscalated(violation_id="v-1", level="overdue_50")
    families.happens("child.c-1", clock)

    acts.claim(CASE, "ada", seen=seen)

    manual = SafetyViolationEscalated(violation_id="v-1", level="manual")
    at = families.happens("child.c-1", manual).last_version
    with pytest.raises(Overtaken):
        acts.acknowledge(CASE, "ada", seen=at - 1)


def test_a_version_that_is_not_there_yet_has_nothing_recorded(
    families: Families,
) -> None:
    families.detects("c-1", "v-1")

    with pytest.raises(Overtaken):
        acts.claim(CASE, "ada", seen=2)
    with pytest.raises(errors.ViolationUnknown):
        acts.claim(Case("c-2", "v-1"), "ada", seen=0)


@pytest.mark.parametrize("severity", ["high", "critical"])
def test_what_is_severe_is_closed_by_two(families: Families, severity: str) -> None:
    seen = families.detects("c-1", "v-1", severity=severity).last_version

    proposed = acts.decide(CASE, "ada", YES, seen=seen).last_version
    assert "SafetyViolationResolved" not in names()
    acts.answer(CASE, "bo", "approved", seen=proposed, request_seen=1)

    assert last().data == {
        "violation_id": "v-1",
        "officer": "ada",
        "outcome": "confirmed",
        "clause": "s.4",
    }
    handle("approvals", "violations")
    row = Approval.objects.get()
    assert (row.state, row.requested_by, row.decided_by) == ("done", "ada", "bo")
    assert Violation.objects.get().state == "resolved"


@pytest.fixture
def proposed(families: Families) -> int:
    """The version at which a decision waits for its second person."""
    seen = families.detects("c-1", "v-1").last_version
    return acts.decide(CASE, "ada", YES, seen=seen).last_version


@pytest.mark.parametrize("decision", ["approved", "refused"])
def test_nobody_answers_what_they_asked_for(proposed: int, decision: Any) -> None:
    with pytest.raises(errors.ApprovalByRequester):
        acts.answer(CASE, "ada", decision, seen=proposed, request_seen=1, note="n")

    assert names()[-1] == "SafetyViolationDecisionProposed"


def test_a_refusal_says_why_under_the_childs_keys_and_the_case_stays_open(
    proposed: int,
) -> None:
    acts.answer(CASE, "bo", "refused", seen=proposed, request_seen=1, note="look again")

    assert names()[-1] == "SafetyViolationDecisionRefused"
    assert last().sealed is not None
    handle("approvals", "violations")
    assert Approval.objects.get().state == "refused"
    assert Violation.objects.get().state == "acknowledged"
    again = acts.decide(CASE, "bo", YES, seen=proposed + 1).last_version
    acts.answer(CASE, "ada", "approved", seen=again, request_seen=3)
    assert names()[-1] == "SafetyViolationResolved"


@pytest.mark.parametrize("end", ["withdrawn", "expired", "moved"])
def test_who_can_no_longer_answer_has_nothing_recorded(proposed: int, end: str) -> None:
    acts.withdraw(CASE, "ada", seen=proposed, request_seen=1)
    told: type[Exception] = errors.ApprovalNotWaiting
    request_seen = 2
    if end == "expired":
        ago = MovableClock()
        ago.ahead = -timedelta(hours=48).total_seconds()
        thing = asking.Thing("close_violation", CASE.object, proposed)
        asking.ask_again(thing, "ada", clock=ago)
        request_seen, told = 3, errors.ApprovalExpiredAlready
    elif end == "moved":
        request_seen, told = 1, asking.RequestMoved

    with pytest.raises(told):
        acts.answer(
            CASE, "bo", "refused", seen=proposed, request_seen=request_seen, note="n"
        )

    assert names()[-1] == "SafetyViolationDecisionProposed"


def test_a_refusal_that_is_recorded_is_said_to_be_though_its_request_was_taken_back(
    proposed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = asking.check

    def and_then_it_is_withdrawn(*given: Any, **more: Any) -> None:
        check(*given, **more)
        acts.withdraw(CASE, "ada", seen=proposed, request_seen=1)

    monkeypatch.setattr(asking, "check", and_then_it_is_withdrawn)
    with pytest.raises(asking.NotFinished):
        acts.answer(CASE, "bo", "refused", seen=proposed, request_seen=1, note="n")

    assert names()[-1] == "SafetyViolationDecisionRefused"


def test_an_answer_whose_deed_fails_is_recorded_and_carried_out_later(
    proposed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_thing: Any) -> Any:
        raise errors.ViolationClaimed

    with monkeypatch.context() as patched:
        patched.setattr(acts, "close_as_agreed", fails)
        with pytest.raises(asking.NotFinished):
            acts.answer(CASE, "bo", "approved", seen=proposed, request_seen=1)
    handle("approvals", "violations")

    assert finish_approvals()["carried_out"] == 1
    assert names()[-1] == "SafetyViolationResolved"


def test_a_request_is_for_one_version(families: Families, proposed: int) -> None:
    acts.claim(CASE, "ada", seen=proposed)

    with pytest.raises(Overtaken):
        acts.answer(CASE, "bo", "approved", seen=proposed, request_seen=1)

    again = acts.decide(CASE, "ada", YES, seen=proposed + 1).last_version
    with pytest.raises(asking.RequestMoved):
        acts.answer(CASE, "bo", "approved", seen=again, request_seen=1)
    acts.answer(CASE, "bo", "approved", seen=again, request_seen=3)
    assert names()[-1] == "SafetyViolationResolved"


def test_who_asked_takes_it_back_and_asks_again(proposed: int) -> None:
    with pytest.raises(errors.ApprovalNotTheirs):
        acts.withdraw(CASE, "bo", seen=proposed, request_seen=1)
    acts.withdraw(CASE, "ada", seen=proposed, request_seen=1)

    with pytest.raises(asking.RequestMoved):
        acts.answer(CASE, "bo", "approved", seen=proposed, request_seen=1)
    acts.ask_again(CASE, "ada", seen=proposed)
    acts.answer(CASE, "bo", "approved", seen=proposed, request_seen=3)
    assert names()[-1] == "SafetyViolationResolved"


@pytest.mark.parametrize("decision", ["approved", "refused"])
def test_nobody_answers_what_they_proposed_though_another_asked(
    proposed: int, decision: Any
) -> None:
    acts.withdraw(CASE, "ada", seen=proposed, request_seen=1)
    acts.ask_again(CASE, "bo", seen=proposed)

    for officer in ("ada", "bo"):
        with pytest.raises(errors.ApprovalByRequester):
            acts.answer(
                CASE, officer, decision, seen=proposed, request_seen=3, note="n"
            )

    assert names()[-1] == "SafetyViolationDecisionProposed"
    acts.answer(CASE, "cy", "approved", seen=proposed, request_seen=3)
    assert names()[-1] == "SafetyViolationResolved"


@pytest.mark.parametrize("seen", [2, 4, 3_000_000_000])
def test_nobody_is_asked_about_what_proposes_nothing(proposed: int, seen: int) -> None:
    acts.withdraw(CASE, "ada", seen=proposed, request_seen=1)
    approval = f"approval.{approval_of('close_violation', CASE.object)}"
    before = names(approval)

    with pytest.raises((errors.ViolationNotProposed, Overtaken)):
        acts.ask_again(CASE, "bo", seen=seen)

    assert names(approval) == before


def test_a_proposal_about_another_violation_closes_nothing(
    families: Families, proposed: int
) -> None:
    families.detects("c-1", "v-2")
    other = Case("c-1", "v-2")

    with pytest.raises((errors.ViolationNotProposed, Overtaken)):
        acts.ask_again(other, "bo", seen=proposed)
    with pytest.raises(errors.ViolationNotProposed):
        acts.close_as_agreed(asking.Thing("close_violation", other.object, proposed))

    assert "SafetyViolationResolved" not in names()


def test_a_request_that_cannot_be_finished_keeps_no_other_away(
    families: Families, proposed: int
) -> None:
    def died(_thing: Any) -> Any:
        raise KeyboardInterrupt

    families.detects("c-9", "v-9")
    broken = asking.Thing("close_violation", "child.c-9/v-9", 1)
    thing = asking.Thing("close_violation", CASE.object, proposed)
    asking.ask(broken, "ada")
    for one in (broken, thing):
        with pytest.raises(KeyboardInterrupt):
            asking.answer(one, "bo", "approved", seen=1, deed=died)
    handle("approvals", "violations")

    with pytest.raises(finishing.FinishingFailed):
        finish_approvals()

    assert names()[-1] == "SafetyViolationResolved"
    handle("approvals")
    states = Approval.objects.values_list("object", "state")
    assert dict(states) == {broken.object: "approved", thing.object: "done"}


def test_what_nobody_answers_in_time_is_over(proposed: int) -> None:
    handle("approvals")
    clock = MovableClock()

    assert finishing.finish(DEEDS, clock=clock)["expired"] == 0
    clock.ahead = timedelta(hours=25).total_seconds()
    assert finishing.finish(DEEDS, clock=clock)["expired"] == 1
    assert finishing.finish(DEEDS, clock=clock)["expired"] == 0

    handle("approvals")
    assert Approval.objects.get().state == "expired"


def test_an_answer_that_nobody_carried_out_is_carried_out_once(
    proposed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def died(_thing: Any) -> Any:
        raise KeyboardInterrupt

    thing = asking.Thing("close_violation", CASE.object, proposed)
    with pytest.raises(KeyboardInterrupt):
        asking.answer(thing, "bo", "approved", seen=1, deed=died)
    assert names()[-1] == "SafetyViolationDecisionProposed"
    handle("approvals", "violations")

    assert finish_approvals()["carried_out"] == 1
    assert finish_approvals()["carried_out"] == 0

    assert names().count("SafetyViolationResolved") == 1
    handle("approvals")
    assert Approval.objects.get().state == "done"


@pytest.mark.parametrize("closed", [False, True])
def test_an_answer_to_what_is_another_thing_by_now_is_said_to_be_overtaken(
    families: Families, proposed: int, *, closed: bool
) -> None:
    def died(thing: Any) -> Any:
        if closed:  # it died behind the deed
            acts.close_as_agreed(thing)
        else:
            acts.claim(CASE, "ada", seen=proposed)
        raise KeyboardInterrupt

    thing = asking.Thing("close_violation", CASE.object, proposed)
    with pytest.raises(KeyboardInterrupt):
        asking.answer(thing, "bo", "approved", seen=1, deed=died)
    handle("approvals")

    finish_approvals()

    handle("approvals")
    assert Approval.objects.get().state == ("done" if closed else "overtaken")
    assert names().count("SafetyViolationResolved") == closed


def test_a_proposal_that_nobody_was_asked_about_is_asked_about(
    families: Families, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = families.detects("c-1", "v-1").last_version

    def died(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(asking, "ask", died)
        with pytest.raises(KeyboardInterrupt):
            acts.decide(CASE, "ada", YES, seen=seen)
    handle("violations", "approvals")

    assert (ask_for_all(), ask_for_all()) == (1, 0)

    handle("approvals")
    assert ask_for_all() == 0
    row = Approval.objects.get()
    assert (row.requested_by, row.object_version, row.state) == ("ada", 3, "waiting")


@pytest.mark.parametrize("end", ["withdrawn", "refused"])
def test_what_was_answered_or_taken_back_is_not_asked_for_again(
    proposed: int, end: str
) -> None:
    if end == "withdrawn":
        acts.withdraw(CASE, "ada", seen=proposed, request_seen=1)
    else:
        acts.answer(CASE, "bo", "refused", seen=proposed, request_seen=1, note="n")
    handle("violations", "approvals")

    assert ask_for_all() == 0


@pytest.mark.parametrize("severity", ["low", "critical"])
def test_of_two_who_decide_at_the_same_moment_one_is_told_who_was_quicker(
    families_on_each_log: Families, severity: str
) -> None:
    case = Case(f"c-{uuid4()}", "v-1")
    seen = families_on_each_log.detects(
        case.child_id, "v-1", severity=severity
    ).last_version
    meet = Barrier(2)

    def decide(officer: str) -> Any:
        meet.wait(A_HANG_S)
        try:
            return acts.decide(case, officer, YES, seen=seen)
        except Overtaken as overtaken:
            return overtaken

    with ThreadPoolExecutor(2) as pool:
        officers = ("ada", "bo")
        done = [pool.submit(and_hang_up, partial(decide, one)) for one in officers]
        outcomes = [one.result(A_HANG_S) for one in done]

    [overtaken] = [one for one in outcomes if isinstance(one, Overtaken)]
    written = names(case.stream_id)
    assert [name for name in written if name != "SafetyViolationDetected"] == [
        "SafetyViolationAcknowledged",
        "SafetyViolationResolved"
        if severity == "low"
        else "SafetyViolationDecisionProposed",
    ]
    quicker = last(case.stream_id).data["officer"]
    assert {event.data["officer"] for event in overtaken.done} == {quicker}


def test_of_two_second_persons_at_the_same_moment_one_answer_counts(
    families_on_each_log: Families,
) -> None:
    case = Case(f"c-{uuid4()}", "v-1")
    seen = families_on_each_log.detects(case.child_id, "v-1").last_version
    proposed = acts.decide(case, "ada", YES, seen=seen).last_version
    meet = Barrier(2)

    def answer(officer: str) -> bool:
        meet.wait(A_HANG_S)
        try:
            acts.answer(case, officer, "approved", seen=proposed, request_seen=1)
        except (Overtaken, asking.RequestMoved):
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(and_hang_up, partial(answer, one)) for one in ("bo", "cy")]
        answered = [one.result(A_HANG_S) for one in done]

    assert sorted(answered) == [False, True]
    assert names(case.stream_id).count("SafetyViolationResolved") == 1
    approval = f"approval.{approval_of('close_violation', case.object)}"
    assert names(approval) == [
        "ApprovalRequested",
        "ApprovalDecided",
        "ApprovalCarriedOut",
    ]
