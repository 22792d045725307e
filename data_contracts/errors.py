"""Every way a contract itself can be wrong. Data that breaks a contract is a result, not an error."""


class ContractError(Exception):
    """A contract file cannot be read, or says something we do not understand."""
