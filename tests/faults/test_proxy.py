"""The proxy does what it is told: passes, delays, cuts, drops answers."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from teddy_es.faults.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Path]:
    """A server that says everything back, to one client after another, and writes down what it heard."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(tmp_path / "echo"))
        listening.listen()
        thread = threading.Thread(target=_echo, args=(listening, tmp_path / "heard"))
        thread.start()
        yield tmp_path / "echo"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def proxy(echo: Path, tmp_path: Path) -> Iterator[Proxy]:
    """One in front of the server."""
    with Proxy(tmp_path / "proxy", echo) as made:
        yield made


@pytest.fixture
def client(proxy: Proxy, tmp_path: Path) -> Iterator[socket.socket]:
    """A client whose link stands."""
    with a_client(tmp_path) as made:
        assert said(made, b"first") == b"first"
        yield made


def a_client(folder: Path) -> socket.socket:
    """A connection to the proxy."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(120)
    client.connect(str(folder / "proxy"))
    return client


def said(client: socket.socket, word: bytes) -> bytes:
    """What comes back; nothing if the link ended."""
    try:
        client.sendall(word)
        return client.recv(100)
    except (BrokenPipeError, ConnectionResetError):
        return b""


def test_what_is_slow_arrives(client: socket.socket, proxy: Proxy) -> None:
    proxy.turn("slow")
    started = time.monotonic()

    assert said(client, b"later") == b"later"
    assert time.monotonic() > started + 0.2  # each way waits


def test_a_cut_ends_all_links_and_new_ones(
    client: socket.socket, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.turn("cut")

    assert said(client, b"again") == b""
    with a_client(tmp_path) as another:
        assert said(another, b"hello") == b""


def test_a_dropped_answer_was_heard_and_its_link_ends(
    client: socket.socket, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.turn("drop")
    client.sendall(b"dropped")
    while b"dropped" not in (tmp_path / "heard").read_bytes():
        threading.Event().wait(0.01)
    client.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.recv(100)

    proxy.turn("pass")

    assert said(client, b"again") == b""
    with a_client(tmp_path) as another:
        assert said(another, b"hello") == b"hello"


def _echo(listening: socket.socket, heard: Path) -> None:
    while True:
        try:
            link, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(link, heard)).start()


def _answer(link: socket.socket, heard: Path) -> None:
    with link, suppress(OSError):  # the proxy cut it
        while word := link.recv(100):
            with heard.open("ab") as file:
                file.write(word)
            link.sendall(word)
