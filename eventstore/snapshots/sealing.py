"""States that were made of opened fields: sealed under their subject's own key for snapshots, opened for who holds an opener.

A destruction of any of a subject's keys destroys that one, too. A builder may still hold what it has opened before; so it seals first
in thought and asks then: it takes the snapshots' key, after that it has the ring look, past its memory, whether all keys that it has
read by are still there, and only then it writes. Whatever was destroyed before the look is noticed; whatever is destroyed after it takes the
snapshots' key with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from eventstore.conf import registry
from eventstore.errors import StateWithheld, SubjectErased
from eventstore.ports import DataKey, Gone, KeyName
from eventstore.registry import SNAPSHOT_RETENTION, Problem
from eventstore.sealing.box import Unopenable, open_box, seal
from eventstore.snapshots.record import NONCE_BYTES
from eventstore.snapshots.signing import bound_by_row, bound_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.events import RecordedEvent
    from eventstore.ports import KeyRing, Opener
    from eventstore.queries.kept import Kept
    from eventstore.queries.snapshots import Made, StoredSnapshot
    from eventstore.snapshots.snapshot import Snapshot

ALL_MONTHS: Final = "all"
_FOR_GOOD: Final = frozenset({"erased", "expired"})
_NOT_FOR_GOOD: Final = "something was withheld from it that may be opened another time"
_SEVERAL: Final = "it was made of what was opened of more than one subject"
_GONE: Final = "a key under which something of it was sealed is gone meanwhile"


@dataclass(slots=True)
class Opened:
    """Of whose sealed fields a state was made, and under which keys they were sealed.

    may_come_back: whether something was withheld that may be opened another time; what was erased, or has expired, never comes back.
    """

    subjects: set[str] = field(default_factory=set)
    keys: set[UUID] = field(default_factory=set)
    may_come_back: bool = False

    def note(self, event: RecordedEvent) -> None:
        """An event that was applied; what another writer left in the clear counts as opened."""
        if event.withheld is not None:
            self.may_come_back |= event.withheld.reason not in _FOR_GOOD
            return
        if event.sealed is not None:
            self.keys.add(UUID(event.sealed.key))
        elif event.problem != Problem.SENSITIVE_IN_CLEAR:
            return
        known = registry().event_type_named(event.metadata.event_type)
        subject = known and known.subject_of(event.metadata.stream_id, event.data)
        self.subjects.add(subject or "")

    def begin(self, key: DataKey) -> None:
        """With a state that was sealed under this key."""
        self.subjects.add(key.name.subject)
        self.keys.add(key.id)


def sealed(
    aggregate: str, snapshot: Snapshot, opened: Opened, ring: KeyRing
) -> Snapshot:
    """The snapshot with its state in a box; as it is, where nothing was opened. Raises `StateWithheld`, `KeyStoreUnavailable`.

    1. take the key for the subject's snapshots    2. see that all keys are there that something was opened with    3. seal
    """
    if opened.may_come_back:
        raise StateWithheld(aggregate, _NOT_FOR_GOOD)
    if not opened.subjects:
        return snapshot
    if len(opened.subjects) > 1:
        raise StateWithheld(aggregate, _SEVERAL)
    (subject,) = opened.subjects
    name = KeyName(subject, SNAPSHOT_RETENTION, ALL_MONTHS)
    try:
        key = ring.sealing([name])[name]  # 1
    except SubjectErased:
        raise StateWithheld(aggregate, _GONE) from None
    there = ring.fresh(opened.keys) if opened.keys else {}  # 2
    if any(isinstance(there.get(one), Gone | None) for one in opened.keys):
        raise StateWithheld(aggregate, _GONE)
    bound = bound_to(snapshot, key.id)
    nonce, box = seal(key.secret, snapshot.state, bound)  # 3
    return replace(snapshot, state=nonce + box, key_id=key.id)


def state_in(
    row: StoredSnapshot | Kept, made: Made, opener: Opener
) -> tuple[bytes, DataKey | None] | None:
    """The state of a row that this store has signed, and under which key it was sealed; None where that key is gone, or not its own.

    Raises `KeyStoreUnavailable`.
    """
    if row.key_id is None:
        return row.state, None
    key = opener.key(row.key_id)
    if isinstance(key, Gone) or key.name.retention_class != SNAPSHOT_RETENTION:
        return None
    nonce, box = row.state[:NONCE_BYTES], row.state[NONCE_BYTES:]
    try:
        state = open_box(key.secret, nonce, box, bound_by_row(row, made, row.key_id))
    except Unopenable:
        return None
    return state, key


def gone(rows: Sequence[Kept], opener: Opener) -> set[UUID]:
    """Of the keys that these rows are sealed under those that nobody has any more. Raises `KeyStoreUnavailable`."""
    ids = {row.key_id for row in rows if row.key_id is not None}
    opener.prepare(str(one) for one in ids)
    return {one for one in ids if isinstance(opener.key(one), Gone)}
