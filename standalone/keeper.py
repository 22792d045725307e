"""Keeps the embedded Postgres running as long as a process uses it, and stops it after the last one.

Every process that uses the server holds a shared lock on one file, and the keeper waits for the exclusive lock. The
kernel releases the lock of a process that dies. The server therefore stops cleanly even if its last user was killed,
and it keeps running for a second user when the process that started it has finished.

Run as `python -m standalone.keeper --lock FILE [options] -- postgres ARG...`. Standard library only.
"""

import fcntl
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from standalone.launch import become, die_with_parent, parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Starts the server and returns its exit code once it has stopped."""
    options = parser("Keep Postgres running while its lock file is in use.")
    options.add_argument("--lock", required=True, help="file on which the server's users hold a shared lock")
    chosen = options.parse_args(arguments)
    # Opened before the fork, and not inherited by the server.
    lock = os.open(chosen.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    keeper = os.getpid()
    server = os.fork()
    if server == 0:
        if chosen.uid is not None:
            become(chosen.uid, chosen.gid, chosen.capability)
        # SIGINT is Postgres' fast shutdown: it ends sessions and leaves the data files clean.
        die_with_parent(keeper, signal.SIGINT)
        os.execv(chosen.program[0], chosen.program)  # noqa: S606

    def stop(_signal: int, _frame: FrameType | None) -> None:
        os.kill(server, signal.SIGINT)

    def ended(_signal: int, _frame: FrameType | None) -> None:
        # Otherwise the keeper would keep waiting for the lock although there is nothing left to stop.
        pid, status = os.waitpid(server, os.WNOHANG)
        if pid == server:
            sys.exit(os.waitstatus_to_exitcode(status))

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGCHLD, ended)
    ended(signal.SIGCHLD, None)
    fcntl.flock(lock, fcntl.LOCK_EX)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.kill(server, signal.SIGINT)
    _, status = os.waitpid(server, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
