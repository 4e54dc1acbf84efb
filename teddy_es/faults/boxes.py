"""Opens what is sealed, by a reading of its own: every accepted text is as it was proposed, or its person was erased; nothing else.

Keys come from the key store's rows, unwrapped here; what a box is bound to is put together here, from docs/RECORD_FORMAT.md and
not from `eventstore.sealing`.
"""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from teddy_es.faults.said import sensitive_of, subject_of
from teddy_es.faults.work import attempt_of, label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import psycopg

    from teddy_es.faults.findings import Findings
    from teddy_es.faults.judge import Place
    from teddy_es.faults.ledger import Ledger
    from teddy_es.faults.tables import Judged

_NONCE: Final = 12
_KEYS: Final = """
SELECT id, subject, retention_class, month, wrapped, commitment, why FROM keys_datakey
"""


@dataclass(frozen=True, slots=True)
class Key:
    """secret: None if it was destroyed; why: then."""

    subject: str
    month: str
    secret: bytes | None
    why: str | None


def keys_in(
    connection: psycopg.Connection[Any], kek: bytes, findings: Findings
) -> Mapping[str, Key]:
    """All that the key store has, by their ids."""
    found = {}
    for id_, subject, kind, month, wrapped, commitment, why in connection.execute(
        _KEYS
    ):
        secret = wrapped and _unwrapped(kek, id_, (subject, kind, month), wrapped)
        if wrapped and (secret is None or committed(secret) != bytes(commitment)):
            findings.add("sealed", f"key {id_} is not the one that was minted")
        found[str(id_)] = Key(subject, month, secret, why)
    return found


def _unwrapped(
    kek: bytes, id_: UUID, name: tuple[str, str, str], wrapped: bytes
) -> bytes | None:
    parts = (id_.bytes, *(part.encode() for part in name))
    said = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    context = sha256(b"eventstore.wrapped/1" + said).digest()
    bound = b"eventstore.kek-wrap/1" + context
    try:
        return AESGCM(kek).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound)
    except InvalidTag:
        return None


def committed(secret: bytes) -> bytes:
    """What the log was told of a key."""
    return sha256(b"eventstore.key/1" + secret).digest()


def kek_of(environment: Mapping[str, str]) -> bytes:
    """The world's key-encryption key."""
    return urlsafe_b64decode(environment["TEDDY_KEK_SECRETS"])


class Boxes:
    """`noting` takes what the judge has taken and opens it, `conclude` looks at who was erased. opened, erased: how many texts."""

    def __init__(
        self, ledger: Ledger, keys: Mapping[str, Key], findings: Findings
    ) -> None:
        self.opened = self.erased = 0
        self._ledger = ledger
        self._keys = keys
        self._findings = findings

    def noting(self, place: Place, judged: Iterable[Judged]) -> Iterator[Judged]:
        """Gives a partition's records on."""
        for one in judged:
            offset, _, line, content = one
            if line.first_version is not None and content is not None:
                for n, event in enumerate(content["events"]):
                    where = f"{place.topic}/{place.partition}/{offset}/{n}"
                    self._event(where, content, event)
            yield one

    def conclude(self) -> None:
        """Nobody who was erased has a key that lives."""
        for id_, key in self._keys.items():
            if key.secret is not None and key.subject in self._ledger.erased:
                self._findings.add("sealed", f"key {id_} of {key.subject} lives")
        for subject in sorted(self._ledger.erasing - self._ledger.erased):
            self._findings.add("sealed", f"{subject} was not erased in the end")

    def _event(self, where: str, commit: dict[str, Any], event: dict[str, Any]) -> None:
        name, subject = attempt_of(event), subject_of(commit["stream_id"])
        call = self._ledger.calls.get(name)
        padding = (call and call.padding) or 0
        right = sensitive_of(event["type"], label_of(event), padding)
        if in_the_clear := right.keys() & event["data"].keys():
            self._findings.add("sealed", f"{where}: {in_the_clear} in the clear")
        if not right and "sealed" not in event:
            return
        said = self._opened(commit, event)
        if isinstance(said, str):
            is_erased = said == "erasure" and subject in self._ledger.erasing
            self.erased += is_erased
            if not is_erased:
                self._findings.add("sealed", f"{where} of {subject}: {said}")
        elif said == right:
            self.opened += 1
        else:
            self._findings.add("sealed", f"{where} is not what {name} proposed")

    def _opened(
        self, commit: dict[str, Any], event: dict[str, Any]
    ) -> dict[str, Any] | str:
        """The fields, or why there are none."""
        sealed = event.get("sealed")
        key = self._keys.get(sealed["key"]) if sealed else None
        if sealed is None or key is None:
            return "nothing is sealed" if sealed is None else "a key that nobody made"
        if (key.subject, key.month) != (
            subject_of(commit["stream_id"]),
            event["occurred_at"][:7],
        ):
            return "another's key"
        if key.secret is None:
            return str(key.why)
        nonce, box = b64decode(sealed["nonce"]), b64decode(sealed["box"])
        try:
            text = AESGCM(key.secret).decrypt(nonce, box, bound_to(commit, event))
        except InvalidTag:
            return "it does not open"
        fields: dict[str, Any] = json.loads(text)
        return fields


def bound_to(commit: dict[str, Any], event: dict[str, Any]) -> bytes:
    """What a box is bound to: each part behind its length, of 8 bytes."""
    parts = (
        commit["stream_id"].encode(),
        UUID(commit["commit_id"]).bytes,
        UUID(event["event_id"]).bytes,
        event["type"].encode(),
        event["schema"].to_bytes(8, "big"),
        UUID(event["sealed"]["key"]).bytes,
        event["occurred_at"].encode(),
    )
    said = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return b"eventstore.box/1" + said
