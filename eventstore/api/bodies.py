"""The body of a request: one strict JSON object, bounded before it is looked at."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from django.http import UnreadablePostError
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from eventstore.api.problems import BodyTooLarge, InvalidBody, MalformedBody
from eventstore.protocol import strict_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request

MOST_BYTES: Final = 2_000_000
"""Of a body: a commit holds up to 1,000,000 bytes, and blanks are free."""
_LONGEST: Final = 200  # characters of what is said of a field, whose name is anybody's
_REASONS: Final[Mapping[str, str]] = {
    "not_utf8": "it is not UTF-8",
    "byte_order_mark": "it begins with a byte order mark",
    "too_deep": f"it nests deeper than {strict_json.MAX_DEPTH} levels",
    "not_json": "it is not JSON",
    "name_twice": "an object has a name twice",
    "number_out_of_range": "a number is not finite, or an integer lies beyond 2^53",
    "nul_character": "a text has a NUL in it",
    "lone_surrogate": "a text has half of a surrogate pair in it",
}

_NOT_WHOLE: Final = "The body ended before it was whole; nothing was written."

_T = TypeVar("_T")


def decoded(body: object, shape: type[_T]) -> _T:
    """The body as this shape, read as strictly as the log reads records. Raises `MalformedBody`, `InvalidBody`."""
    if not isinstance(body, bytes):  # DRF has a thing of its own for none
        msg = "There is no body, or its length is not said: send one with Content-Length, not in pieces."
        raise MalformedBody(msg, reason="no_body")
    try:
        node = strict_json.parse(body)
    except strict_json.Broken as broken:
        reason = str(broken)
        msg = f"The body cannot be read: {_REASONS[reason]}."
        raise MalformedBody(msg, reason=reason) from None
    try:
        return msgspec.convert(node, shape)
    except msgspec.ValidationError as error:
        said = "".join(c if c.isprintable() else "?" for c in str(error)[:_LONGEST])
        msg = f"The body is not what this call takes: {said}."
        raise InvalidBody(msg) from None


def refuse_any(request: Request) -> None:
    """Raise `MalformedBody` where a body came to a call that takes none: it may ask for something."""
    length = request.headers.get("Content-Length") or "0"
    if length.strip("0") or "Transfer-Encoding" in request.headers:
        msg = "This call takes no body; what it can be asked stands in its address."
        raise MalformedBody(msg, reason="not_wanted")


class StrictJson(BaseParser):
    """Takes bytes as they are; the call itself decodes them by the shape that it wants (`eventstore.protocol.strict_json`)."""

    media_type = "application/json"

    def parse(  # type: ignore[override]
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The bytes. Raises `BodyTooLarge`, `MalformedBody` for a body that is shorter than it says, `UnsupportedMediaType`."""
        charset = parse_header_parameters(media_type or "")[1].get("charset", "utf-8")
        if charset.lower() not in {"utf-8", "utf8"}:
            raise UnsupportedMediaType(str(media_type))
        request = (parser_context or {})["request"]
        length = request.META.get("CONTENT_LENGTH") or 0
        if int(length) > MOST_BYTES:
            msg = f"The body has {int(length)} bytes, the limit is {MOST_BYTES}; nothing was written."
            raise BodyTooLarge(msg, size=int(length), limit=MOST_BYTES)
        try:
            body = stream.read(MOST_BYTES + 1)
        except UnreadablePostError as error:
            raise MalformedBody(_NOT_WHOLE) from error
        if len(body) > MOST_BYTES:
            msg = f"The body has more than {MOST_BYTES} bytes; nothing was written."
            raise BodyTooLarge(msg, limit=MOST_BYTES)
        if int(length) and len(body) != int(length):
            raise MalformedBody(_NOT_WHOLE)
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
