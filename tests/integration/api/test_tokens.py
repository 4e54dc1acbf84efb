"""Whose token it is, what ends one, what is counted, and that nothing of it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from axes.models import AccessAttempt, AccessFailureLog
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from knox.models import AuthToken
from prometheus_client import REGISTRY, generate_latest
from structlog.testing import capture_logs

from eventstore.api import accounts, checks
from eventstore.api.scopes import Scope
from eventstore.api.throttles import ScopedByToken
from eventstore.clock import SystemClock
from teddy_es.checks import check_purposes
from tests.support.callers import a_caller
from tests.support.processes import a_process, ordered, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

ABSENT = "/api/v1/streams/child.nobody"
NOBODYS = "teddy_" + "0" * 64
RIGHT: Final = "a good password"
HERE, ELSEWHERE = "203.0.113.7", "198.51.100.9"


@pytest.fixture(autouse=True)
def _store(teddy_store: EventStore, settings: Settings) -> None:
    del teddy_store
    reach = "tests.support.callers.reach"
    settings.EVENTSTORE = {**settings.EVENTSTORE, "REACH": reach}
    settings.AXES_FAILURE_LIMIT = 2
    cache.clear()


def ask(token: str | None, address: str = HERE, where: str = ABSENT) -> Any:
    sent = {} if token is None else {"Authorization": f"Token {token}"}
    return Client(REMOTE_ADDR=address).get(where, headers=sent)


# ---- who it is


def test_who_sends_no_token_is_told_how(settings: Settings) -> None:
    del settings
    answer = ask(None)

    assert answer.status_code == 401
    assert answer.json()["code"] == "not-authenticated"
    assert answer.headers["WWW-Authenticate"] == "Token"
    assert not AccessAttempt.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        *("", "teddy_", "teddy_" + "0" * 63, "teddy_" + "0" * 65, NOBODYS),
        *("TEDDY_" + "0" * 64, "0" * 70, "teddy_" + "G" * 64, f"{NOBODYS} more", "ü"),
    ],
)
def test_whatever_is_no_token_hears_the_same(sent: str) -> None:
    answer = ask(sent.encode().decode("latin-1"))

    assert answer.status_code == 401
    assert answer.json() == ask(NOBODYS, ELSEWHERE).json()
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_an_officers_session_is_no_token(officer: Client) -> None:
    assert officer.get(ABSENT).status_code == 401


def test_a_token_needs_no_cookie_and_gets_none() -> None:
    caller = a_caller()
    client = Client(enforce_csrf_checks=True)

    answer = client.post(
        "/api/v1/streams/child.nobody/events",
        b"{}",
        content_type="application/json",
        headers={"Authorization": f"Token {caller.token}"},
    )

    assert answer.status_code == 422
    assert not answer.cookies


def test_a_user_who_is_no_service_account_has_no_way_in() -> None:
    _, token = AuthToken.objects.create(User.objects.create_superuser("ada"))

    assert ask(token).status_code == 401


# ---- what ends one: the same process sees it by the next request, and so does another


def _disable(name: str) -> object:
    return accounts.switch(name, on=False)


def _end(name: str) -> object:
    past = SystemClock().now() - timedelta(seconds=1)
    return AuthToken.objects.filter(user__username=name).update(expiry=past)


ENDS: dict[str, Callable[[str], object]] = {
    "disabled": _disable,
    "deleted": accounts.delete,
    "rotated": accounts.rotate,
    "revoked": lambda name: accounts.revoke(name, accounts.show(name).tokens[0].prefix),
    "expired": _end,
}


@pytest.fixture
def another() -> Iterator[Callable[[str], int]]:
    """Another process that answers: the status it gives to this token."""
    with a_process("answer_calls") as process:
        yield lambda token: int(
            told(process, "get", token=token, where=ABSENT)["status"]
        )


@pytest.mark.parametrize("end", ENDS)
def test_an_ended_token_is_refused_by_the_next_request_everywhere(
    end: str, another: Callable[[str], int]
) -> None:
    caller, other = a_caller(), a_caller("other")
    assert (ask(caller.token).status_code, another(caller.token)) == (404, 404)

    ENDS[end]("backend")

    assert (ask(caller.token).status_code, another(caller.token)) == (401, 401)
    assert (ask(other.token).status_code, another(other.token)) == (404, 404)


def test_a_narrowed_scope_counts_from_the_next_request_on_everywhere(
    another: Callable[[str], int],
) -> None:
    caller = a_caller()
    assert (ask(caller.token).status_code, another(caller.token)) == (404, 404)

    accounts.change("backend", scopes=[Scope.APPEND])

    assert (ask(caller.token).status_code, another(caller.token)) == (403, 403)
    assert ask(caller.token).json()["scope"] == "streams:read"


def test_a_command_in_another_process_ends_a_token_here() -> None:
    caller = a_caller()
    assert ask(caller.token).status_code == 404

    ordered("service_accounts", "disable", "backend")

    assert ask(caller.token).status_code == 401


# ---- what is counted


def test_tokens_that_are_none_are_counted_by_address_and_a_valid_one_goes_on() -> None:
    caller = a_caller()

    first, second, third = (ask(NOBODYS) for _ in range(3))

    assert [one.status_code for one in (first, second, third)] == [401, 429, 429]
    assert second.json()["code"] == third.json()["code"] == "too-many-requests"
    assert second.headers["Retry-After"] == third.headers["Retry-After"] == "900"
    assert ask(caller.token).status_code == 404
    assert ask(NOBODYS, ELSEWHERE).status_code == 401


def test_failed_tokens_lock_no_officer_out_and_failed_log_ins_no_token() -> None:
    User.objects.create_superuser("ada", password=RIGHT)
    for _ in range(3):
        ask(NOBODYS)
    client = Client(REMOTE_ADDR=HERE)

    form = {"username": "ada", "password": RIGHT}
    logged_in = client.post("/admin/login/", form)
    for _ in range(3):
        Client(REMOTE_ADDR=ELSEWHERE).post("/admin/login/", {**form, "password": "x"})

    assert logged_in.status_code == 302
    assert ask(NOBODYS, ELSEWHERE).status_code == 401


def test_what_was_sent_is_kept_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    hidden = "hidden-" + "5ecret" * 9
    headers = {
        "Authorization": f"Token {hidden}",
        "User-Agent": hidden,
        "Accept": f"*/*, application/{hidden}",
        "Idempotency-Key": hidden,
    }
    with capture_logs() as lines:
        answers = [
            Client(REMOTE_ADDR=HERE).post(
                f"/api/v1/streams/{hidden}/events?token={hidden}",
                {"username": hidden},
                headers=headers,
            )
            for _ in range(3)
        ]

    rows = [*AccessAttempt.objects.values(), *AccessFailureLog.objects.values()]
    assert rows
    assert {row["username"] for row in rows} == {"?api-token"}
    said = [(one.content, dict(one.headers)) for one in answers]
    everything = f"{rows}{lines}{said}{caplog.text}{generate_latest(REGISTRY)!r}"
    assert "Unauthorized: /api/v1/" in caplog.text
    assert "5ecret" not in everything


def test_failed_tokens_are_told_and_counted() -> None:
    def counted(outcome: str) -> float:
        sample = {"outcome": outcome}
        return REGISTRY.get_sample_value("teddy_failed_tokens_total", sample) or 0.0

    before = counted("failed"), counted("locked")
    with capture_logs() as lines:
        for _ in range(3):
            ask(NOBODYS)

    actions = [one["action"] for one in lines if "token" in one.get("action", "")]
    assert actions == ["token-failed", "token-locked", "token-locked"]
    assert (counted("failed"), counted("locked")) == (before[0] + 1, before[1] + 2)
    assert HERE not in str(lines)


def test_a_whole_token_is_in_no_answer_no_line_and_no_figure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caller = a_caller()
    with capture_logs() as lines:
        answers = [
            ask(caller.token),
            ask(caller.token, where=f"{ABSENT}?token={caller.token}"),
            ask(caller.token, where="/api/v1/nowhere"),
            ask(caller.token, where=f"/api/v1/nowhere/{caller.token}"),
            ask(caller.token, where=f"/api/v1/streams/{caller.token}"),
            ask(caller.token, where=f"/nowhere/{caller.token}"),
            ask(caller.token, where=f"/nowhere/%00%C3%BC{caller.token}"),
        ]

    said = [(dict(one.headers), one.content) for one in answers]
    everything = f"{lines}{said}{caplog.text}{generate_latest(REGISTRY)!r}"
    assert "Not Found: (no route)" in caplog.text
    assert caller.token not in everything


# ---- how often


class Still:
    """A clock that stands until it is told."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 30, 12, 0, 59, 500_000, tzinfo=UTC)

    def now(self) -> datetime:
        """See `Clock`."""
        return self.at

    def monotonic(self) -> float:
        """See `Clock`."""
        return self.at.timestamp()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Still:
    """Of all throttles."""
    clock = Still()
    monkeypatch.setattr(ScopedByToken, "clock", clock)
    return clock


