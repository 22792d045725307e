"""What an erasure came to, as it is shown and kept.

Belongs here: the receipt's fields. It never holds the id.
"""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Receipt:
    """What an erasure came to; it does not hold the id.

    `user_hash` is of the id that was erased, `other_user_hashes` are of the other ids that belonged to the same person.
    `deleted`, `pseudonymised` and `kept` are the user's rows, by table; `masked` are rows of others in which the id was
    made illegible. `files`: files in which the id was, archives of old months among them. `unreached_archives`: those
    that lie elsewhere now, from which the user is left out when they are restored. `trained_models`: versions that had
    learned from the user, which deleting rows does not change. `found`: columns and files in which a scan afterwards
    still finds the id, none if all is well.
    """

    user_hash: str
    erased_at: str
    deleted: dict[str, int]
    pseudonymised: dict[str, int]
    kept: dict[str, int]
    masked: dict[str, int]
    files: list[str]
    unreached_archives: list[dict[str, str | int]]
    trained_models: list[dict[str, str | int]]
    found: list[str]
    other_user_hashes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)
