"""What every call of the HTTP API says of itself, by the project's addresses: who may, what it goes by, how often."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.throttling import BaseThrottle

from eventstore.api.endpoint import ASKING, Endpoint
from eventstore.api.parameters import Parameter
from eventstore.api.permissions import MayScope
from eventstore.api.public import Public
from eventstore.api.scopes import Scope
from eventstore.api.throttles import SCOPES, ScopedByToken
from eventstore.api.tokens import Tokens
from tests.support.calls import Call, calls

CALLS = calls()
METHODS = ("get", "post", "put", "patch", "delete", "options", "trace")


def handled(view: type[Endpoint]) -> set[str]:
    """The methods that it answers; OPTIONS is DRF's, which tells what there is, and nobody's here."""
    allowed = set(view.http_method_names) - {"head", "options"}
    return {name.upper() for name in METHODS if name in allowed and hasattr(view, name)}


def test_there_are_calls_and_a_last_one_for_everything_else() -> None:
    assert len(CALLS) > 10
    assert CALLS[-1].name == "elsewhere"
    assert len({call.name for call in CALLS}) == len(CALLS)


@pytest.mark.parametrize("call", CALLS, ids=str)
class TestEveryCall:
    """By the addresses, so that a new one is among them."""

    def test_it_is_an_endpoint(self, call: Call) -> None:
        assert issubclass(call.view, Endpoint), (
            f"{call.route}: derive its view from eventstore.api.endpoint.Endpoint, which refuses whatever it does not go by."
        )

    def test_it_names_a_scope_for_each_method_that_it_answers(self, call: Call) -> None:
        assert set(call.view.scopes) == handled(call.view)
        if not call.view.is_public:
            assert all(isinstance(one, Scope) for one in call.view.scopes.values())
            return
        assert set(call.view.scopes.values()) == {None}
        assert issubclass(call.view, Public)

    def test_nobody_comes_in_by_another_door(self, call: Call) -> None:
        view: Any = call.view
        if view.is_public:
            assert view.authentication_classes == ()
            return
        assert view.authentication_classes == (Tokens,)
        assert view.permission_classes == (MayScope,)
        assert view.throttle_classes == (ScopedByToken,)

    def test_it_has_a_rate(self, call: Call) -> None:
        for method in call.view.scopes:
            view: Any = call.view()
            view.request = type("Asked", (), {"method": method})()
            assert view.throttle_scope in SCOPES
            is_append = call.view.scopes[method] is Scope.APPEND and method != "GET"
            assert (view.throttle_scope == "append") == is_append

    def test_its_parameters_are_said_once_for_a_method_that_there_is(
        self, call: Call
    ) -> None:
        assert set(call.view.known) <= set(call.view.scopes)
        for known in call.view.known.values():
            assert all(isinstance(one, Parameter) for one in known)
            names = [one.name for one in known]
            assert len(set(names)) == len(names)

    def test_the_headers_that_it_goes_by_are_some_that_ask(self, call: Call) -> None:
        assert set(call.view.goes_by) <= set(call.view.scopes)
        for names in call.view.goes_by.values():
            assert set(names) <= set(ASKING)

    def test_another_scope_that_will_do_is_one(self, call: Call) -> None:
        assert set(call.view.instead) <= set(call.view.scopes)
        assert all(isinstance(one, Scope) for one in call.view.instead.values())


def test_the_throttle_is_of_the_kind_that_drf_asks() -> None:
    assert issubclass(ScopedByToken, BaseThrottle)
