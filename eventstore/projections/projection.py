"""A projection, or read model: Django models, and how events change their rows."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, ClassVar, Final

from eventstore.bus import never_runs
from eventstore.projections.identifying import leads_elsewhere
from eventstore.registry.reserved import (
    own_names,
    refuse_other_signature,
    refuse_other_values,
    refuse_taken,
    runs_later,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from django.db.models import Model

    from eventstore.bus import Published
    from eventstore.registry import Event

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Projection(ABC):
    """Rows that are made from events alone, so that they can be made again.

    A subclass says name, models and `handle`. When what `handle` does changes, `version` rises: the new one is built
    beside the one that is read (`manage.py projections`), and both classes stay configured until the switch.

        class OpenOrders(Projection):
            name = "open_orders"
            models = [OpenOrder]
            types = [OrderPlaced, OrderClosed]

            def handle(self, events):
                for event in events: ...

    name: a-z, then up to 39 of a-z 0-9 _ ; for good. models: all whose rows it writes, and nobody else's; whatever
    leads from one of them (foreign and many-to-many keys, inheritance) leads to another of them only. The tables that Django
    makes for many-to-many fields belong to them. types, streams, most: as a `Subscription` has them. Methods of its own
    have any other names: TypeError when a class takes one that is needed here.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    models: ClassVar[Sequence[type[Model]]]
    types: ClassVar[Sequence[type[Event]] | None] = None
    streams: ClassVar[Sequence[str] | None] = None
    most: ClassVar[int] = 2_000

    def __init_subclass__(cls, **kwargs: Any) -> None:
        refuse_taken(cls, Projection, _RESERVED, _WHY)
        refuse_other_values(cls, Projection, _DECLARED)
        refuse_other_signature(cls, Projection, "handle", "events")
        refuse_other_signature(cls, Projection, "effects", "event")
        refuse_other_signature(cls, Projection, "__init__")
        super().__init_subclass__(**kwargs)

    @abstractmethod
    def handle(self, events: Sequence[Published]) -> Awaitable[None] | None:
        """Change the rows by these events of one partition, in their order; may be a coroutine function.

        By the models as they are, whichever version's tables this is: the transaction has them in its search path. No
        clock, no chance, nothing from outside: the same events must give the same rows in ten years.
        """

    def effects(self, event: Published) -> Awaitable[None] | None:  # noqa: B027  (most have none)
        """Do what is not a row of the models (a task, a mail in an outbox), when an event comes for the first time.

        Never for what lies below the point at which this version was switched on. In the same transaction as `handle`;
        may be a coroutine function, too.
        """

    @classmethod
    def problems(cls) -> list[str]:
        """What is wrong with how it is declared; empty if nothing is."""
        name = getattr(cls, "name", "")
        problems = []
        if not _NAME.fullmatch(name):
            problems.append("its name is a-z, then up to 39 of a-z 0-9 _")
        if cls.version < 1:
            problems.append("its version is 1 or more")
        methods = map(never_runs, (cls.handle, cls.effects))
        problems += [reason for reason in methods if reason]
        if not getattr(cls, "models", ()):
            problems.append("it names no models")
            return problems
        for option in ("types", "streams"):
            if getattr(cls, option) is not None and not getattr(cls, option):
                problems.append(
                    f"its {option} name none; leave them out to follow everything"
                )
        problems += leads_elsewhere(cls.models)
        return problems


_DECLARED: Final = {
    "name": (lambda v: isinstance(v, str), "a text"),
    "version": (lambda v: type(v) is int, "a number"),
    "models": (lambda v: not callable(v), "a list of models"),
    "types": (lambda v: not callable(v), "a list of events' classes"),
    "streams": (lambda v: not callable(v), "a list of types of streams"),
    "most": (lambda v: type(v) is int, "a number of events"),
    "handle": (
        lambda v: callable(v) and (not runs_later(v) or iscoroutinefunction(v)),
        "a method or a coroutine method: nobody would run a generator",
    ),
    "effects": (
        lambda v: callable(v) and (not runs_later(v) or iscoroutinefunction(v)),
        "a method or a coroutine method: nobody would run a generator",
    ),
}
_WHY: Final = {"problems": "what is wrong with how it is declared"}
_RESERVED: Final = own_names(Projection, open_to_all=_DECLARED)
