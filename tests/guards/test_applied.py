"""An event type that its aggregate does not apply is left out on purpose, never forgotten: nothing else would tell."""

from __future__ import annotations

import ast
from inspect import getsource
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from eventstore.conf import aggregates
from teddy_es.domain.types import registry

if TYPE_CHECKING:
    from eventstore.registry import EventType

# Event types that change no state, each with the reason. All others are a case in the `apply` of their aggregate.
CHANGES_NOTHING = {
    "ChildProfileUpdated": "no rule asks for the profile",
    "MessageScreened": "no rule asks whether a message was judged",
}
DECIDED = [t for t in registry.event_types() if t.stream_type in aggregates()]


def cases(stream_type: str) -> set[str]:
    """The names of the classes that the `apply` of a stream type's aggregate has a case for."""
    tree = ast.parse(dedent(getsource(aggregates()[stream_type].apply)))
    classes = [node.cls for node in ast.walk(tree) if isinstance(node, ast.MatchClass)]
    return {ast.unparse(one).rpartition(".")[2] for one in classes}


@pytest.mark.parametrize("known", DECIDED, ids=lambda t: t.name)
def test_an_event_type_is_applied_or_changes_nothing(known: EventType) -> None:
    is_applied = known.struct.__name__ in cases(known.stream_type)

    assert is_applied == (known.name not in CHANGES_NOTHING), (
        f"Give {known.name} its case in the `apply` of {aggregates()[known.stream_type].__name__}, or say in"
        " CHANGES_NOTHING (tests/guards/test_applied.py) why no rule needs it: one of the two."
    )


def test_what_changes_nothing_is_still_an_event_type() -> None:
    assert CHANGES_NOTHING.keys() <= {known.name for known in DECIDED}
