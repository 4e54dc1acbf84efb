"""One worker's part in a subscription: it takes a partition, handles what lies before it, moves the checkpoint, commits.

Order is kept within a partition because its checkpoint is held by one transaction at a time. Who shares a subscription
shares it by those rows: there is no group and nobody to agree with, and what a dead worker held is free when its
session is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection, transaction

from eventstore.conf import registry
from eventstore.errors import LogMisconfigured
from eventstore.opening import opener
from eventstore.queries.connection import prepared_cursor, reading_cursor
from eventstore.queries.following import (
    next_records,
    next_wanted,
    unregistered,
    waiting_records,
)
from eventstore.queries.limits import FOLLOWED
from eventstore.subscriptions import checkpoints, parking, reporting
from eventstore.subscriptions.culprits import Culprits
from eventstore.subscriptions.delivery import deliveries
from eventstore.subscriptions.handling import (
    HandlerBroke,
    HandlingResult,
    handle,
    one_by_one,
)
from eventstore.subscriptions.turn import TurnResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

    from eventstore.ports import Clock
    from eventstore.queries.following import Rows
    from eventstore.queries.limits import Stretch
    from eventstore.queries.rows import Cursor
    from eventstore.subscriptions.checkpoints import Held
    from eventstore.subscriptions.delivery import Delivery
    from eventstore.subscriptions.parking import Due
    from eventstore.subscriptions.subscription import Subscription

_TURNS: Final = 20  # in one partition, before others are looked at


class Follower:
    """Not for use from two threads at once. limit: gives an offset of a partition that is not to be passed, or None."""

    def __init__(
        self,
        subscription: Subscription,
        clock: Clock,
        chance: Random,
        *,
        limit: Callable[[int], int | None] = lambda _: None,
        pages: Stretch = FOLLOWED,
    ) -> None:
        self.subscription = subscription
        self._clock = clock
        self._chance = chance
        self._limit = limit
        self._pages = pages
        self._wanted = subscription.wanted
        self._tried = False
        self._culprits = Culprits()

    def round(self, stopped: Callable[[], bool] = lambda: False) -> int:
        """Handle what there is, partition by partition in any order; how many turns found something to do.

        Raises whatever is no event's fault: nothing of that turn counts, and the next begins where it began. What only
        one topic waits for is raised when the partitions of the others have had their turns.
        """
        name, version = self.subscription.name, self.subscription.version
        with reading_cursor() as cursor:  # is the index complete? (rule 16)
            partitions = checkpoints.lagging(cursor, name, version, self._clock.now())
        self._chance.shuffle(partitions)  # so that two workers seldom meet
        worked = 0
        waits: LogMisconfigured | None = None
        for partition_id in partitions:
            try:
                worked += self._turns(partition_id, stopped)
            except LogMisconfigured as error:  # of the topic that its events go to
                waits = waits or error
        if waits is not None:
            raise waits
        return worked

    def _turns(self, partition_id: int, stopped: Callable[[], bool]) -> int:
        worked = 0
        while worked < _TURNS and not stopped() and self.turn(partition_id).worked:
            worked += 1
        return worked

    def turn(self, partition_id: int) -> TurnResult:
        """One transaction in one partition.

        1. take the checkpoint; nobody waits for it
        2. a parked stream whose time has come, alone; where there is something new too, they take turns
        3. else what is next: streams that are parked set aside, the rest handed over
        4. streams that failed are parked             5. the checkpoint moves; commit
        A crash or a lost connection rolls back all of it, with what the handler wrote. Where an event ends the
        transaction, another follows at once: see `Culprits`. Raises what is no event's fault.
        """
        while True:
            try:
                return self._turn(partition_id)
            except HandlerBroke as error:
                broke = error
            connection.close()  # what else it did to the session is gone with it
            reporting.broke(self.subscription.name, broke.code)
            if not self._culprits.learn(broke):
                raise broke.__cause__ or broke

    def _turn(self, partition_id: int) -> TurnResult:
        name, version = self.subscription.name, self.subscription.version
        done: list[TurnResult] = []
        with transaction.atomic(durable=True), prepared_cursor() as cursor:
            # the first at the commit: what a handler has done there may raise
            transaction.on_commit(lambda: self._tell(done))
            held = checkpoints.hold(cursor, name, version, partition_id)  # 1
            if held is None or held.is_beyond:
                return TurnResult()
            checkpoints.guard(cursor, self.subscription.timeout_s)
            due = self._due(cursor, held)
            result = (
                self._advance(cursor, held)  # 3
                if due is None
                else self._try_again(cursor, held, due)  # 2
            )
            done.append(result)
        return result

    def _tell(self, done: Sequence[TurnResult]) -> None:
        self._culprits.settled()
        for result in done:
            reporting.turn_ended(self.subscription.name, result, self._clock.now())

    def _due(self, cursor: Cursor, held: Held) -> Due | None:
        self._tried = not (self._tried and held.start < held.end)
        if not self._tried:
            return None
        name = self.subscription.name
        return parking.due(cursor, name, held.partition_id, self._clock.now())

    def _advance(self, cursor: Cursor, held: Held) -> TurnResult:
        limit = self._limit(held.partition_id)
        end = held.end if limit is None else min(held.end, held.packed(limit))
        if held.start >= end:
            return TurnResult()
        is_careful = self._culprits.careful(held)
        most = 1 if is_careful else self.subscription.most
        rows, reached = self._next(cursor, held.start, end, most)
        if reached >= end:  # "there is no more" is true of a whole index only
            checkpoints.refuse_a_rebuilt_index(cursor, held)
        deliveries_read = self._deliveries(rows, held)
        streams = {one.stream_id for one in deliveries_read}
        aside = parking.among(cursor, self.subscription.name, streams)
        ready = [one for one in deliveries_read if one.stream_id not in aside]
        late = self._culprits.ahead(held, reached)
        handling = self._hand_over(ready, late, alone=is_careful)
        if handling.stopped_at is not None:
            reached = handling.stopped_at.position
        result = TurnResult(worked=True)
        result.newest = deliveries_read[-1].recorded_at if deliveries_read else None
        if self._wanted is not None:  # who wants all is handed them, and says so itself
            known = [one.name for one in registry().event_types()]
            passed = unregistered(cursor, held.start, reached, known=known)
            result.unregistered = passed
            handling.skipped += sum(passed.values())
        self._park(cursor, held, handling, result, {})  # 4
        self._move(cursor, held, handling, result, to=held.offset(reached))  # 5
        return result

    def _try_again(self, cursor: Cursor, held: Held, due: Due) -> TurnResult:
        name, most = self.subscription.name, self.subscription.most
        arguments = due.stream_id, due.version, held.start
        rows = waiting_records(cursor, *arguments, most=most, pages=self._pages)
        queued = [
            one for one in self._deliveries(rows, held) if one.version >= due.version
        ]
        late = self._culprits.queued(due)
        handling = self._hand_over(queued, late, alone=True)
        result = TurnResult(worked=True)
        if handling.failed:
            self._park(
                cursor, held, handling, result, {due.position: due.attempts}
            )  # 4
        elif rows:  # what stands behind them is looked for in the next turn
            self._get_on(cursor, due.stream_id, rows, handling.stopped_at)
        else:
            checkpoints.refuse_a_rebuilt_index(cursor, held)
            parking.done(cursor, name, due.stream_id)
        self._move(cursor, held, handling, result, to=held.cursor)  # 5
        return result

    def _hand_over(
        self,
        handed: Sequence[Delivery],
        late: Mapping[int, HandlerBroke],
        *,
        alone: bool,
    ) -> HandlingResult:
        """alone: one by one, so that of one that ends the transaction it is known which it was."""
        if alone or late:
            return one_by_one(self.subscription, self._clock, handed, late=late)
        return handle(self.subscription, self._clock, handed)

    def _next(
        self, cursor: Cursor, start: int, end: int, most: int
    ) -> tuple[Rows, int]:
        if self._wanted is None:
            return next_records(cursor, start, end, most=most, pages=self._pages)
        return next_wanted(
            cursor, start, end, types=self._wanted, most=most, pages=self._pages
        )

    def _deliveries(self, rows: Rows, held: Held) -> Sequence[Delivery]:
        first = held.packed(held.first_time_from)
        opens = opener() if self.subscription.opens else None
        return list(
            deliveries(rows, self.subscription, first_time_from=first, opener=opens)
        )

    def _park(
        self,
        cursor: Cursor,
        held: Held,
        handling: HandlingResult,
        result: TurnResult,
        tried: dict[int, int],
    ) -> None:
        """tried: how often before, by position."""
        for delivery, failure in handling.failed.values():
            attempts = tried.get(delivery.position, 0) + 1
            again = parking.park(
                cursor,
                self.subscription.name,
                held.partition_id,
                delivery,
                failure,
                attempts=attempts,
                retries=self.subscription.retries,
                now=self._clock.now(),
            )
            result.failed.append((delivery, failure, attempts, again))

    def _get_on(
        self, cursor: Cursor, stream_id: str, rows: Rows, stopped_at: Delivery | None
    ) -> None:
        """Come back for the rest of the queue: at where it stopped, or behind the rows that were read."""
        if stopped_at is not None:
            position, version = stopped_at.position, stopped_at.version
        else:
            position, _, first_version, _, count = rows[-1]
            position, version = position + count, first_version + count
        parking.get_on(
            cursor,
            self.subscription.name,
            stream_id,
            position=position,
            version=version,
            now=self._clock.now(),
        )

    def _move(
        self,
        cursor: Cursor,
        held: Held,
        handling: HandlingResult,
        result: TurnResult,
        *,
        to: int,
    ) -> None:
        result.handled, result.skipped = handling.handled, handling.skipped
        checkpoints.move(
            cursor,
            self.subscription.name,
            held,
            to=to,
            handled=result.handled,
            skipped=result.skipped,
            now=self._clock.now(),
            durable=bool(result.handled or result.failed),
        )
