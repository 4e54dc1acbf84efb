"""What stands in the index and nobody can read is listed by a check, in bounded time however much there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import msgspec
import pytest
from django.core.management import call_command
from django.db import connection

from eventstore.checks import system as checks
from eventstore.checks.types import of_history
from eventstore.events import Commit, CommitEvent, Expected
from eventstore.protocol.accepted import decode_accepted
from eventstore.protocol.canonical import write
from eventstore.queries import written_types as queries
from eventstore.queries.connection import unchecked_cursor
from eventstore.registry import Event, Registry
from tests.integration.pages.test_browse_plans import nodes, plans
from tests.support.recorders import RECORDED
from tests.support.worlds import World, changed

if TYPE_CHECKING:
    from django.core.checks import CheckMessage
    from pytest_django.fixtures import Settings


BEGAN = datetime(2026, 11, 20, tzinfo=UTC)
EVENT = """
    INSERT INTO eventstore_event (position, event_id, stream_id, version, event_type, occurred_at, recorded_at)
    VALUES (%s, %s, %s, %s, %s, now(), %s)
"""
RECORD = """
    INSERT INTO eventstore_record (position, recorded_at, verdict, commit_id, stream_id, first_version, event_count,
                                   key, value, hash)
    VALUES (%s, %s, 1, %s, %s, %s, %s, 'k', %s, 'h')
"""
MANY = """
    INSERT INTO eventstore_event
    SELECT (2::bigint << 57) + (n::bigint << 10), gen_random_uuid(), 'conversation.c-' || n, 1, 'Type' || n %% 12, now(),
           '2026-11-20T00:00Z'::timestamptz + n * interval '1 second', NULL, NULL
      FROM generate_series(1, %(rows)s) n;
    INSERT INTO eventstore_record (position, recorded_at, verdict, commit_id, stream_id, first_version, event_count,
                                   key, value, hash)
    SELECT position, recorded_at, 1, event_id, stream_id, version, 1, 'k', %(value)s, 'h' FROM eventstore_event;
    ANALYZE eventstore_event, eventstore_record;
"""


class Weighed(Event, frozen=True, kw_only=True):
    """Of schema 3, in today's code."""

    grams: int


def registered(
    *steps: int, name: str = "Weighed", stream_type: str = "parcel", schema: int = 3
) -> Registry:
    """Today's code, with upcasters that begin at these schemas."""
    made = Registry()
    for known, number in (("parcel", 1), ("van", 2)):
        made.stream_type(known, number=number)
    made.event_type(
        Weighed, stream_type=stream_type, subject=None, name=name, schema=schema
    )
    for step in steps:
        made.upcaster(name, from_schema=step, upcast=dict)
    return made


def folded(
    n: int, *schemas: int, of: str = "Weighed", stream: str = "parcel.p-1", **data: Any
) -> None:
    """The n-th record: a commit of events in these schemas, mirrored and in the index."""
    events = [
        CommitEvent(uuid4(), of, schema, "2026-11-20T00:00:00.000000Z", None, None, data or {"grams": n})
        for schema in schemas
    ]  # fmt: skip
    first = n * 10 + 1
    commit = Commit(
        uuid4(), stream, Expected(first - 1 if n else "no_stream"), tuple(events)
    )
    position, at = (1 << 57) + (n << 10), BEGAN + timedelta(hours=n)
    with connection.cursor() as db:
        row: list[Any] = [position, at, commit.commit_id, stream, first, len(events)]
        db.execute(RECORD, [*row, write(commit)])
        for i, event in enumerate(events):
            row = [position + i, event.event_id, stream, first + i, of, at]
            db.execute(EVENT, row)


def told(types: Registry, **limits: int) -> list[str]:
    """What the check says."""
    with unchecked_cursor() as cursor:
        found = of_history(cursor, types, **limits)
    assert all(one.id == "eventstore.W004" and one.hint for one in found)
    return [one.msg for one in found]


@pytest.mark.usefixtures("db")
def test_what_is_registered_as_it_was_written_is_passed_in_silence() -> None:
    folded(0, 1, 2)
    folded(1, 3)

    assert told(registered(1, 2)) == []


@pytest.mark.usefixtures("db")
def test_a_class_that_was_renamed_without_a_name_is_told() -> None:
    folded(0, 3, 3)

    [one] = told(registered(1, 2, name="Measured"))

    assert one.startswith("Nobody can read Weighed in schema 3 of parcel streams")
    assert "no event type of this name is registered" in one


@pytest.mark.usefixtures("db")
def test_an_upcaster_that_was_removed_is_told_for_each_schema_before_it() -> None:
    folded(0, 1, 2, 3)
    folded(1, 3)

    first, second = told(registered())

    assert "Weighed in schema 1 of" in first
    assert "Weighed in schema 2 of" in second
    assert "no upcaster leads from there" in first
    assert len(told(registered(2))) == 1


@pytest.mark.usefixtures("db")
def test_code_that_is_older_than_the_log_is_told() -> None:
    folded(0, 4)

    [one] = told(registered(1, 2))

    assert "Weighed in schema 4 of" in one


