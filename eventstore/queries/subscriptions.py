"""Who follows the log, for people: how far each is, what it cannot get on with, what people had it do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eventstore.database.composing import composed
from eventstore.errors import StreamNotParked, SubscriptionNotFound
from eventstore.protocol.positions import first_of_sql
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.keyset import Listing, Page, Wanted
from eventstore.queries.positions import packed_of, position_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eventstore.events import Position


@dataclass(frozen=True, slots=True)
class SubscriptionStatus:
    """How a subscription stands.

    lag: records that are folded and not handled; oldest: when the first of them was accepted. beyond: partitions whose
    checkpoint is further than what is folded. handled, skipped: events. rate: records a second, lately.
    retrying, parked: streams that are tried again, and those that wait for a person.
    """

    name: str
    version: int
    wants: str
    made_at: datetime
    partitions: int
    lag: int
    beyond: int
    paused: bool
    handled: int
    skipped: int
    rate: float
    moved_at: datetime | None
    oldest: datetime | None
    retrying: int
    parked: int

    @property
    def waiting(self) -> int:
        """Streams that it cannot get on with for now, tried again or parked."""
        return self.retrying + self.parked

    @property
    def eta_s(self) -> float | None:
        """Seconds until it has caught up at its rate; None if it does not move, or is paused."""
        if not self.lag:
            return 0.0
        moves = self.rate >= 0.1 and not self.paused
        return self.lag / self.rate if moves else None

    @property
    def state(self) -> str:
        """In a word: paused, waits for the index, behind, up to date."""
        if self.paused:
            return "paused"
        if self.beyond:
            return "waits for the index"
        return "behind" if self.lag else "up to date"


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """How far one partition of a subscription is. cursor, folded: the next offset to handle, and to fold."""

    place: str
    cursor: int
    folded: int
    handled: int
    rate: float
    moved_at: datetime

    @property
    def lag(self) -> int:
        """Records that are folded and not handled."""
        return max(0, self.folded - self.cursor)

    @property
    def is_beyond(self) -> bool:
        """Whether the checkpoint is further than what is folded."""
        return self.cursor > self.folded


@dataclass(frozen=True, slots=True)
class Parked:
    """A stream that waits. version, position, event_type: of the event that failed. waiting: events from it on.

    error: a code or a class's name; place: `module:line`. retry_at: None if it waits for a person.
    """

    stream_id: str
    position: Position
    version: int
    event_type: str
    error: str
    place: str
    attempts: int
    failed_at: datetime
    retry_at: datetime | None
    waiting: int


@dataclass(frozen=True, slots=True)
class ActionRow:
    """What somebody had a subscription do. version: of the event, in the stream, where there is one."""

    id: int
    subscription: str
    action: str
    stream_id: str | None
    position: Position | None
    detail: str
    reason: str
    done_by: str
    done_at: datetime


# One row a partition and subscription: some hundred in all. A rate that nothing was added to fades.
_STATUSES: Final = composed(
    """
SELECT s.name, s.version, s.wants, s.made_at, how.partitions, how.lag, how.beyond, how.paused, how.handled,
       how.skipped, how.rate, how.moved_at, how.oldest, streams.retrying, streams.parked
  FROM eventstore_subscription s
 CROSS JOIN LATERAL (
       SELECT count(*) AS partitions, coalesce(sum(greatest(p."cursor" - c."cursor", 0)), 0)::bigint AS lag,
              count(*) FILTER (WHERE c."cursor" > p."cursor") AS beyond, coalesce(bool_or(c.paused), false) AS paused,
              coalesce(sum(c.handled), 0)::bigint AS handled, coalesce(sum(c.skipped), 0)::bigint AS skipped,
              coalesce(sum(c.rate * exp(-least(greatest(extract(epoch FROM %(now)s - c.moved_at), 0), 3600) / 30)), 0)::float8
              AS rate, max(c.moved_at) AS moved_at, min(first.recorded_at) AS oldest
         FROM eventstore_checkpoint c
         JOIN eventstore_partition p ON p.id = c.partition_id
         LEFT JOIN LATERAL (
              SELECT recorded_at FROM eventstore_record
               WHERE c."cursor" < p."cursor"
                 AND position >= {start} AND position < {end}
               ORDER BY position LIMIT 1) first ON true
        WHERE c.subscription = s.name) how
 CROSS JOIN LATERAL (
       SELECT count(retry_at) AS retrying, count(*) - count(retry_at) AS parked
         FROM eventstore_parkedstream WHERE subscription = s.name) streams
 WHERE %(name)s::text IS NULL OR s.name = %(name)s
 ORDER BY s.name
