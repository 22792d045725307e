"""The service key of a home, with which its own commands call the services.

Belongs here: creating it, keeping it in the home, and finding it. Does not belong here: keys of other callers
(`cli/keys.py`), or what a service does with a key (`serving/key_ring.py`).
"""

from typing import TYPE_CHECKING

from core.errors import OperationError
from core.home import Home, write_private
from core.settings import Settings

if TYPE_CHECKING:
    from standalone.stack import Platform

NAME = "local"


def ensure_local_key(platform: "Platform") -> str:
    """The home's own key. It is created once, and again if the warehouse does not know it or it was revoked."""
    # Reading a key, which is all that `predict` does, should load none of this.
    from serving.key_ring import digest_of, new_key
    from warehouse.database import Database, execute
    from warehouse.locks import local_key_lock
    from warehouse.service_keys import add_service_key, valid_keys

    home = platform.home
    with local_key_lock(Database(platform.warehouse_url)) as connection:
        valid = {digest for _, digest in execute(connection, valid_keys())}
        key = _read(home)
        if key is None or digest_of(key) not in valid:
            key = new_key()
            execute(connection, add_service_key(NAME, digest_of(key)))
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
