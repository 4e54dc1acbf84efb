"""Every page of the list in a real browser, light and dark, wide and narrow: it keeps nobody out, asks nobody else, and fits.

A picture of each is kept in .teddy/screenshots. A new page comes in by its line in `tests/support/page_addresses.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from audit.pages import PAGES
from eventstore.events import Expected, NewEvent
from eventstore.subscriptions import Subscription
from tests.guards.sources import ROOT
from tests.support.families import handle
from tests.support.following import follow, follower
from tests.support.page_addresses import ADDRESSES, Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_django.live_server_helper import LiveServer

    from eventstore.bus import Published
    from eventstore.store import EventStore

pytestmark = pytest.mark.browser

PICTURES: Final = ROOT / ".teddy" / "screenshots"
MOST_BYTES: Final = 200_000
LONG: Final = "a-name-of-a-subscription-that-is-as-long-as-any-of-them-may-be"
BEGIN: Final = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WEIGHT: Final = """
() => performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
        .reduce((sum, one) => sum + one.decodedBodySize, 0)
"""


def fails(event: Published) -> None:
    """A handler that handles nothing."""
    raise ValueError(event.stream_id)


@pytest.fixture
def shown(live_store: EventStore) -> Shown:
    """A conversation in which each event is caused by the one before it, and a subscription that is parked on it."""
    correlation, cause = uuid4(), None
    stream = "conversation.conv-1"
    for version in range(12):
        kind = "ConversationStarted" if version == 0 else "ChildSpoke"
        data: dict[str, object] = {"child_id": "child-1"}
        data |= {"language": "en"} if version == 0 else {"text": "</pre><script>alert(1)</script> Can we play?"}  # fmt: skip
        event = NewEvent(
            data,
            kind,
            occurred_at=BEGIN + timedelta(seconds=version),
            event_id=uuid4(),
            correlation_id=correlation,
            causation_id=cause,
        )
        cause = event.event_id
        result = live_store.append(stream, [event], Expected.ANY)
    lived(live_store)
    follow(follower(Subscription(name=LONG, handler=fails, retries=())))
    return Shown(result.positions[0], stream, LONG)


def lived(store: EventStore) -> None:
    """The child of that conversation is registered, something was found and judged, and the read models have it."""
    screened = {"message_version": 2, "detector": "rules/3", "policy_version": "9"}
    found = {"category": "self_harm", "severity": "high", "detector": "rules/3"}
    spoken = {"conversation_id": "conv-1", "message_id": "3"}
    for stream, kind, data in (
        ("child.child-1", "ChildRegistered", {"parent_id": "p-1", "name": "Mia"}),
        ("child.child-1", "SafetyViolationDetected", {"violation_id": "v-1", **found, **spoken}),
        ("child.child-1", "ChildProfileUpdated", {"changes": {"bedtime": "20:00"}}),
        ("parent.p-1", "ConsentGranted", {"child_id": "child-1", "scope": "profiling", "policy_version": "1"}),
        ("parent.p-1", "ConsentWithdrawn", {"child_id": "child-1", "scope": "profiling"}),
        ("conversation.conv-1", "MessageScreened", {"child_id": "child-1", **screened}),
        ("privacy.child-1", "HoldPlaced", {"hold_id": "h-1", "scope": "all", "clause": "s.4"}),
    ):  # fmt: skip
        store.append(stream, [NewEvent(data, kind)], Expected.ANY)
    handle()


@pytest.fixture
def strangers(page: Page, live_server: LiveServer) -> Iterator[list[str]]:
    """Requests to anybody but the console's own server."""
    own, asked = urlsplit(live_server.url).netloc, list[str]()
    page.on("request", lambda request: asked.append(request.url) if urlsplit(request.url).netloc != own else None)  # fmt: skip
    yield asked
    assert asked == []


