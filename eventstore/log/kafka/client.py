"""kafka-python's client with what its front doors leave out; everything here connects through it."""

from __future__ import annotations

import logging
from typing import Any, Final

from kafka.errors import KafkaConnectionError
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket

# At DEBUG kafka-python logs keys and values, which may be personal data; at INFO, every look at the metadata.
_kafka_log = logging.getLogger("kafka")
_kafka_log.setLevel(max(_kafka_log.level, logging.WARNING))

CONNECT_S: Final = 2.0  # in all, over several attempts
ATTEMPT_S: Final = 1.0
# A dead broker is otherwise tried again after up to 30 s.
RECONNECT_S: Final = 0.5


class ClosingSocket(KafkaNetSocket):  # type: ignore[misc]  # kafka ships no types
    """A direct connection that closes the socket of a failed attempt.

    kafka-python leaves it to the garbage collector: while a broker is down, that is a descriptor for each attempt.
    It looks this class up by its scheme.
    """

    SCHEMES = ("direct",)

    async def sock_connect(self, net: Any, sock: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().sock_connect(net, sock, *args, **kwargs)
        except BaseException:
            sock.close()
            raise


class QuietClient(KafkaNetClient):  # type: ignore[misc]  # kafka ships no types
    """Creates no topic by asking for it, gives up on a deaf host soon, leaves no socket behind.

    - `allow_auto_create_topics=False` is ignored by producer, consumer and admin client alike: without this
      a broker that auto-creates makes a topic, with its own retention, of every name that is looked up.
    - a connection attempt to a host that accepts but does not answer takes 10 s, doubling up to 30.
    """

    def __init__(self, **options: Any) -> None:
        limits = {
            "reconnect_backoff_max_ms": int(RECONNECT_S * 1000),
            "socket_connection_setup_timeout_ms": int(ATTEMPT_S * 1000),
            "socket_connection_setup_timeout_max_ms": int(ATTEMPT_S * 1000),
            "receive_message_max_bytes": 100_000_000,
            "proxy_url": "direct://",
        }
        super().__init__(**(options | limits))
        self.cluster.config["allow_auto_create_topics"] = False

    def close(self, node_id: int | None = None) -> None:
        """Close every socket now: one with something left to send would wait for a poll that never comes."""
        for connection in list(self._manager._conns.values()):  # noqa: SLF001  there is no public way
            if node_id in (None, connection.node_id):
                connection.close(KafkaConnectionError("closed by its owner"))
        super().close(node_id)
