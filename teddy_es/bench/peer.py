"""PyPI's `eventsourcing` with its PostgreSQL module: aggregates that are saved with one event each.

The writer holds its aggregates, so it loads nothing before it saves; on the shared stream it loads the aggregate from
the application's cache, which brings it up to date with what others saved (`AGGREGATE_CACHE_FASTFORWARD`).
"""

from __future__ import annotations

import time
from itertools import cycle
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from django.db import connection
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError
from psycopg.sql import SQL, Identifier

from eventstore.database import connect
from teddy_es.bench.contestants import PEER_FUNCTIONS, SNAPSHOT_FREQUENCY, STREAMS
from teddy_es.bench.domain import texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from teddy_es.bench.contestants import Append

_SAVED: Final = 500  # events at once, where nobody measures
_CACHED: Final = 100  # aggregates; the shared stream is one


class Talk(Aggregate):
    """A stream."""

    @event("Happened")
    def happen(self, text: str) -> None:
        """Something was said."""
        self.said = text


class SharedTalk(Talk):
    """A stream that several open at once: whoever comes first creates it."""

    @staticmethod
    def create_id(name: str) -> UUID:
        """The same for the same name."""
        return uuid5(NAMESPACE_URL, name)

    def __init__(self, name: str) -> None:
        self.name = name


class Peer:
    """See `Contestant`. Answered when it is committed."""

    def __init__(self, name: str, *, writers: int) -> None:
        with connect() as own:
            # processes that begin together must not make the same tables and functions at the same moment
            own.execute("SELECT pg_advisory_lock(hashtext('teddy_es.bench.peer'))")
            own.execute(
                SQL("CREATE SCHEMA IF NOT EXISTS {}").format(
                    Identifier(schema_of(name))
                )
            )
            self._app: Application[UUID] = Application(environment(name, writers))

    def writer(self, own: str) -> Append:
        """Saves aggregates that it keeps."""
        held, text = [Talk() for _ in range(STREAMS)], texts(own)
        turns = cycle(held)

        def append() -> None:
            talk = next(turns)
            talk.happen(text())
            self._app.save(talk)

        return append

    def rival(self, shared: str) -> Append:
        """Loads, decides, saves; again if another was faster."""
        text, own_id = texts(f"{shared}-{uuid4()}"), SharedTalk.create_id(shared)
        self._open(shared)

        def append() -> None:
            while True:
                talk: SharedTalk = self._app.repository.get(own_id)
                talk.happen(text())
                try:
                    self._app.save(talk)
                except IntegrityError:
                    continue
                return

        return append

    def reader(self, own: str, events: int) -> Callable[[], int]:
        """By the application's event store, which gives domain events."""
        talk = self.fill(texts(own), events)
        return lambda: len(list(self._app.events.get(talk.id)))

    def fill(self, text: Callable[[], str], events: int) -> Talk:
        """One aggregate of so many events, its creation included."""
        talk = Talk()
        for n in range(1, events):
            talk.happen(text())
            if n % _SAVED == 0:
                self._app.save(talk)
        self._app.save(talk)
        return talk

    def close(self) -> None:
        """See `Contestant`."""
        self._app.close()

    def _open(self, shared: str) -> None:
        try:
            self._app.save(SharedTalk(shared))
        except IntegrityError:  # another was faster
            return


class SnapshottingApplication(Application[UUID]):
    """Takes a snapshot of every tenth version, as a part of the save."""

    snapshotting_intervals: ClassVar[Any] = {Talk: SNAPSHOT_FREQUENCY}


class PlainApplication(Application[UUID]):
    """No snapshots."""


