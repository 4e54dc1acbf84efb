"""Real Kafka brokers on loopback: one, or three that tolerate the loss of one.

One launcher for `./teddy up --kafka`, `./teddy kafka` and the tests, which also kill,
freeze and restart single nodes. Each node is broker and controller (KRaft).
"""

from __future__ import annotations

import base64
import json
import signal
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.launcher.console import Trouble
from scripts.launcher.listeners import listeners
from scripts.launcher.ports import free_port, is_free, keep
from scripts.launcher.processes import Child, last_words, spawn, wait_until
from scripts.launcher.wire import brokers_seen_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scripts.launcher.java import Java
    from scripts.launcher.listeners import Listener

# Small and quick to start; PerfData and the temporary folder would be in /tmp.
JVM = ["-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
QUIET = ["-XX:-UsePerfData", "-Dorg.slf4j.simpleLogger.showDateTime=true"]
READY_S = 60

COMMON = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "BROKER",
    # A topic is made by `create_topics`, with the settings of a log of record, or not.
    "auto.create.topics.enable": "false",
    "num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
}
ONE = {
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    # Kafka acknowledges what is in the page cache and trusts other nodes to have it too.
    # A single node has no others: after a power cut it would have lost what it
    # acknowledged, and the log would end before the mirror's cursor. Measured, ms without
    # and with: one record 1.0 and 1.5, a batch of 64 3.4 and 6.9; 17,500 and 10,000
    # records/s. That is affordable for one machine.
    "log.flush.interval.messages": "1",
    # After a crash the node waits until its former self counts as gone: 3 s, not 9.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
}
THREE = {
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "unclean.leader.election.enable": "false",
    # Fail over in 2 to 4 s after a kill -9 instead of 13 to 26 s.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "400",
    "controller.quorum.fetch.timeout.ms": "1000",
    "controller.quorum.election.timeout.ms": "500",
    "controller.quorum.election.backoff.max.ms": "500",
}


@dataclass
class Node:
    """One broker: where it listens and what runs it."""

    number: int
    port: int
    controller_port: int
    child: Child | None = None
    front: int = 0  # if any: a proxy's port, where clients are told to come
    client_port: int = 0  # and where it sends them on to

    @property
    def running(self) -> Child:
        """Its process."""
        if self.child is None:
            raise Trouble(f"Broker {self.number} does not run.")
        return self.child


