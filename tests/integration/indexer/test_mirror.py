"""The mirror folds what others wrote, for as long as it runs, whatever fails meanwhile."""

from __future__ import annotations

import json
import signal
import threading
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from structlog.testing import capture_logs

from eventstore.errors import LogUnanswered, LogUnreadable
from eventstore.indexer.mirror import Mirror
from eventstore.log.embedded import EmbeddedLog
from eventstore.testing.faulty_log import FaultyLog
from tests.plugins.kafka_logs import until
from tests.support.connections import Line
from tests.support.processes import a_process
from tests.support.worlds import FaultyStore, World, changed, record, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from eventstore.events import Place
    from eventstore.ports import Batch, Extent, Log


class Impatient(threading.Event):
    """A stop that nobody waits for: it notes how long it should have been, and is set at the last of so many waits."""

    def __init__(
        self, waits: int, then: Callable[[int], object] = lambda _n: None
    ) -> None:
        super().__init__()
        self.pauses: list[float | None] = []
        self._waits = waits
        self._then = then

    def wait(self, timeout: float | None = None) -> bool:
        """Note the time and return at once."""
        self.pauses.append(timeout)
        self._then(len(self.pauses))
        if len(self.pauses) >= self._waits:
            self.set()
        return self.is_set()


class Crumbs(FaultyLog):
    """A log that gives one record at a time, so that many folds are needed."""

    def read(self, place: Place, offset: int, *, max_bytes: int = 4_000_000) -> Batch:
        """See the port."""
        return super().read(place, offset, max_bytes=min(max_bytes, 1))


class SlowEater(FaultyStore):
    """A store on a log of crumbs."""

    def make_log(self) -> Log:
        """See `EventStore`."""
        return Crumbs(EmbeddedLog(self._log_line), self.network)


class Stuttering(FaultyLog):
    """A log that does not answer while its store is out of luck."""

    def __init__(self, store: Unlucky) -> None:
        super().__init__(EmbeddedLog(store._log_line), store.network)
        self._store = store

    def extents(self, places: Iterable[Place]) -> Mapping[Place, Extent]:
        """See the port."""
        if self._store.failures:
            self._store.failures -= 1
            msg = "nobody is at home"
            raise LogUnanswered(msg)
        return super().extents(places)


class Unlucky(FaultyStore):
    """A store whose log fails so many times, whoever opens it."""

    failures = 0

    def make_log(self) -> Log:
        """See `EventStore`."""
        return Stuttering(self)


class Damaged(FaultyLog):
    """A log that holds something in partition 0 that cannot be unpacked."""

    def read(self, place: Place, offset: int, *, max_bytes: int = 4_000_000) -> Batch:
        """See the port."""
        if place.partition == 0:
            raise LogUnreadable(place.topic, place.partition, offset)
        return super().read(place, offset, max_bytes=max_bytes)


class Faulty(FaultyLog):
    """A log with something in partition 0 that meets a fault of ours."""

    def read(self, place: Place, offset: int, *, max_bytes: int = 4_000_000) -> Batch:
        """See the port."""
        if place.partition == 0:
            raise KeyError(offset)
        return super().read(place, offset, max_bytes=max_bytes)


class Faulted(FaultyStore):
    """A store on such a log."""

    def make_log(self) -> Log:
        """See `EventStore`."""
        return Faulty(EmbeddedLog(self._log_line), self.network)


class Reader(FaultyStore):
    """A store on a damaged log."""

    def make_log(self) -> Log:
        """See `EventStore`."""
        return Damaged(EmbeddedLog(self._log_line), self.network)


def run(store: FaultyStore, stop: Impatient) -> list[Mapping[str, Any]]:
    """Run a mirror until it is stopped; what it logged."""
    with capture_logs() as logs:
        Mirror(store.make_indexer, stop).run()
    return [line for line in logs if line["log_level"] in ("warning", "error")]


def write(world: World, partition: int = 0, count: int = 1) -> str:
    """Some other producer's commits of one stream, which nobody has folded; the stream."""
    stream = world.stream(partition)
    for _ in range(count):
        world.foreign(world.place(stream), record(stream), stream.encode())
    return stream


# ---- what it does


def test_it_folds_what_others_wrote_and_then_waits(
    audited: World, here: FaultyStore
) -> None:
    streams = [write(audited, partition, count=3) for partition in range(3)]
    stop = Impatient(1)

    assert run(here, stop) == []

    assert [versions(here, s) for s in streams] == [[1, 2, 3]] * 3
    assert stop.pauses == [0.2]


