"""The access ledger: who looks at whose data, and why, as events of the same log, written before anything is shown.

`EVENTSTORE["ACCESS_RECORDER"]` names it. Who shows something calls `eventstore.opening.record`, and this is what answers.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, cast

from eventstore.errors import AccessNotRecorded
from eventstore.events import Expected, NewEvent
from eventstore.store import get_event_store
from teddy_es.domain.access import ACTOR, MOST_SUBJECTS, PURPOSES, DataAccessed
from teddy_es.domain.fields import is_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.ports import Store
    from teddy_es.domain.access import ActorKind, Kind, Purpose

_DIGITS: Final = 32


class AccessLedger:
    """An `AccessRecorder`: each access is a `DataAccessed` in `access.{actor}`.

    store: None: the configured one. most: subjects of one event; of more than that there are several, one behind the other.
    """

    def __init__(
        self, store: Store | None = None, *, most: int = MOST_SUBJECTS
    ) -> None:
        self._store = store
        self._most = most

    def record(
        self,
        *,
        kind: str,
        purpose: str,
        subjects: Sequence[str],
        object: str | None = None,  # noqa: A002  (as the event's field is called)
        reference: str | None = None,
        actor: str,
        actor_kind: str = "officer",
    ) -> None:
        """See `AccessRecorder`. Raises `AccessNotRecorded` for what the ledger has no words for, and whatever the store raises."""
        refuse_nameless(actor)
        refuse_pointless(purpose)
        store = self._store or get_event_store()
        for named in self._parts(subjects):
            event = DataAccessed(
                actor=actor,
                actor_kind=cast("ActorKind", actor_kind),
                kind=cast("Kind", kind),
                purpose=cast("Purpose", purpose),
                subjects=named,
                object=object,
                reference=reference,
            )
            store.append(f"access.{actor}", [NewEvent(event)], Expected.ANY)

    def _parts(self, subjects: Sequence[str]) -> Iterator[list[str]]:
        """Once each, by their names; one empty part of nobody."""
        names = sorted({subject_as_recorded(one) for one in subjects})
        for first in range(0, max(len(names), 1), self._most):
            yield names[first : first + self._most]


def refuse_nameless(actor: str) -> None:
    """Raise `AccessNotRecorded` for a name that is no stream's."""
    if not ACTOR.fullmatch(actor):
        msg = "who looks is named by up to 100 letters, digits, - and _"
        raise AccessNotRecorded(msg)


def refuse_pointless(purpose: str) -> None:
    """Raise `AccessNotRecorded` for what is none of the purposes."""
    if purpose not in PURPOSES:
        msg = f"the purpose is none of: {', '.join(PURPOSES)}"
        raise AccessNotRecorded(msg)


def subject_as_recorded(subject: str) -> str:
    """The id; what is none, as another producer may have written it, is free text, and a digest of it is recorded."""
    if is_id(subject):
        return subject
    digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
    return f"sha256-{digest[:_DIGITS]}"
