"""A page that is a list, or some: what each shows is declared, `audit/columns/list.html` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audit.frame.showing import show

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from audit.columns.table import Panel

LIST: Final = "audit/columns/list.html"


def show_list(
    request: HttpRequest,
    title: str,
    *panels: Panel[Any],
    intro: str = "",
    template: str = LIST,
    **context: Any,
) -> HttpResponse:
    """The panels, one below the other. template: one that extends `LIST`, for what is no list."""
    return show(
        request,
        template,
        {"title": title, "intro": intro, "panels": panels, **context},
    )
