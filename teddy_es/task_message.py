"""What a file must hold to be handed to Celery, which dies of some of what is not. Pure."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

MOST_BYTES: Final = 4 * 1024 * 1024
# A worker that ends gives back what it has not done. Whatever came back so often may be what ends it.
MOST_RETURNS: Final = 3


class Reason(StrEnum):
    """Why a file is no task. A closed list: it becomes a label."""

    EMPTY = "empty"
    NOT_JSON = "not_json"
    NOT_A_MESSAGE = "not_a_message"
    BODY_ENCODING = "body_encoding"
    NOT_A_FILE = "not_a_file"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    RETURNED = "returned"


class NotATask(Exception):  # noqa: N818  (named by what is so)
    """Carries its reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class _Delivery(msgspec.Struct):
    exchange: str
    routing_key: str


class _Properties(msgspec.Struct):
    delivery_tag: str
    delivery_info: _Delivery
    body_encoding: str | None = None
    returned: int = 0


class _Headers(msgspec.Struct):
    task: str
    id: str
    timelimit: tuple[float | None, float | None] | None = None
    eta: datetime | None = None
    expires: datetime | float | None = None
    compression: str | None = None


class _Message(msgspec.Struct):
    body: str
    headers: _Headers
    properties: _Properties
    content_type: str = msgspec.field(name="content-type")
    content_encoding: str = msgspec.field(name="content-encoding")


def task_message(content: bytes) -> dict[str, Any]:
    """The message. Raises `NotATask`: empty, not JSON, not of a message's form, a body that cannot be decoded, given back too often."""
    if not content.strip():
        raise NotATask(Reason.EMPTY)
    try:
        message: dict[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
        form = msgspec.convert(message, _Message)
    except msgspec.ValidationError:
        raise NotATask(Reason.NOT_A_MESSAGE) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotATask(Reason.NOT_JSON) from None
    if form.properties.returned > MOST_RETURNS:
        raise NotATask(Reason.RETURNED)
    _require_body(form)
    return message


def given_back(message: dict[str, Any]) -> dict[str, Any]:
    """As it is written where a worker gives it back: it counts how often."""
    properties = message["properties"]
    return {
        **message,
        "properties": {**properties, "returned": properties.get("returned", 0) + 1},
    }


def _require_body(form: _Message) -> None:
    if form.properties.body_encoding not in (None, "base64"):
        raise NotATask(Reason.BODY_ENCODING)
    if form.properties.body_encoding:
        try:
            base64.b64decode(form.body, validate=True)
        except (binascii.Error, ValueError):
            raise NotATask(Reason.BODY_ENCODING) from None
