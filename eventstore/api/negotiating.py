"""In which form a call answers: what the header `Accept` wants most, by its q-values (RFC 9110, 12.5.1), which DRF's own passes over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http.request import MediaType
from rest_framework.negotiation import DefaultContentNegotiation

from eventstore.api.problems import NotAcceptable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request


class ByQuality(DefaultContentNegotiation):
    """Parameters beside q are not looked at: no form has any."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Of those that are wanted most the first. Raises `NotAcceptable`."""
        said = request.headers.get("Accept", "*/*")
        ranges = [MediaType(one) for one in said.split(",") if one.strip()]
        renderers = list(renderers)
        chosen = max(renderers, key=lambda one: _wanted(one, ranges))
        if _wanted(chosen, ranges) <= 0:
            forms = ", ".join(dict.fromkeys(str(one.media_type) for one in renderers))
            msg = f"The header Accept takes none of: {forms}."
            raise NotAcceptable(msg)
        return chosen, str(chosen.media_type)


def _wanted(renderer: BaseRenderer, ranges: Sequence[MediaType]) -> float:
    """The q-value of the range that says most exactly what this is; 0: not at all."""
    main, _, sub = str(renderer.media_type).partition("/")
    fitting = [
        (one.sub_type != "*", one.main_type != "*", one.quality)
        for one in ranges
        if (one.main_type, one.sub_type) in ((main, sub), (main, "*"), ("*", "*"))
    ]
    return max(fitting)[2] if fitting else 0
