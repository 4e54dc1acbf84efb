"""Folds what others wrote, for as long as it runs. Several may run: whoever gets a partition folds for everybody."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog

from eventstore import metrics
from eventstore.clock import BackOff, SystemClock
from eventstore.database import is_full, translated
from eventstore.errors import (
    DatabaseUnanswered,
    EventStoreError,
    PartitionStopped,
    Unanswered,
)
from eventstore.events import Place
from eventstore.indexer import stops
from eventstore.indexer.mark import complete

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from threading import Event

    from eventstore.indexer.indexer import Indexer
    from eventstore.ports import Clock, Extent

logger = structlog.get_logger(__name__)

_IDLE: Final = 0.2  # seconds between two looks at an idle log
_FAULT_PAUSE: Final = 2.0  # each look at a place with a fault takes a connection
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_CLOCK: Final = SystemClock()

_UNFORESEEN: Final = "an error that nobody foresaw, see its traceback; the mirror retries the partition, the others go on"

Progress = Callable[[Place, int], None]


class Mirror:
    """The loop. `stop` ends it between two folds; what does not answer is asked again for ever, with back-off."""

    def __init__(
        self,
        make_indexer: Callable[[], Indexer],
        stop: Event,
        *,
        clock: Clock = _CLOCK,
    ) -> None:
        self._make_indexer = make_indexer
        self._clock = clock
        self._stop = stop
        self.stopped: dict[Place, str] = {}  # and why
        self._faulty: set[Place] = set()  # stopped by what nobody foresaw

    def run(self) -> None:
        """Fold until stopped. Whatever fails, says so in the log and begins anew."""
        back_off = BackOff(self._clock, _FIRST_PAUSE, _LONGEST_PAUSE)
        while not self._stop.is_set():
            indexer = self._make_indexer()
            try:
                while not self._stop.is_set():
                    with translated():
                        folded = self.round(indexer)
                    back_off.succeeded()
                    if not folded:
                        self._stop.wait(_FAULT_PAUSE if self._faulty else _IDLE)
            except EventStoreError as error:
                logger.log(
                    logging.ERROR if _needs_a_person(error) else logging.WARNING,
                    "the mirror waits and retries",
                    action="mirror-delayed",
                    code=error.code,
                    cause=_told(error),
                    pause_s=(pause_s := back_off.failed()),
                )
                self._stop.wait(pause_s)
            finally:
                indexer.close()
                indexer.log.close()

    def round(self, indexer: Indexer, progress: Progress | None = None) -> int:
        """Fold each partition to the end that the log shows now; how many offsets that were.

        Sets the mark where it is missing (rule 16), so that readers need not; not while a partition has stopped.
        """
        done = 0
        noted = stops.noted(indexer.connection())
        for place, extent in indexer.log.extents(indexer.topics.places).items():
            try:
                with translated():
                    done += self._follow(indexer, place, extent, progress)
            except PartitionStopped as error:
                self._stop_at(indexer, place, error.code, str(error))
            except EventStoreError:
                raise
            except Exception as error:  # noqa: BLE001  (a fault of ours at one place ends neither the process nor the others)
                indexer.close()
                self._faulty.add(place)
                self._stop_at(indexer, place, type(error).__name__, _UNFORESEEN, error)
            else:
                self._go_on_at(indexer, place, noted)
        if not self._stop.is_set() and self._is_readable(indexer):
            complete(indexer)
        return done

    def _go_on_at(
        self, indexer: Indexer, place: Place, noted: AbstractSet[int]
    ) -> None:
        self.stopped.pop(place, None)
        self._faulty.discard(place)
        partition = indexer.topics.partition_id(place)
        if partition in noted:
            stops.clear(indexer.connection(), partition)

    def _stop_at(
        self,
        indexer: Indexer,
        place: Place,
        code: str,
        cause: str,
        fault: Exception | None = None,
    ) -> None:
        """Note it each time, for who reads the database; say it in the log when it stops, not five times a second.

        fault: one that nobody foresaw.
        """
        if self.stopped.get(place) != cause:
            self.stopped[place] = cause
            logger.error(
                "a partition has stopped",
                action="partition-stopped",
                place=str(place),
                code=code,
                cause=cause,
                exc_info=fault,
            )
        partition = indexer.topics.partition_id(place)
        stops.note(indexer.connection(), partition, code=code, cause=cause)

    def _is_readable(self, indexer: Indexer) -> bool:
        """Whether what has stopped leaves the others to be read: nothing has, or a person has set it aside."""
        stopped = {indexer.topics.partition_id(place) for place in self.stopped}
        return not stopped or stopped <= stops.set_aside(indexer.connection())

    def _follow(
        self, indexer: Indexer, place: Place, extent: Extent, progress: Progress | None
    ) -> int:
        done = 0
        while (lag := indexer.lag(place, extent)) and not self._stop.is_set():
            _show_lag(place, lag)
            moved = indexer.stretch(place)
            done += moved
            if progress is not None:
                progress(place, moved)
        _show_lag(place, lag)
        return done


def _show_lag(place: Place, lag: int) -> None:
    metrics.MIRROR_LAG.labels(place.topic, place.partition).set(lag)


def _needs_a_person(error: EventStoreError) -> bool:
    """Whether waiting alone cannot help: a topic is not as it must be, Kafka refuses us, or the disk is full; nothing is folded."""
    if isinstance(error, DatabaseUnanswered):
        return is_full(error)
    return not isinstance(error, Unanswered) or bool(error.word)


def _told(error: EventStoreError) -> str:
    return error.reason if isinstance(error, Unanswered) else str(error)
