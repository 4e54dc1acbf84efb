"""What every event store must do, whatever its log. Subclass it, give a `store` fixture, and pytest runs all of it.

class TestMyStore(EventStoreContract):
    @pytest.fixture
    def store(self) -> EventStore: ...      # topics created, empty, types of `eventstore.testing.shop`
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from eventstore.errors import (
    CommitIdReused,
    CommitTooLarge,
    EventIdReused,
    InvalidEvent,
    InvalidStreamId,
    StreamNotFound,
    WrongExpectedVersion,
)
from eventstore.events import (
    MAX_OFFSET,
    Cut,
    EventMetadata,
    Expected,
    NewEvent,
    Place,
    RecordedEvent,
    stream_type_of,
)
from eventstore.testing.shop import OrderChanged, OrderPlaced
from eventstore.testing.store_bounds_contract import BoundsContract
from eventstore.testing.store_sealing_contract import SealingContract

if TYPE_CHECKING:
    from eventstore.ports import Opener
    from eventstore.store import EventStore

PLACED = NewEvent(OrderPlaced(customer_id="customer-1"))


def changed(quantity: int = 1) -> NewEvent:
    """An event that any stream takes."""
    return NewEvent(OrderChanged(quantity=quantity))


class EventStoreContract(BoundsContract, SealingContract):
    """The suite. `a_stream` gives an id that no test has used."""

    @pytest.fixture
    def a_stream(self, store: EventStore) -> str:
        """The id of a stream that does not exist yet."""
        topic = next(iter(store.topics.numbers))
        return f"{topic.removeprefix('eventstore.')}.{uuid4()}"

    # ---- what is appended is readable, in order, without holes

    def test_what_was_appended_is_read_in_order_and_without_holes(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [PLACED], Expected.NO_STREAM)
        store.append(a_stream, [changed(2), changed(3)], 1)

        events = list(store.read(a_stream))

        assert [e.metadata.version for e in events] == [1, 2, 3]
        assert [e.data for e in events] == [
            {"customer_id": "customer-1"},
            {"quantity": 2},
            {"quantity": 3},
        ]

    def test_the_answer_names_versions_and_positions(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [PLACED], Expected.NO_STREAM)

        result = store.append(a_stream, [changed(), changed()], 1)

        events = list(store.read(a_stream))
        assert (result.first_version, result.last_version) == (2, 3)
        assert list(result.positions) == [e.position for e in events[1:]]
        assert result.recorded_at == events[1].recorded_at

    def test_metadata_comes_back_as_given(
        self, store: EventStore, a_stream: str, may_open: Opener
    ) -> None:
        event_id, correlation, causation = uuid4(), uuid4(), uuid4()
        then = datetime(2001, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
        given = NewEvent(
            {"customer_id": "c", "remark": "Straße 🧸"},
            type="OrderPlaced",
            event_id=event_id,
            occurred_at=then,
            correlation_id=correlation,
            causation_id=causation,
        )

        store.append(a_stream, [given], Expected.ANY)

        event = next(store.read(a_stream, opener=may_open))
        meta = event.metadata
        assert meta == EventMetadata(
            event_id, a_stream, "OrderPlaced", 1, then, correlation, causation
        )
        assert event.data == {"customer_id": "c", "remark": "Straße 🧸"}
        assert event.problem is None
        assert abs(event.recorded_at - datetime.now(UTC)) < timedelta(minutes=5)  # noqa: TID251

    def test_a_correlation_that_was_not_given_is_the_first_events_id(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [PLACED, changed()], Expected.ANY)

        first, second = store.read(a_stream)

        assert first.metadata.correlation_id == first.metadata.event_id
        assert second.metadata.correlation_id == first.metadata.event_id
        assert second.metadata.causation_id is None

    def test_a_part_of_a_stream_can_be_read_both_ways(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [changed(n) for n in range(1, 5)], Expected.ANY)
        store.append(a_stream, [changed(n) for n in range(5, 8)], Expected.ANY)

        def versions(**kwargs: int | bool) -> list[int]:
            return [e.metadata.version for e in store.read(a_stream, **kwargs)]  # type: ignore[arg-type]

        assert versions(from_version=3, to_version=6) == [3, 4, 5, 6]
        assert versions(from_version=3, to_version=6, backwards=True) == [6, 5, 4, 3]
        assert versions(limit=2) == [1, 2]
        assert versions(backwards=True, limit=2) == [7, 6]
        assert versions(from_version=8) == []

    def test_a_history_is_the_same_events_as_their_classes(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [PLACED, changed(2), changed(3)], Expected.NO_STREAM)
        store.append(a_stream, [changed(4), changed(5)], 3)

        assert list(store.history(a_stream)) == [
            PLACED.data,
            *(OrderChanged(quantity=n) for n in range(2, 6)),
        ]
        for first in range(1, 7):
            for last in range(first - 1, 7):
                found = list(store.history(a_stream, first, last))
                read = store.read(a_stream, first, last)
                assert len(found) == len(list(read)) == max(0, min(last, 5) - first + 1)
        with pytest.raises(InvalidStreamId):
            store.history("garbage")

    def test_a_stream_that_does_not_exist_reads_as_nothing_and_has_no_info(
        self, store: EventStore, a_stream: str
    ) -> None:
        assert list(store.read(a_stream)) == []
        with pytest.raises(StreamNotFound):
            store.stream_info(a_stream)

    def test_the_info_has_head_and_times(
        self, store: EventStore, a_stream: str
    ) -> None:
        first = store.append(a_stream, [PLACED], Expected.NO_STREAM)
        last = store.append(a_stream, [changed()], 1)

        info = store.stream_info(a_stream)

        assert info.version == 2
        assert info.first_recorded_at == first.recorded_at
        assert info.last_recorded_at == last.recorded_at

    # ---- expectations

    @pytest.mark.parametrize("expected", [Expected.NO_STREAM, 0, Expected.ANY])
    def test_a_new_stream_is_begun_by(
        self, store: EventStore, a_stream: str, expected: Expected | int
    ) -> None:
        assert store.append(a_stream, [PLACED], expected).first_version == 1

    @pytest.mark.parametrize("expected", [1, 7, Expected.STREAM_EXISTS])
    def test_a_new_stream_is_refused_for(
        self, store: EventStore, a_stream: str, expected: Expected | int
    ) -> None:
        with pytest.raises(WrongExpectedVersion) as refused:
            store.append(a_stream, [PLACED], expected)

        assert refused.value.current_version == 0
        assert list(store.read(a_stream)) == []

    @pytest.mark.parametrize("expected", [Expected.NO_STREAM, 0, 1, 3])
    def test_a_stream_at_two_is_refused_for(
        self, store: EventStore, a_stream: str, expected: Expected | int
    ) -> None:
        store.append(a_stream, [PLACED, changed()], Expected.NO_STREAM)

        with pytest.raises(WrongExpectedVersion) as refused:
            store.append(a_stream, [changed()], expected)

        assert refused.value.current_version == 2
        assert refused.value.expected == Expected.of(expected).value

    # ---- the same commit again

    def test_a_retry_gets_the_positions_of_the_first_answer_even_after_others(
        self, store: EventStore, a_stream: str
    ) -> None:
        commit = uuid4()
        first = store.append(a_stream, [PLACED], Expected.NO_STREAM, commit_id=commit)
        store.append(a_stream, [changed()], 1)

        again = store.append(a_stream, [PLACED], Expected.NO_STREAM, commit_id=commit)

        assert (again.positions, again.recorded_at) == (
            first.positions,
            first.recorded_at,
        )
        assert (first.replayed, again.replayed) == (False, True)
        assert store.stream_info(a_stream).version == 2

    def test_a_refusal_that_the_log_has_decided_is_repeated_for_ever(
        self, store: EventStore, a_stream: str
    ) -> None:
        commit = uuid4()
        with pytest.raises(WrongExpectedVersion):
            store.append(
                a_stream, [changed()], Expected.STREAM_EXISTS, commit_id=commit
            )
        store.append(a_stream, [PLACED], Expected.NO_STREAM)

        with pytest.raises(WrongExpectedVersion) as refused:
            store.append(
                a_stream, [changed()], Expected.STREAM_EXISTS, commit_id=commit
            )

        assert refused.value.current_version == 0

    def test_a_commit_id_with_other_events_is_refused(
        self, store: EventStore, a_stream: str
    ) -> None:
        commit = uuid4()
        store.append(a_stream, [PLACED], Expected.NO_STREAM, commit_id=commit)

        with pytest.raises(CommitIdReused) as number:
            store.append(a_stream, [PLACED, changed()], Expected.ANY, commit_id=commit)
        with pytest.raises(CommitIdReused) as kind:
            store.append(a_stream, [changed()], Expected.ANY, commit_id=commit)

        assert (number.value.differs, number.value.index) == ("number", None)
        assert (kind.value.differs, kind.value.index) == ("type", 0)

    @pytest.mark.parametrize("was_refused", [False, True])
    def test_a_commit_id_with_other_data_is_refused_and_nothing_of_it_kept(
        self, store: EventStore, a_stream: str, *, was_refused: bool
    ) -> None:
        commit = uuid4()
        store.append(a_stream, [PLACED], Expected.NO_STREAM)
        expected = Expected.version(7 if was_refused else 1)
        events = [changed(1), changed(2)]
        with suppress(WrongExpectedVersion):
            store.append(a_stream, events, expected, commit_id=commit)
        before = list(store.read(a_stream))

        with pytest.raises(CommitIdReused) as refused:
            store.append(a_stream, [changed(1), changed(3)], expected, commit_id=commit)

        assert (refused.value.differs, refused.value.index) == ("data", 1)
        assert "3" not in str(refused.value).replace(str(commit), "").replace(
            a_stream, ""
        )
        assert list(store.read(a_stream)) == before

    def test_a_repeat_may_come_later_and_by_another_request(
        self, store: EventStore, a_stream: str
    ) -> None:
        """Time, correlation and cause are of the call, not of what it proposes; so is the form of the data."""
        commit, data = uuid4(), {"customer_id": "c", "remark": None}
        first = store.append(
            a_stream, [NewEvent(data, "OrderPlaced")], 0, commit_id=commit
        )
        other = NewEvent(
            OrderPlaced(customer_id="c"),
            occurred_at=datetime(2001, 1, 1, tzinfo=UTC),
            correlation_id=uuid4(),
            causation_id=uuid4(),
        )

        again = store.append(a_stream, [other], 0, commit_id=commit)

        assert (again.replayed, again.positions) == (True, first.positions)

    def test_coroutines_are_told_of_other_data_too(
        self, store: EventStore, a_stream: str
    ) -> None:
        commit = uuid4()
        store.append(a_stream, [changed(1)], Expected.ANY, commit_id=commit)

        with pytest.raises(CommitIdReused):
            asyncio.run(
                store.aappend(a_stream, [changed(2)], Expected.ANY, commit_id=commit)
            )

    # ---- facts of another log

    def test_a_fact_of_another_log_gets_the_version_that_it_has_there(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [PLACED], Expected.NO_STREAM)

        result = store.submit_past(
            a_stream, [changed(2)], commit_id=uuid4(), first_version=2
        ).result()

        assert (result.first_version, result.replayed) == (2, False)

    @pytest.mark.parametrize("first_version", [1, 3, 9])
    def test_a_fact_that_is_out_of_turn_leaves_no_record_and_fits_later(
        self, store: EventStore, a_stream: str, first_version: int
    ) -> None:
        commit = uuid4()
        store.append(a_stream, [PLACED], Expected.NO_STREAM)

        refused = store.submit_past(
            a_stream, [changed()], commit_id=commit, first_version=first_version
        ).exception()

        assert isinstance(refused, WrongExpectedVersion)
        assert refused.current_version == 1
        assert store.outcome(commit, a_stream).decided == []
        in_turn = store.submit_past(
            a_stream, [changed()], commit_id=commit, first_version=2
        )
        assert in_turn.result().first_version == 2

    def test_a_fact_that_is_there_is_answered_with_where_it_stands(
        self, store: EventStore, a_stream: str
    ) -> None:
        commit, then = uuid4(), datetime(2001, 1, 1, tzinfo=UTC)
        fact = replace(changed(), occurred_at=then)
        store.submit_past(a_stream, [fact], commit_id=commit, first_version=1).result()
        store.append(a_stream, [PLACED], Expected.ANY)

        again = store.submit_past(a_stream, [fact], commit_id=commit, first_version=1)
        other = store.submit_past(
            a_stream,
            [replace(fact, occurred_at=then + timedelta(seconds=1))],
            commit_id=commit,
        )

        assert (again.result().first_version, again.result().replayed) == (1, True)
        reused = other.exception()
        assert isinstance(reused, CommitIdReused)
        assert reused.differs == "occurred_at"

    def test_the_same_ids_in_two_streams_are_two_commits(
        self, store: EventStore, a_stream: str
    ) -> None:
        commit, event = uuid4(), uuid4()
        given = NewEvent(OrderPlaced(customer_id="c"), event_id=event)

        here = store.append(a_stream, [given], Expected.NO_STREAM, commit_id=commit)
        there = store.append(
            a_stream + "b", [given], Expected.NO_STREAM, commit_id=commit
        )

        assert (here.replayed, there.replayed) == (False, False)
        assert len(store.outcome(commit).decided) == 2

    def test_an_event_id_that_the_stream_has_is_refused(
        self, store: EventStore, a_stream: str
    ) -> None:
        given = NewEvent(OrderPlaced(customer_id="c"), event_id=uuid4())
        store.append(a_stream, [given], Expected.NO_STREAM)

        with pytest.raises(EventIdReused):
            store.append(a_stream, [given], 1)

    def test_the_outcome_of_a_commit_is_its_answer(
        self, store: EventStore, a_stream: str
    ) -> None:
        result = store.append(a_stream, [PLACED], Expected.NO_STREAM)

        outcome = store.outcome(result.commit_id, a_stream)

        (decided,) = outcome.decided
        assert decided.result(replayed=False) == result

    def test_an_unknown_commit_is_not_in_the_log_up_to_its_end(
        self, store: EventStore, a_stream: str
    ) -> None:
        result = store.append(a_stream, [PLACED], Expected.NO_STREAM)

        outcome = store.outcome(uuid4(), a_stream)

        (place,) = outcome.up_to.offsets
        assert not outcome.decided
        assert (place.topic, place.partition) == (
            result.positions[0].topic,
            result.positions[0].partition,
        )
        assert outcome.up_to.offsets[place] > result.positions[0].offset

    # ---- everything

    def test_following_all_streams_misses_and_repeats_nothing(
        self, store: EventStore, a_stream: str
    ) -> None:
        for n in range(20):
            store.append(f"{a_stream}-{n % 7}", [changed(n), changed(n)], Expected.ANY)

        seen: list[RecordedEvent] = []
        cut = Cut()
        while True:
            events, cut = store.read_all(cut, limit=5)
            if not events:
                break
            assert len(events) <= 5
            seen += events

        positions = [e.position for e in seen]
        assert len(positions) == len(set(positions)) == 40
        assert [e.recorded_at for e in seen] == sorted(e.recorded_at for e in seen)
        for n in range(7):
            versions = [
                e.metadata.version
                for e in seen
                if e.metadata.stream_id == f"{a_stream}-{n}"
            ]
            assert versions == list(range(1, len(versions) + 1))

    def test_a_commit_is_read_whole_even_beyond_the_limit(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [changed(n) for n in range(10)], Expected.ANY)

        events, cut = store.read_all(limit=3)

        assert len(events) == 10
        assert store.read_all(cut) == ([], cut)

    def test_following_goes_on_where_a_cut_was_written_down(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [PLACED], Expected.NO_STREAM)
        _, cut = store.read_all()
        second = store.append(a_stream, [changed()], 1)

        events, _ = store.read_all(Cut.parse(str(cut)))

        assert [e.position for e in events] == list(second.positions)

    def test_a_cut_passes_what_was_refused_when_nothing_accepted_is_left(
        self, store: EventStore, a_stream: str
    ) -> None:
        store.append(a_stream, [PLACED], Expected.NO_STREAM)
        with pytest.raises(WrongExpectedVersion):
            store.append(a_stream, [changed()], 7)
        end = store.catch_up(store.topics.places, timeout_s=30)

        _, cut = store.read_all()

        assert cut.offsets == {place: n for place, n in end.offsets.items() if n}

    def test_a_cut_that_this_store_cannot_have_is_refused(
        self, store: EventStore
    ) -> None:
        here = store.topics.places[0]

        for wrong in (
            Cut({here: MAX_OFFSET}),
            Cut({here: -1}),
            Cut({Place("nothing", 0): 1}),
        ):
            with pytest.raises(ValueError, match="the cut names"):
                store.read_all(wrong)

    def test_following_streams_of_an_unknown_type_is_refused(
        self, store: EventStore
    ) -> None:
        with pytest.raises(InvalidStreamId):
            store.read_all(types=["nothing"])

    # ---- what is refused before anything is written

    @pytest.mark.parametrize(
        "event",
        [
            NewEvent({"quantity": 1}, type="NoSuchEvent"),
            NewEvent({"quantity": "many"}, type="OrderChanged"),
            NewEvent({"quantity": 1, "more": 2}, type="OrderChanged"),
            NewEvent({}, type="OrderChanged"),
            NewEvent({"quantity": 1}),
            NewEvent({"quantity": 2**53 + 1}, type="OrderChanged"),
            NewEvent({"customer_id": "a\x00b"}, type="OrderPlaced"),
            NewEvent({"customer_id": "a\ud800b"}, type="OrderPlaced"),
            NewEvent({"quantity": 1}, type="OrderChanged", schema=2),
            NewEvent(
                {"quantity": 1},
                type="OrderChanged",
                occurred_at=datetime(2001, 1, 1),  # noqa: DTZ001
            ),
        ],
    )
    def test_an_event_that_does_not_fit_is_refused(
        self, store: EventStore, a_stream: str, event: NewEvent
    ) -> None:
        with pytest.raises(InvalidEvent):
            store.append(a_stream, [PLACED, event], Expected.ANY)

        assert list(store.read(a_stream)) == []

    @pytest.mark.parametrize(
        "event",
        [
            NewEvent(OrderChanged(quantity=1), type="OrderPlaced"),
            NewEvent(OrderChanged(quantity=1), event_id=str(uuid4())),  # type: ignore[arg-type]
            NewEvent(OrderChanged(quantity=1), correlation_id="c"),  # type: ignore[arg-type]
            NewEvent(OrderChanged(quantity=1), causation_id="c"),  # type: ignore[arg-type]
            NewEvent(OrderChanged(quantity=1), occurred_at="2001"),  # type: ignore[arg-type]
        ],
    )
    def test_what_a_type_checker_would_have_found_is_refused_too(
        self, store: EventStore, a_stream: str, event: NewEvent
    ) -> None:
        with pytest.raises(InvalidEvent):
            store.append(a_stream, [event], Expected.ANY)

        assert list(store.read(a_stream)) == []

    @pytest.mark.parametrize("expected", [-1, "whatever", None, True])
    def test_an_expectation_that_is_none_is_refused(
        self, store: EventStore, a_stream: str, expected: Any
    ) -> None:
        with pytest.raises(InvalidEvent):
            store.append(a_stream, [PLACED], expected)

    def test_a_commit_id_that_is_no_uuid_is_refused(
        self, store: EventStore, a_stream: str
    ) -> None:
        given = NewEvent(OrderPlaced(customer_id="c"), event_id=uuid4())

        with pytest.raises(InvalidEvent):
            store.append(a_stream, [given], 0, commit_id=str(uuid4()))  # type: ignore[arg-type]

        assert list(store.read(a_stream)) == []

    @pytest.mark.parametrize("timeout_s", [float("nan"), float("inf"), -1.0, 1e9])
    def test_a_time_out_that_nobody_can_wait_is_refused_and_harms_nobody_else(
        self, store: EventStore, a_stream: str, timeout_s: float
    ) -> None:
        with pytest.raises(ValueError, match="time-out"):
            store.append(a_stream, [PLACED], Expected.ANY, timeout_s=timeout_s)

        assert store.append(a_stream, [PLACED], Expected.ANY).first_version == 1

    def test_a_refusal_names_no_field_that_somebody_made_up(
        self, store: EventStore, a_stream: str
    ) -> None:
        with pytest.raises(InvalidEvent) as refused:
            store.append(
                a_stream,
                [NewEvent({"quantity": 1, "a secret": 2}, type="OrderChanged")],
                Expected.ANY,
            )

        assert "a secret" not in str(refused.value)

    @pytest.mark.parametrize("stream_id", ["garbage", "nothing.a", "order.\0"])
    def test_no_question_takes_what_is_no_stream_id(
        self, store: EventStore, stream_id: str
    ) -> None:
        with pytest.raises(InvalidStreamId):
            store.stream_info(stream_id)
        with pytest.raises(InvalidStreamId):
            store.read(stream_id)
        with pytest.raises(InvalidStreamId):
            store.outcome(uuid4(), stream_id)

    @pytest.mark.parametrize("count", [0, 1_001])
    def test_a_commit_of_too_few_or_too_many_events_is_refused(
        self, store: EventStore, a_stream: str, count: int
    ) -> None:
        with pytest.raises(InvalidEvent):
            store.append(a_stream, [changed()] * count, Expected.ANY)

    def test_a_commit_of_a_thousand_events_is_accepted(
        self, store: EventStore, a_stream: str
    ) -> None:
        result = store.append(a_stream, [changed()] * 1_000, Expected.ANY)

        assert result.last_version == 1_000
        assert len(list(store.read(a_stream))) == 1_000

    def test_a_commit_that_is_too_large_is_refused(
        self, store: EventStore, a_stream: str
    ) -> None:
        with pytest.raises(CommitTooLarge):
            store.append(
                a_stream,
                [NewEvent(OrderPlaced(customer_id="x" * 1_000_000))],
                Expected.ANY,
            )

    @pytest.mark.parametrize("tail", ["", " ", "ü", "x" * 129, "a/b"])
    def test_a_stream_id_that_is_none_is_refused(
        self, store: EventStore, a_stream: str, tail: str
    ) -> None:
        stream_type = stream_type_of(a_stream)

        with pytest.raises(InvalidStreamId):
            store.append(f"{stream_type}.{tail}", [PLACED], Expected.ANY)

    @pytest.mark.parametrize("stream_id", ["nothing.a", "nodot", ".a"])
    def test_a_stream_of_an_unknown_type_is_refused(
        self, store: EventStore, stream_id: str
    ) -> None:
        with pytest.raises(InvalidStreamId):
            store.append(stream_id, [PLACED], Expected.ANY)

    # ---- many at once

    def test_of_many_writers_with_one_expectation_exactly_one_wins(
        self, store: EventStore, a_stream: str
    ) -> None:
        def attempt(_: int) -> bool:
            try:
                store.append(a_stream, [PLACED], Expected.NO_STREAM)
            except WrongExpectedVersion:
                return False
            return True

        with ThreadPoolExecutor(16) as pool:
            won = list(pool.map(attempt, range(32)))

        assert won.count(True) == 1
        assert store.stream_info(a_stream).version == 1

    def test_writers_to_many_streams_lose_and_double_nothing(
        self, store: EventStore, a_stream: str
    ) -> None:
        def write(n: int) -> None:
            store.append(f"{a_stream}-{n % 8}", [changed(n)], Expected.ANY)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(write, range(160)))

        for n in range(8):
            events = list(store.read(f"{a_stream}-{n}"))
            assert [e.metadata.version for e in events] == list(range(1, 21))
            assert sorted(e.data["quantity"] for e in events) == list(range(n, 160, 8))

    def test_coroutines_append_and_read_by_the_same_door(
        self, store: EventStore, a_stream: str
    ) -> None:
        async def work() -> list[int]:
            await asyncio.gather(
                *(
                    store.aappend(a_stream, [changed(n)], Expected.ANY)
                    for n in range(20)
                )
            )
            versions = [e.metadata.version for e in await store.aread(a_stream)]
            await sync_to_async(
                connections.close_all
            )()  # those of the thread that served `aread`
            return versions

        assert asyncio.run(work()) == list(range(1, 21))

    def test_commits_queued_together_keep_their_order_within_a_stream(
        self, store: EventStore, a_stream: str
    ) -> None:
        futures = [
            store.submit(a_stream, [changed(n)], Expected.ANY) for n in range(100)
        ]

        versions = [f.result(120).first_version for f in futures]

        assert versions == list(range(1, 101))
