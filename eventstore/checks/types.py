"""What system checks say of the registered types: by themselves, and compared with what the index holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.core import checks
from django.core.checks import CheckMessage, Error

from eventstore.conf import aggregates
from eventstore.queries.written_types import (
    MOST,
    has_events,
    unreadable,
    written_types,
)
from eventstore.registry import Problem
from eventstore.snapshots import stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.queries.rows import Cursor
    from eventstore.queries.written_types import Unreadable
    from eventstore.registry import Registry

_WHY: Final = {
    Problem.UNKNOWN_TYPE: (
        "no event type of this name is registered",
        "Register its class as name={name!r}, which is what stands in the log whatever the class is called now; what is not"
        " written any more stays registered.",
    ),
    Problem.UNKNOWN_SCHEMA: (
        "no upcaster leads from there to the schema of today",
        "Register each step from this schema on, Registry.upcaster({name!r}, from_schema=…); if the log is ahead, install the code"
        " that wrote it.",
    ),
    Problem.WRONG_STREAM_TYPE: (
        "the type is registered for other streams",
        "Register {name!r} for the stream type that its history has; what belongs elsewhere gets a name of its own.",
    ),
    Problem.UNKNOWN_STREAM_TYPE: (
        "no stream type of this name is registered",
        "Register the stream type again, with the number that it had.",
    ),
    Problem.ILL_TYPED: (
        "those that were looked at do not fit the class",
        "Put the class back as it was in this schema, or raise the schema and register an upcaster for {name!r}.",
    ),
}


def of_registry(types: Registry) -> list[CheckMessage]:
    """What can be said without asking anybody."""
    return [*_wrong_upcasters(types), *_without_source(types), *_without_name(types)]


def of_history(
    cursor: Cursor, types: Registry, *, most: int = MOST
) -> list[CheckMessage]:
    """What stands in the index and nobody can read, a message for each type and schema."""
    if not has_events(cursor):
        return []
    names = written_types(cursor, most=most)
    problems = [_message_of(one) for one in unreadable(cursor, types, names)]
    return problems + list(_not_all(names, most))


def _message_of(one: Unreadable) -> CheckMessage:
    why, hint = _WHY[one.problem]
    schema = "" if one.schema is None else f" in schema {one.schema}"
    where = "" if one.stream_type is None else f" of {one.stream_type} streams"
    return checks.Warning(
        f"Nobody can read {one.event_type}{schema}{where}, which stands in the log: {why}.",
        id="eventstore.W004",
        hint=hint.format(name=one.event_type),
    )


def _not_all(names: list[str], most: int) -> Iterator[CheckMessage]:
    if len(names) == most:
        yield checks.Warning(
            f"The index holds {most} types of events or more; those behind {names[-1]} were not looked at.",
            id="eventstore.W004",
            hint="Which programs write to the topics? A type that the registry does not know comes from another program.",
        )


def _without_name(types: Registry) -> list[CheckMessage]:
    """Types whose name on the wire is just the class's: renamed, their history could not be read."""
    names = [known.name for known in types.event_types() if not known.is_named]
    if not names:
        return []
    return [
        checks.Warning(
            f"Event types are registered without a name: {', '.join(names)}.",
            id="eventstore.W003",
            hint=f"Say what stands in the log, event_type(…, name={names[0]!r}): a class that is renamed takes the name along,"
            " and nobody could read what was written under the old one.",
        )
    ]


def _wrong_upcasters(types: Registry) -> list[CheckMessage]:
    return [
        Error(
            f"Upcasters: {problem}.",
            id="eventstore.E005",
            hint="Each schema of an event type needs one step to the next: Registry.upcaster.",
        )
        for problem in types.problems
    ]


def _without_source(types: Registry) -> list[CheckMessage]:
    """Classes whose code cannot be told from another's, so that no snapshot of theirs could be trusted."""
    problems = []
    for aggregate in aggregates().values():
        try:
            stamp_of(aggregate, types)
        except (OSError, TypeError):  # no file, or none that ever was
            problems.append(aggregate.__name__)
    return [
        Error(
            f"The source of {name} is not at hand, so its snapshots cannot be stamped.",
            id="eventstore.E007",
            hint="Install the domain with its .py files, as files.",
        )
        for name in problems
    ]
