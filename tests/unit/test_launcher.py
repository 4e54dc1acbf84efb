"""The launcher's parts that need no server: locks, lock files, the command line, the leash."""

from __future__ import annotations

import ast
import itertools
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from scripts.launcher import cli, java, ports, processes, wire
from scripts.launcher.commands.kafka import kafka
from scripts.launcher.commands.reset import reset
from scripts.launcher.commands.status import masked, status
from scripts.launcher.console import Trouble
from scripts.launcher.places import CHECKOUT, LITTLE_ROOM, LOCKS, Busy, DataDirectory
from scripts.launcher.postgres import LONGEST_SOCKET, SOCKET, Postgres
from scripts.launcher.stack import settle_log

if TYPE_CHECKING:
    from collections.abc import Callable

LEVELS = ["requirements.txt", "quickstart.txt", "kafka.txt", "dev.txt"]
LOCK_FILES = [CHECKOUT / LEVELS[0], *(LOCKS / name for name in LEVELS[1:])]


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    directory = DataDirectory(tmp_path / "data")
    directory.make()
    return directory


# -- the data directory


def test_a_new_data_directory_is_for_its_owner_only(data: DataDirectory) -> None:
    data.secret_key()

    modes = {path.stat().st_mode & 0o777 for path in data.path.iterdir()}

    assert data.path.stat().st_mode & 0o777 == 0o700
    assert modes == {0o600}


def test_a_directory_with_other_things_is_refused_and_left_alone(
    tmp_path: Path,
) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(Trouble, match="no data directory of Teddy"):
        DataDirectory(tmp_path).make()

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def uses(path: Path) -> list[Callable[[], object]]:
    """Whatever the commands do with a directory that somebody names."""
    data = DataDirectory(path)
    return [
        data.make,
        data.is_owned,
        data.secret_key,
        lambda: data.state,
        lambda: data.runtime,
        lambda: reset(cli.parse(["reset", "--yes", "--data", str(path)])),
        lambda: status(cli.parse(["status", "--data", str(path)])),
        lambda: kafka(cli.parse(["kafka", "--data", str(path)])),
    ]


def assert_refused(path: Path, why: str) -> None:
    before = {p: p.lstat() for p in [path, *path.iterdir()]}
    for use in uses(path):
        with pytest.raises(Trouble, match=why) as refusal:
            use()
        assert "\n" not in str(refusal.value)
    assert {p: p.lstat() for p in [path, *path.iterdir()]} == before


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_a_directory_to_which_others_may_write_is_refused_and_left_alone(
    data: DataDirectory, mode: int
) -> None:
    data.secret_key()
    (data.path / "lock").touch()
    data.path.chmod(mode)

    assert_refused(data.path, "Others may write to .*data: chmod go-w")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("is_empty", [True, False])
def test_a_directory_of_another_user_is_refused_and_left_alone(
    data: DataDirectory, *, is_empty: bool
) -> None:
    data.secret_key()
    if is_empty:
        for path in data.path.iterdir():
            path.unlink()
    os.chown(data.path, 65534, -1)

    assert_refused(data.path, "data belongs to another user")


@pytest.mark.parametrize("name", ["state.json", "secret_key", "runtime.json"])
def test_what_somebody_else_may_have_written_is_not_read(
    data: DataDirectory, name: str
) -> None:
    data.secret_key()
    data.write_runtime(pids={})
    (data.path / name).chmod(0o666)

    with pytest.raises(Trouble, match=f"Others may write to .*{name}"):
        _ = [data.state, data.secret_key(), data.runtime]


def test_an_empty_directory_of_ours_is_taken(tmp_path: Path) -> None:
    DataDirectory(tmp_path).make()

    assert DataDirectory(tmp_path).state


def test_a_data_directory_has_one_owner(data: DataDirectory) -> None:
    with data.owned():
        owned = data.is_owned()
        with pytest.raises(Busy, match="runs on"), data.owned():
            pass

    assert owned
    assert not data.is_owned()


def test_the_secret_key_stays_the_same(data: DataDirectory) -> None:
    first = data.secret_key()

    again = DataDirectory(data.path).secret_key()

    assert again == first
    assert len(first) >= 50


def test_a_wipe_removes_our_names_only_and_leaves_a_directory_as_new(
    data: DataDirectory,
) -> None:
    settle_log(data, "kafka")
    (data.path / "postgres").mkdir()
    (data.path / "notes.txt").write_text("mine")
    (data.path / "secret_key.4711.part").write_text("half a key")

    data.wipe()
    data.make()

    assert {path.name for path in data.path.iterdir()} == {"notes.txt", "state.json"}
    assert settle_log(data, None) == "embedded"


def test_the_kinds_of_log_are_never_mixed_on_one_directory(data: DataDirectory) -> None:
    settle_log(data, None)

    with pytest.raises(Trouble) as refusal:
        settle_log(data, "kafka")

    assert "\n" not in str(refusal.value)
    assert "--data DIR" in str(refusal.value)
    assert "./teddy reset" in str(refusal.value)


