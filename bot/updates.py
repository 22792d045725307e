"""Where updates come from, and the loop that hands them out.

There is one path. Telegram posts updates to the API, or the bot polls and passes them on to the API. Either way the API
stores them, and the bot takes them from there. An update that was taken and not marked as handled, because the bot was
killed, is given out again after a while.

While the API is away, polled updates are not confirmed: Telegram keeps them, and they are answered once the API is
back. Whoever writes meanwhile is told so, once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.api import Api, ApiAway, ApiRefused, Json

logger = logging.getLogger("bot.updates")

ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of updates that the bot asks Telegram for."""
POLL_SECONDS = 25
TAKE_SECONDS = 5.0
"""How long the API waits for an update; when it is stopped, it waits for such requests."""
PAUSE_SECONDS = 1.0
"""How long the loops wait after a failure."""

Handle = Callable[[Json], Awaitable[None]]


async def poll(bot: Bot, api: Api, apologise: Handle) -> None:
    """Passes updates from Telegram on to the API, for ever. Raises InvalidToken for a token of no bot."""
    offset = 0
    while True:
        try:
            updates = await _polled(bot, offset)
        except InvalidToken:
            raise
        except TelegramError as error:
            logger.warning("updates cannot be fetched: %s", error)
            await asyncio.sleep(_pause(error))
            continue
        if not updates:
            continue
        try:
            await api.store_updates(updates)
        except (ApiAway, ApiRefused) as error:
            logger.warning("updates wait for the API: %s", error)
            for update in updates:
                await apologise(update)
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        offset = updates[-1]["update_id"] + 1


async def take(api: Api, handle: Handle, most: int) -> None:
    """Handles updates from the API, for ever: those of one chat in their order, those of others beside them."""
    running: set[asyncio.Task[None]] = set()
    last_of: dict[object, asyncio.Task[None]] = {}
    while True:
        if len(running) >= most:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            continue
        try:
            updates = await api.take_updates(most - len(running), TAKE_SECONDS)
        except (ApiAway, ApiRefused) as error:
            logger.warning("updates cannot be taken: %s", error)
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        for update in updates:
            chat = _chat_of(update)
            task = asyncio.create_task(_after(last_of.get(chat), handle, update))
            running.add(task)
            last_of[chat] = task
            task.add_done_callback(running.discard)
            task.add_done_callback(partial(_forget, last_of, chat))


def _forget(last_of: "dict[object, asyncio.Task[None]]", chat: object, done: "asyncio.Task[None]") -> None:
    if last_of.get(chat) is done:
        del last_of[chat]


async def _after(earlier: "asyncio.Task[None] | None", handle: Handle, update: Json) -> None:
    if earlier is not None:
        await asyncio.wait([earlier])
    try:
        await handle(update)
    except Exception:
        # One update must not end the bot; it is given out again, a few times.
        logger.exception("update %s was not handled", update.get("update_id"))


async def _polled(bot: Bot, offset: int) -> list[Json]:
    # As Telegram sends them: what this library does not know is kept.
    found: Any = await bot.do_api_request(
        "getUpdates",
        {"offset": offset, "timeout": POLL_SECONDS, "allowed_updates": list(ALLOWED)},
        read_timeout=POLL_SECONDS + 5,
    )
    return list(found)


def _pause(error: TelegramError) -> float:
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        return float(wait) if isinstance(wait, int) else wait.total_seconds()
    # Another process polls with this token: at most one of them gets updates.
    return 5.0 if isinstance(error, Conflict) else PAUSE_SECONDS


def _chat_of(update: Json) -> object:
    """What keeps updates in order: the chat, or who acts where there is none."""
    for content in update.values():
        if isinstance(content, dict):
            message = content.get("message", content)
            place = message.get("chat") or content.get("from") or {}
            if place:
                return place.get("id")
    return None