class PeerAggregates:
    """See `AggregateContestant`. Its default configuration: no cache."""

    def __init__(self, *, snapshots: bool) -> None:
        name = "peer_snapshots" if snapshots else "peer_plain"
        with connect() as own:
            own.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(name)))
        settings = environment(name, 1)
        del settings["AGGREGATE_CACHE_MAXSIZE"]
        made = SnapshottingApplication if snapshots else PlainApplication
        self._app = made(settings)

    def loader(self, own: str, events: int) -> Callable[[], int]:
        """See `AggregateContestant`."""
        [talk] = self._filled(own, events, 1)
        return lambda: int(self._app.repository.get(talk).version)

    def past(self, own: str, events: int) -> Callable[[int], int]:
        """See `AggregateContestant`."""
        [talk] = self._filled(own, events, 1)
        return lambda version: int(
            self._app.repository.get(talk, version=version).version
        )

    def commander(self, own: str, events: int, aggregates: int) -> Append:
        """See `AggregateContestant`."""
        turns, text = cycle(self._filled(own, events, aggregates)), texts(own)

        def command() -> None:
            talk: Talk = self._app.repository.get(next(turns))
            talk.happen(text())
            self._app.save(talk)

        return command

    def settle(self) -> None:
        """See `AggregateContestant`: its snapshots are a part of each save."""

    def close(self) -> None:
        """See `AggregateContestant`."""
        self._app.close()

    def _filled(self, own: str, events: int, aggregates: int) -> list[UUID]:
        text, ids = texts(own), []
        for _ in range(aggregates):
            talk = Talk()
            for n in range(1, events):
                talk.happen(text())
                if n % SNAPSHOT_FREQUENCY == 0:
                    self._app.save(talk)
            self._app.save(talk)
            ids.append(talk.id)
        return ids


class PeerFeed:
    """Its notification log: of the application's recorder, for the log itself gives ten at a time; each mapped to its event."""

    def __init__(self, events: int, per_stream: int) -> None:
        with connect() as own:
            own.execute(
                SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier("peer_feed"))
            )
        self._app = PlainApplication(environment("peer_feed", 1))
        self._events, text = events, texts("feed")
        for start in range(0, events, per_stream):
            talk = Talk()
            for _ in range(min(per_stream, events - start) - 1):
                talk.happen(text())
            self._app.save(talk)

    def read(self, page: int) -> float:
        """Events a second, all of it in pages. Raises RuntimeError if it was not all."""
        recorder, mapper = self._app.recorder, self._app.mapper
        start, count = 1, 0
        started = time.monotonic()
        while notifications := recorder.select_notifications(start, page):
            count += len([mapper.to_domain_event(one) for one in notifications])
            start = notifications[-1].id + 1
        if count != self._events:
            msg = f"{count} events were read, not {self._events}"
            raise RuntimeError(msg)
        return count / (time.monotonic() - started)

    def close(self) -> None:
        """Let go of its connections."""
        self._app.close()


def schema_of(name: str) -> str:
    """Where a contestant of this name has its tables."""
    return name.replace("-", "_")


def environment(name: str, writers: int) -> dict[str, str]:
    """A connection for each writer, so that nobody waits for one; what is not named stays as it comes.

    `PEER_FUNCTIONS` inserts by a function in the database, as its own benchmarks do. That function takes no lock of the
    table, as its inserts do otherwise to keep the order in which others are notified.
    """
    parameters: dict[str, Any] = connection.get_connection_params()
    functions = {"POSTGRES_ENABLE_DB_FUNCTIONS": "y"} if name == PEER_FUNCTIONS else {}
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parameters["dbname"],
        "POSTGRES_HOST": parameters.get("host", ""),
        "POSTGRES_PORT": str(parameters.get("port", 5432)),
        "POSTGRES_USER": parameters.get("user", ""),
        "POSTGRES_PASSWORD": parameters.get("password", ""),
        "POSTGRES_SCHEMA": schema_of(name),
        "POSTGRES_POOL_SIZE": str(writers),
        "POSTGRES_MAX_OVERFLOW": "4",
        "AGGREGATE_CACHE_MAXSIZE": str(_CACHED),
        **functions,
    }
