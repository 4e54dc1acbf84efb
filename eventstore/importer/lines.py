"""Lines of a file or a pipe, in bounded memory whatever the file holds, and a way to stop in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Final

from eventstore.cloudevents import MAX_LINE_BYTES

_ENOUGH: Final = MAX_LINE_BYTES + 2  # so that a line that is too long is seen to be


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `number` counts from 1; `size` is what it takes in the file; `content` of one too long is cut."""

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

    def __init__(self, stream: BinaryIO, interrupt: Interrupt) -> None:
        self._stream = stream
        self._interrupt = interrupt
        self.number = 0

    def skip_to(self, number: int) -> Line | None:
        """Read up to, without, this line; the one before it, None if there is none."""
        line = None
        while self.number < number - 1 and (line := self.read()):
            pass
        return line

    def read(self) -> Line | None:
        """The next line without its end; None behind the last one and when interrupted."""
        try:
            self._interrupt.reading = True
            content = self._stream.readline(_ENOUGH)
            size = len(content) + self._skip_rest(content)
        except _BrokenOff:
            return None
        finally:
            self._interrupt.reading = False
        if not content:
            return None
        self.number += 1
        return Line(self.number, content.strip(b" \t\r\n"), size)

    def _skip_rest(self, content: bytes) -> int:
        """Leave out what a line has beyond any use; how many bytes that were."""
        skipped = 0
        while len(content) == _ENOUGH and not content.endswith(b"\n"):
            content = self._stream.readline(_ENOUGH)
            skipped += len(content)
        return skipped
