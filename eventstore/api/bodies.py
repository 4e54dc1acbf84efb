"""The body of a request: one strict JSON object, bounded before it is looked at."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final

import msgspec
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from eventstore.api.problems import BodyTooLarge, MalformedBody

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES: Final = 2_000_000
"""Of a body: a commit holds up to 1,000,000 bytes, and blanks are free."""


class StrictJson(BaseParser):
    """Takes bytes as they are; the call itself decodes them by the shape that it wants (`eventstore.protocol.strict_json`)."""

    media_type = "application/json"

    def parse(  # type: ignore[override]
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The bytes. Raises `BodyTooLarge`, `MalformedBody` for a body that is shorter than it says."""
        request = (parser_context or {})["request"]
        length = request.META.get("CONTENT_LENGTH") or 0
        if int(length) > MOST_BYTES:
            msg = f"The body has {int(length)} bytes, the limit is {MOST_BYTES}; nothing was written."
            raise BodyTooLarge(msg, size=int(length), limit=MOST_BYTES)
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            msg = f"The body has more than {MOST_BYTES} bytes; nothing was written."
            raise BodyTooLarge(msg, limit=MOST_BYTES)
        if int(length) and len(body) != int(length):
            msg = "The body ended before it was whole."
            raise MalformedBody(msg)
        return body


class Json(BaseRenderer):
    """Whatever msgspec can write; bytes are passed on as they are."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """UTF-8."""
        if data is None:
            return b""
        return data if isinstance(data, bytes) else msgspec.json.encode(data)
