"""What becomes of a snapshot that is not signed by this store, or sealed under a key that is gone: it is counted, told, and its stream is noted to be looked through."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import closing
from threading import Lock
from typing import TYPE_CHECKING, Final

import structlog

from eventstore import metrics
from eventstore.clock import SystemClock
from eventstore.database import described, is_the_databases
from eventstore.protocol.positions import partition_in
from eventstore.queries.snapshots import KEY_GONE, NOT_OURS

if TYPE_CHECKING:
    from eventstore.database import Connect
    from eventstore.ports import Clock
    from eventstore.queries.snapshots import Made, StoredSnapshot

logger = structlog.get_logger(__name__)

REMEDY: Final = "docs/guide/SNAPSHOTS.md, 'A snapshot is not ours'"
# The next builder looks through the stream and builds what is then missing of it, as it does for one that has failed.
_NOTE: Final = """
INSERT INTO eventstore_snapshotfailure
       (stream_id, state_schema, code, partition_id, version, error, detail, failed_at, attempts)
VALUES (%(stream)s, %(schema)s, %(code)s, %(partition)s, %(version)s, %(error)s, %(detail)s, %(now)s, 0)
    ON CONFLICT (stream_id, state_schema, code) DO NOTHING
"""


_AGAIN: Final = 60.0  # seconds


class Lately:
    """What was said in the last minute, so that a thousand loads a second do not say it a thousand times."""

    def __init__(self, clock: Clock, *, most: int = 1_000) -> None:
        self._clock = clock
        self._most = most
        self._lock = Lock()
        self._said: OrderedDict[tuple[str, int], float] = OrderedDict()

    def is_new(self, what: tuple[str, int]) -> bool:
        """Whether it was not said in the last minute, as far as that is remembered; now it is."""
        now = self._clock.monotonic()
        with self._lock:
            before = self._said.get(what)
            if before is not None and now < before + _AGAIN:
                return False
            self._said[what] = now
            self._said.move_to_end(what)
            while len(self._said) > self._most:
                self._said.popitem(last=False)
            return True


_lately: Final = Lately(SystemClock())


def is_news(stream_id: str, version: int) -> bool:
    """Whether nothing was said of this snapshot in the last minute; now it is."""
    return _lately.is_new((stream_id, version))


def count_refused(stream_id: str, version: int) -> None:
    """Tell Prometheus, and the log at once."""
    metrics.SNAPSHOT_GARBAGE.labels("not_ours").inc()
    logger.error(
        "a snapshot is not signed by this store: loads ignore it, and a builder makes it again",
        action="snapshot-refused",
        stream=stream_id,
        version=version,
        remedy=REMEDY,
    )


def refuse(connect: Connect, snapshot: StoredSnapshot, made: Made) -> None:
    """Of one that a load has met: count it; once a minute also tell, and note its stream for the builders."""
    if not is_news(snapshot.stream_id, snapshot.version):
        metrics.SNAPSHOT_GARBAGE.labels("not_ours").inc()
        return
    count_refused(snapshot.stream_id, snapshot.version)
    _note(connect, snapshot, made, NOT_OURS, "it is not signed by this store")


def pass_by(connect: Connect, snapshot: StoredSnapshot, made: Made) -> None:
    """One whose key was destroyed since it was written, likewise. That is as it should be: nobody is alarmed."""
    metrics.SNAPSHOT_GARBAGE.labels("key_gone").inc()
    if not is_news(snapshot.stream_id, snapshot.version):
        return
    logger.info(
        "a snapshot cannot be opened any more: loads pass it, and a builder makes it again of what remains",
        action="snapshot-key-gone",
        stream=snapshot.stream_id,
        version=snapshot.version,
    )
    _note(connect, snapshot, made, KEY_GONE, "the key that it was sealed under is gone")


def _note(
    connect: Connect, snapshot: StoredSnapshot, made: Made, error: str, detail: str
) -> None:
    """The note is of use only: where it cannot be written the load goes on, and the log says so."""
    note = {
        "stream": snapshot.stream_id,
        "partition": partition_in(snapshot.position),
        "version": snapshot.version,
        "error": error,
        "detail": detail,
        "now": SystemClock().now(),
    }
    try:
        with closing(connect()) as connection:
            connection.execute(_NOTE, note | made.parameters)
    except Exception as error:
        if not is_the_databases(error):
            raise
        logger.warning(
            "the stream of a snapshot that cannot be used could not be noted for the builders",
            action="snapshot-note-failed",
            stream=snapshot.stream_id,
            cause=described(error),
        )
