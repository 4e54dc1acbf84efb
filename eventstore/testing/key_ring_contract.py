"""What every `KeyRing` must do. Subclass it, give a `ring` fixture and the three ways in which keys end, and pytest runs all of it."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore.errors import SubjectErased
from eventstore.ports import DataKey, Gone, KeyName

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.ports import KeyRing


def a_name(
    subject: str = "p-1", retention_class: str = "talk", month: str = "2026-11"
) -> KeyName:
    """A name with defaults."""
    return KeyName(subject, retention_class, month)


class KeyRingContract:
    """Fixtures to give: `ring`; `erase(subject, request)`, after which a subject is erased; `expire(name)`, after which a name's key is destroyed."""

    def test_a_key_is_the_same_for_whoever_asks(self, ring: KeyRing) -> None:
        first = ring.sealing([a_name()])

        assert ring.sealing([a_name()]) == first
        assert len(first[a_name()].secret) == 32

    def test_each_name_has_a_key_of_its_own(self, ring: KeyRing) -> None:
        names = [
            a_name(),
            a_name(month="2026-12"),
            a_name(retention_class="safety"),
            a_name("p-2"),
        ]

        keys = ring.sealing(names)

        assert {name: key.name for name, key in keys.items()} == {n: n for n in names}
        assert len({key.secret for key in keys.values()}) == len(names)
        assert len({key.id for key in keys.values()}) == len(names)

    def test_a_name_that_is_asked_for_twice_at_once_has_one_key(
        self, ring: KeyRing
    ) -> None:
        assert len(ring.sealing([a_name(), a_name()])) == 1

    def test_whatever_was_asked_for_is_held(self, ring: KeyRing) -> None:
        assert ring.held([a_name()]) is None

        keys = ring.sealing([a_name()])

        assert ring.held([a_name()]) == keys
        assert ring.held([]) == {}

    def test_nothing_is_held_where_one_is_missing(self, ring: KeyRing) -> None:
        ring.sealing([a_name()])

        assert ring.held([a_name(), a_name("p-2")]) is None

    def test_a_key_opens_by_its_id(self, ring: KeyRing) -> None:
        keys = ring.sealing([a_name(), a_name("p-2")])

        opened = ring.opening([key.id for key in keys.values()])

        assert opened == {key.id: key for key in keys.values()}

    def test_an_id_that_nobody_knows_is_lost_and_the_others_open(
        self, ring: KeyRing
    ) -> None:
        key = ring.sealing([a_name()])[a_name()]
        unknown = uuid4()

        opened = ring.opening([unknown, key.id])

        assert opened == {unknown: Gone("lost"), key.id: key}

    def test_no_ids_are_no_keys(self, ring: KeyRing) -> None:
        assert ring.opening([]) == {}
        assert ring.sealing([]) == {}

    def test_who_was_erased_has_no_keys_and_gets_none(
        self, ring: KeyRing, erase: Callable[[str, str], None]
    ) -> None:
        names = [a_name(), a_name(month="2026-12")]
        keys = ring.sealing(names)

        erase("p-1", "r-1")

        for key in keys.values():
            gone = ring.opening([key.id])[key.id]
            assert isinstance(gone, Gone)
            assert (gone.why, gone.request) == ("erasure", "r-1")
            assert gone.at is not None
        for name in (*names, a_name(month="2027-01"), a_name("p-1", "snapshot", "all")):
            assert ring.held([name]) is None
            with pytest.raises(SubjectErased):
                ring.sealing([name])

    def test_who_was_erased_before_the_first_key_gets_none(
        self, ring: KeyRing, erase: Callable[[str, str], None]
    ) -> None:
        erase("p-1", "r-1")

        with pytest.raises(SubjectErased):
            ring.sealing([a_name()])

    def test_an_erasure_is_repeated_and_its_first_word_stands(
        self, ring: KeyRing, erase: Callable[[str, str], None]
    ) -> None:
        key = ring.sealing([a_name()])[a_name()]
        erase("p-1", "r-1")
        first = ring.opening([key.id])

        erase("p-1", "r-2")

        assert ring.opening([key.id]) == first

    def test_an_erasure_leaves_others_alone(
        self, ring: KeyRing, erase: Callable[[str, str], None]
    ) -> None:
        other = ring.sealing([a_name("p-2")])[a_name("p-2")]

        erase("p-1", "r-1")

        assert ring.opening([other.id]) == {other.id: other}
        assert ring.sealing([a_name("p-2")]) == {a_name("p-2"): other}

    def test_one_who_was_erased_among_others_stops_all_of_them(
        self, ring: KeyRing, erase: Callable[[str, str], None]
    ) -> None:
        erase("p-1", "r-1")

        with pytest.raises(SubjectErased):
            ring.sealing([a_name("p-2"), a_name("p-1")])

    def test_a_name_whose_key_was_destroyed_gets_no_other(
        self, ring: KeyRing, expire: Callable[[KeyName], None]
    ) -> None:
        keys = ring.sealing([a_name(), a_name(month="2026-12")])

        expire(a_name())

        gone = ring.opening([keys[a_name()].id])[keys[a_name()].id]
        assert isinstance(gone, Gone)
        assert gone.why == "retention"
        assert ring.held([a_name()]) is None
        with pytest.raises(SubjectErased) as refused:
            ring.sealing([a_name()])
        assert refused.value.month == "2026-11"

    def test_other_months_of_the_same_subject_stay(
        self, ring: KeyRing, expire: Callable[[KeyName], None]
    ) -> None:
        december = a_name(month="2026-12")
        keys = ring.sealing([a_name(), december])

        expire(a_name())

        assert ring.sealing([december]) == {december: keys[december]}

    def test_the_key_of_states_goes_with_any_other_and_is_made_anew(
        self, ring: KeyRing, expire: Callable[[KeyName], None]
    ) -> None:
        states = a_name("p-1", "snapshot", "all")
        before = ring.sealing([a_name(), states])[states]

        expire(a_name())

        assert isinstance(ring.opening([before.id])[before.id], Gone)
        after = ring.sealing([states])[states]
        assert after.id != before.id
        assert after.secret != before.secret

    def test_many_who_ask_at_once_get_one_key(self, ring: KeyRing) -> None:
        with ThreadPoolExecutor(8) as pool:
            keys = list(pool.map(lambda _: ring.sealing([a_name()]), range(32)))

        assert {one[a_name()].id for one in keys} == {keys[0][a_name()].id}

    def test_no_key_says_its_secret(self, ring: KeyRing) -> None:
        key = ring.sealing([a_name()])[a_name()]

        for said in (repr(key), str(key), repr(ring)):
            assert repr(key.secret) not in said
            assert key.secret.hex() not in said
        with pytest.raises(TypeError):
            pickle.dumps(key)
        assert isinstance(key, DataKey)
