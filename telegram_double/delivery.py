"""How updates reach the bot: it polls for them, or they are posted to its webhook."""

import asyncio
import contextlib
import time

import httpx

from telegram_double.errors import conflict
from telegram_double.world import Json, World

MOST_SECONDS = 50
MOST_UPDATES = 100
_WEBHOOK_SECONDS = 60.0
_RETRY_SECONDS = 1.0


class Polling:
    """`getUpdates`. A second request ends the first one, as with Telegram."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._turn = 0

    async def updates(self, offset: int, limit: int, seconds: int, allowed: list[str] | None) -> list[Json]:
        """Up to `limit` updates from `offset` on; those before it are confirmed, and forgotten.

        A negative offset counts from the end of the queue. Raises BotApiError (409).
        """
        world = self._world
        if world.webhook.url:
            raise conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        if allowed is not None:
            world.allowed_updates = allowed or None
        self._turn += 1
        turn = self._turn
        world.note_change()
        _confirm(world, offset)
        until = time.monotonic() + min(seconds, MOST_SECONDS)
        while not world.updates and time.monotonic() < until:
            await world.wait(until - time.monotonic())
            if turn != self._turn:
                raise conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance is running"
                )
        return list(world.updates)[: min(max(limit, 1), MOST_UPDATES)]


def _confirm(world: World, offset: int) -> None:
    if offset < 0:
        while len(world.updates) > -offset:
            world.updates.popleft()
    while offset > 0 and world.updates and world.updates[0]["update_id"] < offset:
        world.updates.popleft()


async def post_updates(world: World) -> None:
    """Posts updates to the webhook for ever, in their order, each until it is answered with 2xx."""
    # Whoever tries this out has the webhook on the same machine, which no proxy can reach.
    async with httpx.AsyncClient(timeout=_WEBHOOK_SECONDS, trust_env=False) as client:
        while True:
            if not (world.webhook.url and world.updates):
                await world.wait(_WEBHOOK_SECONDS)
                continue
            update = world.updates[0]
            if await _is_taken(client, world, update):
                with contextlib.suppress(ValueError):
                    world.updates.remove(update)
            else:
                await asyncio.sleep(_RETRY_SECONDS)


async def _is_taken(client: httpx.AsyncClient, world: World, update: Json) -> bool:
    hook = world.webhook
    headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret_token} if hook.secret_token else {}
    try:
        answer = await client.post(hook.url, json=update, headers=headers)
    except httpx.HTTPError as error:
        reason = f"Connection failed: {type(error).__name__}"
    else:
        if answer.is_success:
            return True
        reason = f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
    hook.last_error, hook.last_error_date = reason, int(time.time())
    return False
