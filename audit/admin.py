"""Accounts: Django's own pages, for superusers only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import CheckboxSelectMultiple, Media
from knox.models import get_token_model

from audit.access import Capability, may
from audit.models import Standing
from eventstore.queries.unseen import unseen

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    _UserAdmin = UserAdmin[User]
    _StandingInline = admin.StackedInline[Standing, User]
else:
    _StandingInline = admin.StackedInline
    _UserAdmin = UserAdmin  # generic for the type checker only

_log = structlog.get_logger(__name__)
_GIVEN: Final = ("is_active", "is_staff", "is_superuser", "groups")


# Tokens of service accounts are made and ended by commands, which say so in the log: no page shows or makes one.
admin.site.unregister([User, Group, get_token_model()])


class EndOfTime(_StandingInline):
    """Until when the account may anything. Nobody prolongs their own."""

    model = Standing
    fields = ("ends_at",)
    can_delete = False
    verbose_name_plural = "Until when"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers only."""
        return may(request.user, Capability.MANAGE_ACCOUNTS)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers only, and not for themselves."""
        return self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers only, and not for themselves."""
        is_own = obj is not None and obj.pk == request.user.pk
        return may(request.user, Capability.MANAGE_ACCOUNTS) and not is_own


@admin.register(User)
class AccountAdmin(_UserAdmin):
    """Whoever may change accounts can make superusers; so only they may."""

    actions = None
    inlines = (EndOfTime,)
    list_filter = ()
    list_display = ("username", "is_active", "is_staff", "is_superuser", "last_login")
    filter_horizontal = ()
    # Roles decide; permissions of one's own decide nothing, so there is no box for them.
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (
            "What it may do",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups")},
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def get_readonly_fields(
        self, request: HttpRequest, obj: User | None = None
    ) -> tuple[str, ...]:
        """Nobody gives themself a role: another person does."""
        is_own = obj is not None and obj.pk == request.user.pk
        return (*self.readonly_fields, *(_GIVEN if is_own else ()))

    @property
    def media(self) -> Media:
        """Nothing: there are no actions and no filters here, for which Django would bring jQuery along."""
        return Media()

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        """Not before there is an account."""
        return () if obj is None else self.inlines

    def save_model(
        self,
        request: HttpRequest,
        obj: User,
        form: Any,
        change: bool,  # noqa: FBT001  (Django's)
    ) -> None:
        """Whoever makes an account knows its first password: whose it is changes it before anything else."""
        super().save_model(request, obj, form, change)
        if not change:
            _must_change(obj)

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002  (Django's)
        form_url: str = "",
    ) -> HttpResponse:
        """The same for one that is set anew, unless it is one's own."""
        with transaction.atomic():
            before = _password(id)
            answer = super().user_change_password(request, id, form_url)
            if _password(id) != before and id != str(request.user.pk):
                _must_change(User.objects.get(pk=id))
        return answer

    def save_related(
        self,
        request: HttpRequest,
        form: Any,
        formsets: Any,
        change: bool,  # noqa: FBT001  (Django's)
    ) -> None:
        """Which roles were given or taken stands in the account's history and in the log."""
        user = form.instance
        before = _roles(user)
        super().save_related(request, form, formsets, change)
        after = _roles(user)
        if before != after:
            told = {"before": before, "after": after}
            self.log_change(
                request,
                user,
                f"Roles: {', '.join(after) or 'none'}; before: {', '.join(before) or 'none'}.",
            )
            _log.info(
                "an account's roles were changed",
                action="account-roles-changed",
                account=user.pk,
                by=request.user.pk,
                **told,
            )

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """A box for each role."""
        kwargs["queryset"] = Group.objects.order_by("name")
        kwargs["widget"] = CheckboxSelectMultiple
        kwargs["help_text"] = "What each role gives: docs/OPERATIONS.md."
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


def _password(id_: str) -> str | None:
    """As it is kept. None for what is no account: Django says so."""
    found = User.objects.filter(pk=id_) if id_.isdecimal() else User.objects.none()
    return found.values_list("password", flat=True).first()


def _must_change(user: User) -> None:
    Standing.objects.update_or_create(
        user=user, defaults={"must_change_password": True}
    )


def _roles(user: User) -> list[str]:
    return sorted(user.groups.values_list("name", flat=True))


def refuse_unseen(text: str) -> None:
    """Raises `ValidationError`."""
    if hidden := unseen(text):
        msg = f"It holds characters that nobody sees ({', '.join(dict.fromkeys(hidden))}): take them out."
        raise ValidationError(msg)
