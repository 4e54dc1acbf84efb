"""From what the log acknowledged to what is committed at that very record, and so to the answer (rule 12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eventstore.appender.acknowledged import mirrored
from eventstore.appender.answer import answer_from_decided, answer_from_record
from eventstore.appender.pending import Pending
from eventstore.errors import LogTruncated
from eventstore.ports import Appended
from eventstore.protocol.positions import first_of
from eventstore.queries.commits import mirrored_at

if TYPE_CHECKING:
    from eventstore.appender.pre_check import PreCheck
    from eventstore.events import Place
    from eventstore.indexer.folds import Folds
    from eventstore.indexer.session import Session
    from eventstore.protocol.fold import Judged
    from eventstore.queries.commits import Mirrored

Acknowledged = Sequence[tuple[Pending, Appended]]


class Answering:
    """Looks at the mirror's rows, over the session's connection where this process has not just written them itself."""

    def __init__(self, session: Session, folds: Folds, pre_check: PreCheck) -> None:
        self._session = session
        self._folds = folds
        self._pre_check = pre_check

    def answer(
        self, place: Place, acknowledged: Acknowledged, judged: Sequence[Judged]
    ) -> None:
        """Resolve them. judged: what this process has folded and committed of the place in this turn.

        Raises `LogTruncated` where a row is not the proposal's: the log gave its offset away twice, and has lost something.
        """
        folded = {one.entry.offset: mirrored(one) for one in judged}
        others = [a.offset for _, a in acknowledged if a.offset not in folded]
        rows = folded | self._rows(place, others) if others else folded
        for p, answer_of_log in acknowledged:
            if rows[answer_of_log.offset].value != p.value:
                raise self._lost(
                    place, f"its offset {answer_of_log.offset} was given away twice"
                )
        self._pre_check.refuse_stale(place)
        duplicates = [
            p
            for p, answer_of_log in acknowledged
            if not answer_from_record(
                p, answer_of_log.offset, rows[answer_of_log.offset]
            )
        ]
        for p, known, _ in self._pre_check.known(duplicates):
            if known is not None:
                answer_from_decided(p, known)

    def _rows(self, place: Place, offsets: Sequence[int]) -> dict[int, Mirrored]:
        """The mirror's rows at acknowledged offsets that others folded.

        Where a crash of the database took a row back together with the cursor, folds on.
        """
        partition = self._session.topics.partition_id(place)
        wanted = {first_of(partition, o): o for o in offsets}
        while True:
            with self._session.connection().cursor() as cursor:
                seen, rows = mirrored_at(cursor, partition, list(wanted))
            missing = [o for position, o in wanted.items() if position not in rows]
            if not missing:
                return {wanted[position]: row for position, row in rows.items()}
            if seen > min(missing):
                raise self._lost(
                    place,
                    f"its offset {min(missing)}, just acknowledged, was folded before",
                )
            self._folds.forget(place)
            self._folds.advance(place, max(missing) + 1)

    def _lost(self, place: Place, found: str) -> LogTruncated:
        return LogTruncated(
            place.topic,
            place.partition,
            cursor=self._folds.cursor(place),
            found=found,
        )
