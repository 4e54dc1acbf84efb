"""The appender at the ends of a process' life: exit, SIGTERM, fork."""

from __future__ import annotations

import signal

from tests.support.processes import a_process, heard
from tests.support.worlds import World, versions


def test_the_end_of_the_program_drains_the_queue(audited: World) -> None:
    stream = audited.stream()

    with a_process("submit_and_end", stream=stream, count=300) as process:
        assert heard(process) == {"submitted": 300}
        assert process.wait(120) == 0

    assert versions(audited.store(), stream) == list(range(1, 301))


def test_an_orderly_stop_drains_the_queue(audited: World) -> None:
    stream = audited.stream()

    with a_process("submit_and_wait_for_sigterm", stream=stream, count=300) as process:
        heard(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0

    assert versions(audited.store(), stream) == list(range(1, 301))


def test_both_sides_of_a_fork_append_and_the_first_outlives_the_second(
    audited: World,
) -> None:
    stream = audited.stream()

    with a_process("fork", stream=stream) as process:
        said = heard(process) | heard(process)
        assert process.wait(120) == 0

    assert said["status"] == 0
    assert said["forked"] in (2, 3)
    assert said["last"] == 4
    assert said["versions"] == [1, 2, 3, 4]
