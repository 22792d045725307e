"""Finds programs that this machine's packages brought, such as nginx: the lock cannot carry them.

Does not belong here: what is done with a program, and the programs of our own environment.
"""

import os
import shutil
from pathlib import Path

from core.errors import UserError

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Debian installs servers here, which an ordinary user's PATH does not contain."""


def find_program(name: str) -> Path | None:
    """Where a program is: on PATH, or where Debian puts servers. None if this machine does not have it."""
    folders = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])
    found = shutil.which(name, path=folders)
    return None if found is None else Path(found)


def demand_program(name: str, purpose: str, package: str | None = None) -> Path:
    """Where a program is. Raises UserError that says in one sentence what needs it and how to install it."""
    found = find_program(name)
    if found is None:
        raise UserError(
            f"{purpose} needs {name}, which is not installed here (on Debian and Ubuntu: "
            f"apt-get install {package or name})."
        )
    return found
