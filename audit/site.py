"""The console's own admin site: Django's for accounts, pages of its own for everything that the log holds.

The store's tables are not registered as models, so there is no stock page that could add, change or delete a row.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.shortcuts import redirect
from django.urls import Resolver404, URLPattern, URLResolver, path, resolve
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt

from audit.pages import (
    events,
    find,
    jobs,
    overview,
    streams,
    subscription_acts,
    subscriptions,
)
from audit.pages.frame import Refused, framed
from audit.sealing import DEVELOPMENT_DATA
from eventstore.clock import SystemClock

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from audit.pages.frame import View


_EVENT = "events/<str:topic>/<int:partition>/<int:offset>/<int:index>/"
_PAGES = {
    "streams": ("streams/", streams.streams),
    "stream": ("streams/<str:stream_id>/", streams.stream),
    "events": ("events/", events.events),
    "event": (_EVENT, events.event),
    "find": ("find/", find.find),
    "jobs": ("jobs/", jobs.jobs),
    "subscriptions": ("subscriptions/", subscriptions.subscriptions),
    "subscription": ("subscriptions/<str:name>/", subscriptions.subscription),
    "subscription_act": (
        "subscriptions/<str:name>/<str:act>/",
        subscription_acts.act,
    ),
}
_NOWHERE: Final = {None, "login", "logout"}  # None: what the site has no page at


class AuditAdminSite(AdminSite):
    """What `admin.site` is in this project."""

    site_header = "Teddy ES Audit"
    site_title = "Teddy ES audit console"
    index_title = "Overview"
    site_url = None

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The console's pages, then Django's own."""
        pages = [
            path(route, self.admin_view(view), name=name)
            for name, (route, view) in _PAGES.items()
        ]
        return [*pages, *super().get_urls()]

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]  # noqa: FBT001, FBT002  (Django's)
        """Every page, the console's and Django's own, in the frame: no view has to remember it."""
        return super().admin_view(framed(view), cacheable)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's; who would be sent on to where nothing is goes to the overview."""
        for given in ("GET", "POST"):
            query = getattr(request, given)
            if not _leads_somewhere(query.get(REDIRECT_FIELD_NAME, "")):
                kept = query.copy()
                kept.pop(REDIRECT_FIELD_NAME, None)
                setattr(request, given, kept)
        return framed(super().login)(request, extra_context)

    def logout(  # type: ignore[override]  # a refusal is an answer too
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's, which answers nothing but a POST: a GET, as of an old bookmark, changes nothing here."""
        if request.method in {"GET", "HEAD"}:
            return redirect("admin:index")
        return super().logout(request, extra_context)

    def app_index(  # type: ignore[override]  # as `index`
        self,
        request: HttpRequest,
        app_label: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Where Django's breadcrumbs lead to: there is one table of it for people, and its list is the page."""
        for app in self.get_app_list(request, app_label):
            for model in app["models"]:
                return redirect(model["admin_url"])
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "These pages are for superusers.",
            "Ask one of them for what you need.",
        )

    @method_decorator(csrf_exempt)  # as every page that changes nothing: see `page`
    def index(  # type: ignore[override]  # a refusal is an answer too
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The overview instead of a list of models."""
        return overview.overview(request)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page's frame shows."""
        match = request.resolver_match
        return {
            **super().each_context(request),
            "page": match.url_name if match else "",
            "development_data": DEVELOPMENT_DATA,
            "rendered_at": SystemClock().now(),
        }


def _leads_somewhere(target: str) -> bool:
    """Whether a page of ours is there. An address of another host is Django's to refuse, and leads nowhere either."""
    try:
        parts = urlsplit(target)
        there = resolve(parts.path)
    except (ValueError, Resolver404):
        return False
    return not (parts.scheme or parts.netloc) and there.url_name not in _NOWHERE
