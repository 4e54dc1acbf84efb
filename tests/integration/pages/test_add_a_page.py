"""What CONTRIBUTING says of adding a page is all that it takes; and the site's frame is round it as round every other."""

from __future__ import annotations

import re
import sys
from copy import deepcopy
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.contrib import admin
from django.template.response import TemplateResponse
from django.test import Client
from django.urls import path

from audit.access import Capability
from audit.pages import PAGES
from eventstore.errors import IndexIncomplete
from tests.guards.snippets import blocks_of
from tests.guards.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.http import HttpRequest, HttpResponse
    from pytest_django.fixtures import Settings

    from audit.frame.page import Page
    from tests.plugins.mirrored import Mirrored

CONTRIBUTING: Final = ROOT / "CONTRIBUTING.md"
ADDRESS: Final = "/admin/topics/"
URLS: Final = "tests.integration.pages.urls_with_a_page"


@pytest.fixture
def said() -> dict[str, Any]:
    """The names that the page's Python makes."""
    names: dict[str, Any] = {"__name__": "snippet"}
    for block in blocks_of(CONTRIBUTING):
        exec(compile(block.code, str(block), "exec"), names)  # noqa: S102  (our own page)
    return names


@pytest.fixture
def add(
    said: dict[str, Any],
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Page], None]:
    """Put a page into the list, and the template that stands in CONTRIBUTING into its folder."""

    def add(page: Page) -> None:
        [template] = re.findall(
            r"```html\n(.*?)```", CONTRIBUTING.read_text("utf-8"), re.DOTALL
        )
        folder = tmp_path / "audit" / "topics"
        folder.mkdir(parents=True)
        (folder / "topics.html").write_text(template, "utf-8")
        templates = deepcopy(settings.TEMPLATES)
        templates[0]["DIRS"].append(tmp_path)
        settings.TEMPLATES = templates
        monkeypatch.setattr(admin.site, "pages", (*PAGES, page))
        urls = ModuleType(URLS)
        vars(urls)["urlpatterns"] = [path("admin/", admin.site.urls)]
        monkeypatch.setitem(sys.modules, URLS, urls)
        settings.ROOT_URLCONF = URLS

    return add


def test_one_page_and_one_template_are_enough(
    officer: Client,
    staff: Client,
    mirrored: Mirrored,
    said: dict[str, Any],
    add: Callable[[Page], None],
) -> None:
    mirrored.commit()

    add(said["PAGE"])

    answer = officer.get(ADDRESS)
    assert answer.status_code == 200
    assert "eventstore.conversation" in answer.text
    assert f'href="{ADDRESS}" data-key="y"' in answer.text
    assert 'aria-current="page"' in answer.text.partition(f'href="{ADDRESS}"')[2][:60]
    assert answer.text.count(f'href="{ADDRESS}"') == 2  # navigation and palette
    assert ", Topics<" in answer.text  # help
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Accounts" not in staff.get(ADDRESS).text
    assert officer.post(ADDRESS).status_code == 405
    assert Client().get(ADDRESS).status_code == 302


def test_a_list_needs_no_template(
    officer: Client,
    mirrored: Mirrored,
    said: dict[str, Any],
    add: Callable[[Page], None],
) -> None:
    add(replace(said["PAGE"], view=said["topics_as_list"]))

    assert "No topics yet" in officer.get(ADDRESS).text
    mirrored.commit()
    assert '<td class="num" data-label="Records">1</td>' in officer.get(ADDRESS).text


@pytest.mark.parametrize(
    ("capability", "status"),
    [(Capability.ENTER, 200)] + [(c, 403) for c in Capability if c != Capability.ENTER],
)
def test_what_it_names_is_what_is_asked_of_the_account(
    staff: Client,
    mirrored: Mirrored,
    said: dict[str, Any],
    add: Callable[[Page], None],
    capability: Capability,
    status: int,
) -> None:
    add(replace(said["PAGE"], capability=capability))

    assert staff.get(ADDRESS).status_code == status
    assert (ADDRESS in staff.get("/admin/").text) == (status == 200)


def fails(_request: HttpRequest) -> HttpResponse:
    """At once."""
    raise IndexIncomplete


class Late(TemplateResponse):
    """Fails only when its template is written."""

    @property
    def rendered_content(self) -> str:
        raise IndexIncomplete


@pytest.mark.parametrize(
    "view", [fails, lambda request: Late(request, "audit/frame/page.html")]
)
def test_an_error_of_the_store_is_a_page_wherever_it_comes_from(
    officer: Client,
    mirrored: Mirrored,
    said: dict[str, Any],
    add: Callable[[Page], None],
    view: Callable[..., HttpResponse],
) -> None:
    add(replace(said["PAGE"], view=view))

    answer = officer.get(ADDRESS)

    assert answer.status_code == 503
    assert "index-incomplete" in answer.text
