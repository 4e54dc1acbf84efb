"""What templates write with: the console's formats and states, addresses, what the viewer may, the rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.utils.html import format_html

from audit import cases, drawing, formats
from audit.access import Capability
from audit.addresses import event_address
from audit.columns import cells, naming
from audit.purpose import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.template import Context
    from django.utils.safestring import SafeString

    from audit.access import Viewer
    from audit.cases import Stands
    from audit.columns.table import Column, Panel, ShownRow
    from audit.purpose import Words
    from eventstore.lineage.fold import Destroyed

register = template.Library()

register.simple_tag(formats.icon)
register.simple_tag(cells.chip)
register.simple_tag(cells.unavailable)
register.simple_tag(drawing.bar)
register.simple_tag(drawing.runs, name="runs_drawn")
register.simple_tag(drawing.columns, name="columns_drawn")
register.filter(formats.utc)
register.filter(formats.utc_cell)
register.filter(formats.utc_second)
register.filter(formats.thousands)
register.filter(formats.duration)
register.filter(formats.age)
register.filter(formats.short)
register.filter("address", event_address)


@register.simple_tag(takes_context=True)
def moment(context: Context, at: datetime | None) -> SafeString:
    """UTC first, then the viewer's zone, both labelled. A time that is not known says so."""
    return cells.moment_or_unknown(at, context["viewer"])


@register.simple_tag(takes_context=True)
def clock(context: Context, at: datetime) -> SafeString:
    """When the page was made: to the second, in both zones."""
    return formats.clock(at, context["viewer"].zone)


@register.simple_tag
def erased(erased: Destroyed) -> SafeString:
    """In the place of what was sensitive: since when nobody can read it, and why."""
    return format_html(
        '<span class="masked">{} <span>{}, key destroyed {}; the event still verifies</span></span>',
        cells.chip("calm", "box", "Erased"),
        formats.why_erased(erased.why, erased.request),
        formats.utc(erased.at),
    )


@register.simple_tag
def masked(words: int) -> SafeString:
    """In the place of a text that is not shown: of the text, the number of its words alone decides what is drawn."""
    return format_html(
        '<span class="masked">{}<span>Hidden, {}</span></span>',
        drawing.hidden_words(words),
        cells.counted(words, "word"),
    )


@register.simple_tag(name="age")
def age_of(seconds: float | None) -> SafeString | str:
    """So many seconds in words: 3 min 5 s. None is not zero."""
    return cells.unavailable() if seconds is None else formats.duration(seconds)


@register.inclusion_tag("audit/frame/unavailable.html")
def unavailable_here(
    what: str, reason: str, since: datetime | None = None
) -> dict[str, Any]:
    """In the place of a part of a page that could not be made, beside others that could."""
    return {"what": what, "reason": reason, "since": since}


@register.inclusion_tag("audit/frame/empty.html")
def empty(title: str, sentence: str) -> dict[str, str]:
    """In the place of a list without a row: what was looked for, and what would be here."""
    return {"title": title, "sentence": sentence}


@register.inclusion_tag("audit/frame/trouble.html")
def trouble(
    sentence: str, instead: str = "", symbol: str = "unknown"
) -> dict[str, str]:
    """No page, or none of what was asked: why, and what to do instead."""
    return {"sentence": sentence, "instead": instead, "symbol": symbol}


@register.inclusion_tag("audit/frame/erased.html")
def erased_here(erased: Destroyed) -> dict[str, Any]:
    """Above what is left of something whose key is destroyed."""
    return {"ended": erased, "why": formats.why_erased(erased.why, erased.request)}


@register.filter
def of(named: Mapping[str, Any], name: str) -> Any:
    """The one of this name, where the name is no word of a template."""
    return named[name]


@register.filter
def stands(case: Stands, viewer: Viewer) -> str:
    """Where a safety violation stands, in words."""
    return cases.told(case, lambda actor: naming.person(actor, viewer))


@register.simple_tag(takes_context=True)
def person(context: Context, actor: str | None) -> str:
    """Who did something, with a link for whoever may see what others did."""
    return naming.named(actor, context["viewer"])


@register.filter
def may(viewer: Viewer, capability: str) -> bool:
    """Whether the viewer may; raises ValueError for what is no capability."""
    return viewer.may(Capability(capability))


@register.simple_tag
def purposes() -> Sequence[tuple[str, Words]]:
    """What persons' data may be looked at for, each with its words."""
    return list(WORDS.items())


@register.simple_tag(takes_context=True)
def columns_of(context: Context, panel: Panel[Any]) -> Sequence[Column[Any]]:
    """Those of its table that the viewer gets."""
    return panel.columns(context["viewer"])


@register.simple_tag(takes_context=True)
def rows_of(context: Context, panel: Panel[Any]) -> Sequence[ShownRow]:
    """Its rows, written for the viewer."""
    return panel.written(context["viewer"])
