"""What the API's lists ask costs what they show: held to the planner's word over many rows, as it would plan at a million."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from knox.crypto import hash_token

from eventstore.api.tokens import caller_again, caller_of
from eventstore.events import Position
from eventstore.queries.browse import EventFilter
from eventstore.queries.keyset import Wanted, cursor
from eventstore.queries.own import own_events, own_streams
from eventstore.queries.picked import events_at, first_commits, first_events
from tests.integration.pages.test_browse_plans import (
    CORRELATION,
    KEY,
    MIDDLE,
    full,
    nodes,
    plans,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["full"]  # the fixture

OWN = ["conversation.long", *(f"conversation.c-{n}" for n in range(0, 2_000, 10))]
PLACES = [Position("eventstore.conversation", 4, n) for n in range(100)]
AFTER = Wanted(after=cursor(KEY))


def _unread(read: Callable[[], object]) -> Callable[[], object]:
    """Payloads are no JSON here, so nothing comes of it but its queries."""

    def asked() -> None:
        with suppress(msgspec.DecodeError):
            read()

    return asked


STREAM, VERSION = "eventstore_stream_", "eventstore_event_version"
ASKED: dict[str, tuple[Callable[[], object], set[str]]] = {
    "own streams": (lambda: own_streams(OWN, Wanted()), {STREAM}),
    "own streams of a type": (
        lambda: own_streams(OWN, Wanted(), type_name="parent"),
        {STREAM},
    ),
    "own events": (lambda: own_events(OWN, Wanted(), EventFilter()), {STREAM, VERSION}),
    "own events after": (
        lambda: own_events(OWN, AFTER, EventFilter()),
        {STREAM, VERSION},
    ),
    "own events of a type": (
        lambda: own_events(OWN, Wanted(), EventFilter(event_type="Type3")),
        {STREAM, VERSION},
    ),
    "own events of a time": (
        lambda: own_events(OWN, Wanted(), EventFilter(recorded_from=MIDDLE)),
        {STREAM, VERSION},
    ),
    "own events of a correlation": (
        lambda: own_events(OWN, AFTER, EventFilter(correlation_id=CORRELATION)),
        {STREAM},
    ),
    "events at places": (
        _unread(lambda: events_at(PLACES)),
        {"eventstore_record_pkey"},
    ),
    "first events": (
        _unread(lambda: list(first_events(OWN[:100]))),
        {"eventstore_record_stream"},
    ),
    "what has begun since": (
        _unread(lambda: list(first_commits(OWN[:100], MIDDLE))),
        {"eventstore_record_stream"},
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ASKED)
def test_each_stream_or_place_is_looked_up_by_itself(full: None, name: str) -> None:
    read, indexes = ASKED[name]

    for plan in plans(read):
        found = list(nodes(plan))
        tables = [
            n for n in found if n.get("Relation Name", "").startswith("eventstore_")
        ]
        assert not [n for n in tables if n["Node Type"] == "Seq Scan"], plan
        used = {n["Index Name"] for n in found if "Index Name" in n}
        for index in indexes:
            assert any(one.startswith(index) for one in used), (index, used)
        # whatever is read beyond those, others' rows, would be looked through
        assert not used & {"eventstore_event_time", "eventstore_stream_newest"}, used


ACCOUNTS = 5_000
TOKEN = "teddy_" + "a" * 64
# four tokens for each account, and one whose text a test knows
FILL = """
    INSERT INTO auth_user (id, username, password, is_superuser, is_staff, is_active, date_joined, first_name, last_name, email)
    SELECT 1000000 + n, 'plan-' || n, '!', false, false, true, now(), '', '', '' FROM generate_series(1, %(accounts)s) n;
    INSERT INTO eventstore_api_serviceaccount (user_id, scopes, purpose, bound_to, sees_all, created_at)
    SELECT 1000000 + n, '{streams:read}', 'audit', NULL, true, now() FROM generate_series(1, %(accounts)s) n;
    INSERT INTO knox_authtoken (digest, token_key, user_id, created, expiry)
    SELECT md5(n::text), left(md5('k' || n), 15), 1000001 + n / 4, now(), NULL FROM generate_series(1, 4 * %(accounts)s - 4) n;
    INSERT INTO knox_authtoken (digest, token_key, user_id, created, expiry)
    VALUES (%(digest)s, left(%(token)s, 15), 1000001, now(), NULL);
    ANALYZE auth_user, eventstore_api_serviceaccount, knox_authtoken;
"""
KEYS = {"auth_user_pkey", "eventstore_api_serviceaccount_pkey"}


@pytest.fixture
def tokens(db: None) -> str:
    """The digest of `TOKEN`, among many."""
    digest: str = hash_token(TOKEN)
    with connection.cursor() as cursor_:
        cursor_.execute(FILL, {"accounts": ACCOUNTS, "digest": digest, "token": TOKEN})
    return digest


@pytest.mark.parametrize(
    ("asks", "index"),
    [("caller_of", "knox_authtoken_token_key_"), ("caller_again", "knox_authtoken_")],
)
def test_a_token_is_found_by_its_index_and_its_account_by_the_keys(
    tokens: str, asks: str, index: str
) -> None:
    with CaptureQueriesContext(connection) as made:
        caller = caller_of(TOKEN) if asks == "caller_of" else caller_again(tokens)
    [query] = made.captured_queries

    # it is prepared, so it has one plan for all tokens
    with connection.cursor() as db:
        db.execute("EXPLAIN (GENERIC_PLAN, FORMAT JSON) " + query["sql"])
        [[plan]] = db.fetchall()
    found = list(
        nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    )
    used = {node["Index Name"] for node in found if "Index Name" in node}
    assert caller is not None
    assert {node["Node Type"] for node in found} <= {
        "Nested Loop",
        "Index Scan",
        "Bitmap Heap Scan",
        "Bitmap Index Scan",
    }
    assert used >= KEYS
    [other] = used - KEYS
    assert other.startswith(index)
