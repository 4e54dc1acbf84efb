"""A full store of the Teddy domain for the console's pages: events, read models that have caught up, and somebody who may see all."""

from __future__ import annotations

import random
import time
from contextlib import closing
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from audit.access import MUST_END
from audit.purpose import as_kept, purpose_from
from audit.roles import Role
from eventstore.clock import SystemClock
from eventstore.events import Expected
from eventstore.exchange.cloudevents import parse_line
from eventstore.projections.configured import configured
from eventstore.projections.following import subscription_of
from eventstore.queries.subscriptions import status_of
from eventstore.store import make_event_store
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.registering import register
from teddy_es.bench.contestants import OURS
from teddy_es.bench.figures import Series
from teddy_es.bench.tables import patient_connection
from teddy_es.demo.cases import cases
from teddy_es.demo.town import HOUSEHOLDS, town
from teddy_es.synth.filling import fill
from teddy_es.synth.history import Draft, Wanted, history

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teddy_es.bench.plan import Plan

_EVENTS: Final = 1_000_000
_PER_STREAM: Final = 20
_LEAST: Final = 4_000  # events; for fewer the town alone is made, of a few
_THEN: Final = datetime(2026, 11, 1, tzinfo=UTC)


def fill_console(plan: Plan) -> None:
    """The demo's town, and around it an export's events, or made-up ones."""
    wanted = plan.events or _EVENTS
    with closing(make_event_store()) as store:
        fill(store, _town(is_small=wanted < _LEAST))
        if plan.file is not None:
            fill(store, _exported(plan.file, plan.events))
        elif wanted >= _LEAST:
            fill(store, history(Wanted(wanted, max(200, wanted // _PER_STREAM))))


def _town(*, is_small: bool) -> Iterator[Draft]:
    few = tuple(cases()[20:24])
    given = {"households": 2, "of": few} if is_small else {"households": HOUSEHOLDS}
    yield from town(_THEN, **given).commits


def _exported(file: str, events: int | None) -> Iterator[Draft]:
    """In their own streams. Adjacent events of a commit stay one."""
    with Path(file).open("rb") as lines:
        parsed = (parse_line(line) for _, line in zip(range(events or 2**63), lines))  # noqa: B905  (the shorter one ends it)
        for (stream, commit_id), group in groupby(
            parsed, lambda one: (one.stream_id, one.commit_id)
        ):
            yield Draft(stream, Expected.ANY, commit_id, [one.event for one in group])


def catch_up(plan: Plan) -> Iterator[Series]:
    """Every read model, from nothing: events/s. Then the planner knows what there is."""
    for name, versions in configured().items():
        plan.tell(f"pages: {name} catches up")
        subscription = subscription_of(versions[max(versions)], is_read=True)
        register(subscription, SystemClock())
        chance = random.Random(1)
        follower = Follower(subscription, SystemClock(), chance)
        started = time.perf_counter()
        while follower.round():
            pass
        took = time.perf_counter() - started
        handled = status_of(name, SystemClock().now()).handled
        yield Series(f"people/{name}", OURS, "events/s", (handled / took,))
    with patient_connection() as connection:
        connection.execute("VACUUM (ANALYZE)")  # else autovacuum would, in mid-turn


def logged_in() -> Client:
    """Somebody with all roles, who has said what for."""
    client = Client()
    user = get_user_model().objects.create_superuser("bench")
    names = [role.value for role in Role if role not in MUST_END]
    user.groups.set(Group.objects.filter(name__in=names))
    client.force_login(user)
    session = client.session
    session.update(as_kept(purpose_from("audit", None)))
    session.save()
    return client
