"""Charts as SVG, made by the server: widths are attributes, colours are the sheet's classes and tones, so that the strict policy holds.

Each is hidden from those who hear a page: a sentence or a table beside it says the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.html import format_html, format_html_join

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.utils.safestring import SafeString

_WORDS: Final = (22, 12, 34, 28, 16, 40, 20)
"""Widths of the bars of hidden words, one after the other, the same for every text."""
MOST_BARS: Final = 8
_GAP: Final = 6


def hidden_words(words: int, *, most: int = MOST_BARS) -> SafeString:
    """Bars for a text that is not shown. They come from the number of words alone: no shape tells what was said."""
    widths = [_WORDS[n % len(_WORDS)] for n in range(min(max(words, 0), most))]
    starts = [sum(widths[:n]) + n * _GAP for n in range(len(widths))]
    whole = sum(widths) + _GAP * len(widths)
    bars = format_html_join(
        "",
        '<rect x="{}" width="{}" height="12" rx="2"/>',
        zip(starts, widths, strict=True),
    )
    return format_html(
        '<svg viewBox="0 0 {0} 12" width="{0}" height="12" aria-hidden="true">{1}</svg>',
        whole,
        bars,
    )


def bar(share: float, tone: str, marks: Iterable[float] = ()) -> SafeString:
    """How much of something is over, 0 to 1. marks: lines across it, as of an escalation."""
    lines = format_html_join(
        "",
        '<rect class="mark" x="{}" y="0" width="1" height="6"/>',
        ((_percent(mark),) for mark in marks),
    )
    return format_html(
        '<svg class="bar" data-tone="{}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="{}" height="6"/>{}</svg>',
        tone,
        _percent(share),
        lines,
    )


def runs(outcomes: Sequence[str], *, most: int = 24) -> SafeString:
    """The last runs of something, the newest at the right: full is right, half is late, a dashed outline did not happen, a cross failed.

    outcomes: of `ok`, `late`, `missed`, `bad`, the oldest first.
    """
    shown = outcomes[-most:]
    first = most - len(shown)
    drawn = format_html_join(
        "", "{}", ((_run(n, one),) for n, one in enumerate(shown, first))
    )
    return format_html(
        '<svg class="runs" viewBox="0 0 {} 20" aria-hidden="true">{}</svg>',
        round(most * _STEP, 1),
        drawn,
    )


def columns(counts: Sequence[int], *, width: int = 720, height: int = 48) -> SafeString:
    """How many of something each of equal spans has, the first at the left; the highest reaches the top."""
    highest, step = max(counts, default=0), width / max(len(counts), 1)
    drawn = format_html_join(
        "",
        '<rect class="density" x="{}" y="{}" width="{}" height="{}"/>',
        (
            (round(n * step, 1), height - tall, round(step * 0.8, 1), tall)
            for n, count in enumerate(counts)
            if (tall := _height(count, highest, height))
        ),
    )
    return format_html(
        '<svg class="brush" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>',
        width,
        height,
        drawn,
    )


_STEP: Final = 6.2
_RUNS: Final = {
    "ok": '<rect class="ok" x="{x}" y="4" width="4" height="14"/>',
    "late": '<rect class="late" x="{x}" y="9" width="4" height="9"/>',
    "missed": '<rect class="missed" x="{x}" y="4.6" width="3.2" height="12.8"/>',
    "bad": '<path class="bad" d="M{x} 7l4 8m0-8l-4 8"/>',
}


def _run(number: int, outcome: str) -> SafeString:
    return format_html(_RUNS[outcome], x=round(number * _STEP, 1))


def _height(count: int, highest: int, height: int) -> int:
    """What is there is seen, however small it is beside the highest."""
    return max(1, round(count / highest * height)) if count > 0 else 0


def _percent(share: float) -> float:
    return round(min(max(share, 0.0), 1.0) * 100, 1)
