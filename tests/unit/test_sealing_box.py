"""A box opens where it was sealed, under the key that it was sealed with, and nowhere else."""

from __future__ import annotations

import gc
import json
import pickle
import weakref
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher as RawCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from eventstore.clock import SystemClock
from eventstore.events import (
    Commit,
    CommitEvent,
    Expected,
    Sealed,
    Withheld,
    instant_of,
    written,
)
from eventstore.keys.cache import Cache
from eventstore.keys.ring import Ring
from eventstore.keys.rows import WrappedKey
from eventstore.opening.opener import KeyOpener
from eventstore.ports import DataKey, Gone, KeyName, Wrapped
from eventstore.protocol.accepted import decode_accepted
from eventstore.protocol.codec import decode, decode_strictly, encode
from eventstore.registry.event_type import Secrets
from eventstore.sealing.box import (
    Cipher,
    associated_data,
    commitment_of,
    from_text,
    open_box,
    to_text,
)
from eventstore.sealing.opened import UNOPENABLE, instant_as_written, opened
from eventstore.sealing.sealer import KeySealer, KeysNotHeld
from eventstore.testing.memory_keys import MemoryKeys

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET = bytes(range(32))
NONCE = bytes(range(12))
COMMIT_ID = UUID("0b0b8f3e-7c0f-4f1b-8a49-8d2f4b0c6d02")
EVENT_ID = UUID("7f1d3a52-5b1f-4c55-9a11-0a6c6a4b1c01")
KEY_ID = "6a7cf1f8-5b9c-4b3e-9d5b-0c1f0a4f7a04"
AT = "2026-11-30T12:00:00.123456Z"
PRIVATE = "Zyzzyva-7141"


def an_event(**changes: Any) -> CommitEvent:
    """One with something sensitive."""
    data = {"customer_id": "c-1", "remark": PRIVATE}
    event = CommitEvent(EVENT_ID, "OrderPlaced", 1, AT, EVENT_ID, None, data)
    return replace(event, **changes)


def a_commit(*events: CommitEvent) -> Commit:
    """Of an order."""
    return Commit(COMMIT_ID, "order.o-1", Expected.NO_STREAM, events or (an_event(),))


SECRETS = Secrets("c-1", "order", frozenset({"remark"}))


def sealed(ring: MemoryKeys, *events: CommitEvent) -> Commit:
    commit = a_commit(*events)
    return KeySealer(ring).seal(commit, [SECRETS] * len(commit.events))


def opens(ring: MemoryKeys, commit: Commit, event: CommitEvent) -> Any:
    return KeyOpener(ring).open(commit.stream_id, commit.commit_id, event)


# ---- the bytes, for ever


def test_what_a_box_is_bound_to_is_written_so() -> None:
    bound = associated_data(
        "order.o-1", COMMIT_ID, EVENT_ID, "OrderPlaced", 1, KEY_ID, AT.encode()
    )

    assert bound.hex() == (
        "6576656e7473746f72652e626f782f310000000000000009"
        "6f726465722e6f2d310000000000000010"
        "0b0b8f3e7c0f4f1b8a498d2f4b0c6d020000000000000010"
        "7f1d3a525b1f4c559a110a6c6a4b1c01000000000000000b"
        "4f72646572506c616365640000000000000008"
        "00000000000000010000000000000010"
        "6a7cf1f85b9c4b3e9d5b0c1f0a4f7a04000000000000001b"
        "323032362d31312d33305431323a30303a30302e3132333435365a"
    )


def test_a_box_of_yesterday_opens_for_ever() -> None:
    golden = "PCCkfqiEsHCve7XRyJMCFPW3qgPBT25eRQ7xtvQHv9/kUcEvQi6U+Hg="
    event = an_event(
        data={"customer_id": "c-1"}, sealed=Sealed(KEY_ID, to_text(NONCE), golden)
    )

    assert opened(Cipher(SECRET), "order.o-1", COMMIT_ID, event) == {"remark": PRIVATE}


