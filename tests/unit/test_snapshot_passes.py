"""One pass of `verify` over the snapshots: whose turn it is, which rows and topics are its own, and what it says of its progress."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from eventstore.events import Place
from eventstore.ports import Batch, Extent
from eventstore.snapshots.builder import verifying
from eventstore.snapshots.builder.verifying import Compared, Comparer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = 20_780  # since 1970


@pytest.fixture(autouse=True)
def _no_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "aggregates", dict)
    monkeypatch.setattr(verifying, "signer", lambda: None)


class Log:
    """A log that has these topics, and no records; it takes notes of whose extents are asked for."""

    def __init__(self, *topics: str) -> None:
        self._topics, self.asked = topics, list[Place]()

    def topics(self, _names: object) -> set[str]:
        """See the port."""
        return set(self._topics)

    def extents(self, places: Sequence[Place]) -> dict[Place, Extent]:
        """See the port."""
        self.asked += places
        return {place: Extent(0, 0) for place in places}

    def read(self, _place: Place, offset: int) -> Batch:
        """See the port."""
        raise AssertionError(offset)


def comparer(now: datetime = NOON, log: Any = None, **options: Any) -> Comparer:
    """One without any class, who looks at all."""
    store: Any = None
    return Comparer(store, log, now=now, at_most=None, **options)


@pytest.mark.parametrize(
    ("hours", "day"), [(-13, DAY - 1), (-12, DAY), (0, DAY), (11, DAY), (12, DAY + 1)]
)
def test_a_turn_is_a_day(hours: int, day: int) -> None:
    assert comparer(NOON + timedelta(hours=hours))._day == day


def test_a_row_of_another_type_ends_nothing_and_all_that_was_read_is_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages = [
        [SimpleNamespace(stream_id=one) for one in page]
        for page in (["parcel.1", "order.1", "order.2"], ["order.3", "parcel.2"])
    ]
    seen: list[tuple[str, bool]] = []

    def rows(*, most: int) -> Iterator[Any]:
        assert most == 3
        yield from pages

    def is_comparable(row: Any, _compared: Compared, *, is_due: bool) -> bool:
        seen.append((row.stream_id, is_due))
        return False

    nothing = SimpleNamespace(numbers={}, places=[], partitions=1)
    monkeypatch.setattr(verifying, "rows", rows)
    monkeypatch.setattr(verifying, "snapshot_topics", lambda: nothing)
    made, heard = comparer(log=Log(), stream_types=["order"], page=3), list[int]()
    monkeypatch.setattr(made, "_is_comparable", is_comparable)

    compared = made.run(heard.append)

    assert [stream_id for stream_id, _ in seen] == ["order.1", "order.2", "order.3"]
    assert compared == Compared(kept=3)
    assert heard == [3, 2]


def test_of_the_topics_that_are_there_only_those_that_are_wanted_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("snapshots.order", "snapshots.parcel", "snapshots.order_of_old")
    places = [Place(name, 0) for name in names]
    topics = SimpleNamespace(numbers={"n": 1}, places=places, partitions=1)
    monkeypatch.setattr(verifying, "snapshot_topics", lambda: topics)
    log = Log("snapshots.order", "snapshots.parcel")

    made = comparer(log=log, stream_types=["order", "order_of_old"])
    made._topics(Compared(), lambda _: None)

    assert log.asked == [Place("snapshots.order", 0)]
