"""The console's system checks keep their ids."""

from __future__ import annotations

from audit.checks import who_may_see_payloads


def test_a_check_says_that_payloads_are_for_superusers_only() -> None:
    [found] = who_may_see_payloads()

    assert found.id == "audit.W001"
    assert found.hint
