"""What a Log must do that can have lost records put back: skipped for one that cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eventstore.errors import NotRestorable
from eventstore.ports import LogRecord, Restorable
from eventstore.testing.log_given import LogFixtures, a_proposal, append, read_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.events import Place
    from eventstore.ports import Log

LONG_AGO = 1_600_000_000_000


def records(first: int, count: int) -> Sequence[LogRecord]:
    """Records of long ago, the first ones at the same time, one without a key."""
    return [
        LogRecord(n, LONG_AGO + n // 2, b"order.order-1" if n else None, b"%d" % n)
        for n in range(first, first + count)
    ]


class LogRestoreContract(LogFixtures):
    """What `Restorable` promises."""

    @pytest.fixture
    def restorable(self, log: Log) -> Restorable:
        if not isinstance(log, Restorable):
            pytest.skip("nothing can be put back into this log")
        return log

    def test_what_is_put_back_lies_at_its_offset_with_its_time(
        self, restorable: Restorable, place: Place
    ) -> None:
        with restorable.restoring(place.topic):
            restorable.restore(place, records(0, 5))
            restorable.restore(place, records(5, 2))

        assert read_all(restorable, place) == [*records(0, 7)]

    def test_after_it_the_log_dates_records_itself(
        self, restorable: Restorable, place: Place
    ) -> None:
        with restorable.restoring(place.topic):
            restorable.restore(place, records(0, 2))

        [answer] = append(restorable, a_proposal(place))

        assert answer.offset == 2
        assert answer.recorded_at > LONG_AGO + 1_000_000
        assert list(restorable.topics([place.topic])[place.topic].problems) == []

    def test_it_dates_records_itself_also_after_a_failure(
        self, restorable: Restorable, place: Place
    ) -> None:
        with pytest.raises(ZeroDivisionError), restorable.restoring(place.topic):
            raise ZeroDivisionError

        assert append(restorable, a_proposal(place))[0].recorded_at > LONG_AGO
        assert list(restorable.topics([place.topic])[place.topic].problems) == []

    def test_what_would_lie_elsewhere_is_refused(
        self, restorable: Restorable, place: Place
    ) -> None:
        append(restorable, a_proposal(place))

        with (
            restorable.restoring(place.topic),
            pytest.raises(NotRestorable, match="somebody else") as caught,
        ):
            restorable.restore(place, records(0, 2))

        assert caught.value.offset == 0

    def test_a_megabyte_after_a_megabyte_is_put_back(
        self, restorable: Restorable, place: Place
    ) -> None:
        large = [LogRecord(n, LONG_AGO, b"k", bytes([n]) * 1_000_000) for n in range(3)]

        with restorable.restoring(place.topic):
            restorable.restore(place, large)

        assert read_all(restorable, place) == large
