"""Messages out, and what Telegram's refusals mean.

Telegram has no key by which it would know a message that is sent twice. So a call whose answer was lost is not made
again: an answer may be missing, and is never doubled. What was certainly not sent is sent again, with an end.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.api import Api, ApiAway, ApiRefused
from bot.timing import spending

logger = logging.getLogger("bot.sending")

T = TypeVar("T")

ATTEMPTS = 4
MOST_WAIT_SECONDS = 30.0
"""Whoever has waited longer has gone on; the answer is dropped."""
_NOT_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout", "Bad Gateway", "Service Unavailable")


class Unreachable(Exception):
    """The user has blocked the bot, or does not exist any more."""


class NotSent(Exception):
    """Telegram did not take the message, or it is not known whether it did."""


async def wait_for_slot(api: Api, chat_id: int) -> None:
    """Returns when a message may leave for a chat, out of the budget that the bot shares with campaigns.

    While the API is away nobody else sends either, and Telegram's own limit is obeyed by `sent`. Raises NotSent for
    whoever would wait too long.
    """
    until = time.monotonic() + MOST_WAIT_SECONDS
    while True:
        try:
            is_granted, wait = await api.take_slot(chat_id)
        except (ApiAway, ApiRefused) as error:
            logger.warning("no slot: %s", error)
            return
        if time.monotonic() + wait > until:
            raise NotSent("there is no slot in time")
        with spending("slot"):
            await asyncio.sleep(wait)
        if is_granted:
            return


async def sent(call: Callable[[], Awaitable[T]], api: Api | None = None) -> T:
    """The answer of one call of the Bot API, tried again where that is safe. Raises Unreachable, and NotSent.

    With `api` all other senders learn that Telegram has asked to wait.
    """
    for attempt in range(ATTEMPTS):
        try:
            with spending("telegram"):
                return await call()
        except RetryAfter as error:
            wait = _seconds(error)
            if api is not None:
                await _report(api, wait)
        except Forbidden as error:
            raise Unreachable(str(error)) from error
        except (BadRequest, InvalidToken, TimedOut) as error:
            raise NotSent(str(error)) from error
        except NetworkError as error:
            if not any(sign in str(error) for sign in _NOT_SENT):
                raise NotSent(str(error)) from error
            wait = 0.5 * 2**attempt
        except TelegramError as error:
            raise NotSent(str(error)) from error
        if wait > MOST_WAIT_SECONDS:
            raise NotSent(f"Telegram asks to wait for {wait:.0f} s")
        # Those who wait for the same moment must not all come back at once.
        await asyncio.sleep(wait * random.uniform(1.0, 1.2))  # noqa: S311
    raise NotSent(f"not sent in {ATTEMPTS} attempts")


async def _report(api: Api, wait: float) -> None:
    try:
        await api.report_flood(wait)
    except (ApiAway, ApiRefused) as error:
        logger.warning("a flood was not reported: %s", error)


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return float(wait) if isinstance(wait, int) else wait.total_seconds()
