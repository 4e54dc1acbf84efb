"""Command lines of curl, as docs/API.md shows them, sent without curl: a machine that runs the tests need not have it."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass
class Command:
    """What a line asks for. Raises ValueError for an option that is none of those that the page uses."""

    url: str = ""
    method: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    data: bytes | None = None

    @classmethod
    def parse(cls, line: str) -> Command:
        """Of a shell's line, its variables filled in."""
        name, *words = shlex.split(line)
        if name != "curl":
            msg = f"{name}: a block that is sent has lines of curl alone"
            raise ValueError(msg)
        found, rest = cls(), iter(words)
        for word in rest:
            found.take(word, rest)
        return found

    def take(self, word: str, rest: Iterator[str]) -> None:
        """One word, and its value if it has one."""
        if word == "-X":
            self.method = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            self.headers[name] = value
        elif word == "-d":
            self.data = next(rest).encode()
        elif word.startswith("-") or self.url:
            msg = f"{word}: curl takes it, this does not"
            raise ValueError(msg)
        else:
            self.url = word

    def send(self) -> bytes:
        """The answer's body. Raises AssertionError for a refusal."""
        request = Request(self.url, self.data, self.headers, method=self.method)  # noqa: S310  (the test's own server)
        try:
            with urlopen(request, timeout=60) as answer:  # noqa: S310
                body: bytes = answer.read()
                return body
        except HTTPError as refusal:
            raise AssertionError(refusal.read()) from refusal


def run(block: str, variables: Mapping[str, str]) -> list[bytes]:
    """Send each command of a block; what was answered."""
    whole = block.replace("\\\n", " ")
    for name, value in variables.items():
        whole = whole.replace(f"${name}", value)
    return [Command.parse(line).send() for line in whole.splitlines() if line.strip()]


def from_environment() -> Mapping[str, str]:
    """What the page tells its reader to set."""
    return {name: os.environ[name] for name in ("API", "TOKEN")}  # noqa: TID251