def test_every_page_of_the_list_has_an_address() -> None:
    names = [page.name for page in PAGES]

    assert ADDRESSES.keys() == set(names), (
        "tests/support/page_addresses.py: a page needs a line there, and what is no page any more none."
    )


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_keeps_nobody_out_asks_nobody_else_and_fits(
    console: Callable[[], Page],
    shown: Shown,
    live_server: LiveServer,
    complaints: list[str],
    strangers: list[str],
    scheme: str,
    width: int,
) -> None:
    page = console()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its words
    page.set_viewport_size({"width": width, "height": 900})
    PICTURES.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []

    for name, addresses in ADDRESSES.items():
        for number, address in enumerate(addresses(shown)):
            answer = page.goto(f"{live_server.url}{address}")
            if answer is None or answer.status != HTTPStatus.OK:
                wrong.append(f"{address}: answers {answer and answer.status}")
            picture = PICTURES / f"{name}-{number}-{scheme}-{width}.png"
            page.screenshot(path=picture, full_page=True)
            wrong += [f"{address}: {what}" for what in look(page, width, complaints)]
    assert wrong == []
    assert strangers == []


def look(page: Page, width: int, complaints: list[str]) -> Sequence[str]:
    """What is wrong with the page that is open."""
    wrong = [*complaints]
    if (weight := page.evaluate(WEIGHT)) > MOST_BYTES:
        wrong.append(f"weighs {weight} bytes")
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        wrong.append(f"is {wide} wide, and scrolls sideways")
    if (heads := page.locator("h1").count()) != 1:
        wrong.append(f"has {heads} first headings")
    found = Axe().run(page)
    complaints.clear()  # axe itself does what the policy forbids
    if found.violations_count:
        wrong.append(found.generate_report())
    return wrong


def test_a_page_on_paper_says_where_when_for_whom_and_what_for(
    console: Callable[[], Page], shown: Shown, live_server: LiveServer
) -> None:
    page = console()
    [address] = ADDRESSES["event"](shown)
    page.goto(f"{live_server.url}{address}")
    expect(page.locator("#console-nav")).to_be_visible()

    page.emulate_media(media="print")

    expect(page.locator("#console-nav")).to_be_hidden()
    expect(page.locator("#header")).to_be_hidden()
    footer = page.locator("#footer")
    expect(footer.get_by_text(f"Address: {address}")).to_be_visible()
    for said in ("Page rendered 20", "for ada", "safety review", "at cut "):
        expect(footer).to_contain_text(said)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_single_keys_can_be_switched_off_and_stay_so(
    console: Callable[[], Page], live_server: LiveServer
) -> None:
    page = console()
    page.keyboard.press("?")
    page.get_by_label("Single-key shortcuts on").uncheck()
    page.keyboard.press("Escape")
    page.reload()

    page.keyboard.press("/")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("e")
    assert urlsplit(page.url).path == "/admin/"
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Single-key shortcuts on").check()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    del live_server


def test_nothing_needs_the_script(
    console: Callable[[], Page], shown: Shown, live_server: LiveServer
) -> None:
    page = console()
    browser = page.context.browser
    assert browser is not None
    bare = browser.new_context(
        java_script_enabled=False,
        storage_state=page.context.storage_state(),
        viewport={"width": 400, "height": 900},
    ).new_page()
    bare.goto(f"{live_server.url}/admin/")

    bare.get_by_role("button", name="Menu").click()
    bare.get_by_role("navigation", name="Console").get_by_role("link", name="Events").click()  # fmt: skip
    expect(bare.get_by_role("heading", level=1)).to_have_text("Events")
    bare.locator("#header .find").click()
    bare.locator("#palette-q").fill(shown.stream_id)  # fmt: skip
    bare.locator("#palette").get_by_role("button", name="Look up").click()
    expect(bare.get_by_role("heading", level=1)).to_have_text(shown.stream_id)
    bare.context.close()


def test_who_wants_less_motion_gets_none(console: Callable[[], Page]) -> None:
    page = console()
    page.emulate_media(reduced_motion="reduce")

    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
    )

    assert moving == 0


def test_whoever_tabs_sees_where_they_are(console: Callable[[], Page]) -> None:
    page = console()
    page.reload()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content-start")).to_be_focused()
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
