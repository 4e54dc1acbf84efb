"""Who is let in: a token at the border of its time, and the scope that a call names for a method."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.exceptions import MethodNotAllowed

from eventstore.api import tokens
from eventstore.api.permissions import MayScope
from eventstore.api.problems import NotAuthenticated, ScopeMissing
from eventstore.api.scopes import Scope
from tests.support.clocks import FixedClock

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
STEP = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("expiry", "is_active", "is_let_in"),
    [
        (None, True, True),
        (NOW + STEP, True, True),
        (NOW, True, False),
        (NOW - STEP, True, False),
        (None, False, False),
        (NOW + STEP, False, False),
    ],
)
def test_a_token_is_good_until_its_time_and_while_its_account_is_active(
    monkeypatch: pytest.MonkeyPatch,
    expiry: datetime | None,
    *,
    is_active: bool,
    is_let_in: bool,
) -> None:
    row = [
        "digest",
        "key",
        expiry,
        is_active,
        "backend",
        ["streams:read"],
        "audit",
        None,
    ]
    monkeypatch.setattr(tokens, "_clock", FixedClock(NOW))
    monkeypatch.setattr(tokens, "first_rows", lambda *_: [row])

    found = tokens.caller_again("digest")

    assert (found is not None) == is_let_in
    if found is not None:
        assert (found.account, found.token, found.purpose) == (
            "backend",
            "key",
            "audit",
        )
        assert found.scopes == {Scope.READ}
        assert found.reach.sees_all


def test_a_token_that_is_gone_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "first_rows", lambda *_: [])

    assert tokens.caller_again("digest") is None


VIEW: Any = SimpleNamespace(
    scopes={"GET": Scope.READ, "POST": Scope.APPEND}, instead={"GET": Scope.APPEND}
)


def asks(method: str, *scopes: Scope) -> bool:
    user = SimpleNamespace(may=lambda scope: scope in scopes)
    request: Any = SimpleNamespace(method=method, user=user)
    return MayScope().has_permission(request, VIEW)


@pytest.mark.parametrize(
    ("method", "scope", "other"),
    [
        ("GET", Scope.READ, Scope.OPEN),
        ("HEAD", Scope.READ, Scope.OPEN),
        ("GET", Scope.APPEND, Scope.OPEN),  # will do instead
        ("POST", Scope.APPEND, Scope.READ),
    ],
)
def test_the_scope_of_the_method_is_asked(
    method: str, scope: Scope, other: Scope
) -> None:
    assert asks(method, scope)
    assert asks(method, scope, other)
    with pytest.raises(ScopeMissing) as missing:
        asks(method, other)
    named = VIEW.scopes["GET" if method == "HEAD" else method]
    assert missing.value.facts == {"scope": str(named)}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_a_method_that_the_call_does_not_name_is_nobodys(method: str) -> None:
    with pytest.raises(MethodNotAllowed):
        asks(method, *Scope)


def test_nobody_is_asked_for_a_token() -> None:
    request: Any = SimpleNamespace(method="GET", user=None)

    with pytest.raises(NotAuthenticated):
        MayScope().has_permission(request, VIEW)
