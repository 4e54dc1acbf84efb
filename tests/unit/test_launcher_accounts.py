"""What `./teddy up` prints of accounts: each role's, each with a password of its own, new each time."""

from __future__ import annotations

from audit.roles import Role
from scripts.launcher import accounts
from teddy_es.demo.staff import ACCOUNTS


def test_the_launcher_and_the_project_name_the_same_accounts_one_for_each_role() -> (
    None
):
    assert tuple(ACCOUNTS) == accounts.ROLES
    assert {*ACCOUNTS.values()} == {role.value for role in Role}


def test_nobody_has_the_password_of_another_or_the_one_of_before() -> None:
    first, second = accounts.passwords(), accounts.passwords()

    assert len({*first.values(), *second.values()}) == 2 * (1 + len(accounts.ROLES))


def test_each_is_printed_once_and_told_as_the_command_takes_it() -> None:
    given = accounts.passwords()

    printed = "\n".join(accounts.as_lines(given))
    told = accounts.as_environment(given)

    for name, password in given.items():
        assert printed.count(password) == 1
        assert name in printed
        assert not {",", ":"} & {*password}
    assert told["TEDDY_ADMIN_PASSWORD"] == given["admin"]
    assert told["TEDDY_ROLE_PASSWORDS"].split(",") == [
        f"{name}:{given[name]}" for name in accounts.ROLES
    ]
