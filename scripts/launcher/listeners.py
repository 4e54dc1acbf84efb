"""Where a broker listens, and where it tells others to come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scripts.launcher.broker import Node


@dataclass(frozen=True)
class Listener:
    """One more address of a single broker for clients, as a cluster with log-ins has it.

    protocol: SSL, SASL_PLAINTEXT or SASL_SSL. settings: its own, without the prefix `listener.name.….`.
    """

    port: int
    protocol: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        """Where clients start."""
        return f"127.0.0.1:{self.port}"


def listeners(node: Node, more: Mapping[str, Listener]) -> dict[str, str]:
    """Its settings: one address for brokers, one for controllers, and one for clients if a proxy stands before it.

    more: further ones, by their names.
    """
    listens = {
        "BROKER": f"127.0.0.1:{node.port}",
        "CONTROLLER": f"127.0.0.1:{node.controller_port}",
    }
    told = {"BROKER": listens["BROKER"]}
    if node.front:
        listens["CLIENT"] = f"127.0.0.1:{node.client_port}"
        told["CLIENT"] = f"127.0.0.1:{node.front}"
    speaks = dict.fromkeys(listens, "PLAINTEXT")
    own: dict[str, str] = {}
    for name, one in more.items():
        listens[name] = told[name] = one.bootstrap
        speaks[name] = one.protocol
        prefix = f"listener.name.{name.lower()}"
        own |= {f"{prefix}.{key}": value for key, value in one.settings.items()}
    return own | {
        "listeners": ",".join(f"{k}://{v}" for k, v in listens.items()),
        "advertised.listeners": ",".join(f"{k}://{v}" for k, v in told.items()),
        "listener.security.protocol.map": ",".join(
            f"{k}:{v}" for k, v in speaks.items()
        ),
    }
