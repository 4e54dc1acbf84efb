"""Import and export as their users run them: what a terminal shows, what a pipe gets, what the machine has to spare."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from eventstore.management.progress import progress_bar
from tests.support.processes import ROOT, environment
from tests.unit.import_store import a_line

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

NO_PROC = not Path("/proc/self/status").exists()


@pytest.fixture
def _topics(transactional_db: None, settings: Settings) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "LOG": "embedded", "PARTITIONS": 3}
    call_command("create_topics", stdout=StringIO())


def a_saying(n: int, text: str) -> bytes:
    talk = f"conv-{n % 20}"
    return a_line(
        talk,
        n,
        n,
        type="ChildSpoke",
        subject=f"conversation.{talk}",
        data={"child_id": "child-1", "text": text},
    )


# ---- progress


def on_a_terminal(*args: str) -> tuple[int, bytes, bytes]:
    """Exit code, standard output, and what a terminal shows that is its standard error output."""
    terminal, theirs = pty.openpty()
    shown = b""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, ROOT / "manage.py", *args],
        env={**environment(), "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        while part := _read(terminal):
            shown += part
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(terminal)
    return process.returncode, out, shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux: nobody has it open any more
        return b""


@pytest.mark.usefixtures("_topics")
def test_an_import_at_a_terminal_shows_a_bar_and_leaves_the_output_clean(
    tmp_path: Path,
) -> None:
    path = tmp_path / "in.ndjson"
    path.write_bytes(b"".join(a_saying(n, "hello") for n in range(10)))

    code, out, shown = on_a_terminal("import_events", str(path), "--json")

    assert code == 0, shown
    assert json.loads(out)["events"] == 10
    assert b"Importing" in shown
    assert b"\x1b[" in shown


@pytest.mark.parametrize("total", [3, None])
def test_a_bar_goes_to_the_error_output_only(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    total: int | None,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    with progress_bar("Working", total=total, shown=True) as bar:
        for done in range(4):
            bar(done, f"{done} events")

    said = capsys.readouterr()
    assert said.out == ""
    assert "Working" in said.err


def test_nobody_at_a_terminal_gets_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("Working", total=3, shown=False) as bar:
        bar(1, "event")

    assert capsys.readouterr() == ("", "")


# ---- memory

MEASURED = """
import runpy, sys
path, *sys.argv[1:] = sys.argv[1:]
try:
    runpy.run_path("manage.py", run_name="__main__")
finally:  # getrusage would count the parent in
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    open(path, "w").write(status["VmHWM"].split()[0])
"""


def peak_megabytes(tmp_path: Path, *args: str) -> int:
    """The most memory that a command had at once."""
    told = tmp_path / "peak"
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", MEASURED, str(told), *args],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        check=True,
        timeout=120,
    )
    return int(told.read_text()) // 1024


@pytest.mark.skipif(NO_PROC, reason="measured by Linux's /proc")
@pytest.mark.usefixtures("_topics")
def test_large_files_go_in_and_out_in_little_memory(tmp_path: Path) -> None:
    source, result = tmp_path / "in.ndjson", tmp_path / "out.ndjson"
    with source.open("wb") as stream:
        for n in range(3_000):
            stream.write(a_saying(n, f"{n} ".ljust(20_000, "x")))
    assert source.stat().st_size > 60_000_000

    taken_in = peak_megabytes(tmp_path, "import_events", str(source))
    given_out = peak_megabytes(tmp_path, "export_events", "--output", str(result))

    assert result.stat().st_size > 60_000_000
    # promised are 300 MB; whoever held the whole file, in whatever form, would have more than this
    assert taken_in < 140
    assert given_out < 140
