"""Import, export and read_stream against a real store on the embedded log."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from eventstore.errors import IndexRebuilt
from eventstore.events import Cut
from eventstore.exchange.exporter import export_events, export_stream
from eventstore.exchange.importer.flight import Limits
from eventstore.exchange.importer.run import import_events
from eventstore.log import topics
from eventstore.opening import opener
from eventstore.store import EventStore, _the_store, get_event_store
from eventstore.upkeep.rebuild import refold, reset
from teddy_es.demo import demo_lines
from tests.acceptance.launched import becomes_true
from tests.plugins.keys import forget_keys
from tests.support.processes import a_command
from tests.support.recorders import Recorder
from tests.unit.import_store import FakeClock, a_line, uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.backends.utils import CursorWrapper
    from pytest_django.fixtures import Settings


def a_saying(talk: str, n: int, commit: object = None, **changes: Any) -> bytes:
    """A line of a conversation in which the n-th thing is said."""
    fields = {
        "type": "ChildSpoke",
        "subject": f"conversation.{talk}",
        "data": {"child_id": "child-1", "text": f"{n}"},
        "correlationid": uid(talk),
        "time": f"2018-05-02T19:38:15.{n:06}+02:00",
    }
    return a_line(talk, n, commit, **fields | changes)


@pytest.fixture
def teddy(transactional_db: None, settings: Settings) -> Iterator[EventStore]:
    """The configured store, empty, with its topics."""
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "embedded",
        "PARTITIONS": 3,
        "ACCESS_RECORDER": "tests.support.recorders.Recorder",
    }
    yield begin()
    Recorder.forget()
    get_event_store().close()
    _the_store.cache_clear()


def begin() -> EventStore:
    _the_store.cache_clear()
    store = get_event_store()
    indexer = store.make_indexer()
    topics.create(store.topics, indexer.log, indexer.connection())
    indexer.close()
    indexer.log.close()
    return store


def begin_anew() -> EventStore:
    """The same store, empty again, and with it its keys."""
    get_event_store().close()
    call_command("flush", interactive=False, verbosity=0)
    forget_keys()
    return begin()


def run(name: str, *args: str) -> tuple[int, str, str]:
    """A command's exit code and what it said."""
    out, err = StringIO(), StringIO()
    try:
        call_command(name, *args, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), f"{err.getvalue()}{error}"
    return 0, out.getvalue(), err.getvalue()


