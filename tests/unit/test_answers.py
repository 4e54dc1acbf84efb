"""What a caller is told, from the row that decided: the same whoever folded it, and at once or years later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from eventstore.appender.acknowledged import by_acknowledgement, own_record
from eventstore.appender.answer import (
    answer_from_decided,
    answer_from_record,
    refuse_if_stale,
)
from eventstore.appender.pending import Pending
from eventstore.errors import (
    CommitIdReused,
    EventIdReused,
    EventStoreError,
    OwnRecordMalformed,
    WrongExpectedVersion,
)
from eventstore.events import Place, Position
from eventstore.ports import Appended
from eventstore.protocol.fold import Verdict
from eventstore.queries.commits import Decided, Mirrored
from tests.unit.records import a_commit, an_event

if TYPE_CHECKING:
    from eventstore.events import AppendResult

PLACE = Place("eventstore.order", 2)
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
COMMIT = a_commit(an_event(1), an_event(2), expected=3)


def pending(**known: Any) -> Pending:
    """Of two events, behind version 3."""
    return Pending(COMMIT, b"x", PLACE, 0.0, **{"fresh": True, **known})


def row(verdict: Verdict, head: int | None, first: int | None = None) -> Mirrored:
    """Of the mirror."""
    return Mirrored(verdict, head, first, AT, b"x")


def decided(verdict: Verdict, head: int = 3, first: int | None = None) -> Decided:
    """What an earlier record fixed."""
    return Decided(Position(*PLACE_OF, 7), AT, verdict, head, first, COMMIT)


PLACE_OF = PLACE.topic, PLACE.partition


def error_of(answered: Pending) -> EventStoreError:
    """What it was refused with."""
    error = answered.future.exception(timeout=0)
    assert isinstance(error, EventStoreError)
    return error


def result_of(answered: Pending) -> AppendResult:
    """What it was given."""
    return answered.future.result(timeout=0)


@pytest.mark.parametrize("head", [3, None])
def test_an_accepted_record_names_its_versions_and_where_it_stands(
    head: int | None,
) -> None:
    answered = pending()

    assert answer_from_record(answered, 7, row(Verdict.ACCEPTED, head, first=4))

    result = result_of(answered)
    assert (result.first_version, result.last_version) == (4, 5)
    assert result.positions == [Position(*PLACE_OF, 7, n) for n in (0, 1)]
    assert (result.recorded_at, result.replayed) == (AT, False)


@pytest.mark.parametrize(("head", "told"), [(9, 9), (None, 0), (0, 0)])
def test_a_record_that_met_another_head_is_refused_with_it(
    head: int | None, told: int
) -> None:
    answered = pending()

    assert answer_from_record(answered, 7, row(Verdict.WRONG_EXPECTED_VERSION, head))

    error = error_of(answered)
    assert isinstance(error, WrongExpectedVersion)
    assert (error.expected, error.current_version) == (3, told)


@pytest.mark.parametrize(
    ("verdict", "error"),
    [
        (Verdict.EVENT_ID_REUSED, EventIdReused),
        (Verdict.MALFORMED, OwnRecordMalformed),
    ],
)
def test_a_record_that_is_refused_for_good_says_why(
    verdict: Verdict, error: type[EventStoreError]
) -> None:
    answered = pending()

    assert answer_from_record(answered, 7, row(verdict, 3))

    assert isinstance(error_of(answered), error)


def test_a_duplicate_is_answered_by_the_record_before() -> None:
    waits = pending()

    assert not answer_from_record(waits, 7, row(Verdict.DUPLICATE, 3))

    assert not waits.future.done()


@pytest.mark.parametrize("sent", [True, False])
def test_a_commit_that_was_accepted_before_is_said_to_be_replayed_unless_by_this_call(
    sent: bool,  # noqa: FBT001
) -> None:
    answered = pending(sent=sent)

    answer_from_decided(answered, decided(Verdict.ACCEPTED, first=4))

    assert result_of(answered).replayed is not sent


@pytest.mark.parametrize(
    ("verdict", "error"),
    [
        (Verdict.WRONG_EXPECTED_VERSION, WrongExpectedVersion),
        (Verdict.EVENT_ID_REUSED, EventIdReused),
    ],
)
def test_a_refusal_is_repeated(verdict: Verdict, error: type[EventStoreError]) -> None:
    answered = pending()

    answer_from_decided(answered, decided(verdict))

    assert isinstance(error_of(answered), error)


def test_another_commit_under_the_id_is_refused_with_the_first_difference() -> None:
    other = replace(COMMIT, events=(COMMIT.events[0], an_event(2, data={})))
    answered = replace(pending(), commit=other)

    answer_from_decided(answered, decided(Verdict.ACCEPTED, first=4))

    error = error_of(answered)
    assert isinstance(error, CommitIdReused)
    assert (error.differs, error.index) == ("data", 1)


@pytest.mark.parametrize(("head", "refused"), [(2, False), (3, False), (4, True)])
def test_what_can_never_come_true_again_is_refused(
    head: int,
    refused: bool,  # noqa: FBT001
) -> None:
    waits = pending()

    refuse_if_stale(waits, head)

    assert waits.future.done() is refused


def test_what_was_acknowledged_goes_on_in_the_order_of_the_log() -> None:
    late, early, other, waits = pending(), pending(), pending(), pending()
    other.place = Place("eventstore.order", 1)
    for one, offset in ((late, 9), (early, 4), (other, 2)):
        one.acknowledged = Appended(offset, 1)

    found = by_acknowledgement([late, waits, early, other])

    assert found == {
        PLACE: [(early, Appended(4, 1)), (late, Appended(9, 1))],
        other.place: [(other, Appended(2, 1))],
    }


@pytest.mark.parametrize(("fresh", "serial"), [(True, 5), (False, None)])
def test_only_ids_that_were_made_here_are_vouched_for(
    fresh: bool,  # noqa: FBT001
    serial: int | None,
) -> None:
    own = own_record(pending(fresh=fresh, serial=5), Appended(4, 1))

    assert (own.entry.offset, own.fresh_since) == (4, serial)
