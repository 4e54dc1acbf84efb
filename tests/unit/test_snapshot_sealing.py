"""Whose opened fields a state was made of, when it is sealed and when it is not kept, and who opens it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.errors import StateWithheld
from eventstore.events import Position, Sealed, Withheld, pack
from eventstore.ports import DataKey, Gone, KeyName
from eventstore.queries.snapshots import Made, StoredSnapshot
from eventstore.registry import SNAPSHOT_RETENTION, Problem
from eventstore.sealing.box import seal
from eventstore.snapshots import Snapshot, Stamp, sealing
from eventstore.snapshots.sealing import Opened, gone, sealed, state_in
from eventstore.snapshots.signing import bound_to
from eventstore.testing.memory_keys import MemoryKeys

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

KEY = UUID(int=3)
BOX = Sealed(str(KEY), "nonce", "box")
STATE = b'{"quantity":9}'
MADE = Made(3, b"code")
SNAPSHOT = Snapshot(
    "order.order-1",
    10,
    UUID(int=1),
    datetime(2026, 11, 23, 9, tzinfo=UTC),
    Stamp(3, b"code"),
    STATE,
    Position("eventstore.order", 5, 7, 2),
)


@pytest.fixture(autouse=True)
def _whose_events_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each event is its customer's; of a type that nobody knows any more it is not known whose."""
    kinds = {
        "OrderPlaced": SimpleNamespace(subject_of=lambda _id, data: data["customer"])
    }
    registry = SimpleNamespace(event_type_named=kinds.get)
    monkeypatch.setattr(sealing, "registry", lambda: registry)


def event(kind: str = "OrderPlaced", customer: str = "c-1", **more: Any) -> Any:
    """One that was applied."""
    metadata = SimpleNamespace(event_type=kind, stream_id="order.order-1")
    usual = {"sealed": None, "withheld": None, "problem": None}
    data = {"customer": customer}
    return SimpleNamespace(metadata=metadata, data=data, **(usual | more))


def opened_of(*events: Any) -> Opened:
    """All of them, in turn."""
    opened = Opened()
    for one in events:
        opened.note(one)
    return opened


# ---- what was opened


def test_of_what_was_opened_the_subject_and_the_key_are_noted() -> None:
    assert opened_of(event(sealed=BOX)) == Opened({"c-1"}, {KEY})


def test_what_is_open_by_right_is_nobodys() -> None:
    assert opened_of(event()) == Opened()
    assert opened_of(event(problem=Problem.ILL_TYPED)) == Opened()


def test_what_another_writer_left_in_the_clear_counts_as_opened() -> None:
    found = opened_of(event(problem=Problem.SENSITIVE_IN_CLEAR))

    assert found == Opened({"c-1"})


def test_of_a_type_that_is_not_known_any_more_it_is_not_known_whose_it_was() -> None:
    assert opened_of(event("OrderFramed", sealed=BOX)) == Opened({""}, {KEY})


@pytest.mark.parametrize(
    ("reasons", "may_come_back"),
    [
        (["erased"], False),
        (["expired"], False),
        (["sealed"], True),
        (["lost"], True),
        (["unopenable"], True),
        (["lost", "erased"], True),
    ],
)
def test_what_was_withheld_makes_nobodys_state_and_may_come_back_or_not(
    reasons: list[str],
    may_come_back: bool,  # noqa: FBT001
) -> None:
    found = opened_of(*(event(sealed=BOX, withheld=Withheld(one)) for one in reasons))

    assert found == Opened(may_come_back=may_come_back)


def test_who_begins_with_a_sealed_state_has_opened_that() -> None:
    opened = Opened()

    opened.begin(DataKey(KEY, KeyName("c-1", SNAPSHOT_RETENTION, "all"), bytes(32)))

    assert opened == Opened({"c-1"}, {KEY})


# ---- sealed, or not kept


class Ring(MemoryKeys):
    """Remembers which keys it was asked about anew."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[set[UUID]] = []
        self.nowhere: set[UUID] = set()

    def fresh(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        """See `KeyRing`."""
        self.asked.append({*ids})
        found = super().fresh(ids)
        return {id_: found[id_] for id_ in found if id_ not in self.nowhere}

    def key(self, subject: str, kind: str = "parcel", month: str = "2026-11") -> UUID:
        """One under which something was read."""
        name = KeyName(subject, kind, month)
        return self.sealing([name])[name].id


def test_a_state_for_which_nothing_was_opened_stands_as_it_is() -> None:
    ring = Ring()

    assert sealed("Order", SNAPSHOT, Opened(), ring) is SNAPSHOT
    assert ring.asked == []


def test_a_state_is_sealed_under_the_subjects_key_for_snapshots_and_opens() -> None:
    ring = Ring()
    read_by = {ring.key("c-1"), ring.key("c-1", month="2026-10")}

    box = sealed("Order", SNAPSHOT, Opened({"c-1"}, read_by), ring)

    key = ring.sealing([KeyName("c-1", "snapshot", "all")])
    assert box.key_id in {one.id for one in key.values()}
    assert ring.asked == [read_by]
    assert len(box.state) == 12 + len(STATE) + 16
    assert box == replace(SNAPSHOT, state=box.state, key_id=box.key_id)
    found = state_in(row(box), MADE, Opens(ring))
    assert found is not None
    assert found[0] == STATE
    assert found[1] in key.values()


def test_where_no_key_was_needed_none_is_asked_about() -> None:
    """What another writer left in the clear is the subject's all the same."""
    ring = Ring()

    assert sealed("Order", SNAPSHOT, Opened({"c-1"}), ring).key_id is not None
    assert ring.asked == []


