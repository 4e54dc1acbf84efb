"""Known secrets go through every door and into every kind of trouble; then they are looked for everywhere.

The one allowed place of a text in the clear is a record that somebody else wrote so into the log: its own position, in log
and mirror, and nowhere beside it.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from eventstore.clock import SystemClock
from eventstore.context import correlated
from eventstore.errors import EventStoreError
from eventstore.events import Expected, NewEvent
from eventstore.exchange.importer.run import import_events
from eventstore.keys.configured import reset
from eventstore.log.configured import has_feeds
from eventstore.opening import opener
from eventstore.publishing import topics as feeds
from eventstore.publishing.subscription import publication
from eventstore.sealing.sealer import KeySealer
from eventstore.service import EventSourcingService
from eventstore.snapshots.topics import create as create_snapshot_topics
from eventstore.snapshots.topics import snapshot_topics
from eventstore.store import get_event_store
from eventstore.subscriptions import Subscription
from eventstore.testing.shop import OrderChanged, OrderPlaced
from eventstore.upkeep import schedule
from eventstore.upkeep.jobs import Job
from teddy_es.celery import app
from tests.support.following import follow, follower
from tests.support.keys import KEK
from tests.support.openbao import OpenBao, an_openbao
from tests.support.searching import (
    Search,
    database,
    figures,
    files,
    raw_files,
    running_statements,
    text,
    topics,
)
from tests.support.shelves import KilledError
from tests.support.snapshotting import World
from tests.support.telling import CUSTOMER, Secrets, Teller, everything_logged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import Settings

    from eventstore.bus import Published
    from eventstore.store import EventStore
    from tests.plugins.stores import Stores

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


@pytest.fixture
def secret() -> Secrets:
    return Secrets()


@pytest.fixture(
    params=[
        "embedded",
        "embedded, OpenBao",
        pytest.param("kafka", marks=pytest.mark.kafka),
    ]
)
def store(
    request: pytest.FixtureRequest, stores: Stores, settings: Settings
) -> Iterator[EventStore]:
    """On each log, its keys in the key store, wrapped by an environment's key; and once by a real OpenBao."""
    kind, _, provider = request.param.partition(", ")
    address = request.getfixturevalue("kafka_bootstrap") if kind == "kafka" else ""
    wraps: dict[str, Any] = {"KEK": "env", "KEK_SECRETS": (b64encode(KEK).decode(),)}
    if provider:
        server = request.getfixturevalue("openbao")
        server.make_key("secrets")
        wraps = {"KEK": "vault", "VAULT": server.settings(key="secrets")}
    suffix = uuid4().hex[:8]
    reset()
    made = stores(
        kind,
        address,
        KEYS="eventstore.keys.configured.key_ring",
        REGISTRY=f"tests.shops.private_{suffix}",
        AGGREGATES=[f"tests.shops.ReadingOrder_order_{suffix}"],
        SUBSCRIPTIONS=(),
        **wraps,
    )
    yield made
    get_event_store().close()
    reset()


@pytest.fixture(scope="module")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with an_openbao(tmp_path_factory.mktemp("openbao")) as server:
        yield server


@pytest.fixture
def teller(store: EventStore, secret: Secrets) -> Teller:
    log = store.make_log()
    with closing(log):
        create_snapshot_topics(snapshot_topics(), log)
        if has_feeds():
            feeds.create(feeds.feed_topics(), log)
    return Teller(store, secret)


@contextmanager
def refused() -> Iterator[None]:
    """Something is refused; what it says is kept out of the way, as a caller's traceback would be."""
    with pytest.raises((EventStoreError, ValueError, TypeError)) as raised:
        yield
    error: BaseException | None = raised.value
    while error is not None:
        REFUSALS.append(f"{error!r} {error} {getattr(error, '__notes__', '')}")
        error = error.__cause__ or (
            None if error.__suppress_context__ else error.__context__
        )


REFUSALS: list[str] = []


# ---- doors


def by_append(teller: Teller) -> None:
    teller.append("append")


def by_aappend(teller: Teller) -> None:
    async def told() -> None:
        await teller.store.aappend(
            teller.stream("aappend"), [teller.placed("aappend")], Expected.NO_STREAM
        )

    asyncio.run(told())


