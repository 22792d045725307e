"""The scene of a run: a home with models on a disk of its own, Redis beside it, and everything that `up` can start.

Belongs here: making and removing all of that. Does not belong here: what happens then (`running`).
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.home import Home
from standalone.backups.keys import make_key_pair
from standalone.system_programs import find_program
from tests.integration.backend.redis_server import redis_server
from tests.integration.chaos.faults import Surroundings
from tests.integration.chaos.running import Outcome, run
from tests.integration.chaos.stack import PROGRAM, environment, running_stack

DISK_BYTES = 6 * 2**30
"""Of a file with holes: only what is written takes room."""
_SHOP = ("--users", "400", "--days", "150", "--seed", "3", "--load")


def chaos(scratch: Path, minutes: float, seed: int, finished: Path | None = None, only: str = "") -> Outcome:
    """One run, with everything that it needs made below `scratch`, and stopped afterwards."""
    with own_disk(scratch) as disk, redis_server() as redis:
        home = (disk or scratch) / "home"
        if finished is None:
            for command in (("events", "simulate", *_SHOP), ("run", "--no-backtest")):
                subprocess.run([PROGRAM, *command], env=environment(home), check=True)
        else:
            subprocess.run(["cp", "--archive", str(finished), str(home)], check=True)
        options = _options(Home(home), scratch)
        variables = {"REDIS_URL": redis.url, "SENDER_MESSAGES_A_SECOND": "1"}
        with running_stack(home, scratch / "up.log", options, variables) as stack:
            return run(stack, Surroundings(redis, disk), minutes, seed, only)


def _options(home: Home, scratch: Path) -> list[str]:
    """What `up` is asked for: all that this machine has the programs for."""
    options = []
    if find_program("nginx"):
        options.append("--gateway")
    if find_program("prometheus") and find_program("prometheus-alertmanager"):
        options.append("--monitoring")
    if find_program("gpg"):
        (scratch / "elsewhere").mkdir()
        make_key_pair(home, scratch / "elsewhere" / "private.asc", scratch / "backups")
        options.append(f"--backup-to={scratch / 'backups'}")
    return options


@contextmanager
def own_disk(scratch: Path) -> Iterator[Path | None]:
    """A small disk, mounted; None where that is not allowed."""
    if os.geteuid() != 0:
        yield None
        return
    image, mount = scratch / "disk.img", scratch / "disk"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(DISK_BYTES)
    subprocess.run([str(find_program("mkfs.ext4")), "-q", "-m", "0", str(image)], check=True)
    if subprocess.run(["mount", "-o", "loop", str(image), str(mount)], check=False).returncode:
        yield None
        return
    # Postgres, which is not root, must pass through.
    scratch.chmod(0o711)
    try:
        yield mount
    finally:
        deadline = time.monotonic() + 120
        while subprocess.run(["umount", str(mount)], check=False).returncode:
            assert time.monotonic() < deadline, f"{mount} is still in use"
            time.sleep(1)
