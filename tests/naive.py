"""A second reading of docs/RECORD_FORMAT.md, written from its text alone and as plainly as possible.

Nothing here is fast, and nothing is taken from `eventstore`: two implementations that agree on everything
that hypothesis can think of are two readers of one text. The JSON reader goes over the bytes by hand, because what
is malformed must not be what some library finds malformed. The fold asks every question of the whole list of
earlier records again, so that it has no state that could go wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = LOWER.upper()
DIGITS = "0123456789"
HEX = DIGITS + "abcdef"
BASE64 = UPPER + LOWER + DIGITS + "+/"
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
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class RefusedError(Exception):
    """The bytes are no record."""


def must(condition: object) -> None:
    """Refuse the record unless."""
    if not condition:
        raise RefusedError


class Record(NamedTuple):
    """A record of the log as a consumer gets it."""

    recorded_at: int
    key: bytes | None
    value: bytes | None


# ---- the grammar -----------------------------------------------------------------------------------------------------


def read(key: bytes | None, value: bytes | None) -> dict[str, Any] | None:
    """The record's object if it is a commit or an activation by form, None if it is malformed."""
    try:
        must(value is not None)
        assert value is not None
        must(len(value) <= 1_000_000)
        record = Json(value).whole()
        must(isinstance(record, dict))
        if set(record) == {"v", "activate"}:
            must(key is None)
            must(is_integer(record["v"]) and record["v"] == 1)
            must(is_natural(record["activate"]))
        else:
            check_commit(key, record)
    except RefusedError:
        return None
    return dict(record)


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


def check_commit(key: bytes | None, record: dict[str, Any]) -> None:
    """The fields of a commit."""
    must(set(record) == {"v", "commit_id", "stream_id", "expected", "events"})
    must(is_natural(record["v"]))
    must(is_uuid(record["commit_id"]))
    must(is_stream_id(record["stream_id"]))
    must(key == record["stream_id"].encode())
    words = ("any", "no_stream", "stream_exists")
    must(is_natural(record["expected"]) or record["expected"] in words)
    must(isinstance(record["events"], list))
    must(1 <= len(record["events"]) <= 1_000)
    for event in record["events"]:
        check_event(event)
    ids = [event["event_id"] for event in record["events"]]
    must(len(set(ids)) == len(ids))


def check_event(event: Any) -> None:
    """The fields of an event."""
    must(isinstance(event, dict))
    names = {
        "event_id",
        "type",
        "schema",
        "occurred_at",
        "correlation_id",
        "causation_id",
        "data",
    }
    must(set(event) in (names, names | {"sealed"}))
    must(is_uuid(event["event_id"]))
    must(is_type(event["type"]))
    must(is_natural(event["schema"]))
    must(is_instant(event["occurred_at"]))
    for name in ("correlation_id", "causation_id"):
        must(event[name] is None or is_uuid(event[name]))
    must(isinstance(event["data"], dict))
    if "sealed" in event:
        sealed = event["sealed"]
        must(isinstance(sealed, dict) and set(sealed) == {"key", "nonce", "box"})
        must(is_uuid(sealed["key"]))
        must(base64_length(sealed["nonce"]) == 12)
        must(base64_length(sealed["box"]) is not None)


