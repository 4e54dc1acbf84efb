"""A page as data: where it is, who may see it, where it stands in the navigation, and what a POST to it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from django.http import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.access import Capability

View = Callable[..., HttpResponse]

READS: Final = (
    "The mirror is a copy of the log and cannot be edited.",
    "To correct a fact, append an event that says so.",
)


@dataclass(frozen=True, slots=True)
class Navigation:
    """An entry of its own: under which heading, in which words, with which symbol of the sprite, behind `g` and which key."""

    group: str
    label: str
    icon: str
    key: str


@dataclass(frozen=True, slots=True)
class Within:
    """No entry of its own: it belongs to that of the page of this name."""

    page: str


class Shows(StrEnum):
    """What a page shows of persons: the kind of access that the ledger records before it does (`audit.looking`)."""

    LIST = "list"
    VIEW = "view"
    REVEAL = "reveal"
    EXPORT = "export"


class Act(Protocol):
    """What is kept of something that a person had done."""

    @property
    def action(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def done_by(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Asking:
    """A POST that asks, because what is asked for must not stand in an address. It changes nothing, so nothing is recorded."""

    refusal: ClassVar = (
        "This address takes only its own form.",
        "Send the form that leads here.",
    )


@dataclass(frozen=True, slots=True)
class Choosing:
    """A POST that says something of the own session alone."""

    refusal: ClassVar = Asking.refusal


@dataclass(frozen=True, slots=True)
class Checking:
    """A POST that has something checked while one waits, and shows what came of it. It changes nothing; that one looks is in the ledger, for its page shows something of persons."""

    refusal: ClassVar = (
        "This address takes only the form of this page.",
        "Send the form on this page.",
    )


@dataclass(frozen=True, slots=True)
class Acting:
    """A POST that has something done: it is recorded with who and why, in the transaction in which it is done.

    recorded: reads the records back, newest first, by the names in the page's route.
    """

    refusal: ClassVar = (
        "This address takes only the form of this page.",
        "Send the form on this page.",
    )

    recorded: Callable[..., Sequence[Act]]


@dataclass(frozen=True, slots=True)
class Appending:
    """A POST that has an event appended, which says who did what and when: the log is its record."""

    refusal: ClassVar = Acting.refusal


@dataclass(frozen=True, slots=True)
class Revealing:
    """A POST that opens what persons said, and shows it in its answer: the ledger has it before. A refresh sends it anew."""

    refusal: ClassVar = Asking.refusal


@dataclass(frozen=True, slots=True)
class Page:
    """One page. The site gives it its address and asks, before the view is called, what is asked of every page.

    name: of the route, as in `{% url 'admin:NAME' %}`. view: gets the request and what the route names. navigation: None
    for what is no page to go to. post: None if the page only reads. shows: what it shows of persons; None: nothing. The site
    asks for a purpose before such a page, and fails it if it has shown something and recorded nothing.
    """

    name: str
    route: str
    view: View
    capability: Capability
    navigation: Navigation | Within | None
    post: Asking | Acting | Checking | Choosing | Appending | Revealing | None = None
    shows: Shows | None = None


@dataclass(frozen=True, slots=True)
class Foreign:
    """A page that Django brings along and the console leads to."""

    name: str
    capability: Capability
    navigation: Navigation


Listed = Page | Foreign
