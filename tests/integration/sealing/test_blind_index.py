"""A parent is found by its e-mail address, which stands nowhere; and no longer once it is erased."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import connection

from eventstore.blind import BlindIndex, rows
from eventstore.clock import SystemClock
from eventstore.events import Expected, NewEvent
from eventstore.log import topics
from eventstore.opening import key_ring
from eventstore.opening.configured import _ring_at
from eventstore.ports import DataKey, Gone, KeyName
from eventstore.service import get_service
from eventstore.store import EventStore, _the_store, get_event_store
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.registering import register
from eventstore.testing.memory_keys import MemoryKeys
from teddy_es.domain.parent import Parent, ParentRegistered
from teddy_es.domain.privacy import KeyDestroyed
from teddy_es.parents import by_email, find_parent, following, normalised
from tests.support.following import follow
from tests.support.searching import Search, database

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pytest_django.fixtures import Settings

ADDRESS = "Gänseblümchen.Sonnenschein@Beispiel.example"


class Remembering(MemoryKeys):
    """As a process that keeps keys for a minute: it opens with what it has seen, whatever was destroyed since."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[UUID, DataKey] = {}

    def opening(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        """See `KeyRing`."""
        found = super().opening(ids)
        self._seen |= {i: k for i, k in found.items() if isinstance(k, DataKey)}
        return {**found, **{i: self._seen[i] for i in ids if i in self._seen}}

    def fresh(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        """See `KeyRing`."""
        return super().opening(ids)


@cache
def remembering() -> Remembering:
    """This test's."""
    return Remembering()


@pytest.fixture
def store(transactional_db: None, settings: Settings) -> Iterator[EventStore]:
    """The configured store, empty, with its topics."""
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "embedded",
        "PARTITIONS": 3,
        "KEYS": "tests.integration.sealing.test_blind_index.remembering",
    }
    _the_store.cache_clear()
    _ring_at.cache_clear()
    remembering.cache_clear()
    store = get_event_store()
    with store.indexer() as indexer:
        topics.create(store.topics, indexer.log, indexer.connection())
    yield store
    get_event_store().close()
    _the_store.cache_clear()
    _ring_at.cache_clear()
    remembering.cache_clear()


@pytest.fixture
def follower(store: EventStore) -> Follower:
    register(following, SystemClock())
    return Follower(following, SystemClock(), random.Random(1))  # noqa: S311


def registered(own_id: str, address: str = ADDRESS) -> str:
    parent = Parent(own_id)
    parent.register("Sonja", address)
    get_service().repository_for(Parent).save(parent)
    return parent.stream_id


def ring() -> MemoryKeys:
    found = key_ring()
    assert isinstance(found, MemoryKeys)
    return found


def key_of(store: EventStore, stream_id: str) -> str:
    [event] = store.read(stream_id)
    assert event.sealed is not None
    return event.sealed.key


def destroy(store: EventStore, own_id: str) -> None:
    """What an erasure does: the keys first, then the log is told."""
    key = key_of(store, f"parent.{own_id}")
    ring().erase(own_id, request="request-1")
    told = KeyDestroyed(key_id=key, why="erasure", request="request-1")
    store.append(f"privacy.{own_id}", [NewEvent(told)], Expected.ANY)


def count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM eventstore_blinddigest")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(
    "written", [ADDRESS, ADDRESS.upper(), f"  {ADDRESS.lower()}\t", "Ga\u0308nseblu\u0308mchen.sonnenschein@beispiel.example"]
)  # fmt: skip
def test_a_parent_is_found_by_its_address_however_it_is_written(
    follower: Follower, written: str
) -> None:
    stream_id = registered("parent-1")
    registered("parent-2", "somebody@else.example")
    follow(follower)

    assert find_parent(written) == [stream_id]
    assert find_parent("nobody@else.example") == []


def test_parents_who_share_an_address_are_all_found(follower: Follower) -> None:
    both = [registered("parent-1"), registered("parent-2")]
    follow(follower)

    assert find_parent(ADDRESS) == both


