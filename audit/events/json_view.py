"""JSON for a page: indented, coloured by class names, escaped, and bounded however large the payload is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from django.utils.html import format_html_join

from eventstore.queries.unseen import visible_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.utils.safestring import SafeString

MAX_CHARACTERS: Final = 65_536

_TOKEN = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<word>true|false|null)|(?P<number>-?[0-9][0-9.eE+-]*)|(?P<other>[^\"a-z0-9-]+|.)",
    re.DOTALL,
)
_CLASSES: Final = {
    "name": "nt",
    "text": "s2",
    "word": "kc",
    "number": "mi",
    "other": "p",
}


class JsonView:
    """An event's data, ready to be shown.

    text: indented, at most `MAX_CHARACTERS` of it; cut: how many characters are not shown.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        whole = visible_json(json.dumps(data, indent=2, ensure_ascii=False))
        self.text = whole[:MAX_CHARACTERS]
        self.cut = max(0, len(whole) - MAX_CHARACTERS)

    @property
    def html(self) -> SafeString:
        """The text in spans of Pygments' class names; every character of it is escaped."""
        return format_html_join("", '<span class="{}">{}</span>', self._tokens())

    def _tokens(self) -> Iterator[tuple[str, str]]:
        for token in _TOKEN.finditer(self.text):
            yield _CLASSES[token.lastgroup or "other"], token.group()
