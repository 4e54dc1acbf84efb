"""Lines of a file or a pipe, in bounded memory whatever it holds, without waiting unasked, and a way to stop in order."""

from __future__ import annotations

import select
import stat
from collections import deque
from dataclasses import dataclass
from os import fstat
from typing import Final, Protocol

from eventstore.exchange.cloudevents import MAX_LINE_BYTES

_CHUNK: Final = 256 * 1024
_KEPT: Final = MAX_LINE_BYTES + 1  # so that a line that is too long is seen to be


class Source(Protocol):
    """An unbuffered file, or bytes in memory."""

    def read(self, size: int, /) -> bytes | None:
        """What there is, up to so many bytes; waits only while there is nothing; b"" at the end."""

    def fileno(self) -> int:
        """The descriptor; OSError if there is none."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `number` counts from 1; `size` is what it takes in the file.

    `content` has no blanks at its ends. Of a line that is too long it is the beginning as it stands, blank or not,
    and still too long.
    """

    number: int
    content: bytes
    size: int


class Interrupt:
    """Asks an import to stop in order: what is on its way is waited for, and the line reached is known."""

    def __init__(self) -> None:
        self.requested = False
        self.reading = False

    def request(self) -> None:
        """For a signal handler. A read that waits for input is broken off; nothing else is."""
        self.requested = True
        if self.reading:
            raise _BrokenOff


class _BrokenOff(BaseException):
    """Raised in the midst of a read, by the signal handler. No handler of errors may catch it."""


class Lines:
    """Reads line after line. `number` is that of the last line read."""

    def __init__(self, source: Source, interrupt: Interrupt) -> None:
        self._source = source
        self._interrupt = interrupt
        self._waits_on = _descriptor_that_waits(source)
        self._split: deque[bytes] = deque()
        self._rest = b""  # of a line that has not ended
        self._cut = 0  # bytes of it that are not kept
        self._ended = False
        self.number = 0

    def skip_to(self, number: int) -> Line | None:
        """Read up to, without, this line; the one before it, None if there is none."""
        line = None
        while self.number < number - 1 and (line := self.read()):
            pass
        return line

    def is_ready(self) -> bool:
        """Whether `read` would go to work at once; False where it would wait for somebody to write."""
        if self._split or self._ended or self._waits_on is None:
            return True
        return bool(select.select([self._waits_on], [], [], 0)[0])

    def read(self) -> Line | None:
        """The next line without its end; None behind the last one and when interrupted."""
        while not (self._split or self._ended):
            if not self._fill():
                return None
        if not self._split:
            return None
        content = self._split.popleft()
        size = len(content) + 1 + self._cut
        self._cut = 0
        self.number += 1
        return Line(self.number, _stripped(content), size)

    def _fill(self) -> bool:
        """Take what there is; False if interrupted."""
        try:
            self._interrupt.reading = True
            chunk = self._source.read(_CHUNK)
        except _BrokenOff:
            return False
        finally:
            self._interrupt.reading = False
        if chunk:
            first, *others = chunk.split(b"\n")
            self._rest += first
            for other in others:
                self._split.append(self._rest)
                self._rest = other
        else:
            self._ended = True
            self._split.extend([self._rest] if self._rest else [])
        if len(self._rest) > _KEPT and not self._split:
            self._cut += len(self._rest) - _KEPT
            self._rest = self._rest[:_KEPT]
        return True


def _stripped(content: bytes) -> bytes:
    """Never of one that is too long: its end was cut off, and what is left of it may be blank."""
    return content if len(content) > MAX_LINE_BYTES else content.strip(b" \t\r")


def _descriptor_that_waits(source: Source) -> int | None:
    """That of a pipe, a terminal or a socket; a file never waits."""
    try:
        descriptor = source.fileno()
    except OSError:
        return None
    return None if stat.S_ISREG(fstat(descriptor).st_mode) else descriptor
