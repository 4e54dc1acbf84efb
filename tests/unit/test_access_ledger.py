"""What the ledger writes of a look: everybody once, in as many events as it takes, and one where it was about nobody."""

from __future__ import annotations

from typing import Any

import pytest

from audit.ledger import AccessLedger


class Store:
    """Keeps what is appended."""

    def __init__(self) -> None:
        self.appended: list[tuple[str, list[str]]] = []

    def append(self, stream_id: str, events: Any, expected: object) -> None:
        """See `EventStore`."""
        [new] = events
        self.appended.append((stream_id, new.data.subjects))


@pytest.mark.parametrize(
    ("subjects", "parts"),
    [
        ([], [[]]),
        (["a"], [["a"]]),
        (["b", "a", "b"], [["a", "b"]]),
        (["c", "b", "a"], [["a", "b"], ["c"]]),
        (["e", "d", "c", "b", "a"], [["a", "b"], ["c", "d"], ["e"]]),
    ],
)
def test_everybody_is_named_once_so_many_an_event(
    subjects: list[str], parts: list[list[str]]
) -> None:
    store: Any = Store()

    AccessLedger(store, most=2).record(
        kind="view", purpose="audit", subjects=subjects, actor="ada"
    )

    assert store.appended == [("access.ada", part) for part in parts]
