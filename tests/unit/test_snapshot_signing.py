"""A snapshot is this store's own if one of its keys has signed all that it says; who meets another says so once a minute."""

from __future__ import annotations

import hmac
import struct
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.events import Position, pack
from eventstore.protocol.positions import within_topic
from eventstore.queries.snapshots import Made, StoredSnapshot
from eventstore.snapshots import Snapshot, Stamp
from eventstore.snapshots.refusing import Lately
from eventstore.snapshots.signing import LABEL, Signer, bound_by_row, bound_to, said_by

if TYPE_CHECKING:
    from collections.abc import Sequence

SNAPSHOT = Snapshot(
    "order.order-1",
    10,
    UUID("5b1f4ab6-2f3c-4a59-9f3a-0d6f6f0a1b2c"),
    datetime(2026, 11, 23, 9, tzinfo=UTC),
    Stamp(3, b"code"),
    b'{"quantity":9}',
    Position("eventstore.order", 5, 7, 2),
)
NEW, OLD, OLDEST = b"new secret", b"old secret", b"x" * 100  # longer than a block


def mac_of(secret: bytes, said: bytes) -> bytes:
    """As docs/RECORD_FORMAT.md has it."""
    return hmac.digest(hmac.digest(secret, LABEL, "sha256"), said, "sha256")


@pytest.mark.parametrize("secret", [NEW, OLD, OLDEST])
def test_a_mac_is_the_standards(secret: bytes) -> None:
    assert Signer([secret]).mac(b"said") == mac_of(secret, b"said")


def test_it_is_signed_under_the_first_key_and_known_under_each() -> None:
    signer = Signer([NEW, OLD, OLDEST])

    assert signer.mac(b"said") == mac_of(NEW, b"said")
    for secret in (NEW, OLD, OLDEST):
        assert signer.knows(b"said", mac_of(secret, b"said"))
        assert not signer.knows(b"other", mac_of(secret, b"said"))
    assert not signer.knows(b"said", mac_of(b"another's", b"said"))
    assert not signer.knows(b"said", b"")


@pytest.mark.parametrize(
    ("key_id", "key"), [(None, b""), (UUID(int=7), UUID(int=7).bytes)]
)
def test_each_field_is_signed_behind_its_length(
    key_id: UUID | None, key: bytes
) -> None:
    place = within_topic(pack(1, 5, 7, 2))
    numbers = (struct.pack(">q", one) for one in (10, place, 3))
    version, position, schema = numbers
    fields = [
        SNAPSHOT.stream_id.encode(),
        version,
        SNAPSHOT.event_id.bytes,
        position,
        schema,
        SNAPSHOT.stamp.code,
        key,
        SNAPSHOT.state,
    ]

    assert said_by(replace(SNAPSHOT, key_id=key_id)) == b"".join(
        struct.pack(">q", len(one)) + one for one in fields
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"stream_id": "order.order-2"},
        {"version": 11},
        {"event_id": UUID(int=1)},
        {"stamp": Stamp(4, b"code")},
        {"stamp": Stamp(3, b"edoc")},
        {"state": b'{"quantity":8}'},
        {"key_id": UUID(int=7)},
        {"position": Position("eventstore.order", 4, 7, 2)},
        {"position": Position("eventstore.order", 5, 8, 2)},
        {"position": Position("eventstore.order", 5, 7, 3)},
    ],
    ids=repr,
)
def test_another_snapshot_says_other_bytes(changes: dict[str, Any]) -> None:
    assert said_by(replace(SNAPSHOT, **changes)) != said_by(SNAPSHOT)


def test_what_does_not_say_where_it_stands_is_not_signed() -> None:
    with pytest.raises(ValueError, match="where its event stands"):
        said_by(replace(SNAPSHOT, position=None))


def test_a_box_is_bound_to_all_that_is_signed_but_the_state() -> None:
    """As docs/RECORD_FORMAT.md has it, whether a writer says it or a row."""
    key = UUID(int=7)
    place = pack(3, 5, 7, 2)  # as the table has it, of whichever topic
    row = StoredSnapshot(
        SNAPSHOT.stream_id,
        SNAPSHOT.version,
        SNAPSHOT.event_id,
        SNAPSHOT.recorded_at,
        b"a box",
        place,
        key,
        b"a mac",
    )
    numbers = (10, within_topic(pack(1, 5, 7, 2)), 3)
    version, position, schema = (struct.pack(">q", one) for one in numbers)
    about = [
        SNAPSHOT.stream_id.encode(),
        version,
        SNAPSHOT.event_id.bytes,
        position,
        schema,
        SNAPSHOT.stamp.code,
        key.bytes,
    ]
    bound = b"eventstore.state/3" + b"".join(
        struct.pack(">q", len(one)) + one for one in about
    )

    assert bound_to(SNAPSHOT, key) == bound
    assert bound_by_row(row, Made(3, b"code"), key) == bound


def test_what_does_not_say_where_it_stands_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="cannot be sealed"):
        bound_to(replace(SNAPSHOT, position=None), UUID(int=7))


# ---- who meets one that is not ours


class Clock:
    """Says these instants."""

    def __init__(self, *at: float) -> None:
        self._at = list(at)

    def monotonic(self) -> float:
        """See the port."""
        return self._at.pop(0)


@pytest.mark.parametrize(
    ("said", "news"),
    [
        (["a", "b", "a"], [True, True, False]),
        (["a", "b", "c", "a"], [True, True, True, True]),  # two are remembered
        (["a", "b", "b", "c", "b"], [True, True, False, True, False]),
    ],
)
def test_so_many_are_remembered(said: Sequence[str], news: list[bool]) -> None:
    lately = Lately(Clock(*range(10)), most=2)  # type: ignore[arg-type]

    assert [lately.is_new((one, 1)) for one in said] == news


def test_it_is_new_again_after_a_minute_from_when_it_was_last_said() -> None:
    lately = Lately(Clock(0, 59.9, 60, 119.9, 120))  # type: ignore[arg-type]

    found = [lately.is_new(("a", 1)) for _ in range(5)]

    assert found == [True, False, True, False, True]


def test_what_is_said_again_is_remembered_the_longest() -> None:
    lately = Lately(Clock(0, 1, 61, 62, 63), most=2)  # type: ignore[arg-type]

    found = [lately.is_new((one, 1)) for one in ("a", "b", "a", "c", "a")]

    assert found == [True, True, True, True, False]


def test_each_version_is_said_for_itself() -> None:
    lately = Lately(Clock(0, 1, 2))  # type: ignore[arg-type]

    assert [lately.is_new(("a", n)) for n in (1, 2, 1)] == [True, True, False]
