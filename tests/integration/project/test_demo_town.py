"""The demo's town in a store: put there once, however often and however late it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from eventstore.events import Expected, NewEvent
from eventstore.models import Event, Record
from eventstore.opening import opener
from eventstore.privacy.configured import erasing, holding
from teddy_es.demo import talks
from teddy_es.demo.cases import cases
from teddy_es.demo.filling import put
from teddy_es.demo.town import town
from teddy_es.domain.access import DataAccessed

if TYPE_CHECKING:
    from eventstore.store import EventStore

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
FEW = tuple(cases()[20:23])
tell = partial(town, households=2, of=FEW)


def test_a_second_run_changes_nothing_however_much_later(
    teddy_store: EventStore,
) -> None:
    done = put(teddy_store, tell, NOW)
    before = Record.objects.count(), Event.objects.count()
    made = tell(NOW)
    assert erasing().plan(made.forgotten).erased_under == "letter/2026-11"
    [hold] = holding().holds(made.kept)
    assert hold.id == "hold/2026-3"
    gone = next(teddy_store.read(f"child.{made.forgotten}", opener=opener()))
    assert gone.withheld is not None
    kept = next(teddy_store.read(f"child.{made.kept}", opener=opener()))
    assert kept.withheld is None

    again = put(teddy_store, tell, NOW + timedelta(hours=7))

    assert again == done
    assert (Record.objects.count(), Event.objects.count()) == before


def test_a_run_goes_on_where_another_was_interrupted(teddy_store: EventStore) -> None:
    def interrupted(done: int) -> None:
        if done > 100:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        put(teddy_store, tell, NOW, interrupted)

    put(teddy_store, tell, NOW + timedelta(days=1))

    for commit in tell(NOW).commits:
        if not commit.stream_id.startswith("access."):
            times = [e.metadata.timestamp for e in teddy_store.read(commit.stream_id)]
            assert {e.occurred_at for e in commit.events} <= set(times)


def test_an_officer_who_has_looked_already_is_in_nobodys_way(
    teddy_store: EventStore,
) -> None:
    looked = DataAccessed(
        actor="officer",
        actor_kind="officer",
        kind="view",
        purpose="audit",
        subjects=["child-1"],
    )
    teddy_store.append("access.officer", [NewEvent(looked)], Expected.ANY)

    put(teddy_store, tell, NOW)

    assert teddy_store.stream_info("access.officer").version > 1


def test_nobody_lives_nowhere() -> None:
    with pytest.raises(CommandError, match="--households is 1 or more"):
        call_command("demo_town", "--households", "0")


@pytest.mark.usefixtures("teddy_store")
def test_the_command_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talks, "PACKAGE", "no_such_package_at_all")

    with pytest.raises(CommandError, match="pip install"):
        call_command("demo_town")
