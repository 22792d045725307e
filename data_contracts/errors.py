"""Errors in a contract or in a file's conventions. Rows that break a contract are a result, not an error."""

from core.errors import UserError


class ContractError(Exception):
    """A contract file cannot be read, or contains something that we do not support."""


class ConventionError(UserError):
    """A column of a file can be read in two ways, or an option names an unknown convention."""
