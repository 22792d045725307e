"""The API keys of a home: its own, with which its commands call the services and the API, its bot's, and monitoring's.

Belongs here: creating them, keeping them in the home, and finding them. Does not belong here: keys of other callers
(`cli/keys.py`), or what a service does with a key (`serving/key_ring.py`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import OperationError
from core.home import Home, write_private
from core.settings import Settings

if TYPE_CHECKING:
    from standalone.stack import Platform

NAME = "local"
SCOPES = (
    "analytics:read",
    "campaigns:approve",
    "campaigns:manage",
    "campaigns:read",
    "campaigns:send",
    "events:write",
    "metrics:read",
    "predictions:read",
    "recommendations:read",
    "subscriptions:read",
    "telegram:write",
    "users:read",
)
"""What the key may do. Accounts and other keys are not among it: the file in the home must not be worth that much."""

BOT_NAME = "bot"
BOT_SCOPES = (
    "events:write",
    "orders:read",
    "recommendations:read",
    "subscriptions:read",
    "subscriptions:write",
    "telegram:write",
    "users:erase",
    "users:export",
)
"""What the bot may do: take updates, store what users did, and what each user may do about themselves. It may not list
or search users."""


MONITORING_SCOPES = {"prometheus": ("metrics:read", "predictions:read"), "alertmanager": ("alerts:write",)}
"""What the keys of monitoring may do: read the figures of the API and of services, and tell of alerts."""


def ensure_local_key(platform: "Platform") -> str:
    """The home's own key. It is created once, and again if it is no longer valid or may not do all of SCOPES."""
    return _ensure(platform.backend_url, NAME, SCOPES, platform.home.service_key)


def ensure_bot_key(platform: "Platform") -> str:
    """The key of the home's bot, made in the same way."""
    return _ensure(platform.backend_url, BOT_NAME, BOT_SCOPES, platform.home.bot_key)


def store_given_keys(platform: "Platform") -> list[str]:
    """Stores the keys that the settings give, where each is not known yet; returns whose they are."""
    from core.api_keys import HINT_LENGTH, digest_of
    from warehouse.api_keys import SERVICE_SCOPE, add_api_key, valid_scopes
    from warehouse.database import Database, execute
    from warehouse.locks import local_key_lock

    settings = platform.settings
    given = (("api", settings.service_key, (SERVICE_SCOPE,)), (BOT_NAME, settings.bot_key, BOT_SCOPES))
    stored = []
    with local_key_lock(Database(platform.backend_url)) as connection:
        for name, secret, scopes in given:
            if secret is None:
                continue
            key = secret.get_secret_value()
            if execute(connection, valid_scopes(digest_of(key))) is None:
                execute(connection, add_api_key(name, digest_of(key), scopes, hint=key[:HINT_LENGTH]))
                stored.append(name)
    return stored


def ensure_monitoring_keys(backend_url: str, folder: Path) -> None:
    """The keys by which Prometheus reads figures and Alertmanager tells of alerts, in files of their folder."""
    for name, scopes in MONITORING_SCOPES.items():
        _ensure(backend_url, name, scopes, folder / "keys" / name)


def key_to_show(settings: Settings, home: Home) -> str:
    """The key for calling the services of a home: the one of the settings, else the home's own.

    Raises OperationError where there is neither.
    """
    key = _read(home.service_key) if settings.service_key is None else settings.service_key.get_secret_value()
    if key is None:
        raise OperationError("This home has no API key yet; make it with: customer-analyzer keys local")
    return key


def _ensure(backend_url: str, name: str, scopes: Sequence[str], path: Path) -> str:
    # Reading a key, which is all that `predict` does, should load none of this.
    from core.api_keys import HINT_LENGTH, digest_of, new_key
    from warehouse.api_keys import add_api_key, valid_scopes
    from warehouse.database import Database, execute
    from warehouse.locks import local_key_lock

    with local_key_lock(Database(backend_url)) as connection:
        key = _read(path)
        known = None if key is None else execute(connection, valid_scopes(digest_of(key)))
        if key is None or not set(scopes) <= set(known or ()):
            key = new_key()
            execute(connection, add_api_key(name, digest_of(key), scopes, hint=key[:HINT_LENGTH]))
            write_private(path, f"{key}\n")
    return key


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
