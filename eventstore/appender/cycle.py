"""One turn of the appender: what waits is pre-checked, produced, folded and answered together."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import structlog

from eventstore.appender.acknowledged import by_acknowledgement, own_record
from eventstore.appender.answering import Answering
from eventstore.appender.pending import (
    Pending,
    able,
    by_place,
    latest,
    unanswered,
)
from eventstore.appender.pre_check import PreCheck
from eventstore.appender.times import StageTimes
from eventstore.database import kind_of, translated
from eventstore.errors import EventStoreError, LogTruncated, Unanswered
from eventstore.indexer.share import ShareSpent
from eventstore.ports import Appended, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.appender.answering import Acknowledged
    from eventstore.events import Place
    from eventstore.indexer.entries import Own
    from eventstore.indexer.folds import Folds
    from eventstore.indexer.session import Session
    from eventstore.protocol.fold import Judged

logger = structlog.get_logger(__name__)

_SHORTEST_WAIT: Final = (
    0.25  # seconds; what a caller in a hurry may cost the others of its batch
)
_LONGEST_WAIT: Final = (
    15.0  # seconds for one call of the log, however patient its callers are
)


class Cycle:
    """The steps of a turn. What they cannot settle stays unresolved, for the next turn.

    session: what it writes to the log with. folds: what is known of the places, on that very session.
    """

    def __init__(self, session: Session, folds: Folds) -> None:
        self._session = session
        self._folds = folds
        self._clock = session.clock
        self._pre_check = PreCheck(session, folds)
        self._answering = Answering(session, folds, self._pre_check)

    def is_lost(self, pending: Pending) -> bool:
        """Whether it can never hold again, as far as is known without asking."""
        return self._pre_check.is_lost(pending)

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
            self._pre_check.settle(proposed)  # 2
        times.end("pre_check")
        self._produce(able(proposed))  # 3
        times.end("produce")
        acknowledged = by_acknowledgement(able(ready))
        own = {
            place: [own_record(p, answer) for p, answer in answers]
            for place, answers in acknowledged.items()
        }
        for place, folded in self._folds.fold_own(own).items():
            answers = acknowledged[place]
            with self._troubles_of([p for p, _ in answers]):
                judged = folded or self._advance(place, answers, own[place])
                self._answering.answer(place, answers, judged)  # 4, 5
        times.end("decide")
        left = [p for p in batch if not p.future.done()]
        times.report(commits=len(batch), left=len(left))
        return left

    # ---- the steps

    def _prepare(self, place: Place, some: Sequence[Pending]) -> None:
        again = [p for p in some if p.sent and p.acknowledged is None]
        # why it was not answered may be a topic's changed setting
        self._folds.prepare(place, in_doubt=bool(again))
        if again:
            self._fold_first(place, again)
        serial = self._folds.serial(place)
        for p in some:
            if not p.sent:
                p.serial = serial

    def _fold_first(self, place: Place, again: Sequence[Pending]) -> None:
        """To the log's end as it was when they came back first: whoever writes on and on must not keep them for ever."""
        new = [p for p in again if p.folded_first is None]
        end = self._folds.end(place) if new else 0
        for p in new:
            p.folded_first = end
        until = max(p.folded_first or 0 for p in again)
        self._folds.advance(place, until, deadline=latest(again))

    def _produce(self, ready: Sequence[Pending]) -> None:
        if not ready:
            return
        left = min(p.deadline for p in ready) - self._clock.monotonic()
        wait = min(max(left, _SHORTEST_WAIT), _LONGEST_WAIT)
        sent_before = [p.sent for p in ready]
        for p in ready:
            # whatever happens in there; taken back only on the log's word
            p.sent, p.folded_first = True, None
        answers = self._session.append([p.proposal for p in ready], timeout_s=wait)
        for p, answer, before in zip(ready, answers, sent_before, strict=True):
            if isinstance(answer, Appended):
                p.acknowledged = answer
            else:
                p.trouble = answer.reason
                p.sent = before or isinstance(answer, Unknown)

    def _advance(
        self, place: Place, answers: Acknowledged, own: Sequence[Own]
    ) -> Sequence[Judged]:
        until = max(answer.offset for _, answer in answers) + 1
        deadline = latest([p for p, _ in answers])
        return self._folds.advance(place, until, own, deadline=deadline)

    # ---- trouble

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