@pytest.mark.usefixtures("db")
def test_a_stream_type_that_nobody_registers_and_one_of_other_events_are_told() -> None:
    folded(0, 3, stream="cart.c-1")
    folded(1, 3, stream="van.v-1")
    folded(2, 3)

    cart, van = told(registered())

    assert "of cart streams, which stands in the log: no stream type of this" in cart
    assert "of van streams, which stands in the log: the type is registered for" in van


@pytest.mark.usefixtures("db")
def test_a_class_that_changed_without_a_new_schema_is_told() -> None:
    folded(0, 3, ounces=1)

    [one] = told(registered())

    assert "do not fit the class" in one


@pytest.mark.usefixtures("db")
def test_one_event_that_another_program_wrote_wrongly_is_no_news() -> None:
    folded(0, 3, ounces=1)
    folded(1, 3)

    assert told(registered()) == []


@pytest.mark.usefixtures("db")
def test_a_type_whose_record_the_mirror_lacks_is_told_by_its_name_alone() -> None:
    with connection.cursor() as db:
        row: list[Any] = [1 << 57, UUID(int=1), "parcel.p", 1, "Weighed", BEGAN]
        db.execute(EVENT, row)

    assert told(registered()) == []
    [one] = told(registered(name="Measured"))
    assert one.startswith("Nobody can read Weighed, which stands in the log")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("probes", [1, 2, 3, 8])
def test_of_a_type_the_first_the_last_and_some_between_are_looked_at(
    probes: int,
) -> None:
    for n in range(50):
        folded(n, 3)
    folded(50, 9)

    with unchecked_cursor() as cursor:
        cursor.execute(
            queries._PROBES, {"type": "Weighed", "steps": max(1, probes - 1)}
        )
        values = [bytes(value) for [value] in cursor.fetchall()]
        looked = [decode_accepted(v).events[0].data["grams"] for v in values]
        found = list(
            queries.unreadable(cursor, registered(), ["Weighed"], probes=probes)
        )

    assert (looked[0], looked[-1]) == (0, 50)
    assert len(looked) == max(2, probes)
    assert [one.schema for one in found] == [9]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("most", [1, 2, 3])
def test_so_many_types_are_looked_at_and_what_was_not_is_said(most: int) -> None:
    for n, name in enumerate(["A", "B"]):
        folded(n, 1, of=name)

    found = told(registered(), most=most)

    assert sum("Nobody can read" in one for one in found) == min(most, 2)
    assert ("or more" in found[-1]) == (most <= 2)


@pytest.mark.usefixtures("db")
def test_without_an_index_nothing_is_said() -> None:
    with connection.cursor() as db:
        db.execute("ALTER TABLE eventstore_event RENAME TO elsewhere")

    assert told(registered()) == []


def test_check_lists_it_when_the_database_is_named(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: Settings,
) -> None:
    settings.EVENTSTORE |= RECORDED
    store = world.store()
    store.append(world.stream(), [changed()], "any")

    def ids() -> set[str | None]:
        found: list[CheckMessage] = checks.check_database(databases=["default"])
        return {one.id for one in found}

    assert "eventstore.W004" not in ids()
    monkeypatch.setattr(checks, "registry", lambda: registered(1, 2))
    assert "eventstore.W004" in ids()
    call_command("check", databases=["default"])
    assert "Nobody can read OrderChanged in schema 1" in capsys.readouterr().err


@pytest.fixture
def many(db: None) -> None:
    """20,000 events of 12 types."""
    events = (CommitEvent(uuid4(), "Type0", 1, "2026-11-20T00:00:00.000000Z", None, None, {}),)  # fmt: skip
    commit = Commit(uuid4(), "conversation.c", Expected("any"), events)
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"rows": 20_000, "value": write(commit)})


def everything() -> list[str]:
    """As the check asks."""
    return told(registered())


@pytest.mark.usefixtures("many")
def test_it_is_a_step_of_an_index_for_each_type_and_each_event_that_is_looked_at() -> (
    None
):
    found = [
        node
        for plan in plans(everything)
        for node in nodes(plan)
        # PostgreSQL's own catalogue is small, and read as it likes
        if node.get("Relation Name") != "pg_class"
        and "pg_class" not in node.get("Index Name", "")
    ]

    kinds = {node["Node Type"] for node in found}
    assert not kinds & {"Seq Scan", "Hash Join", "Merge Join", "Bitmap Heap Scan"}
    assert {n["Index Name"] for n in found if "Index Name" in n} <= {
        "eventstore_event_type",
        "eventstore_record_pkey",
    }


@pytest.mark.usefixtures("many")
def test_as_many_rows_are_touched_as_there_are_types_and_probes() -> None:
    explain = "EXPLAIN (ANALYZE, FORMAT JSON) "
    touched = []
    with unchecked_cursor() as cursor:
        asked: list[tuple[str, dict[str, Any]]] = [
            (queries._TYPES, {"most": queries.MOST}),
            (queries._PROBES, {"type": "Type3", "steps": 7}),
        ]
        for sql, given in asked:
            cursor.execute(explain + sql, given)
            [[plan]] = cursor.fetchall()
            plan = msgspec.json.decode(plan) if isinstance(plan, str) else plan
            touched.append(
                sum(
                    node["Actual Rows"] * node["Actual Loops"]
                    for node in nodes(plan[0]["Plan"])
                    if node.get("Index Name") == "eventstore_event_type"
                )
            )

    assert touched[0] <= 13
    assert touched[1] <= 12
