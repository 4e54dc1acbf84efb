"""A real browser on a live server: Debian's chromium, strict about whatever it complains of."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group, User

from audit.roles import Role
from eventstore.log import topics
from eventstore.store import EventStore, make_event_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page
    from pytest_django.fixtures import Settings
    from pytest_django.live_server_helper import LiveServer

PASSWORD = "a password for the browser"  # noqa: S105
QUIET = (
    "--no-sandbox",  # root has none; the pages are our own
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """A reader in another zone: what is UTC must say so. (Not built on the plugin's own, which pytest 9 warns of.)"""
    return {"locale": "en-GB", "timezone_id": "Europe/Berlin"}


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any],
) -> dict[str, Any]:
    """Find the browser: TEDDY_CHROMIUM, the system's, or playwright's own."""
    # From here to the session's end playwright's event loop runs in this thread, and Django would refuse the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # noqa: TID251
    found = os.environ.get("TEDDY_CHROMIUM") or shutil.which("chromium")  # noqa: TID251  (tests' own)
    chosen = {"executable_path": found} if found else {}
    return browser_type_launch_args | chosen | {"args": list(QUIET)}


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains of: errors of scripts, of the policy, of missing resources."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "console",
        lambda said: (
            heard.append(said.text) if said.type in {"error", "warning"} else None
        ),
    )
    page.on("dialog", lambda dialog: heard.append(f"dialog: {dialog.message}"))
    return heard


@pytest.fixture
def live_store(transactional_db: None) -> Iterator[EventStore]:
    """The configured store on the embedded log, committing for real, with its topics made."""
    store = make_event_store()
    indexer = store.make_indexer()
    topics.create(store.topics, indexer.log, indexer.connection())
    indexer.close()
    indexer.log.close()
    yield store
    store.close()


@pytest.fixture
def console(
    live_store: EventStore,
    live_server: LiveServer,
    page: Page,
    complaints: list[str],
    settings: Settings,
) -> Iterator[Callable[[], Page]]:
    """Log in and give the page; at the end the browser must have had nothing to complain of."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    ada = User.objects.create_superuser("ada", password=PASSWORD)
    ada.groups.set(
        Group.objects.filter(name__in=[Role.COMPLIANCE_OFFICER, Role.OPERATOR])
    )

    def log_in() -> Page:
        page.goto(f"{live_server.url}/admin/")
        page.get_by_label("Username").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name="Today").wait_for()
        page.goto(f"{live_server.url}/admin/purpose/")
        form = page.get_by_role("main")
        form.get_by_role("combobox", name="Purpose").select_option("safety_review")
        form.get_by_role("button", name="Go on").click()
        page.get_by_role("heading", name="Today").wait_for()
        return page

    yield log_in
    assert complaints == []
