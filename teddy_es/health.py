"""For whoever runs the installation: is it alive, can it work, what does it count. No secrets, no personal data."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from audit.sealing import SEALING
from eventstore.errors import EventStoreError
from eventstore.queries.overview import cursors
from eventstore.store import get_event_store
from teddy_es.conf import conf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eventstore.events import Place
    from eventstore.ports import Log

PATIENCE: Final = 3.0  # seconds for database and log together

_log = structlog.get_logger(__name__)
T = TypeVar("T")


@require_safe
@never_cache
def alive(_request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nobody else: a broken database must not get the web restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def ready(_request: HttpRequest) -> HttpResponse:
    """200 if database and log answer, else 503; and how far the mirror is behind the log."""
    folded = _ask("database", _cursors)
    ends = _ask("log", _ends) if folded is not None else None
    answer: dict[str, Any] = {
        "database": _state(folded),
        "log": _state(ends),
        "lag": None if folded is None or ends is None else _lag(folded, ends),
        "sealing": SEALING,
    }
    is_ready = folded is not None and ends is not None
    return JsonResponse({"ready": is_ready} | answer, status=200 if is_ready else 503)


@require_safe
@never_cache
def metrics(_request: HttpRequest) -> HttpResponse:
    """Prometheus' text: of all processes if they share a directory, else of this one."""
    registry = REGISTRY
    if conf.PROMETHEUS_MULTIPROC_DIR:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=conf.PROMETHEUS_MULTIPROC_DIR)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


# ---- below: how ------------------------------------------------------------------------------------------------------


def _ask(what: str, question: Callable[[], T]) -> T | None:
    """The answer within half the patience, None if there is none; why stands in the log only, for it may name hosts."""
    try:
        return _askers(what).submit(question).result(PATIENCE / 2)
    except FutureTimeout:
        _log.warning("not ready: no answer in time", asked=what)
    except (DatabaseError, EventStoreError) as error:
        _log.warning("not ready", asked=what, error=str(error))
    return None


@cache
def _askers(what: str) -> ThreadPoolExecutor:
    """One thread for each question: a second one would only wait for the same thing."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"ready-{what}")


def _cursors() -> Mapping[Place, int]:
    try:
        return cursors()
    finally:
        connection.close()  # this thread's own; kept, it would be found dead after the database's next restart


def _ends() -> Mapping[Place, int]:
    extents = _own_log().extents(get_event_store().topics.places)
    return {place: extent.end for place, extent in extents.items()}


@cache
def _own_log() -> Log:
    """The asker's: an adapter serves one thread."""
    return get_event_store().make_log()


def _state(found: object) -> str:
    return "no answer" if found is None else "ok"


def _lag(folded: Mapping[Place, int], ends: Mapping[Place, int]) -> dict[str, Any]:
    """Records that the log holds and the mirror does not."""
    behind = {place: max(0, end - folded.get(place, 0)) for place, end in ends.items()}
    worst = max(behind, key=lambda place: behind[place], default=None)
    return {
        "records": sum(behind.values()),
        "worst": str(worst) if worst and behind[worst] else None,
        "worst_records": behind[worst] if worst else 0,
    }