def test_it_finds_what_comes_while_it_runs(audited: World, here: FaultyStore) -> None:
    stop = Impatient(3, then=lambda _n: write(audited))

    run(here, stop)

    stream = audited.stream()
    assert versions(here, stream) == [1, 2]
    assert audited.end(audited.place(stream)) == 3  # written as it was told to stop


def test_two_at_once_fold_everything_once(audited: World) -> None:
    streams = [write(audited, partition, count=40) for partition in range(3)]
    stores = [audited.store(of=SlowEater) for _ in range(2)]
    both = threading.Barrier(2)

    def work(store: FaultyStore) -> None:
        both.wait()
        Mirror(store.make_indexer, Impatient(1)).run()

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for stream in streams:
        assert versions(stores[0], stream) == list(range(1, 41))


def test_it_stops_between_two_folds(audited: World) -> None:
    write(audited, count=5)
    write(audited, partition=1)
    stop = threading.Event()
    store = audited.store(of=SlowEater)
    indexer = store.make_indexer()

    folded = Mirror(store.make_indexer, stop).round(
        indexer, progress=lambda *_: stop.set()
    )

    indexer.close()
    indexer.log.close()
    cursors = [audited.cursor(place) for place in audited.topics.places]
    assert folded == 1
    assert sorted(cursors) == [0, 0, 1]


# ---- a partition that has stopped


def _activate(world: World, here: FaultyStore) -> Place:
    place = world.place(world.stream())
    world.foreign(place, b'{"v":1,"activate":2}', None)
    write(world)
    del here
    return place


def _truncate(world: World, here: FaultyStore) -> Place:
    stream = world.stream()
    here.append(stream, [changed()], 0)
    world.replace_log(world.place(stream), [])
    return world.place(stream)


def _occupy(world: World, here: FaultyStore) -> Place:
    place = world.place(write(world))
    del here
    world.query(
        "INSERT INTO eventstore_record (position, recorded_at, verdict, hash)"
        " VALUES (%s, now(), 5, '') RETURNING 1",
        world.range_of(place)[0],
    )
    return place


@pytest.mark.parametrize(
    ("stopped", "code"),
    [
        (_activate, "unknown-rule-version"),
        (_truncate, "log-truncated"),
        (_occupy, "mirror-diverged"),
    ],
)
def test_a_stopped_partition_is_told_once_and_the_others_go_on(
    world: World, stopped: Callable[[World, FaultyStore], Place], code: str
) -> None:
    here = world.store()
    place = stopped(world, here)
    others = [write(world, partition) for partition in (1, 2)]
    stop = Impatient(4, then=lambda n: write(world, 1) if n == 1 else None)

    (line,) = run(here, stop)

    assert line["log_level"] == "error"
    assert line["action"] == "partition-stopped"
    assert (line["place"], line["code"]) == (str(place), code)
    assert str(place) in line["cause"]
    assert [versions(here, stream) for stream in others] == [[1, 2], [1]]
    assert stop.pauses == [0.2] * 4


def test_a_partition_that_cannot_be_read_stops_and_the_others_go_on(
    world: World,
) -> None:
    here = world.store(of=Reader)
    streams = [write(world, partition) for partition in range(3)]

    (line,) = run(here, Impatient(3))

    assert line["code"] == "log-unreadable"
    assert line["place"] == str(world.place(streams[0]))
    assert [versions(here, stream) for stream in streams[1:]] == [[1], [1]]


def test_a_fault_that_nobody_foresaw_stops_its_partition_and_the_others_go_on(
    world: World,
) -> None:
    here = world.store(of=Faulted)
    streams = [write(world, partition) for partition in range(3)]
    stop = Impatient(3, then=lambda n: write(world, 1) if n == 1 else None)

    (line,) = run(here, stop)

    assert line["action"] == "partition-stopped"
    assert (line["place"], line["code"]) == (str(world.place(streams[0])), "KeyError")
    assert isinstance(line["exc_info"], KeyError)
    assert "see its traceback" in line["cause"]
    assert [versions(here, stream) for stream in streams[1:]] == [[1, 2], [1]]
    assert stop.pauses == [2.0] * 3


def test_a_partition_that_goes_on_and_stops_again_is_told_again(world: World) -> None:
    here, stream = world.store(), world.stream()
    place, key = world.place(stream), stream.encode()
    here.append(stream, [changed()], 0)
    ((value,),) = world.query("SELECT value FROM eventstore_record")
    ((recorded_at,),) = world.query("SELECT recorded_at FROM eventstore_logrecord")
    world.replace_log(place, [])

    def restore_and_lose(n: int) -> None:
        world.replace_log(place, [(key, bytes(value))] if n == 2 else [])
        if n == 2:
            _backdate(world, recorded_at)

    lines = run(here, Impatient(4, then=restore_and_lose))

    assert [line["code"] for line in lines] == ["log-truncated"] * 2


