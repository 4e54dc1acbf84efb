"""What a header `Accept` wants: by its q-values, the more exact range first."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from eventstore.api.bodies import Json
from eventstore.api.feed.view import EventStream
from eventstore.api.negotiating import ByQuality
from eventstore.api.problems import NotAcceptable

JSON, SSE = Json.media_type, EventStream.media_type


def chosen(**headers: str) -> str:
    request = Request(RequestFactory(headers=headers).get("/"))
    renderer, said = ByQuality().select_renderer(request, [Json(), EventStream()])
    assert renderer.media_type == said
    return said


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", SSE),
        ("text/event-stream", SSE),
        ("application/json; indent=4", JSON),
        ("application/json, text/event-stream", JSON),
        ("text/event-stream, application/json;q=0.9", SSE),
        ("application/json;q=0.9, text/event-stream", SSE),
        ("*/*;q=0.1, text/event-stream", SSE),
        ("text/event-stream;q=0, */*", JSON),
        ("*/*, application/json;q=0", SSE),
        ("text/*;q=0.2, text/event-stream;q=0.9, application/json;q=0.5", SSE),
        ("application/json;q=nonsense", JSON),
    ],
)
def test_what_is_wanted_most_is_given(accept: str, form: str) -> None:
    assert chosen(accept=accept) == form


def test_who_says_nothing_takes_the_first() -> None:
    assert chosen() == JSON


@pytest.mark.parametrize(
    "accept", ["", ",", "text/html", "application/json;q=0", "*/*;q=0", ";;;,,/"]
)
def test_who_wants_none_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        chosen(accept=accept)
