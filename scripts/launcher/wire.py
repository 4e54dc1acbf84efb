"""Ask a Kafka broker, in bytes, which brokers it sees.

The launcher has the standard library only, and an open port says nothing: a broker
listens before it is registered, and a cluster is ready when its nodes see each other.
"""

from __future__ import annotations

import socket
import struct

# Metadata, version 4: the youngest in the plain encoding. No topics; create none.
REQUEST = struct.pack(">hhih5s", 3, 4, 1, 5, b"teddy") + struct.pack(">ib", 0, 0)


def brokers_seen_by(port: int, *, timeout_s: float = 2) -> set[int]:
    """The node ids that the broker on this loopback port sees; none: not ready."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
            connection.sendall(struct.pack(">i", len(REQUEST)) + REQUEST)
            (length,) = struct.unpack(">i", _exactly(connection, 4))
            return _node_ids(_exactly(connection, length))
    except (ConnectionError, TimeoutError):
        return set()


def _exactly(connection: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        more = connection.recv(length - len(received))
        if not more:
            raise ConnectionError
        received += more
    return received


def _node_ids(answer: bytes) -> set[int]:
    """Correlation id, throttle time, then the brokers: id, host, port, rack or null."""
    (count,) = struct.unpack_from(">i", answer, 8)
    place = 12
    found = set()
    for _ in range(count):
        node, host_length = struct.unpack_from(">ih", answer, place)
        found.add(node)
        place += 6 + host_length + 4
        (rack_length,) = struct.unpack_from(">h", answer, place)
        place += 2 + max(rack_length, 0)
    return found
