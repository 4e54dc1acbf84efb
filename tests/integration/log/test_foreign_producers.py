"""The programs in `examples/producers` write what the fold accepts, and hash what they read as the store does.

An example runs where its toolchain is and its library is there or can be fetched; else its tests are skipped, and the
reason says which was wanting. An example that does not build is no reason: that fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer

from eventstore.database import connect
from eventstore.events import MAX_COMMIT_BYTES, unpack
from eventstore.opening import opener
from eventstore.protocol.fold import Verdict
from eventstore.protocol.placement import partition_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.protocol.fold import Judged
    from eventstore.store import EventStore
    from scripts.launcher.java import Java
    from tests.plugins.stores import Stores

pytestmark = pytest.mark.kafka

EXAMPLES = Path(__file__).parents[3] / "examples" / "producers"
PARTITIONS, STREAMS = 6, 20
FETCH_S, BUILD_S, RUN_S = 30, 300, 120

Command = list[str]


def there(program: str) -> str:
    """A program of the machine's, or the reason for a skip."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"example not run: this machine has no `{program}`")
    return found


def fetched(command: Command, folder: Path, **more: str) -> None:
    """Fetch what an example builds on; no registry's silence may fail the tests."""
    try:
        done = run(command, folder=folder, timeout_s=FETCH_S, **more)
    except subprocess.TimeoutExpired:
        pytest.skip(f"example not run: `{command[1]}` fetched nothing in {FETCH_S} s")
    if done.returncode:
        told = " ".join(done.stderr.split())[:300] or "it does not say why"
        pytest.skip(f"example not run: its library cannot be had: {told}")


def run(
    command: Command,
    *,
    lines: str = "",
    folder: Path | None = None,
    timeout_s: float = RUN_S,
    **more: str,
) -> subprocess.CompletedProcess[str]:
    """A program of an example; `more` goes into its environment."""
    return subprocess.run(  # noqa: S603  (programs of this repository and their tools)
        command,
        input=lines,
        cwd=folder,
        env={**os.environ, **more},  # noqa: TID251  (for a process of its own)
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout_s,
        check=False,
    )


@pytest.fixture(scope="session")
def go_example(tmp_path_factory: pytest.TempPathFactory) -> Command:
    go, folder = there("go"), EXAMPLES / "go"
    local = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
    fetched([go, "mod", "download"], folder, **local)
    program = str(tmp_path_factory.mktemp("go") / "propose")
    build = [go, "build", "-o", program, "."]
    built = run(build, folder=folder, timeout_s=BUILD_S, **local)
    assert built.returncode == 0, built.stderr
    return [program]


@pytest.fixture(scope="session")
def node_example(tmp_path_factory: pytest.TempPathFactory) -> Command:
    node, npm = there("node"), there("npm")
    folder = tmp_path_factory.mktemp("node") / "example"
    shutil.copytree(
        EXAMPLES / "node", folder, ignore=shutil.ignore_patterns("node_modules")
    )
    fetched([npm, "ci", "--prefer-offline", "--no-audit", "--no-fund"], folder)
    return [node, str(folder / "propose.js")]


@pytest.fixture(scope="session")
def java_example(kafka_runtime: Java) -> Command:
    java = there("java")
    if "jdk.compiler@" not in run([java, "--list-modules"]).stdout:
        pytest.skip("example not run: this machine's `java` is no JDK")
    source = str(EXAMPLES / "java" / "Propose.java")
    return [java, "-cp", kafka_runtime.class_path, source]


@pytest.fixture(scope="session")
def python_example() -> Command:
    return [sys.executable, str(EXAMPLES / "python" / "propose.py")]


@pytest.fixture(params=["go", "java", "node", "python"])
def example(request: pytest.FixtureRequest) -> Command:
    """How each example is called on this machine."""
    found: Command = request.getfixturevalue(f"{request.param}_example")
    return found


@dataclass(frozen=True)
class World:
    """A log of six partitions, and what the fold says of it."""

    store: EventStore
    bootstrap: str

    @property
    def type(self) -> str:
        """That of its streams."""
        return self.store.topics.places[0].topic.partition(".")[2]

    def streams(self) -> list[str]:
        """Twenty ids, each partition's turn after the other's."""
        ids = (f"{self.type}.order-{n}" for n in count())
        return [
            next(s for s in ids if partition_of(s, PARTITIONS) == n % PARTITIONS)
            for n in range(STREAMS)
        ]

    def fold(self) -> dict[int, list[Judged]]:
        """Every record's verdict, by partition."""
        with self.store.indexer() as indexer:
            return {
                place.partition: indexer.advance(place, indexer.end(place))
                for place in self.store.topics.places
            }

    def propose(self, command: Command, *proposals: Mapping[str, Any]) -> Any:
        """Have a program propose them."""
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in proposals)
        return run([*command, self.bootstrap], lines=lines)


