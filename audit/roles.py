"""The roles, and what each gives. `manage.py migrate` makes them as groups; docs/OPERATIONS.md shows them as a table."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from django.db import DEFAULT_DB_ALIAS, router

from audit.access import Capability

if TYPE_CHECKING:
    from collections.abc import Mapping

_C = Capability


class Role(StrEnum):
    """The names of the groups."""

    COMPLIANCE_OFFICER = "compliance_officer"
    REVIEWER = "reviewer"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    EXTERNAL_AUDITOR = "external_auditor"
    OPERATOR = "operator"
    CHILD_SAFETY_RESPONDER = "child_safety_responder"

    @property
    def label(self) -> str:
        """As it is said."""
        return self.value.replace("_", " ").capitalize()


_SEES: Final = frozenset({_C.SEE_CHILDREN, _C.SEE_PAYLOADS})

ROLES: Final[Mapping[Role, frozenset[Capability]]] = {
    Role.COMPLIANCE_OFFICER: _SEES
    | {_C.REVEAL, _C.DECIDE, _C.APPROVE, _C.SEE_LEDGER, _C.EXPORT, _C.PLACE_HOLDS},
    Role.REVIEWER: frozenset({_C.SEE_CHILDREN, _C.REVEAL, _C.DECIDE}),
    Role.DATA_PROTECTION_OFFICER: _SEES
    | {_C.APPROVE, _C.SEE_LEDGER, _C.EXPORT, _C.PLACE_HOLDS, _C.REQUEST_ERASURE},
    Role.EXTERNAL_AUDITOR: _SEES | {_C.SEE_LEDGER},
    Role.OPERATOR: frozenset({_C.OPERATE}),
    Role.CHILD_SAFETY_RESPONDER: frozenset(
        {_C.SEE_CHILDREN, _C.REVEAL, _C.DECIDE, _C.APPROVE}
    ),
}


def make_roles(using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Make each group, with exactly the permissions of its role. Whatever else there is of groups stays."""
    from django.contrib.auth.models import Group, Permission

    if not router.allow_migrate_model(using, Group):
        return  # the key store's database has no accounts
    known = {
        one.codename: one
        for one in Permission.objects.filter(content_type__app_label="audit")
    }
    for role, given in ROLES.items():
        group, _made = Group.objects.get_or_create(name=role.value)
        group.permissions.set(known[one.value] for one in given)