def test_a_commitment_is_made_so() -> None:
    assert commitment_of(SECRET) == sha256(b"eventstore.key/1" + SECRET).digest()
    assert (
        commitment_of(SECRET).hex()
        == "92964d0a887ce9c5431d04848358f599604e9b9992c1e226ae67ccbd35a718fc"
    )


# ---- where it opens


def test_what_was_sealed_is_opened_and_nothing_of_it_is_left() -> None:
    ring = MemoryKeys()

    commit = sealed(ring)

    [event] = commit.events
    assert event.data == {"customer_id": "c-1"}
    assert PRIVATE.encode() not in encode(commit)
    assert opens(ring, commit, event) == {"remark": PRIVATE}


MOVES: dict[str, dict[str, Any]] = {
    "event": {"event_id": uuid4()},
    "type": {"type": "OrderChanged"},
    "schema": {"schema": 2},
    "time": {"occurred_at": "2026-11-30T12:00:00.123457Z"},
}


@pytest.mark.parametrize("move", MOVES)
def test_a_box_that_was_moved_to_another_event_does_not_open(move: str) -> None:
    ring = MemoryKeys()
    commit = sealed(ring)

    moved = replace(commit.events[0], **MOVES[move])

    assert opens(ring, commit, moved) == UNOPENABLE


def test_a_box_that_was_moved_to_another_stream_commit_or_key_does_not_open() -> None:
    ring = MemoryKeys()
    commit = sealed(ring)
    [event] = commit.events
    [other] = ring.sealing([KeyName("c-1", "order", "2026-12")]).values()
    assert event.sealed is not None
    under_another = replace(event, sealed=replace(event.sealed, key=str(other.id)))

    assert opens(ring, replace(commit, stream_id="order.o-2"), event) == UNOPENABLE
    assert opens(ring, replace(commit, commit_id=uuid4()), event) == UNOPENABLE
    assert opens(ring, commit, under_another) == UNOPENABLE


def test_the_id_of_a_key_is_bound_even_where_the_key_is_the_same() -> None:
    ring = MemoryKeys()
    commit = sealed(ring)
    [event] = commit.events
    assert event.sealed is not None
    [key] = ring.sealing([KeyName("c-1", "order", "2026-11")]).values()
    renamed = replace(event, sealed=replace(event.sealed, key=str(uuid4())))

    assert opened(Cipher(key.secret), "order.o-1", COMMIT_ID, renamed) == UNOPENABLE


