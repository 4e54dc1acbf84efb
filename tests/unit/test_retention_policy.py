"""How long a class is kept: what a policy may say, which one is in force, and where a month ends."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.privacy.policy import (
    Policy,
    PolicyError,
    in_force,
    policies,
    refuse_missing,
)
from tests.strategies import GATE

TODAY = date(2026, 11, 30)
SAID: dict[str, Any] = {
    "since": "2026-01-01",
    "months": 12,
    "purpose": "to answer",
    "need": "questions come within a year",
    "source": "decision 7",
}


def policy(months: int | None) -> Policy:
    return Policy("talk", date(2026, 1, 1), months, "p", "n", "s")


@pytest.mark.parametrize(
    ("today", "months", "before"),
    [
        ("2026-11-01", 12, "2025-11"),  # October 2025 is wholly past by one day
        ("2026-10-31", 12, "2025-10"),
        ("2026-11-30", 12, "2025-11"),
        ("2026-01-01", 1, "2025-12"),
        ("2026-01-31", 0, "2026-01"),
        ("2026-02-01", 0, "2026-02"),
        ("2024-02-29", 12, "2023-02"),
        ("2026-12-01", 11, "2026-01"),
        ("0001-05-01", 2400, "0001-01"),
    ],
)
def test_keys_of_months_before_this_one_are_past(
    today: str, months: int, before: str
) -> None:
    assert policy(months).before(date.fromisoformat(today)) == before


@GATE
@given(
    st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    st.dates(date(1980, 1, 1), date(2100, 1, 1)),
    st.integers(0, 240),
)
def test_a_day_is_past_when_its_whole_month_and_the_period_behind_it_are(
    today: date, day: date, months: int
) -> None:
    """By counting, instead of reckoning: from the month of the day, month by month."""
    year, month = day.year, day.month
    for _ in range(months + 1):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    ends = date(year, month, 1)  # the first day on which nothing of it is kept

    before = policy(months).before(today)

    assert before is not None
    assert (f"{day:%Y-%m}" < before) == (today >= ends)


def test_what_is_kept_until_an_erasure_is_never_past() -> None:
    assert policy(None).before(TODAY) is None


@pytest.mark.parametrize(
    ("months", "period"),
    [
        (12, "1 year"),
        (24, "2 years"),
        (18, "18 months"),
        (0, "0 months"),
        (None, "until it is erased"),
    ],
)
def test_a_period_is_said_in_words(months: int | None, period: str) -> None:
    assert policy(months).period == period


def test_the_last_policy_that_has_begun_is_in_force() -> None:
    later = {**SAID, "since": "2026-12-01", "months": 6}
    of_class = policies({"talk": [later, SAID]})["talk"]

    first, second = in_force(of_class, TODAY), in_force(of_class, date(2026, 12, 1))

    assert first is not None
    assert second is not None
    assert (first.months, second.months) == (12, 6)
    assert in_force(of_class, date(2025, 12, 31)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        "12 months",
        [{**SAID, "months": -1}],
        [{**SAID, "months": True}],
        [{**SAID, "months": 1.5}],
        [{**SAID, "months": 2401}],
        [{**SAID, "purpose": " "}],
        [{**SAID, "need": 7}],
        [{**SAID, "since": "soon"}],
        [{**SAID, "since": None}],
        [{**SAID, "until": "2027-01-01"}],
        [{"months": 12}],
        [SAID, SAID],
        [None],
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(PolicyError, match="class talk"):
        policies({"talk": wrong})


def test_snapshots_have_no_policy_of_their_own() -> None:
    with pytest.raises(PolicyError, match="snapshot"):
        policies({"snapshot": [SAID]})


@pytest.mark.parametrize(
    ("configured", "class_"),
    [
        ({}, "talk"),
        ({"talk": [{**SAID, "since": "2027-01-01"}]}, "talk"),
        ({"talk": [SAID], "tlak": [SAID]}, "tlak"),
    ],
)
def test_a_class_without_a_policy_and_a_policy_without_a_class_are_refused(
    configured: Any, class_: str
) -> None:
    with pytest.raises(PolicyError, match=f"class {class_}"):
        refuse_missing(policies(configured), {"talk"}, {"talk", "clear"}, TODAY)
