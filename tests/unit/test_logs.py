"""Logs carry stack traces, and nothing that persons have said."""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING

import psycopg
import pytest
import structlog
from celery import Celery
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError

from eventstore.errors import LogUnavailable
from teddy_es.logs import (
    WITHHELD,
    configure_logging,
    report_uncaught,
    report_uncaught_in_a_thread,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    yield
    configure_logging(json=False, level="INFO")


SPOKEN = "a secret in a local variable"
BOTH = pytest.mark.parametrize("json_lines", [True, False], ids=["json", "readable"])


def fails(spoken: str, error: Exception) -> None:
    assert spoken
    raise error


def logged(
    capsys: pytest.CaptureFixture[str], error: Exception, *, json_lines: bool
) -> str:
    """What the log says of an error that was raised while somebody's words were in a local variable."""
    configure_logging(json=json_lines, level="INFO")
    try:
        fails(SPOKEN, error)
    except type(error):
        structlog.get_logger("test").exception("it failed", place="eventstore.order/1")
    return capsys.readouterr().err


def test_a_line_for_programs_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    line = json.loads(logged(capsys, ValueError("went wrong"), json_lines=True))

    assert line["event"] == "it failed"
    assert line["place"] == "eventstore.order/1"
    assert line["exception"][0]["exc_type"] == "ValueError"


@BOTH
def test_an_exception_is_logged_with_its_trace_but_without_local_variables(
    capsys: pytest.CaptureFixture[str], *, json_lines: bool
) -> None:
    text = logged(capsys, ValueError("what went wrong"), json_lines=json_lines)

    assert "eventstore.order/1" in text
    assert "ValueError" in text
    assert "test_logs.py" in text
    assert "fails" in text
    assert SPOKEN not in text


def test_a_readable_trace_shows_the_lines_of_the_source(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = logged(capsys, ValueError("what went wrong"), json_lines=False)

    assert "Traceback (most recent call last):" in text
    assert "    raise error\n" in text
    assert text.endswith(f"ValueError: {WITHHELD}\n")


def _noted(error: Exception) -> Exception:
    error.add_note("the row was: a secret")
    return error


@BOTH
@pytest.mark.parametrize(
    "error",
    [
        LogUnavailable("the broker does not answer"),
        ImproperlyConfigured("the broker does not answer"),
        ConnectionRefusedError("the broker does not answer"),
    ],
)
def test_what_quotes_nothing_is_told(
    capsys: pytest.CaptureFixture[str], error: Exception, *, json_lines: bool
) -> None:
    assert "the broker does not answer" in logged(capsys, error, json_lines=json_lines)


@BOTH
def test_a_task_that_failed_is_told_without_what_its_error_quotes(
    capsys: pytest.CaptureFixture[str], *, json_lines: bool
) -> None:
    app = Celery(broker="memory://", set_as_current=False)
    configure_logging(json=json_lines, level="INFO")

    @app.task(name="tell")  # type: ignore[untyped-decorator]
    def tell(said: str) -> None:
        raise RuntimeError(said)

    tell.apply(args=("a secret",))

    text = capsys.readouterr().err
    assert "RuntimeError" in text
    assert "tell" in text
    assert "a secret" not in text


def test_a_thread_that_ends_by_an_error_is_told_without_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(json=True, level="INFO")
    error = RuntimeError("a secret")

    report_uncaught_in_a_thread(
        threading.ExceptHookArgs((RuntimeError, error, None, None))
    )
    report_uncaught_in_a_thread(
        threading.ExceptHookArgs((SystemExit, SystemExit(0), None, None))
    )

    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["action"] == "thread-crashed"
    assert "a secret" not in line


QUOTES = "Key (name)=(a secret) already exists."


@BOTH
@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.UniqueViolation(QUOTES),
        psycopg.DataError(QUOTES),
        IntegrityError(QUOTES),
        _noted(psycopg.errors.UniqueViolation(QUOTES)),
        ValueError(QUOTES),
        KeyError("a secret"),
        _noted(LogUnavailable("it is away")),
        ExceptionGroup(
            "several", [ValueError("what went wrong"), IntegrityError(QUOTES)]
        ),
    ],
    ids=[
        "psycopg",
        "its base",
        "Django",
        "a note",
        "any",
        "a key",
        "our note",
        "a group",
    ],
)
def test_what_an_error_quotes_is_withheld(
    capsys: pytest.CaptureFixture[str], error: Exception, *, json_lines: bool
) -> None:
    text = logged(capsys, error, json_lines=json_lines)

    assert type(error).__name__ in text
    assert "a secret" not in text


@BOTH
def test_it_is_withheld_of_causes_and_of_what_libraries_log_too(
    capsys: pytest.CaptureFixture[str], *, json_lines: bool
) -> None:
    configure_logging(json=json_lines, level="INFO")

    try:
        try:
            raise psycopg.errors.UniqueViolation(QUOTES)
        except psycopg.Error as error:
            raise RuntimeError("nothing was kept") from error  # noqa: EM101
    except RuntimeError:
        logging.getLogger("django.request").exception("Internal Server Error")

    text = capsys.readouterr().err
    assert "UniqueViolation" in text
    assert "a secret" not in text


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


def test_what_nobody_caught_is_told_without_what_a_database_quotes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(json=True, level="INFO")
    error = psycopg.errors.UniqueViolation("Key (name)=(a secret) exists")

    report_uncaught(type(error), error, None)

    line = capsys.readouterr().err
    assert "UniqueViolation" in line
    assert "a secret" not in line