def by_submit(teller: Teller) -> None:
    for name in ("submit", "submit again"):
        stream = teller.stream(name.replace(" ", "-"))
        teller.store.submit(stream, [teller.placed(name)], Expected.ANY).result(30)


def by_save(teller: Teller) -> None:
    service = EventSourcingService(teller.store)
    order = World(teller.store).order("saved")
    order.place(CUSTOMER, remark=teller.secret("save"))
    service.repository_for(World(teller.store).order).save(order)
    service.repository_for(World(teller.store).order).load("saved")


def by_submit_past(teller: Teller) -> None:
    moment = datetime(2025, 3, 1, tzinfo=UTC)
    teller.store.submit_past(
        teller.stream("past"),
        [teller.placed("past", event_id=uuid4(), occurred_at=moment)],
        commit_id=uuid4(),
    ).result(30)


def by_import(teller: Teller) -> None:
    lines = BytesIO(teller.line("import") + teller.line("import-2"))
    done = import_events(lines, teller.store, clock=SystemClock())
    assert done.is_good, done


def by_a_bad_line(teller: Teller) -> None:
    for name, line in {
        "bad type": teller.line("bad type", type=teller.secret("unknown type")),
        "no JSON": b'{"data": {"remark": "' + teller.secret("no JSON").encode() + b"\n",
        "bad data": teller.line("bad data", data={"remark": teller.secret("bad")}),
        "bad time": teller.line("bad time", time=teller.secret("time")),
    }.items():
        said: list[str] = []
        done = import_events(
            BytesIO(line),
            teller.store,
            clock=SystemClock(),
            on_refusal=lambda refusal, said=said: said.append(repr(refusal)),  # type: ignore[misc]
        )
        assert done.bad, name
        REFUSALS.extend([*said, repr(done)])


def by_import_command(teller: Teller, tmp_path: Path) -> None:
    file = tmp_path / "in" / "lines.ndjson"
    file.parent.mkdir()
    file.write_bytes(
        teller.line("command") + teller.line("bad command", type="Nothing")
    )
    out, err = StringIO(), StringIO()
    with suppress(CommandError, SystemExit):
        call_command("import_events", str(file), stdout=out, stderr=err)
    REFUSALS.extend([out.getvalue(), err.getvalue()])
    file.unlink()  # the caller's own


def by_repeats(teller: Teller) -> None:
    commit_id = uuid4()
    stream = teller.stream("repeated")
    first = [teller.placed("repeated", event_id=uuid4())]
    for events in (first, first):
        teller.store.append(stream, events, Expected.NO_STREAM, commit_id=commit_id)
    with refused():
        teller.store.append(
            stream,
            [teller.placed("repeated otherwise")],
            Expected.NO_STREAM,
            commit_id=commit_id,
        )


def by_refusals(teller: Teller) -> None:
    stream, taken = teller.stream("refused"), uuid4()
    teller.store.append(
        stream, [teller.placed("before", event_id=taken)], Expected.NO_STREAM
    )
    append = teller.store.append
    with refused():  # wrong expected version
        append(stream, [teller.placed("wrong version")], Expected.NO_STREAM)
    with refused():
        append(stream, [teller.placed("reused", event_id=taken)], Expected.ANY)
    with refused():
        append(teller.secret("as an id"), [teller.placed("wrong id")], Expected.ANY)
    with refused():
        odd = teller.secret("as a quantity")
        append(
            stream,
            [NewEvent(type="OrderChanged", data={"quantity": odd})],
            Expected.ANY,
        )
    with refused():
        odd = teller.secret("unknown field")
        data = {"customer_id": CUSTOMER, "remark": odd, "more": odd}
        append(stream, [NewEvent(type="OrderPlaced", data=data)], Expected.ANY)
    with refused():
        append(
            stream,
            [NewEvent(type=teller.secret("type"), data={"remark": "x"})],
            Expected.ANY,
        )
    with refused():
        said = teller.secret("too large") * 20_000
        event = OrderPlaced(customer_id=CUSTOMER, remark=said)
        append(stream, [NewEvent(event)], Expected.ANY)
    with refused():
        append(stream, [teller.placed("bad NUL", ), NewEvent(OrderPlaced(customer_id=CUSTOMER, remark=teller.secret("with NUL") + "\0"))], Expected.ANY)  # fmt: skip


