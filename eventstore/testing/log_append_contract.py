"""What every Log must do when it is appended to; part of `log_contract.LogContract`."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from eventstore.events import MAX_COMMIT_BYTES, Place
from eventstore.ports import Answer, Appended, Log, NotWritten
from eventstore.testing.log_given import (
    PARTITIONS,
    PATIENT_S,
    TIMEOUT_S,
    LogFixtures,
    OpenLog,
    a_proposal,
    a_topic,
    append,
    appended,
    read_all,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class LogAppendContract(LogFixtures):
    """Offsets, order, refusals, times."""

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

    def test_headers_are_taken_or_refused_and_change_nothing_of_the_record(
        self, log: Log, place: Place, *, has_feeds: bool
    ) -> None:
        proposal = replace(a_proposal(place), headers=[("content-type", b"\xff")])

        (answer,) = log.append([proposal], timeout_s=PATIENT_S)

        found = [(r.key, r.value) for r in read_all(log, place)]
        assert isinstance(answer, Appended if has_feeds else Appended | NotWritten)
        assert found == [(proposal.key, proposal.value)] * isinstance(answer, Appended)

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

        told = {appended(answer).offset: value for value, answer in answers}
        found = {r.offset: r.value for r in read_all(log, place)}
        assert len(answers) == 400
        assert told == found
        assert sorted(told) == list(range(400))


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
                answers = log.append(proposals, timeout_s=PATIENT_S)
                results.extend(zip(values, answers, strict=True))
        finally:
            log.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
