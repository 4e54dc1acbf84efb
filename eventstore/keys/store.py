"""What is kept of keys, and how they end: whoever destroys is first, or who mints is, and the other one sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from eventstore.errors import SubjectErased
from eventstore.keys import statements
from eventstore.keys.rows import ERASURE, KeyRow, WrappedKey, name_parts
from eventstore.keys.sessions import Sessions
from eventstore.ports import Gone, KeyName, Wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    import psycopg

    from eventstore.keys.rows import Tombstone

LEAST_ID: Final = UUID(int=0)
PAGE: Final = 1_000


class KeyStore:
    """The tables. Each method is one transaction, durable when it returns; all raise `KeyStoreUnavailable`.

    ended: told the subjects whose keys were destroyed, as soon as they are.
    """

    def __init__(
        self,
        sessions: Sessions | None = None,
        ended: Callable[[Collection[str]], None] = lambda _subjects: None,
    ) -> None:
        self.sessions = sessions or Sessions()
        self._ended = ended

    def close(self) -> None:
        """Let go of sessions."""
        self.sessions.close()

    # ---- looking up

    def living(self, names: Collection[KeyName]) -> list[WrappedKey]:
        """The keys of these names, as far as there are any."""
        return [_wrapped(row) for row in self._rows(statements.BY_NAME, _names(names))]

    def of_ids(self, ids: Collection[UUID]) -> dict[UUID, WrappedKey | Gone]:
        """The keys of these ids, or their tombstones; what the store does not know is not there."""
        found = self._rows(statements.BY_ID, {"ids": list(ids)})
        return {row[0]: _wrapped_or_gone(row) for row in found}

    def known(self, subjects: Collection[str]) -> set[str]:
        """Those of the subjects that have ever had a key here, or were erased here."""
        given = {"subjects": list(subjects)}
        return {subject for (subject,) in self._rows(statements.SUBJECTS, given)}

    def erased(self, subject: str) -> tuple[datetime, str | None] | None:
        """When and by which request a subject was erased; None if it was not."""
        rows = self._rows(statements.ERASED, {"subject": subject})
        return next(((at, request) for at, request in rows if at is not None), None)

    def rows(self, subject: str) -> list[KeyRow]:
        """All keys of a subject, tombstones among them."""
        found = self._rows(statements.OF_SUBJECT, {"subject": subject})
        return [_row(one) for one in found]

    def past(
        self,
        retention_class: str,
        before_month: str,
        after: tuple[str, UUID] = ("", LEAST_ID),
        limit: int = PAGE,
    ) -> list[KeyRow]:
        """Living keys of a class whose month is before this one, by month and id, behind `after`."""
        given = {
            "class": retention_class,
            "before": before_month,
            "after_month": after[0],
            "after_id": after[1],
            "limit": limit,
        }
        return [_row(one) for one in self._rows(statements.PAST, given)]

    # ---- minting

    def mint(self, keys: Sequence[WrappedKey]) -> list[WrappedKey]:
        """Put those in whose names have none; the keys that these names have then, whoever made them.

        1. the subjects' rows are there, and held shared: an erasure waits, or was before
        2. nobody was erased, and no name's key was destroyed: else `SubjectErased`, and nothing was made
        3. whoever inserts a name first has made it
        """
        keys = sorted(keys, key=lambda one: name_parts(one.name))
        names = [one.name for one in keys]
        subjects = {"subjects": sorted({one.subject for one in names})}
        with self.sessions.session() as session, session.transaction():
            session.execute(statements.ADD_SUBJECTS, subjects)  # 1
            held = session.execute(statements.HOLD_SUBJECTS, subjects).fetchall()
            _refuse_the_destroyed(session, held, names)  # 2
            session.execute(statements.MINT, _minting(keys))  # 3
            found = session.execute(statements.BY_NAME, _names(names)).fetchall()
        return [_wrapped(row) for row in found]

    def mint_told(self, ids: Collection[UUID]) -> set[UUID]:
        """The log knows these keys now; those of them that were destroyed meanwhile."""
        found = self._rows(statements.MINT_TOLD, {"ids": list(ids)})
        return {one for one, is_destroyed in found if is_destroyed}

    # ---- destroying

    def erase(self, subject: str, *, at: datetime, request: str) -> list[KeyRow]:
        """Mark the subject erased for good and destroy all keys it has; all rows of it, tombstones and these.

        Waits for who mints for it. Repeated, it changes nothing, and says the same.
        """
        given = {"subject": subject, "at": at, "request": request, "why": ERASURE}
        with self.sessions.session() as session, session.transaction():
            session.execute(statements.ERASE, given)
            session.execute(statements.DESTROY_ALL, given)
            found = session.execute(statements.OF_SUBJECT, given).fetchall()
        self._ended([subject])
        return [_row(one) for one in found]

    def bury(self, tombstones: Sequence[Tombstone], *, told: bool = False) -> set[UUID]:
        """Destroy these keys, and where one lived the key of its subject's states with it; the ids of those that lived until now.

        One that the store does not have gets its tombstone all the same. told: the log knows of it.
        """
        if not tombstones:
            return set()
        subjects = {"subjects": sorted({one.name.subject for one in tombstones})}
        given = _burying(tombstones, told=told)
        first = tombstones[0]
        order: dict[str, Any] = {
            "at": first.at,
            "why": first.why,
            "request": first.request,
        }
        with self.sessions.session() as session, session.transaction():
            session.execute(statements.ADD_SUBJECTS, subjects)
            session.execute(statements.HOLD_FOR_DESTROYING, subjects)
            buried = session.execute(statements.BURY, given).fetchall()
            lived = {one for one, _, has_lived in buried if has_lived}
            order["subjects"] = sorted(
                {one for _, one, has_lived in buried if has_lived}
            )
            states = session.execute(statements.DESTROY_SNAPSHOT_KEYS, order)
            lived |= {one for (one,) in states}
        self._ended(subjects["subjects"])
        return lived

    def ended_untold(self, after: UUID = LEAST_ID, limit: int = PAGE) -> list[KeyRow]:
        """Destroyed keys of which the log may not know yet that they are: by id, behind `after`."""
        given = {"after": after, "limit": limit}
        return [_row(one) for one in self._rows(statements.ENDED_UNTOLD, given)]

    def end_told(self, ids: Collection[UUID]) -> None:
        """The log knows that these are destroyed."""
        self._execute(statements.TOLD, {"ids": list(ids)})

    def tombstones(self) -> int:
        """How many keys are destroyed."""
        [(count,)] = self._rows(statements.TOMBSTONES, {})
        return int(count)

    # ---- the mark

    def mark(self) -> str:
        """Up to which cut the log's destructions are carried out here; empty: none yet."""
        return next((cut for (cut,) in self._rows(statements.MARK, {})), "")

    def move_mark(self, cut: str) -> None:
        """Behind what was carried out."""
        self._execute(statements.MOVE_MARK, {"cut": cut})

    # ---- key-encryption keys

    def keks(self) -> list[str]:
        """The ids of those that wrap a living key."""
        return [kek for (kek,) in self._rows(statements.KEKS, {})]

    def under(
        self, kek: str, after: UUID = LEAST_ID, limit: int = PAGE
    ) -> list[WrappedKey]:
        """Living keys that this one wraps: by id, behind `after`."""
        given = {"kek": kek, "after": after, "limit": limit}
        return [_wrapped(row) for row in self._rows(statements.UNDER, given)]

    def count_under(self, kek: str) -> int:
        """How many there are."""
        [(count,)] = self._rows(statements.COUNT_UNDER, {"kek": kek})
        return int(count)

    def rewrap(self, keys: Iterable[tuple[WrappedKey, Wrapped]]) -> int:
        """Put in how they are wrapped now, where they are as they were read; how many were."""
        pairs = list(keys)
        given = {
            "ids": [one.id for one, _ in pairs],
            "before": [one.wrapped.box for one, _ in pairs],
            "keks": [new.kek for _, new in pairs],
            "wrapped": [new.box for _, new in pairs],
        }
        return self._execute(statements.REWRAP, given)

    # ---- below: how

    def _rows(self, statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with self.sessions.session() as session:
            return session.execute(statement, given).fetchall()

    def _execute(self, statement: str, given: Mapping[str, Any]) -> int:
        with self.sessions.session() as session:
            return int(session.execute(statement, given).rowcount)


def _refuse_the_destroyed(
    session: psycopg.Connection[Any],
    subjects: Iterable[tuple[datetime | None]],
    names: Collection[KeyName],
) -> None:
    if any(erased_at is not None for (erased_at,) in subjects):
        raise SubjectErased
    buried = session.execute(statements.BURIED, _names(names)).fetchone()
    if buried is not None:
        raise SubjectErased(buried[0])


def _names(names: Collection[KeyName]) -> dict[str, Any]:
    return {
        "subjects": [one.subject for one in names],
        "classes": [one.retention_class for one in names],
        "months": [one.month for one in names],
    }


def _minting(keys: Sequence[WrappedKey]) -> dict[str, Any]:
    return _names([one.name for one in keys]) | {
        "ids": [one.id for one in keys],
        "keks": [one.wrapped.kek for one in keys],
        "wrapped": [one.wrapped.box for one in keys],
        "commitments": [one.commitment for one in keys],
    }


def _burying(tombstones: Sequence[Tombstone], *, told: bool) -> dict[str, Any]:
    once = {one.id: one for one in tombstones}.values()
    return _names([one.name for one in once]) | {
        "ids": [one.id for one in once],
        "commitments": [one.commitment for one in once],
        "ats": [one.at for one in once],
        "whys": [one.why for one in once],
        "requests": [one.request for one in once],
        "told": told,
    }


def _wrapped(row: Sequence[Any]) -> WrappedKey:
    id_, subject, retention_class, month, kek, wrapped, commitment, in_log = row[:8]
    return WrappedKey(
        id_,
        KeyName(subject, retention_class, month),
        Wrapped(kek, wrapped),
        commitment,
        in_log,
    )


def _wrapped_or_gone(row: Sequence[Any]) -> WrappedKey | Gone:
    destroyed_at, why, request = row[8:]
    if destroyed_at is not None:
        return Gone(why, destroyed_at, request)
    return _wrapped(row)


def _row(row: Sequence[Any]) -> KeyRow:
    id_, subject, retention_class, month, *rest = row
    return KeyRow(id_, KeyName(subject, retention_class, month), *rest)
