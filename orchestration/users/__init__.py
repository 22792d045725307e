"""One user's data, wherever it is: given to them as JSON, or erased.

Belongs here: finding, exporting and erasing what is held about a user. Does not: keeping erased users out of imports
(`orchestration.events`, by the hashes in `raw.erased_users`), what is asked and printed (`orchestration.cli`).
"""

from orchestration.users.erasure import Receipt, erase_user
from orchestration.users.export import export_user
from orchestration.users.trained import TrainedVersion, registered_versions, versions_that_saw

__all__ = [
    "Receipt",
    "TrainedVersion",
    "erase_user",
    "export_user",
    "registered_versions",
    "versions_that_saw",
]
