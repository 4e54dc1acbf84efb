"""A tiny measurement over HTTP: gunicorn on a world of its own, each figure has its shape, nothing is left."""

from __future__ import annotations

import pytest

from teddy_es.bench.http.followers import followers
from teddy_es.bench.http.web import served
from teddy_es.bench.plan import Plan
from teddy_es.bench.world import a_world
from tests.integration.project.test_bench import _nothing_is_left, measured

# a measurement's world has tables of both databases
pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)
__all__ = ["_nothing_is_left"]  # a fixture


def test_appends_beside_python_and_beside_a_call_that_does_nothing() -> None:
    found = measured("http", only=("post-1", "post-32"))

    assert {who for measure, who in found if measure == "http/post-1"} == {
        "teddy",
        "python",
    }
    assert found["http/post-1", "teddy"]["ratio"] > 0
    assert found["http/post-32", "teddy"]["median"] > 0
    assert found["http/post-32-share", "teddy"]["target"] == "≥ 0.6"


def test_pages_and_the_feed() -> None:
    found = measured("http", only=("page", "feed"), events=300)

    assert found["http/page", "teddy"]["median"] > 0
    assert found["http/page-queries", "teddy"]["reached"]
    assert found["http/feed", "drf-serializers"]["median"] > 0
    assert found["http/feed-share", "teddy"]["median"] > 0


def test_followers() -> None:
    plan = Plan(rounds=1, seconds=0.05)
    with a_world() as world, served(world, workers=1) as web:
        found = {
            (one.measure, one.contestant): one
            for one in followers(plan, world, web, number=4)
        }

    assert found["http/followers", "without-followers"].median > 0
    assert found["http/followers-event", "teddy"].median > 0
    assert ("http/followers-memory", "teddy") in found


def test_workers_that_are_killed_lose_nothing_and_double_nothing() -> None:
    found = measured("http", only=("kill",))

    assert found["http/kill-lost", "teddy"]["median"] == 0
    assert found["http/kill-double", "teddy"]["median"] == 0
    assert found["http/kill-kills", "teddy"]["median"] >= 1
    assert found["http/kill-accepted", "teddy"]["median"] > 0