def test_the_address_stands_nowhere(follower: Follower) -> None:
    registered("parent-1")
    follow(follower)
    assert find_parent(ADDRESS)

    spellings = {"as typed": ADDRESS, "normalised": normalised(ADDRESS)}
    assert Search(spellings)(database("default")) == set()


def test_the_digest_is_worth_nothing_without_the_indexs_own_key(
    follower: Follower,
) -> None:
    here = by_email.digest(ADDRESS)
    other = BlindIndex("other", ParentRegistered, "email", normalised)

    assert len(here) == 32
    assert other.digest(ADDRESS) != here
    ring().erase("blind-other")
    assert by_email.digest(ADDRESS) == here


def test_with_the_erasure_it_is_gone(store: EventStore, follower: Follower) -> None:
    registered("parent-1")
    other = registered("parent-2")
    follow(follower)

    destroy(store, "parent-1")
    follow(follower)

    assert find_parent(ADDRESS) == [other]
    assert count() == 1


def test_what_is_taken_up_after_the_erasure_is_not_there(
    store: EventStore, follower: Follower
) -> None:
    """The end of the key, in another partition, may be handled before the registration is."""
    key = UUID(key_of(store, registered("parent-1")))
    assert isinstance(key_ring().opening([key])[key], DataKey)
    destroy(store, "parent-1")
    assert isinstance(key_ring().opening([key])[key], DataKey)

    follow(follower)

    assert find_parent(ADDRESS) == []
    assert count() == 0


def test_an_index_that_is_made_anew_has_nothing_of_who_was_erased(
    store: EventStore, follower: Follower
) -> None:
    registered("parent-1")
    other = registered("parent-2")
    follow(follower)
    destroy(store, "parent-1")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_blinddigest, eventstore_checkpoint")
        cursor.execute("TRUNCATE eventstore_subscription")

    register(following, SystemClock())
    follow(Follower(following, SystemClock(), random.Random(2)))  # noqa: S311

    assert find_parent(ADDRESS) == [other]


def test_who_takes_up_and_who_lets_go_wait_for_each_other(
    follower: Follower, store: EventStore
) -> None:
    """Both hold the key's name until their transaction ends, so the later one sees what the earlier one has written."""
    key = key_of(store, registered("parent-1"))
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        rows.hold(cursor, key)
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid::bigint = (hashtext('eventstore blind')::bigint + 4294967296) %% 4294967296"
            " AND objid::bigint = (hashtext(%s)::bigint + 4294967296) %% 4294967296",
            [key],
        )
        held = cursor.fetchone()[0]
        cursor.execute("ROLLBACK")

    assert held == 1


@pytest.mark.parametrize("name", ["", "Email", "e" * 41, "e_mail"])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no blind index"):
        BlindIndex(name, ParentRegistered, "email", str)


def test_a_look_up_is_a_step_in_its_index(store: EventStore) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO eventstore_blinddigest (name, stream_id, version, key, digest)"
            " SELECT 'parent-email', 'parent.' || n, 1, gen_random_uuid(), sha256(n::text::bytea) FROM generate_series(1, 5000) n"
        )
        cursor.execute("ANALYZE eventstore_blinddigest")
        plans = []
        asked: Sequence[tuple[str, dict[str, Any]]] = (
            (rows._FIND, {"name": "parent-email", "digest": b"x" * 32}),
            (rows._REMOVE, {"name": "parent-email", "key": str(UUID(int=1))}),
        )
        for statement, given in asked:
            cursor.execute(f"EXPLAIN {statement}", given)
            plans.append("\n".join(row[0] for row in cursor.fetchall()))

    assert "eventstore_blind_digest" in plans[0]
    assert "eventstore_blind_key" in plans[1]


def test_the_index_has_a_key_of_its_own(follower: Follower) -> None:
    by_email.digest(ADDRESS)
    name = KeyName("blind-parent-email", "blind", "all")

    assert ring().held([name]) is not None
