"""The page of the API in a browser, under the policy that all pages have: nothing inline, and not a word to anybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

REFUSED = (
    "Failed to load resource: the server responded with a status of 401 (Unauthorized)"
)

pytestmark = pytest.mark.browser


def test_the_page_of_the_api_needs_nobody_else_and_has_nothing_to_complain_of(
    live_server: LiveServer, page: Page, complaints: list[str]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    answer = page.goto(f"{live_server.url}/api/v1/docs")
    page.get_by_role("heading", name="Teddy ES").wait_for()
    page.get_by_text("/api/v1/problems/{code}").click()
    page.get_by_text("What a problem's code means").first.wait_for()
    append = page.locator("#operations-streams-append_events")
    append.click()
    append.get_by_role("button", name="Try it out").click()
    append.get_by_role("button", name="Execute").click()
    append.get_by_text("not-authenticated").last.wait_for()
    page.get_by_role("button", name="ProposedCommit").click()
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_role("heading", name="Available authorizations").wait_for()

    assert answer is not None
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert [url for url in asked if not url.startswith(live_server.url)] == []
    assert complaints == [REFUSED]  # which the page asked for without a token
    assert not page.context.cookies()
