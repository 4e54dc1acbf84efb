"""Opens a contestant by its name."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from teddy_es.bench.contestants import OURS, RAW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teddy_es.bench.contestants import Append, Contestant
    from teddy_es.bench.world import World


def contestant(name: str, world: World, *, writers: int) -> Contestant:
    """Open one for so many writers of this process."""
    # imported here: each knows a library that the others do without
    if name == OURS:
        from teddy_es.bench.ours import Ours

        return Ours(world)
    if name == RAW:
        from teddy_es.bench.raw import Raw

        return Raw()
    from teddy_es.bench.peer import Peer

    return Peer(name, writers=writers)


@contextmanager
def writing(name: str, own: str, world: World) -> Iterator[Append]:
    """A contestant's writer in a process of its own."""
    with closing(contestant(name, world, writers=1)) as store:
        yield store.writer(own)
