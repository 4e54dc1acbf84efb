"""What templates write with: the console's formats, addresses, what the viewer may, the rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template

from audit import formats
from audit.access import Capability
from audit.addresses import event_address
from audit.purpose import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.template import Context

    from audit.access import Viewer
    from audit.columns.table import Column, Panel, ShownRow
    from audit.purpose import Words

register = template.Library()

register.simple_tag(formats.icon)
register.filter(formats.utc)
register.filter(formats.utc_cell)
register.filter(formats.utc_second)
register.filter(formats.thousands)
register.filter(formats.duration)
register.filter(formats.age)
register.filter(formats.short)
register.filter("address", event_address)


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
