"""The log is told of all new keys at once, and whoever sealed hears one thing where it is not known whether it was."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import pytest

from eventstore.errors import (
    AppendOutcomeUnknown,
    KeyStoreUnavailable,
    LogUnavailable,
)
from eventstore.keys.rows import Minted
from eventstore.lineage.recording import record_minted
from eventstore.ports import KeyName
from eventstore.testing.shop import shop
from eventstore.testing.shop_privacy import register_privacy

if TYPE_CHECKING:
    from eventstore.ports import Store
    from eventstore.registry import PrivacyEvents

KEYS = [
    Minted(UUID(int=n), KeyName(f"c-{n}", "order", "2026-11"), bytes(32))
    for n in range(1, 4)
]


class TakesMany:
    """A store that answers nobody before so many commits are there."""

    def __init__(self, many: int, error: Exception | None = None) -> None:
        self.many = many
        self.error = error
        self.waiting: list[Future[Any]] = []
        self.streams: list[str] = []

    def submit(self, stream_id: str, *_rest: Any, **_named: Any) -> Future[Any]:
        """See `EventStore`."""
        future: Future[Any] = Future()
        self.streams.append(stream_id)
        self.waiting.append(future)
        if len(self.waiting) == self.many:
            for one in self.waiting:
                if self.error is not None:
                    one.set_exception(self.error)
                else:
                    one.set_result(None)
        return future


def record(store: TakesMany) -> None:
    events = register_privacy(shop()).privacy
    record_minted(cast("Store", store), cast("PrivacyEvents", events), KEYS)


def test_keys_of_many_persons_wait_for_the_log_together() -> None:
    store = TakesMany(len(KEYS))

    record(store)

    assert store.streams == ["privacy.c-1", "privacy.c-2", "privacy.c-3"]


def test_an_unknown_outcome_of_the_logs_word_is_no_unknown_outcome_of_the_append() -> (
    None
):
    store = TakesMany(len(KEYS), AppendOutcomeUnknown("c-1", "privacy.c-1"))

    with pytest.raises(KeyStoreUnavailable):
        record(store)


def test_a_log_that_has_refused_the_word_says_so_itself() -> None:
    with pytest.raises(LogUnavailable):
        record(TakesMany(len(KEYS), LogUnavailable("away")))


def test_a_log_that_does_not_answer_is_not_waited_for_for_ever(
    settings: Any,
) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "APPEND_TIMEOUT": -0.5}

    with pytest.raises(KeyStoreUnavailable):
        record(TakesMany(len(KEYS) + 1))
