"""A log that another program keeps open: set aside when it is large, and the program is told to begin a new one.

Belongs here: setting files aside, and forgetting the oldest. Does not belong here: what is in a log, and where it goes.
"""

import os
import signal
from pathlib import Path

MOST_BYTES = 100 * 1024 * 1024
KEPT = 4
"""How many files are kept beside the one in use: `access.log.1` is the newest of them."""


def rotate(log: Path, pid: int, most_bytes: int = MOST_BYTES) -> bool:
    """Sets a log aside if it is larger, and tells nginx, which writes it, to open a new one. Whether it did.

    No line is lost: nginx writes to the file that it has open, whatever its name, until it has opened the new one.
    """
    if not log.exists() or log.stat().st_size <= most_bytes:
        return False
    for number in range(KEPT, 0, -1):
        older = log if number == 1 else _aside(log, number - 1)
        if older.exists():
            older.replace(_aside(log, number))
    os.kill(pid, signal.SIGUSR1)
    return True


def _aside(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")
