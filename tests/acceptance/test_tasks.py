"""An officer's five tasks, by keyboard alone, on the product as `./teddy up` starts it, on both logs.

The pictures of README are made on the way: `python -m scripts.pictures`.
"""

from __future__ import annotations

import json
import re
import signal
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import Browser, Locator, expect

from audit.frame.page import Page as Listed
from audit.pages import PAGES
from eventstore.clock import SystemClock
from teddy_es.demo.town import Town, town
from teddy_es.domain.child import ChildRegistered
from teddy_es.domain.conversation import ChildSpoke, ConversationStarted
from teddy_es.domain.parent import ParentRegistered
from teddy_es.domain.violations import (
    SafetyViolationAcknowledged,
    SafetyViolationDetected,
)
from tests.acceptance.launched import Up, becomes_true, start, teddy
from tests.guards.sources import ROOT
from tests.support.keyboard import Hands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from eventstore.events import NewEvent

pytestmark = pytest.mark.browser

PICTURES: Final = ROOT / ".teddy" / "screenshots"
NEVER: Final = datetime.max.replace(tzinfo=UTC)
MOST: Final = 6  # actions, for everything about a child between two dates
WIDE: Final = {"width": 1280, "height": 860}


@dataclass
class Product:
    """It runs. Its people are those of the demo's town, whose ids and order do not hang on when it was told."""

    up: Up
    told: Town

    def password(self, account: str) -> str:
        """As it was printed."""
        found = re.search(rf"(?m)\b{account} +(\S+)$", self.up.said)
        assert found, self.up.said
        return found[1]

    @cached_property
    def streams(self) -> dict[str, list[NewEvent]]:
        """Each stream's events."""
        streams: dict[str, list[NewEvent]] = defaultdict(list)
        for commit in self.told.commits:
            streams[commit.stream_id] += commit.events
        return streams

    def talks_of(self, child: str) -> dict[str, datetime]:
        """The child's conversations, and when each began."""
        return {
            stream.partition(".")[2]: events[0].occurred_at or NEVER
            for stream, events in self.streams.items()
            if isinstance(events[0].data, ConversationStarted)
            and events[0].data.child_id == child
        }

    def a_red_one(self) -> tuple[str, str]:
        """A child and its critical violation that somebody has seen and nobody decided."""
        for stream, events in self.streams.items():
            found = [one.data for one in events]
            red = {
                one.violation_id
                for one in found
                if isinstance(one, SafetyViolationDetected)
                and one.severity == "critical"
            }
            touched = [
                type(one) for one in found if getattr(one, "violation_id", "") in red
            ]
            if touched == [SafetyViolationDetected, SafetyViolationAcknowledged]:
                return stream.partition(".")[2], red.pop()
        raise LookupError


