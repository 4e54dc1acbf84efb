"""Building a version beside the one that is read: its own tables, its own checkpoint, never further than that one."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.errors import ProjectionNotReady
from eventstore.events import MAX_OFFSET
from eventstore.projections.configured import versions_of
from eventstore.projections.following import subscription_of
from eventstore.projections.schemas import create_tables
from eventstore.projections.statuses import version_read
from eventstore.queries.connection import atomic, unchecked_cursor
from eventstore.queries.subscriptions import status_of
from eventstore.subscriptions import checkpoint_rows, names, parking
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.registering import register

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.ports import Clock
    from eventstore.projections.projection import Projection

# Of two who begin at once one makes the tables and the other finds them; goes with the transaction.
_ALONE: Final = "SELECT pg_advisory_xact_lock(hashtext('eventstore projection'), hashtext(%(name)s))"
_PAUSE_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Built:
    """How far a build is. done, total: records; the total grows while the version that is read goes on."""

    name: str
    version: int
    done: int
    total: int
    handled: int
    parked: int

    @property
    def is_complete(self) -> bool:
        """Whether it has caught up with the version that is read."""
        return self.done >= self.total


class Building:
    """One build. Several may work on the same one: they share it by partition. Killed, it goes on where it was."""

    def __init__(self, projection: Projection, clock: Clock) -> None:
        """Makes tables and checkpoints where they are missing. Raises `ProjectionNotReady` where there is nothing to build beside."""
        self.projection = projection
        self._clock = clock
        name, version = projection.name, projection.version
        read = version_read(name)
        if read is None:
            msg = f"no version of {name} is read yet: the first that `manage.py subscriptions run` finds is filled in place"
            raise ProjectionNotReady(name, msg)
        if read == version:
            msg = f"version {version} of {name} is the one that is read: give the class that you changed a higher version"
            raise ProjectionNotReady(name, msg)
        self.subscription = subscription_of(projection, is_read=False)
        self._begin()
        self._follower = Follower(
            self.subscription,
            clock,
            random.Random(),  # noqa: S311  (spreads workers over partitions; secures nothing)
            limit=self._limit,
        )

    def run(
        self,
        stopped: Callable[[], bool] = lambda: False,
        progress: Callable[[Built], None] = lambda _: None,
    ) -> Built:
        """Until it has caught up, or `stopped`. Raises what is no event's fault; then call it again.

        Parked streams whose time has come are tried, too. Raises `ProjectionNotReady` where the build is paused.
        """
        while not stopped() and (
            not (now := self.look()).is_complete or self._is_due()
        ):
            progress(now)
            if not self._follower.round(stopped):
                self._wait()
        return self.look()

    def _is_due(self) -> bool:
        """Whether a parked stream's time has come: without anything new nobody else would try it."""
        name, now = self.subscription.name, self._clock.now()
        with unchecked_cursor() as cursor:
            return parking.is_any_due(cursor, name, now)

    def _wait(self) -> None:
        """Somebody else is at work, or the index is built anew. Raises `ProjectionNotReady` if it is paused."""
        name = self.subscription.name
        if status_of(name, self._clock.now()).paused:
            msg = f"the build is paused: `manage.py subscriptions resume {name}`"
            raise ProjectionNotReady(self.projection.name, msg)
        time.sleep(_PAUSE_S)

    def look(self) -> Built:
        """How far it is."""
        name = self.projection.name
        built = self.subscription.name
        with unchecked_cursor() as cursor:
            done, total = checkpoint_rows.as_far_as(cursor, built, before=name)
        status = status_of(self.subscription.name, self._clock.now())
        return Built(
            name,
            self.projection.version,
            done,
            total,
            status.handled,
            status.parked + status.retrying,
        )

    def _begin(self) -> None:
        name = self.subscription.name
        with atomic(), unchecked_cursor() as cursor:
            cursor.execute(_ALONE, {"name": name})
            if not names.is_there(cursor, name):
                create_tables(self.projection)
            # nothing happens for the first time in a version that is not the one that is read
            register(self.subscription, self._clock, first_time_from=MAX_OFFSET)

    def _limit(self, partition_id: int) -> int | None:
        with unchecked_cursor() as cursor:
            name = self.projection.name
            return checkpoint_rows.offset_of(cursor, name, partition_id)


def make_building(name: str, version: int | None, clock: Clock) -> Building:
    """Of this version, or of the newest. Raises `ProjectionNotReady`, ImproperlyConfigured."""
    versions = versions_of(name)
    number = version or max(versions)
    if number not in versions:
        msg = f"no code of version {number} of {name} is configured"
        raise ProjectionNotReady(name, msg)
    return Building(versions[number], clock)
