"""A process's followers: a thread each, woken by what is folded, held up by nobody but their own trouble."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

import structlog
from django.db import connection, connections

from eventstore.clock import BackOff
from eventstore.errors import SubscriptionNotFound, SubscriptionSuperseded
from eventstore.queries.connection import unchecked_cursor
from eventstore.queries.subscriptions import status_of
from eventstore.subscriptions import checkpoints, reporting
from eventstore.subscriptions.failures import failure_of
from eventstore.subscriptions.registering import CutRefused, register
from eventstore.subscriptions.waker import Waker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eventstore.database import Connect
    from eventstore.ports import Clock
    from eventstore.subscriptions.follower import Follower

logger = structlog.get_logger(__name__)

_SLOWLY: Final = 1.0  # seconds between two looks of a follower that nobody wakes
_LOOK_EVERY: Final = 1.0  # seconds between two looks at how it stands
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 15.0
_NOBODY: Final = (
    "there is nothing to follow; name subscriptions in EVENTSTORE['SUBSCRIPTIONS']"
)

# A machine that is gone is noticed, and what it held is free, within 5 s; without effect on a socket of the same machine,
# where the end of a process is seen at once.
_SESSION: Final = """
SELECT set_config('application_name', %(name)s, false),
       set_config('tcp_keepalives_idle', '2', false), set_config('tcp_keepalives_interval', '1', false),
       set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '5000', false),
       set_config('client_connection_check_interval', '2000', false)
"""


@dataclass(slots=True)
class _State:
    """What a thread knows of its follower."""

    follower: Follower
    back_off: BackOff
    wake: threading.Event = field(default_factory=threading.Event)
    error: str | None = None
    beyond: int = 0
    look_at: float = 0.0
    is_made: bool = False


class Worker:
    """Runs followers until stopped. What is no event's fault is tried again for ever, with back-off."""

    def __init__(
        self,
        followers: Sequence[Follower],
        connect: Connect,
        clock: Clock,
        *,
        renewed: Callable[[Follower], Follower | None] = lambda _: None,
    ) -> None:
        """renewed: gives who goes on where newer code has taken over from a follower, if this process has that code."""
        self._clock = clock
        self._renewed = renewed
        self._states = [
            _State(follower, BackOff(clock, _FIRST_PAUSE, _LONGEST_PAUSE))
            for follower in followers
        ]
        self.waker = Waker(connect, [state.wake for state in self._states])
        self._known: WeakSet[object] = WeakSet()

    def run(self, stop: threading.Event) -> dict[str, str]:
        """Until `stop` is set or none is left; by name, those that cannot go on, and the code of why.

        With nobody to follow it stays all the same: who keeps it alive would start it again and again.
        """
        if not self._states:
            logger.info(_NOBODY, action="subscriptions-absent")
            stop.wait()
            return {}
        waking = threading.Thread(
            target=self.waker.run, args=[stop], name="waker", daemon=True
        )
        threads = [
            threading.Thread(
                target=self._follow,
                args=[state, stop],
                name=f"follow {state.follower.subscription.name}",
            )
            for state in self._states
        ]
        for thread in (waking, *threads):
            thread.start()
        while any(thread.is_alive() for thread in threads):
            if stop.wait(0.2):
                self.waker.wake()
                break
        for thread in threads:
            thread.join()
        stop.set()
        waking.join()
        ended = {s.follower.subscription.name: s.error for s in self._states}
        return {name: error for name, error in ended.items() if error is not None}

    def _follow(self, state: _State, stop: threading.Event) -> None:
        name = state.follower.subscription.name
        while not stop.is_set():
            try:
                self._go_on(state, stop)
            except (SubscriptionSuperseded, SubscriptionNotFound, CutRefused) as error:
                state.error = error.code
                reporting.refused(name, error)
                break
            except Exception as error:  # noqa: BLE001  (told and counted; the next turn begins where this one began)
                failure, pause_s = failure_of(error), state.back_off.failed()
                reporting.waits(
                    name, error=failure.error, place=failure.place, pause_s=pause_s
                )
                self._pause(state, stop, pause_s)
            except BaseException as error:
                state.error = type(error).__name__
                reporting.ended(name, error=state.error)
                raise
        connections.close_all()

    def _pause(self, state: _State, stop: threading.Event, pause_s: float) -> None:
        """Where the database was lost, its return ends the pause: who listens to it then calls."""
        raw = connection.connection
        lost = raw is None or raw.closed
        connection.close()
        if lost:
            state.wake.clear()
            if not stop.is_set():
                state.wake.wait(pause_s)
        else:
            stop.wait(pause_s)

    def _go_on(self, state: _State, stop: threading.Event) -> None:
        """Until stopped, or another follower is to go on. Raises `SubscriptionSuperseded` where there is none."""
        try:
            self._begin(state)
            while not stop.is_set():
                self._round(state, stop)
                state.back_off.succeeded()
        except SubscriptionSuperseded:
            if not self._renew(state):
                raise

    def _renew(self, state: _State) -> bool:
        newer = self._renewed(state.follower)
        if newer is not None:
            state.follower = newer
        return newer is not None

    def _begin(self, state: _State) -> None:
        """Make the rows, or take over. Raises `SubscriptionNotFound` if they were there and somebody had them forgotten.

        Made anew, everything would be handled again.
        """
        if state.is_made:
            status_of(state.follower.subscription.name, self._clock.now())
        register(state.follower.subscription, self._clock)
        state.is_made = True
        state.look_at = 0.0

    def _round(self, state: _State, stop: threading.Event) -> None:
        """One look; if there was nothing to do, wait for a call or for the next slow look."""
        self._see_to_session(state)
        state.wake.clear()
        worked = state.follower.round(stop.is_set)
        if self._clock.monotonic() >= state.look_at:
            self._look(state)
        if not worked and not stop.is_set():
            state.wake.wait(_SLOWLY)

    def _see_to_session(self, state: _State) -> None:
        connection.ensure_connection()
        if connection.connection not in self._known:
            name = f"eventstore follow {state.follower.subscription.name}"
            with connection.cursor() as cursor:
                cursor.execute(_SESSION, {"name": name[:63]})
            self._known.add(connection.connection)

    def _look(self, state: _State) -> None:
        """Tell how it stands, and follow partitions that have come; end where another version follows now."""
        subscription = state.follower.subscription
        name, topics = subscription.name, subscription.topics
        with unchecked_cursor() as cursor:
            version, beyond = checkpoints.stands(cursor, name)
            lacking = checkpoints.are_lacking(cursor, name, topics)
        if lacking or version != subscription.version:
            self._begin(state)  # says so, or makes them
        if beyond and beyond != state.beyond:
            reporting.beyond(name, beyond)
        state.beyond = beyond
        state.look_at = self._clock.monotonic() + _LOOK_EVERY
        status = status_of(name, self._clock.now())
        reporting.looked(
            name, lag=status.lag, retrying=status.retrying, parked=status.parked
        )
