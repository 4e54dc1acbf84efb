"""What a PostgreSQL must be to keep a store: judged at the first connection, in one line, before anything else goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.errors import DatabaseUnfit

if TYPE_CHECKING:
    import psycopg

_NEEDED: Final = 170_000
_PID: Final = "SELECT pg_backend_pid()"
_STYLES: Final = "SELECT set_config('DateStyle', 'ISO', false), set_config('IntervalStyle', 'postgres', false)"
_direct: set[tuple[str, int, str]] = set()  # host, port, database: nobody in between


def judge(connection: psycopg.Connection[Any]) -> None:
    """Raises `DatabaseUnfit`. But for the first look a process takes, all of it is what the server said by itself."""
    info = connection.info
    if problem := unfit(info.server_version, info.parameter_status("server_encoding")):
        raise problem
    where = (info.host, info.port, info.dbname)
    if where not in _direct:
        row = connection.execute(_PID).fetchone()
        if row is None or row[0] != info.backend_pid:
            raise BEHIND_A_POOLER
        _direct.add(where)


def unfit(version: int, encoding: str | None) -> DatabaseUnfit | None:
    """By libpq's number of the version, and the database's encoding."""
    if version < _NEEDED:
        return DatabaseUnfit(
            f"The server is PostgreSQL {version // 10_000}; the store needs 17 or later.",
            "Update it: a process that is frozen in a fold must let go of its row, and transaction_timeout came with 17.",
            id="eventstore.E011",
        )
    if encoding != "UTF8":
        return DatabaseUnfit(
            f"The database's encoding is {encoding}, not UTF8.",
            "Make the database with ENCODING 'UTF8' TEMPLATE template0, then migrate.",
            id="eventstore.E012",
        )
    return None


def is_read_only(connection: psycopg.Connection[Any]) -> bool:
    """A standby, or one on which transactions are so by default. The server says it by itself."""
    said = ("in_hot_standby", "default_transaction_read_only")
    return "on" in map(connection.info.parameter_status, said)


def refuse_a_standby(connection: psycopg.Connection[Any]) -> None:
    """Raises `DatabaseUnfit`: nothing can be read there, for the mark of a complete index is not copied to it (rule 16)."""
    if connection.info.parameter_status("in_hot_standby") == "on":
        raise READ_ONLY


def write_dates_as_iso(connection: psycopg.Connection[Any]) -> None:
    """Role or database may have another style, in which the driver cannot read an instant."""
    style = connection.info.parameter_status("DateStyle") or ""
    interval = connection.info.parameter_status("IntervalStyle")
    if not style.startswith("ISO") or interval != "postgres":
        connection.execute(_STYLES)


BEHIND_A_POOLER: Final = DatabaseUnfit(
    "A connection pooler (PgBouncer or its like) stands between the store and PostgreSQL.",
    "Let DATABASE_URL name PostgreSQL itself: the store needs sessions of its own, for their limits, locks and notices, and must"
    " see a crash end them.",
    id="eventstore.E031",
)
READ_ONLY: Final = DatabaseUnfit(
    "The database is read-only: a standby, or default_transaction_read_only is on.",
    "Let DATABASE_URL name the primary, with a role and a database that may write.",
    id="eventstore.E032",
)
