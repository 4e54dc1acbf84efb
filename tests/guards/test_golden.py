"""Golden files are only ever added to: what a released line says may not be changed by anybody."""

from __future__ import annotations

import hashlib

import pytest

from tests.golden.vectors import FOLDER

RELEASED = FOLDER / "released.txt"


def released() -> list[tuple[str, int, str]]:
    """File, number of its first lines, and the SHA-256 of them, as `released.txt` lists them."""
    rows = (line.split() for line in RELEASED.read_text("utf-8").splitlines())
    return [(name, int(count), digest) for name, count, digest in rows]


def digest_of(name: str, count: int) -> str:
    """SHA-256 of a file's first lines."""
    lines = (FOLDER / name).read_bytes().splitlines(keepends=True)
    return hashlib.sha256(b"".join(lines[:count])).hexdigest()


@pytest.mark.parametrize("row", released(), ids=lambda row: f"{row[0]}:{row[1]}")
def test_released_golden_lines_are_as_they_were(row: tuple[str, int, str]) -> None:
    name, count, digest = row

    assert digest_of(name, count) == digest, (
        f"One of the first {count} lines of tests/golden/{name} was edited, moved or removed. They pin what logs"
        " that exist already mean: put them back, and add new lines at the end of the file."
    )


def test_every_golden_line_is_released() -> None:
    lengths = {
        path.name: len(path.read_bytes().splitlines())
        for path in FOLDER.glob("*.jsonl")
    }

    longest = dict.fromkeys(lengths, 0)
    for name, count, _ in released():
        longest[name] = max(longest[name], count)

    missing = [
        f"{name} {count} {digest_of(name, count)}"
        for name, count in lengths.items()
        if count != longest[name]
    ]
    assert not missing, (
        "Lines were added to golden files. When a person has checked what they say, release them by adding to"
        f" tests/golden/released.txt (and leave its other rows as they are): {missing}"
    )
