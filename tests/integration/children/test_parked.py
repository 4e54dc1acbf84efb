"""What a read model has parked its checkpoint passes, so that it seems to be at the log's end: no page takes it at its word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.people.violations import Violations
from teddy_es.domain.conversation import MessageScreened
from tests.support.families import ALL, Families, handle
from tests.support.parking import park, replay
from tests.support.roles import client_as

if TYPE_CHECKING:
    from django.test import Client

ALL_BUT_VIOLATIONS = [name for name in ALL if name != "violations"]


@pytest.fixture
def officer(families: Families) -> Client:
    del families
    return client_as("compliance_officer")


# ---- a conversation


@pytest.mark.parametrize("is_parked", [False, True])
def test_a_detection_that_is_not_handled_leaves_a_judged_conversation_unknown(
    families: Families, officer: Client, *, is_parked: bool
) -> None:
    families.talks("t-1", "c-1", "Hello")
    families.happens(
        "conversation.t-1",
        MessageScreened(
            child_id="c-1", message_version=2, detector="d", policy_version="1"
        ),
    )
    handle()
    judged = officer.get("/admin/conversations/t-1/").text
    families.detects("c-1", "v-1", conversation_id="t-1", message_id="2")
    handle(*ALL_BUT_VIOLATIONS)
    if is_parked:
        park(Violations)

    unknown = officer.get("/admin/conversations/t-1/").text

    assert "0 violations, all messages judged" in judged
    assert "Violations: unknown" in unknown
    assert "Not whole" in unknown
    if is_parked:
        replay(Violations)
    handle("violations")
    assert "1 violation</span>" in officer.get("/admin/conversations/t-1/").text


# ---- a child


@pytest.mark.parametrize("behind", ["violations", "conversations"])
def test_a_child_whose_violations_or_messages_are_not_handled_is_not_whole(
    families: Families, officer: Client, behind: str
) -> None:
    families.registers("c-1", "p-1")
    handle()
    whole = officer.get("/admin/children/c-1/").text
    families.detects("c-1", "v-1")
    families.talks("t-1", "c-1", "Hello")
    handle(*[name for name in ALL if name != behind])

    assert "Not whole" not in whole
    assert "Not whole" in officer.get("/admin/children/c-1/").text
