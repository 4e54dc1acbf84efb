"""The commands about service accounts: a token is shown once and kept nowhere, and every change is one of the next request."""

from __future__ import annotations

import argparse
import json
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from knox.models import AuthToken
from structlog.testing import capture_logs

from eventstore.api import accounts
from eventstore.api.models import ServiceAccount
from eventstore.api.scopes import Scope
from eventstore.api.tokens import caller_of
from eventstore.clock import SystemClock
from teddy_es.domain.access import PURPOSES
from teddy_es.management.service_accounts import account_name

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db

MAY = ("--scopes", "streams:read,pii:read", "--purpose", "parent_request")
BOUND = (*MAY, "--household", "parent-1")


@pytest.fixture(autouse=True)
def _somebody_knows_households(settings: Settings) -> None:
    reach = "tests.support.callers.reach"
    settings.EVENTSTORE = {**settings.EVENTSTORE, "REACH": reach}


def said(command: str, *words: str) -> str:
    out = StringIO()
    call_command(command, *words, stdout=out)
    return out.getvalue()


def made(name: str = "backend", *words: str) -> str:
    """The token."""
    text = said("create_service_account", name, *(words or BOUND), "--json")
    token: str = json.loads(text)["token"]
    return token


def shown(name: str = "backend") -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(said("service_accounts", "show", name, "--json"))
    return facts


def test_a_token_is_printed_once_and_kept_as_a_digest() -> None:
    with capture_logs() as lines:
        text = said("create_service_account", "backend", *BOUND)

    token = text.splitlines()[0]
    found = caller_of(token)
    assert found is not None
    assert found[0].account == "backend"
    rows = [*AuthToken.objects.values(), *User.objects.values()]
    rows += [*ServiceAccount.objects.values()]
    later = said("service_accounts", "show", "backend") + said(
        "service_accounts", "list"
    )
    assert token not in f"{rows}{lines}{later}"
    assert token[:15] in later
    assert [one["action"] for one in lines] == ["service-account-created"]


def test_it_says_what_it_made_to_programs() -> None:
    text = said("create_service_account", "backend", *BOUND, "--json")

    facts = json.loads(text)
    assert facts["name"] == "backend"
    assert facts["scopes"] == ["pii:read", "streams:read"]
    assert (facts["household"], facts["sees_all"]) == ("parent-1", False)
    assert facts["purpose"] == "parent_request"
    assert facts["token"].startswith(facts["prefix"])
    assert facts["tokens"][0]["ended"] is False


def test_an_account_has_no_password_and_is_nobody_in_the_console() -> None:
    made()

    user = User.objects.get(username="backend")
    assert not user.has_usable_password()
    assert (user.is_staff, user.is_superuser) == (False, False)


