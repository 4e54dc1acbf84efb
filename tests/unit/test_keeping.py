"""No view outlives the connection that it was loaded on, and trouble drops what may not be true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import psycopg
import pytest

from eventstore.errors import (
    DatabaseUnanswered,
    EventStoreError,
    LogUnanswered,
    MirrorDiverged,
    UnknownRuleVersion,
)
from eventstore.events import Place
from eventstore.indexer.keeping import Keeper
from eventstore.indexer.session import Session
from eventstore.indexer.view import View
from eventstore.indexer.views import Views

if TYPE_CHECKING:
    from eventstore.indexer.loading import Loader

HERE, THERE = Place("eventstore.order", 0), Place("eventstore.order", 1)


class Line:
    """A connection as far as a keeper looks at it."""

    def __init__(self) -> None:
        self.closed = False
        self.rolled_back = 0

    def close(self) -> None:
        """It is over."""
        self.closed = True

    def rollback(self) -> None:
        """Counted."""
        self.rolled_back += 1


class Sound:
    """A watch that finds nothing, and counts."""

    def __init__(self) -> None:
        self.looks = 0

    def look_at_topics(self, _connection: object) -> None:
        """Nothing is wrong."""
        self.looks += 1


class Loading:
    """Loads what is asked for, and counts."""

    def __init__(self) -> None:
        self.loaded = 0

    def load(self, place: Place) -> View:
        """A view at the cursor 7."""
        self.loaded += 1
        return View(place, place.partition, 7, uuid4(), 3, 1, 0)


class Kept:
    """A keeper on a session of lines."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        nothing: Any = None
        self.session = Session(nothing, nothing, self._connect, nothing, nothing)
        self.watch = Sound()
        self.session.watch = cast("Any", self.watch)
        self.loading = Loading()
        self.keeper = Keeper(self.session, Views(), cast("Loader", self.loading))

    def _connect(self) -> psycopg.Connection[Any]:
        self.lines.append(Line())
        return cast("psycopg.Connection[Any]", self.lines[-1])


@pytest.fixture
def kept() -> Kept:
    """Nothing is known yet, and no connection is open."""
    return Kept()


def test_a_view_is_loaded_once_and_known_from_then_on(kept: Kept) -> None:
    assert kept.keeper.known(HERE) is None
    assert kept.lines == []  # nobody was asked

    view = kept.keeper.view(HERE)

    assert kept.keeper.view(HERE) is kept.keeper.known(HERE) is view
    assert (kept.loading.loaded, len(kept.lines)) == (1, 1)
    assert kept.watch.looks == 1  # before it was loaded


def test_nothing_is_known_after_the_session_has_let_go_of_its_connection(
    kept: Kept,
) -> None:
    before = kept.keeper.view(HERE)

    kept.session.close()

    assert kept.keeper.known(HERE) is None
    assert len(kept.lines) == 1  # that was not asked of a new one
    assert kept.keeper.view(HERE) is not before


def test_nothing_is_known_on_a_connection_that_somebody_else_has_opened_anew(
    kept: Kept,
) -> None:
    before = kept.keeper.view(HERE), kept.keeper.view(THERE)
    kept.lines[0].close()
    kept.session.connection()

    assert kept.keeper.known(HERE) is None
    assert kept.keeper.view(HERE) is not before[0]
    assert kept.keeper.known(THERE) is None


def test_a_view_that_is_forgotten_leaves_the_others_and_no_transaction(
    kept: Kept,
) -> None:
    kept.keeper.view(HERE)
    other = kept.keeper.view(THERE)

    kept.keeper.forget(HERE)

    assert (kept.keeper.known(HERE), kept.keeper.known(THERE)) == (None, other)
    assert kept.lines[0].rolled_back == 1


def test_who_lost_a_race_keeps_the_view_and_knows_that_it_is_behind(kept: Kept) -> None:
    view = kept.keeper.view(HERE)

    kept.keeper.lose(view)

    assert kept.keeper.known(HERE) is view
    assert view.is_overtaken
    assert kept.lines[0].rolled_back == 1


@pytest.mark.parametrize(
    ("error", "others_stay"),
    [
        (LogUnanswered("nobody is at home"), True),
        (psycopg.errors.CheckViolation(), True),
        (psycopg.OperationalError(), False),
    ],
)
def test_trouble_drops_the_view_and_what_the_connection_vouched_for(
    kept: Kept, error: EventStoreError | psycopg.Error, *, others_stay: bool
) -> None:
    kept.keeper.view(HERE)
    kept.keeper.view(THERE)

    told = type(error) if others_stay else DatabaseUnanswered
    with pytest.raises(told), kept.keeper.dropping_on_trouble(HERE):
        raise error

    assert kept.keeper.known(HERE) is None
    assert (kept.keeper.known(THERE) is not None) == others_stay
    assert kept.lines[0].closed != others_stay


def test_a_row_that_stands_there_already_says_where_the_mirror_diverged(
    kept: Kept,
) -> None:
    kept.keeper.view(HERE)

    with (
        pytest.raises(MirrorDiverged, match="7"),
        kept.keeper.dropping_on_trouble(HERE),
    ):
        raise psycopg.errors.UniqueViolation

    assert kept.keeper.known(HERE) is None


def test_a_place_whose_rules_are_unknown_stays_so_and_the_others_go_on(
    kept: Kept,
) -> None:
    kept.keeper.view(HERE)
    unknown = UnknownRuleVersion(HERE.topic, HERE.partition, 9, 2)

    with pytest.raises(UnknownRuleVersion), kept.keeper.dropping_on_trouble(HERE):
        raise unknown

    with pytest.raises(UnknownRuleVersion) as again:
        kept.keeper.view(HERE)
    assert (again.value.offset, again.value.version) == (9, 2)
    assert kept.keeper.known(HERE) is None
    assert kept.keeper.view(THERE).cursor == 7


@pytest.mark.parametrize("closed", [None, False, True])
def test_a_session_rolls_back_where_its_connection_stands(
    kept: Kept, *, closed: bool | None
) -> None:
    if closed is not None:
        kept.session.connection()
        kept.lines[0].closed = closed

    kept.session.rollback()

    assert [line.rolled_back for line in kept.lines] == (
        [] if closed is None else [int(not closed)]
    )


def test_a_session_opens_another_connection_behind_one_that_has_ended(
    kept: Kept,
) -> None:
    first = kept.session.connection()
    assert kept.session.connection() is first

    kept.lines[0].closed = True
    second = kept.session.connection()
    kept.session.close()
    kept.session.close()

    assert second is not first
    assert (kept.lines[1].closed, kept.session.current) == (True, None)


def test_an_error_of_ours_leaves_the_view(kept: Kept) -> None:
    view = kept.keeper.view(HERE)

    with pytest.raises(ZeroDivisionError), kept.keeper.dropping_on_trouble(HERE):
        raise ZeroDivisionError

    assert kept.keeper.known(HERE) is view
    assert kept.lines[0].rolled_back == 0


def test_a_row_that_stands_there_is_itself_where_no_view_says_where(kept: Kept) -> None:
    kept.keeper.connection()

    with (
        pytest.raises(psycopg.errors.UniqueViolation),
        kept.keeper.dropping_on_trouble(HERE),
    ):
        raise psycopg.errors.UniqueViolation


def test_views_that_take_too_much_room_forget(kept: Kept) -> None:
    keeper = Keeper(kept.session, Views(1), cast("Loader", kept.loading))
    view = keeper.view(HERE)
    view.heads["order.a"] = 1

    keeper.settle([HERE])

    assert view.size == 0
