"""What tries the API from outside is right itself: the schema for chance, the lines of curl, and examples that can be sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventstore.api.openapi.whole import whole
from eventstore.conf import registry
from teddy_es.api_examples import BODIES, CONVERSATION, in_teddys_words
from tests.support import curl
from tests.support.narrowed import narrowed


def test_a_line_of_curl_is_what_curl_would_send() -> None:
    line = """curl -X POST "http://h/a?b=c" -H "Authorization: Token t" -H 'X: y: z' -d '{"a": "b c"}'"""

    found = curl.Command.parse(line)

    assert found == curl.Command(
        "http://h/a?b=c",
        "POST",
        {"Authorization": "Token t", "X": "y: z"},
        b'{"a": "b c"}',
    )


@pytest.mark.parametrize("line", ["curl -k http://h", "curl http://h http://i", "ls"])
def test_what_curl_alone_understands_is_refused(line: str) -> None:
    with pytest.raises(
        ValueError, match=r"takes it, this does not|lines of curl alone"
    ):
        curl.Command.parse(line)


def test_chance_makes_events_of_each_type_that_is_appended_over_http() -> None:
    schema = narrowed(json.loads(whole()))

    events = schema["components"]["schemas"]["ProposedEvent"]["oneOf"]

    types = {event["properties"]["type"]["const"] for event in events}
    assert {"ChildSpoke", "ConsentGranted", "ChildRegistered"} <= types
    assert not {"DataAccessed", "KeyMinted", "ApprovalRequested"} & types
    for event in events:
        assert event["additionalProperties"] is False
        assert "$ref" in event["properties"]["data"]


def test_chance_takes_no_code_that_a_call_does_not_say() -> None:
    schema = narrowed(json.loads(whole()))
    refused = schema["paths"]["/api/v1/commits/{commit_id}"]["get"]["responses"]["404"]

    (content,) = refused["content"].values()

    only = content["schema"]["allOf"][1]["properties"]["code"]["enum"]
    assert set(only) == {"commit-not-in-log", "not-found"}


def test_to_narrow_a_schema_leaves_it_as_it_was() -> None:
    schema = json.loads(whole())

    narrowed(schema)

    assert schema == json.loads(whole())


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_an_example_of_a_body_is_taken_as_it_stands(body: dict[str, Any]) -> None:
    stream_type = registry().stream_type_of(CONVERSATION)

    for event in body["events"]:
        known, _ = registry().admit(
            stream_type.name, event["type"], None, event["data"]
        )
        assert known.name == event["type"]


def test_examples_speak_of_this_domain_alone() -> None:
    assert "OrderPlaced" not in whole().decode()
    assert in_teddys_words({"paths": {}}) == {"paths": {}}
