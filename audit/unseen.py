"""No page shows a text from outside in which something is not seen, whichever template wrote it, Django's own too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from eventstore.queries.unseen import code_point, replace_unseen

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

# Between tags stands text, and autoescaping leaves no other "<" or ">". In these it is text alone, without tags.
_TAG: Final = re.compile(r"(<[^>]*>)")
_TEXT_ALONE: Final = re.compile(r"<(/?)(title|textarea|option|script)\b", re.IGNORECASE)
_LAYOUT: Final = "\n\r\t"


class ShowUnseen:
    """Middleware: one place for all pages, for what each had to remember one would forget."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, with every such character of an HTML page spelled out."""
        answer = self._get_response(request)
        kind = answer.headers.get("Content-Type", "")
        if kind.startswith("text/html") and not answer.streaming:
            shown = seen_html(answer.text)
            if shown != answer.text:
                answer.content = shown.encode()
                if "Content-Length" in answer.headers:
                    answer.headers["Content-Length"] = str(len(answer.content))
        return answer


def seen_html(page: str) -> str:
    """A page in which everything is seen: a span in its text, the code point alone within tags and where no tag can stand."""
    if replace_unseen(page, lambda _: "", but=_LAYOUT) == page:
        return page
    parts, is_text_alone = [], False
    for part in _TAG.split(page):
        if part.startswith("<"):
            if tag := _TEXT_ALONE.match(part):
                is_text_alone = not tag[1]
            write = code_point
        else:
            write = code_point if is_text_alone else _span
        parts.append(replace_unseen(part, write, but=_LAYOUT))
    return "".join(parts)


def _span(character: str) -> str:
    return f'<span class="unseen" title="A character that is not seen">{code_point(character)}</span>'
