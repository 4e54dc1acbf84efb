"""The Grafana dashboard shows every metric, and none that nobody counts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from prometheus_client import Counter, Gauge, Histogram

from eventstore import metrics
from tests.guards.sources import ROOT

DASHBOARD = ROOT / "deploy" / "grafana" / "teddy-es.json"
NAME = re.compile(r"\beventstore_\w+")


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def expressions() -> list[str]:
    return [t["expr"] for panel in panels() for t in panel.get("targets", ())]


def told() -> dict[str, set[str]]:
    """What Prometheus is told under which names, by our own."""
    suffixes: dict[type, tuple[str, ...]] = {
        Counter: ("_total",),
        Gauge: ("",),
        Histogram: ("_bucket", "_sum", "_count"),
    }
    return {
        one._name: {one._name + suffix for suffix in suffixes[type(one)]}
        for one in vars(metrics).values()
        if isinstance(one, Counter | Gauge | Histogram)
    }


def test_the_dashboard_shows_what_is_counted_and_nothing_else() -> None:
    shown = {name for text in expressions() for name in NAME.findall(text)}
    known = told()

    assert shown <= set().union(*known.values())
    unseen = [name for name, series in known.items() if not series & shown]
    assert not unseen, f"deploy/grafana/teddy-es.json shows nothing of {unseen}"


@pytest.mark.parametrize("expression", expressions())
def test_labels_that_are_summed_by_are_there(expression: str) -> None:
    labels = {
        label
        for one in vars(metrics).values()
        if isinstance(one, Counter | Gauge | Histogram)
        for label in one._labelnames
        if one._name in expression
    }

    by = re.findall(r"by \(([^)]*)\)", expression)

    asked = {label.strip() for group in by for label in group.split(",")} - {"le"}
    assert asked <= labels


def test_panels_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
