"""A person without a mouse: Tab, letters, arrows, Enter. What is done is counted, so that a task can say how much it may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from datetime import date

    from playwright.sync_api import Locator, Page

_MOST: Final = 600  # stops of a page, before nobody would go on


class Hands:
    """On one page after the other. actions: what was chosen, filled in, followed or sent; not how often Tab was pressed."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.actions = 0

    def reach(self, what: Locator) -> None:
        """Tab until it has the focus."""
        what.wait_for()
        for _ in range(_MOST):
            if what.evaluate("one => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        pytest.fail(f"nobody gets there by Tab: {what}")

    def follow(self, what: Locator) -> None:
        """A link or a button; until the page that it leads to is there."""
        self.reach(what)
        self._leave("Enter")

    def fill(self, field: Locator, text: str) -> None:
        """What stands there is typed over."""
        self.reach(field)
        self.page.keyboard.press("Control+A")
        self._type(text)

    def fill_day(self, field: Locator, day: date) -> None:
        """Its three parts one behind the other, in whichever order this browser has them."""
        self.reach(field)
        for order in ("%d%m%Y", "%m%d%Y"):
            self.page.keyboard.type(day.strftime(order))
            if field.input_value() == day.isoformat():
                break
            for _ in range(3):
                self.page.keyboard.press("ArrowLeft")  # to the first part again
        assert field.input_value() == day.isoformat()
        self.actions += 1

    def choose(self, select: Locator, label: str) -> None:
        """By the first letters of what is to be chosen."""
        self.reach(select)
        self._type(label)

    def pick(self, radios: Locator, wanted: Locator) -> None:
        """Of some radio buttons: Tab goes to the group, arrows go within it."""
        self.reach(radios.first)
        self.page.keyboard.press("Space")
        for _ in range(radios.count()):
            if wanted.is_checked():
                break
            self.page.keyboard.press("ArrowDown")
        assert wanted.is_checked()
        self.actions += 1

    def go(self, key: str) -> None:
        """`g`, then the letter that stands in the navigation."""
        self.page.keyboard.press("g")
        self._leave(key)

    def look_up(self, text: str) -> None:
        """The box that `/` opens."""
        self.page.keyboard.press("/")
        self.page.keyboard.type(text)
        self._leave("Enter")

    def _leave(self, key: str) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press(key)
        self.actions += 1

    def _type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.actions += 1
