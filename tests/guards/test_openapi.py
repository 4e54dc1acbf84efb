"""The schema is what the calls say, is valid by others' measure, and its examples are what it says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from eventstore.api.openapi.components import as_ecma
from eventstore.api.openapi.whole import whole
from eventstore.conf import registry
from scripts.openapi import PAGE, text

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA: dict[str, Any] = json.loads(whole())
CALLS = [
    (f"{method.upper()} {path}", operation)
    for path, operations in SCHEMA["paths"].items()
    for method, operation in operations.items()
]
WHOLE = "urn:the-schema"
_KNOWN: Registry[Any] = Registry().with_resource(
    WHOLE, DRAFT202012.create_resource(SCHEMA)
)


def complaints_of(value: Any, schema: dict[str, Any]) -> list[str]:
    """What a value has that its schema does not allow."""
    within = json.loads(json.dumps(schema).replace('"#/', f'"{WHOLE}#/'))
    judge = Draft202012Validator(
        within,
        registry=_KNOWN,
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
    return [error.message for error in judge.iter_errors(value)]


def examples() -> Iterator[Any]:
    """Every example, with its schema, and where it stands."""
    for name, call in CALLS:
        for one in call["parameters"]:
            if "example" in one:
                yield pytest.param(
                    one["example"], one["schema"], id=f"{name} {one['name']}"
                )
        contents = [(name, call.get("requestBody", {}).get("content", {}))]
        contents += [
            (f"{name} {status}", answer.get("content", {}))
            for status, answer in call["responses"].items()
        ]
        for where, content in contents:
            for media_type, one in content.items():
                if media_type.endswith("json"):
                    yield from _in(f"{where} {media_type}", one)


def _in(where: str, content: dict[str, Any]) -> Iterator[Any]:
    if "example" in content:
        yield pytest.param(content["example"], content["schema"], id=where)
    for name, example in content.get("examples", {}).items():
        if "$ref" in example:
            example = SCHEMA["components"]["examples"][
                example["$ref"].rpartition("/")[2]
            ]
        yield pytest.param(example["value"], content["schema"], id=f"{where} {name}")


def test_the_committed_schema_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == text(), "Run: python -m scripts.openapi"


def test_the_schema_is_openapi_3_1() -> None:
    validate_schema(SCHEMA)  # type: ignore[no-untyped-call]

    assert SCHEMA["openapi"] == "3.1.1"
    for schema in SCHEMA["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_an_operation_has_a_name_of_its_own() -> None:
    names = [call["operationId"] for _, call in CALLS]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(("name", "call"), CALLS, ids=[name for name, _ in CALLS])
def test_a_call_says_what_a_stranger_needs(name: str, call: dict[str, Any]) -> None:
    undescribed = [
        one["name"] for one in call["parameters"] if not one.get("description")
    ]
    statuses = set(call["responses"])
    has_token = bool(call["security"])

    assert call["summary"], name
    assert call["description"], name
    assert not undescribed
    assert ("401" in statuses) is has_token
    assert {"400", "406", "500"} <= statuses


@pytest.mark.parametrize(("value", "schema"), list(examples()))
def test_an_example_is_what_its_schema_says(value: Any, schema: dict[str, Any]) -> None:
    assert complaints_of(value, schema) == []


def test_the_judge_of_examples_notices_what_is_wrong() -> None:
    outcome = {"$ref": "#/components/schemas/Outcome"}

    assert complaints_of({"commit_id": "x", "decided": []}, outcome)
    assert complaints_of({}, outcome)


def test_every_event_type_has_its_schema_and_says_what_is_sealed() -> None:
    told = SCHEMA["x-event-types"]
    schemas = SCHEMA["components"]["schemas"]

    assert set(told) == {known.name for known in registry().event_types()}
    for known in registry().event_types():
        one = told[known.name]
        fields = schemas[one["data"]["$ref"].rpartition("/")[2]]["properties"]
        sealed = {name for name, field in fields.items() if field.get("x-sensitive")}
        assert sealed == set(one["sensitive"]) == known.sensitive


def test_patterns_are_those_of_json_schema() -> None:
    r"""Python's `\A` and `\Z` are none: other languages refuse them, or take them for letters."""
    assert not re.search(r'"pattern": ?"[^"]*\\\\[AZ]', whole().decode())
    assert as_ecma([{"pattern": r"\A[a-z]+\Z"}]) == [{"pattern": "^[a-z]+$"}]
    assert as_ecma({"pattern": {"pattern": r"\Ax\Z"}}) == {
        "pattern": {"pattern": "^x$"}
    }
