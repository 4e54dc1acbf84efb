"""A subject's stream folded, against a model that keeps nothing and asks the whole history each time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.events import EventMetadata, Position, RecordedEvent
from eventstore.lineage.fold import fold
from eventstore.lineage.ids import commit_of_destroyed, commit_of_minted
from eventstore.testing.shop import shop
from eventstore.testing.shop_privacy import (
    CustomerForgotten,
    CustomerHeld,
    CustomerKeyDestroyed,
    CustomerKeyMinted,
    CustomerKeysCondemned,
    CustomerReleased,
    register_privacy,
)
from tests.strategies import GATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.lineage.fold import Lineage
    from eventstore.registry import Event

TYPES = register_privacy(shop())
START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = [UUID(int=n) for n in range(1, 5)]
MONTHS = ["2026-01", "2026-02"]

keys = st.sampled_from(KEYS).map(str)
codes = st.sampled_from(["a", "b"])
whys = st.sampled_from(["erasure", "retention", "undead", "order"])
scopes: Any = st.just("all") | st.lists(st.sampled_from(MONTHS), min_size=1, max_size=2)
floors = st.none() | st.sampled_from([date(2026, 1, 1), date(2027, 1, 1)])
happenings: st.SearchStrategy[Event | None] = st.one_of(
    st.builds(
        CustomerKeyMinted,
        key_id=keys,
        retention_class=st.just("talk"),
        month=st.sampled_from([*MONTHS, "all"]),
        commitment=st.just("ab" * 32),
    ),
    st.builds(CustomerKeyDestroyed, key_id=keys, why=whys, request=codes),
    st.builds(CustomerKeysCondemned, why=st.just("erasure"), request=codes),
    st.builds(
        CustomerKeysCondemned,
        why=st.just("retention"),
        keys=st.lists(keys, min_size=1, max_size=3),
    ),
    st.builds(CustomerForgotten, request=codes, keys=st.just(1), events=st.just(2)),
    st.builds(CustomerHeld, hold_id=codes, scope=scopes, clause=codes, floor=floors),
    st.builds(CustomerReleased, hold_id=codes, scope=scopes, clause=codes),
    st.none(),  # what nobody can read
)


def recorded(history: Sequence[Event | None]) -> list[RecordedEvent]:
    made = []
    for version, event in enumerate(history, 1):
        at = START + timedelta(hours=version)
        name = "Strange" if event is None else type(event).__name__
        metadata = EventMetadata(
            UUID(int=version), "privacy.c-1", name, version, at, None, None
        )
        made.append(
            RecordedEvent(
                metadata,
                {} if event is None else msgspec.to_builtins(event),
                1,
                Position("eventstore.privacy", 0, version),
                at,
                UUID(int=version),
                problem="unknown_type" if event is None else None,
            )
        )
    return made


def folded(history: Sequence[Event | None]) -> Lineage:
    return fold("c-1", recorded(history), TYPES)


@dataclass
class Model:
    """Asks the history itself, one question at a time."""

    history: Sequence[Event | None]

    def of(self, struct: type[Any], **wanted: Any) -> list[Any]:
        return [
            one
            for one in self.history
            if isinstance(one, struct)
            and all(getattr(one, name) == value for name, value in wanted.items())
        ]

    def is_destroyed(self, key: UUID) -> bool:
        return bool(self.of(CustomerKeyDestroyed, key_id=str(key)))

    def alive(self) -> set[UUID]:
        minted = {UUID(one.key_id) for one in self.of(CustomerKeyMinted)}
        return {key for key in minted if not self.is_destroyed(key)}

    def is_erased(self) -> bool:
        return bool(
            self.of(CustomerForgotten) or self.of(CustomerKeysCondemned, why="erasure")
        )

    def binds(self, month: str) -> bool:
        """Whether some hold was placed on the month behind the last that lifted it."""
        for hold in ("a", "b"):
            behind: list[Any] = []
            for one in self.history:
                if isinstance(one, CustomerReleased) and one.hold_id == hold:
                    behind = []
                if isinstance(one, CustomerHeld) and one.hold_id == hold:
                    behind.append(one)
            if any(one.scope == "all" or month in one.scope for one in behind):
                return True
        return False

    def open_orders(self) -> int:
        done = {one.request for one in self.of(CustomerForgotten)}
        erasures = self.of(CustomerKeysCondemned, why="erasure")
        others = self.of(CustomerKeysCondemned, why="retention")
        return sum(one.request not in done for one in erasures) + sum(
            not all(self.is_destroyed(UUID(key)) for key in one.keys) for one in others
        )


@GATE
@given(st.lists(happenings, max_size=12))
def test_a_folded_stream_says_what_its_history_says(
    history: list[Event | None],
) -> None:
    lineage, model = folded(history), Model(history)

    assert {key.id for key in lineage.alive} == model.alive()
    assert (lineage.erased is not None) == model.is_erased()
    assert len(lineage.open_orders()) == model.open_orders()
    assert lineage.unreadable == history.count(None)
    assert lineage.version == len(history)
    for month in MONTHS:
        assert bool(lineage.held([month])) == model.binds(month)
    assert bool(lineage.held()) >= any(map(model.binds, MONTHS))
    for key in KEYS:
        known = lineage.keys.get(key)
        assert (known is not None and known.destroyed is not None) == (
            model.is_destroyed(key)
        )


@GATE
@given(st.lists(happenings, max_size=12), st.integers(0, 12))
def test_what_is_destroyed_never_lives_again(
    history: list[Event | None], n: int
) -> None:
    before, after = folded(history[:n]), folded(history)

    for key in before.keys.values():
        if key.destroyed is not None:
            gone = after.keys[key.id].destroyed
            assert gone is not None
            assert (gone.at, gone.why) == (key.destroyed.at, key.destroyed.why)
    assert (before.erased is None) or (after.erased is not None)


def minted(key: UUID, commitment: str) -> Event:
    return CustomerKeyMinted(
        key_id=str(key), retention_class="talk", month="2026-01", commitment=commitment
    )


def test_of_two_that_claim_a_key_the_first_is_believed() -> None:
    lineage = folded([minted(KEYS[0], "aa" * 32), minted(KEYS[0], "bb" * 32)])

    assert lineage.keys[KEYS[0]].commitment == "aa" * 32


def test_a_hold_that_is_placed_twice_binds_in_all_that_either_says() -> None:
    first = CustomerHeld(
        hold_id="h", scope=["2026-01"], clause="s.4", floor=date(2027, 1, 1)
    )
    second = CustomerHeld(
        hold_id="h", scope=["2026-02"], clause="s.9", floor=date(2026, 6, 1)
    )

    hold = folded([first, second]).holds["h"]

    assert hold.months == {"2026-01", "2026-02"}
    assert hold.clauses == ("s.4", "s.9")
    assert hold.floor == date(2027, 1, 1)


def test_a_key_that_came_back_was_destroyed_when_it_was_first() -> None:
    end = CustomerKeyDestroyed(key_id=str(KEYS[0]), why="erasure", request="r-1")
    again = CustomerKeyDestroyed(key_id=str(KEYS[0]), why="undead")

    gone = folded([minted(KEYS[0], "aa" * 32), end, again, again]).keys[KEYS[0]]

    assert gone.destroyed is not None
    assert (gone.destroyed.why, gone.destroyed.request) == ("erasure", "r-1")
    assert gone.destroyed.rose == 2


def test_a_domain_without_such_events_has_no_lineage() -> None:
    with pytest.raises(LookupError, match="privacy_events"):
        fold("c-1", [], shop())


def test_ids_of_commits_are_the_same_for_ever() -> None:
    assert commit_of_minted(KEYS[0]) == UUID("1211ef93-9145-52bf-99d9-87e757e311f4")
    assert commit_of_destroyed(KEYS[0]) == UUID("0c83b06a-4773-513a-a678-0ea2278b00ac")
    assert commit_of_destroyed(KEYS[0], "x") != commit_of_destroyed(KEYS[0])
