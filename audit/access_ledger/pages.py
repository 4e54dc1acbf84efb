"""Who looked at this child; what this person looked at. A look at the ledger is a look, too, and recorded first."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from django.shortcuts import redirect
from django.urls import reverse

from audit.access import actor_of, viewer_of
from audit.access_ledger import columns, filters
from audit.access_ledger.accounts import accounts_of, actor_named
from audit.access_ledger.queries import (
    Counted,
    Look,
    count_at_person,
    is_known,
    looks_at_person,
    looks_of_account,
)
from audit.columns.showing import show_list
from audit.columns.table import Empty, Pager, Panel
from audit.formats import thousands
from audit.frame.refusals import PageRefused
from audit.frame.showing import Step, query_without_cursor, wanted
from audit.looking import looks_at
from eventstore.queries.unhandled import unhandled_since
from teddy_es.domain.access import ACTOR
from teddy_es.domain.fields import is_id

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from audit.access_ledger.queries import Among
    from audit.columns.filters import Filters
    from eventstore.queries.keyset import Page

_FOLLOWED: Final = {"accesses": "eventstore.access"}
_NOBODY_LOOKED: Final = "Nobody looked"
_NOTHING_SEEN: Final = Empty(
    "Nothing was looked at", "No look of this account fits what is asked for."
)


def ledger(request: HttpRequest) -> HttpResponse:
    """The viewer's own looks, and where to ask for others'; a POST leads there, so that only the id of a person or an account, and never a name that is typed, stands in an address."""
    if request.method == "POST":
        return redirect(_asked_for(request))
    return _of_account(request, actor_of(request.user), "Access ledger", is_own=True)


def ledger_of_child(request: HttpRequest, *, child_id: str) -> HttpResponse:
    """Who looked at a child's or a parent's data: when, in which role, for what."""
    _refuse_no_id(child_id)
    viewer = viewer_of(request)
    narrowed = filters.among(request.GET, viewer.now)
    since = unhandled_since(_FOLLOWED)
    listed = looks_at_person(wanted(request), child_id, narrowed)
    if not listed.rows:
        _refuse_unknown(child_id)
    looks_at(request, [child_id], "access-ledger")
    address = reverse("admin:ledger_of_child", args=[child_id])
    table = columns.at_person(accounts_of({row.actor for row in listed.rows}))
    return _shown(
        request,
        f"Who looked at {child_id}",
        _panel(request, listed, table, filters.shown(request.GET, address), _empty()),
        intro=_said(_counted(listed, child_id, narrowed)),
        known_before=since,
    )


def ledger_of_officer(request: HttpRequest, *, actor: str) -> HttpResponse:
    """What one account looked at: its own are everybody's to see, others' take a capability (`may_see_stream`)."""
    if not ACTOR.fullmatch(actor):
        raise PageRefused(
            HTTPStatus.NOT_FOUND, "The ledger has nobody of this name in it."
        )
    is_own = actor == actor_of(request.user)
    account = accounts_of([actor]).get(actor)
    name = f"{account.name} ({actor})" if account else actor
    return _of_account(request, actor, f"What {name} looked at", is_own=is_own)


def _of_account(
    request: HttpRequest, actor: str, title: str, *, is_own: bool
) -> HttpResponse:
    narrowed = filters.among(request.GET, viewer_of(request).now)
    since = unhandled_since(_FOLLOWED)
    listed = looks_of_account(wanted(request), actor, narrowed)
    looks_at(request, {row.subject for row in listed.rows}, f"access.{actor}")
    shown = filters.shown(request.GET, request.path)
    return _shown(
        request,
        title,
        _panel(request, listed, columns.OF_ACCOUNT, shown, _NOTHING_SEEN),
        intro="Your own looks, latest first." if is_own else "Latest first.",
        known_before=since,
    )


def _panel(
    request: HttpRequest, listed: Page[Look], table: Any, shown: Filters, empty: Empty
) -> Panel[Look]:
    return Panel(
        label="Looks",
        table=table,
        rows=listed.rows,
        filters=shown,
        empty=empty,
        pager=Pager(listed, query_without_cursor(request)),
    )


def _shown(
    request: HttpRequest, title: str, panel: Panel[Look], **context: Any
) -> HttpResponse:
    is_first = request.resolver_match is not None and (
        request.resolver_match.url_name == "ledger"
    )
    trail = [] if is_first else [Step("Access ledger", reverse("admin:ledger"))]
    return show_list(
        request,
        title,
        panel,
        template="audit/access_ledger/ledger.html",
        trail=trail,
        **context,
    )


def _asked_for(request: HttpRequest) -> str:
    """Where what was typed leads: a person's id, or an account's log-in name. Raises `PageRefused`."""
    child, account = (
        request.POST.get(name, "").strip()[:200] for name in ("child", "account")
    )
    if child:
        _refuse_no_id(child)
        _refuse_unknown(child)
        return reverse("admin:ledger_of_child", args=[child])
    actor = actor_named(account) if account and "\0" not in account else None
    if actor is None:
        raise PageRefused(
            HTTPStatus.NOT_FOUND,
            "There is no account of this name.",
            "Type a log-in name in full or a number such as officer-2, or the id of a child or a parent.",
        )
    return reverse("admin:ledger_of_officer", args=[actor])


def _refuse_no_id(child_id: str) -> None:
    if not is_id(child_id):
        raise PageRefused(
            HTTPStatus.NOT_FOUND,
            "This is no id of a child or a parent.",
            "An id has up to 100 letters, digits, - and _.",
        )


def _refuse_unknown(child_id: str) -> None:
    """An id that no event knows is nobody's: looking at it is no look at anybody, and is not recorded as one."""
    if not is_known(child_id):
        raise PageRefused(
            HTTPStatus.NOT_FOUND,
            "No child and no parent has exactly this id.",
            "Type the whole id, as it stands on the child’s page. What was recorded a moment ago follows soon.",
        )


def _empty() -> Empty:
    return Empty(_NOBODY_LOOKED, "The ledger has no look at this id that fits.")


def _counted(listed: Page[Look], child_id: str, narrowed: Among) -> Counted:
    """How often; of a list that is shown whole by its rows, for more may be known a moment later."""
    if listed.previous or listed.next:
        return count_at_person(child_id, narrowed)
    return Counted(len(listed.rows), is_more=False)


def _said(counted: Counted) -> str:
    """How often, in words."""
    if counted.is_more:
        return f"More than {thousands(counted.number)} looks, latest first."
    noun = "look" if counted.number == 1 else "looks"
    return f"{thousands(counted.number)} {noun}, latest first."
