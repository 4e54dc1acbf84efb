"""A tiny measurement of each kind: what it finds has its shape, and nothing of it is left behind."""

from __future__ import annotations

import json
import os
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from teddy_es.bench import append
from teddy_es.bench.plan import Plan
from teddy_es.bench.run import run
from teddy_es.bench.sealing import SEAL
from teddy_es.demo import demo_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore

# a measurement's world has tables of both databases
pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

EVERYBODY = {"teddy", "eventsourcing", "eventsourcing-functions", "insert"}


@pytest.fixture(autouse=True)
def _nothing_is_left(embedded_store: EventStore) -> Iterator[None]:
    """The configured store is as it was, and the server has no database of this process' making any more."""
    yield
    assert databases() == []
    assert list(embedded_store.read_all()[0]) == []


def databases() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s",
            [rf"teddy\_bench\_{os.getpid()}\_%"],
        )
        return [name for (name,) in cursor.fetchall()]


def measured(*what: str, **options: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """What a tiny run found, by measure and contestant."""
    out = StringIO()
    tiny = {"rounds": 1, "seconds": 0.05, "events": 60, "json": "-"}
    call_command("bench", *what, **(tiny | options), stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["conditions"]["postgresql"]["fsync"]
    assert answer["conditions"]["noise"]["loop_ms"]["median"] > 0
    return {(one["measure"], one["contestant"]): one for one in answer["measures"]}


@pytest.mark.parametrize("name", ["1", "8", "8-one-stream"])
def test_appends(name: str) -> None:
    found = measured("append", only=(name,))

    assert {who for _, who in found} == EVERYBODY
    ours = found[f"append/{name}", "teddy"]
    assert ours["p50"] <= ours["p99"]
    assert ours["ratio"] > 0
    assert ours["reached"] in (True, False)


def test_appends_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of each are a crew, too; sixteen starts would take most of the time."""
    _, turn = append.TURNS["append/8-processes"]
    monkeypatch.setitem(append.TURNS, "append/8-processes", (2, turn))
    pair = ("teddy", "eventsourcing-functions")

    found = measured("append", only=("8-processes",), contestants=pair)

    assert {who for _, who in found} == set(pair)
    assert all(one["median"] > 0 for one in found.values())


def test_seal() -> None:
    found = measured("seal", keys=50)

    ours = {measure for measure, who in found if who == "teddy"}
    assert ours == {*SEAL, "seal/key-rotate-memory"}
    for name in ("append-1", "append-64", "load"):
        assert found[f"seal/{name}", "teddy"]["ratio"] > 0
        assert found[f"seal/{name}", "teddy"]["reached"] in (True, False)
    assert found["seal/erase", "teddy"]["unit"] == "s"
    assert found["seal/open", "teddy"]["unit"] == "µs"
    look_up = found["seal/key-look-up", "teddy"]
    assert 0 < look_up["p50"] <= look_up["p99"]
    assert found["seal/key-rotate", "teddy"]["median"] > 0
    assert 10 < found["seal/key-rotate-memory", "teddy"]["median"] < 1_000


def test_follow() -> None:
    found = measured("follow", contestants=("teddy", "eventsourcing"))

    names = {measure.removeprefix("follow/") for measure, _ in found}
    kinds = {
        f"{kind}-{n}" for kind in ("each", "batches") for n in ("one", "two", "shared")
    }
    assert names == kinds | {"feed", "feed-alone", "live", "live-p99"}
    assert found["follow/feed", "teddy"]["ratio"] > 0
    assert found["follow/live", "teddy"]["p50"] <= found["follow/live", "teddy"]["p99"]
    assert all(one["median"] >= 0 for one in found.values())


def test_rebuild() -> None:
    found = measured("rebuild", rounds=2)

    names = {measure.removeprefix("rebuild/") for measure, _ in found}
    assert names == {"speed", "compare", "switch", "reads-alone", "reads-meanwhile"}
    assert all(one["median"] > 0 for one in found.values())


def test_mirror() -> None:
    found = measured("mirror", rounds=2)

    assert {who for _, who in found} == {"teddy", "copy"}
    assert len(found["mirror/speed", "teddy"]["values"]) == 2
    assert 10 < found["mirror/memory", "teddy"]["median"] < 1_000


def test_the_mirror_of_an_export(tmp_path: Path) -> None:
    file = tmp_path / "demo.ndjson"
    file.write_bytes(b"".join(demo_lines(2)))

    found = measured("mirror", file=str(file))

    assert found["mirror/speed", "teddy"]["median"] > 0


def test_reads() -> None:
    found = measured("read")

    assert {who for _, who in found} == EVERYBODY


def test_space() -> None:
    found = measured("space")

    with_log = found["space/event", "teddy"]["median"]
    assert with_log > found["space/without-log", "teddy"]["median"] > 0
    assert found["space/event", "eventsourcing"]["median"] > 0


def test_loads_of_aggregates_and_whether_they_are_flat() -> None:
    found = measured("aggregates", only=("load-10", "load-10000"), rounds=2)

    short, long = (found[f"aggregates/load-{n}", "teddy"] for n in (10, 10_000))
    flat = found["aggregates/flat", "teddy"]
    pairs = zip(long["values"], short["values"], strict=True)
    assert flat["values"] == [last / first for last, first in pairs]
    assert flat["target"] == "≤ 1.3"
    assert ("aggregates/flat", "eventsourcing") not in found


def test_one_load_alone_is_compared_with_none() -> None:
    found = measured("aggregates", only=("load-10",))

    assert {measure for measure, _ in found} == {"aggregates/load-10"}


def test_what_is_measured_on_a_full_store() -> None:
    found = measured("export", "history", seconds=0.01)

    assert found["export/speed", "teddy"]["median"] > 0
    for measure in ("history/events", "history/streams"):
        assert len(found[measure, "teddy"]["values"]) == 7
        assert found[measure, "teddy"]["ratio"] > 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, LookupError])
@pytest.mark.parametrize("when", ["round 1 of 2, teddy", "round 2 of 2, insert"])
def test_whatever_ends_it_nothing_is_left(
    error: type[BaseException], when: str
) -> None:
    def tell(note: str) -> None:
        if when in note:
            assert len(databases()) == 2  # one has the keys
            raise error

    plan = Plan(rounds=2, seconds=0.02, only=frozenset({"1"}), tell=tell)

    with pytest.raises(error):
        list(run(["append"], plan))


def test_who_stops_listening_leaves_nothing_either() -> None:
    series = run(["append"], Plan(rounds=1, seconds=0.02, only=frozenset({"1"})))

    next(series)
    series.close()


def test_a_server_without_room_for_all_writers_is_refused_before_anything_is_made() -> (
    None
):
    many = {"contestants": ("teddy",) * 100, "only": ("8-processes",)}

    with pytest.raises(CommandError, match="--only 1,8"):
        call_command("bench", "append", **many)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["apend"], "There are: append, mirror"),
        (["append", "--contestants", "me"], "There is no me"),
        (["append", "--only", "8,77"], "There is no 77"),
        (["append", "--only", "index"], "Nothing was measured"),
        (["mirror", "--file", "/no/such/file"], "No such file"),
        (["append", "--json", "/no/such/place/x.json"], "No such file"),
    ],
)
def test_what_is_not_there_is_told(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("bench", *arguments)


@pytest.mark.kafka
def test_on_kafka(settings: Settings, kafka_bootstrap: str) -> None:
    given = {"LOG": "kafka", "KAFKA_BOOTSTRAP": kafka_bootstrap.split(",")}
    settings.EVENTSTORE = settings.EVENTSTORE | given

    found = measured("append", only=("1",))

    assert found["append/1", "teddy"]["target"].startswith("≥ 0.7")
    assert topics_of_measurements(kafka_bootstrap) == []


def topics_of_measurements(bootstrap: str) -> list[str]:
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        return [name for name in admin.list_topics() if "eventstore.bench_" in name]
    finally:
        admin.close()