def test_a_directory_remembers_its_kind_of_log(data: DataDirectory) -> None:
    settle_log(data, "kafka")

    assert settle_log(data, None) == "kafka"


# -- processes


def started(tmp_path: Path, code: str, **options: float) -> processes.Child:
    command = [sys.executable, "-c", code]
    log = tmp_path / "log"
    return processes.spawn("it", command, env=os.environ, log=log, **options)  # type: ignore[arg-type]  # noqa: TID251


def becomes_true(condition: Callable[[], bool], *, within_s: float = 120) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_child_that_ends_while_starting_is_told_with_its_last_words(
    tmp_path: Path,
) -> None:
    child = started(tmp_path, "import sys; print('address in use'); sys.exit(7)")

    with pytest.raises(Trouble, match="address in use") as trouble:
        processes.wait_until(lambda: False, child, timeout_s=10)

    assert trouble.value.exit_code == 7


def test_a_child_that_does_not_get_ready_is_told_in_time(tmp_path: Path) -> None:
    child = started(tmp_path, "import time; time.sleep(60)")

    with (
        processes.ended(child),
        pytest.raises(Trouble, match="not ready after"),
    ):
        processes.wait_until(lambda: False, child, timeout_s=0.1)

    assert child.process.returncode == -signal.SIGTERM


def test_a_child_that_ignores_the_stop_signal_is_killed_after_its_grace(
    tmp_path: Path,
) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(60)"
    )
    child = started(tmp_path, deaf, grace_s=0.1)
    assert becomes_true(lambda: "deaf" in child.log.read_text())

    child.stop()

    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="the leash is the Linux kernel's")