@pytest.fixture(
    scope="module", params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)]
)
def product(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    """With the demo's town in it, and all that follows the log at its end."""
    data = tmp_path_factory.mktemp("tasks") / "data"
    up = start(data, *(["--kafka"] if request.param == "kafka" else []))
    assert becomes_true(lambda: has_caught_up(data))
    yield Product(up, town(SystemClock().now()))
    up.stop(signal.SIGTERM)


def has_caught_up(data: Path) -> bool:
    """Whether no read model has anything left to handle."""
    asked = teddy("manage", "--data", data, "subscriptions", "list", "--json")
    listed = json.loads(asked.stdout)
    handled = {one["name"] for one in listed if one["lag"] == 0 and one["handled"]}
    return {"facts", "violations", "accesses", "conversations"} <= handled


@pytest.fixture
def sit_down(product: Product, browser: Browser) -> Iterator[Callable[[str], Hands]]:
    """Somebody of this role logs in, and says what for."""
    contexts = []
    heard: list[str] = []

    def at_desk(account: str) -> Hands:
        context = browser.new_context(
            locale="en-GB",
            timezone_id="Europe/Berlin",
            viewport=WIDE,  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.goto(f"{product.up.address}/admin/")
        hands = Hands(page)
        hands.fill(page.get_by_label("Username"), account)
        hands.fill(page.get_by_label("Password"), product.password(account))
        hands.follow(page.get_by_role("button", name="Log in"))
        page.get_by_role("heading", level=1, name="Today").wait_for()
        return hands

    yield at_desk
    for context in contexts:
        context.close()
    assert heard == []


def main(hands: Hands) -> Locator:
    return hands.page.get_by_role("main")


def say_what_for(hands: Hands, label: str = "Safety review") -> None:
    """The page that needs a purpose has asked for it, and goes on to what was wanted."""
    form = main(hands)
    hands.choose(form.get_by_role("combobox", name="Purpose"), label)
    hands.follow(form.get_by_role("button", name="Go on"))
    hands.actions = 0  # it was chosen for all that comes


def picture(hands: Hands, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    hands.page.screenshot(path=PICTURES / f"task-{name}.png")


def test_everything_about_a_child_between_two_dates(
    product: Product, sit_down: Callable[[str], Hands]
) -> None:
    child, _ = product.a_red_one()
    talks = product.talks_of(child)
    today = SystemClock().now().date()
    first = today - timedelta(days=20)
    hands = sit_down("officer")
    page = hands.page
    hands.go("c")
    say_what_for(hands)
    page.get_by_role("heading", level=1, name="Children").wait_for()

    hands.look_up(child)
    hands.fill_day(main(hands).get_by_label("From"), first)
    hands.fill_day(main(hands).get_by_label("To, this day too"), today)
    hands.follow(main(hands).get_by_role("button", name="Show", exact=True))

    expect(page.get_by_role("heading", level=1)).to_contain_text(child)
    page.wait_for_url(re.compile(f"from={first}"))
    assert hands.actions <= MOST
    shown = main(hands)
    for talk, began in talks.items():
        is_in = first <= began.date() <= today
        links = shown.locator(f"a[href*='/conversations/{talk}/']")
        expect(links.first if is_in else links).to_have_count(1 if is_in else 0)
    picture(hands, "child")


def test_what_was_known_and_allowed_on_a_day(
    product: Product, sit_down: Callable[[str], Hands]
) -> None:
    child, _ = product.a_red_one()
    yesterday = SystemClock().now().date() - timedelta(days=1)
    hands = sit_down("protection")
    page = hands.page
    hands.go("c")
    say_what_for(hands)
    hands.look_up(child)

    hands.fill_day(
        main(hands).get_by_label("As it was at the end of this day"), yesterday
    )
    hands.follow(main(hands).get_by_role("button", name="Show what was known then"))

    expect(page.get_by_role("heading", level=1)).to_contain_text("as it was")
    late = main(hands).get_by_role("region", name="Could not be known then")
    expect(late).to_contain_text("Consent granted: conversation")
    hands.follow(main(hands).get_by_role("link", name="Today"))
    allowed = main(hands).get_by_role("region", name="Consents")
    expect(allowed).to_contain_text("granted under policy")
    assert "cut=" in page.url
    picture(hands, "as-of")


def test_a_red_violation_is_found_read_in_context_and_decided_by_two(
    product: Product, sit_down: Callable[[str], Hands]
) -> None:
    child, violation = product.a_red_one()
    hands = sit_down("officer")
    page = hands.page
    hands.go("v")
    say_what_for(hands)
    picture(hands, "violations")

    hands.follow(main(hands).locator(f"a[href*='{violation}']").first)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Critical")
    picture(hands, "violation")
    hands.follow(main(hands).get_by_role("button", name="Reveal all of these"))
    expect(main(hands).locator(".revealed").first).to_be_visible()
    radios = main(hands).get_by_role("group", name="What was it?").get_by_role("radio")
    hands.pick(radios, radios.nth(1))
    hands.fill(main(hands).get_by_label("Why"), "It was a story about a dragon.")
    hands.follow(
        main(hands).get_by_role("button", name="Propose it and ask a second person")
    )
    expect(main(hands)).to_contain_text("Somebody else has to agree")

    second = sit_down("responder")
    second.go("p")
    say_what_for(second)
    second.follow(main(second).locator(f"a[href*='{violation}']").first)
    second.follow(main(second).get_by_role("button", name="I agree: close it"))

    expect(
        second.page.get_by_role("heading", name="Closed", exact=True)
    ).to_be_visible()
    assert child in second.page.url


def test_who_looked_at_this_child_and_why(
    product: Product, sit_down: Callable[[str], Hands]
) -> None:
    child, _ = product.a_red_one()
    looker = sit_down("officer")
    looker.go("c")
    say_what_for(looker, "Incident")
    looker.look_up(child)
    expect(looker.page.get_by_role("heading", level=1)).to_contain_text(child)
    hands = sit_down("protection")
    hands.go("l")
    say_what_for(hands, "Audit")

    hands.fill(main(hands).get_by_label("Who looked at this child or parent?"), child)
    hands.follow(main(hands).get_by_role("button", name="Who looked"))

    expect(hands.page.get_by_role("heading", level=1)).to_contain_text(child)
    rows = main(hands).locator("tbody tr")
    expect(
        rows.filter(has_text="officer").filter(has_text="Incident").first
    ).to_be_visible()
    assert child not in hands.page.url or "/ledger/persons/" in hands.page.url


def test_an_operator_sees_no_personal_data_on_any_page(
    product: Product, sit_down: Callable[[str], Hands]
) -> None:
    hands = sit_down("operator")
    known = {
        stream.partition(".")[2]
        for stream in product.streams
        if not stream.startswith("access.")
    }
    known |= {
        word
        for events in product.streams.values()
        for event in events
        for word in words_of(event.data)
    }
    reached = 0

    for page in PAGES:
        if (
            isinstance(page, Listed)
            and page.navigation
            and hasattr(page.navigation, "key")
        ):
            link = hands.page.locator(
                f"#console-nav [data-key='{page.navigation.key}']"
            )
            if link.count():
                hands.go(page.navigation.key)
                hands.page.wait_for_url(re.compile(f"/admin/{page.route}"))
                assert seen(hands.page.content(), known) == set(), page.name
                reached += 1
            else:
                answer = hands.page.request.get(
                    f"{product.up.address}/admin/{page.route}"
                )
                assert answer.status == 403, page.name
                assert seen(answer.text(), known) == set(), page.name
    assert reached >= 3


def words_of(data: object) -> set[str]:
    """What is said of a person, or by one, as far as it is long enough to be told from other words."""
    match data:
        case ChildSpoke():
            return {data.text} if len(data.text) > 20 else set()
        case ParentRegistered():
            return {data.name, data.email}
        case ChildRegistered():
            return {data.parent_id}
    return set()


def seen(page: str, known: set[str]) -> set[str]:
    return {one for one in known if one in page}
