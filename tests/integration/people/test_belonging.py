"""Whose a stream is, statement by statement (`audit.people.belonging`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.people import belonging
from teddy_es.domain.conversation import ChildSpoke
from tests.support.families import handle

if TYPE_CHECKING:
    from tests.support.families import Families


@pytest.fixture(autouse=True)
def _two(families: Families) -> None:
    """Of each household two children and a conversation of each; one conversation names children of both, and a child is nobody's."""
    for child, parent in (("a", "p-1"), ("b", "p-1"), ("c", "p-2"), ("d", "p-2")):
        families.registers(child, parent)
        families.talks(f"t-{child}", child)
    families.talks("t-x", "a")
    families.happens("conversation.t-x", ChildSpoke(child_id="c", text="Me, too"))
    families.detects("e", "v-1")
    families.talks("t-e", "e")
    handle("children", "conversations")


EVERY = ("a", "b", "c", "d", "e", "f", "")
TALKS = [f"t-{one}" for one in (*EVERY, "x")]


def test_children_are_those_of_the_parent_among_those_that_were_asked_about() -> None:
    assert belonging.children_of("p-1", EVERY) == {"a", "b"}
    assert belonging.children_of("p-1", ["a", "c"]) == {"a"}
    assert belonging.children_of("p-2", ["a"]) == set()
    assert belonging.children_of("p-1", []) == set()


def test_conversations_are_those_of_such_children_that_name_no_other() -> None:
    assert belonging.conversations_of("p-1", TALKS) == {"t-a": "a", "t-b": "b"}
    assert belonging.conversations_of("p-1", ["t-a", "t-c", "t-x"]) == {"t-a": "a"}
    assert belonging.conversations_of("p-2", ["t-a", "t-x"]) == {}


def test_what_is_covered_is_both_among_those_that_were_asked_about() -> None:
    covered = belonging.covered

    assert covered("p-1", EVERY, TALKS) == {
        *("child.a", "child.b"),
        *("conversation.t-a", "conversation.t-b"),
    }
    assert covered("p-1", ["a", "c"], []) == {"child.a"}
    assert covered("p-1", [], ["t-b", "t-d", "t-x"]) == {"conversation.t-b"}
    assert covered("p-3", EVERY, TALKS) == set()


def test_all_of_a_household() -> None:
    assert sorted(belonging.streams_of("p-2")) == [
        *("child.c", "child.d"),
        *("conversation.t-c", "conversation.t-d"),
    ]
    assert belonging.streams_of("p-3") == []


@pytest.mark.parametrize(("child", "is_so"), [("e", True), ("a", True), ("f", False)])
def test_whether_somebody_has_talked_of_a_child(child: str, *, is_so: bool) -> None:
    assert belonging.is_talked_of(child) is is_so