@given(st.data())
def test_any_flipped_bit_keeps_it_shut(data: st.DataObject) -> None:
    ring = MemoryKeys()
    commit = sealed(ring)
    [event] = commit.events
    assert event.sealed is not None
    part = data.draw(st.sampled_from(["nonce", "box"]))
    given_bytes = bytearray(from_text(getattr(event.sealed, part)))
    bit = data.draw(st.integers(0, 8 * len(given_bytes) - 1))
    given_bytes[bit // 8] ^= 1 << bit % 8

    flipped = replace(event.sealed, **{part: to_text(bytes(given_bytes))})

    assert opens(ring, commit, replace(event, sealed=flipped)) == UNOPENABLE


@pytest.mark.parametrize("box", ["", "AAAA", to_text(bytes(16))])
def test_what_is_no_box_stays_shut(box: str) -> None:
    ring = MemoryKeys()
    commit = sealed(ring)
    [event] = commit.events
    assert event.sealed is not None

    cut = replace(event, sealed=replace(event.sealed, box=box))

    assert opens(ring, commit, cut) == UNOPENABLE


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_that_was_read_is_bound_as_it_was_written(at: datetime) -> None:
    text = written(at)

    assert instant_as_written(instant_of(text)) == instant_as_written(text)


def test_what_a_reader_decodes_opens_as_what_the_sealer_made() -> None:
    ring = MemoryKeys()
    commit = sealed(ring, an_event(occurred_at="2026-11-30T12:00:00.000000Z"))

    read = decode_accepted(encode(commit))

    found = KeyOpener(ring).open(read.stream_id, read.commit_id, read.events[0])
    assert found == {"remark": PRIVATE}


def test_a_sealed_record_is_read_quickly_as_it_is_read_strictly() -> None:
    commit = sealed(MemoryKeys())
    value = encode(commit)

    assert decode(b"order.o-1", value) == decode_strictly(b"order.o-1", value) == commit


@given(st.text("AQg0+/=_ \n", max_size=12), st.text("abc0-", max_size=40))
def test_the_quick_way_takes_no_box_that_the_strict_one_refuses(
    box: str, key: str
) -> None:
    event = an_event(data={}, sealed=Sealed(KEY_ID, to_text(NONCE), ""))
    for broken in (
        Sealed(KEY_ID, to_text(NONCE), box),
        Sealed(key, to_text(NONCE), ""),
        Sealed(KEY_ID, box, ""),
    ):
        value = encode(a_commit(event)).replace(
            b'"sealed":{"key":"'
            + KEY_ID.encode()
            + b'","nonce":"'
            + to_text(NONCE).encode()
            + b'","box":""}',
            b'"sealed":' + _json(broken),
        )

        assert decode(b"order.o-1", value) == decode_strictly(b"order.o-1", value)


def _json(sealed_: Sealed) -> bytes:
    parts = {"key": sealed_.key, "nonce": sealed_.nonce, "box": sealed_.box}
    return json.dumps(parts, separators=(",", ":")).encode()


# ---- keys


def test_each_subject_class_and_month_has_a_key_of_its_own() -> None:
    ring = MemoryKeys()
    may = "2026-05-31T23:59:59.999999Z"
    june = "2026-06-01T00:00:00.000000Z"
    commit = a_commit(
        an_event(event_id=uuid4(), occurred_at=may),
        an_event(event_id=uuid4(), occurred_at=june),
        an_event(event_id=uuid4(), occurred_at=june),
    )

    made = KeySealer(ring).seal(
        commit, [SECRETS, SECRETS, replace(SECRETS, subject="c-2")]
    )

    keys = [event.sealed.key for event in made.events if event.sealed]
    assert len(set(keys)) == 3


def test_who_may_not_wait_is_told_that_a_key_is_missing() -> None:
    ring = MemoryKeys()

    with pytest.raises(KeysNotHeld):
        KeySealer(ring).seal(a_commit(), [SECRETS], at_once=True)

    sealed(ring)
    assert KeySealer(ring).seal(a_commit(), [SECRETS], at_once=True).events[0].sealed


def test_a_key_is_made_ready_once_and_that_goes_with_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ring, made = MemoryKeys(), []
    ready = Cipher.__init__

    def counted(self: Cipher, secret: bytes) -> None:
        made.append(self)
        ready(self, secret)

    monkeypatch.setattr(Cipher, "__init__", counted)
    sealer = KeySealer(ring)

    commits = [sealer.seal(a_commit(), [SECRETS]) for _ in range(3)]
    assert opens(ring, commits[0], commits[0].events[0]) == {"remark": PRIVATE}
    assert len(made) == 1

    kept = weakref.ref(made.pop())
    [box] = [event.sealed for event in commits[0].events]
    assert box is not None
    [key] = ring.opening([UUID(box.key)]).values()
    assert isinstance(key, DataKey)
    assert key.ready is kept()
    del key
    ring.erase("c-1")
    gc.collect()
    assert kept() is None


def test_a_key_is_in_no_text_and_in_no_pickle() -> None:
    key = DataKey(uuid4(), KeyName("c-1", "order", "2026-11"), SECRET)

    assert SECRET.hex() not in repr(key)
    assert repr(SECRET) not in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (
            Gone("erasure", datetime(2026, 11, 30, tzinfo=UTC), "r-1"),
            "erased on 2026-11-30 under request r-1",
        ),
        (
            Gone("retention", datetime(2026, 11, 30, tzinfo=UTC)),
            "expired on 2026-11-30",
        ),
        (Gone("order", datetime(2026, 11, 30, tzinfo=UTC)), "erased on 2026-11-30"),
        (Gone("undead", datetime(2026, 11, 30, tzinfo=UTC)), "erased on 2026-11-30"),
        (Gone("lost"), "lost"),
    ],
)
def test_what_became_of_a_key_is_said(gone: Gone, said: str) -> None:
    commit = sealed(MemoryKeys())

    found = KeyOpener(Keys({}, gone)).open(
        commit.stream_id, commit.commit_id, commit.events[0]
    )

    assert repr(found) == said


