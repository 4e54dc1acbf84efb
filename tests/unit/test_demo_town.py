"""The demo's town: the same at any time but for the times, and nothing in it that the domain's rules would refuse."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, get_args

import pytest

from teddy_es.demo.cases import CLOCKS, FOUR_EYES, Ending, cases
from teddy_es.demo.town import Town, town
from teddy_es.domain.access import DataAccessed
from teddy_es.domain.approval import (
    Approval,
    ApprovalCarriedOut,
    ApprovalDecided,
    ApprovalRequested,
    approval_of,
)
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
    SafetyViolationDetected,
    SafetyViolationEscalated,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
)

if TYPE_CHECKING:
    from typing import Any

    from eventstore.events import NewEvent

NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)


@cache
def the_town() -> Town:
    return town(NOW)


def by_stream(made: Town) -> dict[str, list[NewEvent]]:
    found: dict[str, list[NewEvent]] = defaultdict(list)
    for commit in made.commits:
        found[commit.stream_id] += commit.events
    return found


def test_it_is_the_same_town_at_another_time() -> None:
    later = timedelta(days=3, hours=2)

    then = town(NOW + later)

    assert len(then.commits) == len(the_town().commits)
    for one, other in zip(the_town().commits, then.commits, strict=True):
        assert (one.stream_id, one.commit_id) == (other.stream_id, other.commit_id)
        for event, again in zip(one.events, other.events, strict=True):
            assert event.event_id == again.event_id
            assert event.occurred_at is not None
            assert event.occurred_at + later == again.occurred_at


def test_another_seed_is_another_town() -> None:
    other = town(NOW, seed=2, households=1)

    ours = {commit.stream_id for commit in the_town().commits}
    theirs = {commit.stream_id for commit in other.commits}
    assert {one for one in ours & theirs if not one.startswith("access.")} == set()


def test_nothing_has_happened_yet_that_has_not_happened() -> None:
    times = [e.occurred_at for commit in the_town().commits for e in commit.events]

    assert max(one for one in times if one is not None) <= NOW


def test_there_are_sixty_households_and_a_child_that_nobody_registered() -> None:
    streams = by_stream(the_town())

    assert sum(one.startswith("parent.") for one in streams) == 60
    early = streams[f"child.{the_town().early}"]
    assert [type(event.data) for event in early] == [SafetyViolationDetected]
    assert {the_town().forgotten, the_town().kept} < {
        one.partition(".")[2] for one in streams if one.startswith("child.")
    }


def test_the_door_takes_every_event() -> None:
    for stream_id, events in by_stream(the_town()).items():
        registry.stream_type_of(stream_id)
        for event in events:
            name = registry.type_of(event.data).name
            registry.admit(stream_id.partition(".")[0], name, None, event.data)


def test_each_severity_is_there_in_each_state() -> None:
    found = {(case.severity, case.ending) for case in cases()}

    endings = [one for one in get_args(Ending) if one != "waiting"]
    waiting = [(severity, "waiting") for severity in FOUR_EYES]
    assert found == {*product(CLOCKS, endings), *waiting}


@pytest.mark.parametrize("severity", CLOCKS)
def test_of_each_severity_some_are_overdue_and_some_are_not(severity: str) -> None:
    late = Counter(
        case.waited > CLOCKS[case.severity]
        for case in cases()
        if case.is_open and case.severity == severity
    )

    assert late[True] > 0
    assert late[False] > 0


def test_a_high_one_waits_for_its_second_person_and_no_request_is_over_yet() -> None:
    waiting = {}
    for stream_id, events in by_stream(the_town()).items():
        if stream_id.startswith("approval."):
            asked = events[0].data
            assert approval_of(asked.kind, asked.object) == stream_id.partition(".")[2]
            child, _, violation = asked.object.partition("/")
            proposed = by_stream(the_town())[child][asked.version - 1].data
            assert isinstance(proposed, SafetyViolationDecisionProposed)
            assert (proposed.violation_id, proposed.officer) == (
                violation,
                asked.requested_by,
            )
            if len(events) == 1:
                waiting[asked.object] = asked.expires_at

    assert len(waiting) == len(FOUR_EYES)
    assert min(waiting.values()) > NOW


def test_no_rule_would_have_refused_what_was_done() -> None:
    for stream_id, events in by_stream(the_town()).items():
        kind, _, own_id = stream_id.partition(".")
        if kind in PLAYED:
            make, play = PLAYED[kind]
            aggregate = make(own_id)
            for event in events:
                play(aggregate, event.data)


def play_child(child: Child, event: Any) -> None:
    match event:
        case ChildRegistered():
            child.register(event.parent_id, event.name)
        case ChildProfileUpdated():
            child.update_profile(event.changes)
        case SafetyViolationDetected():
            child.detect(
                event.violation_id, event.category, event.severity, detector="any"
            )
        case _:
            play_case(child, event)


def play_case(child: Child, event: Any) -> None:
    match event:
        case SafetyViolationAcknowledged():
            child.acknowledge(event.violation_id, event.officer)
        case SafetyViolationClaimed():
            child.claim(event.violation_id, event.officer)
        case SafetyViolationReleased():
            child.release(event.violation_id, event.officer)
        case SafetyViolationEscalated():
            child.escalate(event.violation_id, event.level)
        case SafetyViolationResolved():
            child.resolve(event.violation_id, event.officer, event.outcome)
        case SafetyViolationDecisionProposed():
            child.propose(event.violation_id, event.officer, event.outcome)
        case SafetyViolationReopened():
            child.reopen(event.violation_id, event.officer)
        case _:
            pytest.fail(f"nobody plays {type(event).__name__}")


def play_talk(talk: Conversation, event: Any) -> None:
    match event:
        case ConversationStarted():
            talk.start(event.child_id)
        case ChildSpoke():
            talk.hear(event.text)
        case TeddyReplied():
            talk.reply(event.text)
        case MessageScreened():
            talk.screen(event.message_version, detector="any", policy_version="any")
        case ConversationEnded():
            talk.end()
        case _:
            pytest.fail(f"nobody plays {type(event).__name__}")


def play_parent(parent: Parent, event: Any) -> None:
    match event:
        case ParentRegistered():
            parent.register(event.name, event.email)
        case ConsentGranted():
            parent.grant_consent(event.child_id, event.scope, event.policy_version)
        case ConsentWithdrawn():
            parent.withdraw_consent(event.child_id, event.scope)
        case ErasureRequested():
            parent.request_erasure(event.child_id)
        case _:
            pytest.fail(f"nobody plays {type(event).__name__}")


def play_approval(approval: Approval, event: Any) -> None:
    match event:
        case ApprovalRequested():
            approval.request(
                event.kind,
                event.object,
                event.requested_by,
                reason="",
                expires_at=event.expires_at,
            )
        case ApprovalDecided():
            approval.decide(
                event.decided_by, event.decision, datetime.min.replace(tzinfo=UTC)
            )
        case ApprovalCarriedOut():
            approval.carry_out(event.result)
        case _:
            pytest.fail(f"nobody plays {type(event).__name__}")


PLAYED: dict[str, tuple[Any, Any]] = {
    "child": (Child, play_child),
    "approval": (Approval, play_approval),
    "conversation": (Conversation, play_talk),
    "parent": (Parent, play_parent),
}


def test_a_filter_judges_messages_and_nothing_else() -> None:
    judged = 0
    for events in by_stream(the_town()).values():
        for event in events:
            if isinstance(event.data, MessageScreened):
                message = events[event.data.message_version - 1].data
                assert isinstance(message, ChildSpoke | TeddyReplied)
                judged += 1

    messages = sum(
        isinstance(event.data, ChildSpoke | TeddyReplied)
        for events in by_stream(the_town()).values()
        for event in events
    )
    assert messages * 0.5 < judged < messages


def test_each_case_names_the_message_in_which_it_was_found() -> None:
    streams = by_stream(the_town())
    for events in streams.values():
        for event in events:
            if isinstance(event.data, SafetyViolationDetected):
                talk = streams[f"conversation.{event.data.conversation_id}"]
                [said] = [e for e in talk if str(e.event_id) == event.data.message_id]
                assert said.data.text == event.data.excerpt


@pytest.mark.parametrize("hours", [1, 24])
def test_a_request_for_a_second_person_stands_as_long_as_is_said(hours: int) -> None:
    found = [
        commit.events[0]
        for commit in town(NOW, stands_for=timedelta(hours=hours)).commits
        if isinstance(commit.events[0].data, ApprovalRequested)
    ]

    stood = {event.data.expires_at - event.occurred_at for event in found}
    assert stood == {timedelta(hours=hours)}


def test_a_reveal_names_the_messages_that_were_opened() -> None:
    streams = by_stream(the_town())
    opened = [
        event.data.object
        for events in streams.values()
        for event in events
        if isinstance(event.data, DataAccessed) and event.data.kind == "reveal"
    ]

    assert opened
    for one in opened:
        stream_id, _, versions = str(one).partition("/")
        first, _, last = versions.partition("-")
        for version in (first, last or first):
            said = streams[stream_id][int(version) - 1].data
            assert isinstance(said, ChildSpoke | TeddyReplied)
