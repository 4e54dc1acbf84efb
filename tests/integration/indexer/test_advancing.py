"""How far one call folds a place: to where it is asked, within its share, and what it keeps in mind of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore import metrics
from eventstore.errors import UnknownRuleVersion
from eventstore.events import Activation
from eventstore.indexer.advance import Advance
from eventstore.indexer.entries import Own, entry_of
from eventstore.indexer.heads import Heads
from eventstore.indexer.keeping import Keeper
from eventstore.indexer.loading import Loader
from eventstore.indexer.own import OwnRecords
from eventstore.indexer.share import ShareSpent
from eventstore.indexer.views import Views
from eventstore.protocol.fold import Entry
from eventstore.protocol.positions import first_of
from tests.support.worlds import World, record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.events import Place
    from eventstore.indexer.session import Session

SPENT = -1.0  # seconds: a share that is over before it began


@dataclass
class Hands:
    """What folds one place, with as much room as it is given."""

    world: World
    session: Session
    views: Views

    def __post_init__(self) -> None:
        loader = Loader(self.session)
        self.keeper = Keeper(self.session, self.views, loader)
        self.advance = Advance(self.session, self.keeper, loader)
        self.own = OwnRecords(self.session, self.keeper)

    @property
    def place(self) -> Place:
        return self.world.place(self.world.stream())

    def written(self, *streams: str) -> list[Own]:
        """Records of the place that this process has produced, and nobody has folded."""
        for stream in streams:
            self.world.foreign(self.place, record(stream), stream.encode())
        batch = self.world.log.read(self.place, 0)
        return [Own(entry_of(one)) for one in batch.records]


@pytest.fixture
def hands(world: World) -> Iterator[Hands]:
    with world.store().indexer() as indexer:
        yield Hands(world, indexer.session, Views())


def test_what_is_done_needs_no_more_time(hands: Hands) -> None:
    hands.written(hands.world.stream())
    hands.advance.share_s = SPENT

    assert len(hands.advance.to(hands.place, 1, (), None)) == 1
    assert hands.advance.to(hands.place, 1, (), None) == []


def test_who_is_not_done_when_his_share_is_over_comes_again(hands: Hands) -> None:
    own = hands.written(hands.world.stream(), hands.world.stream(0, 1))
    hands.advance.share_s = SPENT

    with pytest.raises(ShareSpent):
        hands.advance.to(hands.place, 2, own[:1], None)

    assert hands.world.cursor(hands.place) == 1
    assert len(hands.advance.to(hands.place, 2, own[1:], None)) == 1


def counted() -> float:
    return float(metrics.VERDICTS.labels("accepted")._value.get())


@pytest.mark.parametrize("quickly", [True, False])
def test_what_was_folded_is_counted_and_forgotten_where_it_takes_too_much_room(
    hands: Hands, *, quickly: bool
) -> None:
    stream = hands.world.stream()
    hands.views = Views(1)
    hands.__post_init__()
    view = hands.keeper.view(hands.place)
    view.heads[stream] = 0
    [own] = hands.written(stream)
    own = Own(own.entry, view.serial)
    before = counted()

    if quickly:
        assert hands.own.fold({hands.place: [own]})
    else:
        assert hands.advance.to(hands.place, 1, [own], None)

    assert (view.cursor, view.size) == (1, 0)
    assert counted() == before + 1


def test_a_view_that_cannot_follow_is_loaded_anew(hands: Hands) -> None:
    view = hands.keeper.view(hands.place)
    hands.written(hands.world.stream())
    hands.world.query(
        "UPDATE eventstore_partition SET generation = %s WHERE id = %s RETURNING 1",
        uuid4(),
        view.partition_id,
    )
    view.is_overtaken = True

    assert len(hands.advance.to(hands.place, 1, (), None)) == 1
    assert hands.keeper.known(hands.place) is not view


def test_a_connection_that_is_lost_takes_all_that_was_known_with_it(
    hands: Hands,
) -> None:
    stream = hands.world.stream()
    view = hands.keeper.view(hands.place)
    view.heads[stream] = 0
    [own] = hands.written(stream)
    pid = hands.session.connection().info.backend_pid
    hands.world.query("SELECT pg_terminate_backend(%s, 10000)", pid)

    assert hands.own.fold({hands.place: [Own(own.entry, view.serial)]}) == {}

    assert hands.session.current is None
    assert len(hands.advance.to(hands.place, 1, (), None)) == 1


def test_an_error_that_is_not_the_databases_is_not_left_to_others(hands: Hands) -> None:
    view = hands.keeper.view(hands.place)
    unknown = Entry(0, 0, None, b"{}", Activation(2))

    with pytest.raises(UnknownRuleVersion):
        hands.own.fold({hands.place: [Own(unknown, view.serial)]})


@pytest.mark.parametrize("why", ["unknown", "overtaken", "newer rules", "beyond"])
def test_what_cannot_be_folded_quickly_is_left_alone(hands: Hands, why: str) -> None:
    stream = hands.world.stream()
    own = [Own(one.entry, 0) for one in hands.written(stream, stream)]
    if why != "unknown":
        view = hands.keeper.view(hands.place)
        view.heads[stream] = 0
        own = [Own(one.entry, view.serial) for one in own]
        view.is_overtaken = why == "overtaken"
        view.rule_version += why == "newer rules"
    own = own[1:] if why == "beyond" else own

    assert hands.own.fold({hands.place: own}) == {}
    assert hands.world.cursor(hands.place) == 0


def test_a_view_of_what_was_not_written_is_not_believed(hands: Hands) -> None:
    stream = hands.world.stream()
    view = hands.keeper.view(hands.place)
    view.heads[stream] = 0
    [own] = hands.written(stream)
    hands.world.query(
        "INSERT INTO eventstore_record (position, recorded_at, verdict, hash)"
        " VALUES (%s, now(), 5, '') RETURNING 1",
        first_of(view.partition_id, 0),
    )

    assert hands.own.fold({hands.place: [Own(own.entry, view.serial)]}) == {}
    assert hands.keeper.known(hands.place) is None


def test_a_stretch_says_how_far_it_went(world: World) -> None:
    stream = world.stream()
    place = world.place(stream)
    with world.store().indexer() as indexer:
        for records in (2, 1):
            for _ in range(records):
                world.foreign(place, record(stream), stream.encode())

            assert indexer.stretch(place) == records


# ---- heads, learned before anything is written


def test_heads_that_a_view_lacks_are_learned(hands: Hands) -> None:
    old, new = hands.world.stream(), hands.world.stream(0, 1)
    hands.written(old)
    hands.advance.to(hands.place, 1, (), None)
    view = hands.keeper.view(hands.place)
    view.heads.clear()

    Heads(hands.keeper).learn([(hands.place, old), (hands.place, new)])

    assert view.heads == {old: 1, new: 0}


@pytest.mark.parametrize("why", ["overtaken", "behind", "another generation"])
def test_heads_are_not_learned_where_the_view_is_not_what_the_database_is(
    hands: Hands, why: str
) -> None:
    view = hands.keeper.view(hands.place)
    view.is_overtaken = why == "overtaken"
    view.cursor += why == "behind"
    view.generation = uuid4() if why == "another generation" else view.generation
    elsewhere = hands.world.place(hands.world.stream(1))

    Heads(hands.keeper).learn([(hands.place, "order.x"), (elsewhere, "order.y")])

    assert view.heads == {}
    assert hands.keeper.known(elsewhere) is None


def test_what_is_known_is_not_asked_for(hands: Hands) -> None:
    view = hands.keeper.view(hands.place)
    view.heads["order.x"] = 7  # as no database says it

    Heads(hands.keeper).learn([(hands.place, "order.x")])

    assert view.heads == {"order.x": 7}
