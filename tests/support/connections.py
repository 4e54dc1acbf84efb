"""Connections to a real PostgreSQL that misbehave on command, as networks and neighbours do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from eventstore.database import connect
from tests.plugins.kafka_logs import until

Hook = Callable[[], object]


@dataclass(slots=True)
class Line:
    """What happens to the connections that are made over it.

    before_commit: called when a COMMIT is about to be sent; after_look_up: behind a pipeline without one. commit_lost: so many commits are lost on their way;
    answer_lost: so many are done, and nobody hears of it. after: a part of a statement's text, and what happens,
    once, when the next statement with it has been answered. cut: no connection can be made. setting: the session's
    `synchronous_commit`, as role or server may give it; commits: what it was at each COMMIT.
    idle_limit_ms: after so long without a word inside a transaction the server ends it. refused: connections.
    """

    before_commit: Hook | None = None
    after_look_up: Hook | None = None
    commit_lost: int = 0
    answer_lost: int = 0
    after: tuple[str, Hook] | None = None
    cut: bool = False
    setting: str | None = None
    idle_limit_ms: int | None = None
    refused: int = 0
    commits: list[str] = field(default_factory=list)
    made: list[LineConnection] = field(default_factory=list)

    def cut_now(self) -> None:
        """End the connections that there are; no other can be made."""
        self.cut = True
        for connection in self.made:
            connection.close()

    def stand_still(self) -> None:
        """Once, wait inside the transaction until the server has ended it, as a paused process does."""
        self.after_look_up = None
        pid = self.made[-1].info.backend_pid
        # psycopg ends a pipeline with a Flush behind the Sync, which leaves the server's timer off
        self.made[-1].execute("SELECT 1")
        with connect() as other:
            alive = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
            until(lambda: other.execute(alive, [pid]).fetchone() is None)

    @property
    def happened(self) -> bool:
        """Whether what was to happen once has happened."""
        return self.after is None

    def connect(self) -> psycopg.Connection[Any]:
        """A connection as the event store makes them, over this line."""
        if self.cut:
            self.refused += 1
            msg = "the line is cut"
            raise psycopg.OperationalError(msg)
        with connect() as model:
            given: dict[str, Any] = {**model.info.get_parameters()}
            given["password"] = model.info.password
        made = LineConnection.connect(**given, autocommit=True)
        made.line = self
        made.cursor_factory = LineCursor
        self.made.append(made)
        if self.idle_limit_ms is not None:
            limit = (
                "SELECT set_config('idle_in_transaction_session_timeout', %s, false)"
            )
            made.execute(limit, [str(self.idle_limit_ms)])
        if self.setting is not None:
            setting = "SELECT set_config('synchronous_commit', %s, false)"
            made.execute(setting, [self.setting])
        return made


class LineConnection(psycopg.Connection[Any]):
    """A connection over a line; only what goes through pipelines commits, as in the event store."""

    line: Line
    shown: psycopg.Cursor[Any] | None = None

    @contextmanager
    def pipeline(self) -> Iterator[psycopg.Pipeline]:
        """psycopg's, with a COMMIT that may be lost, or its answer."""
        self._begin()
        with super().pipeline() as pipeline:
            yield pipeline
        shown, self.shown = self.shown, None
        if shown is None and self.line.after_look_up is not None:
            self.line.after_look_up()
        if shown is not None:
            self.line.commits += [row[0] for row in shown.fetchall()]
        if shown is not None and self.line.answer_lost:
            self.line.answer_lost -= 1
            self.close()
            msg = "the answer to COMMIT was lost"
            raise psycopg.OperationalError(msg)

    def _begin(self) -> None:
        self.shown = None  # an earlier flush may have failed before its COMMIT

    def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
        """psycopg's, but for a COMMIT."""
        if query == "COMMIT":
            self._before_commit()
        return super().execute(query, params, **more)

    def _before_commit(self) -> None:
        self.shown = super().execute("SHOW synchronous_commit")
        if self.line.before_commit is not None:
            self.line.before_commit()
        if self.line.commit_lost:
            self.line.commit_lost -= 1
            self.close()
            msg = "COMMIT was lost"
            raise psycopg.OperationalError(msg)


class LineCursor(psycopg.Cursor[Any]):
    """A cursor after whose statements something may happen elsewhere."""

    def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
        """psycopg's, and then what is to happen after such a statement."""
        super().execute(query, params, **more)
        line = self.connection.line  # type: ignore[attr-defined]
        if line.after is not None and line.after[0] in str(query):
            (_, hook), line.after = line.after, None
            hook()
        return self


@contextmanager
def committing(table: str, change: str = "INSERT") -> Iterator[list[str]]:
    """What `synchronous_commit` is where a change of the table is about to be committed: the server's word, at the end."""
    found: list[str] = []
    with connect() as own:
        own.execute("CREATE TABLE seen_at_commit (setting text)")
        own.execute(
            "CREATE FUNCTION see_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " INSERT INTO seen_at_commit VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$"
        )
        own.execute(
            f"CREATE CONSTRAINT TRIGGER see_at_commit AFTER {change} ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION see_at_commit()"
        )
        try:
            yield found
            rows = own.execute("SELECT setting FROM seen_at_commit").fetchall()
            found += [row[0] for row in rows]
        finally:
            own.execute("DROP FUNCTION see_at_commit() CASCADE")
            own.execute("DROP TABLE seen_at_commit")
