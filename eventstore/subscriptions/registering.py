"""A subscription's rows: made at its first run, and taken over by newer code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from eventstore.errors import SubscriptionSuperseded
from eventstore.events import Cut
from eventstore.queries.connection import atomic, reading_cursor
from eventstore.queries.feed import cut_of, marks
from eventstore.subscriptions import checkpoint_rows, names
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


def register(
    subscription: Subscription, clock: Clock, *, first_time_from: int = 0
) -> None:
    """Make the rows that are missing; take over from older code. Again does no harm.

    first_time_from: an offset; below it its events are not `live`. Raises `SubscriptionSuperseded` if newer code has
    taken over, `CutRefused` where it is new and cannot begin where it says, ValueError for what it wants and the registry
    does not know.
    """
    known = marks(subscription.topics)
    now = clock.now()
    # Said first, and committed: from then on the older code begins no turn, so what is waited for below is the last one.
    with atomic(), reading_cursor() as cursor:
        is_new = names.make(cursor, subscription, born=str(cut_of(known)), now=now)
        if is_new and isinstance(subscription.start, Cut):
            refuse_a_foreign_cut(subscription.start, marks())
        _its_turn(cursor, subscription)
        names.take_over(cursor, subscription)
    with atomic(), reading_cursor() as cursor:
        born = _its_turn(cursor, subscription)
        _take_over(cursor, subscription)
        checkpoint_rows.add(
            cursor,
            subscription.name,
            subscription.version,
            _places(subscription, known, Cut.parse(born)),
            first_time_from=first_time_from,
            now=now,
        )


def refuse_a_foreign_cut(cut: Cut, known: Mapping[Place, Mark]) -> None:
    """Raise `CutRefused` for a cut of another store, or one that is not folded yet. known: all places of this one."""
    if unknown := [str(place) for place in cut.offsets if place not in known]:
        msg = f"the cut names {', '.join(unknown)}, which this store does not have"
        raise CutRefused(msg)
    for place, offset in cut.offsets.items():
        if not 0 <= offset <= known[place].cursor:
            msg = f"{place} is folded up to {known[place].cursor}, not to {offset}"
            raise CutRefused(msg)


def _its_turn(cursor: CursorWrapper, subscription: Subscription) -> str:
    """Hold the subscription's row; the cut at which it was made. Raises `SubscriptionSuperseded`."""
    held = names.hold(cursor, subscription.name)
    if held is None:
        msg = f"{subscription.name} was forgotten while its rows were made"
        raise ValueError(msg)
    version, born = held
    if version > subscription.version or not (
        subscription.takes_over or version == subscription.version
    ):
        raise SubscriptionSuperseded(
            subscription.name, version=subscription.version, newest=version
        )
    return born


def _take_over(cursor: CursorWrapper, subscription: Subscription) -> None:
    name, version = subscription.name, subscription.version
    if checkpoint_rows.take_over(cursor, name, version):
        logger.info(
            "newer code takes a subscription over",
            action="subscription-taken-over",
            subscription=name,
            version=version,
        )


def _places(
    subscription: Subscription, known: Mapping[Place, Mark], born: Cut
) -> dict[str, list[int]]:
    """Where it begins, by partition. What was added after its birth has nothing that is older than it."""
    start = born if subscription.start is Start.NOW else subscription.start
    start = start if isinstance(start, Cut) else Cut()
    past = Cut() if subscription.past_is_live else born
    return {
        "ids": [mark.id for mark in known.values()],
        "starts": [start.offsets.get(place, 0) for place in known],
        "born": [past.offsets.get(place, 0) for place in known],
    }
