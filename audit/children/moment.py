"""A child as it was: what was known and allowed at a moment, what nobody could know yet, what is another today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.urls import reverse

from audit.access import viewer_of
from audit.children import asked
from audit.children.as_of import FOLDED, as_of
from audit.children.axis import all_facts
from audit.children.cuts import Upto
from audit.children.heads import cut_of_now, known_before, privacy_of
from audit.children.profile import OF_PROFILE, profile_of
from audit.children.timeline import event_of, there
from audit.children.wording import spoken, words_of
from audit.frame.page import Shows
from audit.frame.showing import Step, show
from audit.looking import looks_at, opener_for
from eventstore.errors import KeyStoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from audit.children.as_of import AsOf, Field, Value
    from audit.children.axis import FactRow

MOST_LATE: Final = 50
_GROUPS: Final = (
    ("profile", "Registration"),
    ("consent", "Consents"),
    ("violation", "Open violations"),
    ("hold", "Legal holds"),
    ("erasure", "Erasure"),
)
KEY_STORE_SILENT: Final = "the key store does not answer"


def child_as_of(request: HttpRequest, *, child_id: str) -> HttpResponse:
    """Its address carries the cut: without one, the reader is sent on to where it stands. A POST opens the profile, too.

    1. the moment, the cut, and up to when all is known  2. it is recorded who looks, or opens  3. what was known, opened where that is recorded
    """
    there(child_id)
    zone = asked.zone_in(request.GET)
    at = asked.moment_in(request.GET, zone, viewer_of(request).now)
    cut = request.GET.get("cut")
    if not cut or request.GET.get("at") != asked.written(at):
        return HttpResponseRedirect(
            _address(child_id, at, cut or str(cut_of_now(child_id)))
        )
    upto = Upto.parse(cut)
    opens = request.method == "POST"
    since = known_before()  # asked before what is shown, which then has no less
    looks_at(
        request,
        [child_id],
        f"child.{child_id}",
        kind=Shows.REVEAL if opens else Shows.VIEW,
    )
    facts = all_facts(child_id, FOLDED)
    found = as_of(facts, at, upto)
    context = {
        "erased_today": _erased_today(child_id, facts, found),
        "known_before": since if since is not None and since <= at else None,
        **_shown(request, child_id, found, at, cut),
        **(_profile(request, found, facts, upto) if opens else {}),
    }
    return show(request, "audit/children/as_of.html", context)


def _address(child_id: str, at: datetime, cut: str) -> str:
    query = urlencode({"at": asked.written(at), "cut": cut})
    return f"{reverse('admin:child_as_of', args=[child_id])}?{query}"


def _shown(
    request: HttpRequest, child_id: str, found: AsOf, at: datetime, cut: str
) -> dict[str, Any]:
    own = [fact for fact in found.known if fact.kind in OF_PROFILE]
    before = _before(found)
    return {
        "title": child_id,
        "trail": [
            Step("Children", reverse("admin:children")),
            Step(child_id, reverse("admin:child", args=[child_id])),
        ],
        "here": "As it was",
        "child_id": child_id,
        "at": at,
        "found": found,
        "then": _then(found),
        "groups": [(label, _rows(found.of(name))) for name, label in _GROUPS],
        "late": [
            (fact, words_of(fact), *event_of(fact)) for fact in found.late[:MOST_LATE]
        ],
        "late_left": max(0, len(found.late) - MOST_LATE),
        "masked_facts": len(own),
        "own_address": _address(child_id, at, cut),
        "today": reverse("admin:child_as_of", args=[child_id]),
        "same_today": f"{reverse('admin:child_as_of', args=[child_id])}?{urlencode({'at': asked.written(at)})}",
        "before": before and _address(child_id, before, cut),
        "behind": found.following and _address(child_id, found.following, cut),
    }


def _before(found: AsOf) -> datetime | None:
    """The moment of the fact before the last one that was known."""
    times = sorted({fact.recorded_at for fact in found.known})
    return times[-2] if len(times) > 1 else None


def _rows(fields: Sequence[Field]) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "label": _label(field),
            "then": _said(field.then),
            "happened": _said(field.happened) if field.was_unknown else "",
            "unknown": field.was_unknown,
            "today": _said(field.today),
            "differs": field.differs,
            "set_by": event_of(field.then.set_by) if field.then else ("", ""),
        }
        for field in fields
    ]


def _then(found: AsOf) -> Mapping[str, Any]:
    """What stands above the page: as it was then, whatever has become of it."""
    return {
        "open_violations": len(_known(found, "violation")),
        "holds": _known(found, "hold"),
        "erasures": _known(found, "erasure"),
        "is_registered": bool(_known(found, "profile")),
    }


def _known(found: AsOf, group: str) -> Sequence[Value]:
    then = [field.then for field in found.of(group)]
    return [value for value in then if value is not None and value.counts]


def _erased_today(
    child_id: str, facts: Sequence[FactRow], found: AsOf
) -> Sequence[Value]:
    """How an erasure stands today, where that is not how it stood: the one thing that changes behind a pinned link, for it takes what is shown."""
    then = {value.words for value in _known(found, "erasure")}
    today = privacy_of(child_id, facts)["erasure"]
    return [value for value in today if value.words not in then]


def _label(field: Field) -> str:
    group, *rest = field.name
    if group == "consent":
        parent, scope = rest
        return f"{spoken(scope)}, by {parent}"
    return rest[0] if rest else group


def _said(value: Value | None) -> str:
    return value.words if value is not None else "nothing"


def _profile(
    request: HttpRequest, found: AsOf, facts: Sequence[FactRow], upto: Upto
) -> Mapping[str, Any]:
    within = [fact for fact in facts if fact.position in upto]
    try:
        profile = profile_of(found.known, within, opener_for(request))
    except KeyStoreUnavailable:
        return {"profile_trouble": KEY_STORE_SILENT}
    return {
        "profile": profile,
        "profile_rows": [
            (field, *(event_of(field.set_by) if field.set_by else ("", "")))
            for field in profile.fields
        ],
    }
