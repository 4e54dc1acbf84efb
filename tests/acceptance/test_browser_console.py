"""A person walks through the console in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from eventstore.events import Expected, NewEvent
from eventstore.subscriptions import Subscription
from tests.support.following import follow, follower

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.live_server_helper import LiveServer

    from eventstore.bus import Published
    from eventstore.store import EventStore

pytestmark = pytest.mark.browser

BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LONG = "a-name-of-a-subscription-that-is-as-long-as-any-of-them-may-be"
WORDS = "</pre><script>alert('spoken')</script> Can we play?"


def a_conversation(store: EventStore, *, turns: int = 60) -> UUID:
    """One long conversation after a registration; its correlation id."""
    correlation, cause = uuid4(), uuid4()

    def event(kind: str, second: int, **data: object) -> NewEvent:
        return NewEvent(
            {"child_id": "child-1", **data},
            kind,
            occurred_at=BEGIN + timedelta(seconds=second),
            correlation_id=correlation,
            event_id=cause if kind == "ConversationStarted" else None,
            causation_id=None if kind == "ConversationStarted" else cause,
        )

    store.append(
        "parent.p-1",
        [NewEvent({"name": "Ada", "email": "ada@example.org"}, "ParentRegistered")],
        Expected.NO_STREAM,
    )
    store.append(
        "conversation.conv-1",
        [
            event("ConversationStarted", 0, language="en"),
            *(event("ChildSpoke", n, text=WORDS) for n in range(1, turns)),
        ],
        Expected.NO_STREAM,
    )
    return correlation


def fails(event: Published) -> None:
    """A handler that handles nothing."""
    raise ValueError(event.stream_id)


def test_a_parked_stream_is_skipped_with_a_reason(
    console: Callable[[], Page], live_store: EventStore
) -> None:
    a_conversation(live_store, turns=3)
    one = follower(Subscription(name="totals", handler=fails, retries=()))
    follow(one)
    page = console()
    page.keyboard.press("g")
    page.keyboard.press("u")
    page.get_by_role("link", name="totals", exact=True).click()
    waiting = page.get_by_role("region", name="Streams that wait").get_by_role("row")
    row = waiting.filter(has_text="ConversationStarted")
    expect(row).to_contain_text("version 1")

    row.get_by_role("link", name="Skip").click()
    page.get_by_role("button", name="Leave it out for good").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Skip")
    page.get_by_label("Reason").fill("It was imported twice")
    page.get_by_role("button", name="Leave it out for good").click()

    expect(page.get_by_text("The event is left out")).to_be_visible()
    expect(page.get_by_text("It was imported twice")).to_be_visible()
    follow(one)
    page.reload()
    expect(waiting.filter(has_text="ChildSpoke")).to_contain_text("version 2")


def test_from_the_login_to_an_event_and_back(
    console: Callable[[], Page], live_store: EventStore
) -> None:
    a_conversation(live_store)
    page = console()

    page.get_by_role("navigation", name="Console").get_by_role(
        "link", name="Streams"
    ).click()
    page.get_by_role("link", name="conversation.conv-1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("conversation.conv-1")
    page.get_by_role("link", name="ChildSpoke").first.click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("ChildSpoke")
    expect(page.get_by_text("Hash holds")).to_be_visible()
    expect(page.get_by_text("What is sensitive in it is sealed")).to_be_visible()
    expect(page.get_by_text("Can we play?")).to_have_count(0)
    page.get_by_role("link", name="Version 3").click()
    expect(page.get_by_text("version 3 of 60")).to_be_visible()
    page.get_by_role("region", name="Payload as JSON").focus()
    page.get_by_role("main").get_by_role(
        "link", name="conversation.conv-1"
    ).first.click()
    page.get_by_role("link", name="Newest first").click()
    expect(page.locator("tbody tr").first).to_contain_text("60")


def test_filters_and_the_pager_go_back_and_forth(
    console: Callable[[], Page], live_store: EventStore
) -> None:
    a_conversation(live_store)
    page = console()
    page.get_by_role("navigation", name="Console").get_by_role(
        "link", name="Events"
    ).click()

    page.get_by_label("Type").select_option("ChildSpoke")
    page.get_by_role("button", name="Apply").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    first = rows.first.inner_text()
    page.get_by_role("link", name="Earlier").click()
    expect(rows).to_have_count(9)
    page.get_by_role("link", name="Later").click()
    expect(rows).to_have_count(50)

    assert rows.first.inner_text() == first
    expect(page.get_by_label("Type")).to_have_value("ChildSpoke")
    page.get_by_role("link", name="Clear").click()
    page.get_by_label("before (UTC)").fill("2001-01-01T00:00:00")
    page.get_by_role("button", name="Apply").click()
    expect(
        page.get_by_text("None was accepted that fits these filters.")
    ).to_be_visible()


def test_the_palette_finds_by_key_and_leaves_nothing_in_the_address(
    console: Callable[[], Page], live_store: EventStore
) -> None:
    correlation = a_conversation(live_store, turns=3)
    page = console()

    page.keyboard.press("/")
    page.keyboard.type("parent.p-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("parent.p-1")
    page.keyboard.press("Control+k")
    page.keyboard.type(str(correlation))
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    page.goto(page.url.replace("/admin/", "/admin/events/?type=ChildSpoke"))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("ChildSpoke")


def test_the_theme_is_switched_and_kept(console: Callable[[], Page]) -> None:
    page = console()
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name="Switch between light and dark").click()
    switched = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()

    assert switched != before
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == switched


def test_the_login_is_accessible(browser: Browser, live_server: LiveServer) -> None:
    page = browser.new_page(viewport={"width": 400, "height": 800})

    page.goto(f"{live_server.url}/admin/")

    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.close()
