"""Every error says what happened, has a code and an HTTP answer of its own, and stands in the tree."""

from __future__ import annotations

import inspect
import re

import pytest

from eventstore import errors
from eventstore.errors import EventStoreError

CLASSES: list[type[EventStoreError]] = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, EventStoreError) and found is not EventStoreError
]
TREE = (errors.__doc__ or "").partition("A class's first")[0]


@pytest.mark.parametrize("error", CLASSES, ids=lambda e: e.__name__)
def test_an_error_has_docstring_code_status_and_a_place_in_the_tree(
    error: type[EventStoreError],
) -> None:
    where = f"{error.__name__} in eventstore/errors.py"

    assert error.__doc__, f"{where}: write what happened as its docstring."
    assert error.__doc__ != EventStoreError.__doc__, f"{where}: write its docstring."
    assert "code" in vars(error), f"{where}: give it a `code` of its own."
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code), (
        f"{where}: a code is words with hyphens; {error.code} is not."
    )
    assert "status" in vars(error), f"{where}: give it an HTTP `status`."
    assert 400 <= error.status < 600, f"{where}: {error.status} is no error's status."
    assert re.search(rf"[├└]── {error.__name__}\b", TREE), (
        f"{where}: give it a line in the tree of the module's docstring, with what the caller should do."
    )


def test_codes_are_unique() -> None:
    codes = [EventStoreError.code, *(error.code for error in CLASSES)]

    twice = {code for code in codes if codes.count(code) > 1}
    assert not twice, f"{twice}: clients tell errors apart by the code; take another."


def test_the_tree_names_no_error_that_is_not_there() -> None:
    named = set(re.findall(r"[├└]── ([A-Z]\w+)", TREE))

    gone = named - {error.__name__ for error in CLASSES}
    assert not gone, f"{gone}: take the line out of the tree in eventstore/errors.py."


def test_all_errors_of_eventstore_stand_in_one_file() -> None:
    strays = [c.__name__ for c in CLASSES if c.__module__ != errors.__name__]

    assert not strays, f"{strays}: move them to eventstore/errors.py, into the tree."
