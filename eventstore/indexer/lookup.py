"""What a fold must know before it judges: the ids its records name, and the heads its view lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventstore.events import Commit
from eventstore.indexer.statements import COMMITS, EVENT_IDS, HEADS
from eventstore.protocol.fold import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    from eventstore.indexer.entries import Own
    from eventstore.indexer.view import View
    from eventstore.protocol.fold import Entry, StreamKey


class LookUp:
    """Of the entries that are folded next: what has to be asked of the database, in the fold's own transaction.

    own: by offset. Ids that were made here while this very view stood need not be asked for (rule 8).
    """

    def __init__(
        self, view: View, entries: Sequence[Entry], own: Mapping[int, Own]
    ) -> None:
        self._view = view
        commits, unsure = [], []
        for entry in entries:
            commit = entry.content
            if isinstance(commit, Commit):
                commits.append(commit)
                if not _is_fresh(entry, own.get(entry.offset), view):
                    unsure.append(commit)
        self._commits = commits
        self._unsure = unsure
        self._streams = view.lacks(c.stream_id for c in commits)
        self._found_commits: set[StreamKey] = set()
        self._found_events: set[StreamKey] = set()

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self._unsure or self._streams)

    def ask(self, connection: psycopg.Connection[Any], *, begun: bool) -> None:
        """Ask, in one round trip, in the fold's transaction, begun or not."""
        commits = [(c.stream_id, c.commit_id) for c in self._unsure]
        events = [(c.stream_id, e.event_id) for c in self._unsure for e in c.events]
        with connection.pipeline():
            if not begun:
                connection.execute("BEGIN")
            found_commits = connection.execute(COMMITS, _pairs(commits))
            found_events = connection.execute(EVENT_IDS, _pairs(events))
            heads = connection.execute(HEADS, {"streams": list(self._streams)})
        self._view.heads |= dict.fromkeys(self._streams, 0)
        self._view.heads |= dict(heads.fetchall())
        self._found_commits |= set(found_commits.fetchall())
        self._found_events |= set(found_events.fetchall())

    def state(self) -> State:
        """What is known by now, to fold from."""
        view = self._view
        commits = {
            k
            for c in self._commits
            if (k := (c.stream_id, c.commit_id)) in view.commits
        }
        event_ids = {
            k
            for c in self._commits
            for e in c.events
            if (k := (c.stream_id, e.event_id)) in view.event_ids
        }
        return State(
            view.place,
            view.partitions,
            view.rule_version,
            view.last_recorded_at,
            view.heads,
            commits | self._found_commits,
            event_ids | self._found_events,
        )


def _is_fresh(entry: Entry, own: Own | None, view: View) -> bool:
    """Whether the database cannot know its ids: made here while this very view stood."""
    return (
        own is not None
        and own.fresh_since == view.serial
        and own.entry.value == entry.value
    )


def _pairs(keys: Sequence[StreamKey]) -> dict[str, Any]:
    return {"streams": [k[0] for k in keys], "ids": [k[1] for k in keys]}
