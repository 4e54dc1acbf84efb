"""Seals what is sensitive in a commit, before it goes to the log: the one place where a box of an event is made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from eventstore.events import Commit, CommitEvent, Sealed, Withheld
from eventstore.ports import DataKey, KeyName
from eventstore.sealing.box import associated_data, cipher_of, to_text
from eventstore.sealing.opened import opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eventstore.ports import KeyRing
    from eventstore.registry.event_type import Secrets
    from eventstore.sealing.box import Cipher

_ENCODER: Final = msgspec.json.Encoder()
_MONTH: Final = 7  # characters of an instant as written


class KeysNotHeld(Exception):  # noqa: N818  (what is so)
    """The keys are not in memory, and whoever asked may not wait for them."""


class KeySealer:
    """Seals under the keys of a ring: of the subject, the retention class, and the month in which it happened."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring

    def seal(
        self,
        commit: Commit,
        secrets: Sequence[Secrets | None],
        *,
        at_once: bool = False,
    ) -> Commit:
        """See `Sealer`. at_once: raise `KeysNotHeld` rather than wait for the key store."""
        names = [
            None if one is None else _name(one, event)
            for one, event in zip(secrets, commit.events, strict=True)
        ]
        wanted = [name for name in names if name is not None]
        if not wanted:
            return commit
        if len(wanted) > 1:
            wanted = list(dict.fromkeys(wanted))
        keys = self._keys(wanted, at_once=at_once)
        sealed = tuple(
            [
                event
                if one is None or name is None
                else _sealed(commit, event, one, keys[name])
                for one, name, event in zip(secrets, names, commit.events, strict=True)
            ]
        )
        return Commit(
            commit.commit_id, commit.stream_id, commit.expected, sealed, commit.v
        )

    def unsealed(self, one: Commit, other: Commit) -> tuple[Commit, Commit]:
        """See `Sealer`."""
        pairs = list(zip(one.events, other.events, strict=False))
        ids = {e.sealed.key for pair in pairs for e in pair if e.sealed is not None}
        if len(one.events) != len(other.events) or not ids:
            return one, other
        if one.events == other.events:  # a copy of the very same: no key is needed
            return one, other
        keys = self.ring.opening([UUID(key) for key in ids])
        ciphers = {
            str(key.id): cipher_of(key)
            for key in keys.values()
            if isinstance(key, DataKey)
        }
        both = [
            _both(_unsealed(one, was, ciphers), _unsealed(other, now, ciphers))
            or (was, now)
            for was, now in pairs
        ]
        return (
            replace(one, events=tuple(was for was, _ in both)),
            replace(other, events=tuple(now for _, now in both)),
        )

    def _keys(
        self, names: Sequence[KeyName], *, at_once: bool
    ) -> Mapping[KeyName, DataKey]:
        if (held := self.ring.held(names)) is not None:
            return held
        if at_once:
            raise KeysNotHeld
        return self.ring.sealing(names)


def _name(secrets: Secrets, event: CommitEvent) -> KeyName:
    return KeyName(secrets.subject, secrets.retention, event.occurred_at[:_MONTH])


def _sealed(
    commit: Commit, event: CommitEvent, secrets: Secrets, key: DataKey
) -> CommitEvent:
    names, key_id = secrets.names, str(key.id)
    hidden: dict[str, Any] = {}
    shown: dict[str, Any] = {}
    for name, value in event.data.items():
        (hidden if name in names else shown)[name] = value
    nonce, box = cipher_of(key).seal(
        _ENCODER.encode(hidden),
        associated_data(
            commit.stream_id,
            commit.commit_id,
            event.event_id,
            event.type,
            event.schema,
            key_id,
            event.occurred_at.encode(),
        ),
    )
    return CommitEvent(
        event.event_id,
        event.type,
        event.schema,
        event.occurred_at,
        event.correlation_id,
        event.causation_id,
        shown,
        Sealed(key_id, to_text(nonce), to_text(box)),
    )


def _unsealed(
    commit: Commit, event: CommitEvent, ciphers: Mapping[str, Cipher]
) -> CommitEvent | None:
    """The event as it was before it was sealed; None where its box cannot be opened."""
    if event.sealed is None:
        return event
    cipher = ciphers.get(event.sealed.key)
    if cipher is None:
        return None
    fields = opened(cipher, commit.stream_id, commit.commit_id, event)
    if isinstance(fields, Withheld):
        return None
    return replace(event, data={**event.data, **fields}, sealed=None)


def _both(
    was: CommitEvent | None, now: CommitEvent | None
) -> tuple[CommitEvent, CommitEvent] | None:
    return None if was is None or now is None else (was, now)
