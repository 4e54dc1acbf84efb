"""A second reading of docs/RECORD_FORMAT.md, written from its text alone and as plainly as possible.

Nothing here is fast, and nothing is taken from `eventstore`: two implementations that agree on everything
that hypothesis can think of are two readers of one text. The fold asks every question of the whole list of
earlier records again, so that it has no state that could go wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from teddy_es.faults.grammar import read as read

if TYPE_CHECKING:
    from collections.abc import Sequence


class Record(NamedTuple):
    """A record of the log as a consumer gets it."""

    recorded_at: int
    key: bytes | None
    value: bytes | None


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
        latest = max(0, *(r.recorded_at for r in records[: i + 1]))
        recorded_at = min(latest, 253_402_300_799_999)
        if content is not None and "activate" in content:
            if (right := content["activate"] == active + 1) and active + 1 > known:
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
