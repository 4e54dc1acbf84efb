"""Hourly counts: what a plain count of the events says, whoever counted it and in however many batches."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from audit.people.hours import KINDS, Count, counts, kind_of
from audit.people.models import HourCount
from teddy_es.domain.child import ChildRegistered
from teddy_es.domain.conversation import MessageScreened, TeddyReplied
from tests.integration.pages.test_browse_plans import nodes, plans
from tests.support.families import handle

if TYPE_CHECKING:
    from tests.support.families import Families

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
ALWAYS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
FILL = """
    INSERT INTO people_hourcount (hour, kind, partition_id, count)
    SELECT '2026-01-01T00:00Z'::timestamptz + h * interval '1 hour', kind, p, 1
      FROM generate_series(1, 2000) h, unnest(%(kinds)s::text[]) kind, generate_series(1, 3) p;
    ANALYZE people_hourcount
"""


def happen(families: Families, at: datetime) -> None:
    """One of everything, and two messages."""
    about: dict[str, Any] = {"child_id": "c-1"}
    families.happens(
        "conversation.t-1",
        TeddyReplied(**about, text="Hello"),
        TeddyReplied(**about, text="Anybody there?"),
        MessageScreened(**about, message_version=1, detector="d", policy_version="1"),
        occurred_at=at,
    )


def test_each_kind_is_counted_in_the_hour_in_which_it_happened(
    families: Families,
) -> None:
    families.registers("c-1", "p-1")  # is not counted
    for minutes in (0, 59, 60, 125):
        happen(families, NOON + timedelta(minutes=minutes))

    handle("hours")

    assert counts(*ALWAYS, kinds=["message", "screened"]) == [
        Count(NOON, "message", 4),
        Count(NOON, "screened", 2),
        Count(NOON + timedelta(hours=1), "message", 2),
        Count(NOON + timedelta(hours=1), "screened", 1),
        Count(NOON + timedelta(hours=2), "message", 2),
        Count(NOON + timedelta(hours=2), "screened", 1),
    ]


def test_what_is_counted_later_is_added(families: Families) -> None:
    for _ in range(3):
        happen(families, NOON)
        families.detects("c-1", f"v-{_}", severity="critical")
        families.looks("ada", "c-1", "c-2")
        families.talks(f"t-{_ + 2}", "c-1")
        handle("hours")

    total: Counter[str] = Counter()
    for one in counts(*ALWAYS):
        total[one.kind] += one.count
    assert total == {
        "message": 6,
        "screened": 3,
        "violation_critical": 3,
        "look": 3,
        "conversation": 3,
    }


def test_partitions_are_counted_apart_and_added_up(families: Families) -> None:
    streams = [f"conversation.t-{n}" for n in range(40)]
    for stream in streams:
        said = TeddyReplied(child_id="c-1", text="Hello")
        families.happens(stream, said, occurred_at=NOON)

    handle("hours")

    assert HourCount.objects.count() > 1
    assert counts(*ALWAYS) == [Count(NOON, "message", len(streams))]


@pytest.mark.django_db
def test_days_are_those_of_utc_and_both_ends_count_as_they_say() -> None:
    rows = [
        HourCount(hour=NOON.replace(hour=hour), kind="look", partition_id=p, count=1)
        for hour in (0, 1, 23)
        for p in (1, 2)
    ]
    rows += [
        HourCount(hour=NOON + timedelta(hours=12), kind="look", partition_id=1, count=7)
    ]
    HourCount.objects.bulk_create(rows)
    day = NOON.replace(hour=0)

    [whole] = counts(day, day + timedelta(days=1), step="day")
    assert whole == Count(day, "look", 6)
    [tail] = counts(
        day + timedelta(hours=1), day + timedelta(hours=24), step="day", kinds=["look"]
    )
    assert tail == Count(day, "look", 4)
    assert counts(*ALWAYS, kinds=[]) == []


@pytest.mark.parametrize("year", [1, 9999])
def test_a_clock_that_is_wrong_is_counted_where_it_says(
    families: Families, year: int
) -> None:
    at = datetime(year, 6, 1, 5, 30, tzinfo=UTC)
    happen(families, at)

    handle("hours")

    assert {one.start for one in counts(*ALWAYS)} == {at.replace(minute=0)}


def test_what_is_not_counted_is_no_kind() -> None:
    with pytest.raises(TypeError, match="ChildRegistered is not counted"):
        kind_of(ChildRegistered(parent_id="p-1", name="Mia"))


@pytest.mark.django_db
def test_an_index_answers_by_hours() -> None:
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"kinds": list(KINDS)})

    asked: list[dict[str, Any]] = [
        node
        for plan in plans(lambda: counts(NOON, NOON + timedelta(days=2), step="day"))
        for node in nodes(plan)
    ]

    assert {node["Index Name"] for node in asked if "Index Name" in node} == {
        "people_hourcount_pkey"
    }
    assert "Seq Scan" not in {node["Node Type"] for node in asked}
