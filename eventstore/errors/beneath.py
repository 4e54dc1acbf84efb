"""What stands beneath the store, log, database and keys, does not answer, or is not what it was."""

from __future__ import annotations

from eventstore.errors.branches import (
    NeedsOperator,
    PartitionStopped,
    Retryable,
    Unanswered,
)


class LogUnanswered(Unanswered):
    """The log does not answer a question; of what was or was not written it says nothing.

    word: where waiting alone does not help, what to look at, as `/readyz` says it: log-authentication-failed,
    log-rights-missing, log-tls; else empty.
    """

    code = "log-unanswered"
    status = 503

    def __init__(self, reason: str, *, word: str = "") -> None:
        super().__init__(
            f"The log is not available: {reason}.{'' if word else ' Try again later.'}",
            reason=reason,
            word=word,
        )


class DatabaseUnanswered(Unanswered):
    """The database does not answer, or not as it should just now; of what was or was not written it says nothing.

    kind: what the driver calls it. word: as of `LogUnanswered`: database-read-only, database-rights-missing; else empty.
    """

    code = "database-unanswered"
    status = 503

    def __init__(self, reason: str, *, kind: str = "", word: str = "") -> None:
        self.kind = kind
        sentence = f"{reason[:1].upper()}{reason[1:]}."
        super().__init__(
            f"{sentence}{'' if word else ' Try again later.'}", reason=reason, word=word
        )


class KeyStoreUnavailable(Retryable):
    """The key store does not answer, or what unwraps its keys; what needs its keys has to wait. An append that raises it wrote nothing.

    reason: what is the matter, without a key or a value.
    """

    code = "key-store-unavailable"
    status = 503

    def __init__(self, reason: str = "the key store does not answer") -> None:
        self.reason = reason
        super().__init__(
            f"Sealed data cannot be written or opened now: {reason}. Try again later."
        )


class LogTruncated(PartitionStopped):
    """The log no longer holds what was folded from it; nothing may be written to it."""

    code = "log-truncated"
    status = 503

    def __init__(self, topic: str, partition: int, *, cursor: int, found: str) -> None:
        self.topic = topic
        self.partition = partition
        self.cursor = cursor
        self.found = found
        super().__init__(
            f"{topic}/{partition} was folded up to offset {cursor}, but {found}."
            " The log lost records: stop the writers and see docs/OPERATIONS.md,"
            " 'The log lost something'."
        )


class LogUnreadable(PartitionStopped):
    """A partition holds bytes that cannot be unpacked: they are damaged, or packed in a way that is not read here."""

    code = "log-unreadable"
    status = 503

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        what = f"{topic}/{partition} cannot be unpacked at offset {offset}"
        super().__init__(
            f"{what}: see docs/OPERATIONS.md, 'A partition cannot be read'."
        )


class UnknownRuleVersion(PartitionStopped):
    """The log has switched on fold rules that this code does not know."""

    code = "unknown-rule-version"
    status = 503

    def __init__(self, topic: str, partition: int, offset: int, version: int) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.version = version
        super().__init__(
            f"The log has switched {topic}/{partition} to rule version {version} from offset {offset} on,"
            " which this code does not know. It folds no further there: update the code."
        )


class MirrorDiverged(PartitionStopped):
    """The mirror holds something else than the log at the same place."""

    code = "mirror-diverged"
    status = 503

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        super().__init__(
            f"The mirror of {topic}/{partition} differs from the log at offset {offset}."
            " Run `verify`; if the log is right, `rebuild_index`."
        )


class LogMisconfigured(NeedsOperator):
    """A topic is missing or set up so that the log could lose or re-date what it holds."""

    code = "log-misconfigured"
    status = 503

    def __init__(self, topic: str, problem: str, remedy: str) -> None:
        self.topic = topic
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"Topic {topic}: {problem}. {remedy}")


class NotRestorable(NeedsOperator):
    """What a partition lost cannot be put back as it was, or not now; the message says what to do instead."""

    code = "not-restorable"
    status = 503

    def __init__(
        self, topic: str, partition: int, offset: int, problem: str, remedy: str
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.problem = problem
        self.remedy = remedy
        where = f"{topic}/{partition} cannot be restored at offset {offset}"
        super().__init__(f"{where}: {problem}. {remedy}")


class AccessNotRecorded(NeedsOperator):
    """It could not be recorded who looks at what is sealed, and why; so nothing was opened."""

    code = "access-not-recorded"
    status = 503

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"Nothing was opened: {reason}. What is sealed is shown only after it is recorded who sees it, and why"
            " (docs/SETTINGS.md, ACCESS_RECORDER)."
        )


class StoreUnsealed(NeedsOperator):
    """The store was made before sensitive fields were sealed: what it holds stands in the clear, and stays unread."""

    code = "store-unsealed"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "This store was made by a version that sealed nothing: what persons said stands in its log in the clear, and no"
            " erasure would ever reach it. Nothing was read and nothing written. Export it with the version that made it, and"
            " import the file into a new store, or wipe it (docs/OPERATIONS.md, 'A store from before sealing')."
        )


class VerificationFailed(NeedsOperator):
    """Log, mirror, index and heads do not agree."""

    code = "verification-failed"
    status = 500

    def __init__(self, differences: int) -> None:
        self.differences = differences
        super().__init__(
            f"Log, mirror, index and heads differ in {differences} places. Run `verify`, which names them."
        )


class DatabaseUnfit(NeedsOperator):
    """The PostgreSQL that answers is none on which a store can be kept; nothing was done."""

    code = "database-unfit"
    status = 503

    def __init__(self, problem: str, hint: str, *, id: str) -> None:  # noqa: A002  (as of a check)
        self.problem = problem
        self.hint = hint
        self.id = id  # the id of the system check that says the same
        super().__init__(f"{problem} {hint}")
