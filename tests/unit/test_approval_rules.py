"""Four eyes: nobody decides what they asked for, each request is decided once, and in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from eventstore.testing.scenario import given
from teddy_es.domain import errors
from teddy_es.domain.approval import (
    Approval,
    ApprovalCarriedOut,
    ApprovalDecided,
    ApprovalExpired,
    ApprovalRequested,
    ApprovalWithdrawn,
    approval_of,
)

if TYPE_CHECKING:
    from eventstore.aggregates import DomainError

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
END = NOW + timedelta(hours=1)
ASKED = ApprovalRequested(
    kind="close_violation",
    object="child.c-1/v-1",
    requested_by="ada",
    expires_at=END,
    reason="",
    version=7,
)
YES = ApprovalDecided(decision="approved", decided_by="bo")
NO = ApprovalDecided(decision="refused", decided_by="bo")
BACK = ApprovalWithdrawn(withdrawn_by="ada")
OVERTAKEN = ApprovalCarriedOut(result="overtaken")
DONE = ApprovalCarriedOut(result="done")


def ask(one: Approval) -> None:
    one.request(
        "close_violation",
        "child.c-1/v-1",
        "ada",
        reason="",
        expires_at=END,
        version=7,
    )


ENDS: tuple[list[Any], ...] = (
    [],
    [ASKED, NO],
    [ASKED, BACK],
    [ASKED, ApprovalExpired()],
    [ASKED, YES, DONE],
)


@pytest.mark.parametrize("before", ENDS)
def test_a_request_is_made_where_none_waits(before: list[Any]) -> None:
    given(Approval("a"), *before).when(ask).then(ASKED)


@pytest.mark.parametrize("before", [[ASKED], [ASKED, YES]])
def test_one_that_waits_or_is_not_carried_out_yet_keeps_the_next_away(
    before: list[Any],
) -> None:
    given(Approval("a"), *before).when(ask).then_refused("approval-waiting")


def asked(*more: Any) -> Any:
    return given(Approval("a"), ASKED, *more)


def test_somebody_else_decides_in_time() -> None:
    asked().when(lambda one: one.decide("bo", "approved", NOW)).then(YES)
    asked().when(lambda one: one.decide("bo", "refused", NOW)).then(NO)
    asked().when(lambda one: one.withdraw("ada")).then(BACK)
    asked().when(lambda one: one.expire(END)).then(ApprovalExpired())
    asked().when(lambda one: one.expire(NOW)).then()
    asked().when(lambda one: one.overtake()).then(OVERTAKEN)
    asked(YES).when(lambda one: one.overtake()).then(OVERTAKEN)
    asked(YES).when(lambda one: one.carry_out("done")).then(DONE)


@pytest.mark.parametrize(
    ("before", "command", "refusal"),
    [
        (
            [ASKED],
            lambda one: one.decide("ada", "approved", NOW),
            errors.ApprovalByRequester,
        ),
        (
            [ASKED],
            lambda one: one.decide("ada", "refused", NOW),
            errors.ApprovalByRequester,
        ),
        (
            [ASKED],
            lambda one: one.decide("bo", "approved", END),
            errors.ApprovalExpiredAlready,
        ),
        ([ASKED], lambda one: one.withdraw("bo"), errors.ApprovalNotTheirs),
        ([ASKED], lambda one: one.carry_out("done"), errors.ApprovalNotApproved),
        ([ASKED, NO], lambda one: one.carry_out("done"), errors.ApprovalNotApproved),
        (
            [ASKED, YES],
            lambda one: one.decide("cy", "refused", NOW),
            errors.ApprovalNotWaiting,
        ),
        ([ASKED, YES], lambda one: one.withdraw("ada"), errors.ApprovalNotWaiting),
        (
            [ASKED, BACK],
            lambda one: one.decide("bo", "approved", NOW),
            errors.ApprovalNotWaiting,
        ),
        ([ASKED, NO], lambda one: one.overtake(), errors.ApprovalNotWaiting),
        ([], lambda one: one.expire(NOW), errors.ApprovalNotWaiting),
    ],
)
def test_what_is_refused(
    before: list[Any], command: Any, refusal: type[DomainError]
) -> None:
    given(Approval("a"), *before).when(command).then_refused(refusal.code)


def test_two_who_ask_for_the_same_meet_in_one_stream() -> None:
    names = {
        approval_of("close_violation", "child.c-1/v-1"),
        approval_of("close_violation", "child.c-1/v-1"),
        approval_of("close_violation", "child.c-1/v-2"),
        approval_of("erasure", "child.c-1/v-1"),
    }

    assert len(names) == 3