class Keys:
    """A ring that hands out what it was given."""

    def __init__(self, keys: dict[UUID, DataKey], other: Gone | None = None) -> None:
        self.keys = keys
        self.other = other or Gone("lost")
        self.asked: list[set[UUID]] = []

    def held(self, names: Any) -> None:
        """See `KeyRing`."""

    def sealing(self, names: Any) -> Any:
        """See `KeyRing`."""
        raise NotImplementedError

    def fresh(self, ids: Any) -> Any:
        """See `KeyRing`."""
        return self.opening(ids)

    def opening(self, ids: Any) -> Any:
        """See `KeyRing`."""
        self.asked.append(set(ids))
        return {id_: self.keys.get(id_, self.other) for id_ in ids}


def test_a_pages_keys_are_asked_for_at_once() -> None:
    ring = MemoryKeys()
    commits = [
        sealed(ring, an_event(occurred_at=f"2026-0{m}-01T00:00:00.000000Z"))
        for m in (1, 2, 3)
    ]
    keys = {UUID(c.events[0].sealed.key) for c in commits if c.events[0].sealed}
    asked = Keys({k: v for k in keys if isinstance(v := ring.opening([k])[k], DataKey)})
    opener = KeyOpener(asked)

    opener.prepare(map(str, keys))

    for commit in commits:
        assert opener.open(commit.stream_id, commit.commit_id, commit.events[0])
    assert asked.asked == [keys]


# ---- a box has one possible plaintext: keys are believed by the log's word


def test_a_key_that_is_not_the_one_that_was_minted_opens_nothing() -> None:
    commit = sealed(MemoryKeys())
    [event] = commit.events
    assert event.sealed is not None
    id_ = UUID(event.sealed.key)

    def opener(said: Mapping[UUID, bytes]) -> KeyOpener:
        return KeyOpener(a_ring(id_, SECRET, said))

    for said in ({id_: commitment_of(bytes(32))}, {}):
        found = opener(said).open(commit.stream_id, commit.commit_id, event)
        assert found == UNOPENABLE
        assert opener(said).key(id_) == Gone("unopenable")
    assert isinstance(opener({id_: commitment_of(SECRET)}).key(id_), DataKey)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_an_opener_that_remembers_few_keys_opens_all(most: int) -> None:
    ring = MemoryKeys()
    commits = [
        sealed(ring, an_event(occurred_at=f"2026-0{m}-01T00:00:00.000000Z"))
        for m in (1, 2, 3)
    ]
    opener = KeyOpener(ring, most=most)

    opener.prepare(c.events[0].sealed.key for c in commits if c.events[0].sealed)
    found = [opener.open(c.stream_id, c.commit_id, c.events[0]) for c in commits * 2]

    assert not any(isinstance(one, Withheld) for one in found)
    assert len(opener._ready) <= max(most, 3)


