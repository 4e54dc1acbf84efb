"""What one thread folds and appends with: a log, a connection of its own, the topics, and what it remembers to look at again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventstore.indexer.watch import Watch
from eventstore.log.topics import check
from eventstore.ports import Appended

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from eventstore.database import Connect
    from eventstore.events import Place
    from eventstore.indexer.reporting import FoldReporter
    from eventstore.log.topics import Topics
    from eventstore.ports import Answer, Clock, Log, Proposal


class Session:
    """One thread's hands. It knows nothing of what is folded: that is `Folds`, which rest on it.

    current: the connection that it goes on with, for all that it knows without asking; None before the first.
    """

    def __init__(
        self,
        topics: Topics,
        log: Log,
        connect: Connect,
        clock: Clock,
        reporter: FoldReporter,
    ) -> None:
        self.topics = topics
        self.log = log
        self.clock = clock
        self.reporter = reporter
        self.watch = Watch(topics, log, clock)
        self._connect = connect
        self.current: psycopg.Connection[Any] | None = None

    def connection(self) -> psycopg.Connection[Any]:
        """Its own, opened if need be: another one after each that has ended. For reads in autocommit."""
        if self.current is None or self.current.closed:
            self.current = self._connect()
        return self.current

    def rollback(self) -> None:
        """End a transaction that was left open, where the connection still stands."""
        if self.current is not None and not self.current.closed:
            self.current.rollback()

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        if self.current is not None:
            self.current.close()
            self.current = None

    def append(
        self, proposals: Sequence[Proposal], *, timeout_s: float
    ) -> Sequence[Answer]:
        """Write the proposals to the log, as `Log.append`; what its answers tell of its clock is noted."""
        asked_at = self.clock.now()
        answers = self.log.append(proposals, timeout_s=timeout_s)
        last: dict[Place, Appended] = {}
        for proposal, answer in zip(proposals, answers, strict=True):
            if isinstance(answer, Appended):
                last[proposal.place] = answer
        for place, answer in last.items():
            self.reporter.clocks.answered(place, answer.recorded_at, asked_at)
        return answers

    def check_topics(self) -> None:
        """Hold the log's topics against the rows. Raises `LogMisconfigured`."""
        check(self.topics, self.log, self.connection())
