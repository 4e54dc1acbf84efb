"""The console's pages are those of the list: each names who may see it, and what a POST to it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.urls import URLPattern, URLResolver

from audit.access import RULES, Capability
from audit.frame.page import (
    Acting,
    Appending,
    Asking,
    Checking,
    Choosing,
    Navigation,
    Page,
    Revealing,
    Within,
)
from audit.pages import PAGES
from audit.roles import ROLES
from tests.guards.sources import ROOT, name_of, python_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWN: Final = [page for page in PAGES if isinstance(page, Page)]
# Django's own addresses: whose they are, and where is kept what a POST to them does. The site's frame is round all of them.
DJANGOS: Final = {
    "login": "everybody's; rows and lines of teddy_es.logins",
    "logout": "who is logged in; a line of teddy_es.logins",
    "password_change": "who is logged in, the own one",
    "password_change_done": "no POST",
    "autocomplete": "no POST",
    "jsi18n": "no POST",
    "view_on_site": "no POST",
    "app_list": "no POST",
    "auth_user_changelist": "superusers'; it has no actions",
    "auth_user_add": "superusers'; the account's history",
    "auth_user_change": "superusers'; the account's history",
    "auth_user_password_change": "superusers'; the account's history",
    "auth_user_delete": "superusers'; the account's history",
    "auth_user_history": "no POST",
    None: "no page: what nobody knows, and an account's address without the verb",
}

COLUMNS: Final = 160  # of a template's line


def addresses(patterns: Any = None) -> Iterator[URLPattern]:
    """Every address of the console."""
    for one in admin.site.urls[0] if patterns is None else patterns:
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns)
        elif isinstance(one, URLPattern):
            yield one


def templates() -> list[Path]:
    """All of them."""
    return sorted((ROOT / "templates").rglob("*.html"))


def test_every_address_is_a_page_of_the_list_or_a_known_one_of_djangos() -> None:
    found = {one.name: getattr(one.callback, "page", None) for one in addresses()}

    listed = {name: page for name, page in found.items() if page is not None}
    assert listed == {page.name: page for page in OWN}
    unknown = found.keys() - listed.keys() - DJANGOS.keys()
    assert not unknown, (
        f"{unknown}: the console has a page only by a line in PAGES (audit/pages.py). If it is Django's own, say in"
        " DJANGOS whose it is and where is kept what a POST does."
    )
    assert DJANGOS.keys() <= found.keys(), "Take out what is not there any more."


def test_every_page_names_a_capability_and_every_capability_has_its_rule() -> None:
    nameless = [p.name for p in PAGES if type(p.capability) is not Capability]

    assert not nameless, f"Who may see {nameless}? Name a Capability."
    assert RULES.keys() == set(Capability)
    for rule in RULES.values():
        assert rule.sentence.endswith(".")
        assert rule.instead.endswith(".")


def test_operations_says_of_every_page_who_may_see_it() -> None:
    page = (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")
    section = page.partition("\n### Who may see what\n")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", section, re.MULTILINE)
    said = {(name, needed) for needed, cell in rows for name in _quoted(cell)}

    true = {(page.name, page.capability.value) for page in PAGES}
    assert said == true, (
        f"docs/OPERATIONS.md, 'Who may see what', lacks {sorted(true - said)}, and has {sorted(said - true)}, which"
        " audit/pages.py says otherwise."
    )
    assert {needed for needed, _ in rows} == set(Capability)


def test_operations_says_of_every_role_what_it_gives() -> None:
    page = (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")
    section = page.partition("\n### Who may see what\n")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|$", section, re.MULTILINE)
    said = {role: set(_quoted(cell)) for role, cell in rows}

    assert said == {
        role.value: {str(c) for c in given} for role, given in ROLES.items()
    }


_POSTS: Final = Asking | Checking | Choosing | Acting | Appending | Revealing


def test_who_officers_are_told_is_a_second_person_may_approve() -> None:
    text = (ROOT / "docs" / "CONSOLE.md").read_text()
    rows = re.findall(r"^\| `\w+` \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    told = {role.replace("-", " "): "a second person" in what for role, what in rows}

    assert told.pop("superuser") is False
    assert told == {
        role.label.lower(): Capability.APPROVE in given for role, given in ROLES.items()
    }


def test_every_post_is_a_question_or_an_act_that_is_recorded() -> None:
    for page in OWN:
        assert page.post is None or isinstance(page.post, _POSTS), (
            f"A POST to {page.name} is none of these: say Asking(), Checking(), Choosing(), Revealing(), Appending(), or"
            " Acting(what reads its records back)."
        )
        needs_token = not getattr(_callback(page.name), "csrf_exempt", False)
        assert needs_token == (page.post is not None), page.name
        # what Checking() says of the ledger
        assert not isinstance(page.post, Checking) or page.shows, page.name


def test_pages_stand_in_the_navigation_once() -> None:
    entries = {p.name: p.navigation for p in PAGES if p.navigation is not None}
    own = [one for one in entries.values() if isinstance(one, Navigation)]

    assert len({page.name for page in PAGES}) == len(PAGES)
    assert len({one.key for one in own}) == len({one.label for one in own}) == len(own)
    groups = [one.group for one in own]
    assert groups == sorted(groups, key=groups.index), "A group stands in one piece."
    sprite = (ROOT / "templates/audit/frame/sprite.html").read_text("utf-8")
    assert all(f'id="i-{one.icon}"' in sprite for one in own)
    for name, one in entries.items():
        if isinstance(one, Within):
            assert isinstance(entries.get(one.page), Navigation), name


def test_what_templates_ask_of_the_viewer_are_capabilities() -> None:
    asked = {
        word
        for path in templates()
        for word in re.findall(r'\|may:"(\w*)"', path.read_text("utf-8"))
    }

    assert asked <= set(Capability)


def test_no_line_of_a_template_is_longer_than_it_can_be_read() -> None:
    long = [
        f"{name_of(path)}:{number}"
        for path in templates()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > COLUMNS
    ]

    assert not long, (
        f"{long}: over {COLUMNS} characters. A line may be broken within a tag; a table's rows are columns"
        " (audit/columns/table.py), and what is long by itself is a template of its own."
    )


def test_templates_stand_in_folders_of_the_names_of_the_code() -> None:
    folder = ROOT / "templates" / "audit"
    strays = [
        name_of(path)
        for path in folder.rglob("*.html")
        if not (ROOT / "audit" / path.relative_to(folder).parent).is_dir()
        or path.parent == folder
    ]

    assert not strays, f"{strays}: no folder of this name in audit/."


def test_every_template_is_shown_by_something() -> None:
    folder = ROOT / "templates"
    texts = [*templates(), *python_files("audit")]
    said = "\n".join(path.read_text("utf-8") for path in texts)

    unused = [
        name_of(path)
        for path in (folder / "audit").rglob("*.html")
        if f'"{path.relative_to(folder).as_posix()}"' not in said
    ]
    assert not unused, f"{unused}: no page and no template names it."


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def _callback(name: str) -> Any:
    return next(one.callback for one in addresses() if one.name == name)
