"""Logs carry stack traces, and nothing that persons have said."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import psycopg
import pytest
import structlog

from teddy_es.logs import configure_logging

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    yield
    configure_logging(json=False, level="INFO")


def _logged(capsys: pytest.CaptureFixture[str], error: Exception) -> dict[str, object]:
    configure_logging(json=True, level="INFO")

    def fails(spoken: str) -> None:
        assert spoken
        raise error

    try:
        fails("a secret in a local variable")
    except type(error):
        structlog.get_logger("test").exception("it failed", place="eventstore.order/1")
    found: dict[str, object] = json.loads(capsys.readouterr().err)
    return found


def test_an_exception_is_logged_with_its_trace_but_without_local_variables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = _logged(capsys, ValueError("what went wrong"))

    text = json.dumps(line)
    assert line["event"] == "it failed"
    assert line["place"] == "eventstore.order/1"
    assert "what went wrong" in text
    assert "fails" in text
    assert "a secret in a local variable" not in text


def test_what_a_database_quotes_is_withheld(capsys: pytest.CaptureFixture[str]) -> None:
    line = _logged(
        capsys, psycopg.errors.UniqueViolation("Key (name)=(a secret) exists")
    )

    assert "UniqueViolation" in json.dumps(line)
    assert "a secret" not in json.dumps(line)


def test_a_library_that_logs_in_the_old_way_gets_the_same_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(json=True, level="INFO")

    logging.getLogger("some.library").warning("hello %s", "there")

    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["logger"]) == (
        "hello there",
        "warning",
        "some.library",
    )
