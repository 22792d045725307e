"""The named ways in which `ml` fails; each message is one sentence that names the thing and the way out.

Belongs here: exception classes other packages may catch. Does not belong here: messages, recovery.
"""


class MLError(Exception):
    """Root of every error `ml` raises on purpose."""