@pytest.fixture
def world(stores: Stores, kafka_bootstrap: str) -> World:
    store = stores("kafka", kafka_bootstrap, PARTITIONS=PARTITIONS)
    return World(store, kafka_bootstrap)


def a_proposal(stream_id: str, **data: Any) -> dict[str, Any]:
    return {
        "stream_id": stream_id,
        "expected": "no_stream",
        "type": "OrderPlaced",
        "data": {"customer_id": "customer-1", **data},
    }


def test_what_an_example_proposes_is_accepted(world: World, example: Command) -> None:
    streams = world.streams()
    remark = 'Zoë says "1 < 2 & 3", \u2028 and 🧸 \\ too'

    done = world.propose(example, *(a_proposal(s, remark=remark) for s in streams))

    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    judged = world.fold()
    assert [one["stream_id"] for one in told] == streams
    assert {one["partition"] for one in told} == set(range(PARTITIONS))
    for one in told:
        assert one["partition"] == partition_of(one["stream_id"], PARTITIONS)
        record = judged[one["partition"]][one["offset"]]
        assert (record.verdict, record.reason) == (Verdict.ACCEPTED, None)
        assert f'"{one["commit_id"]}"'.encode() in (record.entry.value or b"")
    # a remark is sensitive, and the example does not seal: who may open boxes is shown it, nobody else
    read = world.store.read
    opened = [event for s in streams for event in read(s, opener=opener())]
    assert {event.data["remark"] for event in opened} == {remark}
    assert {event.problem for event in opened} == {"sensitive_in_the_clear"}
    assert not any("remark" in event.data for s in streams for event in read(s))


def test_an_example_writes_the_longest_commit_and_no_longer(
    world: World, example: Command
) -> None:
    stream = f"{world.type}.order-1"
    bare = world.propose(example, a_proposal(stream, remark=""))
    assert bare.returncode == 0, bare.stderr
    (first,) = [one for found in world.fold().values() for one in found]
    left = MAX_COMMIT_BYTES - len(first.entry.value or b"")
    longest, longer = (
        a_proposal(f"{world.type}.order-{n}", remark=n * left) for n in "23"
    )
    longer["data"]["remark"] += "x"

    done = world.propose(example, longest, longer)

    found = [one for judged in world.fold().values() for one in judged]
    assert done.returncode != 0
    assert "1000001" in done.stderr
    assert len(done.stdout.splitlines()) == 1, done.stderr
    assert [len(one.entry.value or b"") for one in found] == [MAX_COMMIT_BYTES]
    assert [one.verdict for one in found] == [Verdict.ACCEPTED]


def test_an_example_does_not_send_half_of_a_surrogate_pair(
    world: World, example: Command
) -> None:
    line = json.dumps(a_proposal(f"{world.type}.order-1", remark="\ud83d"))

    done = run([*example, world.bootstrap], lines=line + "\n")

    assert done.returncode != 0
    assert not any(world.fold().values())


def test_the_example_of_an_auditor_hashes_as_the_store_does(
    world: World, python_example: Command
) -> None:
    streams = world.streams()
    world.propose(python_example, *(a_proposal(s) for s in streams))
    _write_otherwise(world)
    world.propose(python_example, *(a_proposal(f"{s}-later") for s in streams))
    world.fold()
    topic = world.store.topics.places[0].topic

    program = str(EXAMPLES / "python" / "hash_records.py")
    done = run([sys.executable, program, world.bootstrap, topic])

    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    found = {(one["partition"], one["offset"]): one["record_hash"] for one in told}
    assert found == _hashes(world)
    assert len(found) == 2 * STREAMS + 3


def _write_otherwise(world: World) -> None:
    """A record of an aborted transaction, which counts, its marker, which does not; and records without a key, without a value."""
    topic = world.store.topics.places[0].topic
    with closing(
        KafkaProducer(
            bootstrap_servers=world.bootstrap, transactional_id=f"foreign-{topic}"
        )
    ) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(topic, key=b"k", value=b"aborted", partition=0).get(120)
        producer.abort_transaction()
    with closing(KafkaProducer(bootstrap_servers=world.bootstrap)) as producer:
        producer.send(topic, key=None, value=b"", partition=1).get(120)
        producer.send(topic, key=b"k", value=None, partition=1).get(120)


def _hashes(world: World) -> Mapping[tuple[int, int], str]:
    """Those of the mirror."""
    with connect() as database:
        rows = database.execute("SELECT position, hash FROM eventstore_record")
        found = [(unpack(position), bytes(hash_)) for position, hash_ in rows]
    return {(at[1], at[2]): hash_.hex() for at, hash_ in found}
