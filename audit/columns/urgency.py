"""How grave a safety violation is and what is left of its time, in words and as cells: the same in every list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.html import format_html

from audit.columns import cells
from audit.drawing import bar
from audit.formats import duration, icon

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.safestring import SafeString

SEVERITIES: Final[Mapping[str, tuple[str, str]]] = {
    "critical": ("bad", "critical"),
    "high": ("bad", "high"),
    "medium": ("warn", "medium"),
    "low": ("calm", "low"),
}
"""Tone and symbol."""
_HALF: Final = 0.5


def severity_chip(severity: str) -> SafeString:
    """With its own shape."""
    tone, symbol = SEVERITIES.get(severity, ("warn", "unknown"))
    return cells.chip(tone, symbol, severity.capitalize())


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a violation's time. share: of it that is over, 0 to 1 and more; None where nobody knows it."""

    text: str
    tone: str
    symbol: str
    share: float | None


def left_of(seconds: float | None, period_s: int | None) -> Left:
    """seconds: until its time is over, below zero behind that; None where nobody knows. period_s: all of its time."""
    if seconds is None:
        return Left("Unknown", "bad", "unknown", None)
    over = 1 - seconds / max(period_s or 1, 1)
    if seconds < 0:
        return Left(f"Overdue {duration(-seconds)}", "bad", "no", over)
    tone = "bad" if over >= 1 else "warn" if over >= _HALF else "calm"
    return Left(f"{duration(seconds)} left", tone, "clock", over)


def left_cell(left: Left) -> SafeString:
    """With a bar of what is over."""
    return format_html(
        '<div class="clock" data-tone="{}"><strong>{}{}</strong>{}</div>',
        left.tone,
        icon(left.symbol),
        left.text,
        "" if left.share is None else bar(left.share, left.tone),
    )
