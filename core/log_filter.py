"""A process through which a program's output goes on its way to its log: lines come out in our shape, masked.

Run as `python -m core.log_filter SERVICE`, it copies what it reads from standard input until there is nothing more; as
`python -m core.log_filter SERVICE -- PROGRAM ARG...` it starts the program, hands it the signals that it gets itself,
and ends with its exit code. Belongs here: reading, writing and the process. Does not belong here: what becomes of a
line (`core.foreign_logs`).
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType
from typing import IO

from core.foreign_logs import LONGEST, Shaper

_PATIENCE_SECONDS = 0.2
"""How long a record waits for its next line."""
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def start_filter(service: str, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Starts a filter whose standard input is for a program to write to. It ends when nobody can write any more."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "core.log_filter", service],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        # Whoever ends all of a session must not end it before it has written what the others said last.
        start_new_session=True,
    )


def copy(source: int, target: int, shaper: Shaper) -> None:
    """Copies from one file descriptor to another until the source ends.

    What cannot be written, as on a full disk, is lost: a program must not wait for its log.
    """
    begun = b""
    while True:
        if shaper.is_waiting and not begun and not select.select([source], [], [], _PATIENCE_SECONDS)[0]:
            _write(target, shaper.rest())
        read = os.read(source, 65_536)
        *lines, begun = (begun + read).split(b"\n")
        if len(begun) > LONGEST or not read:
            lines, begun = [*lines, begun], b""
        for line in lines:
            _write(target, shaper.take(line.decode("utf-8", "replace")))
        if not read:
            _write(target, shaper.rest())
            return


def _write(target: int, records: list[str]) -> None:
    content = memoryview("".join(f"{record}\n" for record in records).encode("utf-8", "replace"))
    with contextlib.suppress(OSError):
        while content:
            content = content[os.write(target, content) :]


def main(arguments: Sequence[str]) -> int:
    """Copies standard input, or what a program says, to standard output; the exit code of the program."""
    service, *program = arguments
    if not program:
        for each in _ENDING:
            signal.signal(each, signal.SIG_IGN)
        copy(0, 1, Shaper(service))
        return 0
    child = subprocess.Popen(program[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def hand_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    for each in _ENDING:
        signal.signal(each, hand_on)
    assert child.stdout is not None  # noqa: S101 (it is a pipe)
    copy(child.stdout.fileno(), 1, Shaper(service))
    code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
