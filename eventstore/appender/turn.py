"""One turn of the appender: what waits is pre-checked, produced, folded and answered together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import structlog

from eventstore.appender.acknowledged import (
    by_acknowledgement,
    mirrored,
    own_record,
)
from eventstore.appender.answer import (
    answer_from_decided,
    answer_from_record,
    refuse_if_stale,
)
from eventstore.appender.pending import (
    Pending,
    able,
    by_place,
    latest,
    unanswered,
)
from eventstore.appender.times import StageTimes
from eventstore.database import kind_of, translated
from eventstore.errors import EventStoreError, LogTruncated, Unanswered
from eventstore.indexer.share import ShareSpent
from eventstore.ports import Appended, Clock, Unknown
from eventstore.protocol.positions import first_of
from eventstore.queries.commits import Decided, Mirrored, mirrored_at, pre_check

if TYPE_CHECKING:
    from eventstore.events import Place
    from eventstore.indexer.advance import Indexer
    from eventstore.indexer.entries import Own
    from eventstore.protocol.fold import Judged

logger = structlog.get_logger(__name__)

_SHORTEST_WAIT: Final = (
    0.25  # seconds; what a caller in a hurry may cost the others of its batch
)
_LONGEST_WAIT: Final = (
    15.0  # seconds for one call of the log, however patient its callers are
)

Acknowledged = Sequence[tuple[Pending, Appended]]


class Turn:
    """The steps of a turn. What they cannot settle stays unresolved, for the next turn."""

    def __init__(self, indexer: Indexer, clock: Clock) -> None:
        self._indexer = indexer
        self._clock = clock
        self._stale: list[
            tuple[Pending, int]
        ] = []  # of this turn, and the head that was seen

    def is_lost(self, pending: Pending) -> bool:
        """Whether it can never hold again, by the head as last folded here: a hint, for another process may know better."""
        view = self._indexer.known(pending.place)
        head = None if view is None else view.heads.get(pending.commit.stream_id)
        return head is not None and not pending.commit.expected.can_still_hold(head)

    def take(self, batch: Sequence[Pending]) -> list[Pending]:
        """Carry the batch as far as it goes; those that need another turn.

        1. load the views: a log that lost something is found before it is written to; draw the serials, by which
           ids made here count as fresh, before the first copy is sent (rule 8); whoever was sent before: fold to
           the log's end, so that the pre-check sees what landed
        2. pre-check: answer what is decided, refuse what can never come true again; beside a rival that may still
           come true it waits for that one's fold, and is told the head behind it, first
        3. produce the rest            4. advance its partitions            5. answer from what is committed
        A crash before 3 wrote nothing; behind it the commit is in the log or not, and its id finds out. Where a place has
        much to fold, it gets its share of time, and the next turn goes on there: who waits for another place is answered.
        """
        times = StageTimes(self._clock)
        ready = [p for p in batch if p.start()]
        for place, some in by_place(ready).items():
            with self._troubles_of(some):
                self._prepare(place, some)  # 1
        ready = able(ready)
        proposed = [p for p in ready if p.acknowledged is None]
        with self._troubles_of(proposed):
            self._pre_check(proposed)  # 2
        times.end("pre_check")
        self._produce(able(proposed))  # 3
        times.end("produce")
        acknowledged = by_acknowledgement(able(ready))
        own = {
            place: [own_record(p, answer) for p, answer in answers]
            for place, answers in acknowledged.items()
        }
        folded = self._indexer.fold_own(own)
        # a place whose row somebody else holds must not keep the others waiting
        for place in sorted(acknowledged, key=self._is_behind):
            answers = acknowledged[place]
            with self._troubles_of([p for p, _ in answers]):
                judged = folded.get(place) or self._advance(place, answers, own[place])
                self._answer(place, answers, judged)  # 4, 5
        times.end("decide")
        left = [p for p in batch if not p.future.done()]
        times.tell(commits=len(batch), left=len(left))
        return left

    # ---- the steps

    def _prepare(self, place: Place, some: Sequence[Pending]) -> None:
        again = [p for p in some if p.sent and p.acknowledged is None]
        if again:  # why it was not answered may be a topic's changed setting
            self._indexer.doubt()
        # a log that lost something is found before it is written to
        self._indexer.cursor(place)
        if again:
            self._fold_first(place, again)
        view = self._indexer.known(place)
        for p in some:
            if not p.sent:
                p.serial = None if view is None else view.serial

    def _fold_first(self, place: Place, again: Sequence[Pending]) -> None:
        """To the log's end as it was when they came back first: whoever writes on and on must not keep them for ever."""
        new = [p for p in again if p.folded_first is None]
        end = self._indexer.end(place) if new else 0
        for p in new:
            p.folded_first = end
        until = max(p.folded_first or 0 for p in again)
        self._indexer.advance(place, until, deadline=latest(again))

    def _pre_check(self, ready: Sequence[Pending]) -> None:
        self._indexer.learn({(p.place, p.commit.stream_id) for p in ready if p.fresh})
        # nobody can know an id that was made in this call; and where the head as last folded here does not speak
        # against it, the log may be asked at once
        asked = [p for p in ready if p.sent or not p.fresh or not self._may_hold(p)]
        self._stale, stale = [], []
        for p, known, head in self._known(asked):
            if known is not None:
                answer_from_decided(p, known)
            elif not p.may_hold(head):
                stale.append((p, head))
                p.held = True
        # Who is told a head that a rival of this very turn leaves behind proposes in vain again, and so for ever.
        contested = {p.commit.stream_id for p in able(ready)}
        self._stale = [one for one in stale if one[0].commit.stream_id in contested]
        for p, head in stale:
            if p.commit.stream_id not in contested:
                refuse_if_stale(p, head)

    def _is_behind(self, place: Place) -> bool:
        view = self._indexer.known(place)
        return view is not None and view.is_behind

    def _may_hold(self, pending: Pending) -> bool:
        """Whether its expectation can hold, for all that this process knows without asking: never a refusal."""
        expected = pending.commit.expected
        view = self._indexer.known(pending.place)
        head = None if view is None else view.heads.get(pending.commit.stream_id)
        if head is None:
            return expected.value == "any"
        return expected.can_still_hold(head)

    def _known(
        self, asked: Sequence[Pending]
    ) -> Iterator[tuple[Pending, Decided | None, int]]:
        if not asked:
            return
        with self._indexer.connection().cursor() as cursor:
            decided, heads = pre_check(cursor, [p.key for p in asked])
        for p in asked:
            yield p, decided.get(p.key), heads[p.commit.stream_id]

    def _produce(self, ready: Sequence[Pending]) -> None:
        if not ready:
            return
        left = min(p.deadline for p in ready) - self._clock.monotonic()
        wait = min(max(left, _SHORTEST_WAIT), _LONGEST_WAIT)
        sent_before = [p.sent for p in ready]
        for p in ready:
            # whatever happens in there; taken back only on the log's word
            p.sent, p.folded_first = True, None
        asked_at = self._clock.now()
        answers = self._indexer.log.append([p.proposal for p in ready], timeout_s=wait)
        last: dict[Place, Appended] = {}
        for p, answer, before in zip(ready, answers, sent_before, strict=True):
            if isinstance(answer, Appended):
                p.acknowledged = last[p.place] = answer
            else:
                p.trouble = answer.reason
                p.sent = before or isinstance(answer, Unknown)
        for place, answer in last.items():
            self._indexer.telling.clocks.answered(place, answer.recorded_at, asked_at)

    def _advance(
        self, place: Place, answers: Acknowledged, own: Sequence[Own]
    ) -> Sequence[Judged]:
        until = max(answer.offset for _, answer in answers) + 1
        deadline = latest([p for p, _ in answers])
        return self._indexer.advance(place, until, own, deadline=deadline)

    def _answer(
        self, place: Place, answers: Acknowledged, judged: Sequence[Judged]
    ) -> None:
        folded = {one.entry.offset: mirrored(one) for one in judged}
        others = [a.offset for _, a in answers if a.offset not in folded]
        rows = folded | self._rows(place, others) if others else folded
        for p, answer in answers:
            if rows[answer.offset].value != p.value:
                raise self._lost(
                    place, f"its offset {answer.offset} was given away twice"
                )
        self._refuse_stale(place)
        duplicates = [
            p
            for p, answer in answers
            if not answer_from_record(p, answer.offset, rows[answer.offset])
        ]
        for p, known, _ in self._known(duplicates):
            if known is not None:
                answer_from_decided(p, known)

    def _refuse_stale(self, place: Place) -> None:
        """By the heads as they are committed now. Before the rivals are answered: who lost may be first to come back."""
        view = self._indexer.known(place)
        heads = {} if view is None else view.heads
        for p, head in self._stale:
            if p.place == place:
                refuse_if_stale(p, max(head, heads.get(p.commit.stream_id, 0)))

    def _rows(self, place: Place, offsets: Sequence[int]) -> dict[int, Mirrored]:
        """The mirror's rows at acknowledged offsets that others folded (rule 12).

        Where a crash of the database took a row back together with the cursor, folds on.
        """
        topics = self._indexer.topics
        partition = topics.partition_id(place)
        wanted = {first_of(partition, o): o for o in offsets}
        while True:
            with self._indexer.connection().cursor() as cursor:
                seen, rows = mirrored_at(cursor, partition, list(wanted))
            missing = [o for position, o in wanted.items() if position not in rows]
            if not missing:
                return {wanted[position]: row for position, row in rows.items()}
            if seen > min(missing):
                raise self._lost(
                    place,
                    f"its offset {min(missing)}, just acknowledged, was folded before",
                )
            self._indexer.forget(place)
            self._indexer.advance(place, max(missing) + 1)

    # ---- trouble

    def _lost(self, place: Place, found: str) -> LogTruncated:
        return LogTruncated(
            place.topic,
            place.partition,
            cursor=self._indexer.cursor(place),
            found=found,
        )

    @contextmanager
    def _troubles_of(self, some: Sequence[Pending]) -> Iterator[None]:
        """What passes leaves them for another turn; what does not resolves them."""
        try:
            with translated():
                yield
        except ShareSpent as error:
            for p in unanswered(some):
                p.trouble, p.held, p.is_folding = error.reason, True, True
        except Unanswered as error:
            logger.warning(
                "appends wait for log or database and are retried",
                action="append-delayed",
                commits=len(some),
                cause=kind_of(error),
            )
            for p in unanswered(some):
                # what the log said before the trouble is asked of it again
                p.trouble, p.held, p.acknowledged = error.reason, True, None
        except EventStoreError as error:
            for p in unanswered(some):
                if p.sent and not isinstance(error, LogTruncated):
                    p.give_up(error)
                else:
                    p.refuse(error)
