"""One event with its evidence: what is whole is shown as whole, and what is broken is said."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from eventstore.events import Position, Sealed
from eventstore.models import Event, Record
from eventstore.queries.evidence import Evidence, OneEvent, one_event, with_commit_id
from eventstore.queries.overview import cursors, overview
from eventstore.queries.related import related
from tests.plugins.mirrored import Mirrored, an_event

pytestmark = pytest.mark.usefixtures("tampering")


def found(position: Position) -> OneEvent:
    event = one_event(position)
    assert event is not None
    return event


def evidence(position: Position) -> Evidence:
    speaks = found(position).evidence
    assert speaks is not None
    return speaks


def test_an_event_comes_with_its_bytes_hash_and_commit(mirrored: Mirrored) -> None:
    commit = uuid4()
    mirrored.commits(2)
    *_, position = mirrored.commit(
        "conversation.conv-1",
        an_event(),
        an_event("ConversationEnded", child_id="child-7", reason="timeout"),
        commit_id=commit,
    )

    event = found(position)

    assert (event.row.version, event.head) == (4, 4)
    assert event.evidence is not None
    assert event.evidence.event is not None
    assert event.evidence.event.data == {"child_id": "child-7", "reason": "timeout"}
    assert event.evidence.commit_id == commit
    assert event.evidence.event_count == 2
    assert event.evidence.hash_holds
    assert event.evidence.index_agrees
    assert event.evidence.verdict == "accepted"
    assert event.evidence.problem is None


def test_an_event_knows_its_neighbours_and_what_it_caused(mirrored: Mirrored) -> None:
    first, second = an_event(), an_event()
    mirrored.commit("conversation.conv-1", first)
    [position] = mirrored.commit("conversation.conv-1", second)
    mirrored.commit("conversation.conv-1")
    mirrored.commit(
        "parent.p", an_event("ConsentGranted", causation_id=second.event_id)
    )

    event = found(position)

    assert event.previous is not None
    assert event.previous.event_id == first.event_id
    assert event.next is not None
    assert event.next.version == 3
    around = related(event.row)
    assert [row.event_type for row in around.events][1:] == ["ConsentGranted"]
    assert not around.has_more_caused


def test_other_bytes_break_the_hash(mirrored: Mirrored) -> None:
    [position] = mirrored.commit()
    record = Record.objects.get()
    Record.objects.update(
        value=bytes(record.value or b"").replace(b"child-1", b"child-2")
    )

    assert not evidence(position).hash_holds


def test_another_time_breaks_the_hash(mirrored: Mirrored) -> None:
    [position] = mirrored.commit()
    Record.objects.update(recorded_at="2026-01-01T00:00:00Z")

    assert not evidence(position).hash_holds


@pytest.mark.parametrize(
    "change",
    [
        {"event_type": "ConversationEnded"},
        {"version": 7},
        {"event_id": UUID(int=1)},
        {"correlation_id": UUID(int=1)},
        {"occurred_at": "2026-01-01T00:00:00Z"},
        {"recorded_at": "2026-01-01T00:00:00Z"},
        {"stream_id": "conversation.other"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_index_that_says_something_else_is_found_out(
    mirrored: Mirrored, change: dict[str, object]
) -> None:
    [position] = mirrored.commit()
    Event.objects.update(**change)

    assert not evidence(position).index_agrees


def test_bytes_that_are_no_commit_give_no_event(mirrored: Mirrored) -> None:
    [position] = mirrored.commit()
    Record.objects.update(value=b"{}")

    speaks = evidence(position)

    assert speaks.event is None
    assert not speaks.index_agrees


def test_a_lost_record_leaves_the_event_without_evidence(mirrored: Mirrored) -> None:
    [position] = mirrored.commit()
    Record.objects.all().delete()

    assert found(position).evidence is None


def test_what_the_registry_cannot_read_is_shown_with_its_problem(
    mirrored: Mirrored,
) -> None:
    [unknown] = mirrored.commit("conversation.a", an_event("SomethingForeign", x=1))
    [ill_typed] = mirrored.commit("conversation.a", an_event(data={"child_id": 7}))

    assert evidence(unknown).problem == "unknown_type"
    assert evidence(ill_typed).problem == "ill_typed"


def test_sealed_fields_stay_sealed(mirrored: Mirrored) -> None:
    sealed = Sealed(str(UUID(int=5)), "AAAAAAAAAAAAAAAA", "AAAA")
    [position] = mirrored.commit("conversation.a", an_event(sealed=sealed))

    event = evidence(position).event

    assert event is not None
    assert event.sealed == sealed


@pytest.mark.parametrize(
    "position",
    [
        Position("eventstore.conversation", 0, 999, 0),
        Position("eventstore.nothing", 0, 0, 0),
        Position("", 0, 0, 0),
        Position("eventstore.conversation", 99_999, 0, 0),
        Position("eventstore.conversation", 0, 2**80, 0),
        Position("eventstore.conversation", 0, 0, -1),
    ],
    ids=str,
)
def test_where_nothing_stands_nothing_is_found(
    mirrored: Mirrored, position: Position
) -> None:
    assert one_event(position) is None


def test_a_commit_id_finds_the_commits_first_event(mirrored: Mirrored) -> None:
    commit = uuid4()
    first, _ = mirrored.commit(
        "conversation.a", an_event(), an_event(), commit_id=commit
    )

    assert [row.position for row in with_commit_id(commit)] == [first]


def test_the_overview_counts_records_by_the_cursors(mirrored: Mirrored) -> None:
    mirrored.commits(3)
    mirrored.commit("parent.p-1", an_event("ParentRegistered"))

    seen = overview()

    assert {t.topic: t.records for t in seen.topics} == {
        "eventstore.conversation": 3,
        "eventstore.parent": 1,
    }
    assert sum(cursors().values()) == 4


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("at", range(5))
def test_what_stands_round_an_event_is_cut_on_both_sides_and_says_so(
    mirrored: Mirrored, most: int, at: int
) -> None:
    one = uuid4()
    places = [
        mirrored.commit("conversation.a", an_event(correlation_id=one))[0]
        for _ in range(5)
    ]
    mirrored.commit("conversation.b", an_event(correlation_id=uuid4()))

    around = related(found(places[at]).row, most=most)

    first, last = max(0, at - most), min(4, at + most)
    assert [row.position for row in around.events] == places[first : last + 1]
    assert (around.has_earlier, around.has_later) == (first > 0, last < 4)


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_what_an_event_caused_is_capped_and_says_so(
    mirrored: Mirrored, most: int
) -> None:
    cause = an_event()
    [position] = mirrored.commit("conversation.a", cause)
    for _ in range(3):
        mirrored.commit("parent.p", an_event(causation_id=cause.event_id))

    around = related(found(position).row, most=most)

    assert len(around.events) == 1 + min(most, 3)
    assert around.has_more_caused == (most < 3)
