"""Errors meant for the person at the keyboard: one sentence that names the thing and the way out.

No technical exception belongs here; those of `ml`, `serving` and `data_contracts` have their own roots.
"""


class UserError(Exception):
    """Something the caller can put right: bad input, a missing step. The command line exits 2."""

    exit_code = 2


class OperationError(UserError):
    """The request was fine, but carrying it out failed. The command line prints it and exits 1."""

    exit_code = 1


class DatabaseError(OperationError):
    """The database refused or could not be reached."""


class PlatformError(OperationError):
    """A process of the local platform could not be started or stopped."""


NO_SPACE = "No space left on device"
"""How Postgres, and with it dbt, says that its disk is full."""
DISK_FULL = "The disk under Postgres is full: free space there and do the same again; nothing was half-stored"