def exported(tmp_path: Path, *args: str) -> list[dict[str, Any]]:
    """Opened, for a box is another each time that something is sealed."""
    args = ("--unseal", "--purpose", "audit", *args)
    path = tmp_path / "out.ndjson"
    code, _, said = run("export_events", "--output", str(path), *args)
    assert code == 0, said
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def timeless(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what another log at another time has of its own, by stream and version."""
    own = {"recordedtime", "logposition"}
    cut = [{k: v for k, v in line.items() if k not in own} for line in lines]
    return sorted(cut, key=lambda line: (line["subject"], line["streamversion"]))


def spoken(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what the log is told of keys."""
    return [line for line in lines if not line["subject"].startswith("privacy.")]


def texts(store: EventStore, talk: str) -> list[str]:
    read = store.read(f"conversation.{talk}", opener=opener())
    return [event.data["text"] for event in read]


KEYS = 1  # the log is told of the key under which the file's events are sealed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two conversations whose lines alternate, some of them commits of two."""
    lines = [
        line
        for n in range(0, 40, 2)
        for talk in ("conv-a", "conv-b")
        for line in (a_saying(talk, n, n), a_saying(talk, n + 1, n))
    ]
    path = tmp_path / "in.ndjson"
    path.write_bytes(b"".join(lines))
    return path


def test_what_was_exported_makes_the_same_streams_in_an_empty_store(
    teddy: EventStore, file: Path, tmp_path: Path
) -> None:
    assert run("import_events", str(file))[0] == 0
    first = exported(tmp_path)
    (tmp_path / "out.ndjson").rename(tmp_path / "again.ndjson")
    begin_anew()
    assert exported(tmp_path) == []

    code, said, _ = run("import_events", str(tmp_path / "again.ndjson"), "--json")

    assert code == 0
    done = json.loads(said)
    assert (done["commits"], done["left_out"]) == (40, KEYS)
    again = exported(tmp_path)
    assert timeless(spoken(again)) == timeless(spoken(first))
    assert len(spoken(first)) == len(first) - KEYS == len(again) - KEYS == 80


def test_an_export_says_all_there_is_to_an_event(
    teddy: EventStore, file: Path, tmp_path: Path
) -> None:
    run("import_events", str(file))

    line = exported(tmp_path, "--stream", "conversation.conv-a")[3]

    event = list(teddy.read("conversation.conv-a"))[3]
    assert line["time"] == "2018-05-02T17:38:15.000003Z"
    assert line["streamversion"] == event.metadata.version == 4
    assert line["commitid"] == str(event.commit_id) == uid(2)
    assert line["logposition"] == str(event.position)
    assert line["source"] == "/teddy"
    assert line["schemaversion"] == 1


def test_an_export_is_in_the_logs_order_and_goes_on_behind_a_cut(
    teddy: EventStore, file: Path, tmp_path: Path
) -> None:
    run("import_events", str(file))
    _, said, _ = run("export_events", "--output", str(tmp_path / "x"), "--json")
    cut = json.loads(said)["cut"]
    assert exported(tmp_path, "--after", cut) == []
    more = a_saying("conv-a", 100)

    import_events(BytesIO(more), teddy, clock=FakeClock())

    assert [line["data"]["text"] for line in exported(tmp_path, "--after", cut)] == [
        "100"
    ]
    places = [line["logposition"].split("/") for line in exported(tmp_path)]
    order = [(topic, int(p), int(o), int(i)) for topic, p, o, i in places]
    assert order == sorted(order)
    assert Cut.parse(cut).offsets


def test_an_export_can_be_of_one_type_or_stream_only(
    teddy: EventStore, file: Path, tmp_path: Path
) -> None:
    run("import_events", str(file))

    assert len(exported(tmp_path, "--type", "conversation")) == 80
    assert exported(tmp_path, "--type", "parent") == []
    assert len(exported(tmp_path, "--stream", "conversation.conv-b")) == 40
    assert run("export_events", "--type", "nothing")[0] == 1
    assert run("export_events", "--stream", "conversation.none")[0] == 1


def test_an_export_is_its_owners_only_and_leaves_no_half_file(
    teddy: EventStore, file: Path, tmp_path: Path
) -> None:
    run("import_events", str(file))

    run("export_events", "--output", str(tmp_path / "out.ndjson"))

    assert (tmp_path / "out.ndjson").stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("*.part"))
    code, _, said = run("export_events", "--output", str(tmp_path / "no" / "such"))
    assert code == 1
    assert "No such file" in said


@pytest.mark.parametrize(
    ("number", "said"),
    [(signal.SIGINT, b"manage.py: stopped.\n"), (signal.SIGTERM, b"")],
)
def test_an_export_that_is_stopped_leaves_no_half_file_and_no_traceback(
    teddy: EventStore,
    file: Path,
    tmp_path: Path,
    number: signal.Signals,
    said: bytes,
) -> None:
    run("import_events", str(file))
    out = tmp_path / "exports"
    out.mkdir()
    with transaction.atomic(), connection.cursor() as cursor:
        # locked before it starts: who waits for the lock after that may find a whole export
        cursor.execute("LOCK TABLE eventstore_record IN ACCESS EXCLUSIVE MODE")
        with a_command("export_events", "--output", str(out / "all")) as process:
            assert becomes_true(lambda: somebody_waits(cursor))
            assert any(out.iterdir())

            process.send_signal(number)
            _, stderr = process.communicate(timeout=120)

    assert process.returncode == 128 + number
    assert stderr == said
    assert list(out.iterdir()) == []


def somebody_waits(cursor: CursorWrapper) -> bool:
    """Whether a session waits for a lock of this database's tables."""
    cursor.execute(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'eventstore_record'::regclass"
    )
    return bool(cursor.fetchone()[0])


