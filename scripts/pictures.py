"""README's pictures, of what the tests have seen: python -m scripts.pictures

It runs the five tasks in a real browser on the product as `./teddy up` starts it, and keeps three of their screenshots, with
at most 256 colours, so that they are small.
"""

from __future__ import annotations

import subprocess
import sys
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from struct import pack, unpack_from
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
TAKEN = ROOT / ".teddy" / "screenshots"
KEPT = ROOT / "docs" / "images"
NAMES = ("violations", "violation", "child")
MOST_BYTES = 150_000
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = 256

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Picture:
    """Rows of colours."""

    width: int
    rows: Sequence[Sequence[Colour]]


def main() -> None:
    """Run the tests, then keep what they took. Exit code 1: a test failed, or a picture is too large."""
    tests = [sys.executable, "-m", "pytest", "-q", "-m", "", "-k", "embedded"]
    subprocess.run([*tests, "tests/acceptance/test_tasks.py"], cwd=ROOT, check=True)
    for name in NAMES:
        small = painted(read((TAKEN / f"task-{name}.png").read_bytes()))
        if len(small) > MOST_BYTES:
            sys.exit(f"{name}.png has {len(small)} bytes, more than {MOST_BYTES}")
        (KEPT / f"{name}.png").write_bytes(small)


def read(png: bytes) -> Picture:
    """A PNG of 8 bits a channel, without a palette and not interlaced, as browsers write it. Raises ValueError for others."""
    width, height, depth, kind, _, _, interlaced = unpack_from(">IIBBBBB", png, 16)
    if not png.startswith(_SIGNATURE) or depth != 8 or interlaced or kind not in {2, 6}:
        msg = "no PNG as a browser writes it"
        raise ValueError(msg)
    size = 3 if kind == 2 else 4
    packed = b"".join(data for name, data in _chunks(png) if name == b"IDAT")
    lines = _unfiltered(zlib.decompress(packed), width * size, height, size)
    return Picture(width, [_colours(line, size) for line in lines])


def painted(picture: Picture, most: int = _COLOURS) -> bytes:
    """A PNG with a palette: what is rarer than its colours has the one that is nearest."""
    counted = Counter(colour for row in picture.rows for colour in row)
    palette = [colour for colour, _ in counted.most_common(most)]
    number = {colour: n for n, colour in enumerate(palette)}
    for colour in counted:
        if colour not in number:
            number[colour] = number[min(palette, key=lambda one: _apart(one, colour))]
    lines = b"".join(b"\0" + bytes(number[one] for one in row) for row in picture.rows)
    head = pack(">IIBBBBB", picture.width, len(picture.rows), 8, 3, 0, 0, 0)
    return _SIGNATURE + b"".join(
        _chunk(name, data)
        for name, data in (
            (b"IHDR", head),
            (b"PLTE", bytes(part for colour in palette for part in colour)),
            (b"IDAT", zlib.compress(lines, 9)),
            (b"IEND", b""),
        )
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(name: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))


def _unfiltered(data: bytes, wide: int, height: int, size: int) -> Iterator[bytearray]:
    """Each line as it was before its filter (PNG, 9.2)."""
    above = bytearray(wide)
    for number in range(height):
        at = number * (wide + 1)
        line = bytearray(data[at + 1 : at + 1 + wide])
        _undo(data[at], line, above, size)
        yield line
        above = line


def _undo(kind: int, line: bytearray, above: bytearray, size: int) -> None:
    for n in range(len(line)):
        left = line[n - size] if n >= size else 0
        if kind == 1:
            line[n] = (line[n] + left) & 255
        elif kind == 2:
            line[n] = (line[n] + above[n]) & 255
        elif kind == 3:
            line[n] = (line[n] + (left + above[n]) // 2) & 255
        elif kind == 4:
            corner = above[n - size] if n >= size else 0
            line[n] = (line[n] + _paeth(left, above[n], corner)) & 255


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))


def _colours(line: bytearray, size: int) -> list[Colour]:
    return list(zip(line[0::size], line[1::size], line[2::size], strict=True))


def _apart(one: Colour, other: Colour) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


if __name__ == "__main__":
    main()
