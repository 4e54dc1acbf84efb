"""An officer's words for what codes say, and the symbol and tone that go with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audit import cases
from audit.access import actor_of
from audit.columns import cells
from audit.columns.naming import person
from audit.columns.urgency import Left, left_of
from audit.formats import duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.utils.safestring import SafeString

    from audit.access import Viewer
    from audit.cases import Step
    from audit.violations.queries import QueueRow

OUTCOMES: Final[Mapping[str, str]] = {
    "confirmed": "Confirmed: it endangered the child",
    "false_positive": "False positive: nothing endangered the child",
    "cannot_decide": "Cannot be decided",
}


def said(code: str) -> str:
    """`stranger_contact` → Stranger contact."""
    return code.replace("_", " ").capitalize()


def left(row: QueueRow, now: datetime) -> Left:
    """By the server's clock."""
    if row.decided_at is not None:
        return _late_before(_decided(row)) if row.was_late else _decided(row)
    return left_of(_seconds(row, now), row.period_s)


def _seconds(row: QueueRow, now: datetime) -> float | None:
    time_left = row.clock.left(now)
    return None if time_left is None else time_left.total_seconds()


def _decided(row: QueueRow) -> Left:
    if row.decided_at is None or row.due_at is None:
        return Left("Decided; in time: unknown", "warn", "unknown", None)
    spare = (row.due_at - row.decided_at).total_seconds()
    if spare < 0:
        return Left(f"Decided {duration(-spare)} late", "bad", "no", None)
    return Left(f"Decided with {duration(spare)} to spare", "good", "ok", None)


def _late_before(then: Left) -> Left:
    """What was late once stays late, as in the month's record."""
    text = f"Late before it was reopened; then {then.text[:1].lower()}{then.text[1:]}"
    return Left(text, "bad", "no", None)


_STEPS: Final[Mapping[Step, tuple[str, str]]] = {
    "closed": ("good", "ok"),
    "proposed": ("warn", "two"),
    "claimed": ("calm", "person"),
    "seen": ("calm", "eye"),
    "new": ("warn", "no"),
}


def state_chip(row: QueueRow, viewer: Viewer) -> SafeString:
    """Where it stands."""
    tone, symbol = _STEPS[row.stands.step]
    if row.stands.step == "claimed" and row.claimed_by == actor_of(viewer.user):
        tone = "info"
    return cells.chip(
        tone, symbol, cases.word(row.stands, lambda one: person(one, viewer))
    )


def beside_state(row: QueueRow, viewer: Viewer) -> str:
    """What is to be said of it besides, small."""
    besides = cases.besides(row.stands, lambda one: person(one, viewer))
    is_unasked = row.stands.step == "proposed" and not row.waits_for_second
    unasked = ["no second person is asked"] if is_unasked else []
    text = ", ".join([*unasked, *besides])
    return text[:1].upper() + text[1:]
