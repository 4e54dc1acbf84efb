"""What is refused because of erasures and holds. Nothing of a subject stands in a message: neither its id nor a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.errors.branches import NeedsOperator, NotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence


class UnderHold(Refused):
    """A legal hold forbids to destroy these keys; nothing was destroyed.

    holds: of each what it says: `hold h-1 (litigation, clause s.4, all months, not before 2027-12-31)`.
    """

    code = "under-hold"
    status = 409

    def __init__(self, holds: Sequence[str]) -> None:
        self.holds = tuple(holds)
        super().__init__(
            f"Nothing was destroyed: {'; '.join(holds)} binds. It is lifted by `hold lift`, by two people."
        )


class AlreadyErased(Refused):
    """The subject was erased, or is being erased, under another request.

    request: that one.
    """

    code = "already-erased"
    status = 409

    def __init__(self, request: str | None) -> None:
        self.request = request
        super().__init__(
            f"The subject is erased under request {request or 'without an id'}, and nothing is left to destroy:"
            " `erasure_certificate` says how that was done."
        )


class SecondPersonMissing(Refused):
    """Two different people are needed: one who asks, and one who approves."""

    code = "second-person-missing"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "Nobody approves what they asked for themselves: name another person as the one who approves."
        )


class HoldNotLiftable(Refused):
    """The hold has a day before which it may not be lifted, and that day has not come."""

    code = "hold-not-liftable"
    status = 409

    def __init__(self, hold_id: str, floor: str) -> None:
        self.hold_id = hold_id
        self.floor = floor
        super().__init__(
            f"Hold {hold_id} may not be lifted before {floor}. When that day is past it binds all the same, until it is lifted."
        )


class HoldRefused(Refused):
    """The hold cannot be placed: its id is taken, or what it would keep is gone."""

    code = "hold-refused"
    status = 409

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The hold was not placed: {reason}.")


class HoldNotFound(NotFound):
    """No hold of this id binds the subject."""

    code = "hold-not-found"
    status = 404

    def __init__(self, hold_id: str) -> None:
        self.hold_id = hold_id
        super().__init__(
            f"No hold {hold_id} binds this subject: `hold list` says which do."
        )


class RequestNotFound(NotFound):
    """No erasure was ordered under this request."""

    code = "request-not-found"
    status = 404

    def __init__(self, request: str) -> None:
        self.request = request
        super().__init__(
            f"No erasure was ordered under request {request}: look at its id."
        )


class LineageUnreadable(NeedsOperator):
    """The subject's privacy stream has events that this code cannot read; one of them may be a hold, so nothing is destroyed."""

    code = "lineage-unreadable"
    status = 409

    def __init__(self, events: int) -> None:
        self.events = events
        super().__init__(
            f"{events} events of the subject's privacy stream cannot be read, and one may be a hold: nothing was destroyed."
            " `read_stream` shows them; update the code, or register their types."
        )
