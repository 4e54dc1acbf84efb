"""The ledger is written first, in the real log: and where the log cannot take it, no page shows anything of anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from audit.access import Capability, actor_of
from audit.frame.answering import answering
from audit.frame.page import Page, Shows
from audit.frame.refusals import framed
from audit.looking import looks_at
from audit.purpose import as_kept, purpose_from
from eventstore.store import _the_store, get_event_store
from scripts.launcher.ports import free_port
from teddy_es.domain.access import DataAccessed
from tests.support.families import handle
from tests.support.roles import client_of, somebody

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.template.response import TemplateResponse
    from django.test import Client
    from pytest_django.fixtures import Settings

    from tests.support.families import Families

PAGES: Final = (
    "/admin/streams/",
    "/admin/events/",
    "/admin/streams/conversation.t-1/",
    "/admin/ledger/",
    "/admin/ledger/persons/c-1/",
)


@pytest.fixture
def home(families: Families, settings: Settings) -> Families:
    """A child of whom something is known, and the project's own recorder."""
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "ACCESS_RECORDER": "audit.ledger.AccessLedger",
        "APPEND_TIMEOUT": 1.0,
    }
    families.registers("c-1", "p-1")
    families.talks("t-1", "c-1", "Hello")
    handle()
    return families


def test_a_look_is_in_the_log_when_the_page_is_answered(home: Families) -> None:
    user = somebody("compliance_officer")
    client = client_of(user, "complaint", "C-7")

    for n, address in enumerate(PAGES, 1):
        assert client.get(address).status_code == 200, address
        looks = list(home.store.read(f"access.{actor_of(user)}"))
        assert len(looks) == n, address
        assert looks[-1].metadata.event_type == DataAccessed.__name__
        assert (looks[-1].data["purpose"], looks[-1].data["reference"]) == (
            "complaint",
            "C-7",
        )
        assert "c-1" in looks[-1].data["subjects"] or "ledger" in address

    handle("accesses")
    page = client.get("/admin/ledger/persons/c-1/").text
    assert user.username in page
    assert "C-7" in page


def nothing_is_shown(client: Client) -> None:
    for address in PAGES:
        answer = client.get(address)
        assert answer.status_code == 503, address
        main = answer.text.partition("<main")[2].partition("</main")[0]
        assert "could not be written down" in main or "did not answer" in main
        for known in ("c-1", "t-1", "p-1", "Hello"):
            assert known not in main, (address, known)


@pytest.fixture
def read_only(home: Families) -> Iterator[None]:
    """The database takes no record any more, as after a fail-over to a copy; it still answers."""
    with connection.cursor() as db:
        db.execute(
            "CREATE FUNCTION takes_no_record() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'read only' USING ERRCODE = '25006'; END $$"
        )
        db.execute(
            "CREATE TRIGGER read_only BEFORE INSERT ON eventstore_logrecord"
            " FOR EACH STATEMENT EXECUTE FUNCTION takes_no_record()"
        )
    yield
    with connection.cursor() as db:
        db.execute("DROP FUNCTION takes_no_record() CASCADE")


@pytest.mark.usefixtures("read_only")
def test_a_database_that_takes_no_record_shows_nothing_of_anybody() -> None:
    nothing_is_shown(client_of(somebody("compliance_officer")))


@pytest.fixture
def no_broker(home: Families, settings: Settings) -> Iterator[None]:
    """The log is a broker that is not there; index and read models answer as before."""
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "kafka",
        "KAFKA_BOOTSTRAP": [f"127.0.0.1:{free_port()}"],
    }
    _the_store.cache_clear()
    yield
    get_event_store().close()
    _the_store.cache_clear()


@pytest.mark.usefixtures("no_broker")
def test_a_broker_that_is_down_shows_nothing_of_anybody() -> None:
    nothing_is_shown(client_of(somebody("compliance_officer")))


@pytest.mark.usefixtures("read_only")
@pytest.mark.parametrize("kind", list(Shows))
def test_it_is_so_for_every_kind_of_look(kind: Shows) -> None:
    """Whatever a page shows: reveals and exports, too, which no page of the list may have yet."""

    def view(request: HttpRequest) -> HttpResponse:
        looks_at(request, ["c-1"], "conversation.t-1")
        return HttpResponse("Hello")

    page = Page("one", "one/", view, Capability.SEE_CHILDREN, None, shows=kind)
    request = RequestFactory().get("/admin/one/")
    request.session = SessionStore()
    request.session.update(as_kept(purpose_from("incident", None)))
    request.user = somebody("compliance_officer")

    answer = cast("TemplateResponse", framed(answering(page))(request)).render()

    assert answer.status_code == 503
    assert "Hello" not in answer.text
    assert "could not be written down" in answer.text
