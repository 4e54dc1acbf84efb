"""A text is one instant, or none: what others send (RFC 3339), and the one form that a record has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from eventstore.protocol.instants import is_written, rfc3339


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T09:00:00Z", (2026, 11, 23, 9)),
        ("2026-11-23t09:00:00z", (2026, 11, 23, 9)),
        ("2026-11-23T09:00:00.5Z", (2026, 11, 23, 9, 0, 0, 500_000)),
        ("2026-11-23T09:00:00.000001Z", (2026, 11, 23, 9, 0, 0, 1)),
        ("2026-11-23T09:00:00.1234567Z", (2026, 11, 23, 9, 0, 0, 123_456)),
        ("2026-11-23T09:00:00+02:30", (2026, 11, 23, 6, 30)),
        ("2026-11-23T09:00:00-02:30", (2026, 11, 23, 11, 30)),
        ("2026-11-23T23:59:59-23:59", (2026, 11, 24, 23, 58, 59)),
        ("0001-01-01T00:00:00Z", (1, 1, 1)),
        ("9999-12-31T23:59:59Z", (9999, 12, 31, 23, 59, 59)),
    ],
)
def test_an_instant_with_its_offset_is_read(
    text: str, instant: tuple[int, int, int]
) -> None:
    read = rfc3339(text)

    assert read == datetime(*instant, tzinfo=UTC)
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-23T09:00:00", "with its offset"),
        ("2026-11-23T09:00Z", "with its offset"),
        ("2026-11-23 09:00:00Z", "with its offset"),
        ("2026-11-23T09:00:00.Z", "with its offset"),
        ("2026-11-23T09:00:00+24:00", "with its offset"),
        ("2026-11-23T09:00:00+00:60", "with its offset"),
        ("2026-11-23T09:00:00Z\n", "with its offset"),
        ("2026-02-29T09:00:00Z", "that there is"),
        ("2026-11-23T09:00:60Z", "that there is"),
        ("0000-01-01T00:00:00Z", "that there is"),
        ("0001-01-01T00:00:00+00:01", "that there is"),
        ("9999-12-31T23:59:59-00:01", "that there is"),
    ],
)
def test_what_is_no_instant_is_refused_and_not_quoted(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as refused:
        rfc3339(text)

    assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-11-23T09:00:00.123456Z", True),
        ("0001-01-01T00:00:00.000000Z", True),
        ("9999-12-31T23:59:59.999999Z", True),
        ("2024-02-29T23:59:59.000000Z", True),
        ("2026-02-29T09:00:00.000000Z", False),
        ("0000-01-01T00:00:00.000000Z", False),
        ("2026-11-23T24:00:00.000000Z", False),
        ("2026-11-23T09:00:60.000000Z", False),
        ("2026-11-23T09:00:00.12345Z", False),
        ("2026-11-23T09:00:00.123456", False),
        ("2026-11-23T09:00:00.123456Z\n", False),
    ],
)
def test_a_record_has_one_form_for_an_instant(text: str, written: bool) -> None:  # noqa: FBT001
    assert is_written(text) is written
