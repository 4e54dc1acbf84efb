"""Who follows the log in a process: what the settings name, and what the service was asked for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.service import get_service
from eventstore.subscriptions.configured import by_name, configured
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eventstore.subscriptions.subscription import Subscription


def roster() -> Mapping[str, Subscription]:
    """All of them by name. Raises ImproperlyConfigured for two of one name."""
    return by_name([*configured().values(), *get_service().subscriptions.values()])


def chosen(names: Sequence[str]) -> Sequence[Subscription]:
    """Those of these names; all if none is given. Raises ImproperlyConfigured for a name that no code goes by."""
    found = roster()
    if unknown := [name for name in names if name not in found]:
        msg = f"No code follows as {', '.join(unknown)} here. There are: {', '.join(found) or 'none'}."
        raise ImproperlyConfigured(msg)
    return [found[name] for name in names or found]


def make_worker(names: Sequence[str] = ()) -> Worker:
    """A worker for these subscriptions, or for all."""
    clock, chance = SystemClock(), random.Random()  # noqa: S311  (spreads workers over partitions; secures nothing)
    followers = [Follower(one, clock, chance) for one in chosen(names)]
    return Worker(followers, connect, clock)
