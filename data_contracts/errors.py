"""Every way a contract itself can be wrong, and a file's conventions. Rows that break a contract are a result."""

from core.errors import UserError


class ContractError(Exception):
    """A contract file cannot be read, or says something we do not understand."""


class ConventionError(UserError):
    """A column of a file can be read in two ways, or an option names a way that there is not."""
