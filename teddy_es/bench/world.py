"""A database of the measurement's own on the configured server, with everything in it that a store needs."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from os import getpid
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from django.core.management import call_command
from django.db import connections
from psycopg.errors import InsufficientPrivilege
from psycopg.sql import SQL, Identifier

from eventstore.conf import conf, registry
from eventstore.database import connect
from eventstore.indexer.mark import complete
from eventstore.log import topics
from eventstore.log.configured import KAFKA
from eventstore.snapshots import topics as snapshot_topics
from eventstore.store import make_event_store
from teddy_es.bench.conf import elsewhere, eventstore_settings, keys_of
from teddy_es.bench.domain import renamed

if TYPE_CHECKING:
    from collections.abc import Iterator


class CannotMeasure(Exception):  # noqa: N818  (what a command says)
    """Something is missing; the message says what to do."""


@dataclass(frozen=True, slots=True)
class World:
    """Where it is; enough for another process to go there too. suffix: of its stream types' names."""

    database: str
    suffix: str
    eventstore: dict[str, Any]

    def stream(self, own_id: str) -> str:
        """A stream of made-up events."""
        return f"{renamed('bench', self.suffix)}.{own_id}"


@contextmanager
def a_world(*, is_projects: bool = False) -> Iterator[World]:
    """Make it, be there, and leave nothing of it behind, whatever happens. Raises `CannotMeasure`.

    is_projects: with the project's own stream types, whose topics on a broker would be those of the installation.
    """
    suffix = token_hex(4)
    parameters = {
        **eventstore_settings(),
        **({} if is_projects else _own_types(suffix)),
    }
    parameters["SUBSCRIPTIONS"] = ()
    world = World(f"teddy_bench_{getpid()}_{suffix}", suffix, parameters)
    with (
        _database(world.database),
        _database(keys_of(world.database)),
        elsewhere(world.database, parameters),
    ):
        for alias in connections:
            call_command("migrate", verbosity=0, interactive=False, database=alias)
        with _topics():
            yield world


def _own_types(suffix: str) -> dict[str, Any]:
    return {
        "REGISTRY": f"teddy_es.bench.domain.types_{suffix}",
        "AGGREGATES": [
            f"teddy_es.bench.domain.{name}_{suffix}" for name in ("Talk", "Confidant")
        ],
    }


@contextmanager
def _database(name: str) -> Iterator[None]:
    try:
        _say(SQL("CREATE DATABASE {}").format(Identifier(name)))
        yield
    except InsufficientPrivilege as error:
        msg = f"A measurement needs a database of its own and may not create one: {error.diag.message_primary}."
        raise CannotMeasure(msg) from None
    finally:
        _say(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def _say(statement: Any) -> None:
    """To the server, from the configured database, of which nothing is read or written."""
    with connect() as connection:
        connection.execute(statement)


@contextmanager
def _topics() -> Iterator[None]:
    """Those of the embedded log end with the database."""
    try:
        with make_event_store().indexer() as indexer:
            topics.create(indexer.topics, indexer.log, indexer.connection())
            snapshot_topics.create(snapshot_topics.snapshot_topics(), indexer.log)
            complete(indexer)
        yield
    finally:
        if conf.LOG == KAFKA:
            from teddy_es.bench.broker import delete_topics

            logs = [known.topic for known in registry().stream_types.values()]
            delete_topics([*logs, *snapshot_topics.snapshot_topics().numbers])
