"""What all tests share: the store's contract suites, and stores that really commit."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("eventstore.testing")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Browser tests come last: Playwright leaves an event loop running in this thread, and none runs beside it."""
    if config.pluginmanager.has_plugin("tests.plugins.workers"):
        return  # it gives whoever has done them nothing more
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


pytest_plugins = [
    "tests.plugins.emptying",
    "tests.plugins.keys",
    "tests.plugins.broker",
    "tests.plugins.kafka_logs",
    "tests.plugins.secure_kafka",
    "tests.plugins.stores",
    "tests.plugins.teddy_stores",
    "tests.plugins.families",
    "tests.plugins.mirrored",
    "tests.plugins.accounts",
    "tests.plugins.browser",
    "tests.plugins.guide_project",
    "tests.plugins.fuzz",
    "tests.plugins.outside",
    "tests.plugins.described",
    "tests.plugins.properties",
]
