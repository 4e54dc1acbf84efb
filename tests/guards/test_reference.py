"""The reference is what the docstrings say."""

from __future__ import annotations

from scripts.reference import PAGE, page


def test_the_reference_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "Run: python -m scripts.reference"


def test_it_has_what_users_begin_with() -> None:
    text = PAGE.read_text("utf-8")

    for name in (
        "`append(stream_id, events, expected, *, commit_id=None, timeout_s=None)`",
        "`load(aggregate_id, *, version=None, as_of=None)`",
        "class WrongExpectedVersion",
        "class Child",
    ):
        assert name in text
