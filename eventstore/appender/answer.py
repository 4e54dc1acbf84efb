"""From what is committed to what a caller is told. Nothing here is called before COMMIT returned (rule 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.errors import (
    CommitIdReused,
    EventIdReused,
    KeyStoreUnavailable,
    OwnRecordMalformed,
    WrongExpectedVersion,
)
from eventstore.events import Position
from eventstore.protocol.fold import Verdict
from eventstore.protocol.repeats import difference
from eventstore.queries.commits import Decided

if TYPE_CHECKING:
    from eventstore.appender.pending import Pending
    from eventstore.events import AppendResult
    from eventstore.protocol.repeats import Difference
    from eventstore.queries.commits import Mirrored


def answer_from_record(pending: Pending, offset: int, row: Mirrored) -> bool:
    """Answer by the mirror row of the acknowledged offset; False for a duplicate, which an earlier row answers."""
    match row.verdict:
        case Verdict.ACCEPTED:
            pending.future.set_result(_result(pending, offset, row))
        case Verdict.WRONG_EXPECTED_VERSION:
            pending.refuse(_conflict(pending, row.head))
        case Verdict.EVENT_ID_REUSED:
            pending.refuse(EventIdReused(pending.commit.stream_id))
        case Verdict.DUPLICATE:
            return False
        case _:
            pending.refuse(
                OwnRecordMalformed(pending.place.topic, pending.place.partition, offset)
            )
    return True


def answer_from_decided(pending: Pending, known: Decided) -> None:
    """Give the answer that an earlier record fixed for ever, if it is the same commit (rule 14)."""
    try:
        first_difference = difference(
            *pending.sealer.unsealed(known.commit, pending.commit),
            circumstances=pending.past,
        )
    except KeyStoreUnavailable as error:  # whether it is the same nobody can say
        if (
            pending.sent
        ):  # it may be our own that was decided: that nothing was written is no answer
            pending.give_up(error)
        else:
            pending.refuse(error)
        return
    if first_difference is not None:
        pending.refuse(_reused(pending, first_difference))
    elif known.verdict is Verdict.ACCEPTED:
        pending.future.set_result(known.result(replayed=not pending.sent))
    elif known.verdict is Verdict.WRONG_EXPECTED_VERSION:
        pending.refuse(_conflict(pending, known.head))
    else:
        pending.refuse(EventIdReused(pending.commit.stream_id))


def refuse_if_stale(pending: Pending, head: int) -> None:
    """Refuse what can never come true again, heads being able only to grow; leave no record of it (rule 11)."""
    if not pending.may_hold(head):
        pending.refuse(_conflict(pending, head))


def _reused(pending: Pending, first_difference: Difference) -> CommitIdReused:
    commit = pending.commit
    return CommitIdReused(
        str(commit.commit_id),
        commit.stream_id,
        differs=first_difference.what,
        index=first_difference.index,
    )


def _conflict(pending: Pending, head: int | None) -> WrongExpectedVersion:
    return WrongExpectedVersion(
        pending.commit.stream_id,
        expected=pending.commit.expected.value,
        current_version=head or 0,
    )


def _result(pending: Pending, offset: int, row: Mirrored) -> AppendResult:
    place = pending.place
    mine = Decided(
        Position(place.topic, place.partition, offset),
        row.recorded_at,
        row.verdict,
        row.head or 0,
        row.first_version,
        pending.commit,
    )
    return mine.result(replayed=False)