class Cluster:
    """One or three brokers below one directory. more: listeners; scram: users, as `kafka-storage --add-scram` takes them."""

    def __init__(
        self,
        directory: Path,
        java: Java,
        *,
        nodes: int = 1,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        fronts: Mapping[int, int] | None = None,
        more: Mapping[str, Listener] | None = None,
        scram: Sequence[str] = (),
    ) -> None:
        self.directory = directory
        self.java = java
        self.settings = {**COMMON, **(ONE if nodes == 1 else THREE), **(settings or {})}
        self._more = more or {}
        self._scram = scram
        keep(range(port, port + nodes) if port is not None else ())
        self.nodes = {n: self._node(n, port) for n in range(1, nodes + 1)}
        for n, front in (fronts or {}).items():
            self.nodes[n].front, self.nodes[n].client_port = front, free_port()

    @property
    def bootstrap(self) -> str:
        """The addresses that clients start with."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes.values())

    @property
    def pids(self) -> dict[int, int]:
        """The process id of each node that was started."""
        return {n: x.child.pid for n, x in self.nodes.items() if x.child}

    @property
    def children(self) -> list[Child]:
        """The processes, for a supervisor."""
        return [node.child for node in self.nodes.values() if node.child]

    def start(self) -> None:
        """Format what is new, start all, wait until every node sees every node."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start all without waiting for them, so that others can start meanwhile."""
        self._write_ports()
        try:
            self._format()
            for node in self.nodes.values():
                self._spawn(node)
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self) -> None:
        """Every node sees every node; if that fails, none is left running."""
        try:
            for node in self.nodes.values():
                self._await(node)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all, at the same time: each hands over what it leads."""
        children = self.children
        for child in children:
            child.process.send_signal(signal.SIGCONT)  # a frozen one hears nothing
            child.ask_to_stop()
        for child in children:
            child.stop()
        for node in self.nodes.values():
            node.child = None

    def kill(self, number: int) -> None:
        """`kill -9`: as a crash of this node's process."""
        self.nodes[number].running.kill()
        self.nodes[number].child = None

    def pause(self, number: int) -> None:
        """Freeze it (SIGSTOP): its connections stay open, nothing answers."""
        self.nodes[number].running.process.send_signal(signal.SIGSTOP)

    def resume(self, number: int) -> None:
        """Let it go on."""
        self.nodes[number].running.process.send_signal(signal.SIGCONT)

    def ask_to_stop(self, number: int) -> None:
        """Let it hand over what it leads, and end; do not wait."""
        self.nodes[number].running.ask_to_stop()

    def revive(self, number: int) -> None:
        """Start it again after a kill; do not wait until it is there."""
        self._spawn(self.nodes[number])

    def restart(self, number: int) -> None:
        """Start it again on its ports and data, after a kill or from running."""
        node = self.nodes[number]
        if node.child:
            node.child.stop()
        self._spawn(node)
        self._await(node)

    def heal(self) -> None:
        """Bring back whatever was killed or frozen, and wait until all see all."""
        for node in self.nodes.values():
            if node.child is None or node.child.process.poll() is not None:
                self._spawn(node)
            else:
                self.resume(node.number)
        self.wait_until_ready()

    def _node(self, number: int, port: int | None) -> Node:
        remembered = self._remembered().get(str(number), [None, None])
        if port is None:
            mine = free_port(preferred=remembered[0])
        else:
            mine = port + number - 1
            if not is_free(mine):
                raise Trouble(f"Port {mine} is taken. Stop what uses it, or: --port N")
        return Node(number, mine, free_port(preferred=remembered[1]))

    def _remembered(self) -> dict[str, list[int]]:
        """The ports of last time: who has noted the address finds it there again."""
        path = self.directory / "ports.json"
        known: dict[str, list[int]] = json.loads(
            path.read_text() if path.exists() else "{}"
        )
        return known

    def _write_ports(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        ports = {n: [x.port, x.controller_port] for n, x in self.nodes.items()}
        (self.directory / "ports.json").write_text(json.dumps(ports))

    def _format(self) -> None:
        """Make the data of new nodes: all of them at once, as each takes a JVM's start."""
        cluster_id = self._cluster_id()
        steps = []
        for node in self.nodes.values():
            file = self._write_settings(node)
            if not (self._home(node) / "data" / "meta.properties").exists():
                tool = ["kafka.tools.StorageTool", "format", "-t", cluster_id]
                users = [word for one in self._scram for word in ("--add-scram", one)]
                command = self._command(node, *tool, "-c", str(file), *users)
                name = f"Formatting broker {node.number}"
                log = self._log(node)
                steps.append(spawn(name, command, env=ENV, log=log))
        for step in steps:
            if step.process.wait():
                raise Trouble(f"{step.name} failed: {last_words(step.log)}")

    def _cluster_id(self) -> str:
        path = self.directory / "cluster_id"
        if not path.exists():
            new = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            # Kafka's tool takes what begins with a dash for an option.
            path.write_text(new.replace("-", "_"))
        return path.read_text()

    def _spawn(self, node: Node) -> None:
        command = self._command(node, "kafka.Kafka", str(self._write_settings(node)))
        name = f"Kafka broker {node.number}"
        node.child = spawn(name, command, env=ENV, log=self._log(node))

    def _await(self, node: Node) -> None:
        running = {n for n, x in self.nodes.items() if x.child}
        wait_until(
            lambda: running <= brokers_seen_by(node.port),
            node.running,
            timeout_s=READY_S,
        )

    def _command(self, node: Node, *arguments: str) -> list[str]:
        temporary = self._home(node) / "tmp"
        temporary.mkdir(mode=0o700, exist_ok=True)
        options = [*JVM, *QUIET, f"-Djava.io.tmpdir={temporary}"]
        path = ["-cp", self.java.class_path]
        return [str(self.java.executable), *options, *path, *arguments]

    def _write_settings(self, node: Node) -> Path:
        home = self._home(node)
        home.mkdir(mode=0o700, exist_ok=True)
        everyone = self.nodes.items()
        voters = (f"{n}@127.0.0.1:{other.controller_port}" for n, other in everyone)
        settings = {
            **self.settings,
            **listeners(node, self._more),
            "node.id": str(node.number),
            "controller.quorum.voters": ",".join(voters),
            "log.dirs": str(home / "data"),
        }
        path = home / "server.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        return path

    def _home(self, node: Node) -> Path:
        return self.directory / f"node-{node.number}"

    def _log(self, node: Node) -> Path:
        return self._home(node) / "broker.log"


# Nothing of ours: KAFKA_OPTS, JAVA_TOOL_OPTIONS and CLASSPATH of a developer's shell
# would change the broker that we test with.
ENV = {"LC_ALL": "C"}
