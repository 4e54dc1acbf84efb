"""Which views are believed: loaded when they are wanted, dropped as soon as they may not be true (rule 8)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eventstore import metrics
from eventstore.database import Condition, condition_of, is_the_databases, translated
from eventstore.errors import (
    DatabaseUnanswered,
    EventStoreError,
    MirrorDiverged,
    UnknownRuleVersion,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import psycopg

    from eventstore.events import Place
    from eventstore.indexer.loading import Loader
    from eventstore.indexer.session import Session
    from eventstore.indexer.view import View
    from eventstore.indexer.views import Views


class Keeper:
    """Gives views and takes them back. None outlives the connection that it was loaded on."""

    def __init__(self, session: Session, views: Views, loader: Loader) -> None:
        self._session = session
        self._views = views
        self._loader = loader
        self._on: psycopg.Connection[Any] | None = None  # what the views rest on
        self._unknown_rules: dict[Place, tuple[int, int]] = {}  # offset, version

    def connection(self) -> psycopg.Connection[Any]:
        """The session's. If it is another than before, nothing is known any more."""
        connection = self._session.connection()
        if connection is not self._on:
            self._views.clear()
            self._on = connection
        return connection

    def known(self, place: Place) -> View | None:
        """What is known of the place without asking; None if nothing."""
        if self._on is not self._session.current:
            return None
        return self._views.get(place)

    def view(self, place: Place) -> View:
        """The place's view, loaded if there is none. Raises as `Loader.load`."""
        connection = self.connection()
        if place in self._unknown_rules:  # for good: code learns no rules while it runs
            raise UnknownRuleVersion(
                place.topic, place.partition, *self._unknown_rules[place]
            )
        view = self._views.get(place)
        if view is None:
            self._session.watch.look_at_topics(connection)
            view = self._views[place] = self._loader.load(place)
        return view

    def lose(self, view: View) -> None:
        """Nothing was written: somebody else has moved the cursor."""
        metrics.FOLD_RACES.inc()
        view.is_overtaken = True
        self.connection().rollback()

    def settle(self, places: Iterable[Place]) -> None:
        """These have changed: all together must not take too much room."""
        self._views.settle(places)

    def forget(self, place: Place) -> None:
        """Forget the view; end a transaction that a look-up or a lost race has left open."""
        self._views.pop(place, None)
        self._session.rollback()

    def close(self) -> None:
        """Forget all of them, and let go of the connection that they rest on."""
        self._views.clear()
        self._session.close()

    @contextmanager
    def dropping_on_trouble(self, place: Place) -> Iterator[None]:
        """Whatever is raised inside may mean that the place's view is not true."""
        try:
            with translated():
                yield
        except DatabaseUnanswered:
            self.close()
            raise
        except UnknownRuleVersion as error:
            self._unknown_rules[place] = error.offset, error.version
            self.forget(place)
            raise
        except EventStoreError:
            self.forget(place)
            raise
        except Exception as error:
            if not is_the_databases(error):
                raise
            view = self._views.get(place)
            self.forget(place)
            if view is not None and condition_of(error) is Condition.TAKEN:
                where = place.topic, place.partition, view.cursor
                raise MirrorDiverged(*where) from error
            raise
