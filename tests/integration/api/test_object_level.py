"""Every address by every method, kind of token and object, from the addresses themselves: nobody sees another household, in no answer and in no time.

A new call without a rule here fails: its names must be those of `tests.support.two_households`, and what it answers must hold.
"""

from __future__ import annotations

import json
import re
from itertools import product
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from eventstore.api.endpoint import ASKING
from eventstore.store import get_event_store
from tests.support.calls import Call, calls
from tests.support.two_households import (
    CORRELATION,
    LATE,
    MALFORMED,
    NOBODYS,
    OURS,
    THEIRS,
    Asker,
    Objects,
    askers,
    settle,
    settle_both,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

CALLS = calls()
TOLD = [call for call in CALLS if not call.view.is_public]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_LITERAL: Final = re.compile(r"'(?:[^']|'')*'")
OF_THEIRS: Final = (f"-{THEIRS}", f"/{THEIRS}", f"words-{THEIRS}")
KEY = str(UUID(int=7 * 10**20))


@pytest.fixture
def asker(teddy_store: EventStore, settings: Settings) -> Mapping[str, Asker]:
    """Two households, and who asks."""
    settle_both(teddy_store)
    settings.AXES_FAILURE_LIMIT = 1_000_000
    cache.clear()
    return askers()


def objects(call: Call, of: str) -> Iterator[dict[str, str]]:
    """What stands in a call's address, of a household's."""
    found = Objects(of)
    unknown = [name for name in call.names if name not in found]
    assert not unknown, (
        f"{call.route}: say in tests/support/two_households.py what {unknown} is of a household, and what it never can be."
    )
    yield from (
        dict(zip(call.names, chosen, strict=True))
        for chosen in product(*(found[name] for name in call.names))
    )


def malformed(call: Call) -> Iterator[dict[str, str]]:
    for chosen in product(*(MALFORMED[name] for name in call.names)):
        yield dict(zip(call.names, chosen, strict=True))


def body_of(answer: Any) -> bytes:
    return bytes(b"".join(answer) if answer.streaming else answer.content)


def seen(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    """All that somebody sees of an answer, but for what is new in each."""
    own = {"X-Correlation-ID", "Date"}
    headers = {k: v for k, v in answer.headers.items() if k not in own}
    return answer.status_code, body_of(answer), headers


def statements(
    ask: Any,
) -> tuple[tuple[int, bytes, dict[str, str]], list[str]]:
    """What is seen, and which statements it took."""
    with CaptureQueriesContext(connection) as captured:
        found = seen(ask())
    return found, [_LITERAL.sub("?", str(query["sql"])) for query in captured]


def appended(address: str, of: str, expected: Any = "any") -> bytes:
    """A body that a household's own token might send to this stream."""
    data: dict[str, Any] = {"changes": {"language": "fr"}}
    event = "ChildProfileUpdated"
    if "conversation." in address:
        data, event = {"child_id": f"c-{of}", "text": "new"}, "ChildSpoke"
    if "parent." in address:
        data = {"child_id": f"c-{of}", "scope": "profiling", "policy_version": "1"}
        event = "ConsentGranted"
    events = [{"type": event, "data": data}]
    return json.dumps({"expected_version": expected, "events": events}).encode()


def asked_of(
    call: Call, method: str, who: Asker, placed: dict[str, str], of: str
) -> Any:
    address = call.address(**placed)
    if method != "POST":
        return who.ask(method, address)
    return who.ask(method, address, appended(address, of), Idempotency_Key=KEY)


# ---- who may at all


def test_who_has_no_valid_token_hears_one_answer_whatever_is_asked(
    asker: Mapping[str, Asker],
) -> None:
    found: dict[str, set[tuple[int, bytes]]] = {"none": set(), "unknown": set()}
    for call, kind in product(TOLD, found):
        places = [*objects(call, OURS), *objects(call, NOBODYS), *malformed(call)]
        for method, placed in product(call.view.scopes, places):
            answer = asked_of(call, method, asker[kind], placed, OURS)
            assert answer.headers["WWW-Authenticate"] == "Token", call
            found[kind].add((answer.status_code, body_of(answer)))

    assert [len(one) for one in found.values()] == [1, 1]
    assert {status for one in found.values() for status, _ in one} == {401}


def test_a_method_that_there_is_not_is_refused(asker: Mapping[str, Asker]) -> None:
    for call, method in product(CALLS, METHODS):
        if method in {*call.view.scopes, "HEAD"}:
            continue
        placed = next(objects(call, OURS))

        answer = asker["everybody-all"].ask(method, call.address(**placed))

        assert answer.status_code == 405, (call.route, method)
        assert set(answer.headers["Allow"].split(", ")) >= set(call.view.scopes)


def test_a_scope_that_is_missing_is_refused_alike_whatever_there_is(
    asker: Mapping[str, Asker],
) -> None:
    lacking = {
        "streams:read": ("ours-append", "everybody-append"),
        "streams:append": ("ours-read", "everybody-read"),
    }
    for call in TOLD:
        for method, scope in call.view.scopes.items():
            if method in call.view.instead:
                continue
            places = [*objects(call, OURS), *objects(call, THEIRS)]
            places += [*objects(call, NOBODYS), *malformed(call)]
            for kind in lacking[str(scope)]:
                answers = {
                    (answer.status_code, body_of(answer))
                    for placed in places
                    if (answer := asked_of(call, method, asker[kind], placed, OURS))
                }
                [(status, body)] = answers
                assert status == 403, (call.route, kind)
                assert json.loads(body)["scope"] == scope


# ---- whose it is


def test_what_is_own_is_shown_to_its_household_and_to_who_sees_all(
    asker: Mapping[str, Asker],
) -> None:
    for call, whose in product(TOLD[:-1], (OURS, THEIRS)):
        own = {OURS: "ours", THEIRS: "theirs"}[whose]
        for placed, right in product(objects(call, whose), ("read", "all")):
            for kind in (f"{own}-{right}", f"everybody-{right}"):
                answer = asker[kind].ask("GET", call.address(**placed))
                body = body_of(answer)
                assert answer.status_code == 200, (call.route, kind, body)
                is_closed = f"words-{whose}".encode() not in body
                assert is_closed or right == "all", (call.route, kind)


@pytest.mark.parametrize("lags", [False, True], ids=["known", "lagging"])
def test_what_is_foreign_answers_as_what_is_not_there_with_the_same_work(
    asker: Mapping[str, Asker], *, lags: bool
) -> None:
    """Also while the read models do not know yet what was said last."""
    if lags:
        settle(get_event_store(), LATE)
    for call in TOLD:
        if not call.names:
            continue
        for method, kind in product(
            call.view.scopes, ("ours-read", "ours-append", "ours-all")
        ):
            theirs = objects(call, LATE if lags else THEIRS)
            nobodys = objects(call, NOBODYS)
            for foreign, absent in zip(theirs, nobodys, strict=True):
                first, its = statements(
                    lambda: asked_of(call, method, asker[kind], foreign, OURS)  # noqa: B023
                )
                second, work = statements(
                    lambda: asked_of(call, method, asker[kind], absent, OURS)  # noqa: B023
                )
                assert first == second, (call.route, method, kind, foreign)
                assert first[0] in (403, 404), (call.route, method, kind, foreign)
                assert its == work, (call.route, method, kind, foreign)


def test_what_can_be_no_such_thing_is_a_problem_and_no_error_of_ours(
    asker: Mapping[str, Asker],
) -> None:
    for call, kind in product(CALLS, ("ours-all", "everybody-all")):
        if not call.names:
            continue
        for placed, method in product(malformed(call), call.view.scopes):
            answer = asked_of(call, method, asker[kind], placed, OURS)

            assert 400 <= answer.status_code < 500, (call.route, kind, placed)
            assert answer.headers["Content-Type"] == "application/problem+json"


def test_no_answer_to_a_household_holds_anything_of_the_other(
    asker: Mapping[str, Asker],
) -> None:
    """In no list, no page, no filter, no header: neither by asking for it, nor on the way."""
    for call in TOLD:
        for placed in [*objects(call, OURS), *objects(call, THEIRS)]:
            for query in queries(call, asker):
                answer = asker["ours-all"].ask("GET", call.address(**placed) + query)
                text = f"{body_of(answer).decode()}{dict(answer.headers)}"
                sent = f"{call.address(**placed)}{query}"
                for hidden in OF_THEIRS:
                    assert hidden not in text.replace(sent, ""), (call.route, query)


VALUES: Final[Mapping[str, Sequence[str]]] = {
    "type": ("child", "conversation", "ChildSpoke", "ChildRegistered"),
    "types": ("child", "child,conversation,parent,access,privacy"),
    "correlation_id": (str(CORRELATION[THEIRS]), str(CORRELATION[OURS])),
    "causation_id": (str(CORRELATION[THEIRS]),),
    "recorded_from": ("2020-01-01T00:00:00Z",),
    "recorded_to": ("2999-01-01T00:00:00Z",),
    "as_of": ("2020-01-01T00:00:00Z",),
    "from_version": ("1", "2"),
    "to_version": ("1", "99"),
    "version": ("1", "99"),
    "direction": ("forwards", "backwards"),
    "limit": ("1", "2", "1000"),
    "wait": ("0",),
    "by": ("officer", "service"),
    "after": ("now",),
}
"""For each parameter of any call some values, another household's among them."""


def queries(call: Call, asker: Mapping[str, Asker]) -> Iterator[str]:
    yield ""
    for parameter in call.view.known.get("GET", ()):
        assert parameter.name in VALUES, (
            f"{call.route}: say in VALUES what {parameter.name} can be, another household's among it."
        )
        for value in VALUES[parameter.name]:
            yield f"?{parameter.name}={value.replace('+', '%2B')}"
        if parameter.name == "after":
            for kind in ("theirs-all", "everybody-all"):
                yield from (f"?after={one}" for one in cursors(call, asker[kind]))


def cursors(call: Call, who: Asker) -> Iterator[str]:
    """What another's token is given out for the same list."""
    for of in (OURS, THEIRS):
        for placed in objects(call, of):
            answer = who.ask("GET", f"{call.address(**placed)}?limit=1")
            if answer.status_code == 200 and (
                found := json.loads(body_of(answer))["next"]
            ):
                yield found


def test_a_cursor_of_another_household_is_none(asker: Mapping[str, Asker]) -> None:
    tried = 0
    for call in TOLD:
        if "after" not in [one.name for one in call.view.known.get("GET", ())]:
            continue
        placed = next(objects(call, OURS))
        for kind in ("theirs-all", "everybody-all"):
            for cursor in cursors(call, asker[kind]):
                answer = asker["ours-all"].ask(
                    "GET", f"{call.address(**placed)}?after={cursor}"
                )
                tried += 1
                assert answer.status_code == 400, call.route
                assert answer.json()["code"] == "bad-cursor"
    assert tried > 5


# ---- recorded first


def test_what_cannot_be_recorded_is_not_shown(
    asker: Mapping[str, Asker], settings: Settings
) -> None:
    path = "tests.support.recorders.BrokenRecorder"
    settings.EVENTSTORE = {**settings.EVENTSTORE, "ACCESS_RECORDER": path}

    for call in TOLD[:-1]:
        for placed, kind in product(objects(call, OURS), ("ours-all", "everybody-all")):
            answer = asker[kind].ask("GET", call.address(**placed))
            assert answer.status_code == 503, (call.route, kind)
            assert answer.json()["code"] == "access-not-recorded"
            assert f"words-{OURS}".encode() not in body_of(answer)


def test_each_look_at_somebody_is_in_the_ledger_with_the_accounts_purpose(
    asker: Mapping[str, Asker],
) -> None:
    store = get_event_store()
    for call in TOLD[:-1]:
        for placed in objects(call, OURS):
            for kind in ("ours-read", "ours-append", "everybody-all"):
                before = len(list(store.read(f"access.{kind}")))
                answer = asker[kind].ask("GET", call.address(**placed))
                body_of(answer)
                told = [e.data for e in store.read(f"access.{kind}")][before:]
                if answer.status_code == 403:
                    assert told == [], call.route
                    continue
                assert answer.status_code == 200, call.route
                assert len(told) == 1, (call.route, kind)
                said = {
                    name: told[0][name]
                    for name in ("actor", "actor_kind", "purpose", "kind")
                }
                assert said == {
                    "actor": kind,
                    "actor_kind": "service",
                    "purpose": "parent_request",
                    "kind": said["kind"],
                }
                assert {f"c-{OURS}", f"p-{OURS}"} & set(told[0]["subjects"])


# ---- what is about nobody, and what nobody says


@pytest.mark.parametrize("stream", ["access.everybody-all", f"privacy.c-{OURS}"])
def test_what_names_officers_and_keys_is_shown_to_no_household(
    asker: Mapping[str, Asker], stream: str
) -> None:
    asker["everybody-all"].ask("GET", f"/api/v1/children/c-{OURS}")

    for call in (one for one in TOLD if one.names == ("stream_id",)):
        address = call.address(stream_id=stream)
        absent = call.address(stream_id=f"{stream}-not")
        ours = asker["ours-all"]
        assert seen(ours.ask("GET", address)) == seen(ours.ask("GET", absent))
        if call.name != "state":
            assert asker["everybody-all"].ask("GET", address).status_code == 200

    for query in ("", "?types=access,privacy,approval"):
        feed = asker["ours-all"].ask("GET", f"/api/v1/feed{query}")
        assert b"DataAccessed" not in body_of(feed)
        assert b"KeyMinted" not in body_of(feed)


@pytest.mark.parametrize("kind", ["access", "privacy", "approval"])
@pytest.mark.parametrize("who", ["ours-all", "everybody-all"])
def test_the_stores_own_words_are_said_by_nobody(
    asker: Mapping[str, Asker], kind: str, who: str
) -> None:
    data: dict[str, Any] = {"decision": "approved", "decided_by": "ada"}
    events = [{"type": "ApprovalDecided", "data": data}]
    body = {"expected_version": "any", "events": events}

    answer = asker[who].ask(
        "POST", f"/api/v1/streams/{kind}.a-1/events", json.dumps(body).encode()
    )

    # 422: what a household may not see judges the event first, which is one of approvals alone
    assert answer.status_code in (403, 404, 422)
    assert list(get_event_store().read(f"{kind}.a-1")) == []


# ---- nothing is passed over


def test_what_a_call_does_not_go_by_is_refused_by_its_name(
    asker: Mapping[str, Asker],
) -> None:
    for call in CALLS[:-1]:
        for method in call.view.scopes:
            placed = next(objects(call, OURS))
            address = call.address(**placed)
            everybody = asker["everybody-all"]
            body = appended(address, OURS) if method == "POST" else b""

            unknown = everybody.ask(method, f"{address}?nobody-knows=1", body)
            assert unknown.status_code == 400, (call.route, method)
            assert unknown.json()["code"] == "unknown-parameter", call.route
            assert unknown.json()["parameter"] == "nobody-knows"
            for name in ASKING:
                if name in call.view.goes_by.get(method, ()):
                    continue
                refused = everybody.ask(method, address, body, **{name: '"1"'})
                assert refused.status_code == 400, (call.route, method, name)
                assert refused.json()["code"] == "unsupported-header"
                assert refused.json()["header"] == name


def test_a_body_is_refused_where_a_call_takes_none(
    asker: Mapping[str, Asker],
) -> None:
    everybody = asker["everybody-all"]
    for call in CALLS[:-1]:
        address = call.address(**next(objects(call, OURS)))
        refused = everybody.ask("GET", address, b'{"type":"x"}')
        assert refused.status_code == 400, call.route
        assert refused.json()["reason"] == "not_wanted"


def test_nobody_in_between_keeps_an_answer(asker: Mapping[str, Asker]) -> None:
    for call in TOLD:
        for placed in (next(objects(call, OURS)), next(objects(call, NOBODYS))):
            for kind in ("none", "ours-append", "ours-all", "everybody-all"):
                answer = asker[kind].ask("GET", call.address(**placed))
                body_of(answer)
                assert answer.headers["Cache-Control"] == "no-store", call.route
                assert "Authorization" in answer.headers["Vary"], call.route
                assert "'self'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert "Set-Cookie" not in answer.headers
