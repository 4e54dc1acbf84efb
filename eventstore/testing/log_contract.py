"""What every Log must do, as tests: whoever writes an adapter subclasses `LogContract` and gives it `open_log`.

Register this package with `pytest.register_assert_rewrite`, or its asserts fail without saying how.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore.errors import LogMisconfigured, LogTruncated
from eventstore.events import Place
from eventstore.testing.log_append_contract import LogAppendContract
from eventstore.testing.log_given import (
    PARTITIONS,
    OpenLog,
    Recreate,
    a_proposal,
    a_topic,
    append,
    read_all,
)
from eventstore.testing.log_restore_contract import LogRestoreContract
from eventstore.testing.log_unreachable_contract import LogUnreachableContract

if TYPE_CHECKING:
    from eventstore.ports import Log


class LogContract(LogAppendContract, LogRestoreContract, LogUnreachableContract):
    """What every Log must do. Subclass it, give an `open_log` fixture, and pytest runs all of it.

    `recreate` and `unreachable_log` are optional fixtures; without them the tests that need them are skipped. So is
    `has_feeds`, for a log beside which events are published.
    """

    def test_it_says_in_a_word_of_what_kind_it_is(self, log: Log) -> None:
        assert isinstance(log.kind, str)
        assert re.fullmatch(r"\S+", log.kind), "Messages call the log by it."

    # ---- read

    def test_a_read_starts_at_the_wanted_offset(self, log: Log, place: Place) -> None:
        append(log, *(a_proposal(place, b"%d" % n) for n in range(10)))

        for offset in (7, 3, 9, 0):
            batch = log.read(place, offset)

            assert [r.offset for r in batch.records] == list(range(offset, 10))
            assert batch.next_offset == 10

    def test_a_read_at_the_end_is_empty_and_stays_there(
        self, log: Log, place: Place
    ) -> None:
        assert log.read(place, 0).next_offset == 0
        append(log, a_proposal(place))

        batch = log.read(place, 1)

        assert list(batch.records) == []
        assert batch.next_offset == 1

    def test_a_read_finds_what_came_after_an_empty_one(
        self, log: Log, place: Place
    ) -> None:
        log.read(place, 0)

        append(log, a_proposal(place, b"late"))

        assert [r.value for r in log.read(place, 0).records] == [b"late"]

    def test_a_read_of_a_small_size_is_bounded_but_never_stalls(
        self, log: Log, place: Place
    ) -> None:
        values = [uuid4().bytes * 6_250 for _ in range(40)]  # 100,000 bytes each
        for value in values:
            append(log, a_proposal(place, value))

        sizes = [
            sum(
                len(r.value or b"") for r in log.read(place, 0, max_bytes=limit).records
            )
            for limit in (1, 300_000)
        ]

        assert 100_000 <= sizes[0] <= sizes[1] <= 2_000_000
        assert [r.value for r in read_all(log, place, max_bytes=1)] == values

    @pytest.mark.parametrize("offset", [3, 1_000])
    def test_a_read_outside_of_the_log_says_that_it_is_truncated(
        self, log: Log, place: Place, offset: int
    ) -> None:
        append(log, a_proposal(place), a_proposal(place))

        with pytest.raises(LogTruncated) as caught:
            log.read(place, offset)

        error = caught.value
        found = (error.topic, error.partition, error.cursor)
        assert found == (place.topic, place.partition, offset)

    # ---- extents

    def test_extents_are_those_of_now(self, log: Log, topic: str) -> None:
        places = [Place(topic, n) for n in range(PARTITIONS)]
        append(log, *(a_proposal(places[1]) for _ in range(5)))

        extents = log.extents(places)

        found = {p: (e.start, e.end) for p, e in extents.items()}
        assert found == {places[0]: (0, 0), places[1]: (0, 5), places[2]: (0, 0)}

    def test_extents_of_nothing_are_nothing(self, log: Log) -> None:
        assert dict(log.extents([])) == {}

    @pytest.mark.parametrize("missing", ["topic", "partition"])
    def test_extents_of_a_place_that_is_not_there_are_refused(
        self, log: Log, topic: str, missing: str
    ) -> None:
        place = Place(a_topic(), 0) if missing == "topic" else Place(topic, PARTITIONS)

        with pytest.raises(LogMisconfigured):
            log.extents([Place(topic, 0), place])

    # ---- topics

    def test_topics_are_those_that_are_there(self, log: Log, topic: str) -> None:
        found = log.topics([topic, a_topic()])

        assert list(found) == [topic]
        assert found[topic].name == topic
        assert found[topic].partitions == PARTITIONS
        assert list(found[topic].problems) == []

    def test_creating_again_changes_nothing(
        self, log: Log, open_log: OpenLog, topic: str
    ) -> None:
        before = log.topics([topic])
        append(log, a_proposal(Place(topic, 0)))

        log.create([topic], partitions=PARTITIONS + 1)

        assert log.topics([topic]) == before
        assert log.extents([Place(topic, 0)])[Place(topic, 0)].end == 1

    def test_a_topic_keeps_its_id_and_no_other_has_it(
        self, log: Log, open_log: OpenLog, topic: str
    ) -> None:
        name = a_topic()
        log.create([topic, name], partitions=PARTITIONS)
        other = open_log()

        seen = other.topics([topic, name])
        other.close()

        assert seen[topic].id == log.topics([topic])[topic].id
        assert seen[topic].id != seen[name].id

    def test_a_topic_created_anew_has_another_id(
        self, log: Log, topic: str, recreate: Recreate | None
    ) -> None:
        if recreate is None:
            pytest.skip("this log cannot delete a topic")
        before = log.topics([topic])[topic].id

        recreate(topic)

        assert log.topics([topic])[topic].id != before

    # ---- open and close

    def test_each_opening_gives_an_instance_of_its_own(self, open_log: OpenLog) -> None:
        one, other = open_log(), open_log()

        assert one is not other
        one.close()
        other.close()

    def test_closing_twice_is_harmless(self, open_log: OpenLog, place: Place) -> None:
        log = open_log()
        append(log, a_proposal(place))

        log.close()
        log.close()

    def test_closing_what_was_never_used_is_harmless(self, open_log: OpenLog) -> None:
        open_log().close()
