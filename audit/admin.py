"""Accounts: Django's own pages, for superusers only until roles exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import ValidationError
from django.forms import CheckboxSelectMultiple
from knox.models import get_token_model

from audit.access import OPERATE, Capability, may
from eventstore.queries.unseen import unseen

if TYPE_CHECKING:
    from django.http import HttpRequest

    _UserAdmin = UserAdmin[User]
else:
    _UserAdmin = UserAdmin  # generic for the type checker only

# Tokens of service accounts are made and ended by commands, which say so in the log: no page shows or makes one.
admin.site.unregister([User, Group, get_token_model()])


@admin.register(User)
class AccountAdmin(_UserAdmin):
    """Whoever may change accounts can make superusers; so only they may."""

    actions = None
    list_filter = ()
    list_display = ("username", "is_active", "is_staff", "is_superuser", "last_login")
    filter_horizontal = ()
    # No groups, and of the permissions the one that decides something: until roles exist the others would not.
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (
            "What it may do",
            {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")},
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """A box for the one permission."""
        app, _, codename = OPERATE.partition(".")
        kwargs["queryset"] = Permission.objects.filter(
            content_type__app_label=app, codename=codename
        )
        kwargs["widget"] = CheckboxSelectMultiple
        kwargs["help_text"] = (
            "For staff who look after subscriptions: pause, resume, reset, replay, skip. A superuser may anyway."
        )
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """A name stands in reasons and on pages: nothing hides in it."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "username" and field is not None:
            field.validators.append(refuse_unseen)
        return field

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Superusers only."""
        return may(request.user, Capability.MANAGE_ACCOUNTS)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers only."""
        return may(request.user, Capability.MANAGE_ACCOUNTS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Superusers only."""
        return may(request.user, Capability.MANAGE_ACCOUNTS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers only."""
        return may(request.user, Capability.MANAGE_ACCOUNTS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers only."""
        return may(request.user, Capability.MANAGE_ACCOUNTS)


def refuse_unseen(text: str) -> None:
    """Raises `ValidationError`."""
    if hidden := unseen(text):
        msg = f"It holds characters that nobody sees ({', '.join(dict.fromkeys(hidden))}): take them out."
        raise ValidationError(msg)