def test_a_crafted_box_that_opens_under_two_keys_is_opened_under_the_logs_one_alone() -> (
    None
):
    mine, other = SECRET, bytes(reversed(SECRET))
    event = an_event(
        data={"customer_id": "c-1"}, sealed=Sealed(KEY_ID, to_text(NONCE), "")
    )
    bound = associated_data(
        "order.o-1", COMMIT_ID, EVENT_ID, "OrderPlaced", 1, KEY_ID, AT.encode()
    )

    box = two_faced(mine, other, NONCE, bound, b'{"remark":"what was said"}      ')

    crafted = replace(event, sealed=Sealed(KEY_ID, to_text(NONCE), to_text(box)))
    assert open_box(mine, NONCE, box, bound) != open_box(other, NONCE, box, bound)
    for secret in (mine, other):
        key = UUID(KEY_ID)
        opener = KeyOpener(a_ring(key, secret, {key: commitment_of(mine)}))
        assert isinstance(opener.key(key), DataKey) == (secret is mine)
        if secret is other:
            found = opener.open("order.o-1", COMMIT_ID, crafted)
            assert found == Withheld("unopenable")
            assert opener._ready[KEY_ID][2] == UNOPENABLE  # it was not even tried


def a_ring(id_: UUID, secret: bytes, said: Mapping[UUID, bytes]) -> Ring:
    """Of a key store in whose only row everything fits this secret, whoever wrote it. said: what the log has of it."""
    name = KeyName("c-1", "order", "2026-11")
    row = WrappedKey(
        id_, name, Wrapped("k", secret), commitment_of(secret), in_log=True
    )
    store, provider, lineage = MagicMock(), MagicMock(), MagicMock()
    store.of_ids.return_value = {id_: row}
    provider.unwrap.return_value = [secret]
    lineage.commitments.return_value = said
    return Ring(store, provider, lineage, Cache(SystemClock()))


def two_faced(
    one: bytes, other: bytes, nonce: bytes, bound: bytes, text: bytes
) -> bytes:
    """A box whose tag is right under both keys: one block of ciphertext is chosen so that both tags are the same (GCM is linear in it)."""
    stream = RawCipher(algorithms.AES(one), modes.CTR(nonce + b"\0\0\0\2")).encryptor()
    head = stream.update(text)
    assert len(head) % 16 == 0
    zero = head + bytes(16)
    h = [_block(_aes(key, bytes(16))) for key in (one, other)]
    tags = [_tag(key, nonce, bound, zero) for key in (one, other)]
    # a change of the last block by d changes each tag by d·H²: solve d·(H1² + H2²) = T1 + T2
    squares = [_times(x, x) for x in h]
    d = _times(tags[0] ^ tags[1], _inverse(squares[0] ^ squares[1]))
    body = head + d.to_bytes(16, "big")
    tag = _tag(one, nonce, bound, body)
    assert tag == _tag(other, nonce, bound, body)
    return body + tag.to_bytes(16, "big")


def _aes(key: bytes, block: bytes) -> bytes:
    return RawCipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)  # noqa: S305  (one block: GCM's own)


def _tag(key: bytes, nonce: bytes, bound: bytes, body: bytes) -> int:
    h = _block(_aes(key, bytes(16)))
    blocks = b"".join(
        (
            bound.ljust(-(-len(bound) // 16) * 16, b"\0"),
            body,
            (8 * len(bound)).to_bytes(8, "big"),
            (8 * len(body)).to_bytes(8, "big"),
        )
    )
    total = 0
    for at in range(0, len(blocks), 16):
        total = _times(total ^ _block(blocks[at : at + 16]), h)
    return total ^ _block(_aes(key, nonce + b"\0\0\0\1"))


def _block(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _times(x: int, y: int) -> int:
    """In GF(2^128), with GCM's order of bits."""
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


def _inverse(x: int) -> int:
    """x to the power of 2^128 - 2."""
    powers = [x]
    for _ in range(127):
        powers.append(_times(powers[-1], powers[-1]))
    return reduce(_times, powers[1:])
