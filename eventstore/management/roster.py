"""Who follows the log in a process: what the settings name, what the service was asked for, and who publishes `events.*`."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import structlog
from django.core.exceptions import ImproperlyConfigured

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.projections.configured import configured as projections_configured
from eventstore.projections.configured import versions_of
from eventstore.projections.following import subscription_of
from eventstore.projections.statuses import version_read
from eventstore.publishing.subscription import publication
from eventstore.service import get_service
from eventstore.store import get_event_store
from eventstore.subscriptions.configured import by_name, configured
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eventstore.subscriptions.subscription import Subscription

logger = structlog.get_logger(__name__)


def roster() -> Mapping[str, Subscription]:
    """All of them by name; of each projection the version that is read. Raises ImproperlyConfigured for two of one name."""
    projections = (_that_is_read(name) for name in projections_configured())
    published = publication(get_event_store().make_log)
    return by_name(
        [
            *configured().values(),
            *get_service().subscriptions.values(),
            *(one for one in projections if one is not None),
            *([published] if published is not None else ()),
        ]
    )


def chosen(names: Sequence[str]) -> Sequence[Subscription]:
    """Those of these names; all if none is given. Raises ImproperlyConfigured for a name that no code goes by."""
    known = roster()
    if unknown := [name for name in names if name not in known]:
        msg = f"No code follows as {', '.join(unknown)} here. There are: {', '.join(known) or 'none'}."
        raise ImproperlyConfigured(msg)
    return [known[name] for name in names or known]


def make_worker(names: Sequence[str] = ()) -> Worker:
    """A worker for these subscriptions, or for all."""
    clock, chance = SystemClock(), random.Random()  # noqa: S311  (spreads workers over partitions; secures nothing)

    def renewed(follower: Follower) -> Follower | None:
        """Another version of a projection is read now."""
        name = follower.subscription.name
        newer = _that_is_read(name) if name in projections_configured() else None
        return Follower(newer, clock, chance) if newer else None

    followers = [Follower(one, clock, chance) for one in chosen(names)]
    return Worker(followers, connect, clock, renewed=renewed)


def _that_is_read(name: str) -> Subscription | None:
    """The projection's version whose tables are read, or if nobody has followed for it yet the newest; None without its code."""
    versions = versions_of(name)
    read = version_read(name) or max(versions)
    if read not in versions:
        logger.error(
            "no worker follows for a projection: its code is not configured",
            action="projection-unfollowed",
            projection=name,
            version=read,
        )
        return None
    return subscription_of(versions[read], is_read=True)