def test_what_a_killed_export_left_is_removed_by_the_next_one_and_nothing_else_is(
    teddy: EventStore, file: Path, tmp_path: Path
) -> None:
    run("import_events", str(file))
    left = tmp_path / "out.abcdefgh.part"
    others = [tmp_path / n for n in ("out.part", "out.mine.part", "x.abcdefgh.part")]
    for path in (left, *others):
        path.write_bytes(b"half")
    others.append(tmp_path / "out.12345678.part")
    others[-1].symlink_to(others[0])
    told = StringIO()

    with (tmp_path / "out.ijklmnop.part").open("wb") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)  # another export of that name goes on
        call_command("export_events", output=str(tmp_path / "out"), stderr=told)

    assert not left.exists()
    assert all(path.is_symlink() or path.exists() for path in others)
    assert (tmp_path / "out.ijklmnop.part").exists()
    assert f"Removed {left}" in told.getvalue()
    assert (tmp_path / "out").read_bytes()


def test_an_export_that_fails_leaves_the_file_that_was_there(
    teddy: EventStore, tmp_path: Path
) -> None:
    path = tmp_path / "out.ndjson"
    path.write_text("of yesterday")

    code, _, _ = run("export_events", "--output", str(path), "--stream", "parent.none")

    assert code == 1
    assert {p: p.read_text() for p in tmp_path.iterdir()} == {path: "of yesterday"}


def test_an_export_into_a_device_leaves_the_device(
    teddy: EventStore, file: Path, tmp_path: Path
) -> None:
    run("import_events", str(file))
    nowhere = tmp_path / "nowhere"
    nowhere.symlink_to(os.devnull)

    code, said, _ = run("export_events", "--output", str(nowhere), "--json")

    assert code == 0
    assert json.loads(said)["events"] == 80 + KEYS
    assert nowhere.is_symlink()
    assert nowhere.is_char_device()


def test_an_export_into_a_named_pipe_goes_through_it(
    teddy: EventStore, file: Path, tmp_path: Path
) -> None:
    run("import_events", str(file))
    pipe, copy = tmp_path / "pipe", tmp_path / "copy"
    os.mkfifo(pipe)
    with copy.open("wb") as target:
        cat = subprocess.Popen(["cat", str(pipe)], stdout=target)  # noqa: S603, S607

        code, _, _ = run("export_events", "--output", str(pipe))

    assert code == cat.wait(120) == 0
    assert len(copy.read_bytes().splitlines()) == 80 + KEYS
    assert pipe.is_fifo()


def test_a_file_that_somebody_prepared_is_not_written_through(
    teddy: EventStore, file: Path, tmp_path: Path
) -> None:
    run("import_events", str(file))
    victim, output = tmp_path / "victim", tmp_path / "out.ndjson"
    victim.write_text("precious")
    (tmp_path / "out.ndjson.part").symlink_to(victim)

    code, _, _ = run("export_events", "--output", str(output))

    assert code == 0
    assert victim.read_text() == "precious"
    assert not output.is_symlink()
    assert output.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_one_line(teddy: EventStore, file: Path, tmp_path: Path) -> None:
    run("import_events", str(file))
    full = tmp_path / "full"
    full.symlink_to(
        "/dev/full"
    )  # a link, as what goes wrong here replaces what it finds

    code, _, said = run("export_events", "--output", str(full))

    assert code == 1
    assert said == f"{full}: No space left on device."


