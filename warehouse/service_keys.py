"""The keys of the services: the table `ml.service_keys`, which holds hashes and never a key.

Belongs here: SQL on that table. Does not belong here: creating a key, and checking the key of a request
(`serving.key_ring`).
"""

from dataclasses import dataclass
from datetime import datetime

from warehouse.database import Statement, command, first_row, rows, value


@dataclass(frozen=True)
class ServiceKey:
    """A key without its secret. `revoked_at` is None while it is valid."""

    key_id: int
    name: str
    created_at: datetime
    revoked_at: datetime | None


def add_service_key(name: str, key_sha256: bytes) -> Statement[int]:
    """Stores the hash of a new key and returns the key's id. Its owner can then call the services."""
    return value(
        int,
        "insert into ml.service_keys (name, key_sha256) values (%(name)s, %(key_sha256)s) returning key_id",
        name=name,
        key_sha256=key_sha256,
    )


def service_keys() -> Statement[list[ServiceKey]]:
    """Every key, including revoked ones, oldest first."""
    return rows(ServiceKey, "select key_id, name, created_at, revoked_at from ml.service_keys order by key_id")


def valid_keys() -> Statement[list[tuple[int, bytes]]]:
    """The id and hash of every key that is valid now."""
    return rows(
        lambda key_id, key_sha256: (int(key_id), bytes(key_sha256)),
        "select key_id, key_sha256 from ml.service_keys where revoked_at is null",
    )


def revoke_service_key(key_id: int) -> Statement[bool]:
    """Revokes a key. Returns False if there is no valid key with that id."""
    ended = command(
        "update ml.service_keys set revoked_at = now() where key_id = %(key_id)s and revoked_at is null", key_id=key_id
    )
    return Statement(ended.query, ended.parameters, lambda result: result.row_count == 1)


def valid_key(key_sha256: bytes) -> Statement[ServiceKey | None]:
    """The valid key with this hash, if there is one."""
    return first_row(
        ServiceKey,
        "select key_id, name, created_at, revoked_at from ml.service_keys"
        " where key_sha256 = %(key_sha256)s and revoked_at is null",
        key_sha256=key_sha256,
    )
