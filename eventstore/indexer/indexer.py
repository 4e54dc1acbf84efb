"""What folds the log into PostgreSQL: the folds, with their session at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventstore.indexer.folds import Folds

if TYPE_CHECKING:
    import psycopg

    from eventstore.events import Place
    from eventstore.indexer.session import Session
    from eventstore.log.topics import Topics
    from eventstore.ports import Log


class Indexer(Folds):
    """For a command, a mirror, a job of the appender's thread: whoever folds and asks the session, too. One thread's."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.session = session

    @property
    def topics(self) -> Topics:
        """The session's."""
        return self.session.topics

    @property
    def log(self) -> Log:
        """The session's."""
        return self.session.log

    def connection(self) -> psycopg.Connection[Any]:
        """The session's own, opened if need be. For reads in autocommit."""
        return self.session.connection()

    def check_topics(self) -> None:
        """Hold the log's topics against the rows. Raises `LogMisconfigured`."""
        self.session.check_topics()

    def rule_version(self, place: Place) -> int:
        """The rule version in force, as this process last saw it."""
        return self._keeper.view(place).rule_version

    def stretch(self, place: Place) -> int:
        """Fold one stretch of the place, so that its caller may stop between two; how many offsets that moved."""
        before = self.cursor(place)
        self.advance(place, before + 1)
        return self.cursor(place) - before
