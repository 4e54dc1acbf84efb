"""A fault campaign from its beginning to its verdict.

1. a world of its own        2. writers, mirrors, followers      3. faults, by the seed's schedule
4. all is healed             5. what is unknown is found out     6. the log decides: everything is compared with it
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import psycopg

from eventstore.log.kafka.log import KafkaLog
from teddy_es.faults.boxes import Boxes, kek_of, keys_in
from teddy_es.faults.crew import PARTITIONS, Crew
from teddy_es.faults.findings import Findings
from teddy_es.faults.followed import MAKE, Followed
from teddy_es.faults.injector import Injector, Targets
from teddy_es.faults.journal import Journal, Tail
from teddy_es.faults.judge import Judge, Place
from teddy_es.faults.ledger import Ledger
from teddy_es.faults.loaded import Loaded
from teddy_es.faults.plan import schedule
from teddy_es.faults.proxy import Proxy
from teddy_es.faults.report import Report
from teddy_es.faults.tables import TYPE_NUMBERS, Rows
from teddy_es.faults.topics import read_embedded, read_kafka

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from teddy_es.faults.boxes import Key
    from teddy_es.faults.naive import Record
    from teddy_es.faults.plan import Wanted
    from teddy_es.faults.world import World

    Tell = Callable[[str], None]

_TURN_S: Final = 0.1
_TELL_EVERY_S: Final = 1.0
_JOB_S: Final = 120.0
_DONE_SINCE: Final = """
SELECT 1 FROM eventstore_jobrun
 WHERE outcome = 'done' AND started > now() - make_interval(secs => %s) LIMIT 1
