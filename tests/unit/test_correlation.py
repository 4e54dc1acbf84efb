"""Correlation ids go from a request to its answer, and with a task to whoever works on it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from eventstore.context import Correlation, correlated, current
from eventstore.upkeep.schedule import scheduled
from teddy_es import checks
from teddy_es.beat import WhenDue
from teddy_es.celery import app
from teddy_es.correlation import (
    CorrelationMiddleware,
    _begin,
    _end,
    _send,
    follow_tasks,
)

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings


def answered(**headers: str) -> tuple[Correlation, str]:
    """What held while the request was answered, and what the answer tells."""
    seen: list[Correlation] = []

    def view(_: Any) -> HttpResponse:
        seen.append(current())
        return HttpResponse()

    response = CorrelationMiddleware(view)(RequestFactory().get("/", headers=headers))
    return seen[0], response.headers["X-Correlation-ID"]


def test_a_request_keeps_the_id_that_it_came_with() -> None:
    given = uuid4()

    inside, told = answered(**{"X-Correlation-ID": str(given)})

    assert inside == Correlation(given)
    assert told == str(given)
    assert current() == Correlation()


@pytest.mark.parametrize("given", ["", "no id", "x" * 10_000])
def test_a_request_without_an_id_of_ours_gets_one(given: str) -> None:
    inside, told = answered(**{"X-Correlation-ID": given})

    assert inside.correlation_id == UUID(told)


def test_a_task_takes_the_ids_of_whoever_sent_it() -> None:
    story, cause = uuid4(), uuid4()
    headers: dict[str, Any] = {}
    with correlated(story, cause):
        _send(headers=headers)

    _begin(task_id="1", task=SimpleNamespace(request=headers))
    inside = current()
    _end(task_id="1")

    assert inside == Correlation(story, cause)
    assert current() == Correlation()


def test_a_task_that_nobody_sent_in_a_context_begins_a_story_of_its_own() -> None:
    headers: dict[str, Any] = {}
    _send(headers=headers)

    _begin(task_id="1", task=SimpleNamespace(request=headers))
    inside = current()
    _end(task_id="1")

    assert headers == {}
    assert inside.correlation_id is not None


@pytest.fixture
def task() -> Any:
    """A task that says what holds while it runs; one that is applied here, by nobody's worker."""
    follow_tasks()

    @app.task(name=f"test.{uuid4()}", bind=True, max_retries=1)  # type: ignore[untyped-decorator]
    def tell(self: Any, again: bool = False) -> Correlation:  # noqa: FBT001, FBT002  (as tasks are called)
        if again and not self.request.retries:
            self.retry(countdown=0)
        return current()

    return tell


@pytest.mark.parametrize("arguments", [(), (True,)], ids=["once", "tried again"])
def test_a_task_that_is_applied_here_belongs_to_the_story_here(
    task: Any, arguments: tuple[bool, ...]
) -> None:
    story, cause = uuid4(), uuid4()

    with correlated(story, cause):
        inside = task.apply(arguments).get()
        behind = current()

    assert inside == behind == Correlation(story, cause)
    assert current() == Correlation()


def test_a_task_that_is_applied_outside_of_a_story_begins_one(task: Any) -> None:
    inside = task.apply().get()

    assert inside.correlation_id is not None
    assert current() == Correlation()


def test_a_task_that_is_applied_with_ids_takes_these(task: Any) -> None:
    headers: dict[str, Any] = {}
    story = uuid4()
    with correlated(story):
        _send(headers=headers)

    assert task.apply(headers=headers).get().correlation_id == story


def test_an_inner_context_keeps_what_it_does_not_say() -> None:
    story, cause = uuid4(), uuid4()

    with correlated(story), correlated(causation_id=cause) as inner:
        assert inner == current() == Correlation(story, cause)


def test_beat_sends_every_job_of_the_schedule_and_each_expires() -> None:
    beat = app.conf.beat_schedule

    assert set(beat) == set(scheduled())
    for name, entry in beat.items():
        assert entry["task"] in app.tasks
        assert entry["args"] == (name,)
        # whatever beat's start: a day's job must not need a beat that lives for a day
        assert isinstance(entry["schedule"], WhenDue)
        often = min(scheduled()[name].every, timedelta(minutes=1))
        assert entry["schedule"].run_every == often
        assert entry["options"]["expires"] == often.total_seconds()


@pytest.mark.parametrize(
    ("mode", "broker", "found"),
    [
        ("production", "", ["teddy_es.E001"]),
        ("production", "filesystem://", ["teddy_es.E001"]),
        ("production", "redis://redis:6379/0", []),
        ("quickstart", "filesystem://", []),
    ],
)
def test_production_needs_a_broker_for_its_jobs(
    settings: Settings, mode: str, broker: str, found: list[str]
) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "MODE": mode}
    settings.CELERY_BROKER_URL = broker

    assert [message.id for message in checks.check_broker()] == found
