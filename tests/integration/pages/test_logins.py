"""A log-in that succeeds or fails leaves a line, a figure and a row; who fails too often is locked out, and nobody else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from teddy_es import passwords
from teddy_es.passwords import Doors, Gate
from tests.integration.pages.test_pages_policy import hold_to_policy

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

RIGHT: Final = "a good password"
HERE, ELSEWHERE = "203.0.113.7", "198.51.100.9"


@pytest.fixture(autouse=True)
def officer_ada(db: None, settings: Settings) -> User:
    settings.AXES_FAILURE_LIMIT = 2
    return User.objects.create_superuser("ada", password=RIGHT)


def log_in(name: str, password: str, address: str = HERE) -> Any:
    form = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post("/admin/login/", form)


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("teddy_logins_total", {"outcome": outcome}) or 0.0


def test_a_log_in_is_told_counted_and_recorded(officer_ada: User) -> None:
    before = counted("succeeded")

    with capture_logs() as lines:
        answer = log_in("ada", RIGHT)

    assert answer.status_code == 302
    [line] = [one for one in lines if one.get("action") == "login-succeeded"]
    assert line["account"] == officer_ada.pk
    assert counted("succeeded") == before + 1
    [row] = AccessLog.objects.all()
    assert (row.username, row.ip_address) == ("ada", HERE)


def test_one_that_fails_is_told_counted_and_recorded(officer_ada: User) -> None:
    before = counted("failed")

    with capture_logs() as lines:
        answer = log_in("ada", "wrong")

    assert answer.status_code == 200
    [line] = [one for one in lines if one.get("action") == "login-failed"]
    assert line["account"] == officer_ada.pk
    assert counted("failed") == before + 1
    [row] = AccessFailureLog.objects.all()
    assert (row.username, row.ip_address, row.locked_out) == ("ada", HERE, False)


def test_what_is_no_account_may_be_a_password_and_is_written_nowhere(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with capture_logs() as lines:
        log_in("hunter2-secret", "also-a-secret")
        log_in("hunter2-secret", "also-a-secret")
        log_in("Hunter2-secret", "also-a-secret")

    told = [one for one in lines if one.get("action", "").startswith("login-")]
    assert [one["account"] for one in told] == [None] * 3
    assert told[0]["attempted"] == told[1]["attempted"] != told[2]["attempted"]
    rows = [*AccessAttempt.objects.values(), *AccessFailureLog.objects.values()]
    assert all(re.fullmatch(r"\?[0-9a-f]{16}", row["username"]) for row in rows)
    everything = f"{lines}{rows}{capfd.readouterr()}"
    assert "secret" not in everything.replace("capture", "")
    assert HERE not in str(lines)


def test_who_fails_too_often_is_locked_out_here_and_not_elsewhere() -> None:
    log_in("ada", "wrong")
    with capture_logs() as lines:
        at_the_limit = log_in("ada", "wrong")
        even_with_the_right_one = log_in("ada", RIGHT)

    for answer in (at_the_limit, even_with_the_right_one):
        assert answer.status_code == 429
        assert "Too many log-ins" in answer.text
        assert answer.headers["Retry-After"] == "900"
        assert "ada" not in answer.text
        hold_to_policy(answer)
    actions = [one["action"] for one in lines if "action" in one]
    assert actions == ["login-locked", "login-locked"]
    assert log_in("ada", RIGHT, ELSEWHERE).status_code == 302


def test_who_is_locked_out_costs_no_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    log_in("ada", "wrong")
    log_in("ada", "wrong")
    monkeypatch.setattr(passwords, "gate", Gate(at_once=0, waiting=0, patience_s=0))

    assert log_in("ada", RIGHT).status_code == 429


def test_the_answer_does_not_say_whether_there_is_such_an_account() -> None:
    for name in ("ada", "nobody"):
        log_in(name, "wrong")

    there, not_there = log_in("ada", "wrong"), log_in("nobody", "wrong")

    assert there.status_code == not_there.status_code == 429
    said = [re.sub(r"[0-9T:-]{8,}", "", one.text) for one in (there, not_there)]
    assert said[0] == said[1]


def test_a_log_in_that_succeeds_forgets_the_failures_before_it() -> None:
    log_in("ada", "wrong")
    log_in("ada", RIGHT)

    assert log_in("ada", "wrong").status_code == 200


def test_the_command_of_the_docs_lifts_it() -> None:
    log_in("ada", "wrong")
    log_in("ada", "wrong")

    call_command("axes_reset_username", "ada")

    assert log_in("ada", RIGHT).status_code == 302


def test_what_a_client_says_of_its_address_counts_for_nothing(
    settings: Settings,
) -> None:
    settings.TEDDY_TRUSTED_PROXIES = ["10.1.0.2"]
    form = {"username": "ada", "password": "wrong"}
    for n in range(3):
        client = Client(REMOTE_ADDR=HERE, HTTP_X_FORWARDED_FOR=f"192.0.2.{n}")
        answer = client.post("/admin/login/", form)

    assert answer.status_code == 429
    [row] = AccessAttempt.objects.all()
    assert row.ip_address == HERE


def test_the_address_behind_a_trusted_proxy_counts(settings: Settings) -> None:
    settings.TEDDY_TRUSTED_PROXIES = ["10.1.0.2"]
    form = {"username": "ada", "password": "wrong"}
    for n in range(2):
        client = Client(REMOTE_ADDR="10.1.0.2", HTTP_X_FORWARDED_FOR=f"192.0.2.{n}")
        assert client.post("/admin/login/", form).status_code == 200


@pytest.mark.parametrize("full", ["gate", "doors"])
def test_so_many_log_ins_at_once_are_refused_and_pages_go_on(
    monkeypatch: pytest.MonkeyPatch, officer_ada: User, full: str
) -> None:
    nobody: Any = Gate(at_once=0, waiting=0, patience_s=0)
    monkeypatch.setattr(passwords, full, nobody if full == "gate" else Doors(each=0))

    answer = log_in("ada", RIGHT)
    inside = Client()
    inside.force_login(officer_ada)

    assert answer.status_code == 503
    assert "did not check your log-in" in answer.text
    hold_to_policy(answer)
    assert not AccessFailureLog.objects.exists()
    assert inside.get("/admin/auth/user/").status_code == 200


def test_a_change_of_password_is_refused_kindly_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client()
    client.force_login(User.objects.get())
    monkeypatch.setattr(passwords, "gate", Gate(at_once=0, waiting=0, patience_s=0))

    answer = client.post("/admin/password_change/", {"old_password": RIGHT})

    assert answer.status_code == 503
    assert "did not check your log-in" in answer.text
