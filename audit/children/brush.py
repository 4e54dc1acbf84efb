"""The strip above the axis, as SVG: how much of each line stands in each step, every step a link; the same numbers follow as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.html import format_html, format_html_join

from audit.children.axis import LANES
from audit.children.spans import Unit
from audit.children.wording import LANE_WORDS
from audit.columns.cells import counted
from audit.people.models import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime, tzinfo

    from django.utils.safestring import SafeString

    from audit.children.spans import Span, Strip

_LEFT: Final = 132
_RIGHT: Final = 990
_WIDE: Final = 1000
_TOP: Final = 28
_LANE: Final = 22
_TALL: Final = 16
_TONES: Final[Mapping[str, str]] = {
    Lane.CONSENT.value: "good",
    Lane.VIOLATION.value: "bad",
    Lane.VIEW.value: "view",
    Lane.EXPORT.value: "view",
}
_CLOSE: Final = 26  # steps, beyond which only some have room for their label
_LABELS: Final = {
    Unit.HOUR: "%H",
    Unit.DAY: "%-d",
    Unit.MONTH: "%b",
    Unit.YEAR: "%Y",
}
_WHOLE: Final = {
    Unit.HOUR: "%-d %B %Y, %H:00",
    Unit.DAY: "%-d %B %Y",
    Unit.MONTH: "%B %Y",
    Unit.YEAR: "%Y",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the strip. label: in few letters; name: in full, with the zone's offset where an hour comes twice."""

    span: Span
    label: str
    name: str
    address: str
    numbers: Sequence[int]

    @property
    def total(self) -> int:
        """Of all lines."""
        return sum(self.numbers)


@dataclass(frozen=True, slots=True)
class Brush:
    """The strip with what stands in it. lanes: in words, in the order of each step's numbers."""

    unit: str
    lanes: Sequence[str]
    steps: Sequence[Step]

    @property
    def total(self) -> int:
        """Everything that it shows."""
        return sum(step.total for step in self.steps)

    @property
    def rows(self) -> Sequence[Step]:
        """For the table: those in which something stands."""
        return [step for step in self.steps if step.total]

    def drawn(self) -> SafeString:
        """As SVG: what the lanes are called, which stays where it is while the rest is scrolled, and the rest."""
        height = _TOP + _LANE * len(self.lanes) + 6
        return format_html(
            '<div class="strip"><svg class="brush lanes" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>'
            '<svg class="brush" viewBox="{} 0 {} {}" role="group" aria-labelledby="brush-t">'
            '<title id="brush-t">What stands on the axis by {}; each is a link, and the table below has the same numbers</title>'
            "{}{}{}</svg></div>",
            *(_LEFT, height),
            format_html_join("", "{}", ((one,) for one in self._names())),
            *(_LEFT, _WIDE - _LEFT, height),
            self.unit,
            format_html_join("", "{}", ((one,) for one in self._lines())),
            format_html_join("", "{}", ((one,) for one in self._links())),
            format_html_join("", "{}", ((one,) for one in self._bars())),
        )

    def _names(self) -> Iterator[SafeString]:
        for n, lane in enumerate(self.lanes):
            yield format_html(
                '<text x="{}" y="{}" text-anchor="end">{}</text>',
                *(_LEFT - 8, _foot(n) - 3, lane),
            )

    def _lines(self) -> Iterator[SafeString]:
        for n in range(len(self.lanes)):
            yield format_html(
                '<line class="lane" x1="{}" x2="{}" y1="{}" y2="{}"/>',
                *(_LEFT, _RIGHT, _foot(n), _foot(n)),
            )

    def _links(self) -> Iterator[SafeString]:
        every = 1 + (len(self.steps) - 1) // _CLOSE
        for n, step in enumerate(self.steps):
            x, width = self._place(n)
            label = step.label if n % every == 0 else ""
            yield format_html(
                '<a href="{}" aria-label="{}, {}"><rect class="month" x="{}" y="2" width="{}" height="24" rx="3"/>'
                '<text x="{}" y="18" text-anchor="middle">{}</text></a>',
                step.address,
                step.name,
                counted(step.total, "entry").replace("entrys", "entries"),
                *(x, width, round(x + width / 2, 1), label),
            )

    def _bars(self) -> Iterator[SafeString]:
        for row, name in enumerate(LANES):
            highest = max((step.numbers[row] for step in self.steps), default=0)
            foot = _foot(row)
            for n, step in enumerate(self.steps):
                if number := step.numbers[row]:
                    x, width = self._place(n)
                    tall = max(2, round(number / highest * _TALL))
                    yield format_html(
                        '<rect data-tone="{}" x="{}" y="{}" width="{}" height="{}"/>',
                        _TONES.get(name, "calm"),
                        *(x, foot - tall, max(2, round(width * 0.7, 1)), tall),
                    )

    def _place(self, n: int) -> tuple[float, float]:
        width = (_RIGHT - _LEFT) / len(self.steps)
        return round(_LEFT + n * width, 1), round(width, 1)


def _foot(lane: int) -> int:
    return _TOP + _LANE * (lane + 1) - 3


def brush_of(
    strip: Strip,
    counts: Mapping[tuple[str, int], int],
    zone: tzinfo,
    address: Callable[[datetime, datetime], str],
) -> Brush:
    """address: of the axis from one instant to another."""
    return Brush(
        strip.unit.value,
        [LANE_WORDS[lane] for lane in LANES],
        [
            Step(
                span,
                _label(span.start, strip.unit, zone),
                _name(span.start, strip.unit, zone),
                address(span.start, span.end),
                [counts.get((lane, n), 0) for lane in LANES],
            )
            for n, span in enumerate(strip.steps)
        ],
    )


def _label(at: datetime, unit: Unit, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime(_LABELS[unit])


def _name(at: datetime, unit: Unit, zone: tzinfo) -> str:
    there = at.astimezone(zone)
    named = there.strftime(_WHOLE[unit])
    return f"{named} {there.strftime('%z')}" if unit is Unit.HOUR else named
