"""What gunicorn serves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application

from teddy_es.limits import of_pages
from teddy_es.startup import refuse_unsafe_start

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teddy_es.settings")  # noqa: TID251

_django = get_wsgi_application()
of_pages()
refuse_unsafe_start()


def application(
    environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Django, but for `/healthz`: before and after a request Django looks after this thread's connection, and so would wait for a
    database that hangs."""
    if environ.get("PATH_INFO") == "/healthz":
        return _alive(environ, start_response)
    return _django(environ, start_response)


def _alive(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        start_response("405 Method Not Allowed", [("Allow", "GET, HEAD")])
        return []
    headers = [("Content-Type", "text/plain"), ("Cache-Control", "no-store")]
    start_response("200 OK", headers)
    return [b"ok\n"] if environ["REQUEST_METHOD"] == "GET" else []
