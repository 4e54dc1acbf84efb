"""What the ledger writes of a look: everybody once, in as many events as it takes, and one where it was about nobody."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from audit.ledger import AccessLedger, subject_as_recorded


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


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_look_at_nobody_is_one_event(most: int) -> None:
    store: Any = Store()

    AccessLedger(store, most=most).record(
        kind="list", purpose="audit", subjects=[], actor="ada"
    )

    assert store.appended == [("access.ada", [])]


def test_what_is_no_id_is_recorded_as_half_a_digest() -> None:
    """Parents' lists find it by these digits: another number of them would lose what is there."""
    said = subject_as_recorded("Ada Lovelace")

    assert said == "sha256-" + sha256(b"Ada Lovelace").hexdigest()[:32]
    assert subject_as_recorded("c-1") == "c-1"
