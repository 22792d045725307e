"""Every way an import can fail, each one sentence for the person who started it.

Bad rows are not here: they are quarantined and counted, and the rest goes on.
"""

from core.errors import OperationError, UserError


class FileRefusedError(UserError):
    """A file that cannot be read at all; nothing of it was stored."""


class MappingRefusedError(UserError):
    """A --map that names what is not there."""


class ProfileRefusedError(UserError):
    """A profile that does not exist, or says something we do not understand."""


class RatesRefusedError(UserError):
    """A file of exchange rates that says something wrong; nothing of it was stored."""


class ReexportError(UserError):
    """A file whose events are stored already, under other ids."""


class OnlyBadRowsError(UserError):
    """Every row of a file broke the contract; all are in quarantine."""


class FileBrokenError(OperationError):
    """A file that ends or breaks in the middle; what came before is stored whole."""


class ImportStoppedError(OperationError):
    """The database could not store a batch; the batches before it are stored whole."""
