"""A household's token that wants more than its own: it registers, names, decides, guesses, and gets nothing, not even a key minted."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pytest
from django.core.cache import cache
from django.core.management import call_command

from eventstore.api import accounts
from eventstore.events import Expected, NewEvent
from eventstore.store import get_event_store
from teddy_es.domain.conversation import ConversationStarted
from teddy_es.domain.violations import SafetyViolationDetected
from tests.support.families import handle
from tests.support.processes import a_process, told
from tests.support.two_households import (
    NOBODYS,
    OURS,
    THEIRS,
    Asker,
    askers,
    commit_of,
    settle_both,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.store import EventStore

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

ERASED: Final = (
    *("--request", "r-1", "--requested-by", "ada", "--approved-by", "bo", "--yes"),
)
OWN, FOREIGN = f"c-{OURS}", f"c-{THEIRS}"


@pytest.fixture
def asker(teddy_store: EventStore) -> Mapping[str, Asker]:
    """Two households, and who asks."""
    settle_both(teddy_store)
    cache.clear()
    return askers()


def post(
    who: Asker, stream: str, *events: tuple[str, dict[str, Any]], **more: Any
) -> Any:
    key = more.pop("key", None)
    said = [{"type": kind, "data": data} for kind, data in events]
    body = {"expected_version": "no_stream", "events": said, **more}
    headers = {"Idempotency_Key": key or str(UUID(int=5 * 10**20))}
    address = f"/api/v1/streams/{stream}/events"
    return who.ask("POST", address, json.dumps(body).encode(), **headers)


def registered(parent: str = f"p-{OURS}") -> tuple[str, dict[str, Any]]:
    return "ChildRegistered", {"parent_id": parent, "name": "Mine"}


def lines() -> dict[str, int]:
    """Every stream with its version."""
    store = get_event_store()
    names = [
        f"{kind}.{name}"
        for kind, names in {
            "child": (OWN, FOREIGN, f"c-{NOBODYS}"),
            "privacy": (OWN, FOREIGN, f"c-{NOBODYS}"),
            "parent": (f"p-{OURS}", f"p-{THEIRS}"),
            "conversation": (f"t-{OURS}", f"t-{THEIRS}", f"t-{NOBODYS}"),
        }.items()
        for name in names
    ]
    return {name: len(list(store.read(name))) for name in names}


def test_who_registers_a_child_that_is_anothers_gets_what_is_said_of_none(
    asker: Mapping[str, Asker],
) -> None:
    before, ours = lines(), asker["ours-all"]

    answer = post(ours, f"child.{FOREIGN}", registered())

    changed = ("ChildProfileUpdated", {"changes": {"language": "en"}})
    absent = post(ours, f"child.c-{NOBODYS}", changed)
    assert answer.status_code == absent.status_code == 404
    assert answer.content == absent.content
    handle()
    assert ours.ask("GET", f"/api/v1/children/{FOREIGN}").status_code == 404
    assert (
        asker["theirs-all"].ask("GET", f"/api/v1/children/{FOREIGN}").status_code == 200
    )
    assert lines() == before


def test_not_even_a_key_is_minted_for_whom_the_token_may_not_see(
    asker: Mapping[str, Asker],
) -> None:
    """A child of whom only a violation was said, in the clear, has no key yet."""
    child = f"c-{NOBODYS}"
    found = SafetyViolationDetected(
        violation_id="v-1", category="bullying", severity="low", detector="rules"
    )
    store = get_event_store()
    store.append(f"child.{child}", [NewEvent(found)], Expected.ANY)
    assert list(store.read(f"privacy.{child}")) == []
    before = lines()

    for _ in (1, 2):  # before the read model knows it, and behind
        assert (
            post(asker["ours-all"], f"child.{child}", registered()).status_code == 404
        )
        handle()

    assert lines() == before


def test_that_somebody_was_forgotten_is_told_to_no_other_household(
    asker: Mapping[str, Asker],
) -> None:

    before = post(asker["ours-all"], f"child.{FOREIGN}", registered())
    call_command("erase_subject", FOREIGN, *ERASED, stdout=StringIO())

    after = post(asker["ours-all"], f"child.{FOREIGN}", registered())

    assert (after.status_code, after.content) == (before.status_code, before.content)
    assert after.status_code == 404


def test_a_child_of_whom_somebody_has_told_is_registered_by_no_household(
    asker: Mapping[str, Asker],
) -> None:
    child = f"c-{NOBODYS}"
    begun = ConversationStarted(child_id=child)
    store = get_event_store()
    store.append(f"conversation.t-{NOBODYS}", [NewEvent(begun)], Expected.ANY)
    handle()

    assert post(asker["ours-all"], f"child.{child}", registered()).status_code == 404

    assert list(store.read(f"child.{child}")) == []


VIOLATION: Final = {
    "violation_id": "v-1",
    "category": "bullying",
    "severity": "low",
    "detector": "rules",
}
CONSENT: Final = {"child_id": FOREIGN, "scope": "profiling", "policy_version": "1"}
NAMING: Final[Mapping[str, tuple[str, list[tuple[str, dict[str, Any]]]]]] = {
    "a consent": (f"parent.p-{OURS}", [("ConsentGranted", CONSENT)]),
    "a consent withdrawn": (
        f"parent.p-{OURS}",
        [("ConsentWithdrawn", {"child_id": FOREIGN, "scope": "profiling"})],
    ),
    "an erasure": (f"parent.p-{OURS}", [("ErasureRequested", {"child_id": FOREIGN})]),
    "a new conversation": (
        f"conversation.t-{NOBODYS}",
        [("ConversationStarted", {"child_id": FOREIGN})],
    ),
    "one word in a new conversation": (
        f"conversation.t-{NOBODYS}",
        [
            ("ConversationStarted", {"child_id": OWN}),
            ("ChildSpoke", {"child_id": FOREIGN, "text": "x"}),
        ],
    ),
    "one word in its own": (
        f"conversation.t-{OURS}",
        [("ChildSpoke", {"child_id": FOREIGN, "text": "x"})],
    ),
    "another's conversation": (
        f"child.{OWN}",
        [
            (
                "SafetyViolationDetected",
                {**VIOLATION, "conversation_id": f"t-{THEIRS}"},
            )
        ],
    ),
    "its own child given away": (f"child.{OWN}", [registered(f"p-{THEIRS}")]),
    "a new child for another": (f"child.c-{NOBODYS}", [registered(f"p-{THEIRS}")]),
    "a new child twice": (
        f"child.c-{NOBODYS}",
        [registered(), registered(f"p-{THEIRS}")],
    ),
    "a decision": (
        f"child.{OWN}",
        [
            (
                "SafetyViolationResolved",
                {"violation_id": f"v-{OURS}", "officer": "o", "outcome": "confirmed"},
            )
        ],
    ),
    "that a message was judged": (
        f"conversation.t-{OURS}",
        [
            (
                "MessageScreened",
                {
                    "child_id": OWN,
                    "message_version": 2,
                    "detector": "x",
                    "policy_version": "1",
                },
            )
        ],
    ),
    "a type that there is not": (f"child.{OWN}", [("Whatever", {"child_id": OWN})]),
    "a list of children": (
        f"parent.p-{OURS}",
        [("ConsentGranted", {**CONSENT, "child_id": [OWN, FOREIGN]})],
    ),
    "a number": (
        f"parent.p-{OURS}",
        [("ConsentGranted", {**CONSENT, "child_id": 7})],
    ),
}


@pytest.mark.parametrize("what", NAMING)
def test_what_is_not_its_own_is_not_said(asker: Mapping[str, Asker], what: str) -> None:
    before = lines()
    stream, events = NAMING[what]

    for expected in ("any", "no_stream", "stream_exists"):
        answer = post(asker["ours-all"], stream, *events, expected_version=expected)
        assert answer.status_code in (403, 404), (what, expected, answer.content)
        assert FOREIGN not in answer.content.decode()

    assert lines() == before


def test_a_profile_that_says_whose_it_is_changes_nobody(
    asker: Mapping[str, Asker],
) -> None:
    changes = {"parent_id": f"p-{OURS}", "child_id": FOREIGN}
    update = ("ChildProfileUpdated", {"changes": changes})

    post(asker["theirs-all"], f"child.{FOREIGN}", update, expected_version="any")
    post(asker["ours-all"], f"child.{OWN}", update, expected_version="any")
    handle()

    for who, own, foreign in (("ours", OWN, FOREIGN), ("theirs", FOREIGN, OWN)):
        reader = asker[f"{who}-all"]
        assert reader.ask("GET", f"/api/v1/children/{own}").status_code == 200
        assert reader.ask("GET", f"/api/v1/children/{foreign}").status_code == 404


def test_the_key_of_anothers_commit_tells_nothing(asker: Mapping[str, Asker]) -> None:
    ours, key = asker["ours-all"], str(commit_of(THEIRS))

    on_theirs = post(ours, f"child.{FOREIGN}", registered(), key=key)
    on_ours = post(
        ours,
        f"child.{OWN}",
        ("ChildProfileUpdated", {"changes": {"language": "fr"}}),
        key=key,
        expected_version="any",
    )
    outcome = ours.ask("GET", f"/api/v1/commits/{key}")

    assert on_theirs.status_code == 404
    assert on_ours.status_code == 201
    assert "Idempotent-Replayed" not in on_ours.headers
    assert [one["stream_id"] for one in outcome.json()["decided"]] == [f"child.{OWN}"]
    assert FOREIGN not in outcome.content.decode()


def test_another_household_counts_from_the_next_request_on_everywhere(
    asker: Mapping[str, Asker],
) -> None:
    ours = asker["ours-read"]
    own, foreign = (f"/api/v1/children/{name}" for name in (OWN, FOREIGN))

    def here(where: str) -> int:
        return int(ours.ask("GET", where).status_code)

    with a_process("answer_calls") as process:

        def there(where: str) -> int:
            answer = told(process, "get", token=ours.token, where=where)
            return int(answer["status"])

        assert [ask(one) for ask in (here, there) for one in (own, foreign)] == [
            *(200, 404),
            *(200, 404),
        ]
        accounts.change("ours-read", bound_to=f"p-{THEIRS}")

        assert [ask(one) for ask in (here, there) for one in (own, foreign)] == [
            *(404, 200),
            *(404, 200),
        ]


def test_who_began_a_stream_hears_of_it_before_the_read_models_do(
    asker: Mapping[str, Asker],
) -> None:
    stream, key = f"child.c-{NOBODYS}", str(UUID(int=6 * 10**20))

    first = post(asker["ours-all"], stream, registered(), key=key)
    again = post(asker["ours-all"], stream, registered(), key=key)
    theirs = post(asker["theirs-all"], stream, registered(f"p-{THEIRS}"), key=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json() == again.json()
    assert theirs.status_code == 404
