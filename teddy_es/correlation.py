"""Correlation ids across processes: from a web request, through the tasks that it starts, to the events that they append."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from celery.signals import before_task_publish, task_postrun, task_prerun

from eventstore.context import correlated, current

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

HEADER: Final = "X-Correlation-ID"
_CORRELATION: Final = "teddy_correlation_id"
_CAUSATION: Final = "teddy_causation_id"


class CorrelationMiddleware:
    """Whatever a request appends bears its `X-Correlation-ID`, a UUID, or one that is made here; the answer tells it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request in its context."""
        correlation_id = _uuid(request.headers.get(HEADER)) or uuid4()
        with correlated(correlation_id):
            response = self._get_response(request)
        response.headers[HEADER] = str(correlation_id)
        return response


def follow_tasks() -> None:
    """Have tasks take the ids of whoever sent them along. Once a process."""
    before_task_publish.connect(_send, weak=False, dispatch_uid="teddy_es.correlation")
    task_prerun.connect(_begin, weak=False, dispatch_uid="teddy_es.correlation")
    task_postrun.connect(_end, weak=False, dispatch_uid="teddy_es.correlation")


# By the task's id, while it runs; one that is applied here and tried again runs within itself, under the same id.
_open: Final[dict[str, list[ExitStack]]] = {}


def _send(headers: dict[str, Any], **_: Any) -> None:
    now = current()
    if now.correlation_id:
        headers[_CORRELATION] = str(now.correlation_id)
    if now.causation_id:
        headers[_CAUSATION] = str(now.causation_id)


def _begin(task_id: str, task: Any, **_: Any) -> None:
    """What was sent along; of a task that is applied here, by no worker, what holds here."""
    sent = task.request.get("headers") or {}
    story, cause = (
        _uuid(task.request.get(name) or sent.get(name))
        for name in (_CORRELATION, _CAUSATION)
    )
    stack = ExitStack()
    _open.setdefault(task_id, []).append(stack)
    stack.enter_context(correlated(story or current().correlation_id or uuid4(), cause))


def _end(task_id: str, **_: Any) -> None:
    stacks = _open.get(task_id)
    if not stacks:
        return
    stacks.pop().close()
    if not stacks:
        del _open[task_id]


def _uuid(text: str | None) -> UUID | None:
    """What comes from outside is an id of ours or nothing."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
