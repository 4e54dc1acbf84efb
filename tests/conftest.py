"""What all tests share: the store's contract suites, and stores that really commit."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("eventstore.testing")

pytest_plugins = [
    "tests.plugins.broker",
    "tests.plugins.kafka_logs",
    "tests.plugins.stores",
    "tests.plugins.mirrored",
    "tests.plugins.accounts",
    "tests.plugins.browser",
]
