"""What happens at home: accounts are opened, things are allowed and forbidden again, a child grows and changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from teddy_es.demo.chats import POLICIES
from teddy_es.demo.scribe import Told
from teddy_es.domain.child import ChildProfileUpdated, ChildRegistered
from teddy_es.domain.parent import (
    ConsentGranted,
    ConsentWithdrawn,
    ErasureRequested,
    ParentRegistered,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from teddy_es.demo.people import Family, Kid
    from teddy_es.domain.parent import Scope

_LIKELY: Final[dict[Scope, float]] = {
    "conversation": 1.0,
    "voice_recording": 0.6,
    "profiling": 0.4,
    "third_party": 0.15,
}
_CHANGES: Final[tuple[dict[str, str | None], ...]] = (
    {"favourite_animal": "hedgehog"},
    {"favourite_animal": "duck", "bedtime": "19:30"},
    {"bedtime": "20:00"},
    {"allergy": "peanuts"},
    {"favourite_animal": None},
    {"school": "starts in September"},
    {"shy_of": "thunder"},
)
_NEW_POLICY: Final = 0.5  # of the time that a family has been here


def parent_told(
    rng: Random, family: Family, joined: datetime, now: datetime
) -> Iterator[Told]:
    """The parent's own stream, but for an erasure."""
    opened = ParentRegistered(name=family.name, email=family.email)
    yield Told(opened, joined, "registered")
    for kid in family.kids:
        yield from _consents(rng, kid, joined, now)


def child_told(
    rng: Random, family: Family, kid: Kid, joined: datetime, now: datetime
) -> Iterator[Told]:
    """A child's stream, but for what is found about its safety."""
    registered = ChildRegistered(
        parent_id=family.parent_id,
        name=kid.name,
        birth_date=kid.born,
        language=kid.language,
    )
    yield Told(registered, joined + timedelta(minutes=6), "registered")
    for nth, changes in enumerate(rng.sample(_CHANGES, rng.randint(0, 3))):
        at = joined + (now - joined) * rng.uniform(0.05, 0.98)
        yield Told(ChildProfileUpdated(changes=changes), at, f"changed/{nth}")


def forgotten(kid: Kid, at: datetime) -> Told:
    """The parent asks that it be forgotten."""
    wish = "We have moved away and given the bear to a friend."
    asked = ErasureRequested(child_id=kid.child_id, reason=wish)
    return Told(asked, at, f"{kid.child_id}/forget")


def _consents(rng: Random, kid: Kid, joined: datetime, now: datetime) -> Iterator[Told]:
    """Granted at the beginning; some taken back, some given anew under the next policy."""
    at = joined + timedelta(minutes=9)
    for scope, likely in _LIKELY.items():
        if rng.random() >= likely:
            continue
        label = f"{kid.child_id}/{scope}"
        about: dict[str, Any] = {"child_id": kid.child_id, "scope": scope}
        granted = ConsentGranted(**about, policy_version=POLICIES[0])
        yield Told(granted, at, label)
        later = joined + (now - joined) * rng.uniform(_NEW_POLICY, 0.95)
        if scope != "conversation" and rng.random() < 0.3:
            yield Told(ConsentWithdrawn(**about), later, f"{label}/back")
        elif rng.random() < 0.6:
            anew = ConsentGranted(**about, policy_version=POLICIES[1])
            yield Told(anew, later, f"{label}/anew")
