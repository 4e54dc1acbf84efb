"""A listener of its own for probes and figures: it answers while every thread that makes pages is busy, and strangers do not reach it.

Each web process has one, on the same address: the system gives a connection to any of them that lives.
"""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse

from teddy_es import health
from teddy_es.conf import conf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PROBES: Final[Mapping[str, Callable[[HttpRequest], HttpResponse]]] = {
    "/healthz": health.alive,
    "/readyz": health.ready,
    "/metrics": health.metrics,
}


def serve() -> Listener | None:
    """Answer on TEDDY_PROBES from a thread of this process; None where it says none."""
    if conf.TEDDY_PROBES is None:
        return None
    listener = Listener(conf.TEDDY_PROBES)
    Thread(target=listener.serve_forever, name="probes", daemon=True).start()
    return listener


class _Handler(BaseHTTPRequestHandler):
    """One question."""

    timeout = 5  # seconds that it waits for its request

    def do_GET(self) -> None:
        """Answer as the page of this address would, and with all detail."""
        request = HttpRequest()
        request.method, request.path = self.command, urlsplit(self.path).path
        request.META = {"REMOTE_ADDR": str(self.client_address[0])}
        request.is_probe = True  # type: ignore[attr-defined]
        probe = _PROBES.get(request.path)
        answer = probe(request) if probe else HttpResponse(status=404)
        self.send_response(answer.status_code)
        for name, value in answer.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.content)

    do_HEAD = do_GET  # noqa: N815  (http.server's)

    def log_message(self, *_args: Any) -> None:
        """A probe every few seconds is no news."""


class Listener(ThreadingMixIn, TCPServer):
    """On an address that other processes of this installation listen on too."""

    daemon_threads = True
    allow_reuse_address = True
    allow_reuse_port = True

    def __init__(self, address: tuple[str, int]) -> None:
        """Raises OSError if somebody else listens there."""
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)
