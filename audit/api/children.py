"""`/children/{id}` and the lists below it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec
from rest_framework.response import Response

from audit.api import descriptions as words
from audit.api.answers import access_seen, conversation_seen, violation_seen
from audit.api.of_person import OfPerson, ReadModel
from audit.api.profiles import profile_of
from audit.people import lists
from eventstore.api.endpoint import NOT_THERE
from eventstore.api.paging import AFTER, LIMIT
from eventstore.api.parameters import Parameter, instant, one_of
from eventstore.api.problems import NotThere
from eventstore.api.scopes import Scope
from eventstore.events import written
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rest_framework.request import Request

    from eventstore.api.described import Described

CONVERSATIONS: Final = ReadModel(
    "conversations", "conversations", "eventstore.conversation"
)
VIOLATIONS: Final = ReadModel("violations", "violations", "eventstore.child")
ACCESSES: Final = ReadModel("accesses", "accesses", "eventstore.access")


class ChildView(OfPerson):
    """`GET`: the child's profile now, or as it was known at a time."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.READ}
    described: ClassVar[Mapping[str, Described]] = {"GET": words.PROFILE}
    known: ClassVar[Mapping[str, Sequence[Parameter]]] = {
        "GET": (
            Parameter(
                "as_of",
                instant,
                "A time, with its zone, that has come: the profile as the log had it then.",
                {"type": "string", "format": "date-time"},
                example="2026-11-23T09:00:00Z",
            ),
        )
    }

    def get(self, _request: Request, child_id: str) -> Response:
        """Recorded before anything is opened. A child that was not there yet at that time is not there."""
        self.refuse_unknown(child_id)
        store, stream_id = get_event_store(), f"child.{child_id}"
        as_of, last = self.asked["as_of"], None
        if as_of is not None:
            last = store.version_as_of(stream_id, as_of)
            if not last:
                raise NotThere(NOT_THERE)
        self.record("view", {child_id}, "profile")
        events = store.read(stream_id, to_version=last, opener=self.opener())
        profile = profile_of(child_id, events)
        if as_of is not None:
            profile = msgspec.structs.replace(profile, as_of=written(as_of))
        return Response(profile)


class ConversationsView(OfPerson):
    """`GET`: the child's conversations, the newest in the log first."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.READ}
    described: ClassVar[Mapping[str, Described]] = {"GET": words.CONVERSATIONS}
    known: ClassVar[Mapping[str, Sequence[Parameter]]] = {"GET": (LIMIT, AFTER)}

    def get(self, request: Request, child_id: str) -> Response:
        """One that names another child, too, is shown to no household."""
        self.refuse_unknown(child_id)
        alone = not self.caller.reach.sees_all
        look = partial(lists.conversations, child_id=child_id, of_it_alone=alone)
        return self.listed(request, CONVERSATIONS, child_id, look, conversation_seen)


class ViolationsView(OfPerson):
    """`GET`: what was found about the child's safety, the newest first."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.READ}
    described: ClassVar[Mapping[str, Described]] = {"GET": words.VIOLATIONS}
    known: ClassVar[Mapping[str, Sequence[Parameter]]] = {"GET": (LIMIT, AFTER)}

    def get(self, request: Request, child_id: str) -> Response:
        """Where each stands; never who decided."""
        self.refuse_unknown(child_id)
        look = partial(lists.violations, child_id=child_id)
        return self.listed(request, VIOLATIONS, child_id, look, violation_seen)


class AccessView(OfPerson):
    """`GET`: when and why somebody looked at the child's data, the newest first. Never who."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.READ}
    described: ClassVar[Mapping[str, Described]] = {"GET": words.ACCESSES}
    known: ClassVar[Mapping[str, Sequence[Parameter]]] = {
        "GET": (
            Parameter(
                "by",
                one_of("officer", "service"),
                "Only looks of staff (officer), or of programs (service), this token's own among them.",
                {"type": "string", "enum": ["officer", "service"]},
                example="officer",
            ),
            LIMIT,
            AFTER,
        )
    }

    def get(self, request: Request, child_id: str) -> Response:
        """This look is in the next answer."""
        self.refuse_unknown(child_id)
        look = partial(lists.accesses, subject=child_id, by=self.asked["by"])
        return self.listed(request, ACCESSES, child_id, look, access_seen)
