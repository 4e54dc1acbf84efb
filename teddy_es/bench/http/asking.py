"""What the measurements of the HTTP interface share: clients that append, and a GET that must be answered."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from teddy_es.bench.http import clients
from teddy_es.bench.processes import begin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from teddy_es.bench.crews import Sample
    from teddy_es.bench.http.lines import Line
    from teddy_es.bench.http.web import Web
    from teddy_es.bench.world import World

CLIENTS: Final = 32


@contextmanager
def appending(web: Web, world: World, own: str, number: int) -> Iterator[Connection]:
    """A process of so many clients, each with a stream of its own."""
    streams = [world.stream(f"{own}-{n}") for n in range(number)]
    process, pipe = begin(clients.append_at_will, web.address, streams)
    try:
        pipe.recv()
        yield pipe
    finally:
        pipe.close()
        process.join(20)
        process.kill()


def turn(pipe: Connection, seconds: float, path: str | None = None) -> Sample:
    """What the clients saw. path: they POST there. Raises RuntimeError where one of them has ended."""
    pipe.send((seconds, path))
    try:
        sample: Sample = pipe.recv()
    except EOFError:
        msg = "the clients' process has ended; what it said stands above"
        raise RuntimeError(msg) from None
    return sample


def asked(line: Line, path: str) -> bytes:
    """The body. Raises RuntimeError for another answer than 200."""
    answer: Any = line.get(path)
    if answer.status != 200:
        msg = f"{path} answered {answer.status}: {answer.body[:300]!r}"
        raise RuntimeError(msg)
    body: bytes = answer.body
    return body
