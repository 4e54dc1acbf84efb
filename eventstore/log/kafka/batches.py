"""What a fetch carries: batches of records, walked and unpacked by kafka-python but for the records' headers."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecord, DefaultRecordBatch
from kafka.record.util import decode_varint

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH: Final = struct.Struct(">i")
_LENGTH_AT: Final = 8
_BEHIND_LENGTH: Final = 12
_MAGIC_AT: Final = 16
_SHORTEST: Final = DefaultRecordBatch.HEADER_STRUCT.size


class PackedBatch(DefaultRecordBatch):  # type: ignore[misc]  # kafka ships no types
    """A batch whose records' headers are passed over.

    No header is part of a commit, and kafka-python takes their keys for UTF-8: one that some producer wrote in
    another encoding would stop the partition for ever.
    """

    _pos: int

    def _read_msg(self) -> DefaultRecord:
        buffer = self._buffer
        length, start = decode_varint(buffer, self._pos)
        end = start + length
        passed, position = decode_varint(buffer, start + 1)  # behind the attributes
        index, position = decode_varint(buffer, position)
        key, position = _bytes_at(buffer, position)
        value, position = _bytes_at(buffer, position)
        if not position < end <= len(buffer):
            msg = f"record {index} of the batch has a wrong length"
            raise CorruptRecordError(msg)
        self._pos = end
        appended = self.timestamp_type == self.LOG_APPEND_TIME
        at = self.max_timestamp if appended else self.first_timestamp + passed
        offset = self.base_offset + index
        return DefaultRecord(length, offset, at, self.timestamp_type, key, value, [])


def batches(data: bytes | memoryview) -> Iterator[PackedBatch]:
    """The whole batches in it; the fetch's limit may have cut off the last one."""
    view, position = memoryview(data), 0
    while position + _BEHIND_LENGTH <= len(view):
        (length,) = _LENGTH.unpack_from(view, position + _LENGTH_AT)
        end = position + _BEHIND_LENGTH + length
        if end > len(view):
            return
        if end - position < _SHORTEST or view[position + _MAGIC_AT] != 2:
            msg = "this is no batch of version 2"
            raise CorruptRecordError(msg)
        yield PackedBatch(view[position:end])
        position = end


def _bytes_at(buffer: bytearray, position: int) -> tuple[bytes | None, int]:
    length, position = decode_varint(buffer, position)
    if length < 0:
        return None, position
    end = position + length
    return bytes(buffer[position:end]), end
