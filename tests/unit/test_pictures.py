"""README's pictures: what a browser took, in fewer colours."""

from __future__ import annotations

import zlib
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.pictures import KEPT, MOST_BYTES, NAMES, Picture, painted, read

WHITE, RED, ROSE = (255, 255, 255), (200, 0, 0), (201, 0, 0)
PARTS = st.integers(0, 255)


def as_browser(rows: list[list[tuple[int, int, int]]], filters: list[int]) -> bytes:
    """A PNG whose lines are filtered so, by the definition (PNG, 9.2), one byte after the other."""
    before, lines = bytes(3 * len(rows[0])), b""
    for row, kind in zip(rows, filters, strict=True):
        line = bytes(part for colour in row for part in colour)
        lines += bytes([kind]) + bytes(
            (line[n] - guess(kind, line, before, n)) % 256 for n in range(len(line))
        )
        before = line
    head = pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))
        for name, data in (
            (b"IHDR", head),
            (b"IDAT", zlib.compress(lines)),
            (b"IEND", b""),
        )
    )


def guess(kind: int, line: bytes, before: bytes, n: int) -> int:
    a, c = (line[n - 3], before[n - 3]) if n >= 3 else (0, 0)
    b = before[n]
    p = a + b - c
    distances = [(abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c)]
    return [0, a, b, (a + b) // 2, min(distances)[2]][kind]


@given(st.data())
def test_what_a_browser_wrote_is_read_whatever_its_filters(data: st.DataObject) -> None:
    width, height = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    colours = st.lists(st.tuples(PARTS, PARTS, PARTS), min_size=width, max_size=width)
    rows = data.draw(st.lists(colours, min_size=height, max_size=height))
    filters = data.draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))

    assert read(as_browser(rows, filters)) == Picture(width, rows)


def test_what_is_rare_gets_the_nearest_of_the_colours_that_there_are() -> None:
    rows = [[WHITE, WHITE, RED], [WHITE, ROSE, RED]]

    png = painted(Picture(3, rows), most=2)

    assert b"PLTE" + bytes([*WHITE, *RED]) in png
    at = png.index(b"IDAT") + 4
    assert zlib.decompress(png[at : png.index(b"IEND") - 8]) == b"\0\0\0\1\0\0\1\1"


def test_others_are_refused() -> None:
    with pytest.raises(ValueError, match="no PNG"):
        read(painted(Picture(1, [[WHITE]])))


def test_those_of_readme_are_there_and_small() -> None:
    sizes = {name: (KEPT / f"{name}.png").stat().st_size for name in NAMES}

    assert all(0 < size <= MOST_BYTES for size in sizes.values()), sizes
