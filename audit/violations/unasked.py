"""Decisions that were proposed and nobody was asked about, because a process died in between: the request is made now."""

from __future__ import annotations

from typing import Final

from audit.approvals import asking
from audit.approvals.asking import Thing
from eventstore.queries.connection import unchecked_rows
from teddy_es.domain.approval import object_of

MOST: Final = 500  # a run

# Indexes: people_violation_proposed, the key. An answer of any kind to this version is one.
UNASKED: Final = """
SELECT v.child_id, v.violation_id, v.proposal_version, s."by"
  FROM people_violation v
  JOIN people_violationstep s ON s.child_id = v.child_id AND s.version = v.proposal_version
  LEFT JOIN people_approval a ON a.approval_id = v.approval_id
 WHERE v.proposal_version IS NOT NULL AND (a.object_version IS NULL OR a.object_version < v.proposal_version)
 ORDER BY v.queue_at, v.child_id, v.violation_id LIMIT %(most)s
"""


def ask_for_all(*, most: int = MOST) -> int:
    """In the name of who proposed it; how many."""
    asked = 0
    for child_id, violation_id, version, by in unchecked_rows(UNASKED, {"most": most}):
        thing = Thing("close_violation", object_of(child_id, violation_id), version)
        asked += asking.ask(thing, by) is not None
    return asked
