"""Keys of a file and of the environment, and a real OpenBao, wrap in the same way."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from signal import SIGCONT, SIGSTOP
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore.errors import KeyStoreUnavailable
from eventstore.keys.providers.local import LocalKeys, of_file, of_texts, put_in_front
from eventstore.keys.providers.vault import Place, VaultKeys
from eventstore.testing.key_provider_contract import (
    HERE,
    SECRET,
    KeyProviderContract,
)
from tests.support.openbao import OpenBao, an_openbao

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class TestKeyFile(KeyProviderContract):
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        put_in_front(tmp_path / "key_file")
        return tmp_path / "key_file"

    @pytest.fixture
    def provider(self, path: Path) -> LocalKeys:
        return LocalKeys(lambda: of_file(path))

    @pytest.fixture
    def rotate(self, path: Path) -> Callable[[], None]:
        def rotated() -> None:
            put_in_front(path)

        return rotated

    @pytest.fixture
    def retire(self, path: Path) -> Callable[[], None]:
        def retired() -> None:
            path.write_text(path.read_text().splitlines()[0])

        return retired

    def test_a_file_of_which_others_may_read_is_refused(
        self, path: Path, provider: LocalKeys
    ) -> None:
        path.chmod(0o640)

        with pytest.raises(KeyStoreUnavailable, match="chmod 600"):
            provider.wrap([(HERE, SECRET)])

    def test_a_file_that_is_not_there_is_said_by_its_name(
        self, path: Path, provider: LocalKeys
    ) -> None:
        path.unlink()

        with pytest.raises(KeyStoreUnavailable, match="FileNotFoundError"):
            provider.current()

    @pytest.mark.parametrize("line", ["short", "ü" * 43, "A" * 44, "A" * 42])
    def test_a_line_that_is_no_key_is_refused_and_not_quoted(
        self, path: Path, provider: LocalKeys, line: str
    ) -> None:
        path.write_text(f"{line}\n", "utf-8")

        with pytest.raises(KeyStoreUnavailable) as refused:
            provider.current()
        assert line not in str(refused.value)

    def test_a_file_without_a_key_is_refused(
        self, path: Path, provider: LocalKeys
    ) -> None:
        path.write_text("\n")

        with pytest.raises(KeyStoreUnavailable, match="no key-encryption key"):
            provider.current()

    def test_a_new_key_stands_in_front_and_only_its_owner_may_read(
        self, path: Path
    ) -> None:
        [first] = of_file(path)

        put_in_front(path)

        assert of_file(path)[1:] == [first]
        assert path.stat().st_mode & 0o777 == 0o600
        assert os.listdir(path.parent) == ["key_file"]  # noqa: PTH208


class TestEnvironment(KeyProviderContract):
    @pytest.fixture
    def texts(self) -> list[str]:
        return [urlsafe_b64encode(SECRET).decode()]

    @pytest.fixture
    def provider(self, texts: list[str]) -> LocalKeys:
        return LocalKeys(lambda: of_texts(texts))

    @pytest.fixture
    def rotate(self, texts: list[str]) -> Callable[[], None]:
        def rotated() -> None:
            texts.insert(0, urlsafe_b64encode(os.urandom(32)).decode().rstrip("="))

        return rotated

    @pytest.fixture
    def retire(self, texts: list[str]) -> Callable[[], None]:
        def retired() -> None:
            del texts[1:]

        return retired


@pytest.fixture(scope="module")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with an_openbao(tmp_path_factory.mktemp("openbao")) as server:
        yield server


class TestOpenBao(KeyProviderContract):
    @pytest.fixture
    def key(self, openbao: OpenBao) -> str:
        name = f"key-{uuid4().hex}"
        openbao.make_key(name)
        return name

    @pytest.fixture
    def provider(self, openbao: OpenBao, key: str) -> VaultKeys:
        return VaultKeys(Place(**openbao.settings(key=key)), at_once=3)

    @pytest.fixture
    def rotate(self, openbao: OpenBao, key: str) -> Callable[[], None]:
        return lambda: openbao.rotate(key)

    @pytest.fixture
    def retire(self, openbao: OpenBao, key: str) -> Callable[[], None]:
        return lambda: openbao.retire(2, key)

    def test_two_hundred_are_taken_at_once(self, openbao: OpenBao, key: str) -> None:
        provider = VaultKeys(Place(**openbao.settings(key=key)))

        wrapped = provider.wrap([(HERE, SECRET)] * 401)

        assert provider.unwrap([(HERE, one) for one in wrapped]) == [SECRET] * 401

    def test_a_key_that_is_not_derived_is_refused(
        self, openbao: OpenBao, key: str
    ) -> None:
        openbao.client.secrets.transit.create_key(f"{key}-plain")
        provider = VaultKeys(Place(**openbao.settings(key=f"{key}-plain")))

        with pytest.raises(KeyStoreUnavailable, match="not derived"):
            provider.current()

    def test_what_another_key_of_it_has_wrapped_is_not_tried(
        self, openbao: OpenBao, key: str, provider: VaultKeys
    ) -> None:
        openbao.make_key(f"{key}-other")
        other = VaultKeys(Place(**openbao.settings(key=f"{key}-other")))
        [theirs] = other.wrap([(HERE, SECRET)])

        for call in (provider.unwrap, provider.rewrap):
            with pytest.raises(KeyStoreUnavailable, match=f"{key}-other.v1 is missing"):
                call([(HERE, theirs)])

    @pytest.mark.parametrize(
        "wrong", [{"token": "wrong"}, {"key": "not-there"}, {"mount": "not-there"}]
    )
    def test_who_may_not_or_asks_elsewhere_hears_no_more_than_that(
        self, openbao: OpenBao, wrong: dict[str, str]
    ) -> None:
        place = Place(**openbao.settings(key="teddy") | wrong)

        provider = VaultKeys(place)
        for call in (provider.current, lambda: provider.wrap([(HERE, SECRET)])):
            with pytest.raises(KeyStoreUnavailable) as refused:
                call()
            assert openbao.token not in str(refused.value)
            assert refused.value.__context__ is None

    def test_the_token_of_a_file_is_read_at_each_call(
        self, openbao: OpenBao, key: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "token"
        given = openbao.settings(key=key, token="", token_file=str(path))
        provider = VaultKeys(Place(**given))
        with pytest.raises(KeyStoreUnavailable, match="token file"):
            provider.current()

        path.write_text("not yet\n")
        with pytest.raises(KeyStoreUnavailable, match="Forbidden"):
            provider.current()

        path.write_text(f"{openbao.token}\n")
        assert provider.current().endswith(".v1")


def test_an_openbao_that_is_sealed_or_gone_is_unavailable_and_comes_back(
    tmp_path: Path,
) -> None:
    with an_openbao(tmp_path) as server:
        provider = VaultKeys(Place(**server.settings(key="teddy")))
        [wrapped] = provider.wrap([(HERE, SECRET)])

        server.seal()
        for call in (
            provider.current,
            lambda: provider.wrap([(HERE, SECRET)]),
            lambda: provider.unwrap([(HERE, wrapped)]),
            lambda: provider.rewrap([(HERE, wrapped)]),
        ):
            with pytest.raises(KeyStoreUnavailable, match="VaultDown"):
                call()

        server.unseal()
        assert provider.unwrap([(HERE, wrapped)]) == [SECRET]
        server.child.stop()
        with pytest.raises(KeyStoreUnavailable, match="ConnectionError"):
            provider.unwrap([(HERE, wrapped)])


def test_an_openbao_that_is_frozen_is_not_waited_for(tmp_path: Path) -> None:
    with an_openbao(tmp_path) as server:
        provider = VaultKeys(Place(**server.settings(key="teddy", timeout=0.2)))
        provider.current()
        server.child.process.send_signal(SIGSTOP)
        try:
            with pytest.raises(KeyStoreUnavailable, match="ReadTimeout"):
                provider.wrap([(HERE, SECRET)])
        finally:
            server.child.process.send_signal(SIGCONT)
