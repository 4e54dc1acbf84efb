"""What a household's backend has begun is there at once, though no read model has heard of it; what is another's is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit.households import DETECTED_ALREADY, NOT_ITS_OWN, reach
from audit.people import begun
from eventstore.events import Expected
from teddy_es.domain.child import ChildProfileUpdated
from teddy_es.domain.conversation import ChildSpoke, TeddyReplied
from tests.support.callers import a_caller
from tests.support.families import handle

if TYPE_CHECKING:
    from tests.support.callers import Caller
    from tests.support.families import Families

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHILD, TALK = "child.c-1", "conversation.t-1"
READS = (
    f"/streams/{CHILD}",
    f"/streams/{CHILD}/events",
    f"/streams/{CHILD}/state",
    "/children/c-1",
    "/children/c-1/conversations",
    f"/streams/{TALK}",
    f"/streams/{TALK}/events",
    f"/streams/{TALK}/state",
)
ABOUT = {"child_id": "c-1"}
BEGINS: tuple[tuple[str, str, list[tuple[str, dict[str, Any]]]], ...] = (
    ("parent.p-1", "any", [("ParentRegistered", {"name": "A", "email": "a@b.c"})]),
    (CHILD, "no_stream", [("ChildRegistered", {"parent_id": "p-1", "name": "Mia"})]),
    (
        "parent.p-1",
        "any",
        [("ConsentGranted", {**ABOUT, "scope": "profiling", "policy_version": "1"})],
    ),
    (TALK, "no_stream", [("ConversationStarted", ABOUT)]),
    (TALK, "any", [("ChildSpoke", {**ABOUT, "text": "Hello"})]),
    (
        CHILD,
        "any",
        [
            (
                "SafetyViolationDetected",
                {
                    "violation_id": "v-1",
                    "category": "bullying",
                    "severity": "low",
                    "detector": "rules",
                    "conversation_id": "t-1",
                },
            )
        ],
    ),
    (CHILD, "any", [("ChildProfileUpdated", {"changes": {"name": "Mia M."}})]),
)


def begin(who: Caller) -> list[int]:
    """All of it, one after the other; what was answered."""
    found = []
    for stream, expected, events in BEGINS:
        said = [{"type": kind, "data": data} for kind, data in events]
        body = {"expected_version": expected, "events": said}
        found.append(who.post(f"/streams/{stream}/events", body).status_code)
    return found


def status(answer: Any) -> int:
    if answer.streaming:
        b"".join(answer)
    return int(answer.status_code)


def test_a_family_begins_and_is_read_at_once(families: Families) -> None:
    ours, theirs = (a_caller(p, bound_to=p) for p in ("p-1", "p-2"))

    assert begin(ours) == [201] * len(BEGINS)

    assert {read: status(ours.get(read)) for read in READS} == dict.fromkeys(READS, 200)
    assert {status(theirs.get(read)) for read in READS} == {404}
    [said] = [
        one
        for one in ours.get(f"/streams/{TALK}/events").json()["events"]
        if one["type"] == "ChildSpoke"
    ]
    assert said["data"]["text"] == "Hello"


def test_it_stays_so_when_the_read_models_have_heard(families: Families) -> None:
    ours, theirs = (a_caller(p, bound_to=p) for p in ("p-1", "p-2"))
    begin(ours)
    handle()

    assert {status(ours.get(read)) for read in READS} == {200}
    assert {status(theirs.get(read)) for read in READS} == {404}


def test_a_child_that_was_given_to_another_is_not_the_firsts(
    families: Families,
) -> None:
    families.registers("c-1", "p-1")
    families.registers("c-1", "p-2")

    assert reach("p-1").knows(["c-1"]) == frozenset()
    assert reach("p-2").knows(["c-1"]) == frozenset()  # the read model will tell
    handle()
    assert reach("p-2").knows(["c-1"]) == {"c-1"}


def test_what_began_otherwise_waits_for_the_read_models(families: Families) -> None:
    families.detects("c-1", "v-1")
    families.registers("c-1", "p-1")
    families.registers("c-2", "p-1")
    families.happens("conversation.t-1", ChildSpoke(child_id="c-2", text="Hello"))

    assert reach("p-1").knows(["c-1", "c-2"]) == {"c-2"}
    assert begun.talks_of({"t-1"}, EPOCH) == {}


def test_what_is_old_is_not_looked_at_again(families: Families) -> None:
    """A child that the read models have given to another is not asked of the log, which may say otherwise for as long as it is behind."""
    families.registers("c-1", "p-1")
    handle()
    families.registers("c-1", "p-2")
    handle("children")
    families.talks("t-9", "c-9")  # something waits to be handled

    assert reach("p-1").known_before() is not None
    assert reach("p-1").knows(["c-1"]) == frozenset()


@pytest.mark.parametrize(("most", "found"), [(1, False), (2, False), (3, True)])
def test_a_long_stream_waits_for_the_read_models(
    families: Families, most: int, *, found: bool
) -> None:
    families.talks("t-1", "c-1", "one", "two")
    families.registers("c-1", "p-1")
    for name in ("Ada", "Bo"):
        changed = ChildProfileUpdated(changes={"name": name})
        families.happens("child.c-1", changed)

    assert begun.is_of("t-1", "c-1", most=most) == found
    assert begun.children_of("p-1", {"c-1"}, EPOCH, most=most) == (
        {"c-1"} if found else set()
    )


def test_a_conversation_of_two_children_is_nobodys(families: Families) -> None:
    families.registers("c-1", "p-1")
    families.registers("c-2", "p-1")
    families.talks("t-1", "c-1", "Hello")
    handle("children")
    detected = ("SafetyViolationDetected", {"conversation_id": "t-1"})
    before = reach("p-1").refuses(CHILD, Expected.ANY, [detected])
    families.happens("conversation.t-1", TeddyReplied(child_id="c-2", text="Hi"))

    assert before is None
    assert begun.talks_of({"t-1"}, EPOCH) == {"t-1": "c-1"}
    assert reach("p-1").refuses(CHILD, Expected.ANY, [detected]) == NOT_ITS_OWN


def test_where_nothing_waits_the_log_is_not_asked(families: Families) -> None:
    families.registers("c-1", "p-1")
    families.talks("t-1", "c-1")

    assert begun.children_of("p-1", {"c-1"}, None) == set()
    assert begun.talks_of({"t-1"}, None) == {}


def test_a_violation_in_a_strangers_new_conversation_is_refused(
    families: Families,
) -> None:
    families.registers("c-1", "p-1")
    families.registers("c-2", "p-2")
    handle()
    families.talks("t-2", "c-2", "Hello")

    detected = ("SafetyViolationDetected", {"conversation_id": "t-2"})
    assert reach("p-1").refuses(CHILD, Expected.ANY, [detected]) == NOT_ITS_OWN
    assert reach("p-2").refuses("child.c-2", Expected.ANY, [detected]) is None


@pytest.mark.parametrize("id_", ["", "c 1", "c-1\x00", "c-1.c-1", "x" * 200])
def test_what_can_be_no_id_is_not_asked_about(families: Families, id_: str) -> None:
    families.registers("c-1", "p-1")

    assert begun.children_of("p-1", {id_}, EPOCH) == set()
    assert begun.talks_of({id_}, EPOCH) == {}


def detection(severity: str, *, before: Any = ()) -> dict[str, Any]:
    data = {**BEGINS[5][2][0][1], "severity": severity, "violation_id": "v-2"}
    events = [*before, {"type": "SafetyViolationDetected", "data": data}]
    return {"expected_version": "any", "events": events}


def test_a_violation_is_detected_once_and_told_again_to_who_asks_again(
    families: Families,
) -> None:
    """Nobody has handled anything: the log says what there is."""
    ours = a_caller("p-1", bound_to="p-1")
    begin(ours)
    key, address = "00000000-0000-4000-8000-000000000001", f"/streams/{CHILD}/events"

    first = ours.post(address, detection("critical"), Idempotency_Key=key)
    again = ours.post(address, detection("critical"), Idempotency_Key=key)
    lower = ours.post(address, detection("low"))

    assert [one.status_code for one in (first, again, lower)] == [201, 201, 403]
    assert again.headers["Idempotent-Replayed"] == "true"
    handle()
    known = ours.post(address, detection("low"))
    assert (known.status_code, known.json()["reason"]) == (403, DETECTED_ALREADY)


def test_a_child_that_begins_with_a_violation_is_read_and_gone_on_with(
    families: Families,
) -> None:
    ours = a_caller("p-1", bound_to="p-1")
    [registered] = [{"type": kind, "data": data} for kind, data in BEGINS[1][2]]
    first = detection("critical", before=[registered])
    del first["events"][1]["data"]["conversation_id"]
    lower = detection("low")
    del lower["events"][0]["data"]["conversation_id"]
    changed = {"type": "ChildProfileUpdated", "data": {"changes": {"name": "M"}}}
    address = f"/streams/{CHILD}/events"

    began = ours.post(address, {**first, "expected_version": "no_stream"})
    read = ours.get(f"/streams/{CHILD}")
    goes_on = ours.post(address, {"expected_version": "any", "events": [changed]})

    assert [one.status_code for one in (began, read, goes_on)] == [201, 200, 201]
    assert ours.post(address, lower).status_code == 403