DOORS: dict[str, Any] = {
    function.__name__: function
    for function in (
        by_append,
        by_aappend,
        by_submit,
        by_save,
        by_submit_past,
        by_import,
        by_a_bad_line,
        by_repeats,
        by_refusals,
    )
}


# ---- trouble


def a_parked_event(teller: Teller) -> None:
    """Its handler opens what it may, and fails with a text that quotes it."""
    name = "parked"
    teller.append(name)

    def fail(event: Published) -> None:
        with connection.cursor() as cursor:
            [opened] = teller.store.read(event.stream_id, opener=opener())
            remark = opened.data["remark"]
            if "database" in event.stream_id:
                cursor.execute("SELECT %s::int", [remark])
        if event.stream_id == teller.stream(name):
            raise ValueError(remark, f"cannot use {remark}") from KeyError(remark)

    teller.append("parked-by-the-database")
    one = Subscription(name="fails", handler=fail, types=[OrderPlaced], retries=())
    follow(follower(one))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM eventstore_parkedstream")
        assert cursor.fetchone()[0] >= 2


def a_failed_job(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job reads what it may, and fails with a text that quotes it; so does the task that runs it."""
    teller.append("job")

    def work() -> dict[str, int]:
        [event] = teller.store.read(teller.stream("job"), opener=opener())
        raise RuntimeError(event.data["remark"])

    job = Job("fails", timedelta(hours=1), "nothing", work)
    monkeypatch.setattr(schedule, "SCHEDULE", {**schedule.SCHEDULE, "fails": job})
    done = app.tasks["eventstore.run_job"].apply(args=("fails",))
    assert done.failed()


def a_killed_import(teller: Teller) -> None:
    """Its commits are on their way, or never went."""

    def die(_events: int, _bytes: int) -> None:
        raise KilledError

    lines = b"".join(teller.line(f"killed-{n}") for n in range(3))
    with pytest.raises(KilledError):
        import_events(
            BytesIO(lines), teller.store, clock=SystemClock(), on_progress=die
        )


def a_task_that_waits(tmp_path: Path) -> None:
    """As beat sends it, into the broker's files."""
    folder = tmp_path / "tasks"
    options = {"folder": str(folder)}
    with app.connection_for_write(
        "filesystem://",
        transport="teddy_es.task_files:Transport",
        transport_options=options,
    ) as broker:
        app.tasks["eventstore.run_job"].apply_async(args=("fails",), connection=broker)
    assert [one for one in folder.rglob("*") if one.is_file()]


def a_failing_page(
    teller: Teller, officer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page fails with a text that quotes an event."""
    position = teller.append("page")
    address = f"/admin/events/{position}/"
    officer.get(address)

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError(teller.secret("page"))

    officer.raise_request_exception = False
    monkeypatch.setattr("audit.frame.showing.TemplateResponse", fails)
    answers = [officer.get("/admin/"), officer.get("/admin/events/")]
    monkeypatch.undo()
    assert 500 in {answer.status_code for answer in answers}
    for answer in answers:
        REFUSALS.append(answer.content.decode())
        REFUSALS.append(repr(answer.headers))


def what_pages_show(teller: Teller, officer: Client, staff: Client) -> None:
    """Pages without the right to open."""
    position = teller.append("shown")
    addresses = [
        "/admin/",
        "/admin/events/",
        f"/admin/events/{position}/",
        f"/admin/streams/{teller.stream('shown')}/",
        "/admin/streams/",
        "/admin/jobs/",
        "/admin/subscriptions/",
        f"/admin/find/?q={position}",
    ]
    for client in (officer, staff):
        for address in addresses:
            answer = client.get(address, follow=True)
            assert client is staff or answer.status_code == 200, address
            REFUSALS.append(answer.content.decode())


def snapshots(teller: Teller) -> None:
    """Built, superseded, drifted."""
    teller.append("snapshot", *[NewEvent(OrderChanged(quantity=n)) for n in range(25)])
    world = World(teller.store)
    world.snapshotter().build_due()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE eventstore_snapshot SET state = 'null'")
    world.snapshotter().sample(20)
    EventSourcingService(teller.store).repository_for(world.order).load("snapshot")


def the_stream_of_events(teller: Teller) -> None:
    made = publication(teller.store.make_log)
    if made is not None:
        follow(follower(made))


def what_others_wrote(teller: Teller) -> dict[str, str]:
    """Malformed, ill-typed, and in the clear: name of the secret → where alone it may be."""
    records: dict[str, Callable[[str], bytes]] = {
        "foreign malformed": lambda said: b"{" + said.encode(),
        "foreign bad field": lambda said: teller.foreign_commit(
            "ill", "OrderChanged", {"quantity": said}
        ),
        "foreign in the clear": lambda said: teller.foreign_commit(
            "clear", "OrderPlaced", {"customer_id": CUSTOMER, "remark": said}
        ),
    }
    return {
        name: f"/{teller.foreign('foreign', make(teller.secret(name)))}"
        for name, make in records.items()
    }


def upkeep(teller: Teller, tmp_path: Path) -> None:
    """The commands that read everything."""
    for name, *more in (
        ("verify",),
        ("export_events", "--output", str(tmp_path / "export.ndjson")),
        ("read_stream", teller.stream("append")),
        ("subscriptions", "list"),
        ("partitions", "list"),
        ("rebuild_index",),
    ):
        out, err = StringIO(), StringIO()
        try:
            call_command(name, *more, stdout=out, stderr=err)
        except CommandError as error:
            assert name == "verify", name  # a snapshot was spoilt on purpose
            REFUSALS.append(str(error))
        REFUSALS.extend([out.getvalue(), err.getvalue()])


# ---- the tests


def everywhere(
    teller: Teller, said: StringIO, tmp_path: Path, bootstrap: str
) -> Iterator[tuple[str, bytes]]:
    """All places."""
    for alias in connections:
        yield from database(alias)
        yield from running_statements(alias)
        yield from raw_files(alias)
    if bootstrap:
        yield from topics(bootstrap, teller.stream_type)
    yield from files(tmp_path)
    yield from figures()
    yield from text("log", said.getvalue())
    for number, refusal in enumerate(REFUSALS):
        yield from text(f"refusal {number}", refusal)


def test_what_was_told_in_confidence_stands_nowhere(
    request: pytest.FixtureRequest,
    teller: Teller,
    secret: Secrets,
    officer: Client,
    staff: Client,
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_kafka = settings.EVENTSTORE["LOG"] == "kafka"
    bootstrap = request.getfixturevalue("kafka_bootstrap") if is_kafka else ""
    REFUSALS.clear()
    with everything_logged() as said, correlated(uuid4(), uuid4()):
        for door in DOORS.values():
            door(teller)
        by_import_command(teller, tmp_path)
        a_parked_event(teller)
        a_failed_job(teller, monkeypatch)
        a_killed_import(teller)
        a_task_that_waits(tmp_path)
        what_pages_show(teller, officer, staff)
        a_failing_page(teller, officer, monkeypatch)
        snapshots(teller)
        allowed = what_others_wrote(teller)
        the_stream_of_events(teller)
        upkeep(teller, tmp_path)

    found = Search(secret.texts)(everywhere(teller, said, tmp_path, bootstrap))

    assert len(secret.texts) >= 25
    in_the_clear = {one for one in found if one.name in allowed}
    assert found - in_the_clear == set()
    assert {one.name for one in in_the_clear} == set(allowed)
    mirror = "default: public.eventstore_record."
    log = "default: public.eventstore_logrecord."
    topic = f"eventstore.{teller.stream_type}/"
    raw = "raw default: "  # the files of these tables; the key store's have none of it
    places = (mirror, log, topic, raw)
    assert {one for one in in_the_clear if not one.where.startswith(places)} == set()


def test_a_store_that_does_not_seal_is_seen(
    teller: Teller, secret: Secrets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the other test finds nowhere it would find: in log and mirror."""
    monkeypatch.setattr(KeySealer, "seal", lambda _self, commit, *_, **__: commit)
    by_append(teller)
    world = World(teller.store)
    world.snapshotter().build_due()

    found = Search(secret.texts)(everywhere(teller, StringIO(), tmp_path, ""))

    assert {one.name for one in found} == {"append"}
    where = {one.where for one in found}
    assert "default: public.eventstore_record.value" in where
    assert any(one.startswith("raw default: ") for one in where)