def rates(settings: Settings, **given: str) -> None:
    all_ = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], **given}
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "DEFAULT_THROTTLE_RATES": all_,
    }


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_token_has_its_rate(settings: Settings, clock: Still, most: int) -> None:
    rates(settings, read=f"{most}/min")
    caller, other = a_caller(), a_caller("other")

    found = [ask(caller.token) for _ in range(most + 2)]

    assert [one.status_code for one in found] == [404] * most + [429] * 2
    assert found[-1].json()["code"] == "too-many-requests"
    assert found[-1].headers["Retry-After"] == "1"
    assert ask(other.token).status_code == 404
    clock.at += timedelta(seconds=0.5)
    assert ask(caller.token).status_code == 404


def test_two_tokens_of_an_account_have_a_rate_each(
    settings: Settings, clock: Still
) -> None:
    del clock
    rates(settings, read="1/day")
    caller = a_caller()
    _, second = AuthToken.objects.create(caller.account.user)

    assert ask(caller.token).status_code == ask(second).status_code == 404
    assert ask(caller.token).status_code == ask(second).status_code == 429


def test_a_count_that_the_cache_has_forgotten_begins_anew(
    settings: Settings, clock: Still, monkeypatch: pytest.MonkeyPatch
) -> None:
    del clock
    rates(settings, read="1/day")
    caller = a_caller()
    monkeypatch.setattr(cache, "add", lambda *_args, **_kwargs: False)

    assert ask(caller.token).status_code == 404
    assert ask(caller.token).status_code == 429


# ---- checks that ask the database


def test_accounts_that_cannot_be_answered_are_found(settings: Settings) -> None:
    a_caller("all")
    a_caller("bound", bound_to="p-1")
    assert checks.check_accounts(databases=["default"]) == []
    assert check_purposes(databases=["default"]) == []

    settings.EVENTSTORE = {**settings.EVENTSTORE, "REACH": ""}
    a_caller("odd", purpose="curiosity")

    [unbound] = checks.check_accounts(databases=["default"])
    [aimless] = check_purposes(databases=["default"])
    assert (unbound.id, aimless.id) == ("eventstore.E084", "teddy_es.E005")
    assert "odd" in str(aimless.msg)
    for check in (checks.check_accounts, check_purposes):
        assert check(databases=["keys"]) == check(databases=None) == []
