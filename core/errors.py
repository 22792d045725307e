"""Errors whose message is shown to a person: one sentence that says what is wrong and what to do.

Belongs here: the kinds of such errors. Does not belong here: technical exceptions. `ml`, `serving` and `data_contracts`
have base classes of their own.
"""


class UserError(Exception):
    """Something the caller can correct, such as bad input or a missing step. The command line exits with 2."""

    exit_code = 2


class OperationError(UserError):
    """The request was valid, but carrying it out failed. The command line exits with 1."""

    exit_code = 1


class DatabaseError(OperationError):
    """The database refused a request or could not be reached."""


class PlatformError(OperationError):
    """A process of the local platform could not be started or stopped."""


NO_SPACE = "No space left on device"
"""The words that Postgres, and therefore dbt, uses when its disk is full."""
DISK_FULL = "The disk under Postgres is full: free space there and repeat the command; nothing was stored in part"
