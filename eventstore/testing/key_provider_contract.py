"""What every `KeyProvider` must do. Subclass it, give the fixtures, and pytest runs all of it."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from eventstore.errors import KeyStoreUnavailable
from eventstore.ports import Wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.ports import KeyProvider

SECRET, OTHER = bytes(range(32)), bytes(range(32, 64))
HERE, THERE = b"h" * 32, b"t" * 32


class KeyProviderContract:
    """Fixtures to give: `provider`; `rotate()`, after which another key-encryption key wraps, and those before still unwrap; `retire()`, after which only
    the one that wraps now unwraps."""

    def test_what_was_wrapped_unwraps(self, provider: KeyProvider) -> None:
        wrapped = provider.wrap([(HERE, SECRET), (THERE, OTHER)])

        assert provider.unwrap(list(zip((HERE, THERE), wrapped, strict=True))) == [
            SECRET,
            OTHER,
        ]
        assert {one.kek for one in wrapped} == {provider.current()}

    def test_nothing_is_nothing(self, provider: KeyProvider) -> None:
        assert list(provider.wrap([])) == []
        assert list(provider.unwrap([])) == []
        assert list(provider.rewrap([])) == []

    def test_a_wrapped_key_does_not_show_what_it_is(
        self, provider: KeyProvider
    ) -> None:
        first, again = provider.wrap([(HERE, SECRET), (HERE, SECRET)])

        assert SECRET not in first.box
        assert first.box != again.box

    def test_in_another_place_it_does_not_unwrap_and_others_do(
        self, provider: KeyProvider
    ) -> None:
        [wrapped] = provider.wrap([(HERE, SECRET)])

        pairs = [(THERE, wrapped), (HERE, wrapped)]
        assert provider.unwrap(pairs) == [None, SECRET]

    def test_what_was_changed_does_not_unwrap(self, provider: KeyProvider) -> None:
        [wrapped] = provider.wrap([(HERE, SECRET)])
        changed = bytearray(wrapped.box)
        changed[-6] = ord("A") if changed[-6] != ord("A") else ord("B")

        for box in (bytes(changed), wrapped.box[:-4], b"", b"\xff\x00"):
            found = provider.unwrap([(HERE, Wrapped(wrapped.kek, box))])
            assert found == [None], box

    def test_what_another_has_wrapped_is_said_to_lack_its_key(
        self, provider: KeyProvider
    ) -> None:
        [wrapped] = provider.wrap([(HERE, SECRET)])
        foreign = Wrapped("nobody.0123456789abcdef", wrapped.box)

        with pytest.raises(KeyStoreUnavailable, match="is missing"):
            provider.unwrap([(HERE, foreign)])

    def test_many_are_wrapped_and_unwrapped_in_their_order(
        self, provider: KeyProvider
    ) -> None:
        secrets = [(n.to_bytes(32, "big"), n.to_bytes(32, "little")) for n in range(7)]

        wrapped = provider.wrap(secrets)

        contexts = [context for context, _ in secrets]
        pairs = list(zip(contexts, wrapped, strict=True))
        assert provider.unwrap(pairs) == [secret for _, secret in secrets]

    def test_after_a_rotation_the_earlier_unwrap_and_a_new_one_wraps(
        self, provider: KeyProvider, rotate: Callable[[], None]
    ) -> None:
        [before] = provider.wrap([(HERE, SECRET)])
        first = provider.current()

        rotate()

        assert provider.current() != first
        [after] = provider.wrap([(THERE, OTHER)])
        assert after.kek == provider.current()
        assert provider.unwrap([(HERE, before), (THERE, after)]) == [SECRET, OTHER]

    def test_what_is_rewrapped_is_the_same_under_another(
        self,
        provider: KeyProvider,
        rotate: Callable[[], None],
        retire: Callable[[], None],
    ) -> None:
        [before] = provider.wrap([(HERE, SECRET)])
        rotate()

        [after, unfit] = provider.rewrap([(HERE, before), (THERE, before)])

        assert unfit is None
        assert after is not None
        assert after.kek == provider.current() != before.kek
        retire()
        assert provider.current() == after.kek
        assert provider.unwrap([(HERE, after)]) == [SECRET]
        with pytest.raises(KeyStoreUnavailable, match=before.kek):
            provider.unwrap([(HERE, before)])

    def test_it_says_nothing_of_itself(self, provider: KeyProvider) -> None:
        provider.wrap([(HERE, SECRET)])

        assert "b'" not in repr(provider)
        with pytest.raises(TypeError):
            pickle.dumps(provider)
