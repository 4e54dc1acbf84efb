"""A read changes nothing but the ledger: no row of either database, no record, no sequence, no file; by every address."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from knox.models import AuthToken

from eventstore.store import get_event_store
from tests.support.calls import calls
from tests.support.everything import everything
from tests.support.two_households import (
    MALFORMED,
    NOBODYS,
    OURS,
    THEIRS,
    Asker,
    Objects,
    askers,
    ended,
    settle_both,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eventstore.store import EventStore
    from tests.support.calls import Call

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

CALLS = calls()
KINDS = ("ours-all", "everybody-all")


@pytest.fixture
def asker(teddy_store: EventStore) -> Mapping[str, Asker]:
    """Two households; and a token of each account that is past its end, which others would delete while they look."""
    settle_both(teddy_store)
    cache.clear()
    found = askers()
    for kind in ("ours-all", "everybody-all"):
        account = AuthToken.objects.get(token_key=str(found[kind].token)[:15]).user
        _, old = AuthToken.objects.create(account)
        ended(old)
    # the ledger's streams are there already, so that their types and partitions are known
    for one in found.values():
        one.ask("GET", f"/api/v1/streams/child.c-{OURS}")
        one.ask("GET", f"/api/v1/streams/child.c-{THEIRS}")
    return found


def addresses(call: Call) -> Iterator[str]:
    for of in (OURS, THEIRS, NOBODYS):
        found = Objects(of)
        for chosen in product(*(found[name] for name in call.names)):
            yield call.address(**dict(zip(call.names, chosen, strict=True)))
    if call.names:
        first = {name: MALFORMED[name][0] for name in call.names}
        yield call.address(**first)


def reads(call: Call) -> Iterator[str]:
    """With each of its parameters, too, as far as that changes what is looked at."""
    given = {
        "wait": "0",
        "limit": "1",
        "version": "1",
        "as_of": "2020-01-01T00:00:00Z",
        "direction": "backwards",
        "type": "child",
        "types": "child",
    }
    known = [one.name for one in call.view.known.get("GET", ())]
    for address in addresses(call):
        yield address
        yield from (f"{address}?{n}={given[n]}" for n in known if n in given)


def test_a_read_changes_nothing_but_the_ledger(asker: Mapping[str, Asker]) -> None:
    before, looked = everything(), ledger()

    for call in CALLS:
        heads = [("HEAD", address) for address in addresses(call)]
        gets = [("GET", address) for address in reads(call)]
        for (method, address), kind in product([*heads, *gets], KINDS):
            answer = asker[kind].ask(method, address)
            _ = b"".join(answer) if answer.streaming else answer.content
            assert answer.status_code < 500, address

        after, recorded = everything(), ledger()
        assert before.keys() == after.keys()
        changed = {
            place: (before[place] - rows, rows - before[place])
            for place, rows in after.items()
            if rows != before[place]
        }
        assert changed == {}, call.route
        shows_somebody = not call.view.is_public and call.name != "elsewhere"
        assert (recorded > looked) == shows_somebody, call.route
        before, looked = after, recorded


def ledger() -> int:
    """How many looks were recorded."""
    store = get_event_store()
    return sum(len(list(store.read(f"access.{kind}"))) for kind in KINDS)


def test_the_comparison_sees_what_changes(asker: Mapping[str, Asker]) -> None:
    before = everything()

    AuthToken.objects.filter(expiry__lt="2026-02-01T00:00:00Z").delete()
    Asker("", asker["ours-append"].token).ask(
        "POST",
        f"/api/v1/streams/child.c-{OURS}/events",
        b'{"expected_version":"any","events":[{"type":"ChildProfileUpdated","data":{"changes":{"language":"fr"}}}]}',
    )

    after = everything()
    changed = {place.split(".")[-1] for place in after if after[place] != before[place]}
    assert {"knox_authtoken", "eventstore_record", "eventstore_stream"} <= changed
