"""Every fault that is planted in what followers wrote is found, and counted as what it is; what is sound is found sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import pytest
from django.db import connection

from teddy_es.faults.findings import Findings
from teddy_es.faults.followed import MAKE, WANTED, Followed
from teddy_es.faults.judge import Place
from teddy_es.faults.naive import Line, Record
from teddy_es.faults.trouble import NotYet, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from teddy_es.faults.tables import Judged

pytestmark = pytest.mark.django_db

PLACE = Place("eventstore.conversation", 3)
FIRST, SECOND = "conversation.one", "conversation.two"
HANDLE = """
INSERT INTO campaign_followed (subscription, stream_id, version, event_id, position)
SELECT subscription, stream_id, version, event_id, position FROM campaign_followed
"""


def event_id(stream_id: str, version: int) -> str:
    """Always the same one."""
    return str(uuid5(UUID(int=0), f"{stream_id} {version}"))


def judged(
    offset: int, stream_id: str, first: int | None, *types: str
) -> tuple[int, Record, Line, dict[str, Any]]:
    """A record as the judge gives it on. first: version; none: the log refused it."""
    events = [
        {"event_id": event_id(stream_id, (first or 90) + n), "type": name}
        for n, name in enumerate(types)
    ]
    verdict = "accepted" if first else "wrong_expected_version"
    line = Line(verdict, 0, None, first)
    return offset, Record(0, b"", b""), line, {"stream_id": stream_id, "events": events}


LOG: list[Judged] = [
    judged(0, FIRST, 1, "TeddyReplied", "ChildSpoke"),
    judged(1, SECOND, 1, "TeddyReplied"),
    judged(2, FIRST, None, "TeddyReplied"),
    judged(4, FIRST, 3, "TeddyReplied"),
]
RIGHT = [
    (FIRST, 1, "0/0", "TeddyReplied"),
    (FIRST, 2, "0/1", "ChildSpoke"),
    (SECOND, 1, "1/0", "TeddyReplied"),
    (FIRST, 3, "4/0", "TeddyReplied"),
]


@pytest.fixture
def followed() -> Iterator[None]:
    """What three handlers wrote that did well."""
    with connection.cursor() as cursor:
        cursor.execute(MAKE)
        for name, wanted in WANTED.items():
            for stream_id, version, where, event_type in RIGHT:
                if wanted in (None, event_type):
                    cursor.execute(
                        "INSERT INTO campaign_followed (subscription, stream_id, version, event_id, position)"
                        " VALUES (%s, %s, %s, %s, %s)",
                        [name, stream_id, version, event_id(stream_id, version), f"{PLACE.topic}/3/{where}"],
                    )  # fmt: skip
        yield
        cursor.execute("DROP TABLE campaign_followed")


def found() -> tuple[dict[str, int], dict[str, int]]:
    """What is not zero; and the rows by subscription."""
    findings = Findings()
    held = Followed(findings)
    assert list(held.noting(PLACE, LOG)) == LOG
    held.compare(connection.connection)
    return {kind: n for kind, n in findings.zeros.items() if n}, dict(held.rows)


@pytest.mark.usefixtures("followed")
def test_what_handled_each_event_once_and_in_order_is_sound() -> None:
    assert found() == ({}, {"all": 4, "batches": 3, "troubled": 4})


@pytest.mark.usefixtures("followed")
@pytest.mark.parametrize(
    ("spoil", "zeros"),
    [
        ("DELETE FROM campaign_followed WHERE subscription = 'all' AND version = 2", {"missed": 1}),
        ("DELETE FROM campaign_followed WHERE subscription = 'batches'", {"missed": 3}),
        (f"{HANDLE} WHERE subscription = 'all' AND version = 3", {"again": 1}),
        (f"{HANDLE} WHERE subscription = 'troubled'", {"again": 4}),
        ("UPDATE campaign_followed SET serial = 99 WHERE subscription = 'troubled' AND version = 2", {"disorder": 1}),
        ("UPDATE campaign_followed SET serial = -serial WHERE subscription = 'all'", {"disorder": 2}),
        ("UPDATE campaign_followed SET version = 9 WHERE subscription = 'all' AND version = 3",
         {"missed": 1, "foreign": 1}),
        ("UPDATE campaign_followed SET event_id = gen_random_uuid() WHERE subscription = 'all' AND version = 2",
         {"missed": 1, "foreign": 1}),
        ("UPDATE campaign_followed SET position = 'eventstore.conversation/3/3/0' WHERE version = 3",
         {"missed": 3, "foreign": 3}),
        ("UPDATE campaign_followed SET subscription = 'batches' WHERE subscription = 'all' AND version = 2",
         {"missed": 1, "foreign": 1}),
        ("UPDATE campaign_followed SET subscription = 'who' WHERE subscription = 'all' AND version = 2",
         {"missed": 1, "foreign": 1}),
        ("INSERT INTO campaign_followed (subscription, stream_id, version, event_id, position)"
         " SELECT subscription, stream_id, 90, event_id, 'eventstore.conversation/3/2/0' FROM campaign_followed"
         " WHERE subscription = 'all' AND version = 3", {"foreign": 1}),
    ],
    ids=["one missing", "all missing", "doubled", "all doubled", "late", "backwards", "another version",
         "another event", "another position", "not wanted", "a stranger's", "refused by the log"],
)  # fmt: skip
def test_what_is_not_so_is_found(spoil: str, zeros: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(spoil)

    assert found()[0] == zeros


def test_a_handler_fails_of_some_events_as_often_whoever_handles_them(
    tmp_path: Path,
) -> None:
    ids = [UUID(int=n) for n in range(1, 1_501)]
    failed = dict.fromkeys(ids, 0)
    for _ in range(9):
        for one in ids:
            try:
                Trouble(tmp_path).strike(one)  # each time as in a new process
            except NotYet:
                failed[one] += 1

    assert sum(times > 0 for times in failed.values()) == 10
    assert {times for times in failed.values() if times} == {1, 2, 3, 4, 5}
    assert Trouble(tmp_path).failures == sum(failed.values())
