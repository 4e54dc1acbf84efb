"""What an event takes in PostgreSQL, all indexes included: 600 bytes of data, one event a commit."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from eventstore.conf import conf
from eventstore.log.configured import EMBEDDED
from eventstore.store import make_event_store
from teddy_es.bench.contestants import OURS, PEER
from teddy_es.bench.domain import texts
from teddy_es.bench.figures import Series
from teddy_es.bench.fill import fill
from teddy_es.bench.tables import size, tables, tables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

EVENTS: Final = 100_000
_PER_STREAM: Final = 20


def space(plan: Plan, world: World) -> Iterator[Series]:
    """Bytes an event: everything there is in the database, then without the embedded log's own copy."""
    events = plan.events or EVENTS
    streams = max(1, events // _PER_STREAM)
    plan.noise.listen()
    plan.tell(f"space: filling, {OURS}")
    fill(make_event_store(), world, "filled", events, streams=streams)
    folded, log = size(tables(of_log=False)), size(tables(of_log=True))
    yield _series("space/event", OURS, (folded + log) / events)
    if PEER in plan.contestants:
        plan.tell(f"space: filling, {PEER}")
        yield _series("space/event", PEER, _peers(events, streams) / events)
    if conf.LOG == EMBEDDED:
        yield _series("space/without-log", OURS, folded / events)


def _peers(events: int, streams: int) -> int:
    from teddy_es.bench.peer import Peer, schema_of

    schema = schema_of(PEER)
    with closing(Peer(PEER, writers=1)) as peer:
        for n in range(streams):
            peer.fill(texts(str(n)), events // streams + (n < events % streams))
    return size(tables_of(schema), schema=schema)


def _series(measure: str, contestant: str, value: float) -> Series:
    return Series(measure, contestant, "bytes", (value,))
