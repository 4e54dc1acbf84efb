"""Every error says what happened, has a code and an HTTP answer of its own, and stands in the tree under its branches."""

from __future__ import annotations

import inspect
import re

import pytest

from eventstore import errors
from eventstore.errors import EventStoreError, branches
from tests.guards.sources import OURS, ROOT, name_of, python_files

ALL: list[type[EventStoreError]] = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, EventStoreError)
]
BRANCHES = [one for one in ALL if one.__module__ == branches.__name__]
CLASSES = [one for one in ALL if one not in BRANCHES]
TREE = (errors.__doc__ or "").partition("A class's first")[0]
HERE = "eventstore/errors/"


def drawn() -> dict[str, set[str]]:
    """Each name of the tree, and the names right above it."""
    found: dict[str, set[str]] = {}
    above = ["EventStoreError"]
    for line in TREE.splitlines():
        if node := re.match(r" {4}((?:│   |    )*)[├└]── (\w+)", line):
            depth = len(node[1]) // 4 + 1
            above[depth:] = [node[2]]
            found.setdefault(node[2], set()).add(above[depth - 1])
    return found


@pytest.mark.parametrize("error", CLASSES, ids=lambda e: e.__name__)
def test_an_error_has_docstring_code_and_status(error: type[EventStoreError]) -> None:
    where = f"{error.__name__} in {HERE}"

    assert error.__doc__, f"{where}: write what happened as its docstring."
    assert error.__doc__ != EventStoreError.__doc__, f"{where}: write its docstring."
    assert "code" in vars(error), f"{where}: give it a `code` of its own."
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code), (
        f"{where}: a code is words with hyphens; {error.code} is not."
    )
    assert "status" in vars(error), f"{where}: give it an HTTP `status`."
    assert 400 <= error.status < 600, f"{where}: {error.status} is no error's status."


def test_codes_are_unique() -> None:
    codes = [EventStoreError.code, *(error.code for error in CLASSES)]

    twice = {code for code in codes if codes.count(code) > 1}
    assert not twice, f"{twice}: clients tell errors apart by the code; take another."


def test_the_tree_is_drawn_as_the_classes_are() -> None:
    bases = {
        one.__name__: {b.__name__ for b in one.__bases__ if b in ALL}
        for one in ALL
        if one is not EventStoreError
    }

    assert drawn() == bases, (
        f"the tree in the docstring of {HERE}__init__.py: draw each class under its bases, with what the caller should do."
    )


def test_a_branch_is_caught_and_never_raised() -> None:
    given = [
        one.__name__
        for one in BRANCHES
        if one is not EventStoreError and {"code", "status"} & vars(one).keys()
    ]
    named = "|".join(one.__name__ for one in BRANCHES)
    raised = [
        name_of(path)
        for path in (ROOT / HERE).parent.rglob("*.py")
        if re.search(rf"\braise ({named})\b", path.read_text("utf-8"))
    ]

    assert not given, f"{given}: a code is of an error that is raised, not of a branch."
    assert not raised, f"{raised}: raise an error that says what happened."


def test_all_errors_of_eventstore_stand_in_one_room() -> None:
    strays = [
        c.__name__ for c in ALL if not c.__module__.startswith("eventstore.errors.")
    ]

    assert not strays, f"{strays}: move them to {HERE}, into the tree."


def test_an_append_alone_says_that_nothing_was_written() -> None:
    """Of a commit that was accepted before, who asks would be told so, and the commit be written twice (rule 13)."""
    rooms = {"eventstore/appender", "eventstore/errors", "eventstore/testing"}
    others = [
        name_of(path)
        for path in python_files(*OURS)
        if not any(name_of(path).startswith(room) for room in rooms)
        and re.search(
            r"\bLogUnavailable\(|raise LogUnavailable\b", path.read_text("utf-8")
        )
    ]

    assert not others, (
        f"{others}: who asks raises LogUnanswered, which promises nothing."
    )
