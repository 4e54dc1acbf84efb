"""Asking somebody who may never answer: a question at a time, a share of the patience, and a word for how it went."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from eventstore.database import is_the_databases, word_of
from eventstore.errors import EventStoreError, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OK: Final = "ok"
NO_ANSWER: Final = "no answer"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class State(Generic[T]):
    """How somebody is who was asked. word: ok, no answer, not asked, or what is wrong. answer: None unless ok."""

    word: str
    answer: T | None = None

    @property
    def is_ok(self) -> bool:
        """Whether there was an answer."""
        return self.word == OK


class Turns:
    """How long each may take of whom one after the other asks: its share of all there is, and what those before it left.

    shares: in the order of the asking. No one gets more than the largest share, so that nobody who is silent makes all of it long.
    """

    def __init__(
        self,
        shares: Mapping[str, float],
        patience_s: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._shares = {what: share * patience_s for what, share in shares.items()}
        self._most_s = max(self._shares.values())
        self._clock = clock
        self._ends_at = clock() + sum(self._shares.values())

    def patience_of(self, what: str) -> float:
        """Seconds, from now on."""
        names = list(self._shares)
        behind = names[names.index(what) + 1 :]
        left_s = self._ends_at - self._clock() - sum(self._shares[n] for n in behind)
        return min(self._most_s, max(self._shares[what], left_s))


class Asker:
    """A thread that asks one question at a time: whoever comes before its answer shares it, and none piles up."""

    def __init__(self, what: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"ready-{what}")
        self._lock = Lock()
        self._pending: Future[Any] | None = None

    def ask(self, question: Callable[[], T], *, patience_s: float) -> T:
        """The answer, or what the question raises. Raises `TimeoutError` after so many seconds."""
        with self._lock:
            if self._pending is None or self._pending.done():
                self._pending = self._thread.submit(question)
            pending: Future[T] = self._pending
        return pending.result(patience_s)

    def rest(self) -> None:
        """Wait for the answer that somebody has asked for."""
        wait([self._pending] if self._pending else [])


def word_for(error: Exception) -> str | None:
    """Where waiting alone does not help, one that says so; None for what nobody foresaw."""
    if isinstance(error, Unanswered):
        return error.word or NO_ANSWER
    if isinstance(error, EventStoreError):
        return error.code
    if isinstance(error, FutureTimeout) or is_the_databases(error):
        return word_of(error) or NO_ANSWER
    return None
