"""A pass over a stream ends where an event cannot be read or applied: with the problem of that version, and what came before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from eventstore.errors import UnreadableEvent
from eventstore.queries.snapshots import Due
from eventstore.snapshots.builder import replaying
from eventstore.snapshots.builder.replaying import Problem, Replay

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

STREAM = "order.1"
DUE = [Due(0, STREAM, version) for version in (10, 20)]
UNREADABLE = UnreadableEvent(
    STREAM, 12, event_type="OrderFramed", position="here", problem="unknown"
)


class Store:
    """Its one stream cannot be read from a version on."""

    def __init__(self, broken: int) -> None:
        self._broken = broken

    def read(
        self, stream_id: str, first: int, last: int, *, opener: None
    ) -> Iterator[Any]:
        """See `EventStore`."""
        assert (stream_id, opener) == (STREAM, None)
        for version in range(first, last + 1):
            if version == self._broken:
                raise UNREADABLE
            yield SimpleNamespace(metadata=SimpleNamespace(version=version))


class Order:
    """An aggregate, as it begins."""

    version = 0

    def __init__(self, own_id: str) -> None:
        assert own_id == "1"


SNAPSHOTS: Any = SimpleNamespace(
    opener=None,
    aggregate=Order,
    newest_with_key=lambda _stream_id, *, at_most: None,
    snapshot_of=lambda aggregate, _event, *, opened: aggregate.version,
)


def replayed(
    monkeypatch: pytest.MonkeyPatch,
    *,
    broken: int = 0,
    error: Exception | None = None,
    at: int = 0,
) -> tuple[list[Any], int]:
    """What comes of the versions that are due, and how many events were applied; error: of who applies the event at."""

    def replay(aggregate: Any, events: Sequence[Any]) -> None:
        (event,) = events
        if error is not None and event.metadata.version == at:
            raise error
        aggregate.version = event.metadata.version

    types = SimpleNamespace(event_of=lambda event: event)
    monkeypatch.setattr(replaying, "registry", lambda: types)
    monkeypatch.setattr(replaying, "replay", replay)
    store: Any = Store(broken)
    replay_: Replay[Any] = Replay(store, SNAPSHOTS)
    return [*replay_.of(STREAM, DUE)], replay_.events


def test_all_that_is_due_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert replayed(monkeypatch) == ([10, 20], 20)


def test_an_event_that_cannot_be_read_ends_it_at_its_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, text = UNREADABLE.code, str(UNREADABLE)

    assert replayed(monkeypatch, broken=12) == (
        [10, Problem(STREAM, 12, code, text, ends=True)],
        11,
    )


def test_one_that_the_registry_refuses_ends_it_likewise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, text = UNREADABLE.code, str(UNREADABLE)

    assert replayed(monkeypatch, error=UNREADABLE, at=12) == (
        [10, Problem(STREAM, 12, code, text, ends=True)],
        11,
    )


def test_an_apply_that_raises_ends_it_and_its_text_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = "apply raised ZeroDivisionError at version 12"
    error = ZeroDivisionError("what an event says")

    assert replayed(monkeypatch, error=error, at=12) == (
        [10, Problem(STREAM, 12, "apply-failed", told, ends=True)],
        11,
    )
