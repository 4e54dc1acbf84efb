"""Every address of the API that is about a child or a parent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import path

from audit.api.children import (
    AccessView,
    ChildView,
    ConversationsView,
    ViolationsView,
)
from audit.api.exports import ExportView
from audit.api.parents import ConsentsView

if TYPE_CHECKING:
    from django.urls import URLPattern

app_name: Final = "people"
urlpatterns: Final[list[URLPattern]] = [
    path("children/<str:child_id>", ChildView.as_view(), name="child"),
    path(
        "children/<str:child_id>/conversations",
        ConversationsView.as_view(),
        name="conversations",
    ),
    path(
        "children/<str:child_id>/violations",
        ViolationsView.as_view(),
        name="violations",
    ),
    path("children/<str:child_id>/access", AccessView.as_view(), name="access"),
    path("children/<str:child_id>/export", ExportView.as_view(), name="export"),
    path("parents/<str:parent_id>/consents", ConsentsView.as_view(), name="consents"),
]
