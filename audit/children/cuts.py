"""Up to where the facts went when a link was made, written into the link: so it never shows more than it did. Pure.

A vector of offsets, one a partition, as the facts' checkpoints stood; in an address it is opaque text, and every part of it is
checked when it comes back.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.events import MAX_OFFSET
from eventstore.protocol.positions import PARTITIONS, TYPES, offset_in, partition_in
from eventstore.queries.keyset import BadCursor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_TEXT: Final = 16_000
_BASE: Final = 128  # of a byte's digit; what is above it says that another follows


@dataclass(frozen=True, slots=True)
class Upto:
    """By a partition's id the next offset that is not in it; a partition that is missing stands at 0."""

    offsets: Mapping[int, int]

    def __contains__(self, position: int) -> bool:
        """Whether what stands there had been handled. A day of staff views is no place of the log, and in none."""
        return offset_in(position) < self.offsets.get(partition_in(position), 0)

    def __str__(self) -> str:
        """As it stands in an address: the ids as steps from one to the next."""
        before, numbers = 0, list[int]()
        for id_, offset in sorted(self.offsets.items()):
            numbers += (id_ - before, offset)
            before = id_
        data = b"".join(map(_varint, numbers))
        return urlsafe_b64encode(data).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Upto:
        """The reverse. Raises `BadCursor` for anything that was not written so."""
        if len(text) > _MOST_TEXT or not text.isascii():
            raise BadCursor
        try:
            data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            raise BadCursor from None
        numbers = list(_numbers(data))
        offsets: dict[int, int] = {}
        id_ = 0
        for step, offset in zip(numbers[::2], numbers[1::2], strict=False):
            id_ += step
            offsets[id_] = offset
        found = cls(offsets)
        if str(found) != text or not all(map(_can_be, offsets.items())):
            raise BadCursor
        return found


def _can_be(entry: tuple[int, int]) -> bool:
    id_, offset = entry
    return PARTITIONS <= id_ < PARTITIONS * TYPES and 0 < offset <= MAX_OFFSET


def _varint(number: int) -> bytes:
    """The lowest digit first."""
    digits = bytearray()
    while number >= _BASE:
        number, digit = divmod(number, _BASE)
        digits.append(digit + _BASE)
    digits.append(number)
    return bytes(digits)


def _numbers(data: bytes) -> Iterator[int]:
    number, worth = 0, 1
    for byte in data:
        number += byte % _BASE * worth
        worth *= _BASE
        if byte < _BASE:
            yield number
            number, worth = 0, 1
