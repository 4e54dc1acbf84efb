"""Whoever has rows of a subscription is asked before it is reset or forgotten; where nobody could be asked, nothing is done."""

from __future__ import annotations

import pytest

from eventstore.subscriptions import claims
from eventstore.subscriptions.claims import Act


@pytest.fixture(autouse=True)
def _no_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "_RULES", {act: [] for act in Act})


def test_each_rule_is_asked_once_however_often_it_was_entered() -> None:
    asked: list[str] = []
    for _ in range(2):
        claims.enter(asked.append, Act.RESET, Act.FORGET)

    for act in Act:
        claims.ask(act, act.value)

    assert asked == ["reset", "forget"]


def test_a_rule_that_says_no_is_heard() -> None:
    def refuse(name: str) -> None:
        raise LookupError(name)

    claims.enter(print, Act.RESET)
    claims.enter(refuse, Act.RESET)

    with pytest.raises(LookupError, match="totals"):
        claims.ask(Act.RESET, "totals")


def test_where_nobody_could_say_no_nothing_is_done() -> None:
    claims.enter(print, Act.RESET)

    with pytest.raises(RuntimeError, match="had forget"):
        claims.ask(Act.FORGET, "totals")
