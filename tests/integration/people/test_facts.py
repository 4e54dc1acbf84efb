"""A child's axis has a row for each thing that happened to it, and names nobody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audit.people.facts import Facts
from audit.people.models import Fact
from teddy_es.domain.access import DataAccessed
from teddy_es.domain.child import ChildProfileUpdated
from teddy_es.domain.conversation import ChildSpoke, TeddyReplied
from teddy_es.domain.parent import ConsentGranted, ConsentWithdrawn, ErasureRequested
from teddy_es.domain.privacy import (
    ErasureCompleted,
    HoldLifted,
    HoldPlaced,
    KeyDestroyed,
    KeyMinted,
)
from teddy_es.domain.types import registry
from teddy_es.domain.violations import SafetyViolationResolved
from tests.support.families import Families, handle

DAY = datetime(2026, 11, 30, tzinfo=UTC)


def axis(child: str) -> list[tuple[str, str]]:
    rows = Fact.objects.filter(child_id=child).order_by("position")
    return sorted((row.lane, row.kind) for row in rows)


def test_each_kind_of_fact_has_its_lane(families: Families) -> None:
    families.registers("c-1", "p-1", language="de")
    families.happens("child.c-1", ChildProfileUpdated(changes={"name": "Mia"}))
    families.detects("c-1", "v-1")
    families.happens(
        "child.c-1",
        SafetyViolationResolved(
            violation_id="v-1", officer="o-1", outcome="confirmed", note="Mia was sad"
        ),
    )
    families.allows("p-1", "c-1")
    families.withdraws("p-1", "c-1")
    families.happens("parent.p-1", ErasureRequested(child_id="c-1", reason="Mia"))
    families.happens(
        "privacy.c-1",
        HoldPlaced(hold_id="h-1", scope="all", clause="s.4"),
        HoldLifted(hold_id="h-1", scope="all", clause="s.4"),
        ErasureCompleted(request="r-1", keys=1, events=2),
    )
    families.looks("ada", "c-1", kind="export")

    handle("facts")

    assert axis("c-1") == [
        ("change", "ChildProfileUpdated"),
        ("change", "ChildRegistered"),
        ("consent", "ConsentGranted"),
        ("consent", "ConsentWithdrawn"),
        ("export", "DataAccessed"),
        ("privacy", "ErasureCompleted"),
        ("privacy", "ErasureRequested"),
        ("privacy", "HoldLifted"),
        ("privacy", "HoldPlaced"),
        ("violation", "SafetyViolationDetected"),
        ("violation", "SafetyViolationResolved"),
    ]
    assert "Mia" not in str([*Fact.objects.values_list("about")])
    granted = Fact.objects.get(kind="ConsentGranted")
    assert granted.about == {
        "scope": "conversation",
        "policy_version": "1",
        "parent_id": "p-1",
    }


def test_a_conversation_is_one_fact_however_long(families: Families) -> None:
    families.talks("t-1", "c-1", "Hello", "Teddy?")
    handle("facts")
    families.happens("conversation.t-1", TeddyReplied(child_id="c-1", text="Yes"))
    handle("facts")

    [fact] = Fact.objects.all()
    assert (fact.child_id, fact.kind, fact.version) == ("c-1", "ConversationStarted", 1)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_child_that_another_ones_conversation_names_has_that_as_a_fact(
    families: Families,
    at_once: bool,  # noqa: FBT001
) -> None:
    families.talks("t-1", "c-1", "Hello")
    if not at_once:
        handle("facts")
    for _ in range(2):
        families.happens("conversation.t-1", ChildSpoke(child_id="c-2", text="I, too"))
        families.happens("conversation.t-1", ChildSpoke(child_id="c-1", text="Yes"))

    handle("facts")

    assert axis("c-1") == [("conversation", "ConversationStarted")]
    assert axis("c-2") == [("conversation", "Mentioned")]


def test_staff_who_look_are_one_fact_a_day(families: Families) -> None:
    families.looks("ada", "c-1", "c-2")
    families.looks("bob", "c-1", kind="reveal")
    families.looks("robot", "c-3", actor_kind="service")

    handle("facts")

    [first, second] = Fact.objects.order_by("child_id")
    day = first.recorded_at
    assert (day.hour, day.minute, day.microsecond) == (0, 0, 0)
    assert first.position == (day - datetime(1970, 1, 1, tzinfo=UTC)).days
    assert (first.kind, second.child_id) == ("Views", "c-2")


def test_what_names_many_children_is_written_bit_by_bit(families: Families) -> None:
    many = DataAccessed(
        actor="ada",
        actor_kind="officer",
        kind="export",
        purpose="audit",
        subjects=[f"c-{n}" for n in range(1_200)],
    )
    families.happens("access.ada", many, many)

    handle("facts")

    assert Fact.objects.count() == 2_400


def test_nothing_that_happens_to_a_child_is_left_out() -> None:
    followed = set(Facts.types or ())
    of_keys = {KeyMinted, KeyDestroyed}  # counted by what ordered them
    for kind in registry.event_types():
        if kind.stream_type in {"child", "conversation", "privacy", "access"}:
            assert kind.struct in followed | of_keys, kind.name
    assert followed >= {ConsentGranted, ConsentWithdrawn, ErasureRequested}
