"""Where a broker listens, and where it tells others to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.launcher.broker import Node


def listeners(node: Node) -> dict[str, str]:
    """Its settings: one address for brokers, one for controllers, and one for clients if a proxy stands before it."""
    listens = {
        "BROKER": f"127.0.0.1:{node.port}",
        "CONTROLLER": f"127.0.0.1:{node.controller_port}",
    }
    told = {"BROKER": listens["BROKER"]}
    if node.front:
        listens["CLIENT"] = f"127.0.0.1:{node.client_port}"
        told["CLIENT"] = f"127.0.0.1:{node.front}"
    return {
        "listeners": ",".join(f"{k}://{v}" for k, v in listens.items()),
        "advertised.listeners": ",".join(f"{k}://{v}" for k, v in told.items()),
        "listener.security.protocol.map": ",".join(f"{k}:PLAINTEXT" for k in listens),
    }
