"""Reads one JSON text byte by byte: what is malformed must not be what some library finds malformed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HEX = "0123456789abcdef"
BLANK = b" \t\n\r"
SHORT = {
    ord('"'): '"',
    ord("\\"): "\\",
    ord("/"): "/",
    ord("b"): "\b",
    ord("f"): "\f",
    ord("n"): "\n",
    ord("r"): "\r",
    ord("t"): "\t",
}
WORDS = {b"true": True, b"false": False, b"null": None}


class RefusedError(Exception):
    """The bytes are no record."""


def must(condition: object) -> None:
    """Refuse the record unless."""
    if not condition:
        raise RefusedError


@dataclass
class Json:
    """Reads one JSON text. Objects become dicts, arrays lists; a number without `.` and `e` an int."""

    text: bytes
    at: int = 0
    depth: int = 0

    def whole(self) -> Any:
        """The value that the text is, with nothing round it but blanks."""
        value = self.value()
        must(self.at == len(self.text))
        return value

    def value(self) -> Any:
        """One value and the blanks on both sides of it."""
        self.blanks()
        first = self.peek()
        if first == b"{":
            value: Any = self.nested(self.members)
        elif first == b"[":
            value = self.nested(self.items)
        elif first == b'"':
            value = self.string()
        elif first in (b"t", b"f", b"n"):
            value = self.word()
        else:
            value = self.number()
        self.blanks()
        return value

    def nested(self, inner: Callable[[], Any]) -> Any:
        """An object or array, one level deeper."""
        self.depth += 1
        must(self.depth <= 64)
        value = inner()
        self.depth -= 1
        return value

    def members(self) -> dict[str, Any]:
        """`{`, names and values, `}`."""
        self.take(b"{")
        fields: dict[str, Any] = {}
        self.blanks()
        if self.peek() == b"}":
            self.take(b"}")
            return fields
        while True:
            self.blanks()
            name = self.string()
            must(name not in fields)
            self.blanks()
            self.take(b":")
            fields[name] = self.value()
            if self.peek() == b"}":
                self.take(b"}")
                return fields
            self.take(b",")

    def items(self) -> list[Any]:
        """`[`, values, `]`."""
        self.take(b"[")
        self.blanks()
        if self.peek() == b"]":
            self.take(b"]")
            return []
        items = [self.value()]
        while self.peek() == b",":
            self.take(b",")
            items.append(self.value())
        self.take(b"]")
        return items

    def string(self) -> str:
        """A string; no NUL and no half of a surrogate pair in it, however they are written."""
        self.take(b'"')
        units: list[int] = []
        while (byte := self.byte()) != ord('"'):
            if byte == ord("\\"):
                units += self.escape()
            elif byte < 0x80:
                must(byte >= 0x20)
                units.append(byte)
            else:
                units.append(self.code_point(byte))
        return "".join(map(chr, joined(units)))

    def escape(self) -> list[int]:
        """What stands behind a backslash."""
        byte = self.byte()
        if byte != ord("u"):
            must(byte in SHORT)
            return [ord(SHORT[byte])]
        digits = "".join(chr(self.byte()) for _ in range(4)).lower()
        must(all(d in HEX for d in digits))
        unit = int(digits, 16)
        must(unit != 0)
        # marked, so that a half that was escaped joins only with another that was
        return [-unit] if 0xD800 <= unit <= 0xDFFF else [unit]

    def code_point(self, first: int) -> int:
        """The rest of a character of two to four bytes, in its shortest form (RFC 3629)."""
        if 0xC2 <= first <= 0xDF:
            more, point, least = 1, first & 0x1F, 0x80
        elif 0xE0 <= first <= 0xEF:
            more, point, least = 2, first & 0x0F, 0x800
        else:
            must(0xF0 <= first <= 0xF4)
            more, point, least = 3, first & 0x07, 0x10000
        for _ in range(more):
            byte = self.byte()
            must(0x80 <= byte <= 0xBF)
            point = point << 6 | byte & 0x3F
        must(least <= point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF)
        return point

    def word(self) -> object:
        """true, false or null."""
        for word, value in WORDS.items():
            if self.text[self.at : self.at + len(word)] == word:
                self.at += len(word)
                return value
        raise RefusedError

    def number(self) -> int | float:
        """-? int frac? exp?, as RFC 8259 draws it."""
        start = self.at
        if self.peek() == b"-":
            self.at += 1
        if self.peek() == b"0":
            self.at += 1
        else:
            self.digits()
        whole = True
        if self.peek() == b".":
            whole = False
            self.at += 1
            self.digits()
        if self.peek() in (b"e", b"E"):
            whole = False
            self.at += 1
            if self.peek() in (b"+", b"-"):
                self.at += 1
            self.digits()
        written = self.text[start : self.at].decode()
        if not whole:
            number = float(written)
            must(number not in (float("inf"), float("-inf")))
            return number
        must(len(written) < 20)
        must(-(2**53) <= int(written) <= 2**53)
        return int(written)

    def digits(self) -> None:
        """One digit or more."""
        start = self.at
        while self.peek().isdigit():
            self.at += 1
        must(self.at > start)

    def blanks(self) -> None:
        """What may stand between tokens."""
        while self.peek() and self.peek() in BLANK:
            self.at += 1

    def peek(self) -> bytes:
        """The next byte, or nothing at the end."""
        return self.text[self.at : self.at + 1]

    def byte(self) -> int:
        """The next byte as a number; there must be one."""
        must(self.at < len(self.text))
        self.at += 1
        return self.text[self.at - 1]

    def take(self, wanted: bytes) -> None:
        """Go past a byte that must stand here."""
        must(self.peek() == wanted)
        self.at += 1


def joined(units: Sequence[int]) -> list[int]:
    """Code points: escaped surrogates (negative) joined in pairs."""
    points: list[int] = []
    i = 0
    while i < len(units):
        point = units[i]
        if point < 0:
            i += 1
            must(i < len(units))
            high, low = -point - 0xD800, -units[i] - 0xDC00
            must(high < 0x400 and 0 <= low < 0x400)
            point = 0x10000 + high * 0x400 + low
        points.append(point)
        i += 1
    return points