def is_integer(value: Any) -> bool:
    """A number written without `.` and `e`."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_natural(value: Any) -> bool:
    """An integer, 0 or more."""
    return is_integer(value) and value >= 0


def consists(text: str, alphabet: str, least: int, most: int) -> bool:
    """Whether a text has so many characters, all of these."""
    return least <= len(text) <= most and all(c in alphabet for c in text)


def is_uuid(value: Any) -> bool:
    """8-4-4-4-12 lower-case hexadecimal digits."""
    if not isinstance(value, str):
        return False
    parts = value.split("-")
    return len(parts) == 5 and all(
        consists(part, HEX, n, n)
        for part, n in zip(parts, (8, 4, 4, 4, 12), strict=True)
    )


def is_stream_id(value: Any) -> bool:
    """A type, a dot and an id of its own."""
    if not isinstance(value, str) or "." not in value:
        return False
    kind, own = value.split(".", 1)
    return (
        consists(kind, LOWER + DIGITS + "_", 1, 63)
        and kind[0] in LOWER
        and consists(own, UPPER + LOWER + DIGITS + "_.:-", 1, 128)
    )


def is_type(value: Any) -> bool:
    """A letter, then letters, digits and underscores."""
    return (
        isinstance(value, str)
        and consists(value, UPPER + LOWER + DIGITS + "_", 1, 127)
        and value[0] in UPPER + LOWER
    )


def is_instant(value: Any) -> bool:
    """YYYY-MM-DDTHH:MM:SS.ffffffZ, and the calendar and the clock have it."""
    if not isinstance(value, str) or len(value) != 27:
        return False
    shape = "".join("9" if c in DIGITS else c for c in value)
    if shape != "9999-99-99T99:99:99.999999Z":
        return False
    year, month, day = int(value[:4]), int(value[5:7]), int(value[8:10])
    if year < 1 or not 1 <= month <= 12:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = 29 if month == 2 and leap else DAYS[month - 1]
    hour, minute, second = int(value[11:13]), int(value[14:16]), int(value[17:19])
    return 1 <= day <= days and hour < 24 and minute < 60 and second < 60


def base64_length(value: Any) -> int | None:
    """How many bytes a padded standard base64 text holds; None if it is none or has bits left over."""
    if not isinstance(value, str) or len(value) % 4:
        return None
    body = value.rstrip("=")
    padding = len(value) - len(body)
    if padding > 2 or not all(c in BASE64 for c in body):
        return None
    unused = {0: 1, 1: 4, 2: 16}[padding]  # values that the unused bits could take
    if body and BASE64.index(body[-1]) % unused:
        return None
    return len(value) // 4 * 3 - padding


# ---- the fold --------------------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """What the fold says of one record."""

    verdict: str
    recorded_at: int
    head: int | None = None
    first_version: int | None = None


def fold(
    topic: str,
    partition: int,
    partitions: int,
    records: Sequence[Record],
    *,
    known: int = 1,
) -> list[Line]:
    """A line for every record from the partition's first on, up to the activation of unknown rules."""
    lines: list[Line] = []
    contents = [read(record.key, record.value) for record in records]
    for i, content in enumerate(contents):
        before = list(zip(contents[:i], lines, strict=True))
        active = 1 + sum(line.verdict == "activation" for line in lines)
        recorded_at = max(r.recorded_at for r in records[: i + 1])
        recorded_at = min(max(recorded_at, 0), 253_402_300_799_999)
        if content is not None and "activate" in content:
            right = content["activate"] == active + 1
            if right and active + 1 > known:
                break
            lines.append(Line("activation" if right else "malformed", recorded_at))
            continue
        if (
            content is None
            or not 1 <= content["v"] <= active
            or "eventstore." + content["stream_id"].split(".")[0] != topic
            or home(content["stream_id"], partitions) != partition
        ):
            lines.append(Line("malformed", recorded_at))
            continue
        lines.append(decide(content, before, recorded_at))
    return lines


def decide(
    commit: dict[str, Any],
    before: Sequence[tuple[dict[str, Any] | None, Line]],
    recorded_at: int,
) -> Line:
    """The verdict of a well-formed commit by the records before it."""
    same_stream = []
    for earlier, line in before:
        if line.verdict in ("malformed", "activation") or earlier is None:
            continue
        if earlier["stream_id"] == commit["stream_id"]:
            same_stream.append((earlier, line))
    accepted = [earlier for earlier, line in same_stream if line.verdict == "accepted"]
    head = sum(len(earlier["events"]) for earlier in accepted)
    if any(earlier["commit_id"] == commit["commit_id"] for earlier, _ in same_stream):
        return Line("duplicate", recorded_at, head)
    expected = commit["expected"]
    holds = {"any": True, "no_stream": head == 0, "stream_exists": head > 0}
    if not (holds[expected] if isinstance(expected, str) else expected == head):
        return Line("wrong_expected_version", recorded_at, head)
    known = [event["event_id"] for earlier in accepted for event in earlier["events"]]
    if any(event["event_id"] in known for event in commit["events"]):
        return Line("event_id_reused", recorded_at, head)
    return Line("accepted", recorded_at, head, head + 1)


def home(stream_id: str, partitions: int) -> int:
    """The partition of a stream, in the signed 32-bit arithmetic of Kafka's `Utils.murmur2`."""
    return (java_murmur2(stream_id.encode()) & 0x7FFFFFFF) % partitions


def java_murmur2(data: bytes) -> int:
    """Line by line what Kafka's Java does."""
    m, r = 0x5BD1E995, 24
    h = i32(i32(0x9747B28C) ^ len(data))
    for i in range(len(data) // 4):
        i4 = i * 4
        k = i32(
            data[i4] + (data[i4 + 1] << 8) + (data[i4 + 2] << 16) + (data[i4 + 3] << 24)
        )
        k = i32(k * m)
        k = i32(k ^ (k & 0xFFFFFFFF) >> r)
        k = i32(k * m)
        h = i32(h * m)
        h = i32(h ^ k)
    left, tail = len(data) % 4, len(data) & ~3
    if left == 3:
        h = i32(h ^ data[tail + 2] << 16)
    if left >= 2:
        h = i32(h ^ data[tail + 1] << 8)
    if left >= 1:
        h = i32(h ^ data[tail])
        h = i32(h * m)
    h = i32(h ^ (h & 0xFFFFFFFF) >> 13)
    h = i32(h * m)
    return i32(h ^ (h & 0xFFFFFFFF) >> 15)


def i32(number: int) -> int:
    """Cut to a signed 32-bit integer, as Java's int overflows."""
    return (number + 2**31) % 2**32 - 2**31
