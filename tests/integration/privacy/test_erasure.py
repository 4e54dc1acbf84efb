"""An erasure on the real key store: what was said is gone for good, everything else stays and can be verified."""

from __future__ import annotations

import json
from io import StringIO
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from eventstore.errors import (
    LogUnanswered,
    LogUnavailable,
    SubjectErased,
    UnderHold,
)
from eventstore.events import Expected, NewEvent, Withheld
from eventstore.keys.configured import key_store
from eventstore.privacy.configured import (
    certifying,
    deciding,
    destroying,
    erasing,
    holding,
)
from eventstore.privacy.reaching import uncounted
from eventstore.testing.shop import OrderChanged, OrderPlaced
from tests.integration.privacy.conftest import SECRET, begin_anew

if TYPE_CHECKING:
    from tests.integration.privacy.conftest import Shop

WHO = {"request": "r-1", "requested_by": "ada", "approved_by": "bo"}


def run(name: str, *arguments: str) -> Any:
    """A command's answer to programs."""
    out = StringIO()
    call_command(name, *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_what_an_erased_subject_said_is_gone_and_what_others_said_is_not(
    shop: Shop,
) -> None:
    shop.say("c-1", "2026-01")
    shop.say("c-1", "2026-02")
    shop.say("c-2", "2026-01")
    assert shop.heard() == [SECRET] * 3

    erasure, lineage = erasing().erase("c-1", **WHO)

    gone, also_gone, other = shop.heard()
    assert isinstance(gone, Withheld)
    assert (gone.reason, gone.request) == ("erased", "r-1")
    assert also_gone == gone
    assert other == SECRET
    assert (erasure.keys, erasure.events) == (2, 2)
    assert lineage.alive == []
    assert shop.told("c-1").count("CustomerKeyDestroyed") == 2


def test_another_process_hears_nothing_either(shop: Shop) -> None:
    shop.say("c-1")
    erasing().erase("c-1", **WHO)

    begin_anew()

    assert isinstance(shop.heard()[0], Withheld)


def test_about_an_erased_subject_nothing_sensitive_is_written_and_all_else_is(
    shop: Shop,
) -> None:
    shop.say("c-1")
    erasing().erase("c-1", **WHO)

    with pytest.raises(SubjectErased):
        shop.say("c-1", "2026-07")
    stream = f"order_{shop.suffix}.o-1"
    shop.store.append(stream, [NewEvent(OrderChanged(quantity=2))], Expected.ANY)

    assert len(shop.read()) == 2


def test_a_repeat_about_the_erased_is_not_written_where_the_log_does_not_say_what_it_was(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasing().erase("c-1", **WHO)
    said = NewEvent(OrderPlaced(customer_id="c-1", remark=SECRET))

    def silent(*_asked: Any, **_how: Any) -> None:
        raise LogUnanswered("it is away")  # noqa: EM101

    monkeypatch.setattr(shop.store, "outcome", silent)
    with pytest.raises(LogUnavailable, match="it is away"):
        shop.store.append(
            f"order_{shop.suffix}.o-1", [said], Expected.ANY, commit_id=uuid4()
        )

    assert shop.read() == []


def test_an_erasure_of_somebody_of_whom_nothing_is_known_is_kept(shop: Shop) -> None:
    erasure, _ = erasing().erase("c-9", **WHO)

    assert (erasure.keys, erasure.events) == (0, 0)
    with pytest.raises(SubjectErased):
        shop.say("c-9")


def test_a_plan_counts_each_kind_of_place_and_changes_nothing(shop: Shop) -> None:
    shop.say("c-1", "2026-01", "o-1")
    shop.say("c-1", "2026-02", "o-2")
    shop.say("c-2", "2026-02", "o-2")

    plan = erasing().plan("c-1")

    counts = {one.place: one.count for one in plan.report.found}
    assert plan.keys == 2
    assert plan.report.about.streams >= {f"order_{shop.suffix}.o-{n}" for n in (1, 2)}
    assert plan.report.about.sealed == 2
    assert counts["keys_datakey"] == 2
    assert counts["eventstore_parkedstream"] == 0
    assert counts["eventstore_snapshot"] == 0
    assert "eventstore_jobrun" in plan.report.nothing
    assert shop.heard() == [SECRET]


def test_no_place_about_persons_is_left_out() -> None:
    assert uncounted() == set(), (
        "The register has tables or topics about persons that an erasure does not count: COUNTERS in"
        " eventstore/privacy/reaching.py."
    )


def test_the_proof_holds_and_says_what_was_tried(shop: Shop) -> None:
    shop.say("c-1", "2026-01")
    shop.say("c-1", "2026-02")
    erasing().erase("c-1", **WHO)

    [certificate] = certifying().certificates("r-1")

    facts = certificate.facts()
    assert facts["is_complete"]
    assert (facts["keys_minted_in_all"], facts["keys_destroyed_in_all"]) == (2, 2)
    assert (facts["requested_by"], facts["approved_by"]) == ("ada", "bo")
    assert {key["month"] for key in facts["keys"]} == {"2026-01", "2026-02"}
    assert "(35 days)" in facts["backups"]
    assert facts["wrapped_under"]
    assert facts["verified"]["keys_asked"] == 2
    assert facts["verified"]["boxes_tried"] == 2
    assert facts["verified"]["is_verified"]


def test_every_check_passes_behind_an_erasure(shop: Shop) -> None:
    for n in range(5):
        shop.say(f"c-{n % 2}", f"2026-0{n + 1}", f"o-{n}")
    erasing().erase("c-1", **WHO)

    call_command("verify", stdout=StringIO())
    call_command("rebuild_index", stdout=StringIO())
    call_command("verify", stdout=StringIO())

    assert isinstance(shop.heard("o-1")[0], Withheld)
    assert shop.heard("o-0") == [SECRET]


def test_an_append_that_races_with_the_erasure_of_its_subject_is_never_read(
    shop: Shop,
) -> None:
    """Twelve months, so that some are before, some behind; whichever, nothing of it is read."""
    shop.say("c-1", "2025-01")
    written: list[str] = []

    def go_on() -> None:
        try:
            for month in range(1, 13):
                shop.say("c-1", f"2026-{month:02d}", "o-race")
                written.append(str(month))
        except SubjectErased:
            written.append("refused")
        finally:
            connections.close_all()  # this thread's

    racing = Thread(target=go_on)
    racing.start()
    erasing().erase("c-1", **WHO)
    racing.join()
    destroying().finish("c-1")

    assert all(isinstance(one, Withheld) for one in shop.heard("o-race"))
    assert not [row for row in key_store().rows("c-1") if row.destroyed_at is None]
    begin_anew()
    assert all(isinstance(one, Withheld) for one in shop.heard("o-race"))
    lineage = deciding().lineage("c-1")
    assert all(k.minted_at and k.destroyed for k in lineage.keys.values())


def test_under_a_hold_nothing_is_destroyed(shop: Shop) -> None:
    shop.say("c-1")
    holding().place(
        "c-1",
        hold_id="h-1",
        scope="all",
        clause="s.4",
        kind="litigation",
        requested_by="ada",
    )

    with pytest.raises(UnderHold, match=r"s\.4"):
        erasing().erase("c-1", **WHO)

    assert shop.heard() == [SECRET]


# ---- as people ask for it


def test_the_commands_look_erase_and_prove(shop: Shop) -> None:
    shop.say("c-1")

    looked = run("erase_subject", "c-1")
    assert (looked["keys"], looked["is_ordered"]) == (1, False)
    assert shop.heard() == [SECRET]

    order = ["--request", "r-1", "--requested-by", "ada", "--approved-by", "bo"]
    erased = run("erase_subject", "c-1", *order, "--yes")
    again = run("erase_subject", "c-1", *order, "--yes")
    assert erased == again
    assert (erased["keys"], erased["events"]) == (1, 1)
    assert erased["found"]["keys_datakey"] == 1

    [proof] = run("erasure_certificate", "r-1")
    assert proof["verified"]["is_verified"]
    assert run("erase_subject", "c-1")["erased_under"] == "r-1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--request", "r-1", "--yes"], "--requested-by and --approved-by"),
        (
            ["--request", "r-1", "--requested-by", "a", "--approved-by", "A", "--yes"],
            "approves what they asked",
        ),
        (
            ["--request", "r-1", "--requested-by", "a", "--approved-by", "b"],
            "say --yes",
        ),
    ],
)
def test_who_does_not_say_all_of_it_erases_nothing(
    shop: Shop, arguments: list[str], said: str
) -> None:
    shop.say("c-1")

    with pytest.raises(CommandError, match=said):
        call_command("erase_subject", "c-1", *arguments, stdout=StringIO())

    assert shop.heard() == [SECRET]


