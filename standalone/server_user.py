"""The user that servers of other people's programs run as. Postgres refuses to run as root, and nginx and PgBouncer
need not: under root they run as another user.

Belongs here: finding or creating that user, and access to its files. Does not belong here: what is in the files.
"""

import os
import pwd
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from core.errors import PlatformError
from standalone.launch import CAPABILITIES

SYSTEM_USER = "customer-analyzer"


@dataclass(frozen=True)
class Identity:
    """A user for the server's processes. If `uid` is None, it is the user of this process."""

    uid: int | None = None
    gid: int | None = None
    capability: str | None = None

    @property
    def launch_options(self) -> list[str]:
        """Options for `launch` and `keeper` that make a program run as this user."""
        if self.uid is None:
            return []
        options = [f"--uid={self.uid}", f"--gid={self.gid}"]
        return options + ([f"--capability={self.capability}"] if self.capability else [])


def server_identity(data: Path, program: Path) -> Identity:
    """The user to run a server as, for its data folder (which need not exist) and its program file.

    An ordinary user runs it as themselves. Root runs it as the owner of the data folder, or as a system user created
    for it. If that user may not enter a folder on the way, the process keeps a capability to do so; we do not open a
    private folder to everyone. Raises PlatformError, which names the program, if none of this is possible.
    """
    if os.geteuid() != 0:
        if data.exists() and data.stat().st_uid != os.geteuid():
            raise PlatformError(
                f"{data} belongs to user {_name(data.stat().st_uid)}: run as that user, "
                "or set CUSTOMER_ANALYZER_HOME to a folder of your own."
            )
        return Identity()
    owner = data.stat().st_uid if data.exists() else 0
    user = pwd.getpwuid(owner) if owner != 0 else _system_user(program)
    closed = _first_closed_folder(user, data.parent) or _first_closed_folder(user, program)
    return Identity(user.pw_uid, user.pw_gid, _capability(user, closed, program) if closed else None)


def hand_over(data: Path, program: Path) -> Identity:
    """Gives a data folder that was laid down to the user that the server runs as, who is not root."""
    identity = server_identity(data, program)
    hand_over_files(data, identity)
    data.chmod(0o700)
    return identity


def hand_over_files(folder: Path, identity: Identity) -> None:
    """Gives a folder, and all that is in it, to a user."""
    if identity.uid is not None and identity.gid is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, identity.uid, identity.gid, follow_symlinks=False)


def _system_user(program: Path) -> pwd.struct_passwd:
    for attempt in range(5):
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            reason = _create_system_user()
        # Another home may be creating its user at this moment and hold the lock of the user table.
        time.sleep(0.2 * attempt)
    raise PlatformError(
        f"{_title(program)} does not run as root and the system user {SYSTEM_USER} could not be made ({reason}): "
        "make it yourself with `useradd --system`, or run as an ordinary user."
    )


def _create_system_user() -> str:
    command = [
        "useradd",
        "--system",
        "--user-group",
        "--no-create-home",
        "--shell=/usr/sbin/nologin",
        SYSTEM_USER,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "there is no useradd"
    return done.stderr.strip() or f"useradd ended with {done.returncode}"


def _first_closed_folder(user: pwd.struct_passwd, path: Path) -> Path | None:
    """The first folder on the way to a path that the user may not enter; None if there is none."""
    resolved = path.resolve()
    folders = [*reversed(resolved.parents), *([resolved] if resolved.is_dir() else [])]
    for folder in folders:
        status = folder.stat()
        if status.st_uid == user.pw_uid:
            allowed = status.st_mode & 0o100
        elif status.st_gid == user.pw_gid:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            return folder
    return None


def _capability(user: pwd.struct_passwd, closed: Path, program: Path) -> str:
    # The lesser capability lets a process enter and read, but not execute a program file that is closed to it.
    is_startable = bool(program.stat().st_mode & 0o001)
    for name in ["dac_read_search", "dac_override"] if is_startable else ["dac_override"]:
        if _held_capabilities() >> CAPABILITIES[name] & 1:
            return name
    raise PlatformError(
        f"{_title(program)} runs as user {user.pw_name}, who may not enter {closed}: "
        f"run `chmod o+x {closed}`, move the installation and the home (CUSTOMER_ANALYZER_HOME) "
        "to an open folder, or run as an ordinary user."
    )


def _held_capabilities() -> int:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(lines.get("CapPrm", "0").strip(), 16)


def _title(program: Path) -> str:
    """What a person calls a program."""
    return {"postgres": "Postgres", "pgbouncer": "PgBouncer"}.get(program.name, program.name)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
