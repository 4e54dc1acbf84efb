"""Times stand in UTC and by the clocks that somebody has chosen; the choice is the session's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from tests.plugins.mirrored import Mirrored

ADDRESS = "/admin/time-zone/"


def test_it_is_utc_until_another_is_chosen(officer: Client, mirrored: Mirrored) -> None:
    mirrored.commit()

    before = officer.get("/admin/").text
    officer.post(ADDRESS, {"zone": "Asia/Tokyo"})
    after = officer.get("/admin/").text

    assert "Tokyo" not in before
    assert "Tokyo +09:00" in after
    assert "My time zone: </span>Asia/Tokyo" in after


def test_one_goes_back_to_where_one_was(officer: Client, mirrored: Mirrored) -> None:
    wanted = "/admin/events/?type=ChildSpoke"

    form = officer.get(ADDRESS, {"next": wanted})
    answer = officer.post(ADDRESS, {"zone": "UTC", "next": wanted})

    assert 'name="next" value="/admin/events/?type=ChildSpoke"' in form.text
    assert answer.headers["Location"] == wanted


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:1", "/no/such", ""])  # fmt: skip
def test_another_address_is_not_gone_to(
    officer: Client, mirrored: Mirrored, target: str
) -> None:
    answer = officer.post(ADDRESS, {"zone": "UTC", "next": target})

    assert answer.headers["Location"] == ADDRESS
    assert 'name="next" value=""' in officer.get(ADDRESS, {"next": target}).text


@pytest.mark.parametrize(
    "zone", ["", "Mars/Base", "../../etc/passwd", "<b>", "a" * 9999]
)
def test_what_is_no_zone_is_refused_and_changes_nothing(
    officer: Client, mirrored: Mirrored, zone: str
) -> None:
    officer.post(ADDRESS, {"zone": "Asia/Tokyo"})

    answer = officer.post(ADDRESS, {"zone": zone})

    assert answer.status_code == 400
    assert "There is no such time zone." in answer.text
    assert "Tokyo" in officer.get(ADDRESS).text


def test_a_zone_that_is_known_no_more_is_utc(
    officer: Client, mirrored: Mirrored
) -> None:
    session = officer.session
    session["zone"] = "Europe/Atlantis"
    session.save()

    assert "<option selected>UTC</option>" in officer.get(ADDRESS).text


def test_the_choice_is_of_one_session(
    officer: Client, staff: Client, mirrored: Mirrored
) -> None:
    officer.post(ADDRESS, {"zone": "Asia/Tokyo"})

    assert "Tokyo" not in staff.get("/admin/").text
