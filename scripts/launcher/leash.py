"""Run a command that ends when the process that started it is gone.

Called as a script: leash.py SIGNAL PARENT COMMAND… A launcher that was killed with -9
cannot stop its children, so the kernel does it. This is an `exec` in front of the
command rather than a `preexec_fn`, which is not safe in a process with threads.
Where there is no prctl (macOS) the command simply runs.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Put the leash on this process, then become the command."""
    signal_number, parent, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
        # The parent may have died before the call above; then no signal comes any more.
        if os.getppid() != int(parent):
            sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606  (becoming it is the point)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
