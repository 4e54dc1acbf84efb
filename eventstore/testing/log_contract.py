"""What every Log must do, as tests: whoever writes an adapter subclasses `LogContract` and gives it `open_log`.

Register this package with `pytest.register_assert_rewrite`, or its asserts fail without saying how.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

import pytest

from eventstore.errors import LogMisconfigured, LogTruncated
from eventstore.events import MAX_COMMIT_BYTES, Place
from eventstore.ports import Answer, Appended, Log, LogRecord, NotWritten, Proposal

OpenLog = Callable[[], Log]
Recreate = Callable[[str], None]

PARTITIONS = 3
TIMEOUT_S = 10.0


def a_topic() -> str:
    """A name that no earlier run has used."""
    return f"eventstore.t{uuid4().hex[:12]}"


def a_proposal(
    place: Place, value: bytes = b"{}", key: bytes | None = b"order.order-1"
) -> Proposal:
    """A proposal with defaults."""
    return Proposal(place, key, value)


def append(log: Log, *proposals: Proposal) -> list[Appended]:
    """Append and insist on success."""
    answers = log.append(proposals, timeout_s=TIMEOUT_S)
    return [_appended(answer) for answer in answers]


def read_all(log: Log, place: Place, *, max_bytes: int = 4_000_000) -> list[LogRecord]:
    """Everything in a place, batch after batch; fails if one stalls."""
    records: list[LogRecord] = []
    offset, end = 0, log.extents([place])[place].end
    while offset < end:
        batch = log.read(place, offset, max_bytes=max_bytes)
        assert batch.next_offset > offset, f"the read at {offset} stalls before {end}"
        records += batch.records
        offset = batch.next_offset
    return records


class LogContract:
    """What every Log must do. Subclass it, give an `open_log` fixture, and pytest runs all of it."""

    @pytest.fixture
    def open_log(self) -> OpenLog:
        """Make a new instance over the same log. The adapter's test gives it."""
        raise NotImplementedError

    @pytest.fixture
    def recreate(self) -> Recreate | None:
        """Delete a topic and create it again under its name, if the adapter's test can."""
        return None

    @pytest.fixture
    def log(self, open_log: OpenLog) -> Iterator[Log]:
        log = open_log()
        yield log
        log.close()

    @pytest.fixture
    def topic(self, log: Log) -> str:
        name = a_topic()
        log.create([name], partitions=PARTITIONS)
        return name

    @pytest.fixture
    def place(self, topic: str) -> Place:
        return Place(topic, 1)

    # ---- append

    def test_offsets_begin_at_zero_and_have_no_gaps(
        self, log: Log, place: Place
    ) -> None:
        first = append(log, a_proposal(place), a_proposal(place))
        then = append(log, a_proposal(place))

        assert [a.offset for a in [*first, *then]] == [0, 1, 2]

    def test_the_order_of_a_call_is_the_order_in_the_log(
        self, log: Log, place: Place
    ) -> None:
        values = [b"%d" % n for n in range(500)]

        answers = append(log, *(a_proposal(place, value) for value in values))

        assert [a.offset for a in answers] == list(range(500))
        assert [r.value for r in read_all(log, place)] == values

    def test_answers_come_in_the_order_of_the_proposals(
        self, log: Log, topic: str
    ) -> None:
        places = [Place(topic, n % PARTITIONS) for n in range(30)]

        answers = append(log, *(a_proposal(p, b"%d" % n) for n, p in enumerate(places)))

        found = [
            log.read(place, answer.offset).records[0].value
            for place, answer in zip(places, answers, strict=True)
        ]
        assert found == [b"%d" % n for n in range(30)]

    def test_a_record_goes_to_the_given_partition_whatever_its_key(
        self, log: Log, topic: str
    ) -> None:
        append(log, *(a_proposal(Place(topic, n)) for n in range(PARTITIONS)))

        extents = log.extents([Place(topic, n) for n in range(PARTITIONS)])

        assert [e.end for e in extents.values()] == [1] * PARTITIONS

    def test_nothing_proposed_is_nothing_answered(self, log: Log) -> None:
        assert list(log.append([], timeout_s=TIMEOUT_S)) == []

    def test_every_byte_is_kept(self, log: Log, place: Place) -> None:
        every_byte = bytes(range(256))

        append(log, a_proposal(place, every_byte, every_byte))

        assert log.read(place, 0).records[0].value == every_byte
        assert log.read(place, 0).records[0].key == every_byte

    def test_no_key_an_empty_key_and_an_empty_value_stay_what_they_are(
        self, log: Log, place: Place
    ) -> None:
        append(log, a_proposal(place, b"", None), a_proposal(place, b"", b""))

        found = [(r.key, r.value) for r in read_all(log, place)]
        assert found == [(None, b""), (b"", b"")]

    def test_a_value_of_the_limit_is_taken_and_read_whole(
        self, log: Log, place: Place
    ) -> None:
        noise = uuid4().bytes * (MAX_COMMIT_BYTES // 16)

        append(log, a_proposal(place, noise, b"k" * 200))

        assert log.read(place, 0, max_bytes=1_000).records[0].value == noise

    def test_a_value_over_the_limit_is_not_written_and_leaves_nothing(
        self, log: Log, place: Place
    ) -> None:
        proposals = [a_proposal(place, b"x" * (MAX_COMMIT_BYTES + 1))]

        answers = log.append(proposals, timeout_s=TIMEOUT_S)

        assert isinstance(answers[0], NotWritten)
        assert log.extents([place])[place].end == 0

    def test_one_that_is_refused_does_not_hold_up_the_others(
        self, log: Log, place: Place
    ) -> None:
        proposals = [
            a_proposal(place, b"a"),
            a_proposal(place, b"x" * (MAX_COMMIT_BYTES + 1)),
            a_proposal(Place(place.topic, PARTITIONS)),
            a_proposal(place, b"b"),
        ]

        answers = log.append(proposals, timeout_s=TIMEOUT_S)

        kinds = [type(answer) for answer in answers]
        assert kinds == [Appended, NotWritten, NotWritten, Appended]
        assert [r.value for r in read_all(log, place)] == [b"a", b"b"]

    def test_an_unknown_topic_is_not_written_and_not_created(self, log: Log) -> None:
        name = a_topic()

        answers = log.append([a_proposal(Place(name, 0))], timeout_s=TIMEOUT_S)

        assert isinstance(answers[0], NotWritten)
        assert log.topics([name]) == {}

    def test_an_unknown_partition_is_not_written(self, log: Log, topic: str) -> None:
        place = Place(topic, PARTITIONS)

        answers = log.append([a_proposal(place)], timeout_s=TIMEOUT_S)

        assert isinstance(answers[0], NotWritten)
        assert log.topics([topic])[topic].partitions == PARTITIONS

    def test_the_time_of_the_answer_is_the_time_that_is_read(
        self, log: Log, place: Place
    ) -> None:
        answers = append(log, *(a_proposal(place) for _ in range(100)))

        told = [(a.offset, a.recorded_at) for a in answers]
        assert [(r.offset, r.recorded_at) for r in read_all(log, place)] == told

    def test_what_is_acknowledged_can_be_read_by_another_instance_at_once(
        self, log: Log, open_log: OpenLog, place: Place
    ) -> None:
        other = open_log()
        try:
            for n in range(20):
                append(log, a_proposal(place, b"%d" % n))

                assert other.read(place, n).records[0].value == b"%d" % n
        finally:
            other.close()

    def test_two_instances_at_once_lose_and_double_nothing(
        self, open_log: OpenLog, log: Log, place: Place
    ) -> None:
        answers = _append_at_once(open_log, place, writers=2, calls=20, size=10)

        told = {_appended(answer).offset: value for value, answer in answers}
        found = {r.offset: r.value for r in read_all(log, place)}
        assert len(answers) == 400
        assert told == found
        assert sorted(told) == list(range(400))

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

    # ---- close

    def test_closing_twice_is_harmless(self, open_log: OpenLog, place: Place) -> None:
        log = open_log()
        append(log, a_proposal(place))

        log.close()
        log.close()

    def test_closing_what_was_never_used_is_harmless(self, open_log: OpenLog) -> None:
        open_log().close()


def _appended(answer: Answer) -> Appended:
    assert isinstance(answer, Appended), answer
    return answer


def _append_at_once(
    open_log: OpenLog, place: Place, *, writers: int, calls: int, size: int
) -> Sequence[tuple[bytes, Answer]]:
    """Append from several threads with an instance each; what was proposed and what was answered."""
    results: list[tuple[bytes, Answer]] = []
    start = threading.Barrier(writers)

    def write(writer: int) -> None:
        log = open_log()
        try:
            start.wait()
            for call in range(calls):
                values = [b"%d/%d/%d" % (writer, call, n) for n in range(size)]
                proposals = [a_proposal(place, value) for value in values]
                answers = log.append(proposals, timeout_s=TIMEOUT_S)
                results.extend(zip(values, answers, strict=True))
        finally:
            log.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
