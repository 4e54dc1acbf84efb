"""JSON for a page: indented, coloured by Pygments' class names, escaped, and bounded however large the payload is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from pygments.lexers.data import JsonLexer  # type: ignore[import-untyped]
from pygments.token import (  # type: ignore[import-untyped]
    STANDARD_TYPES,
    Punctuation,
    Text,
    Whitespace,
)

from eventstore.queries.unseen import visible_json

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CHARACTERS: Final = 16_384
"""Escaped and in its spans that is some 100 kB at the worst: a page weighs no more than 200."""

_LEXER: Final = JsonLexer(ensurenl=False, stripnl=False)
_PLAIN: Final = {Punctuation, Whitespace, Text}
"""Most of all tokens, in the colour that stands round them anyway."""


class JsonView:
    """An event's data, ready to be shown.

    text: indented, at most `most` characters of it; cut: how many are not shown.
    """

    def __init__(self, data: Mapping[str, Any], *, most: int = MAX_CHARACTERS) -> None:
        whole = visible_json(json.dumps(data, indent=2, ensure_ascii=False))
        self.text = whole[:most]
        self.cut = max(0, len(whole) - most)

    @property
    def html(self) -> SafeString:
        """The text in spans of Pygments' class names; every character of it is escaped."""
        return SafeString("".join(_written(*one) for one in _LEXER.get_tokens(self.text)))  # fmt: skip


def _written(kind: Any, text: str) -> str:
    if kind in _PLAIN:
        return conditional_escape(text)
    return format_html('<span class="{}">{}</span>', STANDARD_TYPES[kind], text)
