"""How an account is called that did something: as events have it, by its number; to itself `you`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from audit.access import Capability, actor_of
from audit.columns.cells import linked
from teddy_es.domain.access import ACTOR

if TYPE_CHECKING:
    from audit.access import Viewer


def person(actor: str | None, viewer: Viewer) -> str:
    """In plain words."""
    if actor is None:
        return "nobody"
    return "you" if actor == actor_of(viewer.user) else actor


def named(actor: str | None, viewer: Viewer) -> str:
    """The same; whoever may see what others looked at gets a link to what this account did, which says its log-in name, too."""
    said = person(actor, viewer)
    if actor is None or said == "you" or not ACTOR.fullmatch(actor):
        return said
    if not viewer.may(Capability.SEE_LEDGER):
        return said
    return linked(said, reverse("admin:ledger_of_officer", args=[actor]))
