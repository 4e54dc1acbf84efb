"""The code blocks of README and docs, and how they run.

A ```python block runs as it stands; blocks of one page run in their order and share their names. Lines of a
```pycon block are compared with what they print, as by doctest. On the line before a block may stand
`<!-- test: store -->`, for one that needs an event store with its topics, `<!-- test: api -->`, for one that asks a running installation
(of a ```sh block each line of curl is sent: tests/support/curl.py), `<!-- test: file PATH -->`, for a file of a project
that runs as a whole (tests/integration/project/test_guide_project.py), or `<!-- test: skip REASON -->`, which leaves it out; how many
a page leaves out is pinned in SKIPPED (test_snippets.py), so that none does silently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.guards.sources import ROOT, name_of

if TYPE_CHECKING:
    from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)[^\n]*$")
_MARK = re.compile(r"^\s*<!-- test: *(?P<word>\w*)(?P<reason>.*)-->\s*$")
LANGUAGES = ("python", "pycon")
SENT = "sh"


@dataclass(frozen=True)
class Block:
    """A code block: where it stands, what it says, why it does not run if it does not, and what it needs.

    file: its path in the project that it belongs to; it runs there.
    """

    page: str
    line: int
    language: str
    code: str
    skip: str | None = None
    needs_store: bool = False
    file: str | None = None
    needs_api: bool = False

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """README, CONTRIBUTING and the like, and everything in docs."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks_of(page: Path) -> list[Block]:
    """The Python blocks of one page. Raises ValueError for a block without an end."""
    return blocks_in(page.read_text("utf-8"), name_of(page))


def blocks_in(text: str, page: str) -> list[Block]:
    """The Python blocks of a page's text."""
    blocks: list[Block] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence is None:
            number += 1
            continue
        end = _end_of(lines, number, page)
        mark, reason = _mark_of(lines, number, page)
        if fence["language"] in LANGUAGES or (fence["language"], mark) == (SENT, "api"):
            indent = len(fence["indent"])
            code = "".join(f"{line[indent:]}\n" for line in lines[number + 1 : end])
            blocks.append(
                Block(
                    page,
                    number + 1,
                    fence["language"],
                    code,
                    reason if mark == "skip" else None,
                    mark == "store",
                    reason if mark == "file" else None,
                    mark == "api",
                )
            )
        number = end + 1
    return blocks


def _mark_of(lines: list[str], number: int, page: str) -> tuple[str, str]:
    found = _MARK.match(lines[number - 1]) if number else None
    if found is None:
        return "", ""
    if found["word"] not in {"skip", "store", "file", "api"}:
        msg = f"{page}:{number}: a test is marked `store`, `api`, `file PATH` or `skip REASON`"
        raise ValueError(msg)
    return found["word"], found["reason"].strip()


def _end_of(lines: list[str], start: int, page: str) -> int:
    for number in range(start + 1, len(lines)):
        if lines[number].strip() == "```":
            return number
    msg = f"{page}:{start + 1}: the code block has no end"
    raise ValueError(msg)
