"""The branches of the tree: what a caller catches who does the same about all that stands below. Nothing raises them themselves."""

from __future__ import annotations

from typing import Any, ClassVar


class EventStoreError(Exception):
    """The event store could not do what it was asked."""

    code: ClassVar[str] = "event-store-error"
    status: ClassVar[int] = 500  # the HTTP answer at an edge that has one

    def __reduce__(self) -> tuple[Any, ...]:
        # Python rebuilds an exception by its message alone, which ours do not take; a worker would die of it.
        return _rebuilt, (type(self), self.args, vars(self))


def _rebuilt(
    cls: type[EventStoreError], args: tuple[Any, ...], facts: dict[str, Any]
) -> EventStoreError:
    error = cls.__new__(cls, *args)
    vars(error).update(facts)
    return error


class Refused(EventStoreError):
    """Nothing was written by this call: do what the message says, then ask again.

    What became of a copy that an earlier call sent under the same commit id, it does not say.
    """


class Decided(EventStoreError):
    """The log has decided against the commit, for ever: its id is of no use any more; a new commit takes a new one."""


class Retryable(EventStoreError):
    """It passes: the same call may succeed in a moment.

    An append is repeated under the same commit id (`AppendOutcomeUnknown.commit_id`): under another it could be written
    twice.
    """


class Unanswered(Retryable):
    """What was asked does not answer; of what was or was not written nothing is promised.

    reason: what is the matter, for a sentence of the caller's. word: where waiting alone does not help, what to look at, as `/readyz`
    says it; else empty.
    """

    def __init__(self, message: str, *, reason: str, word: str) -> None:
        self.reason = reason
        self.word = word
        super().__init__(message)


class NeedsOperator(EventStoreError):
    """It does not pass by itself: somebody has to do what the message says."""


class PartitionStopped(NeedsOperator):
    """A partition is not folded any further until somebody has looked; the others go on."""


class NotFound(EventStoreError):
    """What was named is not there: name one that is, or take it for new."""
