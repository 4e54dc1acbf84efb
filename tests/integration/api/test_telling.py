"""What the API tells of itself, to whoever asks."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import resolve

from eventstore.api.catalogue import catalogue
from scripts.openapi import PAGE
from tests.plugins.described import refuse_undescribed

if TYPE_CHECKING:
    from django.http import HttpResponse

PLACES = ("/api/v1/schema", "/api/v1/docs", "/api/v1/problems/not-found")


def asked(address: str, method: str = "GET", **headers: str) -> HttpResponse:
    """By somebody without a token."""
    client = Client(raise_request_exception=False)
    return client.generic(method, address, headers=headers)  # type: ignore[return-value]


def told(answer: HttpResponse) -> Any:
    """The body."""
    return json.loads(answer.content)


def test_the_schema_is_the_committed_one() -> None:
    answer = asked("/api/v1/schema")

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer.content.decode() + "\n" == PAGE.read_text("utf-8")


@pytest.mark.parametrize("code", catalogue())
def test_the_type_of_a_problem_leads_to_what_it_means(code: str) -> None:
    entry = catalogue()[code]

    found = told(asked(f"/api/v1/problems/{code}"))

    assert found["code"] == code
    assert found["type"] == f"/api/v1/problems/{code}"
    assert found["status"] == entry.status
    assert (found["happened"], found["resolve"]) == (entry.happened, entry.resolve)


@pytest.mark.parametrize("code", ["nothing", "not-foun", "NOT-FOUND", "a%00b", "%ff"])
def test_what_is_no_code_is_not_there(code: str) -> None:
    answer = asked(f"/api/v1/problems/{code}")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert told(answer)["code"] == "not-found"


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_passed_over_here_either(place: str) -> None:
    unknown = asked(f"{place}?format=yaml")
    header = asked(place, **{"If-None-Match": '"1"'})
    method = asked(place, "POST")
    form = asked(place, Accept="image/png")

    assert (unknown.status_code, told(unknown)["parameter"]) == (400, "format")
    assert (header.status_code, told(header)["header"]) == (400, "If-None-Match")
    assert (method.status_code, told(method)["code"]) == (405, "method-not-allowed")
    assert (form.status_code, told(form)["code"]) == (406, "not-acceptable")
    for answer in (unknown, header, method, form):
        assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("place", PLACES)
def test_it_asks_no_database_and_sets_no_cookie(
    place: str, django_assert_num_queries: Any, db: None
) -> None:
    with django_assert_num_queries(0):
        answer = asked(place)

    assert answer.status_code == 200
    assert not answer.cookies


def test_a_refusal_that_its_call_does_not_describe_is_noticed_by_any_test() -> None:
    answer = SimpleNamespace(
        resolver_match=resolve("/api/v1/schema"), content=b'{"code": "not-allowed"}'
    )

    with pytest.raises(AssertionError, match="does not say"):
        refuse_undescribed(answer, "GET")
