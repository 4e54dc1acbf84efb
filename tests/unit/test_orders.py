"""Who acts on a subscription says so, and why."""

from __future__ import annotations

import pytest

from eventstore.subscriptions.operating import MAX_REASON, Order, StillFollowed


@pytest.mark.parametrize(
    "reason", ["x", "x" * MAX_REASON, f"  {'x' * MAX_REASON}\n", "two\nlines\tthere"]
)
def test_what_stands_at_a_border_is_taken(reason: str) -> None:
    assert Order(by="ada", reason=reason).reason == reason


@pytest.mark.parametrize(
    "reason", ["", " \n", "x" * (MAX_REASON + 1), "a\0b", "a\u200bb"]
)
def test_what_lies_behind_it_is_refused(reason: str) -> None:
    with pytest.raises(ValueError, match=r"reason|nobody sees"):
        Order(by="ada", reason=reason)


@pytest.mark.parametrize("by", ["", " ", "a\u202eda"])
def test_nobody_is_no_name(by: str) -> None:
    with pytest.raises(ValueError, match=r"Name who|nobody sees"):
        Order(by=by, reason="x")


def test_who_is_still_followed_is_named() -> None:
    error = StillFollowed("totals")

    assert (error.name, error.code) == ("totals", "subscription-followed")
    assert str(error).startswith("totals is followed by this project's code")
