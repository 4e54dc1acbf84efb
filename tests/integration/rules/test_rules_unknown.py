"""Rules 13 and 15: what nobody knows yet is called unknown, and asking or appending again settles it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from eventstore.errors import AppendOutcomeUnknown, LogUnavailable
from eventstore.testing.faulty_log import (
    ANSWER_LOST,
    LATE,
    PROPOSAL_LOST,
    REFUSED,
    TWICE_AND_LOST,
    Fault,
)
from tests.support.clocks import Hourglass, its_time_is_up_in_flight
from tests.support.worlds import FaultyStore, World, changed, record, versions

# ---- rule 13: "nothing was written" is only said when it is certain


def test_a_lost_answer_is_found_in_the_log_and_nothing_is_written_twice(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    audited.network.then(ANSWER_LOST)

    result = here.append(stream, [changed()], 0)

    assert (result.first_version, result.replayed) == (1, False)
    assert audited.end(audited.place(stream)) == 1


def test_a_lost_proposal_is_proposed_again_with_the_same_bytes(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    audited.network.then(PROPOSAL_LOST, PROPOSAL_LOST)

    result = here.append(stream, [changed()], 0)

    assert result.first_version == 1
    assert audited.network.proposed == 3


def test_a_first_copy_that_lands_behind_the_second_is_a_duplicate(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    audited.network.then(LATE)

    result = here.append(stream, [changed()], 0)
    audited.network.land(audited.log)
    audited.fold(here)

    assert result.positions[0].offset == 0
    assert audited.verdicts(audited.place(stream)) == ["accepted", "duplicate"]


@pytest.mark.parametrize("folded", [True, False])
@pytest.mark.parametrize("fault", [ANSWER_LOST, TWICE_AND_LOST, LATE])
def test_an_unknown_outcome_is_settled_by_appending_again_anywhere(
    audited: World,
    hourglass: Hourglass,
    hurried: FaultyStore,
    there: FaultyStore,
    fault: Fault,
    *,
    folded: bool,
) -> None:
    stream, commit = audited.stream(), uuid4()
    hourglass.then(fault)
    hourglass.time_is_up_after(1)
    hourglass.after_write = lambda: held.append(audited.hold_row(audited.place(stream)))
    held: list[object] = []

    with pytest.raises(AppendOutcomeUnknown) as unknown:
        hurried.append(stream, [changed()], 0, commit_id=commit, timeout_s=30)
    for connection in held:
        connection.close()  # type: ignore[attr-defined]

    assert unknown.value.commit_id == str(commit)
    assert unknown.value.stream_id == stream
    if folded:  # by whoever came by; else whoever appends again does it
        audited.fold(there)
    result = there.append(stream, [changed()], 0, commit_id=commit)
    assert result.first_version == 1
    assert result.replayed == (folded and fault is not LATE)


def test_a_refusal_of_the_network_is_tried_again_and_at_the_end_nothing_was_written(
    audited: World, hourglass: Hourglass, hurried: FaultyStore
) -> None:
    stream = audited.stream()
    hourglass.at_random(1.0, seed=1, faults=[REFUSED])
    hourglass.time_is_up_after(3)

    with pytest.raises(LogUnavailable):
        hurried.append(stream, [changed()], 0, timeout_s=30)

    assert hourglass.proposed == 3
    assert audited.end(audited.place(stream)) == 0


def test_a_refusal_after_a_lost_answer_does_not_make_the_outcome_certain(
    audited: World, hourglass: Hourglass, hurried: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    hourglass.at_random(1.0, seed=1, faults=[REFUSED])
    hourglass.then(LATE)
    hourglass.time_is_up_after(3)

    with pytest.raises(AppendOutcomeUnknown):
        hurried.append(stream, [changed()], 0, commit_id=commit, timeout_s=30)
    hourglass.land(audited.log)

    (decided,) = hurried.outcome(commit, stream).decided
    assert decided.first_version == 1


def test_whoever_gives_up_while_queued_has_written_nothing(
    audited: World, here: FaultyStore
) -> None:
    stream, other = audited.stream(), audited.stream(0, 1)
    with audited.network.held_before_writing() as gate:
        first = here.submit(stream, [changed()], 0)
        gate.wait_until_reached()

        with pytest.raises(LogUnavailable):
            here.append(other, [changed()], 0, timeout_s=0.1)
    first.result(120)
    audited.fold(here)

    assert audited.end(audited.place(other)) == 1
    assert versions(here, other) == []


def test_whoever_gives_up_while_it_is_in_flight_is_told_that_nobody_knows(
    audited: World, here: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    with audited.network.held_before_answering() as gate:
        assert its_time_is_up_in_flight(
            lambda seconds: here.append(
                stream, [changed()], 0, commit_id=commit, timeout_s=seconds
            )
        )
        gate.wait_until_reached()

    (decided,) = here.outcome(commit, stream).decided
    again = here.append(stream, [changed()], 0, commit_id=commit)
    assert decided.result(replayed=True) == again


# ---- rule 15: an outcome is looked for up to the log's end at the call


def test_an_outcome_is_found_in_what_nobody_has_folded_yet(
    audited: World, here: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    place = audited.place(stream)
    audited.foreign(place, record(stream, commit_id=str(commit)), stream.encode())

    outcome = here.outcome(commit, stream)

    (decided,) = outcome.decided
    assert (decided.first_version, decided.position.offset) == (1, 0)
    assert outcome.up_to.offsets == {place: 1}


def test_absence_is_not_final_and_proposing_again_settles_it(
    audited: World, hourglass: Hourglass, hurried: FaultyStore, there: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    place = audited.place(stream)
    hourglass.then(LATE)
    hourglass.time_is_up_after(1)
    with pytest.raises(AppendOutcomeUnknown):
        hurried.append(stream, [changed()], 0, commit_id=commit, timeout_s=30)

    absent = there.outcome(commit)
    settled = there.append(stream, [changed()], 0, commit_id=commit)
    hourglass.land(audited.log)
    known = there.outcome(commit)

    assert (len(absent.decided), absent.up_to.offsets[place]) == (0, 0)
    assert set(absent.up_to.offsets) == set(audited.topics.places)
    (decided,) = known.decided
    assert decided.result(replayed=False) == settled


def test_after_lost_folds_an_outcome_is_what_it_was(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    result = here.append(stream, [changed()], 0, commit_id=commit)
    audited.lose_folds(audited.place(stream), 0)

    (decided,) = there.outcome(commit, stream).decided

    assert decided.result(replayed=False) == result
