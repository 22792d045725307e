"""The API key of a home, with which its own commands call the services and the API.

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
SCOPES = ("analytics:read", "events:write", "metrics:read", "predictions:read", "telegram:write", "users:read")
"""What the key may do. Accounts and other keys are not among it: the file in the home must not be worth that much."""


def ensure_local_key(platform: "Platform") -> str:
    """The home's own key. It is created once, and again if it is no longer valid or may not do all of SCOPES."""
    # Reading a key, which is all that `predict` does, should load none of this.
    from core.api_keys import HINT_LENGTH, digest_of, new_key
    from warehouse.api_keys import add_api_key, valid_scopes
    from warehouse.database import Database, execute
    from warehouse.locks import local_key_lock

    home = platform.home
    with local_key_lock(Database(platform.backend_url)) as connection:
        key = _read(home)
        scopes = None if key is None else execute(connection, valid_scopes(digest_of(key)))
        if key is None or not set(SCOPES) <= set(scopes or ()):
            key = new_key()
            execute(connection, add_api_key(NAME, digest_of(key), SCOPES, hint=key[:HINT_LENGTH]))
            write_private(home.service_key, f"{key}\n")
    return key


def key_to_show(settings: Settings, home: Home) -> str:
    """The key for calling the services of a home: the one of the settings, else the home's own.

    Raises OperationError where there is neither.
    """
    key = _read(home) if settings.service_key is None else settings.service_key.get_secret_value()
    if key is None:
        raise OperationError("This home has no API key yet; make it with: customer-analyzer keys local")
    return key


def _read(home: Home) -> str | None:
    try:
        return home.service_key.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
