"""Which of a process's own records it may fold the quick way: all places in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventstore.events import Commit
from eventstore.indexer.entries import fresh
from eventstore.indexer.flush import Stretch
from eventstore.indexer.lookup import look_up, question
from eventstore.protocol.fold import KNOWN_RULE_VERSION, fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    from eventstore.events import Place
    from eventstore.indexer.entries import Own
    from eventstore.indexer.view import View


def at_cursors(
    connection: psycopg.Connection[Any],
    views: Mapping[Place, View],
    own: Mapping[Place, Sequence[Own]],
) -> list[Stretch]:
    """What is to be written of the places' own records, where they lie at the cursor and nothing is to be looked up."""
    found = (
        _stretch(connection, views[place], some)
        for place, some in own.items()
        if place in views
    )
    return [stretch for stretch in found if stretch is not None]


def _stretch(
    connection: psycopg.Connection[Any], view: View, own: Sequence[Own]
) -> Stretch | None:
    entries = [o.entry for o in own]
    cursor = view.cursor + len(entries)
    if (
        view.is_behind
        or view.rule_version > KNOWN_RULE_VERSION
        or [e.offset for e in entries] != list(range(view.cursor, cursor))
    ):
        return None
    named = [e.content for e in entries if isinstance(e.content, Commit)]
    asked = question(
        view, named, fresh(view, entries, {o.entry.offset: o for o in own})
    )
    if asked:
        return None
    state = look_up(connection, view, asked, named, begun=False)
    stretch = Stretch(view, fold(state, entries), cursor)
    return None if stretch.is_long else stretch
