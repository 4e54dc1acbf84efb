"""The pages of subscriptions: how they stand, which streams wait, and forms that have them do something."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.addresses import event_address
from audit.formats import age, duration
from audit.subscriptions import acts
from audit.subscriptions.acts import ACTS
from eventstore.database import connect
from eventstore.queries import browse
from eventstore.queries.keyset import Wanted
from eventstore.queries.positions import packed_of
from eventstore.queries.subscriptions import Parked, actions, parked_streams, status_of
from eventstore.subscriptions import Subscription
from tests.integration.pages.test_pages_policy import hold_to_policy
from tests.integration.pages.test_pages_queries import MOST
from tests.support.clocks import MovableClock
from tests.support.following import (
    Orders,
    Totals,
    follow,
    follower,
    seen,
    subscription,
)
from tests.support.panels import listed, rows
from tests.support.roles import client_of, somebody

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.subscriptions.follower import Follower

pytestmark = pytest.mark.usefixtures("transactional_db", "table")

LIST, PAGE = "/admin/subscriptions/", "/admin/subscriptions/totals/"
WHY = "The total is right without it"


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def totals() -> Totals:
    return Totals(poison={("a", 2): ValueError("Ada's words"), ("b", 1): KeyError()})


@pytest.fixture
def one(orders: Orders, totals: Totals, clock: MovableClock) -> Follower:
    """A subscription that cannot get on with two of three streams."""
    for name in "abc":
        orders.place(name, 3)
    made = follower(subscription(totals, retries=()), clock)
    follow(made)
    return made


@pytest.fixture
def operator(db: None) -> Client:
    """Of that role, and no more."""
    return client_of(somebody("operator", "olga"))


def waiting() -> list[Parked]:
    return list(parked_streams(Wanted(), "totals").rows)


def address(act: str, stream: str | None = None) -> str:
    """stream: at the event that it waits at, or, if it does not wait, its first one."""
    found = reverse("admin:subscription_act", args=["totals", act])
    if stream is None:
        return found
    at = {row.stream_id: row.position for row in waiting()}.get(stream)
    at = at or browse.stream_events(stream, Wanted(size=1)).rows[0].position
    return f"{found}?at={at}"


def did() -> list[tuple[str, str, str]]:
    return [(row.action, row.done_by, row.reason) for row in actions("totals")]


# -- what is shown


def test_the_list_says_how_each_stands(officer: Client, one: Follower) -> None:
    answer = officer.get(LIST)

    [how] = rows(answer)
    assert (how.name, how.state, how.handled, how.parked) == (
        "totals",
        "up to date",
        4,
        2,
    )
    assert reverse("admin:subscription", args=["totals"]) in answer.text
    assert "everything" in answer.text


def test_without_any_it_says_what_to_do(officer: Client) -> None:
    assert "No subscription has run yet" in officer.get(LIST).text


def test_what_is_behind_says_by_how_much_and_since_when(
    officer: Client, orders: Orders, totals: Totals, one: Follower
) -> None:
    orders.place("d")

    for address_ in (LIST, PAGE):
        text = officer.get(address_).text
        assert "behind" in text
        assert "Records to go" in text
        assert "oldest" in text
    [how] = rows(officer.get(LIST))
    assert how.lag == 1
    assert how.oldest is not None


def test_a_waiting_stream_stands_with_its_error_and_a_link_to_the_event(
    officer: Client, orders: Orders, one: Follower
) -> None:
    for page in (LIST, PAGE):
        answer = officer.get(page)
        hold_to_policy(answer)
        assert "no-store" in answer.headers["Cache-Control"]
    text = answer.text

    first, second = waiting()
    assert {first.stream_id, second.stream_id} == {
        orders.stream("a"),
        orders.stream("b"),
    }
    for row in (first, second):
        assert event_address(row.position) in text
        assert row.place in text
        assert str(row.position) in text
        assert row.stream_id not in text
    assert text.count("waits for a person") == 2
    assert "2 events waiting" in text
    assert "3 events waiting" in text
    assert "Ada" not in text


def test_a_stream_that_is_tried_again_says_when(
    officer: Client, orders: Orders, totals: Totals, clock: MovableClock
) -> None:
    orders.place("a", 2)
    follow(follower(subscription(totals, retries=(60,)), clock))

    [row] = waiting()
    text = officer.get(PAGE).text

    assert row.retry_at is not None
    assert f"{row.retry_at:%Y-%m-%d %H:%M:%S}" in text
    assert "waits for a person" not in text


def test_many_waiting_streams_are_paged(officer: Client, orders: Orders) -> None:
    names = [f"o{n:02}" for n in range(60)]
    for name in names:
        orders.place(name)
    totals = Totals(poison={(name, 1): ValueError() for name in names})
    follow(follower(subscription(totals, retries=())))

    first = listed(officer.get(PAGE))
    second = listed(officer.get(PAGE, {"after": first.next}))
    back = listed(officer.get(PAGE, {"before": second.previous}))

    own = [row.stream_id.partition(".")[2] for row in (*first.rows, *second.rows)]
    assert sorted(own) == names
    places = [packed_of(row.position) for row in (*first.rows, *second.rows)]
    assert places == sorted(places)
    assert back.rows == first.rows
    assert officer.get(PAGE, {"after": "x"}).status_code == 400


def test_a_beyond_partition_says_so(
    officer: Client, one: Follower, orders: Orders
) -> None:
    with connection.cursor() as cursor:
        cursor.execute('UPDATE eventstore_checkpoint SET "cursor" = "cursor" + 5')

    text = officer.get(PAGE).text

    assert "It waits for the index" in text
    assert "beyond the index" in text


# -- who


def test_staff_see_figures_and_no_stream_and_may_do_nothing(
    staff: Client, orders: Orders, one: Follower
) -> None:
    assert staff.get(LIST).status_code == 200
    page = staff.get(PAGE)
    assert page.status_code == 200
    assert orders.stream("a") not in page.text
    assert "shown to those who may act" in page.text
    assert "Reset" not in page.text
    for act in ACTS:
        for answer in (
            staff.get(address(act)),
            staff.post(address(act), {"reason": WHY}),
        ):
            assert answer.status_code == 403
            assert "Roles give it" in answer.text
    assert did() == []


def test_an_operator_acts_and_sees_places_and_neither_streams_nor_payloads(
    operator: Client, orders: Orders, one: Follower
) -> None:
    page = operator.get(PAGE).text

    for row in waiting():
        assert str(row.position) in page
        assert row.stream_id not in page
        form = operator.get(address("skip", row.stream_id)).text
        assert row.stream_id not in form
    assert "/admin/events/" not in page.partition("<main")[2].partition("</main")[0]
    assert operator.post(address("pause"), {"reason": WHY}).status_code == 302
    assert did() == [("pause", "olga", WHY)]


def test_nobody_else_enters(outsider: Client, one: Follower) -> None:
    for client in (outsider, Client()):
        for page in (LIST, PAGE, address("pause")):
            assert client.get(page).status_code == 302
            assert client.post(page, {"reason": WHY}).status_code in {302, 405}
    assert did() == []


def test_a_form_without_its_token_does_nothing(officer: Client, one: Follower) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = officer.cookies

    answer = client.post(address("pause"), {"reason": WHY})

    assert answer.status_code == 403
    assert "This form has expired" in answer.text
    assert did() == []


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(officer: Client, one: Follower, method: str) -> None:
    answer = getattr(officer, method)(address("pause"))

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("page", [LIST, PAGE])
def test_the_pages_themselves_take_no_post(
    officer: Client, one: Follower, page: str
) -> None:
    assert officer.post(page).status_code == 405


# -- what is done


def test_a_look_at_a_form_does_nothing(
    officer: Client, orders: Orders, one: Follower
) -> None:
    for act, asked in ACTS.items():
        stream = orders.stream("a") if asked.of_stream else None
        answer = officer.get(address(act, stream))
        assert answer.status_code == 200, act
        assert asked.button in answer.text
        hold_to_policy(answer)
    assert did() == []


def test_pause_and_resume(
    officer: Client, orders: Orders, totals: Totals, one: Follower
) -> None:
    told = officer.post(address("pause"), {"reason": f" {WHY} "}, follow=True)
    orders.place("d")
    follow(one)

    assert "Paused: totals." in told.text
    assert "Resume…" in told.text
    assert "d" not in seen()
    assert "paused" in officer.get(LIST).text
    officer.post(address("resume"), {"reason": "done"})
    follow(one)
    assert seen()["d"] == [1]
    assert did() == [("resume", "ada", "done"), ("pause", "ada", WHY)]


def test_one_stream_or_all_are_tried_again(
    officer: Client, orders: Orders, totals: Totals, one: Follower
) -> None:
    totals.poison.clear()

    told = officer.post(
        address("replay", orders.stream("a")), {"reason": WHY}, follow=True
    )
    follow(one)
    assert "Retried at once: 1 stream." in told.text
    assert seen() == {"a": [1, 2, 3], "c": [1, 2, 3]}

    officer.post(address("replay"), {"reason": WHY})
    follow(one)
    assert seen()["b"] == [1, 2, 3]
    assert waiting() == []


def test_the_event_that_was_looked_at_is_left_out(
    officer: Client, orders: Orders, one: Follower
) -> None:
    form = officer.get(address("skip", orders.stream("a")))
    assert form.context["form"].initial == {"version": 2}

    told = officer.post(
        address("skip", orders.stream("a")),
        {"reason": WHY, "version": "2"},
        follow=True,
    )
    follow(one)

    assert "The event is left out" in told.text
    assert seen()["a"] == [1, 3]
    assert WHY in officer.get(PAGE).text


def test_an_event_that_nobody_looked_at_is_not_left_out(
    officer: Client, orders: Orders, totals: Totals, one: Follower
) -> None:
    """Between the look and the click the stream has come to another event."""
    told = officer.post(
        address("skip", orders.stream("a")),
        {"reason": WHY, "version": "1"},
        follow=True,
    )

    assert "Nothing was done" in told.text
    assert did() == []
    assert status_of("totals", MovableClock().now()).skipped == 0


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stream_that_went_on_meanwhile_is_no_error(
    officer: Client, orders: Orders, one: Follower, method: str
) -> None:
    for act in ("skip", "replay"):
        send: Callable[..., Any] = getattr(officer, method)
        answer = send(address(act, orders.stream("c")))
        assert answer.status_code == 302
        assert "went on meanwhile" in officer.get(PAGE).text
    assert did() == []


RESET = {"reason": WHY, "to": "beginning", "confirmed": "totals"}


def test_a_reset_begins_at_the_beginning(
    officer: Client, totals: Totals, one: Follower
) -> None:
    totals.poison.clear()

    told = officer.post(address("reset"), RESET, follow=True)
    follow(one)

    assert "Reset: totals begins anew, at beginning." in told.text
    assert seen()["c"] == [1, 2, 3, 1, 2, 3]
    assert waiting() == []


def test_or_with_what_comes_now(
    officer: Client, orders: Orders, totals: Totals, one: Follower
) -> None:
    orders.place("d")

    officer.post(address("reset"), RESET | {"to": "now"})
    follow(one)

    assert "d" not in seen()


@pytest.mark.parametrize(
    "wrong",
    [
        {"confirmed": "Totals"},
        {"confirmed": ""},
        {"to": "yesterday"},
        {"to": ""},
        {"reason": ""},
        {"reason": "   "},
        {"reason": "x" * 501},
        {"reason": "a\0b"},
    ],
)
def test_what_is_missing_or_wrong_is_said_beside_it(
    officer: Client, one: Follower, wrong: dict[str, str]
) -> None:
    answer = officer.post(address("reset"), RESET | wrong)

    assert answer.status_code == 400
    assert "errorlist" in answer.text
    assert did() == []
    hold_to_policy(answer)


def test_a_turn_that_takes_long_is_not_waited_for(
    officer: Client, one: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "PATIENCE_S", 0.1)
    with connect() as other, other.transaction():
        other.execute("SELECT FROM eventstore_checkpoint FOR UPDATE")

        answer = officer.post(address("pause"), {"reason": WHY})

    assert answer.status_code == 400
    assert "in the middle of a long batch" in answer.text
    assert did() == []
    hold_to_policy(answer)


def test_lines_count_as_the_browser_counts_them(officer: Client, one: Follower) -> None:
    officer.post(address("pause"), {"reason": "ab\r\n" * 166 + "xy"})

    [(_, _, reason)] = did()
    assert reason == "ab\n" * 166 + "xy"


def test_what_there_is_not_is_a_page_too(officer: Client, one: Follower) -> None:
    for path, status in {
        "/admin/subscriptions/nobody/": 404,
        "/admin/subscriptions/nobody/pause/": 404,
        "/admin/subscriptions/totals/explode/": 404,
        "/admin/subscriptions/totals/skip/": 400,
        "/admin/subscriptions/totals/pause/?at=eventstore.order/0/0/0": 400,
        "/admin/subscriptions/to%00tals/": 400,
        "/admin/subscriptions/totals/replay/?at=%00": 400,
    }.items():
        for answer in (officer.get(path), officer.post(path, {"reason": WHY})):
            if answer.status_code == 405:
                continue
            assert answer.status_code == status, path
            hold_to_policy(answer)
    assert did() == []


def test_a_name_may_have_a_version(officer: Client, orders: Orders) -> None:
    follower(Subscription(name="totals#2", handler=Totals()))

    listed = officer.get(LIST)

    assert "totals%232/" in listed.text
    assert officer.get("/admin/subscriptions/totals%232/").status_code == 200


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (5.4, "5 s"),
        (185, "3 min 5 s"),
        (7_200, "2 h"),
        (360_005, "4 d 4 h"),
    ],
)
def test_durations_are_told_in_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text
    now = MovableClock().now()
    assert age(now - timedelta(seconds=seconds), now) == text


@pytest.mark.parametrize(
    "page", [LIST, PAGE, f"{PAGE}replay/", f"{PAGE}reset/", "skip"]
)
def test_a_page_costs_at_most_eight_queries(
    officer: Client, operator: Client, orders: Orders, one: Follower, page: str
) -> None:
    page = address("skip", orders.stream("a")) if page == "skip" else page
    for client in (officer, operator):
        with CaptureQueriesContext(connection) as made:
            answer = client.get(page)

        assert answer.status_code == 200
        assert len(made) <= MOST, [query["sql"][:80] for query in made.captured_queries]
        assert not any("OFFSET" in query["sql"] for query in made.captured_queries)