def test_no_service_has_a_persons_name_in_the_ledger() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="people"):
        account_name("officer-7")

    assert account_name("officers") == "officers"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_purpose_of_the_ledger_can_be_an_accounts(purpose: str) -> None:
    made("backend", "--scopes", "streams:read", "--all", "--purpose", purpose)

    assert shown()["purpose"] == purpose


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("a.b", *BOUND), "letters, digits"),
        (("a b", *BOUND), "letters, digits"),
        (("", *BOUND), "letters, digits"),
        (("ä", *BOUND), "letters, digits"),
        (("a" * 101, *BOUND), "letters, digits"),
        (("a\n", *BOUND), "letters, digits"),
        (("a", *MAY), "--household --all is required"),
        (("a", *BOUND, "--all"), "not allowed with"),
        (("a", *MAY, "--household", "p.1"), "parent's id"),
        (("a", *BOUND, "--expires", "0"), "from 1 to 3650"),
        (("a", *BOUND, "--expires", "3651"), "from 1 to 3650"),
        (("a", *BOUND, "--expires", "x"), "from 1 to 3650"),
        (
            ("a", "--all", "--purpose", "audit", "--scopes", "streams:write"),
            "streams:append",
        ),
        (("a", "--all", "--purpose", "audit", "--scopes", ""), "streams:append"),
        (("a", "--all", "--purpose", "curiosity", "--scopes", "pii:read"), "purpose"),
        (("a", "--all", "--scopes", "pii:read"), "--purpose"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    words: tuple[str, ...], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        said("create_service_account", *words)

    assert not User.objects.exists()


def test_a_name_that_somebody_has_is_refused() -> None:
    User.objects.create_user("ada")
    made()

    for name in ("ada", "backend"):
        with pytest.raises(CommandError, match=f"The name {name} is taken"):
            said("create_service_account", name, *BOUND)
    assert AuthToken.objects.count() == 1


@pytest.mark.parametrize("days", [1, 2, 3_650])
def test_a_token_ends_when_it_was_told_to(days: int) -> None:
    made("backend", *BOUND, "--expires", str(days))

    [token] = accounts.show("backend").tokens
    assert token.ends_at is not None
    assert round((token.ends_at - token.created_at) / timedelta(days=1)) == days


def test_a_list_names_all_of_them_by_their_names() -> None:
    assert "no service account" in said("service_accounts", "list")
    made("b")
    made("a", "--scopes", "streams:append", "--all", "--purpose", "audit")

    listed = json.loads(said("service_accounts", "list", "--json"))

    assert [one["name"] for one in listed] == ["a", "b"]
    assert [one["sees_all"] for one in listed] == [True, False]
    assert "sees everybody" in said("service_accounts", "list")


def test_to_rotate_ends_the_old_token_at_once() -> None:
    old = made()

    new = said("service_accounts", "rotate", "backend").splitlines()[0]

    assert caller_of(old) is None
    assert caller_of(new) is not None
    assert AuthToken.objects.count() == 1


def test_to_rotate_can_keep_the_old_token_for_a_while() -> None:
    old = made()
    before = SystemClock().now()

    new = said("service_accounts", "rotate", "backend", "--keep-old-for", "2")

    assert caller_of(old) is not None
    assert caller_of(new.splitlines()[0]) is not None
    kept, _ = accounts.show("backend").tokens
    assert kept.ends_at is not None
    assert round((kept.ends_at - before) / timedelta(hours=1)) == 2


def test_what_is_kept_never_lives_longer_than_it_was_to() -> None:
    made()
    AuthToken.objects.update(expiry=SystemClock().now() + timedelta(minutes=5))
    made_again = said("service_accounts", "rotate", "backend", "--keep-old-for", "2")
    said("service_accounts", "rotate", "backend", "--keep-old-for", "1000")

    ends = [one.ends_at for one in accounts.show("backend").tokens]

    assert made_again
    assert ends[0] is not None
    assert ends[0] < SystemClock().now() + timedelta(minutes=6)


def test_what_has_ended_is_swept_away_when_a_token_is_rotated() -> None:
    made()
    AuthToken.objects.update(expiry=SystemClock().now() - timedelta(seconds=1))
    assert "ended" in said("service_accounts", "show", "backend")

    said("service_accounts", "rotate", "backend", "--keep-old-for", "1")

    assert len(accounts.show("backend").tokens) == 1


def test_a_change_is_of_what_was_said_and_of_nothing_else() -> None:
    token = made()

    said("service_accounts", "change", "backend", "--scopes", "streams:read")
    said("service_accounts", "change", "backend", "--purpose", "complaint")
    said("service_accounts", "change", "backend", "--household", "parent-2")

    found = caller_of(token)
    assert found is not None
    assert found[0].scopes == {Scope.READ}
    assert (found[0].purpose, found[0].binding) == ("complaint", "parent-2")
    said("service_accounts", "change", "backend", "--all")
    assert shown()["sees_all"] is True
    assert shown()["purpose"] == "complaint"


def test_a_change_of_nothing_is_refused() -> None:
    made()

    with pytest.raises(CommandError, match="Say what"):
        said("service_accounts", "change", "backend")


def test_a_disabled_account_can_be_enabled_again() -> None:
    token = made()

    assert "disabled" in said("service_accounts", "disable", "backend")
    assert caller_of(token) is None
    assert "enabled" in said("service_accounts", "enable", "backend")

    assert caller_of(token) is not None


def test_one_token_of_several_is_revoked_by_its_beginning() -> None:
    old = made()
    new = said("service_accounts", "rotate", "backend", "--keep-old-for", "1")

    said("service_accounts", "revoke", "backend", old[:15])

    assert caller_of(old) is None
    assert caller_of(new.splitlines()[0]) is not None


@pytest.mark.parametrize("prefix", ["", "teddy_", "teddy_nothing"])
def test_a_beginning_that_names_no_token_alone_ends_none(prefix: str) -> None:
    made()
    said("service_accounts", "rotate", "backend", "--keep-old-for", "1")

    with pytest.raises(CommandError, match="tokens of backend begin so"):
        said("service_accounts", "revoke", "backend", prefix)

    assert AuthToken.objects.count() == 2


def test_a_deleted_account_is_gone_with_its_tokens() -> None:
    token = made()
    other = made("other")

    said("service_accounts", "delete", "backend")

    assert caller_of(token) is None
    assert caller_of(other) is not None
    assert not User.objects.filter(username="backend").exists()


@pytest.mark.parametrize(
    "act", ["show", "rotate", "change", "disable", "enable", "revoke", "delete"]
)
def test_what_is_no_service_account_is_left_alone(act: str) -> None:
    User.objects.create_superuser("ada")
    more = {"change": ["--all"], "revoke": ["teddy_0"]}.get(act, [])

    with pytest.raises(CommandError, match="no service account ada"):
        said("service_accounts", act, "ada", *more)

    assert User.objects.get(username="ada").is_active
    assert not AuthToken.objects.exists()


def test_each_act_leaves_a_line_of_its_own_without_the_token() -> None:
    token = made()
    number = User.objects.get(username="backend").pk
    with capture_logs() as lines:
        for words in (
            ["change", "backend", "--all"],
            ["disable", "backend"],
            ["enable", "backend"],
            ["revoke", "backend", token[:15]],
            ["rotate", "backend"],
            ["delete", "backend", "--json"],
        ):
            said("service_accounts", *words)

    assert [one["action"].removeprefix("service-account-") for one in lines] == [
        *("changed", "disabled", "enabled", "revoked", "rotated", "deleted")
    ]
    assert {one["account"] for one in lines} == {number}
    assert "teddy_" not in str(lines)