def _backdate(world: World, recorded_at: int) -> None:
    """A log that was restored has its old times."""
    world.query(
        "WITH free AS (SELECT set_config('session_replication_role', 'replica', true))"
        " UPDATE eventstore_logrecord SET recorded_at = %s FROM free RETURNING 1",
        recorded_at,
    )


# ---- trouble that passes


def test_what_does_not_answer_is_asked_again_ever_more_rarely(audited: World) -> None:
    stream = write(audited)
    store = audited.store(of=Unlucky)
    assert isinstance(store, Unlucky)
    store.failures = 8

    stop = Impatient(9)
    lines = run(store, stop)

    assert stop.pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 0.2]
    assert [line["pause_s"] for line in lines] == stop.pauses[:-1]
    assert {line["log_level"] for line in lines} == {"warning"}
    assert {line["cause"] for line in lines} == {"nobody is at home"}
    assert versions(store, stream) == [1]


def test_after_a_round_that_went_well_the_pauses_begin_anew(audited: World) -> None:
    store = audited.store(of=Unlucky)
    assert isinstance(store, Unlucky)
    store.failures = 2

    def fail_again(n: int) -> None:
        store.failures = 1 if n == 3 else store.failures

    stop = Impatient(5, then=fail_again)
    run(store, stop)

    assert stop.pauses == [0.5, 1, 0.2, 0.5, 0.2]


def test_a_database_that_comes_back_is_folded_into_again(audited: World) -> None:
    line = Line(cut=True)
    store, stream = audited.store(line=line.connect), write(audited)

    def mend(n: int) -> None:
        line.cut = n < 2

    stop = Impatient(3, then=mend)
    lines = run(store, stop)

    assert stop.pauses == [0.5, 1, 0.2]
    assert [told["cause"] for told in lines] == [
        "the database did not answer (OperationalError)"
    ] * 2
    assert versions(store, stream) == [1]


def test_a_connection_that_is_ended_in_the_middle_loses_nothing(audited: World) -> None:
    line = Line()
    store, stream = audited.store(line=line.connect), write(audited)
    line.commit_lost = 1

    stop = Impatient(2)
    run(store, stop)

    assert stop.pauses == [0.5, 0.2]
    assert versions(store, stream) == [1]


def test_a_topic_that_is_not_as_it_must_be_stops_all_of_it_and_is_an_error(
    world: World,
) -> None:
    here = world.store()
    write(world, 1)
    world.query(
        "UPDATE eventstore_logtopic SET topic_id = gen_random_uuid() RETURNING 1"
    )

    lines = run(here, Impatient(2))

    assert [line["log_level"] for line in lines] == ["error"] * 2
    assert [line["action"] for line in lines] == ["mirror-delayed"] * 2
    assert [line["code"] for line in lines] == ["log-misconfigured"] * 2
    assert all("created again" in line["cause"] for line in lines)
    assert [world.cursor(place) for place in world.topics.places] == [0, 0, 0]


# ---- the command


@pytest.fixture
def signals() -> Iterator[None]:
    """The command takes the signals of its process; give them back."""
    kept = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)}
    yield
    for signum, handler in kept.items():
        signal.signal(signum, handler)


def once(*args: str) -> str:
    said = StringIO()
    call_command("mirror", "--once", *args, stdout=said)
    return said.getvalue()


@pytest.mark.usefixtures("signals")
def test_once_folds_to_the_end_and_says_how_much(audited: World) -> None:
    for partition in range(3):
        write(audited, partition, count=2)

    told = json.loads(once("--json"))

    assert told.pop("seconds") >= 0
    assert told == {"offsets": 6, "snapshots": 0, "stopped": {}}
    assert "0 offsets folded, 0 snapshots filled in " in once()


@pytest.mark.usefixtures("signals")
def test_once_fails_if_a_partition_has_stopped_and_says_why(world: World) -> None:
    place = _activate(world, world.store())
    write(world, partition=1)
    said = StringIO()

    with pytest.raises(CommandError, match=r"Stopped: .* update the code") as failed:
        call_command("mirror", "--once", "--json", stdout=said)

    assert failed.value.returncode == 1
    told = json.loads(said.getvalue())
    assert told["offsets"] == 1
    assert list(told["stopped"]) == [str(place)]
    assert "rule version 2" in told["stopped"][str(place)]
    assert versions(world.store(), world.stream(1)) == [1]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_cleanly(
    audited: World, signum: signal.Signals
) -> None:
    place = audited.place(audited.stream())
    with a_process("command", name="mirror") as process:
        write(audited)
        until(lambda: audited.cursor(place) == 1)

        process.send_signal(signum)

        assert process.wait(120) == 0
