"""The service key of a home: what its own commands call the services with.

Belongs here: making it, keeping it in the home, and finding it. Does not: keys of other callers (`cli/keys.py`), or
what a service does with a key (`serving/key_ring.py`).
"""

from typing import TYPE_CHECKING

from core.errors import OperationError
from core.home import Home, write_private
from core.settings import Settings

if TYPE_CHECKING:
    from standalone.stack import Platform

NAME = "local"


def ensure_local_key(platform: "Platform") -> str:
    """The home's own key. It is made once, and again where the warehouse does not know it or it was revoked."""
    # Reading a key, which is all that `predict` does, should load none of this.
    from serving.key_ring import digest_of, new_key
    from warehouse.databases import WAREHOUSE

    home = platform.home
    with platform.server.connect(WAREHOUSE) as connection:
        # Two commands of a home that start at once agree on one key.
        connection.execute("select pg_advisory_xact_lock(hashtext('local service key'))")
        key = _read(home)
        if key is not None:
            is_valid = "select 1 from ml.service_keys where key_sha256 = %s and revoked_at is null"
            if connection.execute(is_valid, [digest_of(key)]).fetchone() is not None:
                return key
        key = new_key()
        connection.execute("insert into ml.service_keys (name, key_sha256) values (%s, %s)", [NAME, digest_of(key)])
        write_private(home.service_key, f"{key}\n")
    return key


def key_to_show(settings: Settings, home: Home) -> str:
    """The key for calling the services of a home: the one of the settings, else the home's own.

    Raises OperationError where there is neither.
    """
    key = _read(home) if settings.service_key is None else settings.service_key.get_secret_value()
    if key is None:
        raise OperationError("This home has no service key yet; make it with: customer-analyzer keys local")
    return key


def _read(home: Home) -> str | None:
    try:
        return home.service_key.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
