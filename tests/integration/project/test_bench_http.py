"""A tiny measurement over HTTP: gunicorn on a world of its own, each figure has its shape, nothing is left."""

from __future__ import annotations

from contextlib import nullcontext
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from teddy_es.bench.contestants import OURS
from teddy_es.bench.figures import Series
from teddy_es.bench.http import killed, soak
from teddy_es.bench.http.followers import followers
from teddy_es.bench.http.web import served
from teddy_es.bench.plan import Plan
from teddy_es.bench.world import a_world
from teddy_es.management.commands import bench
from tests.integration.project.test_bench import _nothing_is_left, measured

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    plan = Plan(rounds=1, seconds=0.05)
    with a_world() as world:
        pace = killed.Pace(least=0.01, most=0.1, look=0.01)
        found = {one.measure: one for one in killed.killed(plan, world, pace)}

    assert found["http/kill-lost"].median == 0
    assert found["http/kill-double"].median == 0
    assert found["http/kill-kills"].median >= 1
    assert found["http/kill-accepted"].median > 0
    assert found["http/kill-resolved"].median == found["http/kill-ambiguous"].median
    assert 0 < len(found["http/kill-memory"].values) <= 10


def test_what_just_runs_misses_nothing_and_repeats_nothing() -> None:
    plan = Plan(rounds=1, seconds=3)
    pace = soak.Pace(append=0.02, read=0.05, rotate=0.5, look=0.1, poll=1)
    with a_world() as world:
        found = {one.measure: one for one in soak.soaked(plan, world, pace)}

    assert found["http/soak-missed"].median == 0
    assert found["http/soak-repeated"].median == 0
    appended = found["http/soak-appended"].median
    assert appended > 0
    assert found["http/soak-followed"].median == 2 * appended
    assert found["http/soak-rotated"].median >= 1
    assert found["http/soak-read"].median > 0
    for what in ("memory", "files", "sockets", "sessions"):
        assert min(found[f"http/soak-{what}"].values) > 0
        assert f"http/soak-{what}-grown" in found


@pytest.mark.parametrize("number", [0, 1])
def test_what_was_lost_ends_the_run_with_an_error(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def run(_wanted: object, _plan: Plan) -> Iterator[Series]:
        yield Series("http/kill-lost", OURS, "commits", (0.0, float(number), 0.0))
        yield Series("http/kill-kills", OURS, "kills", (1.0, 1.0, 1.0))

    monkeypatch.setattr(bench, "run", run)
    raising = pytest.raises(CommandError, match="none, and there are: http/kill-lost")
    with raising if number else nullcontext():
        call_command("bench", "http", stdout=StringIO())
