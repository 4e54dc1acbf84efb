"""Wakes followers when something was folded: PostgreSQL tells, once a flush. Behind it everybody looks slowly by himself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import structlog

from eventstore.database import translated
from eventstore.errors import DatabaseUnanswered
from eventstore.indexer.statements import FOLDED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eventstore.database import Connect

logger = structlog.get_logger(__name__)

_LISTEN: Final = f"LISTEN {FOLDED}"
_PATIENCE: Final = 0.5  # seconds between two looks whether to stop
_PAUSE: Final = 1.0  # seconds before a lost connection is made anew
_LOST: Final = (
    "PostgreSQL does not wake the workers for a while; they look by themselves"
)


class Waker:
    """One connection a process. A lost one is made anew, and then everybody is woken: nobody knows what was missed."""

    def __init__(
        self,
        connect: Connect,
        wakes: Sequence[threading.Event],
        concerns: Callable[[str], bool] | None = None,
    ) -> None:
        """concerns: whether somebody is to be woken for what is told, the id of a partition; None: always."""
        self._connect = connect
        self._wakes = wakes
        self._concerns = concerns
        self.listens = threading.Event()
        self._told = False

    def run(self, stop: threading.Event) -> None:
        """Until stopped."""
        while not stop.is_set():
            try:
                with translated():
                    self._listen(stop)
            except DatabaseUnanswered as error:
                if not self._told:
                    logger.warning(_LOST, action="wakeups-lost", error=error.kind)
                self._told = True
                stop.wait(_PAUSE)

    def wake(self) -> None:
        """Have everybody look."""
        for one in self._wakes:
            one.set()

    def _listen(self, stop: threading.Event) -> None:
        with self._connect() as connection:
            connection.execute("SET application_name = 'eventstore waker'")
            connection.execute(_LISTEN)
            self._told = False
            self.listens.set()
            self.wake()
            try:
                while not stop.is_set():
                    for told in connection.notifies(timeout=_PATIENCE, stop_after=1):
                        if self._concerns is None or self._concerns(told.payload):
                            self.wake()
            finally:
                self.listens.clear()
