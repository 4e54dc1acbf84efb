"""Who records that somebody sees what is sealed, before it is opened: a part of the project, named by a setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from eventstore.conf import conf
from eventstore.database import is_trouble
from eventstore.errors import AccessNotRecorded, EventStoreError
from eventstore.opening.configured import key_ring, opener
from eventstore.ports import DataKey

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from eventstore.opening.opener import KeyOpener
    from eventstore.ports import AccessRecorder


@dataclass(frozen=True, slots=True)
class Access:
    """Who wants to see something, and why. kind: `list`, `view`, `reveal`, `export`; actor_kind: `officer`, `service`."""

    kind: str
    purpose: str
    actor: str
    object: str | None = None
    reference: str | None = None
    actor_kind: str = "officer"


def recorder() -> AccessRecorder:
    """The configured one. Raises `AccessNotRecorded` where there is none, ImproperlyConfigured where it cannot be made."""
    path = conf.ACCESS_RECORDER
    if not path:
        msg = "no ACCESS_RECORDER is configured"
        raise AccessNotRecorded(msg)
    try:
        made: AccessRecorder = import_string(path)()
    except ImportError as error:
        msg = f"EVENTSTORE['ACCESS_RECORDER'] names {path}, which cannot be imported."
        raise ImproperlyConfigured(msg) from error
    return made


def subjects_of(keys: Collection[UUID]) -> set[str]:
    """Whose keys these are, as far as there are any. Raises `KeyStoreUnavailable`."""
    found = key_ring().opening(keys).values() if keys else ()
    return {key.name.subject for key in found if isinstance(key, DataKey)}


def recorded_opener(access: Access, subjects: Sequence[str]) -> KeyOpener:
    """The configured opener, once it is recorded for good who sees what of whom. Raises `AccessNotRecorded`: then nothing is opened."""
    record(access, subjects)
    return opener()


def record(access: Access, subjects: Sequence[str]) -> None:
    """Have it recorded for good who sees what of whom, before it is shown. Raises `AccessNotRecorded`: then nothing may be shown."""
    try:
        recorder().record(
            kind=access.kind,
            purpose=access.purpose,
            subjects=subjects,
            object=access.object,
            reference=access.reference,
            actor=access.actor,
            actor_kind=access.actor_kind,
        )
    except (AccessNotRecorded, ImproperlyConfigured):
        raise
    except Exception as error:  # (a project's code may raise anything)
        if is_trouble(error):
            raise
        code = (
            error.code if isinstance(error, EventStoreError) else type(error).__name__
        )
        msg = f"the recorder could not record it ({code})"
        raise AccessNotRecorded(msg) from error
