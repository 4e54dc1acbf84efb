"""Data keys are wrapped anew under another key-encryption key; none is lost, none changes, none comes back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from eventstore import checks
from eventstore.database import connect
from eventstore.errors import KeyStoreUnavailable
from eventstore.keys import configured
from eventstore.keys.fitness import missing, neighbours
from eventstore.keys.providers.local import LocalKeys, id_of, put_in_front
from eventstore.keys.rotating import rotate
from eventstore.testing.key_ring_contract import a_name
from tests.support.keys import KEK, OLDER_KEK, a_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from eventstore.ports import DataKey, KeyName
    from tests.support.keys import Process

AT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
OLDER, NEWER = id_of(OLDER_KEK), id_of(KEK)
BOTH = a_provider(KEK, OLDER_KEK)
NAMES = [a_name(f"p-{n}") for n in range(7)]


@pytest.fixture
def keys(processes: Callable[..., Process]) -> dict[KeyName, DataKey]:
    """Seven, under the older key-encryption key."""
    ring = processes(provider=a_provider(OLDER_KEK)).ring
    return dict(ring.sealing(NAMES))


@pytest.mark.parametrize("at_once", [1, 3, 7, 1_000])
def test_all_are_wrapped_anew_and_are_what_they_were(
    processes: Callable[..., Process], keys: dict[KeyName, DataKey], at_once: int
) -> None:
    process = processes(provider=a_provider(KEK))
    seen: list[tuple[int, str]] = []

    rotated = rotate(
        process.store, BOTH, at_once=at_once, progress=lambda *one: seen.append(one)
    )

    assert (rotated.current, rotated.before) == (NEWER, {OLDER: 7})
    assert (rotated.rewrapped, rotated.unfit) == (7, 0)
    assert seen[-1] == (7, OLDER)
    assert process.store.keks() == [NEWER]
    assert process.ring.sealing(NAMES) == keys
    assert rotate(process.store, BOTH).to_do == 0


def test_a_dry_run_changes_nothing(
    process: Process, keys: dict[KeyName, DataKey]
) -> None:
    rotated = rotate(process.store, BOTH, dry_run=True)

    assert rotated.to_do == 7
    assert process.store.keks() == [OLDER]


def test_cut_short_it_goes_on(process: Process, keys: dict[KeyName, DataKey]) -> None:
    def killed(done: int, _kek: str) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(process.store, BOTH, at_once=2, progress=killed)
    assert process.store.count_under(OLDER) == 3

    rotated = rotate(process.store, BOTH)

    assert (rotated.before, rotated.rewrapped) == ({OLDER: 3}, 3)
    assert process.ring.sealing(NAMES) == keys


def test_a_key_that_is_destroyed_meanwhile_stays_so(
    process: Process, keys: dict[KeyName, DataKey]
) -> None:
    page = process.store.under(OLDER)
    anew = BOTH.rewrap([(one.context, one.wrapped) for one in page])
    process.store.erase("p-3", at=AT, request="r-1")

    done = process.store.rewrap(
        (one, new) for one, new in zip(page, anew, strict=True) if new
    )

    assert done == 6
    [row] = process.store.rows("p-3")
    assert row.destroyed_at == AT
    assert process.store.count_under(OLDER) == 0


def test_a_key_that_does_not_unwrap_is_counted_and_stays(
    process: Process, keys: dict[KeyName, DataKey]
) -> None:
    with connect("keys") as connection:
        connection.execute(
            "UPDATE keys_datakey SET wrapped = 'broken' WHERE id = %s",
            [keys[NAMES[2]].id],
        )

    rotated = rotate(process.store, BOTH, at_once=2)

    assert (rotated.rewrapped, rotated.unfit) == (6, 1)
    assert process.store.count_under(OLDER) == 1


# ---- at the start


def test_key_encryption_keys_that_are_missing_or_others_are_named(
    process: Process, keys: dict[KeyName, DataKey]
) -> None:
    assert list(missing(process.store, BOTH)) == []
    assert list(missing(process.store, a_provider(KEK))) == [OLDER]
    with connect("keys") as connection:  # another key of the same id
        connection.execute("UPDATE keys_datakey SET kek = %s", [NEWER])
    assert list(missing(process.store, a_provider(KEK))) == [NEWER]


def test_a_provider_without_any_key_is_no_missing_key(process: Process) -> None:
    with pytest.raises(KeyStoreUnavailable):
        list(missing(process.store, LocalKeys(lambda: ())))


def test_keys_stand_in_a_database_of_their_own_on_the_tests_server(
    transactional_db: None,
) -> None:
    assert neighbours() == (True, False)


# ---- the command


@pytest.fixture
def key_file(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """The configured one, empty."""
    path = tmp_path / "key_file"
    settings.EVENTSTORE = settings.EVENTSTORE | {"KEK": "file", "KEK_FILE": str(path)}
    configured.reset()
    yield path
    configured.reset()


def commanded(*arguments: str) -> dict[str, Any]:
    said = StringIO()
    call_command("rotate_keys", *arguments, "--json", stdout=said)
    found: dict[str, Any] = json.loads(said.getvalue())
    return found


def test_the_command_puts_a_new_key_in_front_and_wraps_all_anew(
    processes: Callable[..., Process], key_file: Path
) -> None:
    commanded("--new-key")
    process = processes(provider=configured.provider())
    keys = process.ring.sealing(NAMES)
    [first] = process.store.keks()
    assert commanded("--new-key", "--dry-run")["before"] == {}

    said = commanded("--new-key")

    assert (said["before"], said["rewrapped"]) == ({first: 7}, 7)
    assert (said["unfit"], said["left"]) == (0, 0)
    assert process.store.keks() == [said["current"]] != [first]
    assert processes(provider=configured.provider()).ring.sealing(NAMES) == keys


def test_the_command_fails_where_a_key_does_not_unwrap(
    processes: Callable[..., Process], key_file: Path
) -> None:
    commanded("--new-key")
    processes(provider=configured.provider()).ring.sealing(NAMES)
    with connect("keys") as connection:
        connection.execute("UPDATE keys_datakey SET wrapped = 'broken'")

    with pytest.raises(CommandError, match="7 keys were not unwrapped"):
        commanded("--new-key")


def test_the_command_says_it_in_words_and_refuses_what_makes_no_sense(
    transactional_db: None, key_file: Path, settings: Settings
) -> None:
    said = StringIO()
    call_command("rotate_keys", "--new-key", stdout=said)
    assert "0 wrapped anew under local." in said.getvalue()
    with pytest.raises(CommandError, match="above 0"):
        call_command("rotate_keys", "--at-once", "0")
    settings.EVENTSTORE = settings.EVENTSTORE | {"KEK": "env"}
    with pytest.raises(CommandError, match="for the key file"):
        call_command("rotate_keys", "--new-key")


def test_a_key_file_that_is_not_the_one_is_told_by_a_check_that_names_the_key(
    processes: Callable[..., Process], key_file: Path
) -> None:
    commanded("--new-key")
    process = processes(provider=configured.provider())
    process.ring.sealing(NAMES)
    [kek] = process.store.keks()
    assert checks.check_key_encryption_keys(databases=["keys"]) == []
    key_file.unlink()
    put_in_front(key_file)
    configured.reset()

    [message] = checks.check_key_encryption_keys(databases=["keys"])

    assert message.id == "eventstore.E054"
    assert kek in message.msg
    assert checks.check_key_encryption_keys(databases=["default"]) == []
