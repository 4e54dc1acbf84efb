"""An erasure, a certificate and a policy as people read them in a terminal, and as programs do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from eventstore.management.tables import table
from eventstore.privacy.policy import in_force

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from eventstore.lineage.fold import Erasure, Hold, Lineage
    from eventstore.privacy.erasing import Plan
    from eventstore.privacy.policy import Policy
    from eventstore.privacy.retention import Expiry

_REACHES = {
    "keys": "cannot be opened any more",
    "stays": "stays: nothing of it is sensitive",
    "removed": "is removed",
    "remade": "is dropped, and made anew of what remains",
    "told": "is told by the event of the erasure",
    "expires": "goes by itself",
    "operator": "is for a person to look after",
    "coarsened": "is made coarser",
}


def plan_facts(plan: Plan) -> dict[str, Any]:
    """A plan, for programs."""
    return {
        "keys": plan.keys,
        "streams": len(plan.report.about.streams),
        "events": plan.report.about.events,
        "sealed_events": plan.report.about.sealed,
        "places": [
            {"place": f.place, "what": f.what, "reach": f.reach, "count": f.count}
            for f in plan.report.found
        ],
        "holds_nothing": list(plan.report.nothing),
        "holds": list(plan.holds),
        "unreadable_events": plan.unreadable,
        "is_ordered": plan.is_ordered,
        "erased_under": plan.erased_under,
    }


def plan_text(plan: Plan) -> str:
    """A plan, for people."""
    about = plan.report.about
    rows = [
        (
            found.place,
            "?" if found.count is None else str(found.count),
            _REACHES.get(found.reach, found.reach),
            found.what,
        )
        for found in plan.report.found
    ]
    lines = [
        f"{plan.keys} keys, {len(about.streams)} streams, {about.events} events, {about.sealed} of them sealed under these keys.",
        "",
        table(("place", "count", "an erasure", "what it is"), rows, right={"count"}),
        "",
        f"{len(plan.report.nothing)} further places hold nothing of anybody. A count of ? cannot be had from here.",
    ]
    lines += [f"In the way: {hold}." for hold in plan.holds]
    if plan.unreadable:
        lines.append(
            f"In the way: {plan.unreadable} events of the person's privacy stream cannot be read."
        )
    if plan.is_ordered:
        lines.append(f"Erased already, under request {plan.erased_under}.")
    elif not plan.holds and not plan.unreadable:
        lines.append(
            "Nothing was changed. To erase: --request, --requested-by, --approved-by."
        )
    return "\n".join(lines)


def done(erasure: Erasure, lineage: Lineage, *, as_json: bool) -> str:
    """What an erasure did."""
    facts = {
        "request": erasure.request,
        "completed_at": erasure.at.isoformat(),
        "keys": erasure.keys,
        "events": erasure.events,
        "found": dict(erasure.found),
        "keys_minted": sum(key.minted_at is not None for key in lineage.keys.values()),
        "keys_destroyed": sum(
            key.destroyed is not None for key in lineage.keys.values()
        ),
    }
    if as_json:
        return json.dumps(facts)
    rows = [(place, str(count)) for place, count in sorted(erasure.found.items())]
    return "\n".join(
        (
            f"Erased under request {erasure.request}: {erasure.keys} keys are destroyed, and {erasure.events} events can"
            f" never be opened again. The log says: minted {facts['keys_minted']}, destroyed {facts['keys_destroyed']}.",
            "",
            table(("place", "count"), rows, right={"count"}),
            "",
            f"Other processes forget what they have in memory within 60 s. The proof: erasure_certificate {erasure.request}",
        )
    )


def certificate_text(facts: Mapping[str, Any]) -> str:
    """A certificate, for people."""
    keys = [
        (
            key["id"],
            key["retention_class"],
            key["month"],
            _day(key["minted_at"]),
            _day(key["destroyed_at"]),
        )
        for key in facts["keys"]
    ]
    found = [(place, str(n)) for place, n in sorted((facts["found"] or {}).items())]
    state = "complete" if facts["is_complete"] else "NOT COMPLETE: it is being finished"
    said = f"Certificate of erasure, request {facts['request']}, subject {facts['subject']}: {state}"
    parts = [
        said,
        "\n".join(_said(facts)),
        table(("key", "class", "month", "minted", "destroyed"), keys),
    ]
    if found:
        parts.append(table(("place", "count"), found, right={"count"}))
    return "\n\n".join(parts)


def _said(facts: Mapping[str, Any]) -> list[str]:
    verified = facts["verified"]
    events = facts["events_covered"] if facts["is_complete"] else "-"
    is_so = "as it must be" if verified["is_verified"] else "NOT AS IT MUST BE"
    return [
        f"Method:       {facts['method']}",
        f"Ordered:      {facts['ordered_at']}, requested by {facts['requested_by']}, approved by {facts['approved_by']}",
        f"Completed:    {facts['completed_at'] or '-'}",
        f"Keys:         {facts['keys_destroyed']} destroyed by this request; of all keys of the subject the log says:"
        f" minted {facts['keys_minted_in_all']}, destroyed {facts['keys_destroyed_in_all']}",
        f"Events:       {events} can never be opened again",
        f"Had been in:  {facts['wrapped_copies']}; wrapped by provider {facts['provider'] or '-'},"
        f" under {', '.join(facts['wrapped_under']) or '-'}",
        f"Backups:      {facts['backups']}",
        f"Verified:     {verified['at']}: of {verified['keys_asked']} keys {verified['keys_found']} were found;"
        f" of {verified['boxes_tried']} sealed events {verified['boxes_opened']} opened ({is_so})",
    ]


def policy_facts(
    policies: Mapping[str, Sequence[Policy]], today: date
) -> list[dict[str, Any]]:
    """Every policy there is, for programs."""
    return [
        {
            "class": one.retention_class,
            "in_force": one is in_force(of_class, today),
            "since": one.since.isoformat(),
            "months": one.months,
            "period": one.period,
            "purpose": one.purpose,
            "need": one.need,
            "source": one.source,
        }
        for of_class in policies.values()
        for one in of_class
    ]


def policy_text(facts: Sequence[Mapping[str, Any]]) -> str:
    """The same as a table that a notice can quote."""
    head = ("class", "kept", "from", "purpose", "why so long", "source")
    rows = [
        (
            one["class"],
            one["period"],
            one["since"] if one["in_force"] else f"{one['since']} (not in force)",
            one["purpose"],
            one["need"],
            one["source"],
        )
        for one in facts
    ]
    return table(head, rows)


def expiry_facts(expiries: Sequence[Expiry]) -> list[dict[str, Any]]:
    """What is past its time, for programs."""
    return [
        {
            "class": one.policy.retention_class,
            "before": one.before,
            "due": one.due,
            "destroyed": one.destroyed,
            "held": one.held,
            "months": sorted(one.months),
        }
        for one in expiries
    ]


def expiry_text(facts: Sequence[Mapping[str, Any]]) -> str:
    """The same as a table."""
    head = ("class", "months before", "past their time", "held", "destroyed")
    rows = [
        (
            one["class"],
            one["before"],
            str(one["due"]),
            str(one["held"]),
            str(one["destroyed"]),
        )
        for one in facts
    ]
    return table(head, rows, right={"past their time", "held", "destroyed"})


def hold_facts(hold: Hold) -> dict[str, Any]:
    """A hold, for programs."""
    return {
        "hold": hold.id,
        "months": sorted(hold.months) or "all",
        "clauses": list(hold.clauses),
        "kind": hold.kind,
        "floor": None if hold.floor is None else hold.floor.isoformat(),
        "placed_at": hold.placed_at.isoformat(),
        "placed_by": hold.placed_by,
    }


def _day(instant: str | None) -> str:
    return "-" if instant is None else instant[:10]