@pytest.mark.parametrize(
    ("opened", "why"),
    [
        (Opened({"c-1"}, set(), may_come_back=True), "opened another time"),
        (Opened({"c-1", "c-2"}), "more than one subject"),
    ],
)
def test_a_state_that_must_not_be_kept_is_refused(opened: Opened, why: str) -> None:
    with pytest.raises(StateWithheld, match=why):
        sealed("Order", SNAPSHOT, opened, Ring())


@pytest.mark.parametrize("becomes", ["destroyed", "nowhere", "erased"])
def test_what_was_read_under_a_key_that_is_gone_is_not_kept(becomes: str) -> None:
    ring = Ring()
    there, lost = ring.key("c-1"), ring.key("c-1", month="2026-10")
    if becomes == "destroyed":
        ring.expire(KeyName("c-1", "parcel", "2026-10"))
    elif becomes == "nowhere":
        ring.nowhere = {lost}
    else:
        ring.erase("c-1")

    with pytest.raises(StateWithheld, match="gone meanwhile"):
        sealed("Order", SNAPSHOT, Opened({"c-1"}, {there, lost}), ring)


# ---- opened


class Opens:
    """Who may."""

    def __init__(self, ring: MemoryKeys) -> None:
        self._ring = ring
        self.prepared: list[list[str]] = []

    def key(self, key_id: UUID) -> DataKey | Gone:
        """See `Opener`."""
        return self._ring.opening([key_id])[key_id]

    def prepare(self, keys: Any) -> None:
        """See `Opener`."""
        self.prepared.append(sorted(keys))

    def open(self, *_: Any) -> Any:
        """See `Opener`."""
        raise AssertionError


def row(of: Snapshot, **changes: Any) -> StoredSnapshot:
    """As the table has it."""
    place = pack(1, 5, 7, 2)
    about = of.stream_id, of.version, of.event_id, of.recorded_at
    return StoredSnapshot(*about, of.state, place, of.key_id, b"")._replace(**changes)


def test_what_is_not_sealed_is_its_state() -> None:
    assert state_in(row(SNAPSHOT), MADE, Opens(Ring())) == (STATE, None)


def test_what_is_sealed_opens_nowhere_else_and_under_no_other_key() -> None:
    ring = Ring()
    box = sealed("Order", SNAPSHOT, Opened({"c-1"}), ring)
    opens = Opens(ring)

    assert state_in(row(box), MADE, opens) is not None
    for changes in (
        {"version": 11},
        {"stream_id": "order.order-2"},
        {"state": box.state[:-1] + bytes([box.state[-1] ^ 1])},
        {"key_id": ring.key("c-2", "snapshot", "all")},
        {"key_id": ring.key("c-1")},
        {"key_id": UUID(int=99)},  # nobody has it
    ):
        assert state_in(row(box, **changes), MADE, opens) is None
    assert state_in(row(box), Made(4, b"code"), opens) is None


def test_a_key_for_something_else_does_not_open_a_state_that_was_sealed_under_it() -> (
    None
):
    ring = Ring()
    name = KeyName("c-1", "parcel", "2026-11")
    other = ring.sealing([name])[name]
    nonce, box = seal(other.secret, STATE, bound_to(SNAPSHOT, other.id))
    foreign = row(SNAPSHOT, state=nonce + box, key_id=other.id)

    assert state_in(foreign, MADE, Opens(ring)) is None


def test_of_many_rows_those_keys_are_named_that_are_gone() -> None:
    ring = Ring()
    there, lost = ring.key("c-1", "snapshot", "all"), ring.key("c-2", "snapshot", "all")
    ring.erase("c-2")
    opens = Opens(ring)
    rows: Any = [row(SNAPSHOT, key_id=key) for key in (there, lost, None, there)]

    assert gone(rows, opens) == {lost}
    assert opens.prepared == [sorted([str(there), str(lost)])]
