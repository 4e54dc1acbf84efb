"""Rules 11, 12 and 14: what a caller is told is what the log says."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore.errors import (
    CommitIdReused,
    EventIdReused,
    LogTruncated,
    OwnRecordMalformed,
    WrongExpectedVersion,
)
from eventstore.events import AppendResult, Commit, Expected, derived_event_id
from eventstore.sealing.sealer import KeySealer
from eventstore.testing.memory_keys import MemoryKeys
from eventstore.upkeep.rebuild import reset
from tests.plugins.kafka_logs import until
from tests.support.connections import Line
from tests.support.worlds import FaultyStore, World, changed, versions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from eventstore.registry.event_type import Secrets


# ---- rule 11: the pre-check answers what is decided and refuses only what can never come true again


def test_a_retry_in_another_process_gets_the_first_answer_though_the_head_moved_on(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    first = here.append(stream, [changed()], 0, commit_id=commit)
    here.append(stream, [changed()], 1)

    again = there.append(stream, [changed()], 0, commit_id=commit)

    assert again == replace(first, replayed=True)
    assert audited.end(audited.place(stream)) == 2


@pytest.mark.parametrize("expected", [0, 1, "no_stream"])
def test_what_can_never_come_true_again_is_refused_without_a_record(
    audited: World, here: FaultyStore, expected: int | str
) -> None:
    stream = audited.stream()
    here.append(stream, [changed(), changed()], 0)

    with pytest.raises(WrongExpectedVersion) as refused:
        here.append(stream, [changed()], expected)

    assert refused.value.current_version == 2
    assert audited.end(audited.place(stream)) == 1


@pytest.mark.parametrize("expected", [5, "stream_exists"])
def test_what_may_still_come_true_is_for_the_log_to_refuse(
    audited: World, here: FaultyStore, expected: int | str
) -> None:
    stream = audited.stream()

    with pytest.raises(WrongExpectedVersion):
        here.append(stream, [changed()], expected)

    assert audited.verdicts(audited.place(stream)) == ["wrong_expected_version"]


@pytest.mark.parametrize("expected", [1, "stream_exists"])
def test_an_index_that_lies_behind_refuses_nothing_that_the_log_accepts(
    audited: World, here: FaultyStore, there: FaultyStore, expected: int | str
) -> None:
    stream = audited.stream()
    place = audited.place(stream)
    there.append(stream, [changed()], 0)
    audited.lose_folds(place, 0)

    result = here.append(stream, [changed()], expected)

    assert result.first_version == 2


def test_a_commit_that_was_accepted_before_the_folds_were_lost_is_not_refused_now(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    there.append(stream, [changed()], 0)
    first = there.append(stream, [changed()], 1, commit_id=commit)
    audited.lose_folds(audited.place(stream), 0)

    again = here.append(stream, [changed()], 1, commit_id=commit)

    assert again.positions == first.positions


def test_a_fold_in_the_middle_of_the_pre_check_does_not_mislead_it(
    audited: World, there: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    line = Line()
    here = audited.store(line=line.connect)
    here.append(audited.stream(0, 1), [changed()], 0)  # its view stands
    line.after = (
        "eventstore_record",
        lambda: there.append(stream, [changed()], 0, commit_id=commit),
    )

    again = here.append(stream, [changed()], 0, commit_id=commit)

    assert line.happened
    assert again.first_version == 1
    assert versions(here, stream) == [1]


# ---- rule 12: an answer is what is committed, at the very record that was acknowledged


@pytest.mark.parametrize("given", [True, False], ids=["ids given", "ids fresh"])
def test_nobody_is_answered_before_commit_returned(
    audited: World,
    given: bool,  # noqa: FBT001
) -> None:
    line = Line()
    here, stream = audited.store(line=line.connect), audited.stream()
    here.append(stream, [changed()], 0)
    done: list[bool] = []
    futures: list[Future[AppendResult]] = []
    line.before_commit = lambda: done.append(futures[0].done())

    with audited.network.held_before_writing() as gate:
        commit = uuid4() if given else None
        futures.append(here.submit(stream, [changed()], 1, commit_id=commit))
        gate.wait_until_reached()
    result = futures[0].result(120)

    assert done == [False]
    assert versions(here, stream) == [1, result.first_version]


def test_what_is_answered_is_readable_though_the_first_commit_was_lost(
    audited: World,
) -> None:
    line = Line()
    here, stream = audited.store(line=line.connect), audited.stream()
    here.append(stream, [changed()], 0)
    seen: list[int] = []
    line.commit_lost = 1

    future = here.submit(stream, [changed()], 1)
    future.add_done_callback(
        lambda _: seen.append(audited.cursor(audited.place(stream)))
    )
    until(lambda: bool(seen))

    assert seen == [2]


def test_an_offset_that_is_given_away_twice_means_that_the_log_lost_something(
    world: World,
) -> None:
    here, stream = world.store(), world.stream()
    here.append(stream, [changed()], 0)
    here.append(stream, [changed()], 1)
    world.replace_log(world.place(stream), [])

    with pytest.raises(LogTruncated) as lost:
        here.append(stream, [changed()], 2)

    assert (lost.value.topic, lost.value.cursor) == (world.place(stream).topic, 2)
    assert "offset 0" in str(lost.value)
    assert versions(here, stream) == [1, 2]


def test_folds_that_are_lost_between_fold_and_answer_are_done_again(
    audited: World, there: FaultyStore
) -> None:
    line = Line()
    here, stream = audited.store(line=line.connect), audited.stream()
    place = audited.place(stream)
    here.append(stream, [changed()], 0)

    def crash() -> None:
        audited.lose_folds(place, 1)

    def folded_elsewhere() -> None:
        audited.fold(there)
        line.after = ("generation", crash)  # as soon as the view is loaded anew

    audited.network.after_write = folded_elsewhere

    result = here.append(stream, [changed()], 1)

    assert line.happened
    assert result.first_version == 2


def test_folds_that_are_lost_between_cursor_and_row_do_not_look_like_a_lost_record(
    audited: World, there: FaultyStore
) -> None:
    line = Line()
    here, stream = audited.store(line=line.connect), audited.stream()
    place = audited.place(stream)
    here.append(stream, [changed()], 0)

    def crash() -> None:
        audited.lose_folds(place, 1)

    def folded_elsewhere() -> None:
        audited.fold(there)
        line.after = ('p."cursor", r.position, r.verdict', crash)

    audited.network.after_write = folded_elsewhere

    result = here.append(stream, [changed()], 1)

    assert line.happened
    assert result.first_version == 2


class FutureSealer(KeySealer):
    """An error of ours: it writes records by rules that nobody switched on."""

    def seal(
        self,
        commit: Commit,
        secrets: Sequence[Secrets | None],
        *,
        at_once: bool = False,
    ) -> Commit:
        """See the port."""
        del secrets, at_once
        return replace(commit, v=2)


def test_an_own_record_that_is_malformed_is_called_an_error_of_ours(
    audited: World,
) -> None:
    here, stream = audited.store(sealer=FutureSealer(MemoryKeys())), audited.stream()

    with pytest.raises(OwnRecordMalformed) as ours:
        here.append(stream, [changed()], 0)

    assert (ours.value.partition, ours.value.offset) == (0, 0)


# ---- rule 14: an earlier record's answer is given for the same events only


def test_a_commit_id_with_other_events_is_refused_whatever_became_of_the_first(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    stream, won, lost = audited.stream(), uuid4(), uuid4()
    here.append(stream, [changed()], 0, commit_id=won)
    with pytest.raises(WrongExpectedVersion):
        here.append(stream, [changed()], 7, commit_id=lost)

    for commit in (won, lost):
        with pytest.raises(CommitIdReused):
            there.append(stream, [changed(), changed()], 1, commit_id=commit)
        with pytest.raises(CommitIdReused):
            there.append(stream, [changed(1, uuid4())], 1, commit_id=commit)
        with pytest.raises(CommitIdReused) as other:
            there.append(stream, [changed(2)], 1, commit_id=commit)
        assert (other.value.differs, other.value.index) == ("data", 0)
    assert versions(there, stream) == [1]


def test_other_events_under_an_id_that_lies_unfolded_in_the_log_are_refused_too(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    there.append(stream, [changed()], 0, commit_id=commit)
    audited.lose_folds(audited.place(stream), 0)

    with pytest.raises(CommitIdReused):
        here.append(stream, [changed(), changed()], Expected.ANY, commit_id=commit)
    with pytest.raises(CommitIdReused):
        here.append(stream, [changed(2)], Expected.ANY, commit_id=commit)

    assert versions(here, stream) == [1]


def test_other_data_under_an_id_in_the_same_turn_are_refused_by_what_the_log_decided(
    audited: World, here: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()

    answers = [
        here.submit(stream, [changed(n)], Expected.ANY, commit_id=commit)
        for n in (1, 2, 1)
    ]

    assert answers[0].result().first_version == 1
    assert answers[2].result().positions == answers[0].result().positions
    assert isinstance(answers[1].exception(), CommitIdReused)
    assert [e.data for e in here.read(stream)] == [{"quantity": 1}]


def test_an_event_id_refusal_is_repeated_in_another_process(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    stream, event, commit = audited.stream(), uuid4(), uuid4()
    here.append(stream, [changed(1, event)], 0)

    for store in (here, there):
        with pytest.raises(EventIdReused):
            store.append(stream, [changed(1, event)], 1, commit_id=commit)

    assert audited.verdicts(audited.place(stream)) == ["accepted", "event_id_reused"]


def test_event_ids_that_were_not_given_are_derived_from_the_commit_id(
    audited: World, here: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()

    here.append(stream, [changed(), changed()], 0, commit_id=commit)

    ids = [e.metadata.event_id for e in here.read(stream)]
    assert ids == [derived_event_id(commit, 0), derived_event_id(commit, 1)]


def test_a_head_that_is_only_remembered_refuses_nothing(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    place = audited.place(stream)
    here.append(stream, [changed()], "no_stream")
    here.append(stream, [changed()], 1)
    audited.replace_log(place, [])
    with audited.store().indexer() as other:
        reset(other.connection())

    result = here.append(stream, [changed()], "no_stream")

    assert result.first_version == 1


def test_of_rivals_in_one_turn_one_is_proposed_and_the_others_leave_no_record(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    place = audited.place(stream)
    here.append(stream, [changed()], 0)
    together = Event()
    here._appender.call(lambda _indexer: together.wait(120))

    futures = [here.submit(stream, [changed()], 1) for _ in range(5)]
    together.set()

    assert futures[0].result(120).first_version == 2
    for future in futures[1:]:
        with pytest.raises(WrongExpectedVersion) as refused:
            future.result(120)
        assert refused.value.current_version == 2
    assert audited.verdicts(place) == ["accepted", "accepted"]


def test_rivals_that_lost_hear_it_together_and_before_the_winner_hears_that_it_won_again(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    here.append(stream, [changed()], 0)
    together, heard = Event(), Event()
    here._appender.call(lambda _indexer: together.wait(120))
    second: list[AppendResult] = []

    def win_again(_first: object) -> None:
        again = here.submit(stream, [changed()], 2)
        again.add_done_callback(lambda won: hear(won.result()))

    def hear(won: AppendResult) -> None:
        second.append(won)
        told_before.extend(rival.done() for rival in rivals)
        heard.set()

    told_before: list[bool] = []
    winner = here.submit(stream, [changed()], 1)
    winner.add_done_callback(win_again)
    rivals = [here.submit(stream, [changed()], 1) for _ in range(4)]
    together.set()

    assert heard.wait(120)
    assert second[0].first_version == 3
    assert told_before == [True] * 4
    for rival in rivals:
        with pytest.raises(WrongExpectedVersion) as refused:
            rival.result(120)
        assert refused.value.current_version == 3