class Meanwhile(BytesIO):
    """A file in the midst of whose first write something happens."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self._happens = [happens]

    def write(self, content: Any, /) -> int:
        """See `BytesIO`."""
        while self._happens:
            self._happens.pop()()
        return super().write(content)


@pytest.mark.parametrize("filled_again", [False, True])
@pytest.mark.parametrize("of_one_stream", [False, True])
def test_an_export_that_a_rebuild_came_into_is_none(
    teddy: EventStore, *, filled_again: bool, of_one_stream: bool
) -> None:
    long = {"child_id": "c", "text": "x" * 90_000}
    lines = [a_saying("conv-a", n, data=long) for n in range(40)]
    import_events(BytesIO(b"".join(lines)), teddy, clock=FakeClock())
    indexer = teddy.make_indexer()

    def rebuilt() -> None:
        reset(indexer.connection())
        if filled_again:
            refold(indexer, progress=lambda _place, _offsets: None)

    options: dict[str, Any] = {"source": "/x", "clock": FakeClock()}
    export = (
        partial(export_stream, store=teddy, stream_id="conversation.conv-a", **options)
        if of_one_stream
        else partial(export_events, **options)
    )

    with pytest.raises(IndexRebuilt, match="Run it again"):
        export(Meanwhile(rebuilt))
    indexer.close()
    indexer.log.close()


def test_the_second_time_changes_nothing(
    teddy: EventStore, file: Path, tmp_path: Path
) -> None:
    run("import_events", str(file))
    before = exported(tmp_path)

    code, said, _ = run("import_events", str(file), "--json")

    summary = json.loads(said)
    assert code == 0
    assert (summary["appended"], summary["replayed"], summary["events"]) == (0, 80, 80)
    assert exported(tmp_path) == before


def test_the_order_of_a_stream_is_the_files_and_commits_stay_commits(
    teddy: EventStore, file: Path
) -> None:
    run("import_events", str(file))

    events = list(teddy.read("conversation.conv-a"))
    assert texts(teddy, "conv-a") == [str(n) for n in range(40)]
    assert [e.position.index for e in events] == [0, 1] * 20
    assert {e.commit_id for e in events} == {UUID(uid(n)) for n in range(0, 40, 2)}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "Unknown"}, "no event of a conversation stream"),
        ({"type": "ChildRegistered"}, "no event of a conversation stream"),
        ({"subject": "order.order-1"}, "type is none of"),
        ({"subject": "conversation.a:b"}, "form or length"),
        ({"data": {"child_id": "child-1", "text": 5}}, "text"),
        ({"data": {"child_id": "child-1", "text": "a\0"}}, "NUL"),
        ({"data": {"child_id": "child-1", "text": "\ud800"}}, "surrogate"),
        ({"data": {"child_id": "child-1"}}, "text"),
        ({"data": {"child_id": "child-1", "text": "x" * 100_001}}, "100000"),
        ({"schemaversion": 2}, "schema 1, not 2"),
        ({"id": uid("conv-a 0")}, "already has an event"),
        ({"time": None}, "no time"),
        ({"specversion": "1.1"}, "specversion"),
    ],
)
def test_each_kind_of_bad_line_is_reported_with_its_number(
    teddy: EventStore, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    bad = a_saying("conv-a", 1, "bad", **changes)
    path = tmp_path / "in.ndjson"
    path.write_bytes(a_saying("conv-a", 0, 0) + bad + a_saying("conv-a", 2, 2))

    code, said, complaint = run(
        "import_events", str(path), "--json", "--on-error", "skip"
    )

    assert code == 1
    assert complaint.startswith("line 2: ")
    assert reason in complaint
    assert "xxx" not in complaint
    assert json.loads(said)["bad"] == 1
    assert texts(teddy, "conv-a") == ["0", "2"]


def test_a_repeat_with_another_event_under_the_commit_id_is_a_bad_line(
    teddy: EventStore, tmp_path: Path
) -> None:
    path = tmp_path / "in.ndjson"
    path.write_bytes(a_saying("conv-a", 0, "x"))
    run("import_events", str(path))
    path.write_bytes(a_saying("conv-a", 1, "x"))

    code, _, complaint = run("import_events", str(path))

    assert code == 1
    assert "decided with other events" in complaint
    assert "--from-line 1" in complaint
    assert texts(teddy, "conv-a") == ["0"]


def test_a_file_that_is_not_there_is_one_line(
    teddy: EventStore, tmp_path: Path
) -> None:
    code, _, said = run("import_events", str(tmp_path / "none"))

    assert code == 1
    assert said.endswith("none cannot be read: No such file or directory.")


def test_demo_data_keep_their_order_through_a_small_window(teddy: EventStore) -> None:
    lines = list(demo_lines(20))
    limits = Limits(lines=50, in_flight=7)

    summary = import_events(
        BytesIO(b"".join(lines)), teddy, clock=FakeClock(), limits=limits
    )

    wanted: dict[str, list[str]] = {}
    for line in map(json.loads, lines):
        wanted.setdefault(line["subject"], []).append(line["id"])
    assert summary.is_good
    assert summary.events == len(lines)
    for stream_id, ids in wanted.items():
        assert [str(e.metadata.event_id) for e in teddy.read(stream_id)] == ids


# ---- as processes ----------------------------------------------------------------------------------------------------


def test_an_interrupted_import_says_where_to_go_on_and_the_repeat_completes_it(
    teddy: EventStore, file: Path
) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    with a_command("import_events", "-", "--json", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(b"".join(lines[:20]))
        process.stdin.flush()  # and now it waits for more
        wait_for_events(18)

        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)

    summary = json.loads(out)
    assert process.returncode == 130
    assert summary["end"] == "interrupted"
    assert f"--from-line {summary['reached']}" in err.decode()
    assert 0 < summary["events"] < 80
    assert (
        run("import_events", str(file), "--from-line", str(summary["reached"]))[0] == 0
    )
    assert (
        texts(teddy, "conv-a") == texts(teddy, "conv-b") == [str(n) for n in range(40)]
    )


def wait_for_events(count: int) -> None:
    """Until so many are accepted; PostgreSQL waits, so that nobody sleeps."""
    with connection.cursor() as cursor:
        for _ in range(600):
            cursor.execute("SELECT count(*) FROM eventstore_event")
            if cursor.fetchone()[0] >= count:
                return
            cursor.execute("SELECT pg_sleep(0.05)")
    pytest.fail("the import did not get that far")


def test_a_reader_that_has_had_enough_ends_an_export_quietly(
    teddy: EventStore, tmp_path: Path
) -> None:
    lines = [
        a_saying("conv-a", n, 0, data={"child_id": "c", "text": "x" * 9_000})
        for n in range(60)
    ]
    import_events(BytesIO(b"".join(lines)), teddy, clock=FakeClock())
    with a_command("export_events") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        assert first.startswith(b'{"specversion"'), process.stderr.read()

        process.stdout.close()

        assert process.wait(timeout=120) == 0
        assert b"Broken" not in process.stderr.read()


MEMORY = """
import sys
from concurrent.futures import Future
from datetime import UTC, datetime
from eventstore.clock import SystemClock
from eventstore.events import AppendResult
from eventstore.exchange.importer.run import import_events

