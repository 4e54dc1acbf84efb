"""A place in the feed as callers see it: encrypted, for a vector of offsets would tell each how much the others write.

Bound to what the feed was asked for and to whose data the account may see; the same place is the same text.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.utils.crypto import salted_hmac

from eventstore.conf import secrets
from eventstore.events import Cut, Place
from eventstore.protocol.positions import partition_number_of, type_number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.log.topics import Topics

_PURPOSE: Final = "eventstore.api.feed.cursor"
_VERSION: Final = b"\x01"
_ID, _OFFSET = 2, 5  # bytes of a partition's id, and of its offset (15 and 38 bits)


def written(cut: Cut, topics: Topics, *about: str | None) -> str:
    """The cursor for a cut. about: what it is good for, and nothing else."""
    ids = sorted((topics.partition_id(at), n) for at, n in cut.offsets.items() if n)
    packed = _VERSION + b"".join(
        id_.to_bytes(_ID, "big") + offset.to_bytes(_OFFSET, "big")
        for id_, offset in ids
    )
    sealed = _cipher(secrets()[0]).encrypt(packed, _bound(about))
    return _text(sealed)


def read(text: str, topics: Topics, *about: str | None) -> Cut:
    """The cut that a cursor stands for. Raises ValueError for one that was not given out for this."""
    sealed = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(sealed) != text:  # one text for one cursor
        raise ValueError(_FOREIGN)
    for secret in secrets():
        try:
            packed = _cipher(secret).decrypt(sealed, _bound(about))
        except InvalidTag:
            continue
        return _unpacked(packed, topics)
    raise ValueError(_FOREIGN)


def _unpacked(packed: bytes, topics: Topics) -> Cut:
    names = {number: topic for topic, number in topics.numbers.items()}
    offsets: dict[Place, int] = {}
    for at in range(len(_VERSION), len(packed), _ID + _OFFSET):
        id_ = int.from_bytes(packed[at : at + _ID], "big")
        topic = names.get(type_number_of(id_))
        if packed[:1] != _VERSION or topic is None:
            raise ValueError(_FOREIGN)
        place = Place(topic, partition_number_of(id_))
        if place.partition >= topics.partitions:  # of a store that had more of them
            raise ValueError(_FOREIGN)
        offsets[place] = int.from_bytes(packed[at + _ID : at + _ID + _OFFSET], "big")
    return Cut(offsets)


def _text(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def _bound(about: Sequence[str | None]) -> list[bytes]:
    return [msgspec.json.encode(about)]


@lru_cache(maxsize=8)
def _cipher(secret: bytes) -> AESSIV:
    return AESSIV(salted_hmac(_PURPOSE, "", secret=secret, algorithm="sha512").digest())


_FOREIGN: Final = "the cursor was not given out by this feed"
