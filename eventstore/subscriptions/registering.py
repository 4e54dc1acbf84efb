"""A subscription's rows: made at its first run, and taken over by newer code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

from eventstore.errors import SubscriptionSuperseded
from eventstore.events import Cut
from eventstore.queries.connection import atomic, reading_cursor
from eventstore.queries.feed import cut_of, marks
from eventstore.subscriptions.subscription import Start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.backends.utils import CursorWrapper

    from eventstore.events import Place
    from eventstore.ports import Clock
    from eventstore.queries.feed import Mark
    from eventstore.subscriptions.subscription import Subscription


class CutRefused(ValueError):  # noqa: N818  (what became of it)
    """A place to begin that this store does not have, or has not come to: later events below it would be left out."""

    code = "cut-refused"


logger = structlog.get_logger(__name__)

_MAKE: Final = """
INSERT INTO eventstore_subscription (name, version, wants, born, made_at)
VALUES (%(name)s, %(version)s, %(wants)s, %(born)s, %(now)s)
    ON CONFLICT (name) DO NOTHING
"""
_LOCK: Final = (
    "SELECT version, born FROM eventstore_subscription WHERE name = %(name)s FOR UPDATE"
)
_TAKE_OVER: Final = """
UPDATE eventstore_subscription SET version = %(version)s, wants = %(wants)s WHERE name = %(name)s
"""
# Waits for the turns of the older code that are under way; no later one finds its version.
_TAKE_CHECKPOINTS: Final = """
UPDATE eventstore_checkpoint SET version = %(version)s WHERE subscription = %(name)s AND version < %(version)s
"""
_ADD: Final = """
INSERT INTO eventstore_checkpoint (subscription, partition_id, version, "cursor", first_time_from, paused, handled, skipped, rate, moved_at)
SELECT %(name)s, place.id, %(version)s, place.start, greatest(place.born, %(first_time_from)s), false, 0, 0, 0, %(now)s
  FROM unnest(%(ids)s::int[], %(starts)s::bigint[], %(born)s::bigint[]) place(id, start, born)
    ON CONFLICT (subscription, partition_id) DO NOTHING
"""


def register(
    subscription: Subscription, clock: Clock, *, first_time_from: int = 0
) -> None:
    """Make the rows that are missing; take over from older code. Again does no harm.

    first_time_from: an offset; below it its events are not `live`. Raises `SubscriptionSuperseded` if newer code has
    taken over, `CutRefused` where it is new and cannot begin where it says, ValueError for what it wants and the registry
    does not know.
    """
    found = marks(subscription.topics)
    given: dict[str, Any] = {
        "name": subscription.name,
        "version": subscription.version,
        "wants": subscription.wants,
        "born": str(cut_of(found)),
        "now": clock.now(),
        "first_time_from": first_time_from,
    }
    # Said first, and committed: from then on the older code begins no turn, so what is waited for below is the last one.
    with atomic(), reading_cursor() as cursor:
        cursor.execute(_MAKE, given)
        if cursor.rowcount and isinstance(subscription.start, Cut):
            refuse_a_foreign_cut(subscription.start, marks())
        _its_turn(cursor, subscription)
        cursor.execute(_TAKE_OVER, given)
    with atomic(), reading_cursor() as cursor:
        born = _its_turn(cursor, subscription)
        _take_over(cursor, subscription)
        cursor.execute(_ADD, given | _places(subscription, found, Cut.parse(born)))


def refuse_a_foreign_cut(cut: Cut, found: Mapping[Place, Mark]) -> None:
    """Raise `CutRefused` for a cut of another store, or one that is not folded yet. found: all places of this one."""
    if unknown := [str(place) for place in cut.offsets if place not in found]:
        msg = f"the cut names {', '.join(unknown)}, which this store does not have"
        raise CutRefused(msg)
    for place, offset in cut.offsets.items():
        if not 0 <= offset <= found[place].cursor:
            msg = f"{place} is folded up to {found[place].cursor}, not to {offset}"
            raise CutRefused(msg)


def _its_turn(cursor: CursorWrapper, subscription: Subscription) -> str:
    """Hold the subscription's row; the cut at which it was made. Raises `SubscriptionSuperseded`."""
    cursor.execute(_LOCK, {"name": subscription.name})
    [(version, born)] = cursor.fetchall()
    if version > subscription.version or not (
        subscription.takes_over or version == subscription.version
    ):
        raise SubscriptionSuperseded(
            subscription.name, version=subscription.version, newest=version
        )
    return str(born)


def _take_over(cursor: CursorWrapper, subscription: Subscription) -> None:
    name, version = subscription.name, subscription.version
    cursor.execute(_TAKE_CHECKPOINTS, {"name": name, "version": version})
    if cursor.rowcount:
        logger.info(
            "newer code takes a subscription over",
            action="subscription-taken-over",
            subscription=name,
            version=version,
        )


def _places(
    subscription: Subscription, found: Mapping[Place, Mark], born: Cut
) -> dict[str, list[int]]:
    """Where it begins, by partition. What was added after its birth has nothing that is older than it."""
    start = born if subscription.start is Start.NOW else subscription.start
    start = start if isinstance(start, Cut) else Cut()
    past = Cut() if subscription.past_is_live else born
    return {
        "ids": [mark.id for mark in found.values()],
        "starts": [start.offsets.get(place, 0) for place in found],
        "born": [past.offsets.get(place, 0) for place in found],
    }
