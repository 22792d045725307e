"""The home's password file, in the form that libpq reads (pgpass): one line for each login of each server.

Belongs here: reading it and adding to it. Does not belong here: who the logins are (`logins`), or who makes the file of
the embedded server's owner (`standalone.postgres`).
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from core.home import write_private

ANY = "*"


@dataclass(frozen=True)
class Entry:
    """The password of one user of one server. `port` may be `ANY`, as the embedded server's port changes."""

    host: str
    port: str
    user: str
    password: str = field(repr=False)

    @property
    def is_of(self) -> tuple[str, str, str]:
        """What the password is for."""
        return self.host, self.port, self.user


def read_entries(file: Path) -> list[Entry]:
    """What the file holds; nothing where there is no file."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    # A colon or backslash inside a field has a backslash before it.
    split = [re.findall(r"((?:\\.|[^:\\])*)(?::|$)", line) for line in lines]
    fields = [[re.sub(r"\\(.)", r"\1", field) for field in line[:5]] for line in split if len(line) >= 5]
    return [Entry(host, port, user, password) for host, port, _, user, password in fields]


def password_of(file: Path, host: str, user: str) -> str:
    """The password of a user of a server, for a tool that does not read the file itself; empty where there is none."""
    return next((each.password for each in read_entries(file) if (each.host, each.user) == (host, user)), "")


def remember(file: Path, entry: Entry) -> None:
    """Adds a password, in place of an earlier one for the same user of the same server. The file stays private."""
    kept = [each for each in read_entries(file) if each.is_of != entry.is_of]
    write_private(file, "".join(map(_line, [*kept, entry])))


def _line(entry: Entry) -> str:
    fields = (entry.host, entry.port, ANY, entry.user, entry.password)
    return ":".join(re.sub(r"([:\\])", r"\\\1", field) for field in fields) + "\n"
