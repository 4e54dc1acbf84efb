"""What is kept of a failure: its kind and its line, nothing that it says."""

from __future__ import annotations

import json
from types import TracebackType

import pytest

from eventstore.registry import Problem
from eventstore.subscriptions.failures import Failure, failure_of, unreadable


class CodedError(Exception):
    def __init__(self, code: object) -> None:
        self.code = code


def raised(text: str) -> ValueError:
    """What a library raises, called here."""
    with pytest.raises(ValueError, match="Expecting") as error:
        json.loads(text)
    return error.value


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("out-of-stock", "out-of-stock"),
        ("A_b.9", "A_b.9"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "CodedError"),
        ("", "CodedError"),
        ("Jane Doe", "CodedError"),
        (7, "CodedError"),
        (None, "CodedError"),
    ],
)
def test_a_code_is_kept_and_a_text_is_not(code: object, told: str) -> None:
    assert failure_of(CodedError(code)).error == told


def test_without_a_code_it_is_the_class() -> None:
    assert failure_of(KeyError("Jane")) == Failure("KeyError", "")


def test_the_place_is_the_innermost_line_that_is_no_librarys() -> None:
    assert failure_of(raised("{")).place.startswith(f"{__name__}:")


def test_a_librarys_line_is_better_than_none() -> None:
    error = raised("{")
    inner = error.__traceback__
    while (
        isinstance(inner, TracebackType)
        and "json" not in inner.tb_frame.f_code.co_filename
    ):
        inner = inner.tb_next

    assert failure_of(error.with_traceback(inner)).place.startswith("json:")


def test_what_cannot_be_read_is_not_tried_again_by_itself() -> None:
    assert unreadable(Problem.UNKNOWN_TYPE) == Failure(
        "unknown-type", "", is_final=True
    )
    assert not failure_of(ValueError()).is_final