def test_children_end_when_the_launcher_is_killed(tmp_path: Path) -> None:
    launcher = (
        "import os, sys; from pathlib import Path;"
        "from scripts.launcher.processes import spawn;"
        "child = spawn('it', [sys.executable, '-c', 'import time; time.sleep(60)'],"
        f" env=os.environ, log=Path({str(tmp_path)!r}) / 'log');"
        "print(child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", launcher]
    done = subprocess.run(  # noqa: S603  (our own Python)
        command, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    orphan = int(done.stdout)

    assert done.returncode == -signal.SIGKILL
    assert becomes_true(lambda: not _lives(orphan))


def _lives(pid: int) -> bool:
    """A zombie that nobody has fetched yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_missing_program_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="No such file") as trouble:
        processes.run(["/no/such"], env={}, what="It", log=tmp_path / "log")

    assert "\n" not in str(trouble.value)


# -- sockets and ports


def test_a_port_on_which_somebody_listens_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        assert not ports.is_free(port)
        assert ports.free_port(preferred=port) != port


def test_no_port_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was given one may not listen there yet, and asks for the next: six, for three brokers."""
    monkeypatch.setattr(ports, "OURS", range(20_000, 20_006))
    monkeypatch.setattr(ports, "is_free", lambda _port: True)
    monkeypatch.setattr(ports, "_given", {20_001})
    ports.keep([20_004])

    found = [ports.free_port(preferred=20_003), *(ports.free_port() for _ in range(3))]

    assert sorted(found) == [20_000, 20_002, 20_003, 20_005]
    assert ports.free_port() in range(20_000, 20_006)  # from the beginning


def test_a_deep_directory_gets_a_short_socket_path(tmp_path: Path) -> None:
    class Deep:
        home = tmp_path / ("deep" * 30)

    server = Postgres(Deep(), logs=tmp_path)  # type: ignore[arg-type]

    assert len(os.fsencode(server.sockets / SOCKET)) <= LONGEST_SOCKET
    assert server.sockets.name.startswith(f"teddy-{os.geteuid()}-")


def test_a_brokers_answer_is_read_to_the_last_node() -> None:
    brokers = b"".join(
        struct.pack(">ih9si", node, 9, b"127.0.0.1", 9092) + rack
        for node, rack in (
            (1, struct.pack(">h", -1)),
            (7, struct.pack(">h2s", 2, b"r1")),
        )
    )
    answer = struct.pack(">iii", 5, 0, 2) + brokers + struct.pack(">h", -1)

    assert wire._node_ids(answer) == {1, 7}


def test_nobody_on_the_port_means_no_brokers() -> None:
    assert wire.brokers_seen_by(ports.free_port()) == set()


# -- the lock files


def pins(path: Path) -> dict[str, str]:
    lines = re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==(\S+)", path.read_text(), re.M)
    return dict(lines)


@pytest.mark.parametrize("path", LOCK_FILES, ids=lambda path: path.name)
def test_every_locked_package_has_hashes_and_names_no_index(path: Path) -> None:
    text = path.read_text()
    entries = re.split(r"\n(?=[a-z])", text)

    assert len(pins(path)) > 30
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


@pytest.mark.parametrize(("smaller", "larger"), list(itertools.pairwise(LOCK_FILES)))
def test_each_level_holds_the_one_before_it_in_the_same_versions(
    smaller: Path, larger: Path
) -> None:
    assert pins(smaller).items() <= pins(larger).items()


def test_a_jar_with_another_hash_is_named() -> None:
    wanted = "aa  kafka.jar\nbb  slf4j.jar\n"

    assert java.differences(wanted, wanted) == ""
    assert java.differences(wanted, "aa  kafka.jar\ncc  slf4j.jar\n") == "slf4j.jar"
    assert java.differences(wanted, "aa  kafka.jar\n") == "slf4j.jar"


# -- what `status` tells


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (None, None),
        ("postgresql:///teddy?host=/run/x", "postgresql:///teddy?host=/run/x"),
        ("postgresql://me@db:5432/teddy", "postgresql://me@db:5432/teddy"),
        ("postgresql://me:secret@db:5432/teddy", "postgresql://me:***@db:5432/teddy"),
        ("postgresql://me:a:b@c@db/teddy", "postgresql://me:***@db/teddy"),
        ("postgresql://me:se/cret@db/teddy", "postgresql://me:***@db/teddy"),
        ("postgresql://me:se?cr#et@db/teddy", "postgresql://me:***@db/teddy"),
        (
            "postgresql://me@/teddy?host=/x&password=secret&sslpassword=s",
            "postgresql://me@/teddy?host=/x&password=***&sslpassword=***",
        ),
    ],
)
def test_a_password_is_not_told(url: str | None, told: str | None) -> None:
    assert masked(url) == told


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_status_masks_the_password_of_a_given_database(
    data: DataDirectory, form: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with data.owned():
        data.write_runtime(database_url="postgresql://me:secret@db/teddy")

        status(cli.parse(["status", "--data", str(data.path), *form]))

    said = capsys.readouterr().out
    assert "postgresql://me:***@db/teddy" in said
    assert "secret" not in said


# -- the command line


def test_what_the_launcher_does_not_know_goes_to_pytest() -> None:
    options = cli.parse(["test", "--fast", "tests/unit", "-k", "fold", "-x"])

    assert options.fast
    assert options.arguments == ["tests/unit", "-k", "fold", "-x"]


def test_what_follows_manage_is_left_untouched() -> None:
    options = cli.parse(["manage", "--data", "d", "verify", "--json", "--data", "x"])

    assert options.data == Path("d")
    assert options.arguments == ["verify", "--json", "--data", "x"]


@pytest.mark.parametrize(
    "wrong",
    [
        *(["up", "--prot", "1"], ["fly"], []),
        *(["up", f"--port={port}"] for port in ("99999", "65536", "-1", "abc", "")),
        *(["kafka", f"--port={port}"] for port in ("65536", "0", "-1", "abc")),
        ["kafka", "--nodes=3", "--port=65534"],
        ["kafka", "--nodes=2"],
    ],
)
def test_a_wrong_command_line_is_refused(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refusal:
        cli.parse(wrong)

    assert refusal.value.code == 2
    assert "usage: ./teddy" in capsys.readouterr().err


@pytest.mark.parametrize(
    "right",
    [
        *(["up", f"--port={port}"] for port in (0, 1, 65535)),
        ["kafka", "--port=65535"],
        ["kafka", "--nodes=3", "--port=65533"],
    ],
)
def test_any_port_that_there_is_may_be_named(right: list[str]) -> None:
    assert cli.parse(right).port in range(65536)


def test_a_refused_port_says_what_may_be_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        cli.parse(["up", "--port", "99999"])

    said = capsys.readouterr().err.splitlines()[-1]
    assert said.endswith("error: --port takes a port from 0 to 65535, not 99999")


@pytest.mark.parametrize(("left", "is_told"), [(1_000_000, True), (LITTLE_ROOM, False)])
def test_what_goes_wrong_on_a_full_disk_is_told_with_what_is_left(
    data: DataDirectory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    left: int,
    *,
    is_told: bool,
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=left))
    before = {number: signal.getsignal(number) for number in cli.STOP_SIGNALS}
    data.path.chmod(0o770)  # whatever it is that goes wrong

    code = cli.main(["status", "--data", str(data.path)])

    for number, handler in before.items():
        signal.signal(number, handler)
    assert code == 1
    said = capsys.readouterr().err
    assert (f"[Only 1 MB are left on the disk of {data}: free some" in said) is is_told


def test_of_a_full_disk_the_line_that_says_so_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        "FATAL: could not write: No space left on device\nerror: withheld\nbye\n"
    )

    assert "No space left" in processes.last_words(log)


def test_an_old_python_can_read_the_executable_as_far_as_the_refusal() -> None:
    source = (CHECKOUT / "teddy").read_text()

    ast.parse(source, feature_version=(3, 4))

    assert source.index("sys.version_info < (3, 11)") < source.index("from scripts")


def test_a_directory_that_another_start_of_ours_is_making_is_taken(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "state.json.part").write_text("{")

    DataDirectory(data).make()

    assert DataDirectory(data).state["format"] == 1