def test_a_request_that_nobody_made_has_no_proof(shop: Shop) -> None:
    with pytest.raises(CommandError, match="No erasure was ordered under request r-9"):
        call_command("erasure_certificate", "r-9", stdout=StringIO())


def test_text_for_people_names_places_and_counts(shop: Shop) -> None:
    shop.say("c-1")
    out = StringIO()

    call_command("erase_subject", "c-1", stdout=out)
    order = ["--request", "r-1", "--requested-by", "ada", "--approved-by", "bo"]
    call_command("erase_subject", "c-1", *order, "--yes", stdout=out)
    call_command("erasure_certificate", "r-1", stdout=out)

    text = out.getvalue()
    assert "eventstore_parkedstream" in text
    assert "Erased under request r-1: 1 keys are destroyed" in text
    assert "as it must be" in text


def test_holds_are_placed_listed_and_lifted_by_commands(shop: Shop) -> None:
    place = "place c-1 --hold h-1 --kind statutory --clause s.4 --months 2026-01,2026-02 --requested-by ada"

    [placed] = run("hold", *place.split())
    [listed] = run("hold", "list", "c-1")
    lift = "lift c-1 --hold h-1 --requested-by ada --approved-by bo"
    left = run("hold", *lift.split())

    assert placed == listed
    assert (placed["kind"], placed["months"]) == ("statutory", ["2026-01", "2026-02"])
    assert left == []


def test_a_month_that_is_none_is_no_hold(shop: Shop) -> None:
    place = "place c-1 --hold h-1 --kind statutory --clause s.4 --months 2026-13 --requested-by ada"

    with pytest.raises(CommandError, match="2026-11"):
        run("hold", *place.split())

    assert shop.told("c-1") == []


def test_retention_looks_and_destroys_by_a_command(shop: Shop) -> None:
    shop.say("c-1", "2020-01")

    [due] = run("retention")
    [done] = run("retention", "--yes")
    [policy] = run("retention", "--policy")

    assert (due["due"], due["destroyed"]) == (1, 0)
    assert (done["due"], done["destroyed"]) == (1, 1)
    assert policy["period"] == "2 months"
    [expired] = shop.heard()
    assert expired.reason == "expired"
    with pytest.raises(SubjectErased):
        shop.say("c-1", "2020-01")
    shop.say("c-1", "2020-02")
