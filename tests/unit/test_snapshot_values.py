"""A snapshot as a value: what makes two the same, what is shown of one; and how its writer goes about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.errors import SnapshotNotWritten, StateWithheld, SubjectErased
from eventstore.events import Position
from eventstore.metrics import SNAPSHOTS_BUILT
from eventstore.ports import Appended, NotWritten
from eventstore.snapshots import Snapshot, Stamp, writing
from eventstore.snapshots.sealing import Opened, sealed
from eventstore.snapshots.snapshot import FORM
from eventstore.snapshots.writing import SnapshotWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

SNAPSHOT = Snapshot(
    "order.order-1",
    10,
    UUID(int=1),
    datetime(2026, 11, 23, 9, tzinfo=UTC),
    Stamp(3, b"code"),
    b'{"said":"a state"}',
    Position("eventstore.order", 5, 7, 2),
    mac=b"a mac",
)


def test_how_it_was_found_makes_it_no_other_snapshot() -> None:
    assert FORM == 3
    assert replace(SNAPSHOT, mac=b"", form=2) == SNAPSHOT
    assert replace(SNAPSHOT, state=b"{}") != SNAPSHOT


def test_neither_its_state_nor_how_it_was_found_is_shown() -> None:
    shown = repr(SNAPSHOT)

    assert "order.order-1" in shown
    assert not [part for part in ("a state", "a mac", "form") if part in shown]


def test_of_a_subject_that_was_erased_nothing_is_sealed() -> None:
    def sealing(_names: object) -> Any:
        raise SubjectErased

    ring: Any = SimpleNamespace(sealing=sealing)
    opened = Opened()
    opened.subjects.add("c-1")

    with pytest.raises(StateWithheld):
        sealed("Order", SNAPSHOT, opened, ring)


class Log:
    """Answers so."""

    def __init__(self, answer: Appended | NotWritten) -> None:
        self._answer = answer
        self.written: list[bytes] = []

    def append(self, proposals: Sequence[Any], *, timeout_s: float) -> list[Any]:
        """See the port."""
        assert timeout_s > 0
        self.written += [proposal.key for proposal in proposals]
        return [self._answer] * len(proposals)

    def close(self) -> None:
        """See the port."""


@pytest.mark.parametrize("is_durable", [True, False])
def test_it_is_in_the_topic_first_then_in_the_table_and_counted(
    monkeypatch: pytest.MonkeyPatch,
    is_durable: bool,  # noqa: FBT001
) -> None:
    rows: list[Snapshot] = []
    monkeypatch.setattr(writing, "insert", lambda _connection, given: rows.extend(given))
    log: Any = Log(Appended(7, 0) if is_durable else NotWritten("away"))
    connection: Any = SimpleNamespace(closed=False, close=lambda: None)
    writer = SnapshotWriter(log, lambda: connection)
    counted = SNAPSHOTS_BUILT.labels("order")._value
    before = counted.get()

    try:
        writer.write([SNAPSHOT])
    except SnapshotNotWritten as error:
        assert not is_durable
        assert "snapshots.order: away" in str(error)
    else:
        assert is_durable

    assert log.written == [b"order.order-1"]
    assert rows == [SNAPSHOT] * is_durable
    assert counted.get() - before == is_durable
