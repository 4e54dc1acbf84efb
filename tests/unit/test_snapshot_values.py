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


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> list[Snapshot]:
    """What gets into the table."""
    found: list[Snapshot] = []
    monkeypatch.setattr(writing, "insert", lambda _own, given: found.extend(given))
    return found


def writer_to(log: Any) -> SnapshotWriter:
    """One whose connection is none."""
    connection: Any = SimpleNamespace(closed=False, close=lambda: None)
    return SnapshotWriter(log, lambda: connection)


def test_it_is_in_the_topic_and_in_the_table_and_counted(rows: list[Snapshot]) -> None:
    log = Log(Appended(7, 0))
    counted = SNAPSHOTS_BUILT.labels("order")._value
    before = counted.get()

    writer_to(log).write([SNAPSHOT])

    assert (log.written, rows) == ([b"order.order-1"], [SNAPSHOT])
    assert counted.get() - before == 1


def test_what_is_not_in_the_topic_does_not_get_into_the_table(
    rows: list[Snapshot],
) -> None:
    counted = SNAPSHOTS_BUILT.labels("order")._value
    before = counted.get()

    with pytest.raises(SnapshotNotWritten, match=r"snapshots\.order: away"):
        writer_to(Log(NotWritten("away"))).write([SNAPSHOT])

    assert rows == []
    assert counted.get() == before
