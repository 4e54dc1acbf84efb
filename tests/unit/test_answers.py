"""What a caller is told, from the row that decided: the same whoever folded it, and at once or years later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.appender.acknowledged import by_acknowledgement, own_record
from eventstore.appender.answer import (
    answer_from_decided,
    answer_from_record,
    refuse_if_stale,
)
from eventstore.appender.answering import Answering
from eventstore.appender.outcome import outcome
from eventstore.appender.pending import Pending
from eventstore.errors import (
    AppendOutcomeUnknown,
    CommitIdReused,
    EventIdReused,
    EventStoreError,
    KeyStoreUnavailable,
    LogTruncated,
    OwnRecordMalformed,
    WrongExpectedVersion,
)
from eventstore.events import Place, Position, Sealed
from eventstore.indexer.share import Patience
from eventstore.ports import Appended
from eventstore.protocol.fold import Verdict
from eventstore.protocol.positions import first_of
from eventstore.queries.commits import Decided, Mirrored
from eventstore.sealing.sealer import KeySealer
from eventstore.testing.memory_keys import MemoryKeys
from tests.unit.records import a_commit, an_event

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from eventstore.events import AppendResult, Commit
    from eventstore.ports import DataKey, Gone

PLACE = Place("eventstore.order", 2)
SEALER = KeySealer(MemoryKeys())
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
COMMIT = a_commit(an_event(1), an_event(2), expected=3)


def pending(**known: Any) -> Pending:
    """Of two events, behind version 3."""
    return Pending(COMMIT, b"x", PLACE, 0.0, SEALER, **{"fresh": True, **known})


def row(verdict: Verdict, head: int | None, first: int | None = None) -> Mirrored:
    """Of the mirror."""
    return Mirrored(verdict, head, first, AT, b"x")


def decided(verdict: Verdict, head: int = 3, first: int | None = None) -> Decided:
    """What an earlier record fixed."""
    return Decided(Position(*PLACE_OF, 7), AT, verdict, head, first, COMMIT)


PLACE_OF = PLACE.topic, PLACE.partition


class KeysAway(MemoryKeys):
    """A key store that does not answer."""

    def opening(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        """See `KeyRing`."""
        del ids
        raise KeyStoreUnavailable


def sealed(nonce: int) -> Commit:
    """The commit as it is sealed at one time; at another its box is another."""
    box = Sealed(str(UUID(int=1)), f"nonce {nonce}", f"box {nonce}")
    return replace(COMMIT, events=tuple(replace(e, sealed=box) for e in COMMIT.events))


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
    ("sent", "error"),
    [(False, KeyStoreUnavailable), (True, AppendOutcomeUnknown)],
)
def test_where_no_box_can_be_opened_only_who_sent_nothing_is_told_that_nothing_was_written(
    sent: bool,  # noqa: FBT001
    error: type[EventStoreError],
) -> None:
    ring = KeysAway()
    answered = replace(pending(sent=sent), commit=sealed(1), sealer=KeySealer(ring))
    known = replace(decided(Verdict.ACCEPTED, first=4), commit=sealed(2))

    answer_from_decided(answered, known)

    assert isinstance(error_of(answered), error)


def test_a_copy_of_the_very_same_commit_is_known_without_its_key() -> None:
    answered = replace(
        pending(sent=True), commit=sealed(1), sealer=KeySealer(KeysAway())
    )
    known = replace(decided(Verdict.ACCEPTED, first=4), commit=sealed(1))

    answer_from_decided(answered, known)

    assert result_of(answered).first_version == 4


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


# ---- where others have folded


PLACES = {PLACE: 1, Place("eventstore.order", 1): 2}


class Session:
    """One connection, whose statements are remembered."""

    def __init__(self, *found: list[tuple[int, int]]) -> None:
        self.found, self.said = list(found), list[str]()
        self.topics = SimpleNamespace(partition_id=PLACES.__getitem__)

    def connection(self) -> Session:
        """See `indexer.session`."""
        return self

    cursor = transaction = connection

    def __enter__(self) -> Session:
        """A cursor, too."""
        return self

    def __exit__(self, *_raised: object) -> None:
        """It is over."""

    def execute(self, statement: str) -> None:
        """Remember it."""
        self.said.append(statement)

    def fetchall(self) -> list[tuple[int, int]]:
        """The next that is found."""
        return self.found.pop(0)

    def catch_up(self, _places: object, _patience: object) -> dict[Place, int]:
        """See `Indexer`."""
        return {PLACE: 5, Place("eventstore.order", 1): 1}


class Folds:
    """Of one place."""

    def __init__(self) -> None:
        self.folded: list[object] = []

    def forget(self, _place: Place) -> None:
        """See `indexer.folds`."""
        self.folded.append("forgotten")

    def advance(self, _place: Place, until: int) -> None:
        """See there."""
        self.folded.append(until)

    def cursor(self, _place: Place) -> int:
        """See there."""
        return 8


def answering(folds: Folds) -> Answering:
    """Over these."""
    return Answering(Session(), folds, SimpleNamespace())  # type: ignore[arg-type]


def test_rows_that_were_taken_back_with_their_cursor_are_folded_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    accepted, folds = row(Verdict.ACCEPTED, 3, first=4), Folds()
    at = {offset: first_of(1, offset) for offset in (7, 9)}
    seen = iter([(7, {}), (8, {at[7]: accepted}), (10, dict.fromkeys(at.values(), accepted))])  # fmt: skip
    monkeypatch.setattr(
        "eventstore.appender.answering.mirrored_at", lambda *_: next(seen)
    )

    rows = answering(folds)._rows(PLACE, [7, 9])

    assert rows == {7: accepted, 9: accepted}
    assert folds.folded == ["forgotten", 10] * 2


def test_a_row_that_is_missing_before_the_cursor_means_that_the_log_lost_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folds = Folds()
    monkeypatch.setattr("eventstore.appender.answering.mirrored_at", lambda *_: (8, {}))

    with pytest.raises(LogTruncated, match="offset 7, just acknowledged"):
        answering(folds)._rows(PLACE, [9, 7])

    assert folds.folded == []


def test_an_outcome_is_looked_for_again_until_the_cursors_are_at_the_logs_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows and cursors in one snapshot: a rebuild in between is noticed, of one place or of one that is new."""
    monkeypatch.setattr("eventstore.appender.outcome.decided", lambda *_: ["decided"])
    session = Session([(1, 5)], [(1, 4), (2, 1)], [(1, 5), (2, 1)])

    found = outcome(session, [*PLACES], UUID(int=1), None, Patience())  # type: ignore[arg-type]

    assert [*map(str, found.decided)] == ["decided"]
    assert found.up_to.offsets == {PLACE: 5, Place("eventstore.order", 1): 1}
    assert session.found == []
    assert ["REPEATABLE READ" in one for one in session.said] == [True, False] * 3
