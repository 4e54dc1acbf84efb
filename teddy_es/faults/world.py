"""What a campaign needs of the world that it breaks: servers and processes of its own, never those of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from teddy_es.faults.proxy import Address


class Process(Protocol):
    """A process that the world started."""

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """As Python has it."""

    def stop(self) -> None:
        """MUST end it."""

    def kill(self) -> None:
        """MUST be `kill -9`, and wait until it is gone."""


class World(Protocol):
    """PostgreSQL and, for a log on Kafka, brokers; on loopback, in a directory of their own."""

    folder: Path
    log: str  # embedded or kafka
    brokers: Sequence[int]

    def start(self) -> None:
        """MUST start all servers, and hide from libpq whatever leads it to others. Brokers MUST tell clients that they live at the ports of `fronts`."""

    def fronts(self) -> Mapping[Address, Address]:
        """Where a proxy is to listen, and where what comes there is to go. Only when it was started."""

    def environment(self, *, by_proxy: bool) -> Mapping[str, str]:
        """Of a process on this world; MUST name nothing but this world."""

    def url(self) -> str:
        """PostgreSQL's address, past the proxy."""

    def keys_url(self) -> str:
        """The same of the key store's database."""

    def spawn(
        self, name: str, arguments: Sequence[str], env: Mapping[str, str]
    ) -> Process:
        """Python with these arguments; its output goes to a file in the folder. MUST end when we end."""

    def has_backend(self, pid: int) -> bool:
        """Whether it is a process of our PostgreSQL, and of no other that somebody may have led us to."""

    def freeze(self, pid: int) -> None:
        """SIGSTOP to one of its servers' processes; MUST be undone when we end, however that is."""

    def thaw(self, pid: int) -> None:
        """SIGCONT."""

    def kill_postgres(self) -> None:
        """`kill -9` of the postmaster."""

    def stop_postgres(self) -> None:
        """Stop it in order."""

    def start_postgres(self) -> None:
        """Start it again; MUST return when it answers."""

    def kill_broker(self, number: int) -> None:
        """`kill -9`."""

    def pause_broker(self, number: int) -> None:
        """SIGSTOP."""

    def resume_broker(self, number: int) -> None:
        """SIGCONT."""

    def ask_broker_to_stop(self, number: int) -> None:
        """SIGTERM; MUST return at once."""

    def start_broker(self, number: int) -> None:
        """After a kill; MUST return at once."""

    def heal(self) -> None:
        """MUST bring back whatever does not run or answer."""

    def close(self) -> None:
        """MUST end everything that it started."""
