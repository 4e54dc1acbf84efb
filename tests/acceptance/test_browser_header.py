"""The head of every page, whatever stands in it: it fits from 400 px up, and whatever is too long can be read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.acceptance.test_browser_pages import FAR, PICTURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.browser

REFERENCE: Final = "CASE-2026-11-30/" + "W" * 84
NAME: Final = "compliance.officer.of.a.long.name." + "W" * 100
WIDTHS: Final = (400, 480, 640, 760, 761, 900, 1024, 1180, 1280, 1920)
WIDE: Final = "document.documentElement.scrollWidth"


def test_the_head_fits_every_width_whatever_stands_in_it(
    console: Callable[[], Page], live_server: LiveServer
) -> None:
    page = console()
    tools = page.locator("#user-tools")
    page.goto(f"{live_server.url}/admin/time-zone/")
    page.get_by_label("Time zone", exact=True).select_option(FAR)
    page.get_by_role("button", name="Show times in it").click()
    expect(tools).to_contain_text(FAR)
    page.goto(f"{live_server.url}/admin/purpose/")
    form = page.get_by_role("main")
    form.get_by_label("Reference").fill(REFERENCE)
    form.get_by_role("button", name="Change").click()
    expect(tools).to_contain_text(REFERENCE)
    User.objects.filter(username="ada").update(username=NAME)
    page.goto(f"{live_server.url}/admin/")
    expect(tools).to_contain_text(NAME)

    PICTURES.mkdir(parents=True, exist_ok=True)
    wide = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wide[width] = page.evaluate(WIDE)
        page.screenshot(path=PICTURES / f"head-{width}.png")

    assert wide == {width: width for width in WIDTHS}
    for whole in (NAME, REFERENCE, FAR):  # where it ends in …
        expect(tools.locator(f"[title*='{whole}']")).to_have_count(1)
