"""A small proxy between client and server that slows down, cuts connections, or drops answers, at will."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType
    from typing import Any

Mode = Literal["pass", "slow", "cut", "drop"]
Address = Path | int  # a Unix socket, or a port of loopback
_CHUNK: Final = 65_536
_DELAY_S: Final = 0.15  # on each piece that goes either way, while it is slow


@dataclass(eq=False)
class _Link:
    """One client's connection and ours to the server."""

    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    torn: bool = False  # an answer was dropped: what follows would be taken for it

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


class Proxy:
    """Listens on one address for as long as it is entered; what it is told takes effect at once.

    slow: every piece waits. cut: all connections end, new ones too. drop: questions arrive, answers do not.
    """

    def __init__(self, listen: Address, target: Address) -> None:
        self._listen = listen
        self._target = target
        self._mode: Mode = "pass"
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def turn(self, mode: Mode) -> None:
        """Behave so from now on."""
        self._run(self._turned(mode))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    # ---- inside the loop

    async def _open(self) -> None:
        if isinstance(self._listen, int):
            self._server: asyncio.Server = await asyncio.start_server(
                self._accepted, "127.0.0.1", self._listen
            )
        else:
            self._server = await asyncio.start_unix_server(self._accepted, self._listen)

    async def _close(self) -> None:
        self._server.close()
        for link in self._links:
            link.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _turned(self, mode: Mode) -> None:
        self._mode = mode
        for link in self._links:
            if mode == "cut" or link.torn:
                link.cut()

    def _accepted(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        link = _Link([writer])
        self._links.add(link)
        try:
            if self._mode == "cut":
                return
            answers, server = await self._connected()
            link.writers.append(server)
            await asyncio.gather(
                self._pump(link, reader, server, answers=False),
                self._pump(link, answers, writer, answers=True),
            )
        except OSError:
            return  # one side is gone: so is the link
        finally:
            self._links.discard(link)
            link.cut()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, int):
            return await asyncio.open_connection("127.0.0.1", self._target)
        return await asyncio.open_unix_connection(self._target)

    async def _pump(
        self,
        link: _Link,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        *,
        answers: bool,
    ) -> None:
        while piece := await source.read(_CHUNK):
            if self._mode == "slow":
                await asyncio.sleep(_DELAY_S)
            if answers and self._mode == "drop":
                link.torn = True
            if answers and link.torn:
                continue
            sink.write(piece)
            await sink.drain()
        link.cut()
