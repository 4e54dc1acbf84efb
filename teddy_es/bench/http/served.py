"""What gunicorn serves in a measurement: the project as it is, on the measurement's world, and two calls to compare with."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import django
from django.test.utils import override_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from gunicorn.workers.base import Worker

# gunicorn's settings, by `python:teddy_es.bench.http.served`: as deploy/gunicorn.conf.py has them, without its probes
worker_class = "teddy_es.web_worker.GatheringWorker"
threads = 8
graceful_timeout = 30
timeout = 60
control_socket_disable = True
_ENOUGH: Final = "100000000/min"
_for_ever: Final = ExitStack()


def post_worker_init(worker: Worker) -> None:
    """As deploy/gunicorn.conf.py, but for the probes."""
    from eventstore.api import outside
    from eventstore.api.feed import process
    from eventstore.api.feed.hangups import hangups
    from eventstore.conf import conf

    worker.serve_followers(conf.FOLLOWERS, process.end, hangups.tell)
    worker.answer_no_request_by(outside.no_request)


def application(given: str) -> Callable[..., Any]:
    """The WSGI application. given: the world, as JSON."""
    django.setup()
    from django.core.wsgi import get_wsgi_application

    from teddy_es.bench.conf import elsewhere, rates_of

    world = json.loads(given)
    _for_ever.enter_context(elsewhere(world["database"], world["eventstore"]))
    _for_ever.enter_context(
        override_settings(
            ROOT_URLCONF="teddy_es.bench.http.addresses",
            REST_FRAMEWORK=rates_of(_ENOUGH),
        )
    )
    return get_wsgi_application()