""",
    start=first_of_sql("c.partition_id", 'c."cursor"'),
    end=first_of_sql("c.partition_id", 'p."cursor"'),
)
_NAMES: Final = "SELECT name FROM eventstore_subscription ORDER BY name"
_PARTITIONS: Final = """
SELECT p.topic || '/' || p.partition, c."cursor", p."cursor", c.handled, c.rate, c.moved_at
  FROM eventstore_checkpoint c JOIN eventstore_partition p ON p.id = c.partition_id
 WHERE c.subscription = %(name)s ORDER BY p.id
"""
# Index: the key (subscription, stream_id); a head by its own, row by row: joined, the heads would be read from their
# beginning up to the page.
_PARKED: Final = """
SELECT p.stream_id, p.position, p.version, p.event_type, p.error, p.place, p.attempts, p.failed_at, p.retry_at,
       greatest(coalesce((SELECT version FROM eventstore_stream s WHERE s.stream_id = p.stream_id), p.version)
                - p.version + 1, 0)
  FROM eventstore_parkedstream p
"""
_OF_SUBSCRIPTION: Final = "p.subscription = %(name)s"
_PARKED_AT: Final = composed(
    "{parked} WHERE {of_subscription} AND p.position = %(position)s",
    parked=_PARKED,
    of_subscription=_OF_SUBSCRIPTION,
)


def statuses(now: datetime) -> Sequence[SubscriptionStatus]:
    """All subscriptions, by name."""
    return _statuses(None, now)


def status_of(name: str, now: datetime) -> SubscriptionStatus:
    """One of them. Raises `SubscriptionNotFound`."""
    listed = _statuses(name, now)
    if not listed:
        names = [row[0] for row in unchecked_rows(_NAMES, {})]
        raise SubscriptionNotFound(name, there_are=names)
    return listed[0]


def partition_statuses(name: str) -> Sequence[PartitionStatus]:
    """A subscription's partitions, in their order."""
    return [
        PartitionStatus(*row) for row in unchecked_rows(_PARTITIONS, {"name": name})
    ]


def parked_streams(wanted: Wanted, name: str) -> Page[Parked]:
    """The streams that a subscription cannot get on with, by the place of the event that they wait at. Raises `BadCursor`."""
    return _PARKED_STREAMS.page(
        wanted, unchecked_rows, [_OF_SUBSCRIPTION], {"name": name}
    )


def parked_at(name: str, position: Position) -> Parked:
    """The one that waits at this event. Raises `StreamNotParked`, with the place where a stream's name would stand."""
    asked = {"name": name, "position": packed_of(position)}
    for row in unchecked_rows(_PARKED_AT, asked):
        return _parked(*row)
    raise StreamNotParked(name, str(position))


def actions(name: str, *, limit: int = 50) -> Sequence[ActionRow]:
    """What people had it do, newest first."""
    newest = Wanted(size=limit)
    return _ACTIONS.page(newest, unchecked_rows, [_WITH_NAME], {"name": name}).rows


def _statuses(name: str | None, now: datetime) -> list[SubscriptionStatus]:
    return [
        SubscriptionStatus(*row)
        for row in unchecked_rows(_STATUSES, {"name": name, "now": now})
    ]


def _parked(stream_id: str, position: int, *rest: Any) -> Parked:
    return Parked(stream_id, position_of(position), *rest)


def _action(*row: Any) -> ActionRow:
    fields = dict(zip(ActionRow.__slots__, row, strict=True))
    packed = fields["position"]
    return ActionRow(
        **fields | {"position": None if packed is None else position_of(packed)}
    )


# Index: eventstore_parked_place (subscription, position).
_PARKED_STREAMS: Final = Listing(
    _PARKED, {"p.position": int}, _parked, lambda row: (packed_of(row.position),)
)
# Index: eventstore_action_newest (subscription, id DESC).
_ACTIONS: Final = Listing(
    """
SELECT id, subscription, action, stream_id, position, detail, reason, done_by, done_at
  FROM eventstore_subscriptionaction""",
    {"id": int},
    _action,
    lambda row: (row.id,),
    falls=True,
)
_WITH_NAME: Final = "subscription = %(name)s"