class Store:
    def submit_past(self, stream_id, events, *, commit_id, first_version=None):
        future = Future()
        future.set_result(AppendResult(commit_id, stream_id, 1, 1, [], datetime.now(UTC)))
        return future

summary = import_events(open(sys.argv[1], "rb"), Store(), clock=SystemClock())
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(summary.events, int(status["VmHWM"].split()[0]) // 1024)  # getrusage would count the parent in
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="measured by Linux's /proc"
)
def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.ndjson"
    with path.open("wb") as stream:
        for n in range(100_000):
            stream.write(a_saying(f"conv-{n % 999}", n, data={"text": "x" * 150}))
    assert path.stat().st_size > 40_000_000

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", MEMORY, str(path)], capture_output=True, check=True
    )

    events, megabytes = map(int, done.stdout.split())
    assert events == 100_000
    assert megabytes < 150


# ---- read_stream -----------------------------------------------------------------------------------------------------


def test_a_stream_is_read_as_a_table_in_which_nothing_steers_the_terminal(
    teddy: EventStore,
) -> None:
    evil = a_saying("conv-a", 0, data={"child_id": "c", "text": "[red]\x1b[2J\x9b2J"})
    import_events(BytesIO(evil), teddy, clock=FakeClock())

    code, said, _ = run("read_stream", "conversation.conv-a")

    assert code == 0
    assert "ChildSpoke" in said
    assert "sealed fields" in said
    assert "[red]" not in said
    assert "\x1b" not in said
    assert "\x9b" not in said


def test_a_stream_is_read_as_lines_from_both_ends(
    teddy: EventStore, file: Path
) -> None:
    run("import_events", str(file))
    stream = "conversation.conv-a"

    _, forwards, _ = run("read_stream", stream, "--json", "--from", "3", "--to", "5")
    _, backwards, _ = run(
        "read_stream", stream, "--json", "--backwards", "--limit", "2"
    )

    assert [json.loads(x)["streamversion"] for x in forwards.splitlines()] == [3, 4, 5]
    assert [json.loads(x)["streamversion"] for x in backwards.splitlines()] == [40, 39]


@pytest.mark.parametrize("stream", ["conversation.none", "order.order-1", "nonsense"])
def test_a_stream_that_is_not_there_is_one_line(teddy: EventStore, stream: str) -> None:
    code, out, said = run("read_stream", stream)

    assert (code, out) == (1, "")
    assert said
    assert "\n" not in said
