"""The rules of the Teddy domain, in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from eventstore.aggregates import DomainError
from eventstore.testing.scenario import given
from teddy_es.domain import errors
from teddy_es.domain.child import Child, ChildProfileUpdated, ChildRegistered
from teddy_es.domain.conversation import (
    ChildSpoke,
    Conversation,
    ConversationEnded,
    ConversationStarted,
    MessageScreened,
    TeddyReplied,
)
from teddy_es.domain.parent import (
    ConsentGranted,
    ConsentWithdrawn,
    ErasureRequested,
    Parent,
    ParentRegistered,
)
from teddy_es.domain.types import registry
from teddy_es.domain.violations import (
    SafetyViolationAcknowledged,
    SafetyViolationClaimed,
    SafetyViolationDecisionProposed,
    SafetyViolationDecisionRefused,
    SafetyViolationDetected,
    SafetyViolationEscalated,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
)

if TYPE_CHECKING:
    from collections.abc import Callable

REGISTERED = ChildRegistered(parent_id="p-1", name="Mia")
DETECTED = SafetyViolationDetected(
    violation_id="v-1", category="bullying", severity="high", detector="rules/3"
)
ACKNOWLEDGED = SafetyViolationAcknowledged(violation_id="v-1", officer="ada")
CLAIMED = SafetyViolationClaimed(violation_id="v-1", officer="ada")
RELEASED = SafetyViolationReleased(violation_id="v-1", officer="ada")
RESOLVED = SafetyViolationResolved(
    violation_id="v-1", officer="ada", outcome="confirmed"
)
PROPOSED = SafetyViolationDecisionProposed(
    violation_id="v-1", officer="ada", outcome="confirmed"
)
REOPENED = SafetyViolationReopened(violation_id="v-1", officer="bo")
STARTED = ConversationStarted(child_id="c-1")
OVER = ConversationEnded(child_id="c-1", reason="timeout")
PARENT = ParentRegistered(name="Noor", email="noor@example.org")
ALLOWED = ConsentGranted(child_id="c-1", scope="profiling", policy_version="2")
WITHDRAWN = ConsentWithdrawn(child_id="c-1", scope="profiling")


def overdue(level: Any) -> SafetyViolationEscalated:
    return SafetyViolationEscalated(violation_id="v-1", level=level)


Case = tuple[list[Any], "Callable[[Any], object]", Any]

CHILD: dict[str, Case] = {
    "registered": ([], lambda c: c.register("p-1", "Mia"), REGISTERED),
    "registered twice": (
        [REGISTERED],
        lambda c: c.register("p-1", "Mia"),
        "child-already-registered",
    ),
    "a profile": (
        [REGISTERED],
        lambda c: c.update_profile({"nickname": None}),
        ChildProfileUpdated(changes={"nickname": None}),
    ),
    "nobody's profile": (
        [],
        lambda c: c.update_profile({"nickname": "M"}),
        "child-not-registered",
    ),
    "detected, whoever it is": (
        [],
        lambda c: c.detect("v-1", "bullying", "high", detector="rules/3"),
        DETECTED,
    ),
    "detected twice": (
        [DETECTED],
        lambda c: c.detect("v-1", "hate", "low", detector="rules/4"),
        "violation-already-detected",
    ),
    "acknowledged": ([DETECTED], lambda c: c.acknowledge("v-1", "ada"), ACKNOWLEDGED),
    "acknowledged twice": (
        [DETECTED, ACKNOWLEDGED],
        lambda c: c.acknowledge("v-1", "bo"),
        "violation-already-acknowledged",
    ),
    "unknown": ([], lambda c: c.acknowledge("v-2", "ada"), "violation-unknown"),
    "proposed": (
        [DETECTED, ACKNOWLEDGED, CLAIMED],
        lambda c: c.propose("v-1", "ada", "confirmed"),
        PROPOSED,
    ),
    "not agreed to": (
        [DETECTED, ACKNOWLEDGED, PROPOSED, overdue("overdue_50")],
        lambda c: c.disagree("v-1", "bo", note="n"),
        SafetyViolationDecisionRefused(violation_id="v-1", officer="bo", note="n"),
    ),
    "not agreed to by who proposed it": (
        [DETECTED, ACKNOWLEDGED, PROPOSED],
        lambda c: c.disagree("v-1", "ada", note="n"),
        "approval-by-requester",
    ),
    "not agreed to when something else was done behind it": (
        [DETECTED, ACKNOWLEDGED, PROPOSED, CLAIMED],
        lambda c: c.disagree("v-1", "bo", note="n"),
        "violation-not-proposed",
    ),
    "proposed by another than who works on it": (
        [DETECTED, ACKNOWLEDGED, CLAIMED],
        lambda c: c.propose("v-1", "bo", "confirmed"),
        "violation-claimed",
    ),
    "proposed before it was seen": (
        [DETECTED],
        lambda c: c.propose("v-1", "ada", "confirmed"),
        "violation-not-acknowledged",
    ),
    "proposed when it is closed": (
        [DETECTED, ACKNOWLEDGED, RESOLVED],
        lambda c: c.propose("v-1", "ada", "confirmed"),
        "violation-resolved",
    ),
    "resolved as it was proposed": (
        [DETECTED, ACKNOWLEDGED, CLAIMED, PROPOSED],
        lambda c: c.resolve("v-1", "ada", "confirmed"),
        RESOLVED,
    ),
    "claimed": ([DETECTED], lambda c: c.claim("v-1", "ada"), CLAIMED),
    "claimed by two": (
        [DETECTED, CLAIMED],
        lambda c: c.claim("v-1", "bo"),
        "violation-claimed",
    ),
    "claimed after a release": (
        [DETECTED, CLAIMED, RELEASED],
        lambda c: c.claim("v-1", "ada"),
        CLAIMED,
    ),
    "released": ([DETECTED, CLAIMED], lambda c: c.release("v-1", "ada"), RELEASED),
    "released by another": (
        [DETECTED, CLAIMED],
        lambda c: c.release("v-1", "bo"),
        "violation-not-claimed",
    ),
    "released by nobody": (
        [DETECTED],
        lambda c: c.release("v-1", "ada"),
        "violation-not-claimed",
    ),
    "escalated": (
        [DETECTED],
        lambda c: c.escalate("v-1", "overdue_50"),
        overdue("overdue_50"),
    ),
    "escalated further": (
        [DETECTED, overdue("overdue_50")],
        lambda c: c.escalate("v-1", "overdue_100"),
        overdue("overdue_100"),
    ),
    "escalated to the same level": (
        [DETECTED, overdue("overdue_50")],
        lambda c: c.escalate("v-1", "overdue_50"),
        "violation-already-escalated",
    ),
    "escalated by hand again": (
        [DETECTED, overdue("manual")],
        lambda c: c.escalate("v-1", "manual"),
        overdue("manual"),
    ),
    "escalated though resolved": (
        [DETECTED, ACKNOWLEDGED, RESOLVED],
        lambda c: c.escalate("v-1", "manual"),
        "violation-resolved",
    ),
    "resolved": (
        [DETECTED, ACKNOWLEDGED],
        lambda c: c.resolve("v-1", "ada", "confirmed"),
        RESOLVED,
    ),
    "resolved before it was acknowledged": (
        [DETECTED],
        lambda c: c.resolve("v-1", "ada", "confirmed"),
        "violation-not-acknowledged",
    ),
    "resolved by another than who claimed it": (
        [DETECTED, ACKNOWLEDGED, CLAIMED],
        lambda c: c.resolve("v-1", "bo", "confirmed"),
        "violation-claimed",
    ),
    "resolved twice": (
        [DETECTED, ACKNOWLEDGED, RESOLVED],
        lambda c: c.resolve("v-1", "ada", "confirmed"),
        "violation-resolved",
    ),
    "reopened": (
        [DETECTED, ACKNOWLEDGED, RESOLVED],
        lambda c: c.reopen("v-1", "bo"),
        REOPENED,
    ),
    "reopened though open": (
        [DETECTED],
        lambda c: c.reopen("v-1", "bo"),
        "violation-not-resolved",
    ),
    "resolved again before it was acknowledged again": (
        [DETECTED, ACKNOWLEDGED, RESOLVED, REOPENED],
        lambda c: c.resolve("v-1", "ada", "confirmed"),
        "violation-not-acknowledged",
    ),
    "escalated again after it was reopened": (
        [DETECTED, overdue("overdue_50"), ACKNOWLEDGED, RESOLVED, REOPENED],
        lambda c: c.escalate("v-1", "overdue_50"),
        overdue("overdue_50"),
    ),
}

CONVERSATION: dict[str, Case] = {
    "started": ([], lambda c: c.start("c-1"), STARTED),
    "started twice": (
        [STARTED],
        lambda c: c.start("c-1"),
        "conversation-already-started",
    ),
    "heard": (
        [STARTED],
        lambda c: c.hear("Hello"),
        ChildSpoke(child_id="c-1", text="Hello"),
    ),
    "replied": (
        [STARTED],
        lambda c: c.reply("Hello", model="m/1", blocked=True),
        TeddyReplied(child_id="c-1", text="Hello", model="m/1", blocked=True),
    ),
    "ended": ([STARTED], lambda c: c.end("timeout"), OVER),
    "screened behind the end": (
        [STARTED, ChildSpoke(child_id="c-1", text="Hello"), OVER],
        lambda c: c.screen(2, detector="rules/3.1", policy_version="7"),
        MessageScreened(
            child_id="c-1", message_version=2, detector="rules/3.1", policy_version="7"
        ),
    ),
    "screened before the start": (
        [],
        lambda c: c.screen(2, detector="rules/3.1", policy_version="7"),
        "conversation-not-started",
    ),
    "heard before the start": (
        [],
        lambda c: c.hear("Hello"),
        "conversation-not-started",
    ),
    "heard behind the end": (
        [STARTED, OVER],
        lambda c: c.hear("Hello?"),
        "conversation-is-over",
    ),
    "replied behind the end": (
        [STARTED, OVER],
        lambda c: c.reply("Hello?"),
        "conversation-is-over",
    ),
    "ended twice": ([STARTED, OVER], lambda c: c.end(), "conversation-is-over"),
}

PARENT_RULES: dict[str, Case] = {
    "registered": ([], lambda p: p.register("Noor", "noor@example.org"), PARENT),
    "registered twice": (
        [PARENT],
        lambda p: p.register("Noor", "noor@example.org"),
        "parent-already-registered",
    ),
    "granted": (
        [PARENT],
        lambda p: p.grant_consent("c-1", "profiling", "2"),
        ALLOWED,
    ),
    "granted by nobody": (
        [],
        lambda p: p.grant_consent("c-1", "profiling", "2"),
        "parent-not-registered",
    ),
    "granted twice": (
        [PARENT, ALLOWED],
        lambda p: p.grant_consent("c-1", "profiling", "2"),
        "consent-already-granted",
    ),
    "granted under a new policy": (
        [PARENT, ALLOWED],
        lambda p: p.grant_consent("c-1", "profiling", "3"),
        ConsentGranted(child_id="c-1", scope="profiling", policy_version="3"),
    ),
    "granted as the law wants it told": (
        [PARENT],
        lambda p: p.grant_consent(
            "c-1", "profiling", "2", method="card_payment", notice_version="2026-02"
        ),
        ConsentGranted(
            child_id="c-1",
            scope="profiling",
            policy_version="2",
            method="card_payment",
            notice_version="2026-02",
        ),
    ),
    "granted again after a withdrawal": (
        [PARENT, ALLOWED, WITHDRAWN],
        lambda p: p.grant_consent("c-1", "profiling", "2"),
        ALLOWED,
    ),
    "withdrawn": (
        [PARENT, ALLOWED],
        lambda p: p.withdraw_consent("c-1", "profiling"),
        WITHDRAWN,
    ),
    "withdrawn twice": (
        [PARENT, ALLOWED, WITHDRAWN],
        lambda p: p.withdraw_consent("c-1", "profiling"),
        "consent-not-granted",
    ),
    "withdrawn for another child": (
        [PARENT, ALLOWED],
        lambda p: p.withdraw_consent("c-2", "profiling"),
        "consent-not-granted",
    ),
    "erasure": (
        [PARENT],
        lambda p: p.request_erasure("c-1"),
        ErasureRequested(child_id="c-1"),
    ),
    "erasure twice": (
        [PARENT, ErasureRequested(child_id="c-1")],
        lambda p: p.request_erasure("c-1"),
        "erasure-already-requested",
    ),
}


def decided(aggregate: Any, case: Case) -> None:
    history, command, becomes = case
    outcome = given(aggregate, *history).when(command)
    if isinstance(becomes, str):
        outcome.then_refused(becomes)
    else:
        outcome.then(becomes)


@pytest.mark.parametrize("case", CHILD.values(), ids=CHILD.keys())
def test_a_child_and_its_violations_follow_the_rules(case: Case) -> None:
    decided(Child("c-1"), case)


@pytest.mark.parametrize("case", CONVERSATION.values(), ids=CONVERSATION.keys())
def test_a_conversation_follows_the_rules(case: Case) -> None:
    decided(Conversation("t-1"), case)


@pytest.mark.parametrize("case", PARENT_RULES.values(), ids=PARENT_RULES.keys())
def test_a_parent_follows_the_rules(case: Case) -> None:
    decided(Parent("p-1"), case)


def test_what_is_allowed_is_told() -> None:
    parent = given(Parent("p-1"), PARENT, ALLOWED).aggregate

    assert parent.allows("c-1", "profiling")
    assert not parent.allows("c-1", "voice_recording")
    assert not parent.allows("c-2", "profiling")


def test_a_state_never_holds_what_was_said_nor_a_name() -> None:
    talk = given(Conversation("t-1"), STARTED, ChildSpoke(child_id="c-1", text="hush"))
    child = given(Child("c-1"), REGISTERED, DETECTED)

    stored = msgspec.json.encode([talk.aggregate.state, child.aggregate.state]).decode()

    assert "hush" not in stored
    assert "Mia" not in stored


def test_events_about_a_violation_that_was_never_detected_are_passed() -> None:
    child = given(Child("c-1"), ACKNOWLEDGED, RESOLVED, overdue("manual")).aggregate

    assert child.version == 3
    assert not child.state.violations


@pytest.mark.parametrize("aggregate_class", [Child, Conversation, Parent])
def test_a_state_is_the_same_behind_a_snapshot(aggregate_class: Any) -> None:
    histories = {
        Child: [REGISTERED, DETECTED, ACKNOWLEDGED, CLAIMED, overdue("overdue_50")],
        Conversation: [STARTED, ChildSpoke(child_id="c-1", text="Hello"), OVER],
        Parent: [PARENT, ALLOWED, ErasureRequested(child_id="c-1")],
    }
    state = given(aggregate_class("x-1"), *histories[aggregate_class]).aggregate.state

    stored = msgspec.json.encode(state)

    assert msgspec.json.decode(stored, type=aggregate_class.state_type) == state


def test_every_refusal_has_a_code_of_its_own_and_words() -> None:
    refusals = [
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, DomainError)
    ]

    codes = [one.code for one in refusals if one is not DomainError]

    assert len(set(codes)) == len(codes) == 26
    assert all(str(one()) == one.__doc__ for one in refusals if one is not DomainError)


def test_every_stream_type_that_people_decide_about_has_its_aggregate() -> None:
    for aggregate_class in (Child, Conversation, Parent):
        assert aggregate_class.stream_type in registry.stream_types
