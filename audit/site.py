"""The console's own admin site: Django's for accounts, the pages of the list for everything that the log holds.

The store's tables are not registered as models, so there is no stock page that could add, change or delete a row.
"""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path

from audit.access import Capability, may, standing_of, viewer_of
from audit.frame.answering import answering, refuse_without
from audit.frame.leading import leads_somewhere
from audit.frame.navigation import menu
from audit.frame.page import Page
from audit.frame.refusals import PageRefused, framed
from audit.models import Standing
from audit.pages import PAGES
from audit.sessions import why_ended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse
    from django.template.response import TemplateResponse

    from audit.frame.page import Listed, View

_STILL_OPEN: Final = frozenset({"password_change", "logout"})


class AuditAdminSite(AdminSite):
    """What `admin.site` is in this project."""

    site_header = "Teddy ES Audit"
    site_title = "Teddy ES audit console"
    index_title = "Today"
    site_url = None
    pages: Sequence[Listed] = PAGES

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The console's pages, then those of Django's that none of them takes the place of."""
        own = {page.name: page for page in self.pages if isinstance(page, Page)}
        return [
            *(
                path(page.route, self.admin_view(answering(page)), name=name)
                for name, page in own.items()
            ),
            *(u for u in super().get_urls() if getattr(u, "name", None) not in own),
        ]

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]  # noqa: FBT001, FBT002  (Django's)
        """Every page, the console's and Django's own, in the frame: no view has to remember it."""
        return super().admin_view(framed(_own_password_first(view)), cacheable)

    def has_permission(self, request: HttpRequest) -> bool:
        """Who may enter; the others are sent to the login."""
        return may(request.user, Capability.ENTER)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's; who would be sent on to where nothing is goes to the overview."""
        for method in ("GET", "POST"):
            query = getattr(request, method)
            if not leads_somewhere(query.get(REDIRECT_FIELD_NAME, "")):
                kept = query.copy()
                kept.pop(REDIRECT_FIELD_NAME, None)
                setattr(request, method, kept)
        said = {**(extra_context or {}), "ended": why_ended(request)}
        return framed(super().login)(request, said)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Django's; from then on nobody knows it but whose it is. The one that somebody else set is not taken again."""
        typed = request.POST
        is_the_same = typed.get("old_password") == typed.get("new_password1")
        if standing_of(request.user).must_change_password and typed and is_the_same:
            raise PageRefused(
                HTTPStatus.BAD_REQUEST,
                "Somebody else knows this password: they have set it.",
                "Go back and choose another one.",
            )
        answer = super().password_change(request, extra_context)
        if typed and answer.status_code == HTTPStatus.FOUND:
            name = request.user.get_username()
            mine = Standing.objects.filter(user__username=name)
            mine.update(must_change_password=False)
        return answer

    def logout(  # type: ignore[override]  # a refusal is an answer too
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's, which answers nothing but a POST: a GET, as of an old bookmark, changes nothing here."""
        if request.method in {"GET", "HEAD"}:
            return redirect("admin:index")
        return super().logout(request, extra_context)

    def app_index(  # type: ignore[override]  # a refusal is an answer too
        self,
        request: HttpRequest,
        app_label: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Where Django's breadcrumbs lead to: there is one table of it for people, and its list is the page."""
        refuse_without(request, Capability.MANAGE_ACCOUNTS)
        return redirect("admin:auth_user_changelist")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page's frame shows."""
        match = request.resolver_match
        viewer = viewer_of(request)
        return {
            **super().each_context(request),
            "viewer": viewer,
            "menu": menu(self.pages, viewer, (match and match.url_name) or ""),
            "rendered_at": viewer.now.replace(microsecond=0),
        }


def _own_password_first(view: View) -> View:
    """No page for an account whose password somebody else set, before it has one of its own."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        match = request.resolver_match
        is_open = match is not None and match.url_name in _STILL_OPEN
        if not is_open and standing_of(request.user).must_change_password:
            return redirect("admin:password_change")
        return view(request, *args, **kwargs)

    return asked
