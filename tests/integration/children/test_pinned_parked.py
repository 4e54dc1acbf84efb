"""What was parked when a link was made lies below the checkpoint that passed it: handled later, it stays out of the link all the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from audit.people.facts import Facts
from teddy_es.domain.privacy import HoldPlaced
from tests.support.families import Families, handle
from tests.support.parking import park, replay
from tests.support.roles import client_as

if TYPE_CHECKING:
    from django.test import Client


@pytest.fixture
def officer(families: Families) -> Client:
    del families
    return client_as("compliance_officer")


@pytest.mark.parametrize("stream", ["child", "parent", "privacy"])
def test_what_was_parked_when_a_link_was_made_stays_out_of_it(
    families: Families, officer: Client, stream: str
) -> None:
    families.registers("c-1", "p-1", language="de")
    families.allows("p-0", "c-1")
    families.happens("privacy.c-1", HoldPlaced(hold_id="h-0", scope="all", clause="c"))
    handle()
    if stream == "child":
        families.detects("c-1", "v-1")
    elif stream == "parent":
        families.allows("p-1", "c-1")
    else:
        hold = HoldPlaced(hold_id="h-1", scope="all", clause="s.4")
        families.happens("privacy.c-1", hold)
    park(Facts)
    address = pinned(officer)
    before = officer.get(address).text

    replay(Facts)
    after = officer.get(address).text

    assert "Not whole" in before
    assert "Not whole" not in after
    assert body(after) == body(before)
    said = " ".join(after.split())
    assert "1 more fact has been recorded since this link was made" in said
    assert "1 of them by this moment, though not yet handled then" in said
    now = officer.get(pinned(officer)).text
    assert "more fact" not in now
    assert body(now) != body(before)


def test_what_is_parked_of_another_child_takes_nothing_from_a_link(
    families: Families, officer: Client
) -> None:
    families.detects("c-2", "v-2")
    park(Facts)
    for n in range(9):  # wherever the other one's stream lies
        families.registers(f"c-1{n}", "p-1")
    handle()

    for n in range(9):
        address = officer.get(f"/admin/children/c-1{n}/as-of/").headers["Location"]
        assert "more fact" not in officer.get(address).text


def pinned(client: Client) -> str:
    answer = client.get("/admin/children/c-1/as-of/")
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def body(text: str) -> str:
    shown = text.partition('<div class="cols wide-side">')[2].partition("</main>")[0]
    assert shown
    return re.sub(r'csrfmiddlewaretoken" value="[^"]*"|at=[^"&]*|cut=[^"]*', "", shown)
