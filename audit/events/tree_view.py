"""The tree of causes as nested lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.addresses import event_address
from audit.events.causation import DEEPEST, Node, in_order, levels
from audit.formats import utc_second

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.events import Position
    from eventstore.queries.browse import EventRow

_BEGIN, _END = SafeString("<ul>"), SafeString("</ul>")
_OPEN, _CLOSE = SafeString("<li>"), SafeString("</li>")


def tree(
    rows: Sequence[EventRow], current: Position, *, deepest: int = DEEPEST
) -> SafeString:
    """Every event a link, but for the one whose page it is."""
    html, depth = SafeString(), 0
    written = list(levels(in_order(rows), deepest=deepest))
    for n, (begins, node, ends) in enumerate(written):
        depth += begins
        html += _BEGIN if begins else SafeString()
        html += _OPEN + _node(node, current, deepest)
        if n + 1 < len(written) and written[n + 1][0]:
            continue  # what it caused stands within it
        html += _CLOSE
        for _ in range(ends):
            depth -= 1
            html += _END + (_CLOSE if depth else SafeString())
    return html


def _node(node: Node, current: Position, deepest: int) -> SafeString:
    row = node.row
    where = format_html(
        ' <span class="mono small">{} v{}</span> <span class="quiet small">{}{}{}</span>',
        row.stream_id,
        row.version,
        utc_second(row.recorded_at),
        " · its cause is not among these" if node.comes_from_elsewhere else "",
        f" · level {node.depth + 1}" if node.depth >= deepest else "",
    )
    if row.position == current:
        return format_html(
            '<span aria-current="true"><strong>{}</strong>{} <span class="small">this event</span></span>',
            row.event_type,
            where,
        )
    return format_html(
        '<a href="{}">{}</a>{}', event_address(row.position), row.event_type, where
    )
