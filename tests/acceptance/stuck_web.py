"""A web application whose pages come back never, or at once: what gunicorn serves in `test_web_half_open.py`."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import django

django.setup()

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

_NEVER = Event()


def application(
    environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """`/stuck` holds its thread; a body is handed back."""
    if environ["PATH_INFO"] == "/stuck":
        _NEVER.wait()
    start_response("200 OK", [("Content-Type", "text/plain")])
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return [b"page " + environ["wsgi.input"].read(length)]