"""
# what was acknowledged twice is counted twice until the journals are read
_MARGIN: Final = 1.02


def run(world: World, wanted: Wanted, tell: Tell) -> Report:
    """Do it, and judge. tell: gets a line on how it goes, again and again."""
    with ExitStack() as stack:
        stack.callback(world.close)
        tell("starting the servers")
        world.start()
        proxies = [stack.enter_context(proxy) for proxy in _proxies(world)]
        crew = Crew(world, wanted.seed)
        stack.callback(crew.end)
        _prepare(world, crew)
        journal = Journal(world.folder / "faults.ndjson")
        stack.callback(journal.close)
        plan = schedule(wanted.seed, brokers=bool(world.brokers), pace_s=wanted.pace_s)
        injector = Injector(Targets(world, crew, proxies), plan, journal)
        stack.callback(injector.finish)  # nobody stays frozen when we are interrupted
        findings = Findings()
        followed, loaded = Followed(findings), Loaded(findings)
        crew.start()
        seconds = _under_fire(crew, injector, wanted, findings, tell)
        injector.finish()
        _settle(world, crew, findings, tell)
        judge = Judge(Ledger.read(world.folder), findings)
        boxes = Boxes(judge.ledger, _keys(world, findings), findings)
        _judge(world, crew, judge, boxes, followed, loaded, tell)
        return Report.of(
            world, wanted, seconds, injector, judge, boxes, followed, loaded
        )


def _keys(world: World, findings: Findings) -> Mapping[str, Key]:
    kek = kek_of(world.environment(by_proxy=False))
    with psycopg.connect(world.keys_url(), autocommit=True) as connection:
        return keys_in(connection, kek, findings)


def _prepare(world: World, crew: Crew) -> None:
    crew.command("migrate", "--verbosity", "0")
    crew.command("migrate", "--verbosity", "0", "--database", "keys")
    crew.command("create_topics")
    with psycopg.connect(world.url()) as connection:
        connection.execute(MAKE)


def _proxies(world: World) -> Iterator[Proxy]:
    for listen, target in world.fronts().items():
        if not isinstance(listen, int):
            listen.parent.mkdir(mode=0o700, exist_ok=True)
        yield Proxy(listen, target)


def _under_fire(
    crew: Crew, injector: Injector, wanted: Wanted, findings: Findings, tell: Tell
) -> float:
    """Seconds that it took."""
    began, told, done = time.monotonic(), 0.0, 0
    accepted = Accepted(crew.world.folder)
    while (now := time.monotonic()) < began + wanted.seconds:
        injector.turn(now)
        _look_after(crew, injector, findings)
        if now > told + _TELL_EVERY_S:
            told, before, done = now, done, accepted.count()
            if done > before:
                injector.works(now)
            tell(f"{now - began:.0f} s, {done} appends, {injector.kills} kills")
            lacks = wanted.lacks(done / _MARGIN, injector.kills, injector.done)
            if wanted.until_enough and not lacks:
                break
        time.sleep(_TURN_S)
    return time.monotonic() - began


def _look_after(crew: Crew, injector: Injector, findings: Findings) -> None:
    """Nobody ends by himself; who does is a finding, and is started again."""
    for slot in crew.slots:
        code = slot.ended()
        if code is not None and not injector.is_under(slot):
            name = f"{slot.name}-{slot.generation - 1}"
            findings.add("unexpected", f"{name} ended by itself with {code}")
            slot.start()


def _settle(world: World, crew: Crew, findings: Findings, tell: Tell) -> None:
    tell("healing")
    world.heal()
    healed = time.monotonic()
    crew.stop_writers()
    tell("finding out what is unknown")
    crew.resolve()
    tell("waiting for a job")
    _await_a_job(world, findings, healed)
    crew.stop_workers()
    crew.command("build_snapshots")
    crew.stop_others()
    crew.command("mirror", "--once")
    tell("waiting for the followers")
    crew.stop_followers()


def _await_a_job(world: World, findings: Findings, healed: float) -> None:
    """Worker and beat, however often they were killed, are at work again. healed: since when nobody is hurt."""
    with psycopg.connect(world.url(), autocommit=True) as connection:
        while time.monotonic() < healed + _JOB_S:
            since = time.monotonic() - healed
            if connection.execute(_DONE_SINCE, [since]).fetchone():
                return
            time.sleep(_TURN_S)
    what = f"no job came to its end in {_JOB_S:.0f} s after all was healed"
    findings.add("unexpected", what)


def _judge(
    world: World,
    crew: Crew,
    judge: Judge,
    boxes: Boxes,
    followed: Followed,
    loaded: Loaded,
    tell: Tell,
) -> None:
    findings = judge.findings
    with psycopg.connect(world.url(), autocommit=True) as connection:
        rows = Rows(connection, findings)
        for place, records in _log(world):
            tell(f"judging {place.topic}/{place.partition}")
            taken = judge.take(place, PARTITIONS, records)
            opened = boxes.noting(place, taken)
            noted = loaded.noting(place, followed.noting(place, opened))
            rows.compare(place, noted)
        rows.compare_heads()
        tell("judging the followers")
        followed.compare(connection)
        loaded.compare(judge.ledger, connection)
        judge.conclude()
        boxes.conclude()
        tell("rebuilding")
        before = rows.digest()
        crew.command("rebuild_index")
        if rows.digest() != before:
            findings.add("rebuild", "the rows differ from those before")


def _log(world: World) -> Iterator[tuple[Place, Iterator[tuple[int, Record]]]]:
    places = [Place(t, n) for t in TYPE_NUMBERS for n in range(PARTITIONS)]
    if not world.brokers:
        with psycopg.connect(world.url(), autocommit=True) as own:
            yield from ((place, read_embedded(own, place)) for place in places)
        return
    bootstrap = world.environment(by_proxy=True)["TEDDY_KAFKA_BOOTSTRAP"]
    log = KafkaLog(bootstrap.split(","))
    try:
        yield from ((place, read_kafka(log, place)) for place in places)
    finally:
        log.close()


class Accepted:
    """Counts the acknowledged appends in the writers' journals as they grow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tails: dict[Path, Tail] = {}
        self._count = 0

    def count(self) -> int:
        """So many until now; a repeat that was acknowledged again counts again."""
        for path in self._folder.glob("writer-*.ndjson"):
            tail = self._tails.setdefault(path, Tail(path))
            self._count += sum(b'"is":"accepted"' in line for line in tail.lines())
        return self._count
