"""The read models are made again beside those that are read, and are the same: whatever the batches in which they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.db import connection

from audit.people.models import (
    Access,
    Approval,
    Child,
    Consent,
    Conversation,
    Fact,
    HourCount,
    Screening,
    Violation,
    ViolationStep,
)
from eventstore.clock import SystemClock
from eventstore.projections.building import make_building
from eventstore.projections.comparing import compare
from eventstore.projections.statuses import version_read
from eventstore.projections.switching import Switching
from eventstore.subscriptions.operating import Order
from teddy_es.domain.approval import ApprovalDecided
from teddy_es.domain.conversation import ChildSpoke, MessageScreened
from teddy_es.domain.privacy import HoldPlaced
from teddy_es.domain.violations import (
    SafetyViolationAcknowledged,
    SafetyViolationDecisionProposed,
    SafetyViolationReopened,
    SafetyViolationResolved,
)
from tests.support.families import ALL, handle
from tests.support.rebuilt import AGAIN

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.support.families import Families


def happens(families: Families, n: int) -> None:
    """Something of everything, which changes what is there."""
    families.registers("c-1", f"p-{n}")
    families.talks("t-1", "c-1", "Hello")
    screened = MessageScreened(
        child_id="c-1", message_version=2, detector="d", policy_version="1"
    )
    families.happens("conversation.t-1", screened, ChildSpoke(child_id="c-1", text=""))
    families.detects("c-1", f"v-{n}")
    about = {"violation_id": f"v-{n}", "officer": "o-1"}
    families.happens(
        "child.c-1",
        SafetyViolationAcknowledged(**about),
        SafetyViolationResolved(**about, outcome="confirmed"),
    )
    reopened = SafetyViolationReopened(**about)
    proposed = SafetyViolationDecisionProposed(**about, outcome="confirmed")
    families.happens("child.c-1", reopened, proposed)
    families.asks(f"a-{n}", ApprovalDecided(decision="approved", decided_by="bo"))
    families.allows("p-1", "c-1", policy=str(n))
    families.looks("ada", "c-1", "c-2")
    families.looks(f"bob-{n}", "c-1", kind="export")
    families.happens("conversation.t-1", ChildSpoke(child_id="c-3", text="Me, too"))
    families.happens("privacy.c-1", placed(f"h-{n}"))


def placed(hold_id: str) -> HoldPlaced:
    return HoldPlaced(hold_id=hold_id, scope="all", clause="s.4")


def rows() -> dict[str, list[Any]]:
    models = (
        *(Access, Approval, Child, Consent, Conversation, Fact, HourCount),
        *(Screening, Violation, ViolationStep),
    )
    return {
        model.__name__: [*model.objects.order_by("pk").values()] for model in models
    }


def test_what_is_built_anew_in_one_go_is_what_was_made_bit_by_bit(
    families: Families, settings: Settings
) -> None:
    for n in range(3):
        happens(families, n)
        handle()
    before = rows()
    paths = [*settings.EVENTSTORE["PROJECTIONS"], *AGAIN]
    settings.EVENTSTORE = {**settings.EVENTSTORE, "PROJECTIONS": paths}

    for name in ALL:
        building = make_building(name, 2, SystemClock())
        assert all(table.is_same for table in compare(building))
        Switching(SystemClock(), lambda _: None).switch(
            building, Order("ann", "the same again"), accept_differences=False
        )

    assert {version_read(name) for name in ALL} == {2}
    assert all(before.values())
    assert rows() == before
    happens(families, 3)
    handle()
    assert Child.objects.get(child_id="c-1").parent_id == "p-3"


@pytest.mark.usefixtures("transactional_db")
def test_the_tables_can_be_taken_back_and_made_again() -> None:
    call_command("migrate", "people", "zero", verbosity=0)
    try:
        with connection.cursor() as cursor:
            gone = connection.introspection.table_names(cursor)
    finally:
        call_command("migrate", "people", verbosity=0)

    assert not [name for name in gone if name.startswith("people_")]
    assert not Child.objects.exists()
