"""kafka-python's client with what its front doors leave out; everything here connects through it."""

from __future__ import annotations

import errno
import logging
from typing import Any, Final

from kafka.errors import KafkaConnectionError, KafkaError
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket, create_connection
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

from eventstore.log.kafka.causes import (
    NameNotResolved,
    NobodyListens,
    Unheard,
    is_late,
    lasts,
)

# At DEBUG kafka-python logs keys and values, which may be personal data; at INFO, every look at the metadata.
_kafka_log = logging.getLogger("kafka")
_kafka_log.setLevel(max(_kafka_log.level, logging.WARNING))

CONNECT_S: Final = 2.0  # in all, over several attempts
ATTEMPT_S: Final = 1.0
# A dead broker is otherwise tried again after up to 30 s.
RECONNECT_S: Final = 0.5


class ClosingSocket(KafkaNetSocket):  # type: ignore[misc]  # kafka ships no types
    """A direct connection that closes the socket of a failed attempt, and says by a class why it failed.

    kafka-python leaves it to the garbage collector: while a broker is down, that is a descriptor for each attempt.
    It looks this class up by its scheme.
    """

    SCHEMES = ("direct",)

    def dns_lookup(self, host: str, port: int, *_args: Any, **_kwargs: Any) -> Any:
        addresses = super().dns_lookup(host, port)
        if not addresses:
            raise NameNotResolved
        return addresses

    async def sock_connect(self, net: Any, sock: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().sock_connect(net, sock, *args, **kwargs)
        except BaseException:
            sock.close()
            raise

    def connect_ex(self, sock: Any, sockaddr: Any) -> int:
        code: int = super().connect_ex(sock, sockaddr)
        if code == errno.ECONNREFUSED:
            raise NobodyListens
        return code


class _ReadsToTheEnd:
    """Hands on what came before the connection ended, and the end at the next read.

    kafka-python drops it. A broker says that a log-in was refused and hangs up: the refusal would be lost.
    """

    def _sock_recv(self) -> tuple[bytes, BaseException | None]:
        data, error = super()._sock_recv()  # type: ignore[misc]
        return data, None if data else error


class PlainTransport(_ReadsToTheEnd, KafkaTCPTransport):  # type: ignore[misc]
    """Without TLS."""


class TLSTransport(_ReadsToTheEnd, KafkaSSLTransport):  # type: ignore[misc]
    """With TLS, whose handshake has an end: kafka-python waits for a deaf host for ever, and the caller with it."""

    _net: Any
    timeout_at: float | None = None

    async def handshake(self) -> None:
        net = self._net
        self._net = _Limited(net, self.timeout_at)
        try:
            await super().handshake()
        finally:
            self._net = net


class _Limited:
    """A selector's waits, until a time on the monotonic clock."""

    def __init__(self, net: Any, timeout_at: float | None) -> None:
        self._net = net
        self._timeout_at = timeout_at

    def wait_read(self, sock: Any) -> Any:
        return self._net.wait_read(sock, timeout_at=self._timeout_at)

    def wait_write(self, sock: Any) -> Any:
        return self._net.wait_write(sock, timeout_at=self._timeout_at)


class WatchedManager(KafkaConnectionManager):  # type: ignore[misc]
    """Keeps what ended the last attempt at each broker: kafka-python only logs it and tries on until the time is up.

    failures: by the broker's id, until it is connected.
    """

    def __init__(self, net: Any, **options: Any) -> None:
        super().__init__(net, **options)
        self.failures: dict[Any, Unheard] = {}

    def get_connection(self, node_id: Any, *args: Any, **kwargs: Any) -> Any:
        self._refuse_in_vain(node_id)
        known = self._conns.get(node_id)
        connection = super().get_connection(node_id, *args, **kwargs)
        if connection is not known:
            self._watch(node_id, connection)
        return connection

    def _refuse_in_vain(self, node_id: Any) -> None:
        """Raise what keeps the first contact from ever coming about, if that holds for each broker that may be asked."""
        if not self.cluster.is_bootstrap(node_id):
            return
        failures = [
            self.failures.get(one.node_id) for one in self.cluster.bootstrap_brokers()
        ]
        if all(one is not None and lasts(one) for one in failures):
            raise self.failures[node_id]

    def _watch(self, node_id: Any, connection: Any) -> None:
        node = self.cluster.broker_metadata(node_id)
        address = f"{node.host}:{node.port}"

        def note(error: BaseException) -> None:
            if is_late(error) and node_id in self.failures:
                return  # the try before the time was up says more
            self.failures[node_id] = Unheard(
                address, error, early=not self.bootstrapped
            )

        connection.init_future.add_callback(lambda _: self.failures.pop(node_id, None))
        connection.init_future.add_errback(note)
        connection.close_future.add_errback(note)

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        sock = await create_connection(
            self._net,
            node.host,
            node.port,
            self.config["socket_options"],
            proxy_url=self.config["proxy_url"],
            timeout_at=timeout_at,
        )
        try:
            if self.ssl_enabled:
                options = {k: v for k, v in self.config.items() if k.startswith("ssl_")}
                transport = TLSTransport(self._net, sock, host=node.host, **options)
                transport.timeout_at = timeout_at
                sock = transport
            else:
                transport = PlainTransport(self._net, sock, host=node.host)
            await transport.handshake()
        except BaseException:
            sock.close()
            raise
        return transport


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
        options |= limits
        net = NetworkSelector(**options)
        super().__init__(net=net, manager=WatchedManager(net, **options))
        self.cluster.config["allow_auto_create_topics"] = False

    def get_broker_version(self, timeout_ms: int | None = None) -> Any:
        """Get to know the cluster. Raises what was wrong, not only that the time is up."""
        try:
            return super().get_broker_version(timeout_ms=timeout_ms)
        except KafkaError as error:
            raise self._last_failure() or error from error

    def await_ready(self, node_id: Any, timeout_ms: int = 30_000) -> Any:
        """Be connected to a broker. Raises what was wrong, not only that it is not ready."""
        try:
            return super().await_ready(node_id, timeout_ms=timeout_ms)
        except KafkaError as error:
            raise self.failure(node_id) or error from error

    def failure(self, node_id: Any) -> Unheard | None:
        """What ended the last attempt at a broker, if it is not connected since."""
        failure: Unheard | None = self._manager.failures.get(node_id)
        return failure

    def _last_failure(self) -> Unheard | None:
        """The most telling one: what lasts before what may pass, a later one before an earlier."""
        failures = list(self._manager.failures.values())
        return max(reversed(failures), key=lasts, default=None)

    def close(self, node_id: int | None = None) -> None:
        """Close every socket now: one with something left to send would wait for a poll that never comes."""
        for connection in list(self._manager._conns.values()):  # noqa: SLF001  there is no public way
            if node_id in (None, connection.node_id):
                connection.close(KafkaConnectionError("closed by its owner"))
        super().close(node_id)
