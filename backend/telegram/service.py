"""Who may deliver updates, and how they are given out."""

import hmac
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from backend.errors import Invalid, NotAuthenticated, Unavailable
from backend.resources import Resources
from backend.settings import BackendSettings
from backend.telegram import store
from core.problems import FieldError

MOST_UPDATE_ID = 2**63 - 1
"""More does not fit into the table's column."""


def webhook_secrets(settings: BackendSettings) -> list[str]:
    """What Telegram may send: one secret, or two while one replaces the other (`customer-analyzer secrets`)."""
    if settings.telegram_webhook_secret_file is not None:
        # A few bytes, at Telegram's pace.
        return settings.telegram_webhook_secret_file.read_text(encoding="utf-8").split()
    secret = settings.telegram_webhook_secret
    return [] if secret is None else secret.get_secret_value().split()


def demand_telegram(secrets: Sequence[str], given: str | None, retry_after_seconds: int) -> None:
    """Lets Telegram in: whoever knows a secret that the webhook was registered with.

    Raises NotAuthenticated, or Unavailable where no secret is set: then nobody can be Telegram.
    """
    if not secrets:
        raise Unavailable("No webhook secret is set: set BACKEND_TELEGRAM_WEBHOOK_SECRET.", retry_after_seconds)
    if given is None or not any(hmac.compare_digest(given.encode(), secret.encode()) for secret in secrets):
        raise NotAuthenticated("Send the webhook's secret as X-Telegram-Bot-Api-Secret-Token.")


async def add_updates(resources: Resources, updates: Sequence[Mapping[str, Any]]) -> int:
    """Stores updates and wakes up whoever waits for them; how many were new. Raises Invalid for a number too high."""
    for place, update in enumerate(updates):
        if update["update_id"] > MOST_UPDATE_ID:
            raise Invalid(
                "Telegram numbers no update so high.", [FieldError(f"updates[{place}].update_id", "is too high")]
            )
    new = await resources.database.run(store.add_updates([_without_nul(update) for update in updates]))
    if new:
        resources.arrivals.announce()
    return new


async def take_updates(
    resources: Resources, limit: int, wait_seconds: float, is_gone: Callable[[], Awaitable[bool]]
) -> list[dict[str, Any]]:
    """Updates for one bot to handle. Where there is none, it is waited for the first.

    A bot that is gone takes none: whoever comes in its place would wait for them.
    """
    until = time.monotonic() + wait_seconds
    while not await is_gone():
        updates = await resources.database.run(store.take_updates(limit))
        left = until - time.monotonic()
        if updates or left <= 0:
            return updates
        await resources.arrivals.wait(left)
    return []


def _without_nul(part: Any) -> Any:
    """The same JSON without the character NUL, which Postgres cannot store."""
    if isinstance(part, str):
        return part.replace("\x00", "")
    if isinstance(part, list):
        return [_without_nul(each) for each in part]
    if isinstance(part, Mapping):
        return {_without_nul(name): _without_nul(value) for name, value in part.items()}
    return part
