"""The access ledger's events: who looked at whom, what for, in as many events as it takes, and nothing that is no id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.ledger import AccessLedger, subject_as_recorded
from eventstore.errors import AccessNotRecorded, InvalidEvent
from eventstore.testing.memory import MemoryEventStore
from teddy_es.domain.access import MOST_SUBJECTS, PURPOSES
from teddy_es.domain.fields import is_id
from teddy_es.domain.types import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

WHO = "parents-backend"


@pytest.fixture
def store() -> MemoryEventStore:
    """Nobody has looked at anything."""
    return MemoryEventStore(registry)


def look(store: MemoryEventStore, subjects: Sequence[str], **other: Any) -> None:
    said = {"kind": "view", "purpose": "audit", "actor": WHO, **other}
    AccessLedger(store, most=other.pop("most", MOST_SUBJECTS)).record(
        subjects=subjects, **{k: v for k, v in said.items() if k != "most"}
    )


def told(store: MemoryEventStore, actor: str = WHO) -> list[dict[str, Any]]:
    return [dict(event.data) for event in store.read(f"access.{actor}")]


def test_it_is_an_event_of_who_looked(store: MemoryEventStore) -> None:
    look(
        store, ["c-2", "c-1", "c-2"], object="child.c-1", reference="case-7",
        actor_kind="service",
    )  # fmt: skip

    assert told(store) == [
        {
            "actor": WHO,
            "actor_kind": "service",
            "kind": "view",
            "purpose": "audit",
            "subjects": ["c-1", "c-2"],
            "object": "child.c-1",
            "reference": "case-7",
        }
    ]


def test_whoever_looks_again_is_recorded_again(store: MemoryEventStore) -> None:
    look(store, ["c-1"])
    look(store, ["c-1"])

    assert len(told(store)) == 2


@pytest.mark.parametrize(("most", "events"), [(1, 3), (2, 2), (3, 1), (4, 1)])
def test_many_subjects_take_several_events(
    store: MemoryEventStore, most: int, events: int
) -> None:
    look(store, ["c-1", "c-2", "c-3"], most=most)

    found = told(store)
    assert len(found) == events
    assert [one for event in found for one in event["subjects"]] == [
        "c-1",
        "c-2",
        "c-3",
    ]


def test_as_many_as_one_event_holds_fit_into_a_commit(store: MemoryEventStore) -> None:
    longest = [f"{n:05}{'a' * 95}" for n in range(MOST_SUBJECTS)]

    look(store, longest)

    assert told(store)[0]["subjects"] == longest


def test_to_look_at_nobody_is_recorded_too(store: MemoryEventStore) -> None:
    look(store, [])

    assert told(store)[0]["subjects"] == []


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_purpose_is_taken(store: MemoryEventStore, purpose: str) -> None:
    look(store, ["c-1"], purpose=purpose)

    assert told(store)[0]["purpose"] == purpose


@pytest.mark.parametrize("name", ["", "a b", "a.b", "ada@example.org", "ä", "a" * 101])
def test_a_name_that_is_no_stream_is_refused_and_not_repeated(
    store: MemoryEventStore, name: str
) -> None:
    with pytest.raises(AccessNotRecorded) as refused:
        look(store, ["c-1"], actor=name)

    assert len(name) < 3 or name not in str(refused.value)


def test_a_purpose_that_is_none_is_refused(store: MemoryEventStore) -> None:
    with pytest.raises(AccessNotRecorded, match="rule_evaluation") as refused:
        look(store, ["c-1"], purpose="curiosity")

    assert "curiosity" not in str(refused.value)
    assert told(store) == []


def test_what_the_event_has_no_room_for_is_refused(store: MemoryEventStore) -> None:
    with pytest.raises(InvalidEvent):
        look(store, ["c-1"], reference="free text")

    assert told(store) == []


@given(st.text())
def test_what_is_no_id_is_recorded_as_a_digest(text: str) -> None:
    recorded = subject_as_recorded(text)

    assert is_id(recorded)
    assert recorded == (text if is_id(text) else recorded)
    assert recorded.startswith("sha256-") or recorded == text


def test_a_subject_that_another_producer_wrote_as_free_text_ends_no_reading(
    store: MemoryEventStore,
) -> None:
    look(store, ["Anna B.", "c-1"])

    subjects = told(store)[0]["subjects"]
    assert "c-1" in subjects
    assert "Anna" not in str(subjects)
    assert len(subjects) == 2
