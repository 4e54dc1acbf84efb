"""What the database alone can do: one INSERT and COMMIT an event, on a connection for each writer."""

from __future__ import annotations

import json
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from psycopg.errors import UniqueViolation

from eventstore.database import connect
from teddy_es.bench.contestants import STREAMS
from teddy_es.bench.domain import texts

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from teddy_es.bench.contestants import Append

_CREATE: Final = """
CREATE TABLE IF NOT EXISTS bench_raw (
  stream text, version int, recorded_at timestamptz DEFAULT now(), data bytea, PRIMARY KEY (stream, version))
"""
_INSERT: Final = "INSERT INTO bench_raw (stream, version, data) VALUES (%s, %s, %s)"
_HEAD: Final = "SELECT coalesce(max(version), 0) FROM bench_raw WHERE stream = %s"
_COPY: Final = "COPY bench_raw (stream, version, data) FROM STDIN"
_READ: Final = "SELECT data FROM bench_raw WHERE stream = %s ORDER BY version"


class Raw:
    """See `Contestant`. No store: it keeps versions apart and knows nothing else."""

    def __init__(self) -> None:
        self._connections: list[psycopg.Connection[Any]] = []
        with connect() as connection:
            # as in `peer`: processes that begin together
            connection.execute(
                "SELECT pg_advisory_lock(hashtext('teddy_es.bench.raw'))"
            )
            connection.execute(_CREATE)

    def writer(self, own: str) -> Append:
        """Counts versions itself."""
        connection, text = self._connect(), texts(own)
        heads = {f"{own}-{n}": 0 for n in range(STREAMS)}
        turns = cycle(heads)

        def append() -> None:
            stream = next(turns)
            heads[stream] += 1
            connection.execute(_INSERT, (stream, heads[stream], _data(text())))

        return append

    def rival(self, shared: str) -> Append:
        """Tries the next version; looks if it is taken."""
        connection, text, head = self._connect(), texts(f"{shared}-{uuid4()}"), 0

        def append() -> None:
            nonlocal head
            while True:
                try:
                    connection.execute(_INSERT, (shared, head + 1, _data(text())))
                except UniqueViolation:
                    row = connection.execute(_HEAD, (shared,)).fetchone()
                    head = row[0] if row else 0
                else:
                    head += 1
                    return

        return append

    def reader(self, own: str, events: int) -> Callable[[], int]:
        """By one SELECT; JSON is all that is decoded."""
        connection, text = self._connect(), texts(own)
        with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for version in range(1, events + 1):
                copy.write_row((own, version, _data(text())))

        def read() -> int:
            rows = connection.execute(_READ, (own,)).fetchall()
            return len([json.loads(data) for (data,) in rows])

        return read

    def close(self) -> None:
        """See `Contestant`."""
        for connection in self._connections:
            connection.close()

    def _connect(self) -> psycopg.Connection[Any]:
        self._connections.append(connect())
        return self._connections[-1]


def _data(text: str) -> bytes:
    return json.dumps({"text": text}, separators=(",", ":")).encode()
