"""Where somebody may go, from the list of pages: the navigation, the palette and the help show this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.urls import reverse

from audit.frame.page import Navigation, Within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.access import Viewer
    from audit.frame.page import Listed


@dataclass(frozen=True, slots=True)
class Entry:
    """A page to go to; is_current: the reader is there, or on a page within it."""

    group: str
    label: str
    icon: str
    key: str
    address: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under one heading."""

    title: str
    id: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Menu:
    """All that this viewer may go to, in the order of the list."""

    entries: Sequence[Entry]

    @property
    def groups(self) -> Sequence[Group]:
        """By their headings."""
        grouped = groupby(self.entries, lambda entry: entry.group)
        return [
            Group(title, f"nav-{title.lower()}", list(entries))
            for title, entries in grouped
        ]


def menu(pages: Sequence[Listed], viewer: Viewer, at: str) -> Menu:
    """For this viewer on the page of that name."""
    current = _entry_of(pages, at)
    return Menu(
        [
            Entry(
                group=shown.group,
                label=shown.label,
                icon=shown.icon,
                key=shown.key,
                address=reverse(f"admin:{page.name}"),
                is_current=page.name == current,
            )
            for page in pages
            if isinstance(shown := page.navigation, Navigation)
            and viewer.may(page.capability)
        ]
    )


def _entry_of(pages: Sequence[Listed], name: str) -> str:
    for page in pages:
        if page.name == name and isinstance(page.navigation, Within):
            return page.navigation.page
    return name
