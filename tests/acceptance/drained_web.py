"""A web application that leaves commits in the queue: what gunicorn serves in `test_web_drains.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django

django.setup()

from eventstore.events import NewEvent  # noqa: E402
from eventstore.store import get_event_store  # noqa: E402
from teddy_es.domain.conversation import ChildSpoke  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

STREAM = "conversation.conv-web"
COUNT = 2_000


def application(
    _environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Submit, and do not wait for what becomes of it."""
    for n in range(COUNT):
        spoke = ChildSpoke(child_id="child-1", text=str(n))
        get_event_store().submit(STREAM, [NewEvent(spoke)], "any", timeout_s=60)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"submitted"]
