"""What a fold must know before it judges: the ids its records name, and the heads its view lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eventstore.indexer.statements import COMMITS, EVENT_IDS, HEADS
from eventstore.protocol.fold import State, StreamKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from eventstore.events import Commit
    from eventstore.indexer.view import View


@dataclass(frozen=True, slots=True)
class Question:
    """The ids and streams that have to be asked of the database, in the fold's own transaction."""

    commits: Sequence[StreamKey]
    event_ids: Sequence[StreamKey]
    streams: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.commits or self.event_ids or self.streams)


def question(
    view: View, named: Sequence[Commit], fresh: frozenset[StreamKey]
) -> Question:
    """What must be asked for these commits; ids in `fresh` were made here and need not be."""
    asked = [c for c in named if (c.stream_id, c.commit_id) not in fresh]
    return Question(
        [(c.stream_id, c.commit_id) for c in asked],
        [(c.stream_id, e.event_id) for c in asked for e in c.events],
        view.lacks(c.stream_id for c in named),
    )


def look_up(
    connection: psycopg.Connection[Any],
    view: View,
    asked: Question,
    named: Sequence[Commit],
    *,
    begun: bool,
) -> State:
    """The state to fold from. If there is anything to ask: one round trip, in the fold's transaction, begun or not."""
    commits = {k for c in named if (k := (c.stream_id, c.commit_id)) in view.commits}
    event_ids = {
        k
        for c in named
        for e in c.events
        if (k := (c.stream_id, e.event_id)) in view.event_ids
    }
    if asked:
        found_commits, found_events = _ask(connection, view, asked, begun=begun)
        commits |= found_commits
        event_ids |= found_events
    return State(
        view.place,
        view.partitions,
        view.rule_version,
        view.last_recorded_at,
        view.heads,
        commits,
        event_ids,
    )


def _ask(
    connection: psycopg.Connection[Any], view: View, asked: Question, *, begun: bool
) -> tuple[set[StreamKey], set[StreamKey]]:
    with connection.pipeline():
        if not begun:
            connection.execute("BEGIN")
        commits = connection.execute(COMMITS, _pairs(asked.commits))
        event_ids = connection.execute(EVENT_IDS, _pairs(asked.event_ids))
        heads = connection.execute(HEADS, {"streams": list(asked.streams)})
    view.heads |= dict.fromkeys(asked.streams, 0)
    view.heads |= dict(heads.fetchall())
    return set(commits.fetchall()), set(event_ids.fetchall())


def _pairs(keys: Sequence[StreamKey]) -> dict[str, Any]:
    return {"streams": [k[0] for k in keys], "ids": [k[1] for k in keys]}
