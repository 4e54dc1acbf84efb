"""Every page of the list in a real browser, light and dark, wide and narrow: it keeps nobody out, asks nobody else, and fits.

A picture of each is kept in .teddy/screenshots. A new page comes in by its line in `tests/support/page_addresses.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from audit.pages import PAGES
from audit.people.models import Access, Violation
from eventstore.clock import SystemClock
from eventstore.events import Expected, NewEvent
from eventstore.projections.configured import configured
from eventstore.projections.following import subscription_of
from eventstore.subscriptions import Subscription
from teddy_es.demo.cases import cases
from teddy_es.demo.filling import put
from teddy_es.demo.town import town
from tests.guards.sources import ROOT
from tests.support.following import follow, follower
from tests.support.page_addresses import ADDRESSES, Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_django.live_server_helper import LiveServer

    from eventstore.bus import Published
    from eventstore.events import Position
    from eventstore.store import EventStore

pytestmark = pytest.mark.browser

PICTURES: Final = ROOT / ".teddy" / "screenshots"
MOST_BYTES: Final = 200_000
LONG: Final = "a-name-of-a-subscription-that-is-as-long-as-any-of-them-may-be"
FAR: Final = "America/Argentina/ComodRivadavia"
CHAINED: Final = "conversation.conv-1"
WORDS: Final = "</pre><script>alert(1)</script> Can we play?"
BEGIN: Final = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WEIGHT: Final = """
() => performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
        .reduce((sum, one) => sum + one.decodedBodySize, 0)
"""
BEYOND: Final = """
() => [...document.body.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > innerWidth + 1)
        .slice(0, 4).map(one => `${one.localName}.${one.className} ${one.textContent.trim().slice(0, 40)}`).join(' | ')
"""


def fails(event: Published) -> None:
    """A handler that handles nothing."""
    raise ValueError(event.stream_id)


@pytest.fixture
def shown(live_store: EventStore) -> Shown:
    """Two households and all that can happen to their children; a conversation whose events cause each other; read models that know it."""
    few = tuple(cases()[20:24])
    tell = partial(town, households=2, of=few)
    now = SystemClock().now()
    put(live_store, tell, now)
    last = chain(live_store)
    for versions in configured().values():
        subscription = subscription_of(versions[max(versions)], is_read=True)
        follow(follower(subscription), rounds=1_000)
    follow(follower(Subscription(name=LONG, handler=fails, retries=())), rounds=1_000)
    case = Violation.objects.exclude(conversation_id=None).exclude(state="resolved").latest("queue_at")  # fmt: skip
    return Shown(
        event=last,
        stream_id=CHAINED,
        subscription=LONG,
        child_id=case.child_id,
        conversation_id=case.conversation_id or "",
        violation_id=case.violation_id,
        forgotten=tell(now).forgotten,
        officer=Access.objects.filter(actor_kind="officer")[0].actor,
    )


def chain(store: EventStore) -> Position:
    """Events each of which is caused by the one before it; where the last one stands."""
    correlation, cause, at = uuid4(), None, None
    for version in range(12):
        kind = "ConversationStarted" if version == 0 else "ChildSpoke"
        data: dict[str, object] = {"child_id": "child-1"}
        data |= {"language": "en"} if version == 0 else {"text": WORDS}
        event = NewEvent(
            data,
            kind,
            occurred_at=BEGIN + timedelta(seconds=version),
            event_id=uuid4(),
            correlation_id=correlation,
            causation_id=cause,
        )
        cause = event.event_id
        [at] = store.append(CHAINED, [event], Expected.ANY).positions
    assert at is not None
    return at


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
    if scheme == "dark":  # and with every time in two zones, the second of a long name
        page.goto(f"{live_server.url}/admin/time-zone/")
        page.get_by_label("Time zone", exact=True).select_option(FAR)
        page.get_by_role("button", name="Show times in it").click()
        expect(page.locator("#user-tools")).to_contain_text(FAR)
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
    assert not wrong, "\n".join(wrong)
    assert strangers == []


def look(page: Page, width: int, complaints: list[str]) -> Sequence[str]:
    """What is wrong with the page that is open."""
    wrong = [*complaints]
    if (weight := page.evaluate(WEIGHT)) > MOST_BYTES:
        wrong.append(f"weighs {weight} bytes")
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        wrong.append(f"is {wide} wide, and scrolls sideways: {page.evaluate(BEYOND)}")
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


def test_a_narrow_strip_opens_at_the_newest_and_can_be_passed_by(
    console: Callable[[], Page], shown: Shown, live_server: LiveServer
) -> None:
    page = console()
    page.set_viewport_size({"width": 400, "height": 900})
    page.goto(f"{live_server.url}/admin/children/{shown.child_id}/")
    strip = page.locator(".strip")

    expect(strip.locator("a").last).to_be_in_viewport()
    expect(strip.locator("a").first).not_to_be_in_viewport()
    expect(strip.get_by_text("Consents")).to_be_in_viewport()
    expect(page.get_by_text("scroll left for what was before")).to_be_visible()

    skip = page.get_by_role("link", name="Skip the strip")
    skip.focus()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("From", exact=True)).to_be_focused()
    page.screenshot(path=PICTURES / "strip-400.png")
